"""A whole installation, busy and badly treated, at the most talkative level of its log: no secret and no exact place is in an
argument list, an environment or a log of any of its processes, nor in what the command line complains of."""
import base64
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import mqtt
import wire
from redis_raw import Redis
from case import SETTINGS, alert, now_ms, unique
from stack import BUILD, ENVIRONMENT, ROOT, Stack, free_port
from tunnel import TunnelClient

PLACE = (34.0768319, -118.0316274)  # of a camera, to the centimetre


def geohash(precision):
    done = subprocess.run([str(BUILD / "neighbors"), "geo", "encode", f"{PLACE[0]},{PLACE[1]}", "--precision", str(precision)],
                          capture_output=True, text=True, check=True, timeout=60, env=ENVIRONMENT)
    return done.stdout.strip()


class Secrets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-secrets-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.stack = stack = Stack(cls.folder, tls_port=free_port(), http_port=free_port(), metrics_port=free_port(),
                                  settings=SETTINGS | {"log_level": "debug"})
        cls.addClassCleanup(stack.stop)
        stack.start_redis()
        stack.make_keys()
        stack.start_broker()
        stack.start_home()
        at = ["--household", "home-secret", "--at", f"{PLACE[0]},{PLACE[1]}", "--verified-since", "-30d"]
        cls.tokens = {"device/cam": stack.enroll("device/cam", *at, "--share", "all"), "edge/home": stack.enroll("edge/home", *at),
                      "user/ann": stack.enroll("user/ann", *at), "user/gone": stack.enroll("user/gone"),
                      "agency/fire": stack.enroll("agency/fire", "--name", "Fire")}
        stack.start("edge", [BUILD / "neighbors-edge", "run", "--id", "edge/home", "--local", f"127.0.0.1:{stack.home_port}",
                             "--broker", f"127.0.0.1:{stack.mqtt_port}", "--token-file", stack.token_file("edge/home"), "--spool",
                             cls.folder / "spool.db", "--map", "frigate", "--device", "porch=cam:all"])
        cls.said = []
        cls.treat_badly()

    # ---- everything that a log might tell of ----

    @classmethod
    def come(cls, client, who, token, **options):
        with client:
            connack = client.connect(client_id=unique("client"), username=who, password=token.encode(), **options)
            if connack.reason == 0:
                place = {"latE7": round(PLACE[0] * 1e7), "lonE7": round(PLACE[1] * 1e7)}
                if who.startswith("agency/"):  # what it says is public as it says it
                    place = {"latE7": 340000000, "lonE7": -1180000000}
                client.publish("nb/v1/alert", alert(place={"point": place}))
                client.publish("nb/v1/alert", alert(place={"point": place | {"latE7": 10**9}}))  # refused: no such place
                client.publish("nb/v1/motion", json.dumps({"version": 1, "events": [
                    {"phase": "PULSE", "kind": "PERSON", "at": str(now_ms()), "position": place}]}).encode())
                client.publish("nb/v1/motion", cls.tokens[who].encode())  # a token where none belongs
                client.subscribe("nb/v1/json/near/9qh1f5/1600/#", "nb/v1/inbox/#", f"nb/v1/near/{geohash(8)}/400/#")
            return connack.reason

    @classmethod
    def post(cls, token, body, path="/v1/alerts"):
        connection = http.client.HTTPConnection("127.0.0.1", cls.stack.http_port, timeout=30)
        connection.request("POST", path, body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        status = connection.getresponse().status
        connection.close()
        return status

    @classmethod
    def call(cls, *words, environment=None):
        done = subprocess.run([str(BUILD / "neighbors"), *map(str, words)], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, env=ENVIRONMENT | (environment or {}))
        cls.said.append(done.stdout + done.stderr)
        return done.returncode

    @classmethod
    def treat_badly(cls):
        stack, place = cls.stack, {"point": {"latE7": round(PLACE[0] * 1e7), "lonE7": round(PLACE[1] * 1e7)}}
        for who, token in cls.tokens.items():
            assert cls.come(mqtt.Client(stack.mqtt_port), who, token) == 0, who
            assert cls.come(mqtt.Client(stack.mqtt_port), who, token[:-8] + "AAAAAAAA") != 0, who
            assert cls.come(mqtt.Client(stack.mqtt_port), "user/else", token) != 0, who
        assert cls.come(TunnelClient(stack.http_port), "user/ann", cls.tokens["user/ann"]) == 0
        stack.neighbors("revoke", "user/gone")
        assert cls.come(mqtt.Client(stack.mqtt_port), "user/gone", cls.tokens["user/gone"]) != 0
        for token, status in ((cls.tokens["user/ann"], 201), (cls.tokens["user/ann"] + "x", 401), (cls.tokens["device/cam"], 403)):
            found = cls.post(token, alert(place=place, expires=str(now_ms() + 600000)))
            assert found == status, (found, status)
        cls.post(cls.tokens["user/ann"], alert(place=place), f"/v1/alerts?at={PLACE[0]},{PLACE[1]}&token={cls.tokens['user/ann']}")
        password = (stack.keys / "redis.password").read_text().strip()
        at = f"127.0.0.1:{stack.redis_port}"
        assert cls.call("revoke", "user/none", "--redis", f"redis://neighbors@{at}?password-file={stack.keys}/redis.password") != 2
        assert cls.call("revoke", "user/none", environment={"NEIGHBORS_REDIS": f"redis://neighbors:{password}x@{at}"}) == 3
        assert cls.call("revoke", "user/none", environment={"NEIGHBORS_REDIS": f"redis://neighbors:{password}@{at}/x"}) == 3
        assert cls.call("watch", "--at", "34,-118", "--as", "user/else", "--token-file", stack.token_file("user/ann"), "--broker",
                        f"127.0.0.1:{stack.mqtt_port}") != 0
        stack.kill("neighborsd")  # and everything once more, with what its end leaves
        stack.start_broker()
        assert cls.come(mqtt.Client(stack.mqtt_port), "user/ann", cls.tokens["user/ann"]) == 0

    # ---- what is looked for, and where ----

    def wanted(self):
        """{what: the bytes that would give it away}"""
        found = {}
        for who, token in self.tokens.items():
            found[f"token of {who}"] = token.encode()
            found[f"signature of {who}"] = token.rpartition(".")[2].encode()
        found["password of Redis"] = (self.stack.keys / "redis.password").read_bytes().strip()
        secret = (self.stack.keys / "broker.secret").read_bytes()
        found |= {"secret": secret, "secret in hexadecimal": secret.hex().encode(), "secret in base64": base64.b64encode(secret)}
        for name in ("token.key", "log.key", "ca.key", "server.key"):
            found[name] = (self.stack.keys / name).read_text().splitlines()[1].encode()
        for name, value in (("latitude", PLACE[0]), ("longitude", abs(PLACE[1]))):
            found |= {name: f"{value:.4f}"[:-1].encode(), f"{name}_e7": str(round(value * 1e7))[:-2].encode()}
        return found | {"cell": geohash(7).encode()}

    def absent(self, where, data):
        for what, secret in self.wanted().items():
            self.assertNotIn(secret, data, f"{what} in {where}")

    def processes(self):
        for name, process in self.stack.processes.items():
            about, pids = Path("/proc"), [process.pid]
            for pid in pids:
                pids += [int(child) for child in (about / f"{pid}/task/{pid}/children").read_text().split()]
                yield name, about / str(pid)

    def test_processes(self):
        names = set()
        for name, about in self.processes():
            names.add(name)
            self.assertTrue((about / "cmdline").read_bytes())
            for part in ("cmdline", "environ"):
                try:
                    self.absent(f"{part} of {name}", (about / part).read_bytes())
                except PermissionError:  # of a process that is not dumpable, for who is not root
                    self.assertNotEqual(os.geteuid(), 0)
        self.assertEqual(names, {"redis", "neighborsd", "home", "edge"})

    def test_logs(self):
        log = (self.stack.logs / "neighborsd.log").read_text(errors="replace")
        for told in ("connection_closed", "user/ann"):  # that it is talkative at all
            self.assertIn(told, log)
        for path in self.stack.logs.iterdir():
            self.absent(path.name, path.read_bytes())

    def test_what_the_command_line_says(self):
        self.assertEqual(len(self.said), 4)
        for text in self.said:
            self.assertTrue(text)
            self.absent("a complaint", text.encode())

    def test_files_of_the_store(self):
        """What Redis writes has neither credential nor place of a resident or a camera."""
        held = [path for path in (self.folder / "redis").rglob("*") if path.is_file() and path.name != "users.acl"]
        self.assertTrue(any(path.stat().st_size > 1000 for path in held))
        for path in held:
            data = path.read_bytes()
            self.absent(path.name, data)
            for value in PLACE:  # as protobuf writes it
                self.assertNotIn(wire.zigzag(round(value * 1e7)), data, path.name)

    def test_our_user_of_redis_may_do_what_our_functions_do(self):
        client, said = Redis(self.stack.redis_port), {}
        self.addCleanup(client.close)
        scripts = "".join(path.read_text() for path in (ROOT / "bridge/scripts").glob("*.lua"))
        for name, word in sorted(set(re.findall(r"\bcall\('([A-Z]+)'(?:, '([A-Z]+)')?", scripts))):
            about = client("COMMAND", "INFO", f"{name}|{word}") if word else [None]
            if about[0] is None:  # no command of two words
                word, about = "", client("COMMAND", "INFO", name)
            words = [name, word] if word else [name]
            words += ["nb:x"] * (abs(about[0][1]) - len(words))
            said[" ".join(words)] = client("ACL", "DRYRUN", "neighbors", *words)
        self.assertGreater(len(said), 30)
        self.assertEqual({words: answer for words, answer in said.items() if answer != b"OK"}, {})

    def test_metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.metrics_port, timeout=30)
        connection.request("GET", "/metrics")
        self.absent("metrics", connection.getresponse().read())


if __name__ == "__main__":
    unittest.main()
