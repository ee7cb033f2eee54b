"""What people say of alerts, at the command line: witnesses, flags and appeals, verdicts, the moderator's desk; and an
agency's CAP documents."""
import datetime
import json
import unittest

from case import HERE, ROOT, unique
from test_cli import AT, CommandCase
from test_cli_operator import SQUARE, feature

NEIGHBORS = ("ben", "cat", "dan")
AUTHOR = "author-phone"
AREA = f"{HERE[0]},{HERE[1]} {HERE[0]},{HERE[1] + 0.01} {HERE[0] + 0.01},{HERE[1] + 0.01} {HERE[0]},{HERE[1]}"


def cap_time(minutes=0):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return when.strftime("%Y-%m-%dT%H:%M:%S-00:00")


def cap(identifier, headline, severity="Moderate", area=f"<polygon>{AREA}</polygon>"):
    """A CAP document for the neighborhood."""
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
            f"<identifier>{identifier}</identifier><sender>fire.example</sender><sent>{cap_time()}</sent>"
            "<status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><language>en-US</language>"
            f"<category>Fire</category><event>Brush fire</event><urgency>Immediate</urgency><severity>{severity}</severity>"
            f"<certainty>Observed</certainty><expires>{cap_time(60)}</expires><headline>{headline}</headline>"
            f"<description>Smoke over the canyon.</description><area><areaDesc>Canyon</areaDesc>{area}</area></info></alert>")


class OpinionCase(CommandCase):
    def setUp(self):
        super().setUp()
        for name in ("ann", *NEIGHBORS):
            self.home.token(f"user/{name}-o", "--household", f"house-{name}", "--at", AT, "--verified-since", "-30d")
        self.home.token("operator/desk")
        self.headline = unique("Man with a crowbar at the garage")

    def report(self, *words):
        """A resident's report that merges with no other; its public id, and the feed that shows what becomes of it."""
        feed = self.watch("--at", AT, "--json")
        where = f"{HERE[0] + 0.006 * (self.number() % 3 - 1)},{HERE[1]}"
        self.done("publish", "alert", "--as", "user/ann-o", "--at", where, "--category", self.category(), "--headline",
                  self.headline, "--description", "He tries the doors, one after the other, and walks north.", "--client", AUTHOR,
                  *words)
        return self.until(feed, self.headline)["alert"]["publicId"], feed

    reports = 0

    def number(self):
        OpinionCase.reports += 1
        return OpinionCase.reports

    def category(self):
        """Reports of the same kind near each other become one: each test has one of its own."""
        return ("crime", "safety", "suspicious", "fire", "medical", "hazard", "weather", "other")[OpinionCase.reports % 8]

    def next_state(self, feed, public_id):
        for line in feed.stdout:
            alert = json.loads(line).get("alert", {})
            if alert.get("publicId") == public_id:
                return alert
        return self.fail(feed.stderr.read())

    def flag_by_all(self, public_id):
        for name in NEIGHBORS:
            self.done("flag", public_id, "--as", f"user/{name}-o", "--reason", "false_report", "--remark", f"so says {name}")

    def refused(self, *words):
        code, objects, complaint = self.run_command(*words)
        self.assertEqual(code, 1, complaint)
        return objects[0].get("text") or objects[0]["error"]


class Opinions(OpinionCase):
    def test_neighbors_who_saw_it_corroborate(self):
        public_id, feed = self.report()
        for name in NEIGHBORS:
            self.done("witness", public_id, "--as", f"user/{name}-o", "--remark", "from the window")
        state = self.next_state(feed, public_id)
        self.assertEqual((state["truth"], state["revision"]), ("CORROBORATED", 2))

    def test_an_agency_confirms_and_refutes(self):
        public_id, feed = self.report()
        self.done("verdict", public_id, "--as", "agency/fire-7", "--decision", "confirmed")
        self.assertEqual(self.next_state(feed, public_id)["truth"], "CONFIRMED")
        self.done("verdict", public_id, "--as", "agency/fire-7", "--decision", "refuted", "--reason", "a locksmith")
        self.assertEqual(self.next_state(feed, public_id)["truth"], "REFUTED")

    def test_what_is_refused_is_named(self):
        self.assertIn("public_id", self.refused("witness", "0" * 24, "--as", "user/ben-o"))
        public_id, _ = self.report()
        self.assertIn("own", self.refused("witness", public_id, "--as", "user/ann-o"))
        self.assertIn("sender", self.refused("flag", public_id, "--as", "user/fred", "--reason", "spam"))
        self.refused("verdict", public_id, "--as", "agency/fire-7", "--decision", "removed", "--reason", "x")


