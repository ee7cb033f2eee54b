"""Residents' reports of the same thing, from their PUBLISH to a follower: one incident, with the worst severity and a count,
of which each sender takes its own back."""
import json
import unittest

import case
import mqtt

METRE = 1 / 111_195  # degrees of latitude


class Reports(case.LiveCase):
    """An installation of its own, for the other tests' reports do not merge; and each test a place of its own."""
    places = 0

    @classmethod
    def setUpClass(cls):
        cls.own = case.Installation(merge_minutes=10)
        cls.addClassCleanup(cls.own.close)

    def setUp(self):
        self.home, self.port = self.own, self.own.stack.mqtt_port
        Reports.places += 1
        self.where = (case.HERE[0] + 0.1 * Reports.places, case.HERE[1])
        cell = self.home.stack.neighbors("geo", "encode", f"{self.where[0]},{self.where[1]}", "--precision", "6")[0]["cell"]
        self.filter = f"nb/v1/json/near/{cell}/1600/#"
        self.feed = self.follower(filters=(self.filter,), client_id=case.unique("reports"))
        self.clients = {}

    def options(self, who):
        if who.startswith("user/r-"):
            return ["--household", f"home-{who[5:]}", "--at", f"{case.HERE[0]},{case.HERE[1]}", "--verified-since", "-30d"]
        return super().options(who)

    def publish(self, name, content):
        if name not in self.clients:
            self.clients[name] = self.client(f"user/r-{name}")
        answer = self.clients[name].publish("nb/v1/alert", content)
        self.assertEqual(answer.reason, 0, answer)

    def tell(self, name, metres=0, severity="MODERATE", **fields):
        """A report so far north of the test's place. Gives back its id among the sender's."""
        identifier = fields.pop("identifier", None) or case.unique("report")
        place = (self.where[0] + metres * METRE, self.where[1])
        self.publish(name, case.alert(identifier, place, severity=severity, headline=f"A man with a crowbar, says {name}",
                                      description="He tries the doors, one after the other, and walks north.", **fields))
        return identifier

    def cancel(self, name, identifier):
        self.publish(name, json.dumps({"senderAlertId": case.unique("cancel"), "msgType": "CANCEL",
                                       "references": [identifier]}).encode())

    def state(self, wanted):
        """The next state of an alert for which this is so; they come in order, and none is missing."""
        return self.items(self.feed, lambda item: "alert" in item and wanted(item["alert"]))[1]["alert"]

    def test_two_reports_are_one_incident(self):
        first = self.tell("ann")
        began = self.state(lambda alert: True)
        self.assertEqual((began["revision"], began.get("merged", 1), began["severity"]), (1, 1, "MODERATE"))
        second = self.tell("bob", metres=60, severity="EXTREME")
        both = self.state(lambda alert: True)
        self.assertEqual((both["publicId"], both["revision"], both["merged"]), (began["publicId"], 2, 2))
        self.assertEqual((both["severity"], both["headline"]), ("EXTREME", began["headline"]))
        self.cancel("ann", first)
        left = self.state(lambda alert: True)
        self.assertEqual((left["publicId"], left["revision"], left["merged"]), (began["publicId"], 3, 1))
        self.assertEqual((left["severity"], left["headline"]), ("EXTREME", "A man with a crowbar, says bob"))
        self.cancel("bob", second)
        ended = self.state(lambda alert: True)
        self.assertEqual((ended["publicId"], ended["revision"], ended["state"]), (began["publicId"], 4, "ENDED"))

    def test_what_is_farther_or_of_another_kind_stands_alone(self):
        self.tell("ann")
        self.tell("bob", metres=400)
        self.tell("cid", category="fire")
        seen = [self.state(lambda alert: True) for _ in range(3)]
        self.assertEqual(len({alert["publicId"] for alert in seen}), 3)
        self.assertEqual([alert["revision"] for alert in seen], [1, 1, 1])

    def test_a_repeat_counts_once(self):
        content = {"expires": str(case.now_ms() + 600_000)}
        self.tell("ann")
        again = self.tell("bob", metres=30, **content)
        self.tell("bob", metres=30, identifier=again, **content)
        self.tell("cid", metres=30)
        last = self.state(lambda alert: "cid" in alert["headline"] or alert.get("merged", 1) >= 3)
        self.assertEqual((last["merged"], last["revision"]), (3, 3))

    def kill_and_restart(self):
        self.own.stack.kill("neighborsd")
        self.own.stack.start_broker()

    def test_whatever_is_killed_each_counts_once(self):
        """Killed at any step of it; what was not acknowledged is sent again, as every client does."""
        names = [case.unique("many") for _ in range(8)]
        expires = str(case.now_ms() + 600_000)
        packets = {name: mqtt.publish("nb/v1/alert", case.alert(
            f"of-{name}", (self.where[0] + 5 * n * METRE, self.where[1]), headline=f"A man with a crowbar, says {name}",
            description="He tries the doors, one after the other, and walks north.", expires=expires))
            for n, name in enumerate(names)}
        left = list(names)
        for _ in range(5):
            clients = {name: self.client(f"user/r-{name}", client_id=name) for name in left}
            for name, client in clients.items():
                client.send(packets[name])
            clients[left[0]].until(mqtt.PUBACK)
            self.kill_and_restart()
            left = left[1:]
        clients = {name: self.client(f"user/r-{name}", client_id=name) for name in names}
        for name, client in clients.items():
            client.send(packets[name])
        for client in clients.values():
            self.assertEqual(client.until(mqtt.PUBACK).reason, 0)
        incidents, feed = {}, self.follower(filters=(self.filter,), client_id=case.unique("reports"))
        while sum(incidents.values()) != len(names):
            alert = self.items(feed, lambda item: "alert" in item)[1]["alert"]
            incidents[alert["publicId"]] = alert.get("merged", 1)
        self.assertEqual(len(incidents), 1, incidents)


if __name__ == "__main__":
    unittest.main()
