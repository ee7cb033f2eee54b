"""neighbors-edge run, between a home's real Mosquitto and the neighborhood's broker. First another Mosquitto stands there,
which shows what is sent: once, in order, whoever is killed, and nothing that the owner did not list. Then neighborsd, which
shows what is stored."""
import importlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

import paho.mqtt.client as paho
import redis

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy"))
from stack import BUILD, Stack, die_with_parent, free_port, port_open  # noqa: E402

EDGE = BUILD / "neighbors-edge"
PATIENCE = 20


def schema(folder):
    """The generated Python of neighbors.proto."""
    subprocess.run(["protoc", f"--python_out={folder}", f"--proto_path={ROOT / 'proto'}", "neighbors.proto"], check=True)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("neighbors_pb2")
    finally:
        sys.path.remove(str(folder))


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what() if callable(what) else what}")
        time.sleep(0.01)


class Mosquitto:
    """A private one that keeps its sessions over a kill."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        folder.mkdir()
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/\n"
            f"autosave_on_changes true\nautosave_interval 1\nuser {os.environ.get('USER', 'root')}\n"
            "max_inflight_messages 0\nmax_queued_messages 0\n")

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(self.folder / "mosquitto.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        wait_until(lambda: port_open(self.port), "Mosquitto listens")

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


def review(kind, camera, identifier, label="person", end=None, severity="alert"):
    state = {"id": identifier, "camera": camera, "start_time": time.time(), "end_time": end, "severity": severity,
             "data": {"detections": [], "objects": [label], "sub_labels": ["Somebody"], "zones": ["porch"], "audio": []}}
    return json.dumps({"type": kind, "before": state, "after": state})


class HomeCase(unittest.TestCase):
    """A home with its Mosquitto, and an edge that is not started yet."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="neighbors-edge-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.edge = None
        self.home = Mosquitto(self.folder / "home")
        self.home.start()
        self.addCleanup(self.home.kill)

    def configure(self, broker_port, token_file, more=""):
        (self.folder / "edge.conf").write_text(f"""
            id = "edge/home-7";
            local = {{ host = "127.0.0.1"; port = {self.home.port}; }};
            broker = {{ host = "127.0.0.1"; port = {broker_port}; token_file = "{token_file}"; {more} }};
            spool = {{ file = "{self.folder}/spool.db"; }};
            maps = ( {{ name = "frigate"; }}, {{ name = "zigbee2mqtt"; prefix = "zigbee/1"; }} );
            together_s = 0; hold_off_s = 0;  # each visit of these tests stands for itself
            devices = (
              {{ source = "front_door"; id = "cam-1"; kinds = [ "person", "vehicle" ]; }},
              {{ source = "hall/pir"; id = "pir-1"; kinds = [ "all" ]; map = "zigbee2mqtt"; }}
            );
            """)

    def start_edge(self):
        log = open(self.folder / "edge.log", "ab")
        self.addCleanup(log.close)
        self.edge = subprocess.Popen([EDGE, "run", "--config", self.folder / "edge.conf"], stderr=log,
                                     preexec_fn=die_with_parent)
        self.addCleanup(self.kill_edge)

    def kill_edge(self, how=signal.SIGKILL):
        if self.edge and self.edge.poll() is None:
            self.edge.send_signal(how)
            self.assertEqual(self.edge.wait(PATIENCE), 0 if how == signal.SIGTERM else -how)

    def log(self):
        return (self.folder / "edge.log").read_text()

    def wait_log(self, line, times=1):
        wait_until(lambda: self.log().count(line) >= times, f"{line}; log: {self.log()}")

    def client(self, port, name=""):
        client = paho.Client(name, clean_session=not name)
        client.connect("127.0.0.1", port)
        client.loop_start()

        def close():
            client.disconnect()
            client.loop_stop()
        self.addCleanup(close)
        return client

    def say(self, topic, payload, retain=False):
        if not hasattr(self, "publisher"):
            self.publisher = self.client(self.home.port)
        message = self.publisher.publish(topic, payload, qos=1, retain=retain)
        message.wait_for_publish(PATIENCE)
        self.assertTrue(message.is_published())

    def visit(self, name, camera="front_door"):
        self.say("frigate/reviews", review("new", camera, name))
        self.say("frigate/reviews", review("end", camera, name, end=time.time()))


