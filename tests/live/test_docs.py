"""docs/ and the README are true: every shell block is run in the neighborhood that ./run starts, every example program follows
and publishes there, what a document quotes is the file, and every link leads somewhere."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from documents import all_documents, blocks, calls, headings, links, prose
from stack import BUILD, ENVIRONMENT, ROOT, die_with_parent, port_open, reserve

import run

GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "bridge/edge/README.md", ROOT / "bridge/mqtt/README.md"]
MODULES = ROOT / "portal/node_modules"
PATIENCE = 120


def free_base():
    """The first of seven ports in a row."""
    for base in range(21000, 27900, 7):
        if not any(port_open(port) for port in range(base, base + 7)) and all(reserve(port) for port in range(base, base + 7)):
            return base
    raise AssertionError("no seven free ports in a row")


class Program:
    """Something that goes on: what it says is read from a file."""

    def __init__(self, words, folder, environment):
        self.output = Path(tempfile.mkstemp(dir=folder)[1])
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen([str(word) for word in words], cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, env=environment, preexec_fn=die_with_parent, process_group=0)

    def text(self):
        return self.output.read_text(errors="replace")

    def wait_for(self, wanted):
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self.process.args}: no {wanted!r} in\n{self.text()[-3000:]}")
            time.sleep(0.05)

    def stop(self):
        try:
            os.killpg(self.process.pid, 15)
        except ProcessLookupError:
            pass
        self.process.wait(30)


class Neighborhood(unittest.TestCase):
    """One neighborhood as ./run starts it, and a folder in which its commands find what they name."""

    merge_minutes = 10

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="nb-docs-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.base = free_base()
        cls.stack = run.Neighborhood(cls.folder / ".data", cls.base)
        cls.stack.settings |= {"heartbeat_ms": 500, "footage_release_s": 1, "merge_minutes": cls.merge_minutes,
                               "accept_rate_per_address": 0, "http_rate_per_address": 0}
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start_all()
        run.documents_to_try(cls.stack)
        (cls.folder / "build").symlink_to(BUILD)
        for name in ("docs", "proto", "deploy", "sample", "tests", "portal"):
            (cls.folder / name).symlink_to(ROOT / name)
        cls.tokens = cls.folder / ".data/tokens"
        cls.environment = ENVIRONMENT | {
            "PATH": f"{BUILD}:{os.environ['PATH']}", "NEIGHBORS_BROKER": f"127.0.0.1:{cls.base}",
            "NEIGHBORS_REDIS": f"redis://127.0.0.1:{cls.base + 3}", "NEIGHBORS_DATA": str(cls.folder / ".data"), "NO_COLOR": "1"}

    def program(self, *words, cwd=None, **environment):
        program = Program(words, cwd or self.folder, self.environment | environment)
        self.addCleanup(program.stop)
        return program

    def ended(self, *words, cwd=None, **environment):
        done = subprocess.run([str(word) for word in words], cwd=cwd or self.folder, env=self.environment | environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode, done.stdout + done.stderr


class Guides(Neighborhood):
    def here(self, text, said):
        """The same for this neighborhood: its ports, its keys; for PUBLIC_ID and the like the last id that was told."""
        text = re.sub(r"\b1883([0-6])\b", lambda found: str(self.base + int(found[1])), text)
        text = text.replace("/etc/neighbors", str(self.stack.keys))
        ids = re.findall(r"\b[0-9a-f]{24}\b", said)
        return re.sub(r"\b[A-Z]+_ID\b", ids[-1], text) if ids else text

    def wait_for_any(self, wanted, programs):
        deadline = time.monotonic() + PATIENCE
        while not any(wanted in program.text() for program in programs):
            self.assertLess(time.monotonic(), deadline, [program.text()[-1000:] for program in programs])
            time.sleep(0.05)

    def check(self, path):
        said, going = "", []
        for block in blocks(path):
            if block.mark.startswith("saved as: "):
                (self.folder / block.mark.partition(": ")[2]).write_text(block.text)
            if block.mark.startswith("run by: "):
                self.assertIn(f"{path.relative_to(ROOT)}", (ROOT / block.mark.partition(": ")[2]).read_text(), f"{path.name}:{block.line}")
                continue
            if block.language != "sh" or block.mark.startswith(("not run: ", "file: ")):
                continue
            words = ["sh", "-euc", self.here(block.text, said)]
            self.assertNotRegex(words[2], r"(^|\s)/(etc|var|usr|root)/|systemctl|\bapt ", f"{path.name}:{block.line}: of a whole machine")
            if block.mark.startswith("goes on, shows: "):
                going.append((self.program(*words), block.mark.partition(": ")[2]))
                continue
            if block.mark.startswith("after: "):
                self.wait_for_any(block.mark.partition(": ")[2], [program for program, _ in going])
            code, out = self.ended(*words)
            self.assertEqual(code, 0, f"{path.name}:{block.line}\n{words[2]}\n{out}")
            if block.mark.startswith("prints: "):
                self.assertIn(block.mark.partition(": ")[2], out, f"{path.name}:{block.line}")
            said += out
        for program, wanted in going:
            program.wait_for(wanted)
            program.stop()


def check_of(path):
    return lambda self: self.check(path)


def run_elsewhere(guide):
    """Another test runs it, in an installation of its own: what it types is not for this one."""
    name = f'ROOT / "{guide.relative_to(ROOT)}"'
    return any(name in test.read_text() for test in Path(__file__).parent.glob("test_*.py") if test.name != Path(__file__).name)


for guide in GUIDES:
    if not run_elsewhere(guide) and any(block.language == "sh" for block in blocks(guide)):
        name = "_".join(guide.relative_to(ROOT).with_suffix("").parts).replace("-", "_").lower()
        setattr(Guides, f"test_{name}", check_of(guide))


class Examples(Neighborhood):
    """Whoever follows, in whichever language, sees what whoever publishes, in whichever language."""

    merge_minutes = 0  # what several report here is not the same thing

    def address(self, who="user/ann", scheme=None):
        where = [f"ws://127.0.0.1:{self.base + 2}/mqtt"] if scheme == "ws" else ["127.0.0.1", self.base]
        return [*where, who, self.tokens / (who.replace("/", "-") + ".token")]

    def example(self, name):
        return ROOT / "docs/examples" / name

    def publish_all(self, *followers):
        for name, place in (("publish.py", ["34.0768,-118.0316"]), ("publish.sh", ["340768000", "-1180316000"])):
            headline = f"By {name}"
            code, out = self.ended(self.example(name), *self.address("user/ben"), *place, "safety", headline)
            self.assertEqual(code, 0, out)
            for follower in followers:
                follower.wait_for(headline)

    def test_python_and_the_shell(self):
        state = self.folder / "state.json"
        follow = [self.example("follow.py"), *self.address(), "9qh1f5", "1600", state]
        python = self.program(*follow)
        python.wait_for("all heard")
        shell = self.program(self.example("follow.sh"), *self.address(), "9qh1f5", "1600")
        self.publish_all(python, shell)
        code, out = self.ended(self.example("publish.py"), *self.address("user/ben"), "34.0768,-118.0316", "crime", "Without a word")
        self.assertEqual(code, 1, out)
        self.assertIn("refused: description", out)
        # What ended while it was away is told when it is back: only its cursors know that it was away.
        self.stack.neighbors("publish", "alert", "--as", "user/cara", "--id", "short", "--category", "hazard", "--at", run.PLACE,
                             "--headline", "Tree across the road")
        python.wait_for("Tree across the road")
        python.stop()
        self.assertIn("9qh1", state.read_text())
        self.stack.neighbors("publish", "alert", "--as", "user/cara", "--cancel", "short")
        again = self.program(*follow)
        again.wait_for("over: ")
        self.assertNotIn("By publish", again.text(), "what it had shown before is in force still, and came first")

    def test_a_device_in_protobuf(self):
        subprocess.run(["protoc", f"-I{ROOT}/proto", f"--python_out={self.folder}", "neighbors.proto"], check=True)
        code, out = self.ended(self.example("motion.py"), *self.address("device/ann-door"), PYTHONPATH=str(self.folder))
        self.assertEqual((code, out), (0, "stored\n"))

    @unittest.skipUnless((MODULES / "@neighbors/client/dist/index.js").exists(), "SKIPPED: portal/build has not been run")
    def test_javascript(self):
        app = self.folder / "app"
        shutil.copytree(ROOT / "docs/examples", app)
        (app / "node_modules").symlink_to(MODULES)
        ours = self.program("node", "follow.mjs", *self.address(scheme="ws"), "34.0768,-118.0316", "1600", cwd=app)
        ours.wait_for("all heard")
        plain = self.program("node", "mqttjs.mjs", *self.address("user/cara", "ws"), "9qh1f5", "1600", "34.0768,-118.0316", "hazard",
                             "By mqttjs.mjs", cwd=app)
        for program in (plain, ours):
            program.wait_for("By mqttjs.mjs")
        plain.wait_for("stored")
        self.publish_all(ours, plain)
        self.stack.stop_one("neighborsd")
        self.stack.start_broker()  # when they are back what is in force comes to them again
        code, out = self.ended("node", "publish.mjs", *self.address("user/ben", "ws"), "34.0768,-118.0316", "hazard",
                               "By publish.mjs", cwd=app)
        self.assertEqual(code, 0, out)
        for program in (plain, ours):
            program.wait_for("By publish.mjs")
            self.assertEqual(program.text().count("By mqttjs.mjs"), 1, program.text())
        code, out = self.ended("node", "publish.mjs", *self.address("user/ben", "ws"), "34.0768,-118.0316", "crime", "Without a word",
                               cwd=app)
        self.assertEqual(code, 1, out)
        self.assertIn("refused", out)
        code, out = self.ended("node", "mqttjs.mjs", *self.address("user/eve", "ws"), "9qh1f5", "1600", "34.0768,-118.0316", "crime",
                               "Without a word", cwd=app)
        self.assertEqual(code, 1, out)
        self.assertIn("description", out)


class Documents(unittest.TestCase):
    def test_the_schema_is_printed_from_the_messages(self):
        printed = subprocess.run([ROOT / "docs/schema"], capture_output=True, text=True, check=True).stdout
        self.assertEqual((ROOT / "docs/schema.md").read_text(), printed, "docs/schema > docs/schema.md")

    def test_the_pictures_are_drawn_by_their_script(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([ROOT / "docs/pictures/draw", folder], check=True)
            drawn = sorted(Path(folder).glob("*.svg"))
            self.assertGreater(len(drawn), 5)
            for path in drawn:
                self.assertEqual((ROOT / "docs/pictures" / path.name).read_text(), path.read_text(), "docs/pictures/draw")

    def test_pictures_are_small(self):
        for path in (ROOT / "docs/pictures").iterdir():
            self.assertLess(path.stat().st_size, 150_000, path.name)

    def test_what_is_quoted_is_the_file(self):
        quoted = set()
        for path in GUIDES:
            for block in blocks(path):
                if block.mark.startswith("file: "):
                    file = (path.parent / block.mark.partition(": ")[2]).resolve()
                    self.assertEqual(block.text, file.read_text(), f"{path.name}:{block.line}")
                    quoted.add(file)
                elif block.language in ("python", "js"):
                    self.fail(f"{path.name}:{block.line}: an example is a file that a test runs, quoted whole")
        self.assertEqual(quoted, {path for path in (ROOT / "docs/examples").iterdir() if path.is_file()})

    def test_no_command_stands_outside_a_block(self):
        """What is to be typed stands in a block that is run, or that says why not."""
        not_run = 0
        for path in GUIDES:
            for block in blocks(path):
                reason = block.mark.removeprefix("not run: ") if block.mark.startswith("not run: ") else None
                not_run += reason is not None
                self.assertTrue(reason is None or len(reason) > 10, f"{path.name}:{block.line}: why not?")
                self.assertIn(block.language, ("sh", "text", "conf", "python", "js", "json", "yaml", "xml"), f"{path.name}:{block.line}")
                self.assertNotRegex(block.text if block.language == "text" else "", r"(?m)^ *(build/)?(neighbors|curl|mosquitto_)",
                                    f"{path.name}:{block.line}")
            if path.name != "SCALE.md":  # what measures is not run by tests
                typed = re.search(r"(?m)^ {4,}(build/|docs/|neighbors|curl |mosquitto_|deploy/|\./run)", prose(path))
                self.assertIsNone(typed, f"{path.name}: {typed and typed[0]}… stands in no block")
        print(f"{not_run} blocks are not run", file=sys.stderr)
        self.assertLessEqual(not_run, 25)

    def test_settings_exist(self):
        printed = subprocess.run([BUILD / "neighborsd", "--print-config"], capture_output=True, text=True, check=True).stdout
        known = set(re.findall(r"^(\w+) = ", printed, re.MULTILINE))
        for path in GUIDES:
            for block in blocks(path):
                if block.language == "conf":
                    self.assertEqual(set(re.findall(r"^(\w+) = ", block.text, re.MULTILINE)) - known, set(), f"{path.name}:{block.line}")

    def test_commands_and_their_options_exist(self):
        """Wherever a document speaks of a call of the command line."""
        script = subprocess.run([BUILD / "neighbors", "completion", "bash"], capture_output=True, text=True, check=True).stdout
        common = set(re.search(r"(?m)^ {4}options='(.*)'$", script)[1].split())
        options = {name: common | set(its.split()) for name, its in re.findall(r"(?m)^ {8}'(.+)'\) options\+='(.*)' ;;$", script)}
        families, told = {name.split()[0] for name in options if " " in name}, set()
        for path in all_documents():
            for call in calls(path):
                words = call.split()[1:]
                name = " ".join(words[:2]) if words[0] in families else words[0]
                if name in families or words[1:2] == ["…"] or not words[0][0].isalpha() or name.endswith(","):
                    continue  # spoken of as a whole, or no call
                self.assertTrue(name in options, f"{path.relative_to(ROOT)}: {call}")
                self.assertEqual({word for word in words if re.match(r"--[a-z]", word)} - options[name], set(), f"{path.relative_to(ROOT)}: {call}")
                told.add(name)
        self.assertGreater(len(told), 40)

    def test_links_lead_somewhere(self):
        for path in all_documents():
            for target, heading in links(path):
                with self.subTest(document=str(path.relative_to(ROOT)), link=f"{target}#{heading}"):
                    self.assertTrue(target.exists(), "no such file")
                    if heading:
                        self.assertIn(heading, list(headings(target)))

    def test_everything_in_docs_is_in_its_contents(self):
        told = {target for target, _ in links(ROOT / "docs/README.md")}
        for path in (ROOT / "docs").glob("*.md"):
            self.assertIn(path, told | {ROOT / "docs/README.md"}, "docs/README.md does not name it")

    def test_the_readme_is_one_page(self):
        self.assertLessEqual(len((ROOT / "README.md").read_text().splitlines()), 90)


if __name__ == "__main__":
    unittest.main()
