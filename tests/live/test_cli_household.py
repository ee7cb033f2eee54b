"""What a household decides for itself, said at the command line: what it shares and keeps, what it wants handed out, and what
it wants forgotten, which is nowhere on disk any more when the receipt comes."""
import unittest

from case import unique
from test_cli import AT, CommandCase


class Household(CommandCase):
    def setUp(self):
        super().setUp()
        self.mark = unique("household")
        for who in (f"user/{self.mark}", f"device/{self.mark}"):
            self.home.token(who, "--household", self.mark, "--at", AT, "--verified-since", "-30d")

    def decide(self, *words):
        return self.run_command("settings", "--as", f"user/{self.mark}", *words)

    def forget(self, *words):
        key = self.home.stack.keys / "log.pub"
        return self.done("forget", "--as", f"user/{self.mark}", "--log-key", key, *words)[0]

    def on_disk(self, text):
        """Whether a file of Redis holds it."""
        files = (self.home.stack.folder / "redis").rglob("*")
        return any(text.encode() in path.read_bytes() for path in files if path.is_file())

    def move(self, activity):
        self.done("publish", "motion", "--as", f"device/{self.mark}", "--kind", "person", "--activity", activity)

    def test_a_household_decides_and_is_told_the_rule(self):
        code, objects, _ = self.decide("--share", "person@08:00-18:00@mon-fri", "--time-zone", "America/Los_Angeles",
                                       "--retention", "30", "--footage", "pd=theft")
        self.assertEqual((code, objects[0]["ok"]), (0, True))
        kept = self.home.stack.redis_command("HMGET", f"nb:{{h:{self.mark}}}:settings", "zone", "retention")
        self.assertEqual(kept.split(), ["America/Los_Angeles", "30"])
        code, objects, _ = self.decide("--retention", "31")
        self.assertEqual((code, objects[0]["ok"]), (1, False))
        self.assertIn("1, 3, 7, 14, 21, 30, 60, 90, 120, 180", objects[0]["text"])
        code, objects, _ = self.decide("--share", "none", "--time-zone", "Mars/Olympus")
        self.assertEqual(code, 1)
        self.assertIn("time_zone", objects[0]["text"])

    def test_all_that_is_held_is_handed_out(self):
        self.decide("--retention", "14")
        for number in range(10):
            self.move(f"{self.mark}-{number}")
        self.publish_alert(f"words-of-{self.mark}", who=f"user/{self.mark}")
        other = self.publish_alert(unique("another"), who="user/ann")[0]
        self.done("witness", other["public_id"], "--as", f"user/{self.mark}", "--remark", f"remark-of-{self.mark}")
        parts = self.done("export", "--as", f"user/{self.mark}")
        self.assertTrue(parts[-1]["last"])
        self.assertEqual(parts[0]["settings"]["retentionDays"], 14)
        people = {held["name"]: held for part in parts for held in part.get("principals", [])}
        self.assertEqual(set(people), {f"user/{self.mark}", f"device/{self.mark}"})
        self.assertTrue(people[f"device/{self.mark}"]["place"].startswith("9qh1f5"))
        events = [held["event"] for part in parts for held in part.get("events", [])]
        self.assertEqual({event["activityId"] for event in events}, {f"{self.mark}-{number}" for number in range(10)})
        self.assertEqual({event["device"] for event in events}, {self.mark})
        alerts = [held["headline"] for part in parts for held in part.get("alerts", [])]
        self.assertEqual(alerts, [f"words-of-{self.mark}"])
        notes = {(held["what"], held.get("text")) for part in parts for held in part.get("notes", [])}
        self.assertIn(("witness", f"remark-of-{self.mark}"), notes)

    def test_what_is_forgotten_is_gone_when_the_receipt_comes(self):
        activity = f"secret-{self.mark}"
        self.move(activity)
        self.publish_alert(f"words-of-{self.mark}", who=f"user/{self.mark}")
        self.assertTrue(self.on_disk(activity))
        receipt = self.forget("--account", "--id", "all")
        self.assertEqual((receipt["events"], receipt["alerts"], receipt["principals"], receipt["household"], receipt["signatureIs"]),
                         ("1", "1", 2, self.mark, "good"))
        self.assertEqual(receipt["backupDays"], 30)
        self.assertFalse(self.on_disk(activity))
        self.assertFalse(self.on_disk(f"words-of-{self.mark}"))
        code, _, complaint = self.run_command("publish", "motion", "--as", f"device/{self.mark}", "--kind", "person")
        self.assertNotEqual(code, 0, complaint)


if __name__ == "__main__":
    unittest.main()
