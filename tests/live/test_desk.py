"""An agency's desk: what it is told of its own, an alert that a colleague goes on with, and what an alert would look like."""
import json
import subprocess
import unittest
import urllib.request

import case
import mqtt
from case import HERE, alert, now_ms, unique

CIRCLE = {"circle": {"center": {"latE7": round(HERE[0] * 1e7), "lonE7": round(HERE[1] * 1e7)}, "radiusM": 300}}
NOT_ALLOWED, OTHER, NOT_READABLE = 0x87, 0x83, 0x99


class Desk(case.LiveCase):
    def setUp(self):
        super().setUp()
        self.agency = unique("agency/police")
        self.lee = self.officer("lee", *self.certificate())
        self.kim = self.officer("kim")

    def certificate(self):
        path = self.home.folder / "desk.pem"
        if not path.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.home.folder / "desk.key", "-out",
                            path, "-days", "2", "-subj", "/CN=desk"], check=True, capture_output=True)
        return ("--certificate", str(path))

    def officer(self, name, *options, agency=None):
        """A connection of that officer of the agency, which follows its inbox."""
        token = self.home.token(agency or self.agency, "--name", "Desk Police", "--officer", name, *options)
        connection = self.raw()
        connack = connection.connect(username=agency or self.agency, password=token.encode(), client_id=unique("desk"))
        self.assertEqual(connack.reason, 0, connack)
        self.assertLessEqual(connection.subscribe("nb/v1/json/inbox/#")[0], 1)
        return connection

    def asks(self, officer, page=""):
        """What a desk is told."""
        told = []
        while True:
            self.assertEqual(officer.publish("nb/v1/desk", json.dumps({"page": page}).encode()).reason, 0)
            told.append(json.loads(officer.heard(lambda p: p.topic == "nb/v1/json/inbox/reply/desk").payload))
            page = told[-1].get("next")
            if not page:
                return told

    def says(self, officer, topic, reason=0, **fields):
        ack = officer.publish(f"nb/v1/{topic}", json.dumps(fields).encode())
        self.assertEqual(ack.reason, reason, ack)
        return dict(ack.props.get("user", [])), ack

    def warns(self, officer, reason=0, **fields):
        ack = officer.publish("nb/v1/alert", alert(**fields))
        self.assertEqual(ack.reason, reason, ack)
        return dict(ack.props.get("user", [])).get("public-id"), ack

    # ---- alerts

    def test_a_colleague_goes_on_with_an_alert(self):
        first, _ = self.warns(self.lee, headline="Gas leak")
        [desk] = self.asks(self.kim)
        self.assertEqual((desk["officer"], desk["agencyName"]), ("kim", "Desk Police"))
        self.assertTrue(desk["drilled"] and desk["certificate"] and desk["secondOfficer"])
        [listed] = desk["alerts"]
        self.assertEqual((listed["alert"]["publicId"], listed["alert"]["revision"], listed["officer"]), (first, 1, "lee"))
        self.assertNotIn("senderAlertId", listed["alert"])
        follower = self.follower("user/fred")
        again, _ = self.warns(self.kim, msgType="UPDATE", publicId=first, headline="Gas leak, larger")
        self.assertEqual(again, first)
        self.assertEqual(self.headline(follower, "Gas leak, larger")[1]["alert"]["revision"], 2)
        self.warns(self.lee, msgType="CANCEL", publicId=first, headline=None, place=None, category=None, expires=None)
        self.items(follower, lambda item: item.get("alert", {}).get("publicId") == first and item["alert"]["state"] == "ENDED")
        self.assertEqual(self.asks(self.kim)[0].get("alerts", []), [])

    def test_nobody_goes_on_with_what_is_anothers(self):
        mine, _ = self.warns(self.lee)
        residents = dict(self.client("user/ann").publish("nb/v1/alert", alert()).props["user"])["public-id"]
        other = self.officer("max", agency=unique("agency/fire"))
        for officer, public_id in ((other, mine), (self.lee, residents), (self.lee, "0" * 24), (self.lee, "none")):
            for act in ("UPDATE", "CANCEL"):
                ack = officer.publish("nb/v1/alert", alert(msgType=act, publicId=public_id))
                self.assertEqual(ack.reason, OTHER, ack)
                self.assertIn("public_id", ack.props["reason_string"])
        ack = self.client("user/ann").publish("nb/v1/alert", alert(msgType="CANCEL", publicId=residents))
        self.assertEqual(ack.reason, NOT_READABLE, ack)
        self.assertEqual(len(self.asks(self.lee)[0]["alerts"]), 1)
        self.assertEqual(self.asks(other)[0].get("alerts", []), [])

    def test_what_waits_is_listed_until_somebody_else_approved_it(self):
        grave, _ = self.warns(self.lee, severity="EXTREME", headline="Leave at once")
        [waits] = self.asks(self.kim)[0]["alerts"]
        self.assertEqual((waits["waiting"], waits["officer"], waits["alert"]["revision"]), (True, "lee", 1))
        self.says(self.lee, "verdict", NOT_ALLOWED, publicId=grave, decision="APPROVED", revision=1)
        self.says(self.kim, "verdict", publicId=grave, decision="APPROVED", revision=1)
        [stands] = self.asks(self.lee)[0]["alerts"]
        self.assertNotIn("waiting", stands)
        self.warns(self.lee, msgType="UPDATE", publicId=grave, severity="EXTREME", headline="Come back in")
        both = self.asks(self.kim)[0]["alerts"]
        self.assertEqual([(each.get("waiting", False), each["alert"]["revision"]) for each in both], [(False, 1), (True, 2)])

    def test_many_alerts_come_part_by_part(self):
        for number in range(53):
            self.warns(self.lee, headline=f"Number {number}")
        parts = self.asks(self.lee)
        self.assertEqual([len(part["alerts"]) for part in parts], [50, 3])
        self.assertEqual(len({each["alert"]["headline"] for part in parts for each in part["alerts"]}), 53)

    # ---- requests, cases, rewards

    def test_requests_cases_and_rewards(self):
        case_number = unique("case")
        _, ack = self.says(self.lee, "footage-request", senderRequestId="r1", caseNumber=case_number, incident="BURGLARY",
                           sought="A white van that left the alley going north", contact="desk@police.example", place=CIRCLE,
                           **{"from": str(now_ms() - 3600_000), "to": str(now_ms() - 60_000)})
        request = dict(ack.props["user"])["request-id"]
        self.says(self.lee, "reward", senderRewardId="s1", programme="cameras", stock=20, reward="a camera")
        tipster = self.client("user/ann")
        conversation = dict(tipster.publish("nb/v1/tip", json.dumps(
            {"senderTipId": unique("tip"), "agency": self.agency.split("/")[1], "text": "A grey van"}).encode()).props["user"])["conversation-id"]
        self.says(self.lee, "reward", senderRewardId="g1", programme="cameras", conversationId=conversation, caseNumber=case_number)
        self.says(self.lee, "reward", senderRewardId="h1", programme="cameras", redeem=1)
        [desk] = self.asks(self.kim)
        [listed] = desk["requests"]
        self.assertEqual((listed["request"]["requestId"], listed["request"]["caseNumber"], listed["officer"]), (request, case_number, "lee"))
        self.assertIn("agencyCertificate", listed["request"])  # what opens the answers is its key
        self.assertNotIn("ended", listed["request"])
        self.assertEqual(desk["programmes"], [{"programme": "cameras", "reward": "a camera", "stock": 20, "given": 1, "grants": [
            {"conversationId": conversation, "number": 1, "redeemed": True}]}])
        self.says(self.kim, "resolve", caseNumber=case_number, outcome="SOLVED")
        [desk] = self.asks(self.lee)
        self.assertEqual(desk["closed"], [{"caseNumber": case_number, "outcome": "SOLVED"}])
        self.assertTrue(desk["requests"][0]["request"]["ended"])

    def test_what_one_officer_answers_the_others_hear(self):
        tipster = self.client("user/ann")
        self.assertLessEqual(tipster.subscribe("nb/v1/json/inbox/#")[0], 1)
        conversation = dict(tipster.publish("nb/v1/tip", json.dumps(
            {"senderTipId": unique("tip"), "agency": self.agency.split("/")[1], "text": "A grey van"}).encode()).props["user"])["conversation-id"]
        self.says(self.lee, "tip", senderTipId=unique("reply"), conversationId=conversation, text="Which way?")
        for listener in (tipster, self.kim, self.officer("late")):
            told = json.loads(listener.until(mqtt.PUBLISH, 30, lambda p: b"Which way?" in p.payload).payload)
            self.assertTrue(told["fromAgency"])

    # ---- before it is sent

    def preview(self, who, token, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.home.stack.http_port}/v1/alerts?preview", data=body, headers={
            "content-type": "application/json", "authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def test_a_preview_has_the_document(self):
        body = alert(headline="Smoke over the valley", category="fire", language="en-US")
        seen = self.preview(self.agency, self.home.tokens[self.agency], body)
        path = self.home.folder / "preview.xml"
        path.write_text(seen["document"])
        self.assertTrue(self.home.stack.neighbors("cap", "check", path)[-1]["ok"])
        public_id = dict(self.lee.publish("nb/v1/alert", body).props["user"])["public-id"]
        with urllib.request.urlopen(f"http://127.0.0.1:{self.home.stack.http_port}/v1/cap/{public_id}", timeout=30) as answer:
            out = answer.read().decode()
        same = [line for line in seen["document"].splitlines() if "<sent>" not in line and "<effective>" not in line]
        self.assertEqual(same, [line for line in out.splitlines() if "<sent>" not in line and "<effective>" not in line])
        self.assertNotIn("document", self.preview("user/ann", self.home.token("user/ann"), alert()))


if __name__ == "__main__":
    unittest.main()
