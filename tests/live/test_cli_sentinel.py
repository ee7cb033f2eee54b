"""The command line against Redis behind a sentinel, where no neighborsd ever ran: what is told as done is there after the master
died, and commands go on with the one that took over."""
import shutil
import tempfile
import time
import unittest
from pathlib import Path

from case import StackError
from redis_sentinel import SentinelStack

AT = "34.0768,-118.0316"


class CommandLine(unittest.TestCase):
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-sentinel-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.stack = SentinelStack(cls.folder)
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start_redis()
        cls.stack.make_keys()

    def neighbors(self, *words, **options):
        return self.stack.neighbors(*words, **options)

    def refused(self, *words):
        with self.assertRaises(StackError) as caught:
            self.neighbors(*words)
        return str(caught.exception)

    def members(self, household):
        return sorted(member["id"] if isinstance(member, dict) else member for member in
                      self.neighbors("household", "show", household)[-1]["members"])

    def enroll_until_done(self, who, household):
        """While nobody is the master it waits for one, and says so when none comes in time."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return self.stack.enroll(who, "--household", household, "--at", AT)
            except StackError as error:
                self.assertRegex(str(error), "exit 3", "it could not be reached, nothing else")
                self.assertLess(time.monotonic(), deadline, f"nobody took over: {error}")

    def test_a_master_dies_between_commands(self):
        self.stack.enroll("operator/desk")
        for who in ("user/ann", "device/porch"):
            self.stack.enroll(who, "--household", "h1", "--at", AT)
        self.neighbors("moderate", "ban", "user/ann", "--as", "operator/desk", "--for", "1d", "--reason", "a test")
        before = self.members("h1")
        self.assertEqual(len(before), 2, before)
        fallen = self.stack.kill_master()
        self.enroll_until_done("user/ben", "h1")
        self.stack.wait_for_heir(fallen)
        self.assertEqual(len(self.members("h1")), 3, "what was written to the first, and what to the second")
        self.assertEqual([ban["reason"] for ban in self.neighbors("moderate", "list", "--bans")], ["a test"])
        self.neighbors("moderate", "unban", "user/ann", "--as", "operator/desk", "--reason", "a mistake")
        self.neighbors("revoke", "device/porch")
        self.assertEqual(self.neighbors("moderate", "list", "--bans"), [])
        self.assertEqual(self.stack.ask(self.stack.master(), "HEXISTS", "nb:{p:user/ben}:principal", "household"), "1")

    def test_the_password_of_sentinels(self):
        right = self.stack.sentinel_password.read_text()
        self.addCleanup(self.stack.sentinel_password.write_text, right)
        self.stack.sentinel_password.write_text("loud-street\n")
        told = self.refused("moderate", "list", "--bans")
        self.assertIn("exit 3", told)
        self.assertRegex(told, "WRONGPASS|NOAUTH")
        self.assertNotIn("loud-street", told)
        self.stack.sentinel_password.chmod(0o644)
        self.addCleanup(self.stack.sentinel_password.chmod, 0o600)
        self.assertRegex(self.refused("moderate", "list", "--bans"), "sentinel.password")


if __name__ == "__main__":
    unittest.main()
