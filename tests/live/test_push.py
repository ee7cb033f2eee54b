"""Notices to browsers without a connection, against a push service that decrypts them and checks who signed: subscribing, what
is told of an alert, what becomes of it when the service is away, gone or busy, a process that is killed in between, and what the
store and the logs hold of a subscription."""
import base64
import json
import re
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import mqtt
from case import AWAY, HERE, Installation, LiveCase, alert, unique
from push_service import PushService, missing
from stack import ENVIRONMENT, free_port

PLACE = {"cell": "9qh1f5", "metres": 1600}
AWAY_LEAF = "9q5g0s"
BODY = 2048  # bytes of every message


@unittest.skipIf(missing(), missing())
class Push(LiveCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="neighbors-push-")
        cls.service = PushService(cls.folder.name)
        try:
            cls.installation = Installation(push_hosts=f"127.0.0.1:{cls.service.port}", push_timeout_ms=3000, new_cells_day=64,
                                            push_ca_file=str(cls.service.certificate))
        except BaseException:
            cls.service.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.installation.close()
        cls.service.close()
        cls.folder.cleanup()

    def setUp(self):
        self.home = self.installation
        self.stack = self.home.stack
        self.port = self.stack.mqtt_port

    # ---- steps ----

    def publish(self, who, topic, content):
        connection = self.client(who)
        answer = connection.publish(topic, content if isinstance(content, bytes) else json.dumps(content).encode())
        connection.close()
        return answer

    def subscribe(self, path, who="user/zebulon", expect=0, **fields):
        browser = self.service.browser(path)
        answer = self.publish(who, "nb/v1/push", browser | {"places": [PLACE]} | fields)
        self.assertEqual(answer.reason, expect, answer)
        return browser

    def warn(self, headline, where=HERE, who="agency/pd", **fields):
        answer = self.publish(who, "nb/v1/alert", alert(where=where, headline=headline, **fields))
        self.assertEqual(answer.reason, 0, answer)

    def counters(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.stack.metrics_port}/metrics", timeout=30) as page:
            return {name: int(value) for name, value in
                    re.findall(r'^neighbors_(push\w*?)(?:_total)?\{[^}]*\} (\d+)$', page.read().decode(), re.M)}

    def redis_bytes(self):
        """All that Redis holds and keeps on disk."""
        self.stack.redis_command("SAVE")
        return b"".join(path.read_bytes() for path in (self.home.folder / "redis").rglob("*") if path.is_file())

    # ---- stories ----

    def test_an_alert_is_told_when_it_begins_changes_and_ends(self):
        path = "/ok/whole-story"
        self.subscribe(path)
        self.warn("Water main burst", identifier="burst-1", category="hazard", severity="SEVERE")
        first = self.service.push(path)
        self.assertEqual((first["method"], first["encoding"], first["length"], first["urgency"]), ("POST", "aes128gcm", BODY, "high"))
        self.assertTrue(0 < int(first["ttl"]) <= 600, first)
        self.assertRegex(first["topic"], r"^[\w-]{1,32}$")
        self.assertTrue(first["signed"], first)
        self.assertEqual(first["claims"]["aud"], f"https://127.0.0.1:{self.service.port}")
        self.assertEqual(first["claims"]["sub"], "mailto:operator@example.org")
        notice = first["notice"]
        self.assertEqual({name: notice[name] for name in ("version", "revision", "state", "category", "severity", "headline", "senderName",
                                                          "cell")},
                         {"version": 1, "revision": 1, "state": "IN_FORCE", "category": "hazard", "severity": "SEVERE",
                          "headline": "Water main burst", "senderName": "Agency pd", "cell": "9qh1f5"})
        self.assertLessEqual(set(notice), {"version", "publicId", "revision", "state", "category", "severity", "truth", "headline",
                                           "senderName", "expires", "cell"})
        self.warn("Water main burst, boil water", identifier="burst-2", msgType="UPDATE", references=["burst-1"], category="hazard")
        second = self.service.push(path, lambda one: one.get("revision") == 2)
        self.assertEqual(second["topic"], first["topic"])
        self.assertEqual(second["length"], first["length"])
        self.publish("agency/pd", "nb/v1/alert", alert("burst-3", msgType="CANCEL", references=["burst-2"], category=None, headline=None,
                                                       description=None, place=None, expires=None))
        last = self.service.push(path, lambda one: one.get("state") == "ENDED")
        self.assertEqual((last["notice"]["publicId"], last["notice"]["revision"]), (notice["publicId"], 3))
        self.assertEqual({one["notice"]["revision"] for one in self.service.pushed(path)}, {1, 2, 3})
        self.assertEqual(self.info_key(), first["key"])

    def info_key(self):
        connection = self.client("user/zebulon")
        connection.subscribe("nb/v1/info")
        packet = connection.until(mqtt.PUBLISH, 30, lambda one: one.topic == "nb/v1/info")
        data = packet.payload  # protobuf: field 11, bytes
        at = data.index(b"\x5a\x41\x04")
        return base64.b64encode(data[at + 2:at + 67]).decode()

    def test_only_whom_it_concerns_and_what_they_wish(self):
        near, far, fires, severe = (unique(f"/ok/{name}") for name in ("near", "far", "fires", "severe"))
        self.subscribe(near)
        self.subscribe(far, places=[{"cell": "9qh1f5", "metres": 400}])
        self.subscribe(fires, categories=["fire"])
        self.subscribe(severe, least=[{"severity": "SEVERE"}])
        north = (HERE[0] + 0.012, HERE[1])  # 1.3 km
        self.warn("Doors tried up north", where=north)
        self.warn("A fire", category="fire")
        self.warn("Far away", where=AWAY)
        self.service.push(near, lambda one: one.get("headline") == "A fire")
        self.service.push(near, lambda one: one.get("headline") == "Doors tried up north")
        self.service.push(far, lambda one: one.get("headline") == "A fire")
        self.service.push(fires, lambda one: one.get("headline") == "A fire")
        self.warn("Evacuate", category="fire", severity="SEVERE")
        for path, told in ((near, {"A fire", "Doors tried up north", "Evacuate"}), (far, {"A fire", "Evacuate"}),
                           (fires, {"A fire", "Evacuate"}), (severe, {"Evacuate"})):
            self.service.push(path, lambda one: one.get("headline") == "Evacuate")
            self.assertEqual({one["notice"]["headline"] for one in self.service.pushed(path)}, told, path)

    def test_a_gone_endpoint_is_removed_at_once(self):
        path = unique("/gone/browser")
        before = self.counters()["push_subscriptions_gone"]
        self.subscribe(path)
        self.warn("For nobody any more")
        self.service.push(path)
        deadline = time.monotonic() + 30
        while self.counters()["push_subscriptions_gone"] == before:  # the service says so, and the broker may not have read it yet
            self.assertLess(time.monotonic(), deadline, "the broker does not hear that it is gone")
            time.sleep(0.02)
        other = unique("/ok/other")
        self.subscribe(other)
        self.warn("Once more")
        self.service.push(other, lambda one: one.get("headline") == "Once more")
        self.assertEqual({one["notice"]["headline"] for one in self.service.pushed(path)}, {"For nobody any more"})
        self.assertEqual(self.counters()["push_subscriptions_gone"], before + 1)

    def test_who_is_busy_is_asked_later_and_who_is_ill_again(self):
        busy, ill = unique("/busy/service"), unique("/ill/service")
        self.subscribe(busy)
        self.warn("While it is busy")
        first = self.service.push(busy)
        second = self.service.wait(lambda one: one.get("path") == busy and one["count"] == 2)
        self.assertGreaterEqual(second["at"] - first["at"], 3000)  # as Retry-After said
        self.assertEqual(second["notice"], first["notice"])
        self.subscribe(ill)
        self.warn("While it is ill")
        self.service.wait(lambda one: one.get("path") == ill and one["count"] == 2)

    def test_a_redirect_is_not_followed_and_a_refusal_ends_it(self):
        moved, never = unique("/moved/x"), unique("/never/x")
        self.subscribe(moved)
        self.subscribe(never)
        before = self.counters()["pushes_refused"]
        self.warn("Nowhere else")
        self.service.push(moved)
        self.service.push(never)
        after = unique("/ok/after")
        self.subscribe(after)
        self.warn("Behind it")
        self.service.push(after, lambda one: one.get("headline") == "Behind it")
        self.service.push(never, lambda one: one.get("headline") == "Behind it")
        self.assertEqual(self.service.pushed(moved.replace("moved", "ok")), [])
        self.assertGreaterEqual(self.counters()["pushes_refused"], before + 2)

    def test_what_no_connection_may_go_to_is_refused(self):
        browser = self.service.browser(unique("/ok/forbidden"))
        port = self.service.port
        for endpoint in (f"https://127.0.0.1:{port + 1}/x", f"http://127.0.0.1:{port}/x", "https://169.254.169.254/latest/meta-data",
                         f"https://localhost:{port}/x", "https://push.example.org/x", f"https://user@127.0.0.1:{port}/x", "https://[::1]/x",
                         f"https://2130706433:{port}1/x", "file:///etc/passwd", "nonsense"):
            answer = self.publish("user/zebulon", "nb/v1/push", browser | {"endpoint": endpoint, "places": [PLACE]})
            self.assertEqual(answer.reason, 0x99, f"{endpoint}: {answer}")
        off_curve = base64.b64encode(b"\x04" + bytes(63) + b"\x01").decode()
        answer = self.publish("user/zebulon", "nb/v1/push", browser | {"p256dh": off_curve, "places": [PLACE]})
        self.assertEqual(answer.reason, 0x99, answer)

    def test_removed_is_told_nothing_more(self):
        path, witness = unique("/ok/leaves"), unique("/ok/stays")
        browser = self.subscribe(path)
        self.subscribe(witness)
        self.assertEqual(self.publish("user/zebulon", "nb/v1/push", {"endpoint": browser["endpoint"], "remove": True}).reason, 0)
        self.warn("After it left")
        self.service.push(witness, lambda one: one.get("headline") == "After it left")
        self.assertEqual(self.service.pushed(path), [])

    def test_what_a_killed_process_had_another_tells(self):
        path = unique("/silent/kill")
        self.subscribe(path)
        self.service.say(speak=False)
        self.warn("Killed in between")
        self.service.push(path)  # it is on its way, and not answered
        self.stack.start_broker("second", mqtt_port=free_port(), http_port=0, metrics_port=0)
        self.stack.kill("neighborsd")
        self.service.say(speak=True)
        self.service.wait(lambda one: one.get("path") == path and one["count"] == 2, 60)
        self.stack.stop_one("second")
        self.stack.start_broker()
        self.warn("And the next")
        self.service.push(path, lambda one: one.get("headline") == "And the next")

    def test_killed_before_anybody_was_looked_for(self):
        path = unique("/ok/kill")
        self.subscribe(path)
        connection = self.client("agency/pd")
        connection.publish("nb/v1/alert", alert(headline="Stored and killed"))
        self.stack.kill("neighborsd")
        self.stack.start_broker()
        self.service.push(path, lambda one: one.get("headline") == "Stored and killed", 60)

    def test_another_key_signs_when_the_broker_has_it(self):
        path, former, other = unique("/ok/another-key"), self.info_key(), self.home.folder / "other"
        self.stack.neighbors("ca", "init", "--keys", other)
        self.stack.stop_one("neighborsd")
        for name in ("push.key", "push.pub"):
            (other / name).replace(self.stack.keys / name)
        self.stack.start_broker()
        self.subscribe(path)  # as a browser does whose notices are turned off and on
        self.warn("Told by another key")
        told = self.service.push(path, lambda one: one.get("headline") == "Told by another key")
        self.assertTrue(told["signed"], told)
        self.assertEqual(told["key"], self.info_key())
        self.assertNotEqual(told["key"], former)

    def test_what_is_kept_tells_nothing(self):
        path = unique("/ok/secret-endpoint-of-somebody")
        self.follower("user/wilhelmina", [f"nb/v1/near/{AWAY_LEAF}/400/#"]).close()  # as an app does first
        browser = self.subscribe(path, who="user/wilhelmina", places=[{"cell": AWAY_LEAF, "metres": 400}])
        self.warn("Seen by the store", where=AWAY)
        self.service.push(path)
        kept = self.redis_bytes()
        raw = [base64.b64decode(browser[name]) for name in ("p256dh", "auth")]
        for secret in (path.encode(), b"secret-endpoint", b"127.0.0.1:%d" % self.service.port, AWAY_LEAF.encode(), browser["p256dh"].encode(), *raw):
            self.assertNotIn(secret, kept)
        keys = self.redis("KEYS", "nb:*push*").decode().split()
        self.assertTrue(any(re.fullmatch(r"nb:\{s..\}:push:[0-9a-f]{24}", key) for key in keys), keys)
        for key in keys:
            self.assertNotIn("wilhelmina", key)
            self.assertNotIn(b"wilhelmina", self.content(key), key)
        self.nobody_beside_a_subscription("wilhelmina")
        logs = b"".join(log.read_bytes() for log in Path(self.stack.logs).glob("neighborsd*.log"))
        for secret in (b"secret-endpoint", b"/ok/", b"/gone/", AWAY_LEAF.encode(), browser["auth"].encode()):
            self.assertNotIn(secret, logs)

    def nobody_beside_a_subscription(self, name):
        """In the append-only file no write with the name stands right before or behind one of a subscription: it is written in the
        order in which things happen, and whoever steals the disk may read it."""
        folder = self.home.folder / "redis/appendonlydir"
        written = b"".join(path.read_bytes() for path in sorted(folder.glob("*.incr.aof")))
        commands = re.split(rb"(?:^|\r\n)\*\d+\r\n", written)
        of_push = [number for number, command in enumerate(commands) if b":push" in command]
        self.assertTrue(of_push)
        for number in of_push:
            for beside in commands[max(0, number - 1):number + 2]:
                self.assertNotIn(name.encode(), beside)

    def redis(self, *words):
        return subprocess.run(["redis-cli", "-h", "127.0.0.1", "-p", str(self.stack.redis_port), *words], capture_output=True, check=True,
                              timeout=30, env=ENVIRONMENT).stdout

    def content(self, key):
        ask = {b"hash": ("HGETALL",), b"zset": ("ZRANGE",), b"string": ("GET",)}[self.redis("TYPE", key).strip()]
        return self.redis(*ask, key, *(("0", "-1") if ask[0] == "ZRANGE" else ()))


if __name__ == "__main__":
    unittest.main()
