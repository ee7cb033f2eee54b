"""Alerts that can be trusted, over MQTT to a real neighborsd and a real Redis: corroboration, flags and moderation, a second
officer, merging, and CAP documents, signed ones too. On an installation of its own, which merges reports."""
import datetime
import json
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import mqtt
from case import HERE, Installation, LiveCase, alert, now_ms, unique

ALERT, WITNESS, FLAG, VERDICT = "nb/v1/alert", "nb/v1/witness", "nb/v1/flag", "nb/v1/verdict"
NEAR = (HERE[0] + 0.0006, HERE[1])  # 67 m north
# Around the neighborhood, and what CAP calls it.
SQUARE = [[-118.06, 34.05], [-118.0, 34.05], [-118.0, 34.1], [-118.06, 34.1], [-118.06, 34.05]]
BLOCK = "34.075,-118.033 34.075,-118.030 34.078,-118.030 34.078,-118.033 34.075,-118.033"
FAR = "34.3,-118.5 34.3,-118.4 34.4,-118.4 34.3,-118.5"


def properties(answer):
    return dict(answer.props.get("user", []))


def cap_time(minutes=0):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return when.strftime("%Y-%m-%dT%H:%M:%S-00:00")


def cap(identifier, headline="A garage burns", area=f"<polygon>{BLOCK}</polygon>", msg_type="Alert", references="", sent=None,
        severity="Severe", signature=""):
    info = "" if msg_type == "Cancel" else (
        "<info><category>Fire</category><event>Structure fire</event><urgency>Immediate</urgency>"
        f"<severity>{severity}</severity><certainty>Observed</certainty><expires>{cap_time(60)}</expires>"
        f"<headline>{headline}</headline><description>Keep windows shut.</description>"
        f"<area><areaDesc>El Monte</areaDesc>{area}</area></info>")
    named = f"<references>{references}</references>" if references else ""
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
            f"<identifier>{identifier}</identifier><sender>fire@example.org</sender><sent>{sent or cap_time()}</sent>"
            f"<status>Actual</status><msgType>{msg_type}</msgType><scope>Public</scope>{named}{info}{signature}</alert>").encode()


