"""A run of the live tests that is told to end, or killed, leaves nothing: no server, and no folder."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from stack import ROOT

STAYS = '''"""Says where its installation is, and stays."""
import signal
import subprocess
import case

class Stays(case.LiveCase):
    def test_it(self):
        subprocess.Popen(["setsid", "sh", "-c", "trap '' TERM HUP INT; cd $0; sleep 600 & wait", self.home.folder])
        self.home.stack.processes["redis"].send_signal(signal.SIGSTOP)
        print("FOLDER", self.home.folder, flush=True)
        signal.pause()
'''


def users_of(folder):
    """{pid: command} of who works in the folder or is told of it."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in command or os.readlink(entry / "cwd").startswith(str(folder)):
                found[int(entry.name)] = command
        except (OSError, ValueError):
            pass
    return found


class NothingLeft(unittest.TestCase):
    def setUp(self):
        self.tests = Path(tempfile.mkdtemp(prefix="neighbors-stays-"))
        self.addCleanup(shutil.rmtree, self.tests, True)
        (self.tests / "test_stays.py").write_text(STAYS)

    def begin(self, processes):
        run = subprocess.Popen([ROOT / "tests/live/run", "-f", self.tests, "-j", str(processes)], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        return run

    def folder_of(self, run):
        for line in run.stdout:
            if line.startswith("FOLDER "):
                return Path(line.split()[1])
        self.fail("it ended before it had an installation")

    def until_all_work(self, folder):
        """Redis, neighborsd and the daemon: a program that has just been called has no command line for a moment."""
        deadline = time.monotonic() + 60
        while len(users := users_of(folder)) < 3:
            self.assertLess(time.monotonic(), deadline, users)
            time.sleep(0.05)

    def until_gone(self, folder, how):
        deadline = time.monotonic() + 60
        while (users := users_of(folder)) or folder.parent.exists():
            if time.monotonic() > deadline:
                left = [str(path) for path in folder.parent.rglob("*")]
                self.fail(f"left behind by {how}: {users} {left}")
            time.sleep(0.05)

    def test_whatever_ends_it(self):
        ways = [(signal.SIGTERM, 1), (signal.SIGINT, 2), (signal.SIGHUP, 2), (signal.SIGKILL, 2)]
        runs = [(self.begin(processes), sign) for sign, processes in ways]
        for run, sign in runs:
            folder = self.folder_of(run)
            self.until_all_work(folder)
            run.send_signal(sign)
            self.assertEqual(run.wait(60), -sign)
            if sign != signal.SIGKILL:  # who is killed cannot wait
                self.assertEqual((users_of(folder), folder.exists()), ({}, False), sign)
            self.assertTrue(folder.parent.name.startswith("nb-"))
            self.until_gone(folder, sign)

    def test_the_whole_group_is_killed(self):
        """As those who run tests for others do it."""
        run = self.begin(2)
        folder = self.folder_of(run)
        os.killpg(run.pid, signal.SIGKILL)
        self.until_gone(folder, "its group's end")

    def test_it_ends_as_the_program_does(self):
        for word, code in (("exit 7", 7), ("kill -9 $$", 137), ("echo $TMPDIR; test -w $TMPDIR", 0)):
            done = subprocess.run([sys.executable, ROOT / "tests/nothing_left.py", "sh", "-c", word], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, code, done)
        self.assertFalse(Path(done.stdout.strip()).exists())

    def test_what_a_program_keeps_is_kept(self):
        done = subprocess.run([sys.executable, ROOT / "tests/nothing_left.py", "sh", "-c", "echo kept >$TMPDIR/file; echo $TMPDIR"],
                              capture_output=True, text=True, timeout=60)
        folder = Path(done.stdout.strip())
        self.addCleanup(shutil.rmtree, folder, True)
        self.assertEqual((folder / "file").read_text(), "kept\n")
