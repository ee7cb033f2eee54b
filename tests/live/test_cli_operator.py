"""The command line of who operates an installation: enrolment with what an agency is trusted with, tables of geocodes."""
import json
import os
import subprocess
import unittest
from pathlib import Path

from case import ROOT, unique
from test_cli import CommandCase

SHARED = ROOT.parent / "shared" / "data" / "geo" / "geocodes"
SQUARE = [[-118.0, 34.0], [-117.9, 34.0], [-117.9, 34.1], [-118.0, 34.1], [-118.0, 34.0]]
ISLAND = [[-118.4, 33.3], [-118.3, 33.3], [-118.3, 33.4], [-118.4, 33.3]]


def feature(rings, **properties):
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": rings}}


class Operator(CommandCase):
    def file(self, content):
        path = self.home.folder / unique("file")
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def collection(self, *features):
        return self.file({"type": "FeatureCollection", "features": list(features)})

    def field(self, who, field):
        return self.home.stack.redis_command("HGET", f"nb:{{p:{who}}}:principal", field)


class Enrolment(Operator):
    def test_an_agency_gets_its_jurisdiction_its_certificate_and_its_officer(self):
        name = unique("police")
        area, certificate = self.collection(feature([SQUARE]), feature([ISLAND])), self.home.stack.keys / "ca.crt"
        self.done("enroll", "agency", name, "--name", "Police", "--officer", "lee", "--jurisdiction", area, "--certificate",
                  certificate, "--must-sign", "yes", "--second-officer", "no", "--cap-reading", "forgiving")
        self.assertIn("BEGIN CERTIFICATE", self.field(f"agency/{name}", "certificate"))
        self.assertGreater(int(self.home.stack.redis_command("HSTRLEN", f"nb:{{p:agency/{name}}}:principal", "jurisdiction")), 50)
        for field in ("must_sign", "no_approval", "forgiving"):
            self.assertEqual(self.field(f"agency/{name}", field), "1", field)
        self.done("enroll", "agency", name, "--jurisdiction", "everywhere", "--second-officer", "yes", "--certificate", "none")
        for field in ("jurisdiction", "certificate", "no_approval"):
            self.assertEqual(self.field(f"agency/{name}", field), "", field)
        self.assertEqual(self.field(f"agency/{name}", "must_sign"), "1")

    def test_a_link_signs_in_at_the_portal(self):
        name = unique("gil")
        [told] = self.done("enroll", "user", name, "--link")
        portal = f"http://127.0.0.1:{self.home.stack.http_port}/"
        self.assertEqual(told["link"], f"{portal}#/sign-in?name=user/{name}&token={told['token']}")
        code, _, complaint = self.run_command("enroll", "user", name, "--link", "--instance", "phone")
        self.assertEqual(code, 2)
        self.assertIn("--instance", complaint)

    def test_a_pipe_or_device_gets_the_token_and_stays(self):
        pipe = self.home.folder / unique("pipe")
        os.mkfifo(pipe)
        reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, reader)
        [told] = self.done("enroll", "user", unique("gil"), "--token-file", pipe)
        self.assertEqual(reader.communicate(timeout=60)[0].strip(), told["token"])
        self.assertTrue(pipe.is_fifo())

    def test_what_cannot_be_used_is_refused(self):
        name = unique("police")
        open_ring = self.collection(feature([SQUARE[:4]]))
        line = self.file({"type": "LineString", "coordinates": SQUARE})
        for words, complaint in ((("--jurisdiction", open_ring), "ring"), (("--jurisdiction", line), "polygons"),
                                 (("--certificate", open_ring), "no PEM certificate"),
                                 (("--jurisdiction", "/nonexistent"), "No such file")):
            code, _, told = self.run_command("enroll", "agency", name, "--name", "P", *words)
            self.assertEqual(code, 1, words)
            self.assertIn(complaint, told)
        self.assertEqual(self.field(f"agency/{name}", "enrolled"), "")
        code, _, _ = self.run_command("enroll", "agency", name, "--name", "P", "--must-sign", "perhaps")
        self.assertEqual(code, 2)

    def test_an_agency_that_may_alert_everywhere_is_told_of(self):
        name = unique("police")
        told = self.run_command("enroll", "agency", name, "--name", "Police")[2]
        self.assertIn(f"agency/{name} may alert everywhere", told)
        for words in ((name,), (unique("police"), "--name", "Police", "--jurisdiction", "everywhere")):
            self.assertEqual(self.run_command("enroll", "agency", *words)[2], "", words)

    def test_an_operator_is_enrolled(self):
        self.assertTrue(self.done("enroll", "operator", unique("desk"))[0]["token"])


