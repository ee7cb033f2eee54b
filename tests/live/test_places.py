"""Whoever steals the disk of Redis finds no place of a household: what was written there is searched byte by byte."""
import unittest

import case
from case import alert, motion

# Where the household lives, where it lived before, and where the alert is: one channel, three leaf cells.
HOME, BEFORE, ALERT = (34.0768, -118.0316), (34.0850, -118.0200), (34.0650, -118.0150)


class Places(case.LiveCase):
    @classmethod
    def setUpClass(cls):
        cls.own = case.Installation(release_households=1)

    @classmethod
    def tearDownClass(cls):
        cls.own.close()

    def setUp(self):
        self.home = self.own
        self.port = self.own.stack.mqtt_port

    def cell(self, place, precision):
        words = ("geo", "encode", f"{place[0]},{place[1]}", "--precision", precision)
        return self.own.stack.neighbors(*words)[-1]["cell"]

    def written(self):
        """All that Redis has written, snapshots uncompressed."""
        stack = self.own.stack
        stack.redis_command("CONFIG", "SET", "rdbcompression", "no")
        self.assertEqual(stack.redis_command("SAVE"), "OK")
        return b"".join(file.read_bytes() for file in (stack.folder / "redis").rglob("*") if file.is_file())

    def test_no_place_of_a_household_is_on_the_disk(self):
        at = ("--at", f"{BEFORE[0]},{BEFORE[1]}", "--household", "home-1", "--verified-since", "-30d")
        self.own.token("device/porch", *at, "--share", "all")
        self.own.token("user/ann", *at)
        self.own.token("device/porch", "--at", f"{HOME[0]},{HOME[1]}")
        followed = self.cell(HOME, 6)
        ann = self.follower("user/ann", (f"nb/v1/json/near/{followed}/3200/#",), client_id="phone",
                            props={"session_expiry": 3600})
        porch = self.client("device/porch")
        self.assertEqual(porch.publish("nb/v1/motion", motion({"kind": "PERSON"})).reason, 0)
        self.items(ann, lambda item: "activity" in item)
        self.assertEqual(self.client("user/ann").publish("nb/v1/alert", alert(where=ALERT, headline="A place")).reason, 0)
        self.headline(ann, "A place")
        self.assertEqual(self.own.stack.redis_command("HEXISTS", "nb:{p:user/ann}:s:phone", "subs"), "1")

        written = self.written()
        self.assertIn(self.cell(HOME, 5).encode(), written, "the channel is named, so the search can find something")
        self.assertIn(b"home-1", written)
        for place in (HOME, BEFORE):
            for precision in (6, 7, 8):
                self.assertNotIn(self.cell(place, precision).encode(), written)


if __name__ == "__main__":
    unittest.main()
