"""A home under fire: while devices publish, neighbors-edge, the home's broker, neighborsd and Redis are killed in turn, and
the home's broker together with the edge. Afterwards exactly what the home's broker had acknowledged and kept is stored, once,
in order per device. tests/live/kill/edge does more rounds (EDGE_KILL_ROUNDS)."""
import json
import os
import random
import re
import shutil
import signal
import tempfile
import threading
import time
import unittest
from collections import Counter
from pathlib import Path

import redis

from home import HOUSEHOLD, HomeCase, Neighborhood, PATIENCE, review, wait_until

ROUNDS = int(os.environ.get("EDGE_KILL_ROUNDS", "1"))
SEED = int(os.environ.get("EDGE_KILL_SEED", "0")) or random.randrange(1, 10 ** 6)
CAMERAS = ["cam-1", "cam-2", "cam-3"]
PAUSE_S = 0.01  # between two messages
SENSOR = "zigbee/1/hall/pir"


class Devices(threading.Thread):
    """Three cameras, whose visits have names, and a motion sensor, which tells nothing but that something changed. A message
    counts as told when the home's broker has acknowledged it."""

    def __init__(self, case, prefix):
        super().__init__(daemon=True)
        self.case, self.prefix = case, prefix
        self.next = Counter()         # the number of each camera's next visit
        self.certain = Counter()      # visits before this one are known to be stored
        self.toggles, self.sensor_on = 0, False
        self.client, self.told = None, []
        self.go, self.idle, self.end, self.sensor = threading.Event(), threading.Event(), False, True
        self.idle.set()

    def connect(self):
        self.client = self.case.client(self.case.home.port)
        self.client.max_inflight_messages_set(1000)
        self.told = []

    def say(self, topic, content):
        self.told.append(self.client.publish(topic, content, qos=1))

    def visit(self, camera, number):
        name, source = f"{self.prefix}-{camera}-{number}.", "front_door" if camera == "cam-1" else camera
        self.say("frigate/reviews", review("new", source, name))
        self.say("frigate/reviews", review("end", source, name, end=time.time()))

    def toggle(self):
        self.toggles += 1
        self.sensor_on = not self.sensor_on
        self.say(SENSOR, json.dumps({"occupancy": self.sensor_on, "linkquality": self.toggles}))

    def run(self):
        while not self.end:
            self.go.wait()
            self.idle.clear()
            while self.go.is_set() and not self.end:
                for camera in CAMERAS:
                    self.visit(camera, self.next[camera])
                    self.next[camera] += 1
                if self.sensor:
                    self.toggle()
                time.sleep(PAUSE_S)
            self.idle.set()

    def pause(self):
        """Until nothing more is said, and everything that was is acknowledged."""
        self.go.clear()
        wait_until(self.idle.is_set, "the devices pause")
        wait_until(lambda: all(one.is_published() for one in self.told), "the home's broker acknowledges")

    def repeat(self):
        """What the home's broker may have lost with its life is said again, in order."""
        for camera in CAMERAS:
            for number in range(self.certain[camera], self.next[camera]):
                self.visit(camera, number)


