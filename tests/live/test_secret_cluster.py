"""The secret of an installation whose Redis is a cluster is replaced by the command line, which is killed on the way and called
again: all opens with the new one, and nothing is left that the former one opens."""
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import mqtt
from case import HERE, SETTINGS, alert, free_port, motion, now_ms
from redis_cluster import ClusterStack
from stack import BUILD, ENVIRONMENT
from test_transfer import Masters, contents

HOMES = 12
PLACES = [(HERE[0] + number % 4 * 0.06, HERE[1] + number % 3 * 0.06) for number in range(HOMES)]
NEAR = "nb/v1/json/near/{}/1600/#"
KEPT = {"session_expiry": 86400}
STEP = 13  # pieces that it says to Redis before it is killed, one time more than the other
SEALED = re.compile(rb"(?<![\w-])(?:[\w-]{38}|[0-9a-f]{32})(?![\w-])")  # a place, a digest


def texts(value):
    """All bytes that are somewhere in it."""
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set)):
        for one in value:
            yield from texts(one)
    elif isinstance(value, (bytes, str)):
        yield value if isinstance(value, bytes) else value.encode(errors="backslashreplace")


class SecretInACluster(unittest.TestCase):
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-secret-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.shim, cls.tokens = cls.folder / "killed_at.so", {}
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", cls.shim, Path(__file__).parent / "killed_at.c"], check=True)
        cls.stack = Masters(cls.folder / "stack", replicas=0, settings=SETTINGS | {"push_hosts": "127.0.0.1:9", "new_cells_day": 64})
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start_redis()
        cls.stack.make_keys()
        cls.stack.start_broker()
        cls.people()

    @classmethod
    def people(cls):
        for number, place in enumerate(PLACES):
            home = ("--household", f"home-{number}", "--at", f"{place[0]},{place[1]}", "--verified-since", "-30d")
            cls.enroll(f"user/u{number}", *home)
            cls.enroll(f"device/cam-{number}", *home, "--share", "all")
        cls.enroll("device/cam-0", "--at", f"{HERE[0] + 0.3},{HERE[1]}")  # moves: its former place is known
        cls.enroll("device/cam-0", "--at", f"{HERE[0]},{HERE[1]}")
        cls.enroll("agency/pd", "--name", "Police")
        cls.cells = {number: cls.stack.neighbors("household", "show", f"home-{number}")[-1]["cell"] for number in range(HOMES)}
        for number in range(0, HOMES, 2):
            with cls.connect(f"user/u{number}") as phone:
                assert phone.subscribe(NEAR.format(cls.cells[number]))[0] <= 2
                phone.send(mqtt.disconnect())

    @classmethod
    def enroll(cls, who, *options):
        cls.tokens[who] = cls.stack.enroll(who, *options)

    def subscribe(self):
        """As a browser does; nobody is told anything there."""
        key = subprocess.run("openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout -outform DER", shell=True, check=True,
                             capture_output=True).stdout[-65:]
        subscription = {"endpoint": "https://127.0.0.1:9/somewhere", "p256dh": base64.b64encode(key).decode(),
                        "auth": base64.b64encode(os.urandom(16)).decode(), "places": [{"cell": self.cells[1], "metres": 1600}]}
        with self.connect("user/u1") as browser:
            self.assertEqual(browser.publish("nb/v1/push", json.dumps(subscription).encode()).reason, 0)

    @classmethod
    def connect(cls, who, **options):
        connection = mqtt.Client(cls.stack.mqtt_port)
        connection.connack = connection.connect(client_id="one", username=who, password=cls.tokens[who].encode(), clean=False, props=KEPT,
                                                **options)
        assert connection.connack.reason == 0, connection.connack
        return connection

    # ---- what Redis has

    def held(self):
        client = self.stack.everything()
        try:
            return contents(client)
        finally:
            client.close()

    def waiting(self):
        client = self.stack.everything()
        try:
            return list(client.scan_iter(match="nb:{r??}:pend", count=1000))
        finally:
            client.close()

    def sealed(self, held):
        """What the secret made: sealed places, what sessions follow and browsers are told of, digests."""
        found = {one for text in texts([held]) for one in SEALED.findall(text)}
        return found | {value[field] for kind, value, _ in held.values() if kind == b"hash" for field in (b"subs", b"record")
                        if value.get(field)}

    def rotate(self, killed_at=None):
        """Calls the command; how it ended, and what it told."""
        shim = {"LD_PRELOAD": str(self.shim), "KILLED_AT": str(killed_at), "ASAN_OPTIONS": "verify_asan_link_order=0"}
        environment = ENVIRONMENT | (shim if killed_at else {})
        done = subprocess.run([*self.stack.command("ca", "rotate-secret"), "--json"], capture_output=True, text=True, timeout=120, env=environment)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    # ---- stories

    def test_a_the_whole_cluster_goes_over(self):
        self.assertIn("stop it first", str(self.rotate()))
        self.goes_over(self.rotate)

    def test_b_killed_on_the_way_it_goes_on(self):
        self.goes_over(self.again_and_again)

    def again_and_again(self):
        nexts = set()
        for killed_at in range(STEP, 100 * STEP, STEP):
            code, told = self.rotate(killed_at)
            if code == 0:
                break
            self.assertEqual(code, -signal.SIGKILL, told)
            nexts.add((self.stack.keys / "broker.secret.new").read_bytes())
        self.assertGreater(killed_at, 5 * STEP)
        self.assertEqual(nexts, {(self.stack.keys / "broker.secret").read_bytes()}, "the next secret stays the next")
        return code, told

    def goes_over(self, rotate):
        self.subscribe()
        self.stack.neighbors("household", "verify", "home-1", "--way", "post")
        self.stack.until(lambda: not self.waiting(), "no activity waits to be published")
        self.stack.stop_one("neighborsd")
        before, secret = self.held(), (self.stack.keys / "broker.secret").read_bytes()
        code, told = rotate()
        self.assertEqual((code, told["unreadable"]), (0, 0), told)
        self.assertNotEqual((self.stack.keys / "broker.secret").read_bytes(), secret)
        self.assertEqual([path.name for path in self.stack.keys.glob("broker.secret*")], ["broker.secret"])
        left = [key for key, value in self.held().items() for one in self.sealed(before) if one in b"\n".join(texts([key, value]))]
        self.assertEqual(left, [], "made by the former secret")
        self.assertGreater(len(self.sealed(before)), 4 * HOMES)
        for ends in (r"^nb:\{s..\}:push", r":cells$", r"^nb:\{code:"):
            self.assertEqual([len(list(filter(re.compile(ends).search, held))) > 0 for held in (before, self.held())], [True, False], ends)
        self.opens()
        self.goes_on()

    def opens(self):
        """Whoever replaces the new secret opens all, with the new one alone."""
        code, told = self.rotate()
        self.assertEqual((code, told), (0, {"ok": True, "principals": 2 * HOMES, "households": HOMES, "sessions": HOMES // 2,
                                            "unreadable": 0, "dropped": 0}))
        for number, cell in self.cells.items():
            self.assertEqual(self.stack.neighbors("household", "show", f"home-{number}")[-1]["cell"], cell)

    def goes_on(self):
        self.stack.start_broker()
        headline = f"Behind it, {now_ms()}"
        with self.connect("agency/pd") as desk:
            for place in sorted(set(PLACES)):
                self.assertEqual(desk.publish("nb/v1/alert", alert(headline=headline, where=place)).reason, 0)
        for number in range(0, HOMES, 2):
            with self.connect(f"user/u{number}") as phone:
                self.assertTrue(phone.connack.session_present)
                phone.until(mqtt.PUBLISH, 60, lambda packet: json.loads(packet.payload).get("alert", {}).get("headline") == headline)
                phone.send(mqtt.disconnect())
        with self.connect("device/cam-0") as camera:
            self.assertEqual(camera.publish("nb/v1/motion", motion()).reason, 0)
        self.assertNotIn("unreadable", (self.stack.logs / "neighborsd.log").read_text())


if __name__ == "__main__":
    unittest.main()
