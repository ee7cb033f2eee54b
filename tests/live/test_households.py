"""Households: codes that verify where one lives, moving house, and a camera that goes to another household."""
import json
import unittest

import case
from case import HERE, StackError, alert, motion, now_ms, unique

REFUSED, OTHER, QUOTA = 0x87, 0x83, 0x97
AT = f"{HERE[0]},{HERE[1]}"
ELSEWHERE = "34.1500,-118.1500"  # another channel


class Households(case.LiveCase):
    def setUp(self):
        super().setUp()
        self.stack = self.home.stack

    def credentials(self, who):
        token = self.home.tokens.get(who)
        return {"username": who, "password": token.encode()} if token else super().credentials(who)

    def household(self, *options):
        """A household of a user and a device; its name, and theirs."""
        home = unique("home")
        for who in (f"user/{home}", f"device/{home}"):
            share = ("--share", "all") if who.startswith("device") else ()
            self.home.token(who, "--household", home, "--at", AT, *share, *options)
        return home

    def does(self, *words):
        return self.stack.neighbors("household", *words)[-1]

    def refusal(self, *words):
        with self.assertRaises(StackError) as caught:
            self.does(*words)
        return str(caught.exception)

    def shown(self, home):
        return self.does("show", home)

    def public_id(self):
        """Of somebody else's alert in force here."""
        self.home.token("user/poster", "--household", "home-poster", "--at", AT, "--verified-since", "-30d")
        ack = self.client("user/poster").publish("nb/v1/alert", alert())
        return dict(ack.props["user"])["public-id"]

    def witness(self, home, public_id):
        says = json.dumps({"version": 1, "publicId": public_id}).encode()
        return self.client(f"user/{home}").publish("nb/v1/witness", says).reason

    def logged(self, home):
        """How many entries the household's log has."""
        keys = self.stack.redis_command("KEYS", f"nb:*:log:{home}").split()
        return sum(int(self.stack.redis_command("XLEN", key)) for key in keys)

    def test_a_letter_verifies_and_lets_witness(self):
        home, public_id = self.household(), self.public_id()
        self.assertEqual(self.witness(home, public_id), REFUSED)
        letter = self.does("verify", home, "--way", "post")
        self.assertEqual(self.shown(home)["verified"], 0)
        self.does("verify", home, "--code", letter["code"].lower().replace("-", " "))
        self.assertGreater(self.shown(home)["verified"], now_ms() - 60000)
        self.assertEqual(self.witness(home, public_id), 0)

    def test_a_code_is_for_one_household_once_and_ends(self):
        home, other, third = self.household(), self.household(), self.household()
        code = self.does("verify", home)["code"]
        self.assertIn("not one that is good here", self.refusal("verify", other, "--code", code))
        self.does("verify", home, "--code", code)
        since = self.shown(home)["verified"]
        self.does("verify", home, "--code", code)  # asked again, as after a lost answer
        self.assertEqual(self.shown(home)["verified"], since)
        self.assertEqual(self.stack.redis_command("KEYS", f"*{code}*"), "", "codes are stored as digests")
        self.assertIn("K7QF-2MPX", self.refusal("verify", other, "--code", "short"))
        for _ in range(10):
            refused = self.refusal("verify", third, "--code", "AAAA-AAAA")
        self.assertIn("not one that is good here", refused)
        self.assertIn("too many were tried", self.refusal("verify", third, "--code", "AAAA-AAAA"))
        self.assertEqual(self.shown(other)["verified"], 0)

    def steps(self, connection, **fields):
        return connection.publish("nb/v1/household", json.dumps({"version": 1} | fields).encode())

    def test_a_neighbor_invites(self):
        giver, taker = self.household("--verified-since", "-30d"), self.household()
        ann = self.follower(f"user/{giver}", ("nb/v1/json/inbox/#",))
        codes = []
        for _ in range(3):
            self.assertEqual(self.steps(ann, invite=True).reason, 0)
            def replies(p):
                return p.topic == "nb/v1/json/inbox/reply/household"
            told = ann.heard(replies)
            codes.append(json.loads(told.payload)["code"])
        self.assertEqual(self.steps(ann, invite=True).reason, QUOTA)
        self.assertEqual(self.steps(self.client(f"user/{taker}"), invite=True).reason, REFUSED)
        self.assertEqual(self.steps(self.client(f"user/{taker}"), code=codes[0]).reason, 0)
        self.assertGreater(self.shown(taker)["verified"], now_ms() - 60000)
        # Once, and near by alone.
        other = self.household()
        self.assertEqual(self.steps(self.client(f"user/{other}"), code=codes[0]).reason, OTHER)
        self.does("move", other, "--at", ELSEWHERE)
        far = self.steps(self.client(f"user/{other}"), code=codes[1])
        self.assertEqual(far.reason, REFUSED)
        self.assertIn("no neighbor", str(far.props))

    def test_a_resident_gives_a_letter_s_code_back(self):
        home = self.household()
        code = self.does("verify", home)["code"]
        self.does("redeem", code, "--as", f"user/{home}")
        self.assertGreater(self.shown(home)["verified"], now_ms() - 60000)

    def test_what_comes_again_after_a_move_is_known(self):
        home = self.household()
        sent = motion({"seq": "1"}, {"seq": "2"}, session=now_ms())
        self.assertEqual(self.client(f"device/{home}", client_id=home).publish("nb/v1/motion", sent).reason, 0)
        self.does("move", home, "--at", ELSEWHERE)
        self.assertEqual(self.client(f"device/{home}", client_id=home).publish("nb/v1/motion", sent).reason, 0)
        self.assertEqual(self.logged(home), 1, "it goes where the home was when it happened, and is known there")

    def test_moving_house_begins_anew(self):
        home, public_id = self.household("--verified-since", "-30d"), self.public_id()
        self.assertEqual(self.witness(home, public_id), 0)
        before = now_ms()
        self.does("move", home, "--at", ELSEWHERE)
        moved = self.shown(home)
        self.assertEqual(moved["verified"], 0)
        self.assertNotEqual(moved["cell"], "9qh1f5")
        self.assertEqual(self.stack.redis_command("EXISTS", f"nb:{{h:{home}}}:leaves"), "0")
        for who in (f"user/{home}", f"device/{home}"):
            key = f"nb:{{p:{who}}}:principal"
            self.assertEqual(self.stack.redis_command("HGET", key, "share"), "0")
            self.assertGreaterEqual(int(self.stack.redis_command("HGET", key, "since")), before)
        # Neither here, where it lives no more, nor there, where nobody has verified it.
        self.assertEqual(self.witness(home, self.public_id()), REFUSED)
        # What the camera saw before the move stays where it was.
        camera = self.client(f"device/{home}")
        camera.publish("nb/v1/motion", motion({"at": str(before - 60000)}, {"at": str(now_ms())}))
        keys = self.stack.redis_command("KEYS", f"nb:*:log:{home}").split()
        self.assertEqual(len(keys), 2, keys)
        self.does("verify", home, "--code", self.does("verify", home)["code"])
        self.assertEqual(self.witness(home, self.public_id()), REFUSED, "it lives elsewhere now")

    def test_a_camera_goes_to_another_household(self):
        giver, taker = self.household("--verified-since", "-30d"), self.household("--verified-since", "-30d")
        camera, name = self.client(f"device/{giver}"), giver
        self.assertEqual(camera.publish("nb/v1/motion", motion({})).reason, 0)
        code = self.does("release", f"device/{name}")["code"]  # as `household show` and the others name it
        camera.closed()
        self.assertNotIn(f"device/{name}", self.shown(giver)["members"])
        again = self.raw()
        self.assertEqual(again.connect(username=f"device/{name}", password=self.home.tokens[f"device/{name}"].encode(),
                                       client_id="old").reason, REFUSED, "who had its token has it no more")
        self.assertIn("not one that is good here", self.refusal("verify", taker, "--code", "BBBB-BBBB"))
        given, taken = self.logged(giver), self.logged(taker)

        accepted = self.does("accept", taker, code)
        self.assertEqual((accepted["device"], accepted["household"]), (name, taker))
        self.assertIn(f"device/{name}", self.shown(taker)["members"])
        self.home.token(f"device/{name}", "--ttl", "30d")
        camera = self.client(f"device/{name}")
        early = camera.publish("nb/v1/motion", motion({"at": str(now_ms() - 3600000)}))
        self.assertEqual(early.reason, REFUSED)
        self.assertIn("before the device came", str(early.props))
        self.assertEqual(camera.publish("nb/v1/motion", motion({"at": str(now_ms())})).reason, 0)
        self.assertEqual((self.logged(giver), self.logged(taker)), (given, taken + 1))
        self.assertEqual(self.stack.redis_command("HGET", f"nb:{{p:device/{name}}}:principal", "share"), "0")
        self.assertIn("not one that is good here", self.refusal("accept", giver, code))


if __name__ == "__main__":
    unittest.main()
