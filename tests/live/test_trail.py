"""A message can be followed by its id through every step, at log_level debug, over two processes of which one logs text and the
other JSON; and what must not be told is told by no line."""
import json
import shutil
import tempfile
import time
import unittest
from pathlib import Path

import mqtt
from case import HERE, SETTINGS, alert, motion, now_ms, unique
from stack import Stack, free_port

FEED = "nb/v1/json/near/9qh1f5/1600/#"
INWARD = ["received", "decoded", "authorized", "located", "stored", "acknowledged"]


def fields(line):
    """{key: value} of a line of text, with its event."""
    event, _, rest = line.partition(" ")
    found = {"event": event}
    for word in rest.replace('""', "").split(" "):
        key, equals, value = word.partition("=")
        if equals:
            found[key] = value.strip('"')
    return found


class Trail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-trail-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.stack = stack = Stack(cls.folder, settings=SETTINGS | {"log_level": "debug"})
        cls.addClassCleanup(stack.stop)
        stack.start_redis()
        stack.make_keys()
        stack.start_broker("text")
        cls.other_port = free_port()
        stack.start_broker("other", mqtt_port=cls.other_port, log_format="json")
        at = ["--household", "home-one", "--at", f"{HERE[0]},{HERE[1]}", "--verified-since", "-30d"]
        cls.tokens = {"user/ann": stack.enroll("user/ann"), "user/fred": stack.enroll("user/fred"),
                      "user/tipper": stack.enroll("user/tipper", *at), "device/cam": stack.enroll("device/cam", *at, "--share", "all"),
                      "agency/fire": stack.enroll("agency/fire", "--name", "Fire")}

    def client(self, who, port):
        connection = mqtt.Client(port)
        self.addCleanup(connection.close)
        connack = connection.connect(client_id=unique("client"), username=who, password=self.tokens[who].encode())
        self.assertEqual(connack.reason, 0)
        return connection

    def lines(self, name, wanted):
        """Those that hold the words, as dictionaries."""
        text = (self.stack.logs / f"{name}.log").read_text()
        found = [line for line in text.splitlines() if wanted in line]
        return [json.loads(line) if name == "other" else fields(line) for line in found]

    def steps(self, name, wanted):
        return [line["step"] for line in self.lines(name, wanted) if "step" in line]

    def until(self, ready, what):
        deadline = time.monotonic() + 30
        while not ready():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def both(self, wanted):
        return self.steps("text", wanted) + self.steps("other", wanted)

    def test_every_line_is_json(self):
        """Those of the store too."""
        told = [json.loads(line) for line in (self.stack.logs / "other.log").read_text().splitlines()]
        self.assertIn({"event": "store_ready", "level": "info", "durability": "always"},
                      [{key: line.get(key) for key in ("event", "level", "durability")} for line in told])

    def test_alert(self):
        follower = self.client("user/fred", self.other_port)
        follower.subscribe(FEED)
        sender = self.client("user/ann", self.stack.mqtt_port)
        own = unique("own")
        acknowledged = sender.publish("nb/v1/alert", alert(own))
        public_id = dict(acknowledged.props["user"])["public-id"]
        found = self.lines("text", public_id)
        self.assertEqual([line["step"] for line in found if line["step"] in INWARD], INWARD)
        for line in found:
            self.assertEqual((line["event"], line["id"]), ("alert", public_id))
        self.assertEqual(found[0]["sender"], "user/ann")
        stored = next(line for line in found if line["step"] == "stored")
        self.assertEqual((stored["revision"], stored["repeat"], stored["merged"]), ("1", "0", "0"))
        self.until(lambda: {"appended", "delivered"} <= set(self.both(public_id)), "neither carried nor delivered")
        delivered = next(line for line in self.lines("other", public_id) if line["step"] == "delivered")
        self.assertEqual((delivered["event"], delivered["level"], delivered["revision"], delivered["deliveries"]),
                         ("alert", "debug", "1", "1"))
        sender.publish("nb/v1/alert", alert(unique("end"), msgType="CANCEL", references=[own], category=None, headline=None,
                                            description=None, place=None))
        self.until(lambda: "ended" in self.both(public_id), "its end is not told")
        cancel = [line for line in self.lines("text", public_id) if line.get("of") == public_id]
        self.assertEqual([line["step"] for line in cancel], INWARD)
        self.assertNotIn(own, (self.stack.logs / "text.log").read_text())
        self.assertNotIn("user/fred", "".join(str(line) for line in self.lines("other", public_id)))

    def test_refused_alert(self):
        sender = self.client("user/ann", self.stack.mqtt_port)
        sender.publish("nb/v1/alert", alert(caseNumber="12-3456"))
        refused = self.lines("text", "step=refused")[-1]
        self.assertEqual((refused["event"], refused["sender"], refused["field"]), ("alert", "user/ann", "case_number"))
        self.assertEqual(self.steps("text", refused["id"]), ["received", "decoded", "refused"])

    def test_agency_alert_has_the_name_that_its_agency_gave(self):
        sender = self.client("agency/fire", self.stack.mqtt_port)
        own = unique("drill")
        sender.publish("nb/v1/alert", alert(own))
        self.assertEqual(self.steps("text", f"own={own} "), INWARD)

    def test_motion(self):
        sender = self.client("device/cam", self.other_port)
        session = now_ms()
        batch = motion({"seq": "1"}, {"seq": "2", "at": str(now_ms() + 10 ** 9)}, session=session)
        sender.publish("nb/v1/motion", batch)
        sender.publish("nb/v1/motion", batch)
        found = self.lines("other", f'"session":"{session}"')
        self.assertEqual([line["step"] for line in found],
                         2 * ["received", "decoded", "authorized", "located", "refused", "stored", "acknowledged"])
        self.assertEqual({(line["event"], line["sender"], line["seq"]) for line in found}, {("motion", "device/cam", "1-2")})
        self.assertEqual([(line["stored"], line["repeated"], line["refused"]) for line in found if line["step"] == "stored"],
                         [("1", "0", "1"), ("0", "1", "1")])
        self.assertIn("future", next(line for line in found if line["step"] == "refused")["rule"])

    def test_who_tips_or_answers_is_not_told(self):
        sender = self.client("user/tipper", self.stack.mqtt_port)
        tip = {"version": 1, "senderTipId": unique("tip"), "agency": "fire", "text": "I know him"}
        conversation = dict(sender.publish("nb/v1/tip", json.dumps(tip).encode()).props["user"])["conversation-id"]
        self.assertIn("stored", self.steps("text", conversation))
        before = (self.stack.logs / "text.log").read_text()
        self.assertNotIn("user/tipper", before)
        for answer in ({"requestId": 24 * "a", "decline": {}}, {"requestId": "none"}):
            sender.publish("nb/v1/footage-answer", json.dumps({"version": 1} | answer).encode())
        behind = (self.stack.logs / "text.log").read_text()[len(before):]
        for word in ("footage", "request", 24 * "a", "none", "user/tipper"):
            self.assertNotIn(word, behind)
        told = [line for line in behind.splitlines() if "step=" in line]  # alerts of before may still be carried and delivered
        self.assertEqual([line for line in told if not line.startswith(("alert ", "motion "))], [])


if __name__ == "__main__":
    unittest.main()
