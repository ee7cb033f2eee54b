"""What the command line writes arrives, or it says that it did not: full disks, readers that leave, a Redis that goes."""
import fcntl
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

import redis

from case import HERE  # noqa: F401: the path to stack
from stack import BUILD, ENVIRONMENT, Stack

NEIGHBORS = str(BUILD / "neighbors")
MANY = ("geo", "cover", "--circle", "34.05,-118.24,9000", "--min", "7", "--max", "7", "--cells", "60000")  # 107 KB
LINES = 13431
LARGE = 16 << 20  # more than two sockets hold for each other


def start(*words, **options):
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": ENVIRONMENT} | options
    return subprocess.Popen([*map(str, words)], **options)


def ended(process):
    """The exit code (that of a signal below 0), the output and the complaints."""
    output, complaint = process.communicate(timeout=120)
    return process.returncode, output, complaint.decode()


class StandardOutput(unittest.TestCase):
    longMessage = True

    def test_a_full_disk_is_told(self):
        for words in (("--help",), ("geo", "--help"), ("watch", "--help"), ("manual",), ("completion", "bash"), ("geo", "encode", "0,0"),
                      ("geo", "encode", "0,0", "--json"), MANY):
            with self.subTest(words), open("/dev/full", "w") as full:
                self.assertEqual(ended(start(NEIGHBORS, *words, stdout=full))[::2],
                                 (1, "neighbors: standard output cannot be written: No space left on device\n"))

    def test_none_at_all_is_told(self):
        code, _, complaint = ended(start("sh", "-c", "exec \"$0\" geo encode 0,0 >&-", NEIGHBORS))
        self.assertEqual((code, complaint), (1, "neighbors: standard output cannot be written: Bad file descriptor\n"))

    def test_a_reader_that_leaves_ends_it_without_a_word(self):
        process = start(NEIGHBORS, *MANY)
        self.assertEqual(len(process.stdout.readline()), 8)
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), -signal.SIGPIPE)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()

    def test_a_reader_that_is_slow_gets_all(self):
        """Also when somebody else made their pipe one that does not wait."""
        process = start(NEIGHBORS, *MANY, preexec_fn=lambda: fcntl.fcntl(1, fcntl.F_SETFL, os.O_WRONLY | os.O_NONBLOCK))
        code, output, complaint = ended(process)
        self.assertEqual((code, output.count(b"\n"), complaint), (0, LINES, ""))


class Leaver:
    """Between the command line and Redis; leaves in the midst of something long that is written, as a Redis that dies does."""

    def __init__(self, port):
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.here = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        client, _ = self.listener.accept()
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            unanswered = 0
            while unanswered < 1 << 16:  # it comes in pieces of whatever size
                for one in select.select([client, server], [], [])[0]:
                    if not (data := one.recv(1 << 16)):
                        return
                    (server if one is client else client).sendall(data)
                    unanswered = unanswered + len(data) if one is client else 0
            client.shutdown(socket.SHUT_WR)  # closed, and what comes behind that is answered with a reset

    def close(self):
        self.listener.close()


class Transferred(unittest.TestCase):
    """A Redis in which nothing but something large is."""

    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-output-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.stack = Stack(cls.folder)
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start_redis()
        cls.client = redis.Redis(port=cls.stack.redis_port)
        cls.addClassCleanup(cls.client.close)
        cls.client.set("nb:layout", "4 5 6")
        cls.client.set("nb:{r00}:large", b"x" * LARGE)

    def export(self, to, **options):
        return ended(start(*self.stack.command("export", "--installation", to), **options))

    def test_an_export_to_a_full_disk_is_told(self):
        with open("/dev/full", "w") as full:
            self.assertEqual(self.export("-", stdout=full)[::2],
                             (1, "neighbors: standard output cannot be written: No space left on device\n"))
        torn = self.folder / "torn"  # a disk that holds a megabyte
        code, _, complaint = self.export(torn, restore_signals=False,  # Python ignores SIGXFSZ
                                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
        self.assertEqual((code, complaint, torn.exists()), (1, f"neighbors: {torn}: File too large\n", False))

    def test_a_redis_that_goes_while_it_is_written_to_is_told(self):
        whole, port = self.folder / "whole", self.stack.redis_port
        self.assertEqual(self.export(whole)[0], 0)
        self.client.flushall()
        self.addCleanup(self.client.mset, {"nb:layout": "4 5 6", "nb:{r00}:large": b"x" * LARGE})
        leaver = Leaver(port)
        self.addCleanup(leaver.close)
        self.stack.redis_port = leaver.here
        self.addCleanup(setattr, self.stack, "redis_port", port)
        code, _, complaint = ended(start(*self.stack.command("import", whole)))
        self.assertEqual(code, 3, complaint)
        self.assertRegex(complaint, r"^neighbors: Redis does not answer: .*the same import again makes it whole\n$")


if __name__ == "__main__":
    unittest.main()