class Geocodes(Operator):
    def geocodes_import(self, scheme, *words):
        return self.done("geocodes", "import", "--scheme", scheme, *words)[0]

    def codes(self, scheme):
        return [row["code"] for row in self.done("geocodes", "list", scheme)]

    def test_what_public_files_call_it_is_found(self):
        self.geocodes_import("SAME", self.collection(
            feature([SQUARE], SAME="006901"), feature([SQUARE], FIPS="06902", STATE="CA"), feature([SQUARE], FIPS="99")))
        self.assertLessEqual({"006901", "006902", "099000"}, set(self.codes("SAME")))
        self.geocodes_import("UGC", self.collection(
            feature([SQUARE], UGC="CAC901"), feature([SQUARE], STATE="CA", ZONE="902"),
            feature([SQUARE], STATE_ZONE="CA903"), feature([SQUARE], STATE="CA", FIPS="06904")))
        self.assertLessEqual({"CAC901", "CAZ902", "CAZ903", "CAC904"}, set(self.codes("UGC")))
        self.geocodes_import("test:place", self.collection(feature([SQUARE], nr="a-7")), "--property", "nr")
        self.assertEqual(self.codes("test:place"), ["a-7"])

    def test_importing_again_changes_nothing(self):
        scheme = unique("scheme")
        path = self.collection(feature([SQUARE], nr="1"), feature([ISLAND], nr="2"), feature([ISLAND], nr="1"))
        counts = self.geocodes_import(scheme, path, "--property", "nr")
        self.assertEqual([counts[key] for key in ("features", "added", "changed", "same")], [3, 2, 0, 0])
        counts = self.geocodes_import(scheme, path, "--property", "nr")
        self.assertEqual([counts[key] for key in ("added", "changed", "same")], [0, 0, 2])
        counts = self.geocodes_import(scheme, self.collection(feature([SQUARE], nr="2")), "--property", "nr")
        self.assertEqual([counts[key] for key in ("added", "changed", "same")], [0, 1, 0])
        self.assertIn({"scheme": scheme, "codes": 2}, self.done("geocodes", "list"))

    def test_features_of_one_code_are_one_area(self):
        scheme = unique("scheme")
        self.geocodes_import(scheme, self.collection(feature([SQUARE], nr="1"), feature([ISLAND], nr="1")), "--property", "nr")
        shown = self.done("geocodes", "show", scheme, "1")[0]
        self.assertEqual(shown["geometry"]["type"], "MultiPolygon")
        self.assertEqual(sorted(polygon[0] for polygon in shown["geometry"]["coordinates"]), sorted([SQUARE, ISLAND]))

    def test_a_bad_feature_is_named_and_nothing_is_imported(self):
        scheme = unique("scheme")
        bow = [[0, 0], [1, 1], [0, 0]]
        for bad, complaint in ((feature([bow], nr="2"), "feature 2 (2)"), (feature([SQUARE]), "feature 2 has no code"),
                               (feature([SQUARE], nr="a b"), "feature 2 has no code"),
                               ({"type": "Feature", "properties": {"nr": "2"}, "geometry": None}, "feature 2 (2)")):
            path = self.collection(feature([SQUARE], nr="1"), bad)
            code, _, told = self.run_command("geocodes", "import", "--scheme", scheme, "--property", "nr", path)
            self.assertEqual(code, 1, bad)
            self.assertIn(complaint, told)
            self.assertIn("nothing was imported", told)
        self.assertEqual(self.codes(scheme), [])
        code, _, told = self.run_command("geocodes", "show", scheme, "1")
        self.assertEqual(code, 1, told)

    def test_the_public_files_are_taken_whole(self):
        files = {"SAME": SHARED / "same-california.geojson", "UGC": SHARED / "ugc-california.geojson"}
        if not all(path.exists() for path in files.values()):
            self.skipTest("the public files are not there")
        for scheme, path in files.items():
            wanted = {item["properties"][scheme] for item in json.loads(Path(path).read_text())["features"]}
            self.geocodes_import(scheme, path)
            self.assertLessEqual(wanted, set(self.codes(scheme)))


if __name__ == "__main__":
    unittest.main()