class Desk(OpinionCase):
    def held(self):
        public_id, feed = self.report()
        self.flag_by_all(public_id)
        self.assertEqual(self.next_state(feed, public_id)["state"], "ENDED")
        return public_id, feed

    def told(self, decision):
        """What the sender's own session is told."""
        author = self.watch("--as", "user/ann-o", "--at", AT, "--json", "--client", AUTHOR)
        for line in author.stdout:
            notice = json.loads(line).get("moderation")
            if notice and notice["decision"] == decision and notice["publicId"] == self.public_id:
                self.end(author)  # or it would take the session over again, and what comes next with it
                return notice
        return self.fail(author.stderr.read())

    def notice(self, process):
        """The next thing of moderation that a `watch --json` shows."""
        for line in process.stdout:
            told = json.loads(line).get("moderation")
            if told:
                return told
        return self.fail(process.stderr.read())

    def test_what_neighbors_hold_is_listed_appealed_and_released(self):
        self.public_id, feed = self.held()
        self.assertTrue(self.told("held")["reason"])
        self.done("flag", self.public_id, "--as", "user/ann-o", "--remark", "I saw it myself")
        row = next(row for row in self.done("moderate", "list") if row["public_id"] == self.public_id)
        self.assertEqual((row["held"], row["flags"], row["appeal"], row["sender"]), (True, 3, "I saw it myself", "user/ann-o"))
        shown = self.done("moderate", "show", self.public_id)[0]
        self.assertEqual(shown["alert"]["headline"], self.headline)
        self.assertEqual({flag["remark"] for flag in shown["flagged"]}, {f"so says {name}" for name in NEIGHBORS})
        self.assertNotIn("house-", json.dumps(shown), "who flagged it is nobody's business")
        self.done("moderate", "release", self.public_id, "--as", "operator/desk", "--reason", "the flags were wrong")
        self.assertEqual(self.next_state(feed, self.public_id)["state"], "IN_FORCE")
        self.assertEqual(self.told("released")["reason"], "the flags were wrong")
        self.assertNotIn(self.public_id, [row["public_id"] for row in self.done("moderate", "list")])

    def test_what_is_removed_stays_away_and_is_counted(self):
        before = self.done("moderate", "stats")[0]
        person = self.watch("--at", AT)
        self.public_id, _ = self.held()
        line = next(line for line in person.stdout if "ENDED: taken away" in line)
        self.assertRegex(line, r"^ *\d\d:\d\d +alert +a resident +ENDED: taken away, nothing of it is shown$")
        self.done("moderate", "remove", self.public_id, "--as", "operator/desk", "--reason", "describes looks alone")
        self.assertEqual(self.told("removed")["reason"], "describes looks alone")
        after = self.done("moderate", "stats")[0]
        for what, rise in (("flagged", 3), ("held", 1), ("removed", 1), ("held_now", 0)):
            self.assertEqual(after.get(what, 0) - before.get(what, 0), rise, what)
        acts = self.done("moderate", "show", self.public_id)[0]["acts"]
        self.assertEqual([act["what"] for act in acts], ["held", "removed"])
        self.assertEqual((acts[1]["by"], acts[1]["reason"]), ("operator/desk", "describes looks alone"))

    def test_a_reason_is_asked_for(self):
        public_id, _ = self.report()
        code, _, _ = self.run_command("moderate", "remove", public_id, "--as", "operator/desk")
        self.assertEqual(code, 2)
        self.refused("moderate", "release", public_id, "--as", "agency/fire-7", "--reason", "x")

    def test_the_banned_are_told_and_may_come_back(self):
        who = unique("user/loud")
        self.home.token(who)
        post = ("publish", "alert", "--as", who, "--at", AT, "--category", "lost_pet", "--headline", "Grey cat ran north",
                "--description", "She ran north over the fence.")
        phone = self.watch("--as", who, "--at", AT, "--json", "--client", "phone")
        self.done("moderate", "ban", who, "--as", "operator/desk", "--for", "1d", "--reason", "three false reports")
        notice = self.notice(phone)
        self.assertEqual((notice["decision"], notice["reason"]), ("banned", "three false reports"))
        self.assertGreater(notice["until"], notice["at"])
        self.assertIn("three false reports", self.refused(*post))
        self.assertEqual([ban["reason"] for ban in self.done("moderate", "list", "--bans") if ban["principal"] == who],
                         ["three false reports"])
        self.done("moderate", "unban", who, "--as", "operator/desk", "--reason", "appeal granted")
        self.assertEqual(self.notice(phone)["decision"], "unbanned")
        self.assertIn("is not banned", self.refused("moderate", "unban", who, "--as", "operator/desk", "--reason", "again"))
        self.done(*post)
        self.assertNotIn(who, [ban["principal"] for ban in self.done("moderate", "list", "--bans")])
        self.assertIn("is not enrolled", self.refused("moderate", "ban", "user/nobody-here", "--as", "operator/desk", "--for",
                                                      "1d", "--reason", "x"))