class EdgeRun(HomeCase):
    def setUp(self):
        super().setUp()
        self.schema = schema(self.folder)
        self.broker = Mosquitto(self.folder / "broker")
        self.broker.start()
        self.addCleanup(self.broker.kill)
        self.batches = queue.Queue()
        (self.folder / "token").write_text("secret-token\n")
        self.configure(self.broker.port, self.folder / "token")

    def watch(self):
        """Collects what arrives where the neighborhood's broker would be."""
        watcher = self.client(self.broker.port, "watcher")
        ready = queue.Queue()
        watcher.on_message = lambda _c, _u, message: self.batches.put(message)
        watcher.on_subscribe = lambda *_: ready.put(True)
        watcher.subscribe("#", qos=1)
        ready.get(timeout=PATIENCE)

    def events(self, count):
        """The next events that arrive, with the session of each."""
        events = []
        while len(events) < count:
            message = self.batches.get(timeout=PATIENCE)
            self.assertEqual(message.topic, "nb/v1/motion")
            batch = self.schema.MotionBatch.FromString(message.payload)
            self.assertEqual(batch.version, 1)
            self.assertLessEqual(len(batch.events), 64)
            events += [(batch.session, event) for event in batch.events]
        return events

    def nothing_more(self):
        """A last event of our own comes through alone, so nothing else was on its way."""
        self.say("zigbee/1/hall/pir", '{"occupancy":false}')
        self.say("zigbee/1/hall/pir", '{"occupancy":true,"last_seen":%d}' % (time.time() * 1000))
        self.assertEqual([event.device for _, event in self.events(1)], ["pir-1"])

    def words(self, events):
        return [(event.seq, event.device, self.schema.Phase.Value.Name(event.phase),
                 self.schema.MotionKind.Value.Name(event.kind), event.activity_id) for _, event in events]

    def test_a_visit_arrives_once_and_nothing_private_with_it(self):
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        self.say("frigate/reviews", review("new", "front_door", "r1"))
        self.say("frigate/reviews", review("update", "front_door", "r1", "person-verified"))
        self.say("frigate/reviews", review("new", "bedroom", "r2"))                 # not listed
        self.say("frigate/front_door/motion", "ON")                                 # this kind is not shared
        self.say("frigate/tracked_object_update", '{"type":"face","name":"Somebody","camera":"front_door"}')
        self.say("frigate/reviews", review("end", "front_door", "r1", end=time.time()))
        events = self.events(2)
        self.assertEqual(self.words(events), [(1, "cam-1", "START", "PERSON", "r1"), (2, "cam-1", "END", "PERSON", "r1")])
        self.assertGreaterEqual(events[1][1].until, events[1][1].at)
        self.nothing_more()

    def test_retained_words_are_only_remembered(self):
        self.say("zigbee/1/hall/pir", '{"occupancy":true}', retain=True)
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        self.nothing_more()

    def test_an_outage_of_the_broker_loses_and_doubles_nothing(self):
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        self.wait_log("broker: connected")
        self.broker.kill()
        for i in range(150):
            self.visit(f"r{i}")
        self.broker.start()
        events = self.events(300)
        self.assertEqual([event.seq for _, event in events], list(range(1, 301)))
        self.assertEqual(len({session for session, _ in events}), 1)

    def test_killed_edge_goes_on_where_it_was(self):
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        told = 0
        for round_number in range(5):
            for i in range(10):
                self.visit(f"r{round_number}-{i}")
            self.kill_edge()
            # The home's broker keeps what comes meanwhile: the edge's session there outlives it.
            self.visit(f"late-{round_number}")
            self.start_edge()
            told += 22
        seen = {}
        order = []
        while len(seen) < told:
            for session, event in self.events(1):
                key = (event.activity_id, event.phase)
                self.assertEqual(seen.setdefault(key, (session, event.seq)), (session, event.seq), "a number changed")
                order += [event.seq] if event.seq not in order else []
        self.assertEqual(order, list(range(1, told + 1)), "in order, none missing, none under two numbers")

    def test_killed_home_broker_is_met_again(self):
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        self.say("frigate/reviews", review("new", "front_door", "r1"))
        self.assertEqual(len(self.events(1)), 1)
        self.publisher.disconnect()
        self.publisher.loop_stop()
        del self.publisher
        self.home.kill()
        wait_until(lambda: "home: connection lost" in self.log() or "home: cannot connect" in self.log(), "the loss")
        self.home.start()
        self.wait_log("home: subscribed", 2)
        self.say("frigate/reviews", review("end", "front_door", "r1", end=time.time()))
        self.assertEqual(self.words(self.events(1)), [(2, "cam-1", "END", "PERSON", "r1")])

    def test_stops_when_told(self):
        self.start_edge()
        self.wait_log("home: subscribed")
        self.kill_edge(signal.SIGTERM)


