"""HTTP: the agencies' alerts as CAP documents and their Atom feed."""
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as xml
from datetime import datetime

from case import HERE, LEAF, ROOT, alert, now_ms, point, unique
from http_case import BODY_MAX, HttpCase, cap, cap_time

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
ATOM = "{http://www.w3.org/2005/Atom}"
GEORSS = "{http://www.georss.org/georss}"
SCHEMA = ROOT.parent / "shared/data/cap/schema/CAP-v1.2.xsd"


class Documents(HttpCase):
    """The agencies' alerts as CAP 1.2."""

    def held_against_the_standard(self, document):
        path = self.home.folder / f"{unique('out')}.xml"
        path.write_bytes(document)
        self.assertTrue(self.home.stack.neighbors("cap", "check", path)[0]["ok"])
        if SCHEMA.exists() and shutil.which("xmllint"):
            done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", SCHEMA, path], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
        return xml.fromstring(document)

    def document(self, public_id):
        answer = self.get(f"/v1/cap/{public_id}")
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/cap+xml"), answer)
        return self.held_against_the_standard(answer.body)

    def entries(self, query=""):
        answer = self.get(f"/v1/cap.atom{query}")
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.headers["content-type"].startswith("application/atom+xml"))
        feed = xml.fromstring(answer.body)
        self.assertEqual(feed.tag, f"{ATOM}feed")
        for name in ("id", "title", "updated"):
            self.assertEqual(len(feed.findall(ATOM + name)), 1, name)
        found = {}
        for entry in feed.findall(f"{ATOM}entry"):
            link = entry.find(f"{ATOM}link")
            self.assertEqual((link.get("rel"), link.get("type")), ("alternate", "application/cap+xml"))
            for name in ("id", "title", "updated"):
                self.assertTrue(entry.find(ATOM + name).text)
            datetime.strptime(entry.find(f"{ATOM}updated").text, "%Y-%m-%dT%H:%M:%SZ")
            found[link.get("href").rpartition("/")[2]] = entry
        return found

    def test_a_document_is_given_as_it_came(self):
        document = cap(headline="As it came &amp; stays")
        said = self.taken(document, kind="application/cap+xml")
        self.assertEqual(self.get(f"/v1/cap/{said['public_id']}").body, document)
        self.assertEqual(self.get(f"/v1/cap/{said['public_id']}/original").body, document)
        self.document(said["public_id"])

    def test_one_that_is_not_strict_is_written_anew(self):
        """`Z` is certain in its meaning and against the standard; what came is there too, to the byte."""
        document = cap(sent=cap_time().replace("-00:00", "Z"))
        said = self.taken(document)
        root = self.document(said["public_id"])
        self.assertEqual(root.find(f"{CAP}identifier").text, f"{said['public_id']}.1")
        self.assertEqual(root.find(f"{CAP}info/{CAP}headline").text, "Garage fire")
        self.assertEqual(self.get(f"/v1/cap/{said['public_id']}/original").body, document)

    def test_one_of_our_own(self):
        """For an alert that came as JSON; its update says what it takes the place of."""
        name, until = unique("own"), str(now_ms() + 600000)
        said = self.taken(alert(name, headline='Gas <leak> & "smell"', event="Gas leak", expires=until, severity="SEVERE",
                                place={"circle": {"center": point(*HERE)["point"], "radiusM": 900}}), kind="application/json")
        root = self.document(said["public_id"])
        self.assertEqual(root.find(f"{CAP}msgType").text, "Alert")
        self.assertEqual(root.find(f"{CAP}sender").text, "neighbors.invalid")
        info = root.find(f"{CAP}info")
        self.assertEqual((info.find(f"{CAP}headline").text, info.find(f"{CAP}severity").text), ('Gas <leak> & "smell"', "Severe"))
        self.assertRegex(info.find(f"{CAP}area/{CAP}circle").text, r"^34\.0768,-118\.0316 0\.9")
        self.refused(self.get(f"/v1/cap/{said['public_id']}/original"), 404)
        update = self.taken(alert(unique("own"), msgType="UPDATE", references=[name], headline="Gas leak, smaller", expires=until),
                            kind="application/json")
        self.assertEqual((update["public_id"], update["revision"]), (said["public_id"], 2))
        newer = self.document(said["public_id"])
        self.assertEqual(newer.find(f"{CAP}msgType").text, "Update")
        self.assertEqual(newer.find(f"{CAP}references").text,
                         ",".join(root.find(CAP + part).text for part in ("sender", "identifier", "sent")))

    def test_the_atom_feed(self):
        document = cap(headline="Smoke &lt;b&gt; here")
        said = self.taken(document)
        native = self.taken(alert(headline="Native one", expires=str(now_ms() + 600000)), kind="application/json")
        user = self.taken(alert(category="suspicious", headline="Two people try car doors",
                                description="Two people in dark coats try the doors of cars along Tyler"), who="user/ann",
                          kind="application/json")
        found = self.entries()
        self.assertIn(said["public_id"], found)
        self.assertIn(native["public_id"], found)
        self.assertNotIn(user["public_id"], found)
        entry = found[said["public_id"]]
        self.assertEqual(entry.find(f"{ATOM}title").text, "Smoke <b> here")
        self.assertEqual(entry.find(f"{ATOM}author/{ATOM}name").text, "Agency fire")
        self.assertEqual(entry.find(f"{CAP}severity").text, "Moderate")
        self.assertEqual(len(entry.find(f"{GEORSS}polygon").text.split()), 10)
        for public_id in found:
            self.assertIn(self.get(f"/v1/cap/{public_id}").status, (200, 410))
        self.assertIn(said["public_id"], self.entries(f"?cells={LEAF}"))
        self.assertNotIn(said["public_id"], self.entries("?cells=9qh1c5,9q5ctr"))
        self.refused(self.get("/v1/cap.atom?cells=9qh1f5/%23"), 400)

    def test_links_lead_here(self):
        said = self.taken(cap())
        link = self.entries()[said["public_id"]].find(f"{ATOM}link").get("href")
        self.assertEqual(link, f"http://127.0.0.1:{self.http_port}/v1/cap/{said['public_id']}")
        for host in ("evil.example/<x>", 'a"b', "x" * 300, "a b"):
            connection = self.raw()
            connection.send(f"GET /v1/cap.atom HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            feed = xml.fromstring(connection.answer().body)
            self.assertTrue(all(entry.find(f"{ATOM}link").get("href").startswith("/v1/cap/") for entry in feed.findall(f"{ATOM}entry")))

    def test_what_a_client_has_is_not_sent_again(self):
        said = self.taken(cap())
        for path in (f"/v1/cap/{said['public_id']}", "/v1/cap.atom", f"/v1/cap.atom?cells={LEAF}"):
            answers = []

            def settled():  # in the second of a change the feed has no date yet
                answers.append(self.get(path))
                return "last-modified" in answers[-1].headers
            self.eventually(settled, lambda: answers[-1])
            headers = answers[-1].headers
            self.assertIn("max-age", headers["cache-control"])
            for condition in ({"If_None_Match": headers["etag"]}, {"If_None_Match": f'"a", {headers["etag"]}'},
                              {"If_None_Match": "*"}, {"If_Modified_Since": headers["last-modified"]}):
                again = self.get(path, **condition)
                self.assertEqual((again.status, again.body), (304, b""), (path, condition))
                self.assertEqual(again.headers["etag"], headers["etag"])
            for condition in ({"If_None_Match": '"a"'}, {"If_Modified_Since": "Sat, 01 Jan 2000 00:00:00 GMT"},
                              {"If_Modified_Since": "yesterday"},
                              {"If_None_Match": '"a"', "If_Modified_Since": headers["last-modified"]}):
                self.assertEqual(self.get(path, **condition).status, 200, (path, condition))
        before = self.get("/v1/cap.atom").headers
        self.taken(cap())
        self.assertEqual(self.get("/v1/cap.atom", If_None_Match=before["etag"]).status, 200)
        self.assertEqual(self.get("/v1/cap.atom", If_Modified_Since=before["last-modified"]).status, 200)

    def test_what_has_ended(self):
        name = unique("ends")
        said = self.taken(alert(name, expires=str(now_ms() + 600000)), kind="application/json")
        self.document(said["public_id"])
        self.taken(alert(unique("cancel"), msgType="CANCEL", references=[name], category=None, headline=None, place=None, expires=None),
                   kind="application/json")
        self.refused(self.get(f"/v1/cap/{said['public_id']}"), 410, "public_id")
        self.refused(self.get(f"/v1/cap/{said['public_id']}/original"), 410)
        self.assertNotIn(said["public_id"], self.entries())
        short = self.taken(alert(expires=str(now_ms() + 1500)), kind="application/json")
        self.eventually(lambda: self.get(f"/v1/cap/{short['public_id']}").status == 410)

    def test_what_is_no_agencys(self):
        user = self.taken(alert(category="suspicious", headline="Two people try car doors",
                                description="Two people in dark coats try the doors of cars along Tyler"), who="user/ann",
                          kind="application/json")
        self.refused(self.get(f"/v1/cap/{user['public_id']}"), 404)
        for name in ("0" * 24, "zz", "", "/", f"{user['public_id']}/original", f"{user['public_id']}x", "%2e%2e"):
            self.refused(self.get(f"/v1/cap/{name}"), 404)

    def test_real_documents(self):
        """Those of the sample, and the kept real ones: what is served of each is strict."""
        folder = ROOT.parent / "shared/data/cap/valid"
        if not folder.exists():
            self.skipTest("no real documents beside this repository")
        served = 0
        for path in sorted(folder.iterdir())[:60]:
            document = path.read_bytes()
            if len(document) > BODY_MAX:
                continue
            answer = self.post_alert(document, f"agency/{unique('real')}", "application/cap+xml")
            self.assertIn(answer.status, (200, 201, 403, 422), (path.name, answer))
            public_id = answer.json.get("public_id")
            if public_id and self.get(f"/v1/cap/{public_id}").status == 200:
                self.document(public_id)
                self.assertEqual(self.get(f"/v1/cap/{public_id}/original").body, document)
                served += 1
        self.assertGreaterEqual(served, 0)


if __name__ == "__main__":
    unittest.main()