class EdgeKills(HomeCase):
    home_autosave = False  # it saves when it is told to

    @classmethod
    def setUpClass(cls):
        cls.town_folder = Path(tempfile.mkdtemp(prefix="neighbors-town-"))
        cls.addClassCleanup(shutil.rmtree, cls.town_folder, True)
        cls.town = Neighborhood(cls.town_folder, [*CAMERAS, "pir-1"])
        cls.addClassCleanup(cls.town.stack.stop)

    def setUp(self):
        super().setUp()
        self.configure(self.town.stack.mqtt_port, self.town.enroll_edge(), cameras=[(camera, camera) for camera in CAMERAS[1:]])
        self.random = random.Random(SEED)
        self.devices = Devices(self, f"kill{SEED}")
        self.devices.connect()
        self.devices.start()
        self.addCleanup(self.stop_devices)

    def stop_devices(self):
        self.devices.end = True
        self.devices.go.set()
        self.devices.join(PATIENCE)

    # ---- what is stored ----

    def stored(self):
        """Of each camera the numbers of its visits, one an event, in order; and the sensor's activities, likewise."""
        numbers, sensor = {camera: [] for camera in CAMERAS}, []
        with redis.Redis(port=self.town.stack.redis_port) as store:
            for key in store.scan_iter(f"nb:{{*}}:log:{HOUSEHOLD}"):
                for _, fields in store.xrange(key):
                    for value in fields.values():
                        for camera, number in re.findall(rb"%s-(cam-\d)-(\d+)\." % self.devices.prefix.encode(), value):
                            numbers[camera.decode()].append(int(number))
                        sensor += re.findall(rb"motion-\d+-[0-9a-f]{8}", value)
        return numbers, sensor

    def differences(self):
        numbers, sensor = self.stored()
        wrong = []
        for camera in CAMERAS:
            wanted = [number for number in range(self.devices.next[camera]) for _ in range(2)]
            if numbers[camera] != wanted:
                got = Counter(numbers[camera])
                wrong.append(f"{camera}: {len(numbers[camera])} of {len(wanted)} events; missing {[n for n in set(wanted) if got[n] < 2][:5]}, "
                             f"doubled {[n for n in got if got[n] > 2][:5]}, in order {numbers[camera] == sorted(numbers[camera])}")
        if len(sensor) != self.devices.toggles:
            wrong.append(f"the sensor: {len(sensor)} of {self.devices.toggles} events")
        return wrong

    def settle(self):
        """Everything that was told arrives."""
        self.devices.pause()
        wait_until(lambda: not self.differences(), lambda: f"seed {SEED}: {self.differences()}; {self.status()}; {self.log()[-3000:]}")
        self.devices.certain.update({camera: self.devices.next[camera] - self.devices.certain[camera] for camera in CAMERAS})

    # ---- who dies ----

    def flow(self, least=0.2):
        self.devices.go.set()
        time.sleep(self.random.uniform(least, least + 0.4))

    def restart_edge(self):
        times = self.log().count("home: subscribed")
        self.start_edge()
        self.wait_log("home: subscribed", times + 1)

    def kill_the_edge(self):
        self.kill_edge()
        self.flow()
        self.restart_edge()

    def kill_neighborsd(self):
        self.town.stack.kill("neighborsd")
        self.flow()
        self.town.stack.start_broker()

    def kill_redis(self):
        self.town.stack.kill("redis")
        self.flow()
        self.town.stack.start_redis()

    def kill_everything_beyond(self):
        self.town.stack.kill("neighborsd")
        self.kill_edge()
        self.flow()
        self.restart_edge()
        self.flow()
        self.town.stack.start_broker()

    def kept_by_home(self):
        """Until the home's broker has written down what it holds."""
        database = self.home.folder / "mosquitto.db"

        def there():  # a new file takes its place; the clock of files may be some milliseconds behind
            return database.stat().st_ino if database.exists() else None
        before = there()
        self.home.process.send_signal(signal.SIGUSR1)
        wait_until(lambda: there() not in (None, before) and not database.with_suffix(".db.new").exists(), "the home's broker saves")

    def kill_home_and_edge(self):
        """What the home's broker has acknowledged and kept while there was no edge comes when both are back."""
        self.kill_edge()
        self.flow()
        self.devices.pause()
        self.kept_by_home()
        self.home.kill()
        self.home.start()
        self.devices.connect()
        self.restart_edge()

    def kill_home_in_the_flow(self):
        """It loses what it had not kept, so who published says it again; the sensor has no way to do so, and rests."""
        self.settle()
        self.kept_by_home()
        self.devices.sensor = False
        self.flow()
        self.devices.go.clear()
        wait_until(self.devices.idle.is_set, "the devices pause")
        self.devices.client.loop_stop()
        self.home.kill()
        times = self.log().count("home: subscribed")
        self.home.start()
        self.wait_log("home: subscribed", times + 1)
        self.devices.connect()
        self.devices.repeat()
        self.settle()
        self.devices.sensor = True

    def test_nothing_is_lost_doubled_or_out_of_order_whoever_is_killed(self):
        self.start_edge()
        self.wait_log("home: subscribed")
        self.wait_log("broker: connected")
        self.say(SENSOR, '{"occupancy":false}')
        for number in range(ROUNDS):
            began = time.monotonic()
            killings = [self.kill_the_edge, self.kill_neighborsd, self.kill_the_edge, self.kill_redis, self.kill_everything_beyond,
                        self.kill_home_and_edge, self.kill_home_in_the_flow]
            self.random.shuffle(killings)
            for kill in killings:
                self.flow()
                kill()
            self.settle()
            self.assertGreater(min(self.devices.next.values()), 50 * (number + 1), "something happened meanwhile")
            print(f"      round {number + 1}: {sum(self.devices.next.values()) * 2 + self.devices.toggles} events so far, "
                  f"{time.monotonic() - began:.1f} s: {', '.join(kill.__name__.replace('kill_', '') for kill in killings)}", flush=True)


if __name__ == "__main__":
    unittest.main()