class EdgeToNeighborsd(HomeCase):
    """The real broker with its Redis."""

    def setUp(self):
        super().setUp()
        self.stack = Stack(self.folder / "stack", tls_port=free_port(), settings={
            "release_households": 1, "release_hysteresis": 0, "cooldown_s": 0, "release_delay_ms": 100})
        self.addCleanup(self.stack.stop)
        self.stack.start_redis()
        self.stack.make_keys()
        self.stack.start_broker()
        where = ["--household", "home-7", "--at", "34.0768,-118.0316"]
        self.stack.enroll("edge/home-7", *where)
        self.stack.enroll("device/cam-1", *where, "--share", "person", "--verified-since", "-30d")
        self.configure(self.stack.mqtt_port, self.stack.token_file("edge/home-7"))

    def stored(self):
        """How often each visit stands in the household's log."""
        found = Counter()
        with redis.Redis(port=self.stack.redis_port) as store:
            for key in store.scan_iter("nb:{*}:log:home-7"):
                for _, fields in store.xrange(key):
                    for value in fields.values():
                        found.update(re.findall(rb"visit-\d+(?=\.)", value))
        return found

    def test_every_event_is_stored_once_whoever_is_killed(self):
        self.start_edge()
        self.wait_log("home: subscribed")
        self.wait_log("broker: connected")
        names = [f"visit-{i}." for i in range(40)]
        for i, name in enumerate(names):
            self.visit(name)
            if i % 10 == 3:
                self.kill_edge()
                self.start_edge()
            elif i % 10 == 6:
                self.stack.kill("neighborsd")
                self.stack.start_broker()
            elif i % 10 == 9:
                self.stack.kill("redis")
                self.stack.start_redis()
        wait_until(lambda: len(self.stored()) == len(names) and min(self.stored().values()) == 2,
                   lambda: f"all visits are stored: {self.stored()}; log: {self.log()}")
        self.assertEqual(set(self.stored().values()), {2})

    def test_over_tls(self):
        self.configure(self.stack.tls_port, self.stack.token_file("edge/home-7"), f'ca = "{self.stack.keys}/ca.crt";')
        self.start_edge()
        self.wait_log("home: subscribed")
        self.wait_log("broker: connected")
        names = [f"visit-{i}." for i in range(100)]
        for name in names:
            self.visit(name)
        wait_until(lambda: len(self.stored()) == len(names) and min(self.stored().values()) == 2,
                   lambda: f"all visits are stored: {self.stored()}; log: {self.log()}")
        self.assertEqual(set(self.stored().values()), {2})

    def test_what_is_refused_is_logged_and_kept_out(self):
        self.say("zigbee/1/hall/pir", '{"occupancy":false}', retain=True)
        self.start_edge()
        self.wait_log("home: subscribed")
        self.say("zigbee/1/hall/pir", '{"occupancy":true}')  # pir-1 is nobody's
        self.wait_log("broker: refused event")
        self.visit("visit-1.")
        wait_until(lambda: self.stored() == {b"visit-1": 2}, lambda: f"the visit is stored: {self.stored()}")


if __name__ == "__main__":
    unittest.main()
