"""Agencies: the drill before the first alert, and the officers who may act."""
import json
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import unittest
import urllib.error
import urllib.request

import redis

import case
from case import ROOT, alert, unique
import mqtt
from stack import ENVIRONMENT, Stack

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

    def refusal(self, text, name="agencies.csv", encoding="utf-8"):
        path = self.home.folder / name
        path.write_text(text, encoding=encoding)
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
        self.assertIn(":3: its name is no UTF-8", self.refusal("name\nA\nCa\xf1on\n", encoding="latin-1"))
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


class Killed(unittest.TestCase):
    """An import that is killed, behind each piece that it says to Redis, and done again."""
    longMessage = True

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="neighbors-agencies-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.shim, self.file, self.stack = self.folder / "killed_at.so", self.folder / "agencies.csv", Stack(self.folder / "stack")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.shim, Path(__file__).parent / "killed_at.c"], check=True)
        self.file.write_text("id,name,kind,since,lat,lon\nfire,Sample Fire,fire,2026-02-01,34,-118\npolice,Sample Police,police,2026-02-01,34,-118\n")
        self.addCleanup(self.stack.stop)
        self.stack.start_redis()
        self.stack.make_keys()
        self.redis = redis.Redis(port=self.stack.redis_port, decode_responses=True)

    def killed(self, killed_at):
        """True when it was; else it came to its end."""
        environment = ENVIRONMENT | {"LD_PRELOAD": str(self.shim), "KILLED_AT": str(killed_at), "ASAN_OPTIONS": "verify_asan_link_order=0"}
        done = subprocess.run([*self.stack.command("agencies", "import", self.file), "--json"], capture_output=True, text=True, timeout=120,
                              env=environment)
        self.assertIn(done.returncode, (0, -signal.SIGKILL), done.stderr)
        return done.returncode != 0

    def there(self):
        """Who is enrolled as what, and what the public is told."""
        principals = {key: self.redis.hgetall(key) for key in self.redis.scan_iter(match="nb:{p:*}:principal")}
        for fields in principals.values():
            self.assertGreater(int(fields.pop("enrolled")), 0)
        return principals, self.redis.hgetall("nb:{agencies}:list")

    def noted(self):
        return [fields["alert"] for _, fields in self.redis.xrange("nb:{s00}:acts") if fields["what"] == "agency-added"]

    def test_the_same_import_again_makes_it_whole(self):
        self.assertFalse(self.killed(10000))
        whole, at = self.there(), 0
        self.assertEqual([sorted(part) for part in whole], [["nb:{p:agency/fire}:principal", "nb:{p:agency/police}:principal"], ["fire", "police"]])
        self.assertEqual(self.noted(), ["agency/fire", "agency/police"])
        killed = True
        while killed:
            at += 1
            self.redis.flushall()
            killed = self.killed(at)
            listed = {f"agency/{one}" for one in self.there()[1]}
            self.assertLessEqual(listed, set(self.noted()), f"who is told to the public is in the record, killed behind piece {at}")
            self.stack.neighbors("agencies", "import", self.file)
            self.assertEqual(self.there(), whole, f"killed behind piece {at}")
            self.assertEqual(set(self.noted()), {"agency/fire", "agency/police"}, f"killed behind piece {at}")
        self.assertGreater(at, 10)


if __name__ == "__main__":
    unittest.main()
