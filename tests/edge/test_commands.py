#!/usr/bin/python3
"""What neighbors-edge says to who types it wrong: usage, complaints and exit codes, without any broker.
test_commands.py NEIGHBORS-EDGE"""
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

EDGE = os.environ.get("NEIGHBORS_EDGE", "")
COMMANDS = ("run", "setup", "status", "translate", "maps")
DONE, INVALID, USAGE, UNREACHABLE = range(4)
MESSAGE = '{"topic":"frigate/porch/motion","payload":"ON"}\n'


def edge(*words, text=""):
    return subprocess.run([EDGE, *words], input=text, capture_output=True, text=True, timeout=60)


def closed_port():
    """A port at which nobody listens, as long as nobody takes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="neighbors-commands-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def refused(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def config(self, text):
        path = self.folder / "edge.conf"
        path.write_text(text)
        return path

    def test_help_is_printed_and_no_mistake(self):
        for command in COMMANDS:
            for words in ([command, "--help"], [command, "--help", "--json"] if command in ("status", "maps") else [command, "--help"]):
                done = edge(*words)
                self.assertEqual((done.returncode, done.stderr), (DONE, ""), words)
                self.assertTrue(done.stdout.startswith(f"usage: neighbors-edge {command}"), done.stdout)
        done = edge("--help")
        self.assertEqual(done.returncode, DONE)
        for command in COMMANDS:
            self.assertIn(f"  {command} ", done.stdout)

    def test_what_is_no_command_or_flag_is_answered_with_the_usage(self):
        for words in ([], ["sing"], *([command, "--sing"] for command in COMMANDS), *([command, "sing"] for command in COMMANDS)):
            done = edge(*words)
            self.refused(done, USAGE, "usage: neighbors-edge")
            self.assertEqual(done.stdout, "")

    def test_what_is_not_there_cannot_be_reached(self):
        for flag in ("--config", "--spool"):
            missing = self.folder / "missing"
            self.refused(edge("status", flag, missing), UNREACHABLE, str(missing))
        done = edge("setup", "--yes", "--local", f"127.0.0.1:{closed_port()}", "--out", self.folder)
        self.refused(done, UNREACHABLE, "no MQTT broker lets us in")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_file_that_is_not_there_is_named_with_the_reason(self):
        for command in ("run", "translate", "status"):
            done = edge(command, "--config", self.folder / "missing.conf")
            self.assertIn("missing.conf: No such file or directory", done.stderr)
            self.assertNotIn(":0:", done.stderr)

    def test_a_slip_in_the_settings_is_named_with_its_line(self):
        for text, words in (("maps = ( { name = \"frigate\"; }\n", ("edge.conf:2:",)), ("\nrow = ();\n", ("edge.conf:2: row", "is not a setting")),
                            ("together = 3;\n", ("edge.conf:1: together",)), ("maps = ( { name = \"frigat\"; } );", ("frigat",))):
            config = self.config(text)
            self.refused(edge("translate", "--config", config, text=MESSAGE), INVALID, *words)
            self.refused(edge("run", "--config", config), INVALID, *words)

    def test_ports_are_numbers(self):
        for local in ("127.0.0.1:1883x", "127.0.0.1:99999", "127.0.0.1:", ":1883", "127.0.0.1:0"):
            self.refused(edge("run", "--local", local), INVALID, local, "must be HOST or HOST:PORT")

    def test_what_is_to_be_shared_is_known_before_anything_is_asked(self):
        for share in ("front_door", "front_door:", "front_door:persn", ":person", "front_door:person,cat"):
            self.refused(edge("setup", "--yes", "--share", share, "--out", self.folder), INVALID, share, "SOURCE:KIND,KIND")

    def test_lines_that_are_no_messages_are_named(self):
        done = edge("translate", text=MESSAGE + "nonsense\n" + '{"payload":"ON"}\n')
        self.refused(done, INVALID, "line 2:", "line 3: topic")
        self.assertIn('"device":"porch"', done.stdout)
        self.refused(edge("translate", "--map", "frigat", text=MESSAGE), USAGE, "frigat", "neighbors-edge maps")


if __name__ == "__main__":
    EDGE = sys.argv.pop(1)
    unittest.main()
