"""What a stack starts lives as long as the stack, whichever thread started it; a machine's proxy is not asked for it."""
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from stack import ROOT, Stack, born, stopped


class Threads(unittest.TestCase):
    def test_what_a_thread_starts_does_not_end_with_it(self):
        with tempfile.TemporaryDirectory(prefix="neighbors-stack-") as folder, Stack(folder) as stack:
            def start():
                server = stack.start("server", ["sleep", "600"])
                server.send_signal(signal.SIGSTOP)  # a signal that comes now waits, and is seen
                self.until(lambda: stopped(server.pid), "it stands still")

            starter = threading.Thread(target=start)
            starter.start()
            starter.join()
            self.until(lambda: not Path(f"/proc/self/task/{starter.native_id}").exists(), "the thread is gone")
            status = Path(f"/proc/{stack.processes['server'].pid}/status").read_text()
            waiting = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))]
            self.assertEqual(waiting, [0, 0], "it is told to end")

    def test_what_cannot_be_started_is_told_to_the_thread(self):
        with tempfile.TemporaryDirectory(prefix="neighbors-stack-") as folder, Stack(folder) as stack:
            told = []

            def start():
                try:
                    stack.start("server", ["/no/such/program"])
                except OSError as error:
                    told.append(error)

            starter = threading.Thread(target=start)
            starter.start()
            starter.join()
            self.assertEqual(len(told), 1)

    def test_no_proxy_is_asked_for_what_is_here(self):
        asks = "import stack, urllib.request as u; print([bool(u.proxy_bypass(h)) for h in ('127.0.0.1:1', 'localhost', 'far', 'outside')])"
        for name in ("http_proxy", "HTTP_PROXY"):
            done = subprocess.run([sys.executable, "-c", asks], env=os.environ | {name: "http://127.0.0.1:9", "no_proxy": "far"},
                                  cwd=ROOT / "deploy", capture_output=True, text=True, timeout=60)
            self.assertEqual(done.stdout, "[True, True, True, False]\n", done.stderr)

    def test_a_user_s_path_will_do(self):
        starts = "import stack, sys; home = stack.Stack(sys.argv[1]); home.start_home(); home.stop()"
        with tempfile.TemporaryDirectory(prefix="neighbors-stack-") as folder:
            done = subprocess.run([sys.executable, "-c", starts, folder], env=os.environ | {"PATH": "/usr/bin:/bin"}, cwd=ROOT / "deploy",
                                  capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_it_starts_ends_with_a_program_that_is_killed(self):
        """Mosquitto too: one that makes itself another user is not told."""
        starts = "import signal, stack, sys; home = stack.Stack(sys.argv[1]); home.start_home(); print(home.processes['home'].pid, flush=True); signal.pause()"
        with tempfile.TemporaryDirectory(prefix="neighbors-stack-") as folder:
            program = subprocess.Popen([sys.executable, "-c", starts, folder], cwd=ROOT / "deploy", stdout=subprocess.PIPE, text=True)
            self.addCleanup(program.wait)
            self.addCleanup(program.stdout.close)
            self.addCleanup(program.kill)
            pid = program.stdout.readline().strip()
            began = born(pid)
            self.assertTrue(began, "it is there")
            program.kill()
            try:
                self.until(lambda: born(pid) != began, "Mosquitto is gone")
            finally:
                if born(pid) == began:
                    os.kill(int(pid), signal.SIGKILL)

    def test_any_folder_will_do(self):
        with tempfile.TemporaryDirectory(prefix="a neighbor's näh, ") as folder, Stack(folder) as stack:
            stack.start_redis()
            stack.make_keys()
            stack.start_broker()
            stack.enroll("user/ann")

    def until(self, condition, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
