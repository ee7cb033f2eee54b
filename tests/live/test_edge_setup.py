"""From an invitation to a person that the neighbors see: neighbors household invite, neighbors-edge setup (with flags, and as
somebody types at a terminal), neighbors-edge run, with a real Mosquitto in the home and a real neighborsd over TLS."""
import json
import os
import pty
import select
import signal
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import redis

import case
import mqtt
from case import HERE, LEAF, unique
from stack import BUILD, Stack, StackError, die_with_parent, free_port

EDGE = BUILD / "neighbors-edge"
AT = f"{HERE[0]},{HERE[1]}"
PATIENCE = 60


class Terminal:
    """A program at a terminal, and what it has said."""

    def __init__(self, command):
        self.process, self.said = None, ""
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execv(command[0], [str(word) for word in command])
        self.pid = pid

    def expect(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.said:
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{text!r} was not said: {self.said}")
            try:
                read = os.read(self.fd, 4096)
            except OSError:
                read = b""
            if not read:
                raise AssertionError(f"it ended without {text!r}: {self.said}")
            self.said += read.decode(errors="replace")
        self.said = self.said.split(text, 1)[1]

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def end(self):
        while True:
            try:
                if not os.read(self.fd, 4096):
                    break
            except OSError:
                break
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class EdgeSetup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-setup-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        settings = case.SETTINGS | {"release_households": 1, "release_verified_days": 0}
        cls.stack = Stack(cls.folder, tls_port=free_port(), http_port=free_port(), https_port=free_port(),
                          metrics_port=free_port(), settings=settings)
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start_redis()
        cls.stack.make_keys()
        cls.stack.start_broker()
        cls.stack.start_home()
        for camera in ("front_door", "garage"):  # as Frigate does: retained, before anything moves
            cls.at_home(f"frigate/{camera}/detect/state", "ON", "-r")

    def setUp(self):
        """Of one address only so many codes are taken: each test begins with none."""
        tried = self.stack.redis_command("KEYS", "nb:{invitations}:tried:*").split()
        if tried:
            self.stack.redis_command("DEL", *tried)

    @classmethod
    def at_home(cls, topic, payload, *flags):
        subprocess.run(["mosquitto_pub", "-p", str(cls.stack.home_port), "-q", "1", "-t", topic, "-m", payload, *flags], check=True)

    def invite(self, *words):
        home = unique("home")
        return home, self.stack.neighbors("household", "invite", home, "--at", AT, *words)[-1]

    def command(self, invitation, folder, *words):
        return [EDGE, "setup", "--local", f"127.0.0.1:{self.stack.home_port}", "--broker",
                f"https://127.0.0.1:{self.stack.https_port}", "--pin", invitation["pin"], "--code", invitation["code"], "--listen",
                "2", "--out", folder, "--spool", folder / "spool.db", *words]

    def setup_edge(self, invitation, folder, *words):
        return subprocess.run(self.command(invitation, folder, "--yes", *words), capture_output=True, text=True, timeout=120,
                              umask=0o077)

    def out(self):
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.rmtree(folder)  # setup makes it
        return folder

    def run_edge(self, folder):
        log = open(folder / "log", "wb")
        self.addCleanup(log.close)
        process = subprocess.Popen([EDGE, "run", "--config", folder / "neighbors-edge.conf"], stderr=log, preexec_fn=die_with_parent)
        self.addCleanup(process.wait)
        self.addCleanup(process.send_signal, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while "home: subscribed" not in (folder / "log").read_text():
            self.assertLess(time.monotonic(), deadline, (folder / "log").read_text())
            time.sleep(0.02)

    def person(self, camera, identifier):
        """A visit, as Frigate tells of it."""
        now = time.time()
        state = {"id": identifier, "camera": camera, "start_time": now, "end_time": None, "severity": "alert",
                 "data": {"detections": [], "objects": ["person"], "sub_labels": [], "zones": ["porch"], "audio": []}}
        self.at_home("frigate/reviews", json.dumps({"type": "new", "before": state, "after": state}))

    def post(self, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.stack.http_port}/v1/enroll", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def test_from_nothing_to_a_person_that_neighbors_see(self):
        home, invitation = self.invite("--verified-since", "-30d")
        folder = self.out()
        done = self.setup_edge(invitation, folder, "--share", "front_door:person,package", "--neighbors-see")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("front_door", done.stdout)
        self.assertEqual(folder.stat().st_mode & 0o777, 0o755, "whatever the umask: the edge is another user")
        for path in folder.iterdir():
            self.assertEqual(path.stat().st_mode & 0o777, 0o600, path)
        follower = mqtt.Client(self.stack.mqtt_port)
        self.addCleanup(follower.close)
        follower.connect(client_id="follower", username="user/follower", password=self.stack.enroll("user/follower").encode())
        follower.subscribe(f"nb/v1/json/near/{LEAF}/1600/activity/#")
        self.run_edge(folder)
        self.person("garage", "1.0-not-shared")
        self.person("front_door", f"{time.time()}-shared")
        seen = follower.until(mqtt.PUBLISH, PATIENCE)
        item = json.loads(seen.payload)
        self.assertEqual(item["activity"]["kind"], "PERSON")
        self.assertEqual(item["cell"], LEAF)
        self.assertNotIn("front_door", seen.payload.decode())
        self.assertEqual(self.stack.neighbors("household", "show", home)[-1]["members"].count(f"device/{home}-1"), 1)

    def test_what_happens_outside_comes_into_the_home(self):
        _, invitation = self.invite()
        folder = self.out()
        done = self.setup_edge(invitation, folder, "--share", "garage:person", "--way-back")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.run_edge(folder)
        home = mqtt.Client(self.stack.home_port)
        self.addCleanup(home.close)
        home.connect(client_id="home-assistant")
        home.subscribe("neighbors/home/alerts")
        told = home.until(mqtt.PUBLISH, PATIENCE, lambda p: "Street light out" not in p.payload.decode())
        self.assertEqual(json.loads(told.payload), [])
        self.stack.enroll("user/neighbor", "--household", "neighbor", "--at", AT, "--verified-since", "-30d")
        self.stack.neighbors("publish", "alert", "--as", "user/neighbor", "--category", "safety", "--at", AT, "--headline",
                             "Street light out")
        told = home.until(mqtt.PUBLISH, PATIENCE, lambda p: json.loads(p.payload))
        self.assertEqual([alert["headline"] for alert in json.loads(told.payload)], ["Street light out"])

    def test_authorities_may_stand_in_a_folder(self):
        _, invitation = self.invite()
        folder = self.out()
        self.assertEqual(self.setup_edge(invitation, folder, "--share", "garage:person", "--way-back").returncode, 0)
        trusted = folder / "trusted"
        trusted.mkdir()
        shutil.copy(folder / "broker-ca.pem", trusted / "neighborhood.pem")
        subprocess.run(["openssl", "rehash", trusted], check=True)
        file = folder / "neighbors-edge.conf"
        file.write_text(file.read_text().replace(str(folder / "broker-ca.pem"), str(trusted)))
        self.run_edge(folder)
        deadline = time.monotonic() + PATIENCE
        while "broker: connected" not in (folder / "log").read_text():
            self.assertLess(time.monotonic(), deadline, (folder / "log").read_text())
            time.sleep(0.02)

    def test_somebody_types_at_a_terminal(self):
        _, invitation = self.invite()
        folder = self.out()
        terminal = Terminal([EDGE, "setup", "--local", f"127.0.0.1:{self.stack.home_port}", "--out", folder, "--spool",
                             folder / "spool.db", "--pin", invitation["pin"]])
        terminal.expect("front_door")
        terminal.expect("garage")
        terminal.type("")
        for _ in range(2):
            terminal.expect("share which kinds?")
            terminal.type("penguin")
            terminal.expect("One or several of")
            terminal.expect("share which kinds?")
            terminal.type("person" if _ == 0 else "")
        terminal.expect("The neighborhood's broker")
        terminal.type(f"127.0.0.1:{self.stack.https_port}")
        terminal.expect("The code of your invitation?")
        terminal.type(invitation["code"].lower().replace("-", ""))
        terminal.expect("into this home")
        terminal.type("n")
        terminal.expect("May your neighbors see")
        terminal.type("no")
        terminal.expect("kept for you alone")
        terminal.expect("Start the edge now")
        terminal.type("n")
        self.assertEqual(terminal.end(), 0)
        configuration = (folder / "neighbors-edge.conf").read_text()
        self.assertIn('kinds = [ "person" ]', configuration)
        self.assertEqual(configuration.count("source ="), 1)
        self.assertNotIn("places", configuration)

    def test_a_slip_of_the_pen_is_asked_about_again(self):
        _, invitation = self.invite("--devices", "1")
        folder = self.out()
        terminal = Terminal([EDGE, "setup", "--local", f"127.0.0.1:{free_port()}", "--out", folder, "--spool", folder / "spool.db",
                             "--pin", invitation["pin"], "--no-start", "--no-way-back"])
        terminal.expect("does not let us in")
        terminal.expect("The home's MQTT broker")
        terminal.type(f"127.0.0.1:{self.stack.home_port}x")
        terminal.expect("must be HOST or HOST:PORT")
        terminal.expect("The home's MQTT broker")
        terminal.type(f"127.0.0.1:{self.stack.home_port}")
        terminal.expect("User name there")
        terminal.type("")
        terminal.expect("front_door")
        terminal.expect("garage")
        terminal.type("")
        for _ in range(2):
            terminal.expect("share which kinds?")
            terminal.type("person")
        terminal.expect("The neighborhood's broker")
        terminal.type("http://neighbors.example.org")
        terminal.expect("The code of your invitation?")
        terminal.type("K7QF-2MPX")
        terminal.expect("must be https://")
        terminal.expect("The neighborhood's broker")
        terminal.type(f"https://127.0.0.1:{self.stack.https_port}")
        terminal.expect("the broker says: code")
        terminal.expect("The code of your invitation?")
        terminal.type(invitation["code"])
        terminal.expect("is not shared: the invitation is for 1")
        terminal.expect("May your neighbors see")
        terminal.type("n")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual((folder / "neighbors-edge.conf").read_text().count("source ="), 1)

    def test_a_broker_that_is_away_cannot_be_reached(self):
        _, invitation = self.invite()
        folder = self.out()
        away = self.setup_edge(invitation, folder, "--share", "garage:person", "--broker", f"https://127.0.0.1:{free_port()}")
        self.assertEqual(away.returncode, 3, away.stderr)
        self.assertIn("cannot be asked", away.stderr)
        self.assertEqual(self.setup_edge(invitation, folder, "--share", "garage:person").returncode, 0)

    def test_what_is_there_is_not_written_over_and_the_code_stays_good(self):
        _, invitation = self.invite()
        folder = self.out()
        folder.mkdir()
        (folder / "neighbors-edge.conf").write_text("mine")
        done = self.setup_edge(invitation, folder, "--share", "garage:all")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--replace", done.stderr)
        self.assertEqual((folder / "neighbors-edge.conf").read_text(), "mine")
        self.assertEqual(self.setup_edge(invitation, folder, "--share", "garage:all", "--replace").returncode, 0)

    def test_another_server_gets_no_code(self):
        _, invitation = self.invite()
        wrong = invitation | {"pin": "sha256//" + "A" * 43 + "="}
        done = self.setup_edge(wrong, self.out(), "--share", "garage:person")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be asked", done.stderr)
        self.assertEqual(self.post({"code": invitation["code"], "nonce": "n" * 16})[0], 200)  # it is good still

    def test_who_has_nothing_to_share_leaves_nothing_behind(self):
        _, invitation = self.invite()
        folder = self.out()
        done = self.setup_edge(invitation, folder, "--share", "nowhere:person")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such device spoke", done.stderr)
        self.assertEqual(list(folder.iterdir()), [])

    def test_a_code_is_good_once_for_who_takes_it_again(self):
        home, invitation = self.invite("--devices", "2", "--user", "zoe")
        status, given = self.post({"code": invitation["code"], "nonce": "a-nonce-of-the-first"})
        self.assertEqual(status, 200)
        self.assertEqual(given["devices"], [f"{home}-1", f"{home}-2"])
        self.assertEqual((given["edge"]["name"], given["user"]["name"]), (f"edge/{home}", "user/zoe"))
        self.assertEqual(given["mqtt"], {"tls": True, "port": self.stack.tls_port})
        self.assertIn("BEGIN CERTIFICATE", given["authority"])
        self.assertEqual(self.post({"code": invitation["code"], "nonce": "a-nonce-of-the-first"}), (status, given))
        status, refusal = self.post({"code": invitation["code"], "nonce": "a-nonce-of-another"})
        self.assertEqual((status, refusal["field"]), (404, "code"))

    def test_bad_words_cost_nothing(self):
        for body, field in (([], "body"), ({"code": "hello", "nonce": "n" * 16}, "code"), ({"code": "K7QF-2MPX"}, "nonce"),
                            ({"code": "K7QF-2MPX", "nonce": "short"}, "nonce"), ({"code": 7, "nonce": "n" * 16}, "code")):
            status, refusal = self.post(body)
            self.assertEqual((status, refusal["field"]), (400, field))
        for words in (["household", "invite", "home-x"], ["household", "invite", "home-x", "--at", "1,2", "--devices", "99"]):
            with self.assertRaises(StackError):
                self.stack.neighbors(*words)

    def test_who_guesses_waits(self):
        codes = [f"{a}{b}QF-2MPX" for a in "ABCDEFGH" for b in "JKM"]
        answers = [self.post({"code": code, "nonce": "n" * 16}) for code in codes]
        self.assertIn(429, [status for status, _ in answers])
        self.assertLessEqual(sum(status == 404 for status, _ in answers), 10)
        limited = next(refusal for status, refusal in answers if status == 429)
        self.assertEqual(limited["field"], "code")

    def test_nothing_secret_is_told_to_redis_or_the_log(self):
        _, invitation = self.invite("--user", "yann")
        given = self.post({"code": invitation["code"], "nonce": "n" * 16})[1]
        store = redis.Redis(port=self.stack.redis_port)
        keys = store.keys("nb:{code:*}:invitation")
        held = b"".join(value for key in keys for value in store.hgetall(key).values())
        self.assertTrue(held)
        log = self.stack.logs.joinpath("neighborsd.log").read_text(errors="replace")
        for secret in (invitation["code"], given["edge"]["token"], given["user"]["token"], "user/yann"):
            self.assertNotIn(secret.encode(), held)
            self.assertNotIn(secret, log)
        self.assertFalse([key for key in keys if invitation["code"].encode() in key])


if __name__ == "__main__":
    unittest.main()