class Trust(LiveCase):
    @classmethod
    def setUpClass(cls):
        cls.own = Installation(merge_minutes=10)
        folder = cls.own.folder
        for name, rings in (("here", SQUARE), ("codes", SQUARE)):
            feature = {"type": "Feature", "properties": {"code": "006901"}, "geometry": {"type": "Polygon", "coordinates": [rings]}}
            (folder / f"{name}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        cls.own.stack.neighbors("geocodes", "import", "--scheme", "SAME", "--property", "code", str(folder / "codes.geojson"))

    @classmethod
    def tearDownClass(cls):
        cls.own.close()

    def setUp(self):
        self.home, self.port = self.own, self.own.stack.mqtt_port
        self.feed = self.follower("user/fred")

    def options(self, who):
        role, identifier = who.split("/")
        if role == "user":
            return ["--household", f"house-{identifier}", "--at", f"{HERE[0]},{HERE[1]}", "--verified-since", "-30d"]
        return ["--name", "Sample Fire", "--jurisdiction", str(self.own.folder / "here.geojson")] if role == "agency" else []

    def officer(self, name, agency="agency/fire"):
        """A connection of that agency whose token names the officer."""
        self.home.token(agency, *self.options(agency), "--officer", name)
        connection = self.raw()
        connection.connack = connection.connect(client_id=unique(name), username=agency, password=self.home.tokens[agency].encode())
        self.assertEqual(connection.connack.reason, 0)
        return connection

    def author(self):
        connection = self.client(f"user/{unique('author')}")
        connection.subscribe("nb/v1/json/inbox/#")
        return connection

    def report(self, author, category, where=HERE, **fields):
        answer = author.publish(ALERT, alert(category=category, where=where, **fields))
        self.assertEqual(answer.reason, 0, answer)
        return properties(answer)["public-id"]

    def say(self, connection, topic, public_id, **fields):
        return connection.publish(topic, json.dumps({"publicId": public_id} | fields).encode())

    def neighbors(self, count):
        return [self.client(f"user/{unique('neighbor')}") for _ in range(count)]

    def state(self, public_id, **wanted):
        """The next state of that alert that the follower sees with these fields."""
        return self.items(self.feed, lambda item: item.get("alert", {}).get("publicId") == public_id and
                          all(item["alert"].get(name) == value for name, value in wanted.items()))[1]["alert"]

    def told(self, author):
        """The next word of moderation on the author's inbox."""
        packet = author.until(mqtt.PUBLISH, 30, lambda p: p.topic.endswith("/inbox/reply/moderation"))
        return json.loads(packet.payload)

    # ---- residents ----

    def test_three_households_make_it_corroborated(self):
        public_id = self.report(self.author(), "hazard")
        self.assertEqual(self.state(public_id, revision=1)["truth"], "UNVERIFIED")
        for neighbor in self.neighbors(3):
            self.assertEqual(self.say(neighbor, WITNESS, public_id, remark="I saw it").reason, 0)
        self.assertEqual(self.state(public_id, revision=2)["truth"], "CORROBORATED")
        self.assertEqual(self.say(self.officer("lee"), VERDICT, public_id, decision="REFUTED", reason="a film was shot").reason, 0)
        self.assertEqual(self.state(public_id, revision=3)["truth"], "REFUTED")

    def test_flags_hold_it_and_a_moderator_releases_it(self):
        author = self.author()
        public_id = self.report(author, "other")
        self.state(public_id, state="IN_FORCE")
        for neighbor in self.neighbors(3):
            self.assertEqual(self.say(neighbor, FLAG, public_id, reason="DISCRIMINATION").reason, 0)
        self.state(public_id, state="ENDED")
        held = self.told(author)
        self.assertEqual((held["publicId"], held["decision"]), (public_id, "held"))
        self.assertEqual(self.say(author, FLAG, public_id, reason="OTHER", remark="it says what was done").reason, 0)
        desk = self.client("operator/desk")
        self.assertEqual(self.say(desk, VERDICT, public_id, decision="RELEASED").reason, 0x99)
        self.assertEqual(self.say(desk, VERDICT, public_id, decision="RELEASED", reason="nothing wrong").reason, 0)
        self.state(public_id, state="IN_FORCE", revision=3)
        released = self.told(author)
        self.assertEqual((released["decision"], released["reason"]), ("released", "nothing wrong"))

    def test_reports_of_the_same_thing_are_one_and_are_taken_back(self):
        first, second, third = self.author(), self.author(), self.author()
        public_id = self.report(first, "medical", severity="MINOR")
        own = unique("part")
        answer = second.publish(ALERT, alert(own, category="medical", where=NEAR, severity="SEVERE"))
        self.assertEqual(properties(answer)["public-id"], public_id)
        merged = self.state(public_id, merged=2)
        self.assertEqual(merged["severity"], "SEVERE")
        self.assertNotEqual(self.report(third, "fire"), public_id)
        self.assertEqual(second.publish(ALERT, alert(unique("back"), msgType="CANCEL", references=[own], category=None, headline=None,
                                                     description=None, place=None)).reason, 0)
        self.assertEqual(self.state(public_id, merged=1)["state"], "IN_FORCE")

    def test_a_ban_is_told_with_its_reason(self):
        author, name = self.author(), "user/banned"
        banned = self.client(name)
        self.home.token("operator/desk")
        self.own.stack.neighbors("moderate", "ban", name, "--as", "operator/desk", "--for", "1h", "--reason", "spreads rumours")
        deadline, answer = time.monotonic() + 30, None
        while answer is None or answer.reason == 0:  # whoever is connected is barred when the broker has heard of it
            self.assertLess(time.monotonic(), deadline, "the broker does not hear of the ban")
            answer = banned.publish(ALERT, alert(category="safety"))
        self.assertEqual(answer.reason, 0x87, answer)
        self.assertIn("spreads rumours", answer.props["reason_string"])
        self.report(author, "lost_pet")

    # ---- agencies ----

    def test_a_second_officer_lets_it_out(self):
        lee, headline = self.officer("lee"), unique("Leave now")
        answer = lee.publish(ALERT, alert(category="weather", headline=headline, severity="EXTREME"))
        told = properties(answer)
        self.assertIn("pending", told)
        public_id, revision = told["public-id"], int(told["revision"])
        self.assertEqual(self.say(lee, VERDICT, public_id, decision="APPROVED", revision=revision).reason, 0x87)
        kim = self.officer("kim")
        self.assertEqual(self.say(kim, VERDICT, public_id, decision="APPROVED", revision=revision + 1).reason, 0x83)
        self.assertEqual(self.say(kim, VERDICT, public_id, decision="APPROVED", revision=revision).reason, 0)
        self.assertEqual(self.headline(self.feed, headline)[1]["alert"]["publicId"], public_id)

    def test_a_document_is_delivered_updated_and_cancelled(self):
        fire, sent = self.officer("lee"), cap_time(-1)
        first, headline = unique("cap"), unique("A garage burns")
        answer = fire.publish(ALERT, cap(first, headline, sent=sent), props={"content_type": "application/cap+xml"})
        self.assertEqual(answer.reason, 0, answer)
        found = self.headline(self.feed, headline)[1]["alert"]
        self.assertEqual((found["senderKind"], found["category"], found["severity"], found["hasDocument"]),
                         ("AGENCY", "fire", "SEVERE", True))
        reference = f"fire@example.org,{first},{sent}"
        self.assertEqual(fire.publish(ALERT, cap(unique("cap"), headline + " out", msg_type="Update", references=reference)).reason, 0)
        self.assertEqual(self.headline(self.feed, headline + " out")[1]["alert"]["publicId"], found["publicId"])
        self.assertEqual(fire.publish(ALERT, cap(unique("cap"), msg_type="Cancel", references=reference)).reason, 0)
        self.state(found["publicId"], state="ENDED")

    def test_an_alert_that_comes_after_its_cancel_stays_dead(self):
        fire, first, sent, headline = self.officer("lee"), unique("cap"), cap_time(-1), unique("Never shown")
        self.assertEqual(fire.publish(ALERT, cap(unique("cap"), msg_type="Cancel", references=f"fire@example.org,{first},{sent}")).reason, 0)
        late = fire.publish(ALERT, cap(first, headline, sent=sent))
        self.assertEqual(late.reason, 0)
        self.assertIn("cancelled", properties(late)["not-shown"])
        mark = unique("Shown after it")
        self.assertEqual(fire.publish(ALERT, cap(unique("cap"), mark)).reason, 0)
        self.items(self.feed, lambda item: self.assertNotEqual(item.get("alert", {}).get("headline"), headline) or
                   item.get("alert", {}).get("headline") == mark)

    def test_places_by_codes_and_what_has_none(self):
        fire, headline = self.officer("lee"), unique("By code")

        def code(value):
            return f"<geocode><valueName>SAME</valueName><value>{value}</value></geocode>"

        answer = fire.publish(ALERT, cap(unique("cap"), headline, code("006901")))
        self.assertEqual((answer.reason, "refused" in properties(answer)), (0, False), answer)
        self.headline(self.feed, headline)
        two = code("006901") + "</area><area><areaDesc>Elsewhere</areaDesc>" + code("006999")
        answer = fire.publish(ALERT, cap(unique("cap"), area=two))
        self.assertEqual(answer.reason, 0)
        self.assertIn("R40: no area is known for SAME 006999", properties(answer)["refused"])
        answer = fire.publish(ALERT, cap(unique("cap"), area=code("006999")))
        self.assertEqual(answer.reason, 0x99)
        self.assertIn("R40: ", answer.props["reason_string"])
        answer = fire.publish(ALERT, cap(unique("cap"), area=f"<polygon>{FAR}</polygon>"))
        self.assertEqual(answer.reason, 0x87)
        self.assertIn("jurisdiction", answer.props["reason_string"])

    def test_a_broken_document_is_refused_with_line_and_rule(self):
        answer = self.officer("lee").publish(ALERT, cap(unique("cap"), area="<polygon>34,-118 34,-117 35,-117 35,-118</polygon>"))
        self.assertEqual(answer.reason, 0x99)
        self.assertTrue(answer.props["reason_string"].startswith("line 2: R38: "), answer)

    @unittest.skipUnless(shutil.which("xmlsec1") and shutil.which("openssl"), "needs xmlsec1 and openssl to sign with")
    def test_who_must_sign_is_held_to_it(self):
        folder = Path(tempfile.mkdtemp(dir=self.own.folder))
        for name in ("own", "other"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Sample Fire", "-days", "2",
                            "-keyout", f"{name}.key", "-out", f"{name}.pem"], cwd=folder, check=True, capture_output=True)
        token = self.own.stack.enroll("agency/signs", "--name", "Signs", "--must-sign", "yes", "--certificate", str(folder / "own.pem"))
        agency = self.raw()
        agency.connect(client_id=unique("signs"), username="agency/signs", password=token.encode())

        def signed(document, key):
            (folder / "in.xml").write_bytes(document)
            subprocess.run(["xmlsec1", "--sign", "--privkey-pem", f"{key}.key,{key}.pem", "--output", "out.xml", "in.xml"], cwd=folder,
                           check=True, capture_output=True)
            return (folder / "out.xml").read_bytes()

        headline = unique("Signed")
        good = signed(cap(unique("cap"), headline, signature=SIGNATURE), "own")
        answer = agency.publish(ALERT, good)
        self.assertEqual(answer.reason, 0, answer)
        self.headline(self.feed, headline)
        before = self.own.stack.neighbors("moderate", "stats")[-1].get("refused", 0)
        for bad in (cap(unique("cap")), good.replace(b"Keep windows shut", b"Open the windows!"),
                    signed(cap(unique("cap"), signature=SIGNATURE), "other"), alert(expires=str(now_ms() + 60000))):
            answer = agency.publish(ALERT, bad)
            self.assertEqual(answer.reason, 0x87, (bad[:200], answer))
        counts = self.own.stack.neighbors("moderate", "stats")[-1]
        self.assertEqual(counts["refused"], before + 4, counts)


SIGNATURE = ('<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>'
             '<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
             '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI=""><Transforms>'
             '<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
             '<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms>'
             '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference></SignedInfo>'
             '<SignatureValue/></Signature>')


if __name__ == "__main__":
    unittest.main()
