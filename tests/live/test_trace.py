"""neighbors trace tells where an alert is or was, through its life: on one Redis, and in a cluster of one, which refuses whatever
touches two slots."""
import json
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import mqtt
from case import HERE, SETTINGS, alert, now_ms, point, unique
from redis_cluster import ClusterStack
from stack import ENVIRONMENT, Stack

NEIGHBORS = ("ben", "cat", "dan")


class Life:
    places = 0

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-trace-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.stack = cls.make_stack(SETTINGS | {"merge_minutes": 10})
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start_redis()
        cls.stack.make_keys()
        cls.stack.start_broker()
        for name in ("ann", "fred", *NEIGHBORS):
            cls.stack.enroll(f"user/{name}", "--household", f"house-{name}", "--at", f"{HERE[0]},{HERE[1]}", "--verified-since", "-30d")
        cls.stack.enroll("operator/desk")
        cls.stack.enroll("agency/fire", "--name", "Fire", "--officer", "lee", "--second-officer", "yes")

    def setUp(self):
        Life.places += 1  # reports near each other become one: each test has a place of its own
        self.where = (HERE[0] + 0.1 * Life.places, HERE[1])
        self.clients = {}

    def client(self, who):
        if who not in self.clients:
            self.clients[who] = client = mqtt.Client(self.stack.mqtt_port)
            self.addCleanup(client.close)
            token = self.stack.token_file(who).read_text().strip().encode()
            self.assertEqual(client.connect(client_id=unique("client"), username=who, password=token).reason, 0)
        return self.clients[who]

    def say(self, who, topic, content, reason=0):
        payload = content if isinstance(content, bytes) else json.dumps({"version": 1} | content).encode()
        answer = self.client(who).publish(f"nb/v1/{topic}", payload)
        self.assertEqual(answer.reason, reason, answer)
        return dict(answer.props.get("user", [])).get("public-id")

    def follow(self):
        cell = self.stack.neighbors("geo", "encode", f"{self.where[0]},{self.where[1]}", "--precision", "6")[0]["cell"]
        self.client("user/fred").subscribe(f"nb/v1/near/{cell}/1600/#")

    def trace(self, public_id):
        return self.stack.neighbors("trace", public_id)[0]

    def until(self, public_id, ready):
        """The trace, when it is so."""
        deadline = time.monotonic() + 30
        while not ready(found := self.trace(public_id)):
            self.assertLess(time.monotonic(), deadline, found)
            time.sleep(0.1)
        return found

    def whats(self, found):
        return [revision["what"] for revision in found["revisions"]]

    def cancel(self, who, *references):
        return self.say(who, "alert", json.dumps({"senderAlertId": unique("end"), "msgType": "CANCEL",
                                                  "references": references}).encode())

    def test_life(self):
        self.follow()
        own, other, began = unique("own"), unique("own"), now_ms()
        public_id = self.say("user/ann", "alert", alert(own, self.where))
        found = self.until(public_id, lambda found: found["carried"] == 1 and found["deliveries"] >= 1)  # counted again when Redis did not answer in time
        self.assertEqual((found["asked"], found["relation"], found["sender"], found["state"], found["revision"]),
                         (public_id, "", "user/ann", "in force", 1))
        self.assertTrue(began <= found["received"] <= now_ms())
        self.assertEqual((self.whats(found), found["revisions"][0]["channels"]), (["new"], found["channels"]))
        self.assertEqual((found["reports"], found["waits_as"], found["held_since"], found["removed"]), (1, 0, 0, False))
        # It moves: what left its cover is a channel of it still, and not of its newest revision.
        moved = (self.where[0] + 0.06, self.where[1])
        self.say("user/ann", "alert", alert(other, moved, msgType="UPDATE", references=[own]))
        found = self.until(public_id, lambda found: found["carried"] == 2)
        self.assertEqual(self.whats(found), ["new", "updated"])
        first, second = (set(revision["channels"]) for revision in found["revisions"])
        self.assertTrue(first and second and not first & second)
        self.assertEqual(set(found["channels"]), first | second)
        ending = self.cancel("user/ann", other)
        found = self.until(ending, lambda found: found["carried"] == 3)
        self.assertEqual((found["public_id"], found["state"], self.whats(found)), (public_id, "ended", ["new", "updated", "cancelled"]))
        self.assertEqual(found["revisions"][2]["channels"], [])
        self.assertGreaterEqual(self.until(public_id, lambda found: found["deliveries"] >= 2)["deliveries"], 2)

    def test_what_ends_by_itself(self):
        self.client("user/ann")
        public_id = self.say("user/ann", "alert", alert(None, self.where, lives=3))
        found = self.until(public_id, lambda found: found["state"] == "expired")
        self.assertEqual(self.whats(found), ["new", "expired"])

    def test_reports_that_become_one(self):
        public_id = self.say("user/ann", "alert", alert(None, self.where))
        part = unique("part")
        self.assertEqual(self.say("user/ben", "alert", alert(part, self.where)), public_id)
        found = self.trace(public_id)
        self.assertEqual((found["reports"], self.whats(found)), (2, ["new", "report joined"]))
        self.cancel("user/ben", part)
        found = self.trace(public_id)
        self.assertEqual((found["reports"], self.whats(found)[-1]), (1, "report withdrawn"))

    def test_held_released_confirmed_removed(self):
        public_id = self.say("user/ann", "alert", alert(None, HERE))  # where households are that may flag it
        for name in NEIGHBORS:
            self.say(f"user/{name}", "flag", {"publicId": public_id, "reason": "SPAM", "remark": "spam"})
        found = self.trace(public_id)
        self.assertEqual((found["state"], self.whats(found)), ("held", ["new", "held"]))
        self.assertGreater(found["held_since"], 0)
        self.assertIn("held", [act["what"] for act in found["acts"]])
        self.say("operator/desk", "verdict", {"publicId": public_id, "decision": "RELEASED", "reason": "it is so"})
        self.say("agency/fire", "verdict", {"publicId": public_id, "decision": "CONFIRMED", "reason": "we were there"})
        self.say("operator/desk", "verdict", {"publicId": public_id, "decision": "REMOVED", "reason": "a name is in it"})
        found = self.trace(public_id)
        self.assertEqual(self.whats(found), ["new", "held", "released", "confirmed", "removed"])
        self.assertEqual((found["state"], found["removed"], found["held_since"]), ("ended", True, 0))
        self.assertEqual([(act["what"], act["by"]) for act in found["acts"]][-3:],
                         [("released", "operator/desk"), ("confirmed", "agency/fire"), ("removed", "operator/desk")])

    def test_what_waits_for_a_second_officer(self):
        north = (self.where[0] + 1, self.where[1])
        wide = {"circle": {"center": point(*north)["point"], "radiusM": 60000}}
        public_id = self.say("agency/fire", "alert", alert(None, north, severity="EXTREME", place=wide))
        found = self.trace(public_id)
        self.assertEqual((found["state"], found["revision"], found["revisions"], found["sender"]), ("waiting", 0, [], "agency/fire"))
        self.assertEqual(found["waits_as"], 1)
        self.assertEqual(found["waits_since"], found["received"])

    def test_what_is_not_here(self):
        public_id = self.say("user/ann", "alert", alert(None, self.where, caseNumber="12-3"), reason=0x87)
        self.assertIsNone(public_id)
        for words, code, told in (([24 * "a"], 1, "no alert aaaaaaaaaaaaaaaaaaaaaaaa is here"), (["xyz"], 2, "24 hexadecimal"), ([], 2, "")):
            done = subprocess.run(self.stack.command("trace", *words), capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(told, done.stderr)

    def test_what_people_read(self):
        public_id = self.say("user/ann", "alert", alert(None, self.where))
        self.until(public_id, lambda found: found["carried"] == 1)
        done = subprocess.run(self.stack.command("trace", public_id), capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, rf"^{public_id}  in force until ....-..-.. ..:..:..\....?, revision 1, 0 deliveries\n")
        self.assertRegex(done.stdout, r"\n    from      user/ann\n    received  ")
        self.assertRegex(done.stdout, r"\n       1  ....-..-.. ..:..:..\.\d+  new +carried, 0 deliveries, in 9")


class Trace(Life, unittest.TestCase):
    @classmethod
    def make_stack(cls, settings):
        return Stack(cls.folder, settings=settings)


class OneMaster(ClusterStack):
    @property
    def redis_url(self):
        return super().redis_url + "&wait=0"


class TraceInACluster(Life, unittest.TestCase):
    @classmethod
    def make_stack(cls, settings):
        return OneMaster(cls.folder, masters=1, replicas=0, settings=settings)


if __name__ == "__main__":
    unittest.main()
