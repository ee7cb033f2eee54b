"""What a stack starts lives as long as the stack, whichever thread started it."""
import signal
import tempfile
import threading
import time
import unittest
from pathlib import Path

from stack import Stack, stopped


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

    def until(self, condition, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
