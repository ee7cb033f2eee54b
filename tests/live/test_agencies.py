"""Agencies: the drill before the first alert, and the officers who may act."""
import unittest

import case
from case import alert, unique
import mqtt

TESTS, REPLIES = "nb/v1/json/near/9qh1f5/1600/test/#", "nb/v1/json/inbox/#"
REFUSED = 0x87


class Drill(case.LiveCase):
    def agency(self, *options):
        """An agency that has not been drilled."""
        name = unique("agency/fire")
        self.home.token(name, "--name", "Sample Fire", "--drill", "yes", *options)
        return name

    def credentials(self, who):
        """Who was enrolled is not enrolled anew."""
        token = self.home.tokens.get(who)
        return {"username": who, "password": token.encode()} if token else super().credentials(who)

    def test_the_first_alert_is_a_test_that_comes_back(self):
        name = self.agency()
        desk = self.client(name)
        ack = desk.publish("nb/v1/alert", alert(headline="Smoke over the valley"))
        self.assertEqual(ack.reason, REFUSED)
        self.assertIn("drill", str(ack.props))

        # Sent and not heard by the agency: not drilled.
        other = self.follower("user/fred", (TESTS,))
        self.assertEqual(desk.publish("nb/v1/alert", alert(status="TEST", headline="Drill one")).reason, 0)
        self.headline(other, "Drill one")
        self.assertEqual(desk.publish("nb/v1/alert", alert(headline="Smoke over the valley")).reason, REFUSED)

        # Heard and acknowledged by its own follower.
        watcher = self.follower(name, (TESTS, REPLIES))
        self.headline(watcher, "Drill one")
        told = watcher.until(mqtt.PUBLISH, 20, lambda p: p.topic == "nb/v1/json/inbox/reply/moderation")
        self.assertIn(b"drilled", told.payload)
        public = self.follower("user/fred")
        self.assertEqual(desk.publish("nb/v1/alert", alert(headline="Smoke over the valley")).reason, 0)
        self.headline(public, "Smoke over the valley")

    def test_anothers_test_is_no_drill(self):
        one, other = self.agency(), self.agency()
        watcher = self.follower(one, (TESTS,))
        self.assertEqual(self.client(other).publish("nb/v1/alert", alert(status="TEST", headline="Not yours")).reason, 0)
        self.headline(watcher, "Not yours")
        self.assertEqual(watcher.publish("nb/v1/alert", alert()).reason, REFUSED)

    def test_the_operator_may_waive_it(self):
        name = self.agency()
        desk = self.client(name)
        self.assertEqual(desk.publish("nb/v1/alert", alert()).reason, REFUSED)
        self.home.token(name, "--drill", "no")
        self.assertEqual(self.client(name).publish("nb/v1/alert", alert()).reason, 0)

    def test_who_is_not_on_the_list_does_not_act(self):
        name = self.agency("--officer", "lee")
        identifier = name.split("/")[1]
        lee = self.client(name)
        self.home.stack.neighbors("agency", "officer", "remove", identifier, "lee")
        self.assertTrue(any(p.kind == mqtt.DISCONNECT for p in lee.closed()))
        again = self.raw()
        self.assertEqual(again.connect(username=name, password=self.home.tokens[name].encode()).reason, REFUSED)
        self.home.stack.neighbors("agency", "officer", "add", identifier, "lee")
        self.assertEqual(self.client(name).connack.reason, 0)


if __name__ == "__main__":
    unittest.main()
