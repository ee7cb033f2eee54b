"""A city in a box, small: bench/city finds that all was as promised, and says so when it was not."""
import json
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# However slow the machine is: nobody is late here.
SMALL = ("--devices", 200, "--sharing", 1, "--km2", 1, "--release", 0.5, "--behind", 60000, "--no-build", "--json")


class City(unittest.TestCase):
    def city(self, *words):
        with tempfile.TemporaryDirectory() as folder:
            picture = Path(folder) / "city.svg"
            done = subprocess.run([str(word) for word in (ROOT / "bench/city", *SMALL, "--picture", picture, *words)],
                                  capture_output=True, text=True, timeout=240)
            self.assertTrue(done.stdout.startswith("{"), done.stdout + done.stderr)
            return done.returncode, json.loads(done.stdout), picture.read_text()

    def test_a_day_is_as_promised(self):
        status, found, picture = self.city("--minutes", 0.06)
        self.assertEqual((status, found["faults"]), (0, []))
        self.assertGreater(found["stored"], 900)
        self.assertGreater(found["shown"], 100)
        self.assertGreater(found["activity_delivered"], 900)
        root = xml.fromstring(picture)
        self.assertGreaterEqual(len(root.findall(".//{*}polygon")), 3)

    def test_a_log_that_was_lost_is_missed(self):
        status, found, _ = self.city("--minutes", 0.01, "--prove")
        self.assertEqual(status, 1)
        self.assertRegex(found["faults"][0], "acknowledged events are not in their household's log")


if __name__ == "__main__":
    unittest.main()
