"""A neighborsd whose machine is ten minutes off from Redis': what a resident sees meanwhile."""
import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import case
from observed import ask
from redis_raw import Redis
from stack import ROOT, Stack, free_port
from test_observing import eventually

MINUTE_MS = 60000


class StackOff(Stack):
    """Its neighborsd and the command line are on the machine whose clock is off, Redis is on another."""

    def __init__(self, seconds):
        folder = Path(tempfile.mkdtemp(prefix="neighbors-clock-"))
        super().__init__(folder, settings=case.SETTINGS)
        self.metrics_port, self.shim = free_port(), folder / "shifted_clock.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.shim, ROOT / "tests/live/shifted_clock.c"], check=True)
        self.clock = {"LD_PRELOAD": str(self.shim), "CLOCK_SHIFT_S": str(seconds), "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.start_redis()
        self.make_keys()
        self.start_broker()

    def start(self, name, command, environment=None):
        return super().start(name, command, environment if name == "redis" else self.clock | (environment or {}))

    def command(self, *words):
        return ["env", *(f"{name}={value}" for name, value in self.clock.items()), *super().command(*words)]

    def close(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class Home:
    """Who lives there, by a stack of its own."""

    def __init__(self, seconds):
        self.stack, self.tokens = StackOff(seconds), {}

    token = case.Installation.token


class ClockCase(case.LiveCase):
    seconds = 0

    @classmethod
    def setUpClass(cls):
        cls.home = Home(cls.seconds)
        cls.addClassCleanup(cls.home.stack.close)

    def setUp(self):
        self.port = self.home.stack.mqtt_port

    def health(self):
        return ask(self.home.stack.metrics_port, "/healthz")

    def is_told(self):
        """To the operator: by health and by the metric that has an alert rule."""
        eventually(self, lambda: self.health()[0] == 503, self.health)
        health = json.loads(self.health()[1])
        self.assertEqual((health["store"], health["clock"]), ("up", "skewed"))
        self.assertAlmostEqual(health["clock_ahead_ms"], -1000 * self.seconds, delta=MINUTE_MS)

    def posts(self, client, headline):
        self.assertEqual(client.publish("nb/v1/alert", case.alert(headline=headline, lives=1800)).reason, 0)


class Ahead(ClockCase):
    seconds = 600

    def ends_at(self, headline, ms):
        """In place of waiting: the alert of that headline, the only one that ends in half an hour, ends then."""
        found = [(key, member) for key in self.redis.keys("nb:{s*}:expiry")
                 for member in self.redis("ZRANGEBYSCORE", key, case.now_ms() + 20 * MINUTE_MS, "+inf")]
        self.assertEqual(len(found), 1, headline)
        self.redis("ZADD", found[0][0], "XX", ms, found[0][1])

    def test_what_residents_see(self):
        """An alert stays for as long as was said, though to that process it is over; the next ends when it is over by both."""
        self.redis = Redis(self.home.stack.redis_port)
        self.addCleanup(self.redis.close)
        ann, fred = self.client("user/ann"), self.follower("user/fred")
        self.posts(ann, "Sample headline 1")
        self.headline(fred, "Sample headline 1")
        self.ends_at("Sample headline 1", case.now_ms() + 5 * MINUTE_MS)
        self.posts(ann, "Sample headline 2")
        self.headline(fred, "Sample headline 2")
        self.ends_at("Sample headline 2", case.now_ms() - 1000)
        _, item = self.items(fred, lambda item: item.get("alert", {}).get("state") == "ENDED")
        self.assertEqual(item["alert"]["headline"], "Sample headline 2")
        self.posts(ann, "Sample headline 3")
        _, item = self.items(fred, lambda item: "alert" in item)
        self.assertEqual(item["alert"]["headline"], "Sample headline 3")
        late = self.follower("user/lea")
        self.headline(late, "Sample headline 1")
        device = self.client("device/cam")
        self.assertEqual(device.publish("nb/v1/motion", case.motion()).reason, 0)
        self.is_told()


class Behind(ClockCase):
    seconds = -600

    def test_what_residents_see(self):
        """Alerts go out; what devices saw now lies in that process' future, and so does a token of somebody else's clock."""
        ann, fred = self.client("user/ann"), self.follower("user/fred")
        self.posts(ann, "Sample headline 1")
        self.headline(fred, "Sample headline 1")
        device = self.client("device/cam")
        refused = device.publish("nb/v1/motion", case.motion())
        self.assertGreaterEqual(refused.reason, 0x80)
        self.assertIn("lies in the future: check the clock", str(refused.props))
        self.is_told()


if __name__ == "__main__":
    unittest.main()
