"""Agencies: the drill before the first alert, and the officers who may act."""
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
import unittest
import urllib.error
import urllib.request

import case
from case import ROOT, alert, unique
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
        told = watcher.until(mqtt.PUBLISH, 30, lambda p: p.topic == "nb/v1/json/inbox/reply/moderation")
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


class Invitation(case.LiveCase):
    def test_an_agency_joins_with_a_key_of_its_own(self):
        does, name, folder = self.home.stack.neighbors, unique("invited"), self.home.folder
        code = does("agency", "invite", name, "--name", "Invited Fire", "--kind", "fire", "--jurisdiction", "everywhere",
                    "--officer", "lee")[-1]["code"]
        does("agency", "request", name, "--code", code, "--out", folder / name)
        key = (folder / f"{name}.key").read_text()
        self.assertIn("PRIVATE KEY", key)
        self.assertNotIn("PRIVATE KEY", (folder / f"{name}.csr").read_text())
        wrong = unique("invited")
        does("agency", "request", wrong, "--code", code, "--out", folder / wrong)
        with self.assertRaises(case.StackError) as caught:
            does("agency", "join", folder / f"{wrong}.csr", "--out", folder / wrong)
        self.assertIn("not one that is good here", str(caught.exception))
        does("agency", "join", folder / f"{name}.csr", "--out", folder / name)
        with self.assertRaises(case.StackError):
            does("agency", "join", folder / f"{name}.csr", "--out", folder / name)
        told = subprocess.run(["openssl", "verify", "-CAfile", self.home.stack.keys / "ca.crt", folder / f"{name}.crt"],
                              capture_output=True, text=True)
        self.assertEqual(told.returncode, 0, told.stderr)
        listed = {row["agency"]: row for row in does("agency", "list")}[name]
        self.assertEqual((listed["drill"], listed["officers"], listed["kind"]), ("due", ["lee"], "fire"))

    def test_of_requests_that_come_at_once_one_wins(self):
        does, folder = self.home.stack.neighbors, self.home.folder
        for _ in range(4):
            name = unique("invited")
            code = does("agency", "invite", name, "--name", "Invited Fire", "--jurisdiction", "everywhere")[-1]["code"]
            requests = [folder / unique("request") for _ in range(4)]
            for request in requests:
                does("agency", "request", name, "--code", code, "--out", request)

            def join(request):
                try:
                    does("agency", "join", f"{request}.csr", "--out", request)
                except case.StackError as refused:
                    return str(refused)
                return ""

            with ThreadPoolExecutor(len(requests)) as pool:
                told = list(pool.map(join, requests))
            self.assertEqual(told.count(""), 1, told)
            self.assertTrue(all(not text or "another request has used it" in text for text in told), told)
            self.assertEqual([request for request in requests if request.with_suffix(".crt").exists()],
                             [requests[told.index("")]])


class PublicList(case.LiveCase):
    def setUp(self):
        super().setUp()
        self.stack = self.home.stack

    def get(self, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.stack.http_port}/v1/agencies", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers, json.loads(answer.read())

    def features(self):
        return {feature["id"]: feature for feature in self.get()[1]["features"]}

    def refusal(self, text, name="agencies.csv"):
        path = self.home.folder / name
        path.write_text(text)
        with self.assertRaises(case.StackError) as caught:
            self.stack.neighbors("agencies", "import", path)
        return str(caught.exception)

    def test_what_is_imported_is_public(self):
        files = [ROOT / "sample/agencies" / name for name in ("agencies.csv", "agencies.geojson")]
        told = self.stack.neighbors("agencies", "import", *files)[-1]
        self.assertEqual((told["agencies"], told["added"]), (5, 5))
        listed = self.features()
        fire = listed["valley-fire"]
        self.assertEqual(fire["geometry"], {"type": "Point", "coordinates": [-118.044, 34.082]})
        self.assertEqual(fire["properties"], {"name": "Sample Fire, San Gabriel Valley", "kind": "fire",
                                              "since": "2026-02-01", "jurisdiction": None})
        self.assertIn("county-sample-emergency-office", listed)
        sheriff = listed["valley-sheriff"]
        self.assertEqual([round(x, 2) for x in sheriff["bbox"]], [-118.08, 34.04, -117.98, 34.12])
        self.assertEqual(sheriff["properties"]["jurisdiction"]["type"], "Polygon")
        self.assertEqual(sheriff["geometry"]["coordinates"], [-118.05, 34.0705])
        told = self.stack.neighbors("agencies", "import", *files)[-1]
        self.assertEqual((told["agencies"], told["added"]), (5, 0))
        self.assertEqual(self.features(), listed | self.features())

    def test_officers_are_not_told_and_who_was_revoked_is_gone(self):
        name = unique("agency/police")
        identifier = name.split("/")[1]
        self.home.token(name, "--name", "Police of the sample", "--kind", "police", "--at", "34.07,-118.03", "--officer",
                        "leeward")
        self.assertEqual(self.features()[identifier]["properties"]["jurisdiction"], "everywhere")
        self.assertNotIn("leeward", json.dumps(self.get()[1]))
        listed = {row["agency"]: row for row in self.stack.neighbors("agency", "list")}
        self.assertEqual(listed[identifier]["officers"], ["leeward"])
        self.stack.neighbors("revoke", name)
        self.assertNotIn(identifier, self.features())
        for act in ("agency-added", "agency-removed"):
            self.assertGreater(int(self.stack.redis_command("HGET", "nb:{s00}:moderation", act)), 0)

    def test_who_has_it_is_not_sent_it_again(self):
        self.home.token(unique("agency/fire"), "--name", "Fire")
        tag = self.get()[0]["etag"]
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.get(**{"If-None-Match": tag})
        self.assertEqual(caught.exception.code, 304)
        self.home.token(unique("agency/fire"), "--name", "Another fire")
        self.assertNotEqual(self.get(**{"If-None-Match": tag})[0]["etag"], tag)

    def test_a_bad_row_imports_nothing(self):
        before = self.features()
        self.assertIn(":3: its place", self.refusal("name,lat,lon\nA,34,-118\nB,north,-118\n"))
        self.assertIn("no column name", self.refusal("a,b\n1,2\n"))
        self.assertIn(":4: its id stands there twice", self.refusal('id,name\nx1,"A\nB"\nx1,C\n'))
        self.assertIn("feature 1: its kind", self.refusal(json.dumps(
            {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": None,
                                                        "properties": {"name": "A", "kind": "spies"}}]})))
        self.assertEqual(self.features(), before)

    def test_a_real_list(self):
        path = ROOT.parent / "shared/data/geo/agencies/la-county-law-enforcement.csv"
        if not path.exists():
            self.skipTest("the shared samples are not here")
        told = self.stack.neighbors("agencies", "import", path, "--kind", "police")[-1]
        self.assertEqual(told["agencies"], len(path.read_text().splitlines()) - 1)
        self.assertEqual(self.features()["10026738"]["properties"]["name"], "POMONA UNIFIED SCHOOL DISTRICT SECURITY")


if __name__ == "__main__":
    unittest.main()
