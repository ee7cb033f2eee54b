"""neighbors setup, the manual pages and the completion: what an operator has on the first Sunday. The packages themselves are
tried by deploy/test-packages."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from stack import BUILD, ENVIRONMENT

WITH_OURS = ENVIRONMENT | {"PATH": f"{BUILD}:{os.environ['PATH']}"}


def neighbors(*words, given="", environment=WITH_OURS):
    return subprocess.run([BUILD / "neighbors", *words], input=given, capture_output=True, text=True, timeout=60, env=environment)


class Setup(unittest.TestCase):
    def setUp(self):
        self.etc = Path(tempfile.mkdtemp(prefix="nb-")) / "etc"
        self.addCleanup(shutil.rmtree, self.etc.parent)

    def setup(self, *words, given=""):
        return neighbors("setup", "--etc", str(self.etc), "--no-start", *words, given=given)

    def settings(self):
        lines = (self.etc / "neighborsd.conf").read_text().splitlines()
        return dict(line.rstrip(";").split(" = ", 1) for line in lines if " = " in line)

    def test_five_answers_make_an_installation_that_neighborsd_takes(self):
        done = self.setup(given="alerts.example.org,10.0.0.7\nElm Street\n34.0768,-118.0316\nops@example.org\nhere\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        settings = self.settings()
        self.assertEqual(settings["portal_name"], '"Elm Street"')
        self.assertEqual(settings["portal_center"], '"34.0768,-118.0316"')
        self.assertEqual(settings["push_contact"], '"mailto:ops@example.org"')
        self.assertEqual(settings["public_url"], '"https://alerts.example.org"')
        self.assertIn("neighbors-redis", settings["redis_url"])
        names = subprocess.run(["openssl", "x509", "-in", self.etc / "server.crt", "-noout", "-ext", "subjectAltName"],
                               capture_output=True, text=True, check=True).stdout
        self.assertIn("alerts.example.org", names)
        self.assertIn("10.0.0.7", names)
        self.assertEqual((self.etc / "token.key").stat().st_mode & 0o077, 0)

    def test_a_wrong_answer_is_asked_for_again_at_once(self):
        done = self.setup(given="https://a.example\na.example, 10.0.0.7\nElm\n34.0768 118\n34.0768, -118.0316 \nme\nops@example.org\n"
                                "localhost:6379\nhere\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("No: "), 4, done.stdout)
        settings = self.settings()
        self.assertEqual((settings["public_url"], settings["portal_center"]), ('"https://a.example"', '"34.0768,-118.0316"'))

    def test_settings_that_neighborsd_refuses_take_no_place(self):
        self.assertEqual(self.setup("--yes", "--host", "a.example").returncode, 0)
        before = (self.etc / "neighborsd.conf").read_text()
        (self.etc / "server.crt").write_text("no certificate")
        done = self.setup("--yes", "--host", "b.example", "--replace")
        self.assertEqual(done.returncode, 1)
        self.assertIn("server.crt", done.stderr)
        self.assertEqual((self.etc / "neighborsd.conf").read_text(), before)
        self.assertEqual(list(self.etc.glob("*.new")), [])

    def test_keys_that_are_half_made_are_told_and_those_that_make_identities_may_be_elsewhere(self):
        self.assertEqual(self.setup("--yes", "--host", "a.example").returncode, 0)
        for name in ("token.key", "ca.key"):
            (self.etc / name).unlink()
        self.assertEqual(self.setup("--yes", "--host", "a.example", "--replace").returncode, 0)
        (self.etc / "ca.crl").unlink()
        done = self.setup("--yes", "--host", "a.example", "--replace")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no ca.crl", done.stderr)

    def test_a_certificate_for_another_name_is_told(self):
        self.assertEqual(self.setup("--yes", "--host", "a.example,10.0.0.7").stderr, "")
        self.assertEqual(self.setup("--yes", "--host", "10.0.0.7", "--replace").stderr, "")
        self.assertIn("neighbors ca renew --host b.example", self.setup("--yes", "--host", "b.example", "--replace").stderr)

    def test_what_is_no_secret_may_be_read_whatever_the_umask(self):
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        self.assertEqual(self.setup("--yes", "--host", "a.example").returncode, 0)
        for name in ("server.crt", "ca.crt", "ca.crl", "token.pub", "neighborsd.conf"):
            self.assertEqual((self.etc / name).stat().st_mode & 0o777, 0o644, name)
        self.etc = self.etc / "further" / "neighbors"
        self.assertEqual(self.setup("--yes", "--host", "a.example").returncode, 0)
        for folder in (self.etc, self.etc.parent):
            self.assertEqual(folder.stat().st_mode & 0o777, 0o755, folder)

    def test_settings_that_are_there_stay_and_keys_are_never_replaced(self):
        self.assertEqual(self.setup("--yes", "--host", "a.example").returncode, 0)
        key = (self.etc / "token.key").read_bytes()
        again = self.setup("--yes", "--host", "b.example")
        self.assertEqual(again.returncode, 1)
        self.assertIn("--replace", again.stderr)
        self.assertEqual(self.setup("--yes", "--host", "b.example", "--replace").returncode, 0)
        self.assertEqual(self.settings()["public_url"], '"https://b.example"')
        self.assertEqual((self.etc / "token.key").read_bytes(), key)

    def test_users_of_redis_that_a_version_of_before_made_are_mended(self):
        self.assertEqual(self.setup("--yes", "--host", "a.example").returncode, 0)
        users = self.etc / "redis-users.acl"
        good = users.read_text()
        users.write_text("user default off\n" + good.split("\n", 1)[1])
        self.assertEqual(self.setup("--yes", "--host", "a.example", "--replace").returncode, 0)
        self.assertEqual(users.read_text(), good)

    def test_a_wrong_answer_is_told_and_nothing_is_made(self):
        for words, rule in ((["--at", "here"], "LAT,LON"), (["--contact", "me"], "mail"), (["--store", "http://h"], "redis://"),
                            (["--host", "a b"], "host"), (["--name", 'a"b'], "quotes")):
            done = self.setup("--yes", *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(rule, done.stderr)
            self.assertEqual(list(self.etc.glob("*")), [])

    def test_without_a_neighborsd_nothing_is_asked_or_made(self):
        words = ["setup", "--etc", str(self.etc), "--no-start"]
        done = neighbors(*words, environment=ENVIRONMENT | {"PATH": str(self.etc.parent)})
        self.assertEqual((done.returncode, done.stdout), (1, ""), done)
        self.assertIn("neighbors-broker", done.stderr)
        self.assertEqual(list(self.etc.parent.glob("*")), [])


class Manual(unittest.TestCase):
    def test_every_program_tells_the_one_version(self):
        told = [subprocess.run([BUILD / name, "--version"], capture_output=True, text=True, check=True).stdout.split()
                for name in ("neighborsd", "neighbors", "neighbors-edge", "neighbors-bridge")]
        self.assertEqual([name for name, _ in told], ["neighborsd", "neighbors", "neighbors-edge", "neighbors-bridge"])
        self.assertRegex(told[0][1], r"^\d+\.\d+\.\d+")
        self.assertEqual({version for _, version in told}, {told[0][1]})

    def test_the_manual_pages_name_every_command_and_setting(self):
        page = neighbors("manual").stdout
        told = [line.removeprefix("  neighbors ") for line in neighbors("--help").stdout.splitlines()
                if line.startswith("  neighbors ")]
        self.assertGreater(len(told), 60)
        self.assertEqual(page.count("\n.Ss "), len(told))
        for line in told:
            self.assertIn(f"\n.Ss {line.split()[0]}", page)
        settings = subprocess.run([BUILD / "neighborsd", "--print-manual"], capture_output=True, text=True, check=True).stdout
        printed = subprocess.run([BUILD / "neighborsd", "--print-config"], capture_output=True, text=True, check=True).stdout
        for line in printed.splitlines():
            if line and not line.startswith("#"):
                self.assertIn(f".It Ic {line.split(' = ')[0]}\n", settings)

    def test_the_manual_page_and_the_completion_know_the_same_options(self):
        page, script = neighbors("manual").stdout, neighbors("completion", "bash").stdout
        completed = {name: options.split() for name, options in re.findall(r"(?m)^ {8}'(.+)'\) options\+='(.*)' ;;$", script)}
        self.assertGreater(len(completed), 60)
        for title, options in re.findall(r"(?ms)^\.Ss (.*?)\n(.*?)(?=^\.S[sh] )", page):
            told = ["--" + name.replace("\\-", "-") for name in re.findall(r"(?m)^\.It Fl \\-(\S+)", options)]
            name = next(name for name in sorted(completed, key=len, reverse=True) if f"{title} ".startswith(f"{name} "))
            self.assertEqual(told, completed.pop(name), name)
        self.assertEqual(completed, {})

    def test_bash_completes_commands_and_options(self):
        def completed(*words):
            script = neighbors("completion", "bash").stdout
            script += f"COMP_WORDS=(neighbors {' '.join(words)}); COMP_CWORD={len(words)}; _neighbors; echo \"${{COMPREPLY[@]}}\""
            return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(completed("publ"), ["publish"])
        self.assertEqual(completed("publish", "''"), ["alert", "cap", "motion"])
        self.assertIn("--headline", completed("publish", "alert", "--he"))
        self.assertEqual(completed("enroll", "--hous"), ["--household"])
