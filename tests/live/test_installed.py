"""deploy/README.md, line by line: the keys are made as it says, and Redis and neighborsd run by the command lines of their
units, as users of their own, under the units' umask, on the private socket. Needs root, to be others."""
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import mqtt
from case import alert
from stack import BUILD, ENVIRONMENT, ROOT, die_with_parent, free_port

GROUP, BROKER, REDIS, STRANGER = 64100, 64101, 64102, 64103
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))


def blocks(of):
    """The shell blocks of a document."""
    return re.findall(r"^```sh\n(.*?)^```$", of.read_text(), re.MULTILINE | re.DOTALL)


def unit(name):
    """{key: value} of a unit, continued lines joined."""
    text = (ROOT / f"deploy/systemd/{name}.service").read_text().replace("\\\n", "")
    return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"\w+=", line))


@unittest.skipUnless(os.geteuid() == 0, "SKIPPED: only root can be the users of the units")
class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="nb-"))
        cls.folder.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.etc, cls.run_folder, cls.state = cls.folder / "etc", cls.folder / "run", cls.folder / "lib"
        (cls.folder / "bin").mkdir()
        (cls.folder / "bin").chmod(0o755)  # whatever the umask of who tests
        for name in ("neighborsd", "neighbors"):
            shutil.copy(BUILD / name, cls.folder / "bin" / name)
            (cls.folder / "bin" / name).chmod(0o755)
        # What systemd makes: RuntimeDirectory and StateDirectory.
        service = unit("neighbors-redis")
        for path, mode in ((cls.run_folder, service["RuntimeDirectoryMode"]), (cls.state, service["StateDirectoryMode"])):
            path.mkdir()
            os.chown(path, REDIS, GROUP)
            path.chmod(int(mode, 8))
        cls.ports = {"NEIGHBORS_MQTT_PORT": free_port(), "NEIGHBORS_TLS_PORT": free_port(), "NEIGHBORS_HTTP_PORT": free_port(),
                     "NEIGHBORS_METRICS_PORT": free_port()}
        keys, settings, cls.people = blocks(ROOT / "deploy/README.md")
        cls.shell(keys)
        cls.shell(settings)
        cls.redis = cls.start("neighbors-redis", REDIS)
        cls.broker = cls.start("neighborsd", BROKER)
        cls.shell(cls.people)

    @classmethod
    def here(cls, text):
        """The same in this folder."""
        text = text.replace("/etc/neighbors", str(cls.etc)).replace("/run/neighbors-redis", str(cls.run_folder))
        text = text.replace("/var/lib/neighbors-redis", str(cls.state)).replace("/usr/bin/neighborsd", f"{cls.folder}/bin/neighborsd")
        return re.sub(r"(-g |chgrp )neighbors\b", rf"\g<1>{GROUP}", text)

    @classmethod
    def shell(cls, lines):
        done = subprocess.run(["sh", "-euc", cls.here(lines)], cwd=ROOT, capture_output=True, text=True, timeout=120,
                              env=ENVIRONMENT | {"PATH": f"{cls.folder}/bin:{os.environ['PATH']}"})
        if done.returncode:
            raise AssertionError(f"{lines}\n{done.stdout}{done.stderr}")

    @classmethod
    def start(cls, name, user):
        """As systemd starts the unit, until it says that it is ready."""
        service, log = unit(name), cls.folder / f"{name}.log"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, open(log, "wb") as out:
            path = cls.folder / f"{name}.notify"
            path.unlink(missing_ok=True)
            notified.bind(str(path))
            path.chmod(0o777)
            notified.settimeout(60)
            process = subprocess.Popen(
                shlex.split(cls.here(service["ExecStart"])), cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=out, user=user,
                group=GROUP, extra_groups=[], umask=int(service["UMask"], 8), preexec_fn=die_with_parent,
                env=ENVIRONMENT | {n: str(port) for n, port in cls.ports.items()} | {"NOTIFY_SOCKET": str(path)})
            cls.addClassCleanup(process.wait, 30)
            cls.addClassCleanup(process.terminate)
            try:
                while b"READY=1" not in notified.recv(4096):
                    pass
            except TimeoutError:
                raise AssertionError(f"{name} is not ready: {log.read_text()[-2000:]}") from None
        return process

    def as_user(self, user, *words, group=GROUP):
        done = subprocess.run([str(word) for word in words], user=user, group=group, extra_groups=[], umask=0o077, cwd="/",
                              capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        return done.returncode, done.stdout + done.stderr

    def redis_cli(self, *words, user=BROKER, group=GROUP, known=True):
        login = ["--user", "neighbors", "--pass", (self.etc / "redis.password").read_text().strip(), "--no-auth-warning"]
        return self.as_user(user, "redis-cli", "-s", self.run_folder / "redis.sock", *(login if known else []), *words,
                            group=group)[1]

    def test_people_come_in_and_go(self):
        token = (self.etc / "user-ann.token").read_text().strip().encode()
        with mqtt.Client(self.ports["NEIGHBORS_MQTT_PORT"]) as ann:
            self.assertEqual(ann.connect(client_id="phone", username="user/ann", password=token).reason, 0)
            self.assertEqual(ann.publish("nb/v1/alert", alert()).reason, 0)
        with mqtt.Client(self.ports["NEIGHBORS_MQTT_PORT"]) as ben:
            token = (self.etc / "user-ben.token").read_text().strip().encode()
            self.assertEqual(ben.connect(client_id="phone", username="user/ben", password=token).reason, 0x87)

    def test_the_private_socket(self):
        self.assertIn("Permission denied", self.redis_cli("PING", user=STRANGER, group=STRANGER, known=False))
        self.assertIn("NOAUTH", self.redis_cli("PING", known=False))
        self.assertIn("PONG", self.redis_cli("PING"))
        for words in (["CONFIG", "SET", "dir", "/"], ["FLUSHALL"], ["KEYS", "*"], ["CLIENT", "LIST"], ["ACL", "SETUSER", "x"],
                      ["MONITOR"], ["SHUTDOWN"], ["GET", "other"], ["REPLICAOF", "127.0.0.1", "1"], ["EVAL", "return 1", "0"]):
            self.assertIn("NOPERM", self.redis_cli(*words), words)
        self.assertEqual(oct((self.run_folder / "redis.sock").stat().st_mode & 0o777), "0o770")

    def wait_for_the_store(self):
        """Until neighborsd has found Redis again."""
        deadline = time.monotonic() + 30
        while b"store_ready" not in (self.folder / "neighborsd.log").read_bytes().partition(b"store_lost link=command")[2]:
            self.assertLess(time.monotonic(), deadline, "neighborsd does not find Redis again within 30 s")
            time.sleep(0.02)

    def test_redis_is_killed_and_has_everything(self):
        """With the users of an installation: at its start Redis reads its file as one of them."""
        ann, token = "user/ann", (self.etc / "user-ann.token").read_text().strip().encode()
        with mqtt.Client(self.ports["NEIGHBORS_MQTT_PORT"]) as before:
            self.assertEqual(before.connect(client_id="phone", username=ann, password=token).reason, 0)
            self.assertEqual(before.publish("nb/v1/alert", alert(headline="Kept for good")).reason, 0)
        self.redis.kill()
        self.redis.wait(60)
        type(self).redis = self.start("neighbors-redis", REDIS)
        self.assertEqual(self.redis_cli("PING"), "PONG\n")
        self.wait_for_the_store()
        with mqtt.Client(self.ports["NEIGHBORS_MQTT_PORT"]) as after:
            self.assertEqual(after.connect(client_id="phone", username=ann, password=token).reason, 0)
            after.subscribe("nb/v1/json/near/9qh1f5/1600/#")
            after.until(mqtt.PUBLISH, accept=lambda packet: b"Kept for good" in packet.payload)
        for name in ("AUTH default x", "AUTH x"):
            self.assertIn("WRONGPASS", self.redis_cli(*name.split(), known=False))

    def test_strangers_read_nothing(self):
        for name in ("broker.secret", "redis.password", "token.key", "ca.key", "log.key", "server.key", "token.pub"):
            self.assertIn("Permission denied", self.as_user(STRANGER, "cat", self.etc / name, group=STRANGER)[1], name)
        for name in ("token.key", "ca.key", "user-ann.token"):
            self.assertIn("Permission denied", self.as_user(BROKER, "cat", self.etc / name)[1], name)
        for path in self.state.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_no_core_and_nobody_looks_into_the_memory(self):
        about = Path(f"/proc/{self.broker.pid}")
        self.assertRegex((about / "limits").read_text(), r"Max core file size\s+0\s+0 ")
        self.assertEqual((about / "mem").stat().st_uid, 0, "of a process that is not dumpable")
        self.assertNotEqual(self.as_user(BROKER, "cat", about / "environ")[0], 0)

    def test_modes_are_looked_at(self):
        check = [self.folder / "bin/neighborsd", "--config", self.etc / "neighborsd.conf", "--check-config"]
        self.assertEqual(self.as_user(BROKER, *check), (0, "the settings are good\n"))
        for name, mode, words in [(name, mode, words) for name in ("broker.secret", "redis.password", "log.key", "server.key")
                                  for mode, words in ((0o644, "chmod o="), (0o660, "chmod go-w"))] + [
                                      ("token.pub", 0o646, "chmod go-w")]:
            before = (self.etc / name).stat().st_mode
            (self.etc / name).chmod(mode)
            code, said = self.as_user(BROKER, *check)
            (self.etc / name).chmod(before)
            self.assertNotEqual(code, 0, name)
            self.assertIn(name, said)
            self.assertIn(words, said)


    def test_what_root_makes_anew_the_broker_can_read(self):
        before = (self.etc / "server.key").read_text()
        self.shell("neighbors ca renew --host alerts.example.org --keys /etc/neighbors\n"
                   "neighbors ca rotate-token-key --keys /etc/neighbors")
        self.assertNotEqual((self.etc / "server.key").read_text(), before)
        about = (self.etc / "server.key").stat()
        self.assertEqual((about.st_uid, about.st_gid, oct(about.st_mode & 0o777)), (0, GROUP, "0o640"))
        check = [self.folder / "bin/neighborsd", "--config", self.etc / "neighborsd.conf", "--check-config"]
        self.assertEqual(self.as_user(BROKER, *check), (0, "the settings are good\n"))


class Units(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "SKIPPED: no systemd-analyze here")
    def test_exposure(self):
        """What systemd thinks of the sandboxes: at most 2.0 of 10."""
        for path in UNITS:
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(path)],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, f"{path.name}: {done.stdout[-300:]}{done.stderr}")

    def test_each_has_its_own_user_and_no_core_files(self):
        users = (ROOT / "deploy/systemd/neighbors.sysusers.conf").read_text()
        for path in UNITS:
            service = unit(path.stem)
            if service.get("DynamicUser") != "yes":  # else systemd makes it one that nobody else has
                self.assertIn(f"u {service['User']} ", users, path.name)
                self.assertNotIn(service["User"], [unit(other.stem).get("User") for other in UNITS if other != path])
            ports = "CAP_NET_BIND_SERVICE" if path.stem == "neighborsd" else ""  # 443, and nothing else
            for key, value in {"LimitCORE": "0", "NoNewPrivileges": "yes", "UMask": "0077", "CapabilityBoundingSet": ports,
                               "ProtectSystem": "strict"}.items():
                self.assertEqual(service.get(key), value, f"{path.name}: {key}")
            self.assertIn("@system-service", path.read_text())


if __name__ == "__main__":
    unittest.main()
