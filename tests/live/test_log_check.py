"""The check that no log of any stack has a secret or an exact place (log_check.py) finds each of what it is to find, names
file and line, and is made of every stack that stops."""
import base64
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import log_check
from stack import Stack, StackError

PLACE = "34.0768,-118.0316"
ORDINARY = """ready port=20211 tls=0 http=20212 https=0 metrics=20213 processes=1 node=town-7 version=0.9
connect_refused peer=127.0.0.1:40122 reason=0x87 why="not authorized"
alert id=9c1e6b0f3a5d7c2e4b6a8d90 sender=user/ann step=stored revision=1 repeat=0 pending=0 merged=0 not_shown=""
motion sender=device/porch client=c-1 session=1764326400000 seq=1-64 step=stored stored=64 repeated=0 refused=0
412:M 28 Nov 2026 11:30:19.123 * DB loaded from append only file: 0.001 seconds
1764329419: mosquitto version 2.0.11 starting
reload setting=redis_url was="redis://neighbors@127.0.0.1:6379" is="redis://neighbors@127.0.0.1:6380"
"""


class LogCheck(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="neighbors-logs-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.stack = Stack(self.folder)
        self.stack.keys.mkdir()
        (self.stack.keys / "redis.password").write_text("correct-horse-battery\n")
        (self.stack.keys / "broker.secret").write_bytes(bytes(range(100, 132)))
        (self.stack.keys / "token.key").write_text("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIE\n-----END PRIVATE KEY-----\n")
        self.stack.token_file("user/ann").write_text("eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c2VyL2FubiJ9.c2lnbmF0dXJlLW9mLWFubg\n")
        self.stack.places.add(PLACE)

    def found(self, text, name="neighborsd"):
        (self.stack.logs / f"{name}.log").write_bytes(text if isinstance(text, bytes) else text.encode())
        return log_check.findings(self.stack)

    def test_each_is_found_with_its_line(self):
        raw = bytes(range(100, 132))
        planted = {
            "token=eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c2VyL2JvYiJ9.xyz": "a token",
            "c2lnbmF0dXJlLW9mLWFubg": "the signature of user-ann.token",
            "auth correct-horse-battery failed": "the password of Redis",
            "redis://neighbors:hunter2@127.0.0.1:6379": "a password in an address",
            raw.hex(): "the secret in hexadecimal",
            base64.b64encode(raw).decode(): "the secret in base64",
            "MC4CAQAwBQYDK2VwBCIE": "the key token.key",
            "-----BEGIN EC PRIVATE KEY-----": "a key",
            "at=34.0768": "a coordinate",
            "center: -118.03162,34": "a coordinate",
            '{"latE7":340768000}': "a coordinate of 1e-7 degrees",
            "lon_e7: -1180316000": "a coordinate of 1e-7 degrees",
            "follows=nb/v1/near/9qh1f5/400": "the cell of somebody enrolled at " + PLACE,
            "leaf=9q5ctr1": "a fine cell",
            "at 8553388G+PM": "a plus code",
        }
        for said, what in planted.items():
            with self.subTest(said):
                found = self.found(f"{ORDINARY}event {said} more=1\n{ORDINARY}")
                self.assertIn(f"neighborsd.log:8: {what}: event {said} more=1", "\n".join(found))

    def test_what_is_ordinary_passes(self):
        self.assertEqual(self.found(ORDINARY * 3), [])
        self.assertEqual(self.found(b"\xff\x00" + ORDINARY.encode()), [])

    def test_every_log_is_looked_at_and_no_output(self):
        self.stack.programs |= {"watch": "neighbors", "second": "neighborsd"}
        secret = ORDINARY + "place 34.07681\n"
        self.assertEqual(self.found(secret, "watch"), [])
        self.assertEqual(len(self.found(secret, "second")), 1)
        self.assertEqual(len(self.found(secret, "redis")), 2)

    def test_a_stack_that_stops_is_checked(self):
        self.stack.start("neighborsd", ["sh", "-c", "echo started; echo password=correct-horse-battery >&2; exec sleep 60"])
        log = self.stack.logs / "neighborsd.log"
        self.stack.wait_for("neighborsd", lambda: "password" in log.read_text(), "the shell", 30)
        with self.assertRaisesRegex(StackError, r"neighborsd\.log:2: the password of Redis"):
            self.stack.stop()
        self.assertEqual(self.stack.processes, {})

    def test_a_run_whose_installation_said_too_much_fails(self):
        """The one that the tests of several files share, and that ends after all of them."""
        tests = self.folder / "tests"
        tests.mkdir()
        (tests / "test_said.py").write_text(
            "import case\n\nclass Said(case.LiveCase):\n    def test_it(self):\n"
            "        with open(self.home.stack.logs / 'neighborsd.log', 'a') as log:\n"
            "            log.write('place 34.07681\\n')\n")
        for processes in ("1", "2"):
            done = subprocess.run([Path(__file__).with_name("run"), "-f", tests, "-j", processes], capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("what no log may say is in a log", done.stdout)
            self.assertTrue(done.stdout.endswith(", 1 failed\n"), done.stdout)


if __name__ == "__main__":
    unittest.main()
