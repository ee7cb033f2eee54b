"""The same stories with every client library that people use: libmosquitto, Paho C, Paho Python, mqtt.js (TCP and
WebSocket), mosquitto_pub and mosquitto_sub; each in MQTT 5 and 3.1.1.

A driver publishes one message and prints "acknowledged CODE", or follows a filter and prints "subscribed CODE", then
"message RETAIN QOS TOPIC PAYLOAD" for each."""
import json
import queue
import subprocess
import threading
import time
from pathlib import Path

from case import LEAF, LiveCase, alert, motion, unique
from stack import BUILD, ENVIRONMENT

HERE = Path(__file__).resolve().parent / "clients"
NEAR = f"nb/v1/json/near/{LEAF}/1600/#"
DRIVERS = {
    "libmosquitto": [BUILD / "client_libmosquitto"],
    "paho_c": [BUILD / "client_paho"],
    "paho_python": ["/usr/bin/python3", HERE / "paho_python.py"],
    "mqtt_js": ["node", HERE / "js/client.js"],
}


class Driver:
    """A running driver, its lines read as they come."""

    def __init__(self, command):
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        self.lines = queue.Queue()
        self.said = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def wait(self, wanted, seconds=30):
        """The first line that wanted() accepts."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"the driver said only {self.said}") from None
            if line is None:
                raise AssertionError(f"the driver ended and said {self.said}")
            self.said.append(line[:300])
            if wanted(line):
                return line

    def word(self, word):
        return self.wait(lambda line: line.startswith(word + " ")).split()[1]

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()  # mosquitto_sub takes a lock in its signal handler, and may hold it already
            self.process.wait()
        self.process.stdout.close()


class Stories:
    """What each library is put through."""

    drivers = None
    versions = (5, 4)
    tells_refusals = True

    def run_driver(self, command, version, who, client, qos, topic, last):
        return self.drive(self.drivers + [command, self.where(), version, client, who, self.token(who), qos, topic, last])

    def token(self, who):
        return self.home.token(who, *self.options(who))

    def where(self):
        return self.port

    def drive(self, command):
        driver = Driver(command)
        self.addCleanup(driver.close)
        return driver

    def publish(self, version, who, topic, payload, qos=1):
        driver = self.run_driver("publish", version, who, unique("publisher"), qos, topic, payload.decode())
        return int(driver.word("acknowledged"))

    def follow(self, version, who, filter_, client=None, life="clean", qos=1):
        return self.run_driver("follow", version, who, client or unique("follower"), qos, filter_, life)

    def message(self, driver, text):
        _, retain, qos, topic, payload = driver.wait(lambda line: line.startswith("message ") and text in line).split(" ", 4)
        return int(retain), int(qos), topic, json.loads(payload)

    def test_tell_and_see(self):
        """[5] 7.0.0-2 [3] 7.0.0-2"""
        for version in self.versions:
            follower = self.follow(version, "user/fred", NEAR)
            self.assertEqual(follower.word("subscribed"), "1")
            headline = unique("story")
            self.assertEqual(self.publish(version, "user/ann", "nb/v1/alert", alert(headline=headline)), 0)
            retain, qos, topic, item = self.message(follower, headline)
            self.assertEqual((retain, qos, item["alert"]["state"]), (0, 1, "IN_FORCE"))
            self.assertTrue(topic.startswith(NEAR[:-1]))

    def test_in_force_comes_retained(self):
        """[5] 3.3.1-9 [3] 3.3.1-8"""
        for version in self.versions:
            headline = unique("story")
            first = self.follow(version, "user/fred", NEAR)
            self.publish(version, "user/ann", "nb/v1/alert", alert(headline=headline))
            self.message(first, headline)
            seen = self.message(self.follow(version, "user/ann", NEAR), headline)
            self.assertEqual(seen[0], 1)

    def test_motion_at_every_quality(self):
        """[5] 3.3.4-1 [3] 3.3.4-1"""
        for version in self.versions:
            for qos in (0, 1, 2):
                self.assertEqual(self.publish(version, "device/porch", "nb/v1/motion", motion(), qos), 0)

    def test_refusals(self):
        """[5] 3.8.4-7 3.4.2-1 [3] 3.8.4-5"""
        for version in self.versions:
            follower = self.follow(version, "user/fred", "#")
            self.assertGreaterEqual(int(follower.word("subscribed")), 0x80)
            code = self.publish(version, "user/ann", "nb/v1/motion", motion())
            self.assertEqual(code != 0, version == 5 and self.tells_refusals, code)

    def test_what_came_while_away(self):
        """[5] 3.1.2-5 [3] 3.1.2-5"""
        for version in self.versions:
            client, headline = unique("durable"), unique("story")
            follower = self.follow(version, "user/fred", NEAR, client, "durable")
            follower.word("subscribed")
            follower.close()
            self.publish(version, "user/ann", "nb/v1/alert", alert(headline=headline))
            self.message(self.follow(version, "user/fred", NEAR, client, "durable"), headline)


class Libmosquitto(Stories, LiveCase):
    drivers = DRIVERS["libmosquitto"]


class PahoC(Stories, LiveCase):
    drivers = DRIVERS["paho_c"]
    tells_refusals = False  # nor has its synchronous interface


class PahoPython(Stories, LiveCase):
    drivers = DRIVERS["paho_python"]
    tells_refusals = False  # its on_publish has no reason code


class MqttJs(Stories, LiveCase):
    drivers = DRIVERS["mqtt_js"]


class MqttJsOverWebSocket(Stories, LiveCase):
    drivers = DRIVERS["mqtt_js"]

    def where(self):
        return f"ws:{self.home.stack.http_port}"


class Mosquitto(Stories, LiveCase):
    """mosquitto_pub and mosquitto_sub, whose output is brought into the form of the drivers."""

    def common(self, version, who, client):
        return ["-h", "127.0.0.1", "-p", self.port, "-V", "5" if version == 5 else "mqttv311", "-i", client, "-u", who, "-P",
                self.token(who)]

    def publish(self, version, who, topic, payload, qos=1):
        done = subprocess.run(list(map(str, ["mosquitto_pub", *self.common(version, who, unique("publisher")), "-q", qos, "-t",
                                             topic, "-s"])), input=payload, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return 1 if b"failed" in done.stderr.lower() or b"not auth" in done.stderr.lower() else 0

    def follow(self, version, who, filter_, client=None, life="clean", qos=1):
        durable = ["-c"] + (["-x", "60"] if version == 5 else []) if life == "durable" else []
        return self.drive(["stdbuf", "-oL", "mosquitto_sub", *self.common(version, who, client or unique("follower")), "-q", qos,
                           "-d", "-F", "message %r %q %t %p", "-t", filter_, *durable])

    def test_tell_and_see(self):
        """[5] 7.0.0-2 [3] 7.0.0-2"""
        for version in self.versions:
            follower = self.follow(version, "user/fred", NEAR)
            follower.wait(lambda line: "SUBACK" in line)
            headline = unique("story")
            self.assertEqual(self.publish(version, "user/ann", "nb/v1/alert", alert(headline=headline)), 0)
            self.assertEqual(self.message(follower, headline)[:2], (0, 1))

    def test_what_came_while_away(self):
        """[5] 3.1.2-5 [3] 3.1.2-5"""
        for version in self.versions:
            client, headline = unique("durable"), unique("story")
            follower = self.follow(version, "user/fred", NEAR, client, "durable")
            follower.wait(lambda line: "SUBACK" in line)
            follower.close()
            self.publish(version, "user/ann", "nb/v1/alert", alert(headline=headline))
            self.message(self.follow(version, "user/fred", NEAR, client, "durable"), headline)

    def test_refusals(self):
        """[5] 3.8.4-7 [3] 3.8.4-5"""
        for version in self.versions:
            follower = self.follow(version, "user/fred", "#")
            follower.wait(lambda line: "rejected" in line or "Subscribed" in line and ": 128" in line or ": 135" in line)
            code = self.publish(version, "user/ann", "nb/v1/motion", motion())
            self.assertEqual(code != 0, version == 5, code)