class Documents(OpinionCase):
    def file(self, text):
        path = self.home.folder / unique("document.xml")
        path.write_text(text)
        return path

    def test_a_document_is_published_and_seen(self):
        feed = self.watch("--at", AT, "--json")
        path = self.file(cap(unique("cap"), self.headline))
        told = self.done("publish", "cap", "--as", "agency/fire-7", path)[0]
        self.assertEqual((told["ok"], told["file"]), (True, str(path)))
        alert = self.until(feed, self.headline)["alert"]
        self.assertEqual((alert["severity"], alert["event"], alert["senderName"]), ("MODERATE", "Brush fire", "Agency fire-7"))

    def test_each_document_has_its_answer(self):
        good, bad = self.file(cap(unique("cap"), self.headline)), self.file(cap(unique("a b"), self.headline))
        code, objects, _ = self.run_command("publish", "cap", "--as", "agency/fire-7", good, bad, "/nonexistent")
        self.assertEqual(code, 1)
        self.assertEqual([told["ok"] for told in objects], [True, False, False])
        self.assertIn("R06", objects[1]["text"])

    def test_a_second_officer_approves(self):
        for officer in ("lee", "kim"):
            token = self.home.folder / f"{officer}.token"
            self.done("enroll", "agency", "pd-o", "--name", "Police", "--officer", officer, "--drill", "no", "--token-file", token)
        feed = self.watch("--at", AT, "--json")
        lee, kim = (("--as", "agency/pd-o", "--token-file", self.home.folder / f"{name}.token") for name in ("lee", "kim"))
        told = self.done("publish", "cap", *lee, self.file(cap(unique("cap"), self.headline, "Extreme")))[0]
        self.assertIn("pending", dict(told["properties"]), told)
        public_id = told["public_id"]
        looked_at = ("--decision", "approved", "--revision", told["revision"])
        self.assertIn("officer", self.refused("verdict", public_id, *lee, *looked_at))
        self.done("verdict", public_id, *kim, *looked_at)
        self.assertEqual(self.until(feed, self.headline)["alert"]["publicId"], public_id)

    def test_a_preview_sends_nothing(self):
        http = ("--http", f"http://127.0.0.1:{self.home.stack.http_port}")
        told = self.done("publish", "cap", "--as", "agency/fire-7", "--preview", *http,
                         self.file(cap(unique("cap"), self.headline)))[0]
        self.assertTrue(told["cells"])
        self.assertGreater(told["area_km2"], 0)
        feed, after = self.watch("--at", AT, "--json"), unique("After")
        self.done("publish", "cap", "--as", "agency/fire-7", self.file(cap(unique("cap"), after)))
        for line in feed.stdout:
            headline = json.loads(line).get("alert", {}).get("headline")
            self.assertNotEqual(headline, self.headline)
            if headline == after:
                break
        code, _, _ = self.run_command("publish", "cap", "--as", "agency/fire-7", "--preview", "--http", "http://192.0.2.1",
                                      self.file(cap(unique("cap"), self.headline)))
        self.assertEqual(code, 2)

    def test_geocodes_that_were_imported_place_an_alert(self):
        west, north = HERE[1] - 0.05, HERE[0] - 0.05
        around = [[west + x, north + y] for x, y in ((0, 0), (0.1, 0), (0.1, 0.1), (0, 0.1), (0, 0))]
        path = self.home.folder / unique("codes")
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature([around], SAME="006999"),
                                                                               feature([SQUARE], SAME="006998")]}))
        self.done("geocodes", "import", path, "--scheme", "SAME")
        feed = self.watch("--at", AT, "--json")
        code = "<geocode><valueName>SAME</valueName><value>%s</value></geocode>"
        self.done("publish", "cap", "--as", "agency/fire-7", self.file(cap(unique("cap"), self.headline, area=code % "006999")))
        self.until(feed, self.headline)
        self.assertIn("006997", self.refused("publish", "cap", "--as", "agency/fire-7", self.file(
            cap(unique("cap"), self.headline, area=code % "006997"))))

    def test_outside_its_jurisdiction_an_agency_is_refused(self):
        path = self.home.folder / unique("area")
        path.write_text(json.dumps(feature([SQUARE])))
        name = unique("sheriff")
        self.home.token(f"agency/{name}", "--name", "Sheriff", "--jurisdiction", path)
        text = self.refused("publish", "cap", "--as", f"agency/{name}", self.file(cap(unique("cap"), self.headline)))
        self.assertIn("jurisdiction", text)


if __name__ == "__main__":
    unittest.main()
