"""Data that the version with layout 3 left (layout_3/) becomes what this one reads: `neighbors migrate`, stopped at many points
and begun anew; then neighborsd goes on with it as if nothing had been."""
import json
import shutil
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import mqtt
from case import HERE, SETTINGS, free_port
from cutter import Cutter
from redis_raw import Redis
from stack import StackError

sys.path.insert(0, str(Path(__file__).resolve().parent / "layout_3"))
from stack_of_then import StackOfThen  # noqa: E402

NEAR = "nb/v1/json/near/9qh1f5/1600/#"


class Migration(unittest.TestCase):
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-migration-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.stack = StackOfThen(cls.folder, settings=SETTINGS | {"release_households": 2, "merge_minutes": 30, "tree_head_s": 1,
                                                                "push_hosts": "push.example"})
        cls.stack.http_port = free_port()
        cls.addClassCleanup(cls.stack.stop)
        cls.said = cls.stack.said
        cls.stack.start_redis()
        cls.redis = Redis(cls.stack.redis_port)
        cls.addClassCleanup(cls.redis.close)
        cls.before = {key: cls.redis("PTTL", key) for key in cls.redis.keys("*")}
        cls.logs = {key: cls.redis("XLEN", key) for key in cls.redis.keys("nb:{r*}:log:*")}
        cls.refused_start()
        cls.migrate()
        cls.stack.start_broker()

    @classmethod
    def refused_start(cls):
        """neighborsd of today does not touch it, and names the way."""
        cls.stack.start_broker("too-new", wait=False)
        log = cls.stack.logs / "too-new.log"
        cls.stack.wait_for("too-new", lambda: log.exists() and "neighbors migrate" in log.read_text(), "neighborsd says what to do", 30)
        cls.in_use = None
        try:
            cls.stack.neighbors("migrate")
        except StackError as error:
            cls.in_use = str(error)
        cls.stack.kill("too-new")
        cls.untouched = cls.redis("GET", "nb:layout")

    @classmethod
    def migrate(cls):
        cls.would = cls.stack.neighbors("migrate", "--dry-run")[-1]
        cls.after_dry = {key for key in cls.redis.keys("*")}
        cls.half = []
        room = 4096
        port = cls.stack.redis_port
        while True:
            cutter = Cutter(port, room)
            cls.stack.redis_port = cutter.here
            try:
                cls.did = cls.stack.neighbors("migrate", "--force")[-1]
                break
            except StackError:
                cls.half.append(cls.redis("GET", "nb:layout"))
                room += 20000 if cls.half[-1] != b"3 5 6" else room
            finally:
                cls.stack.redis_port = port
                cutter.close()
        cls.again = cls.stack.neighbors("migrate")[-1]

    # ---- people

    def connect(self, who, client_id, clean=False):
        connection = mqtt.Client(self.stack.mqtt_port)
        self.addCleanup(connection.close)
        connection.connack = connection.connect(client_id=client_id, username=who, password=self.said["tokens"][who].encode(),
                                                clean=clean, props={"session_expiry": 86400})
        return connection

    def logged(self, home):
        return sum(self.redis("XLEN", key) for key in self.redis.keys(f"nb:*:log:{home}"))

    def public_ids(self, connection, wanted):
        found = {}
        while not wanted <= set(found):
            packet = connection.until(mqtt.PUBLISH, 30)
            if packet.qos:
                connection.send(mqtt.ack(mqtt.PUBACK, packet.packet_id))
            item = json.loads(packet.payload).get("alert", {})
            found[item.get("publicId")] = item
        return found

    # ---- the migration itself

    def test_what_it_says_and_when_it_refuses(self):
        self.assertEqual(self.untouched, b"3 5 6")
        self.assertIn("a neighborsd is connected", self.in_use or "")
        lasting = {key for key, ms in self.before.items() if ms == -1 or ms > 600_000}
        self.assertGreater(len(lasting), 100)
        self.assertEqual(lasting - self.after_dry, set(), "a dry run changes nothing")
        self.assertEqual(self.after_dry - set(self.before), set(), "a dry run adds nothing")
        self.assertGreater(len(self.half), 3, "it was stopped at some points")
        self.assertEqual(set(self.half) - {b"3 5 6"}, {b"3>4 5 6"}, "half-way no neighborsd starts")
        self.assertEqual((self.would["senders"], self.would["packets"], self.would["forgets"]), (4, 1, 2), self.would)
        self.assertEqual(self.redis("GET", "nb:layout"), b"4 5 6")
        self.assertEqual(self.again["from"], "4 5 6")
        for former in ("nb:{q*", "nb:lease:*", "nb:banned", "nb:sharing", "nb:geocode*"):
            self.assertEqual(self.redis.keys(former), [], former)
        zones = self.stack.neighbors("geocodes", "list")
        self.assertIn({"scheme": "zones", "codes": 1}, zones)

    # ---- life goes on

    def test_repeated_events_are_repeats(self):
        for who, (client_id, content) in self.said["numbered"].items():
            home = {"edge/hub": "home-2", "node/city": "home-4"}.get(who, "home-1")
            before = self.logged(home)
            answer = self.connect(who, client_id).publish("nb/v1/motion", json.dumps(content).encode())
            self.assertEqual(answer.reason, 0, answer)
            self.assertEqual(self.logged(home), before, f"{who} said it twice")
            news = {"seq": "6"} if "session" in content else {"activityId": "another"}
            more = content | {"events": [content["events"][-1] | news]}
            self.assertEqual(self.connect(who, client_id).publish("nb/v1/motion", json.dumps(more).encode()).reason, 0)
            self.assertEqual(self.logged(home), before + 1, f"{who} goes on")

    def test_a_packet_under_way_is_stored_once(self):
        who, client_id, packet_id, content = self.said["under_way"]
        before = self.logged("home-3")
        camera = self.connect(who, client_id)
        self.assertTrue(camera.connack.session_present)
        camera.send(mqtt.publish("nb/v1/motion", content.encode(), 2, packet_id, dup=True))
        self.assertEqual(camera.until(mqtt.PUBREC, 30).reason, 0)
        camera.send(mqtt.ack(mqtt.PUBREL, packet_id))
        self.assertEqual(camera.until(mqtt.PUBCOMP, 30).reason, 0)
        self.assertEqual(self.logged("home-3"), before)
        camera.send(mqtt.publish("nb/v1/motion", content.encode(), 2, packet_id))
        self.assertEqual(camera.until(mqtt.PUBREC, 30).reason, 0)
        self.assertEqual(self.logged("home-3"), before + 1, "the id is free again")

    def test_a_session_goes_on_and_a_newcomer_sees_what_is_in_force(self):
        phone = self.connect("user/follower", "phone")
        self.assertTrue(phone.connack.session_present)
        self.public_ids(phone, {self.said["missed"], self.said["merged"]})
        fresh = self.connect("user/follower", "fresh", clean=True)
        self.assertLessEqual(fresh.subscribe(NEAR)[0], 2)
        found = self.public_ids(fresh, {self.said["seen"], self.said["missed"], self.said["merged"]})
        self.assertEqual(found[self.said["merged"]]["merged"], 2)
        self.assertNotIn("Over soon", [item.get("headline") for item in found.values()])

    def test_the_ban_holds(self):
        troll = self.connect("user/troll", "troll", clean=True)
        content = json.dumps({"senderAlertId": "no", "category": "crime", "headline": "Sample headline", "description":
                              "Somebody tried car doors and went north", "expires": str(self.stack.now_ms + 600_000),
                              "place": {"point": {"latE7": round(HERE[0] * 1e7), "lonE7": round(HERE[1] * 1e7)}}}).encode()
        answer = troll.publish("nb/v1/alert", content) if troll.connack.reason == 0 else troll.connack
        self.assertGreaterEqual(answer.reason, 0x80)
        self.assertIn("user/troll", [ban["principal"] for ban in self.stack.neighbors("moderate", "list", "--bans")])

    def test_sharing_holds(self):
        follower = self.connect("user/follower", "sharing", clean=True)
        self.assertLessEqual(follower.subscribe(NEAR)[0], 2)
        event = {"at": str(self.stack.now_ms), "activityId": "after", "kind": "VEHICLE", "phase": "PULSE"}
        camera = self.connect("device/cam-4", "shares", clean=True)
        self.assertEqual(camera.publish("nb/v1/motion", json.dumps({"version": 1, "events": [event]}).encode()).reason, 0)
        follower.until(mqtt.PUBLISH, 30, lambda p: json.loads(p.payload).get("activity", {}).get("kind") == "VEHICLE")

    def test_a_used_code_stays_used(self):
        self.stack.neighbors("household", "verify", "home-new", "--code", self.said["used_code"])
        self.assertEqual(self.stack.neighbors("household", "show", "home-new")[-1]["verified"], self.said["verified"])

    def test_the_record_verifies(self):
        http = f"http://127.0.0.1:{self.stack.http_port}"
        with urllib.request.urlopen(f"{http}/v1/log/head", timeout=30) as answer:
            self.assertGreater(json.loads(answer.read())["size"], 0)
        self.stack.neighbors("log", "verify", "--http", http, "--state", self.folder / "state.json")

    def test_a_resident_gets_everything_that_is_held(self):
        self.stack.token_file("user/owner-1").write_text(self.said["tokens"]["user/owner-1"] + "\n")
        self.stack.token_file("user/owner-1").chmod(0o600)
        held = self.stack.neighbors("export", "--as", "user/owner-1", "--token-file", self.stack.token_file("user/owner-1"))
        text = json.dumps(held)
        for part in ("crowbar", '"what": "tip"', self.said["request"], "a-4", "device/cam-1"):
            self.assertIn(part, text)

    def test_what_was_to_be_forgotten_is(self):
        deadline = time.monotonic() + 60
        while self.redis("LLEN", "nb:{forget}:queue"):
            self.assertLess(time.monotonic(), deadline, [self.redis("HGETALL", key) for key in self.redis.keys("nb:{forget}:work:*")])
            time.sleep(0.1)
        for home in ("home-5", "home-6"):
            self.assertEqual(self.redis.keys(f"nb:*:log:{home}"), [])
            self.assertEqual(self.redis.keys(f"nb:{{h:{home}}}:members"), [])


if __name__ == "__main__":
    unittest.main()
