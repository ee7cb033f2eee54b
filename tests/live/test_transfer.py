"""An installation goes from one Redis to a cluster and back to one Redis, by `neighbors export --installation` and `neighbors
import`: the same keys with the same contents, and life goes on there. docs/backup.md is followed to the letter, too."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import redis

import mqtt
from case import HERE, ROOT, SETTINGS, alert, free_port, motion, now_ms
from cutter import Cutter, halted
from documents import blocks
from redis_cluster import ClusterStack
from stack import BUILD, ENVIRONMENT, Stack, StackError

NEAR = "nb/v1/json/near/9qh1f5/1600/#"
MORE = SETTINGS | {"tree_head_s": 1, "footage_release_s": 1}
LEFT_OUT = re.compile(r"^nb:layout$|^nb:\{followers\}:|\}:lease:|\}:lock$")


def contents(client):
    """Every key with its type, its value and when it goes."""
    found = {}
    for key in client.scan_iter(match="nb:*", count=1000):
        name, kind = key.decode(errors="backslashreplace"), client.type(key)
        if LEFT_OUT.search(name):
            continue
        if kind == b"stream":
            info = client.xinfo_stream(key)
            groups = sorted((group["name"], group["last-delivered-id"],
                             [(one["message_id"], one["consumer"]) for one in client.xpending_range(key, group["name"], "-", "+", 100000)])
                            for group in client.xinfo_groups(key))
            value = client.xrange(key), info["last-generated-id"], info["entries-added"], groups
        else:
            read = {b"string": client.get, b"hash": client.hgetall, b"set": client.smembers, b"list": lambda key: client.lrange(key, 0, -1),
                    b"zset": lambda key: client.zrange(key, 0, -1, withscores=True)}[kind]
            value = read(key)
        found[name] = kind, value, client.execute_command("PEXPIRETIME", key)
    return found


class Masters(ClusterStack):
    """Three masters without replicas, which nobody waits for."""

    @property
    def redis_url(self):
        return super().redis_url + "&wait=0"


class Transfer(unittest.TestCase):
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-transfer-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.tokens = {}
        cls.first = cls.stack(Stack, "first")
        cls.story()
        cls.first.stop_one("neighborsd")
        cls.file = cls.folder / "installation"
        cls.exported = cls.first.neighbors("export", "--installation", cls.file)[-1]
        cls.was = contents(redis.Redis(port=cls.first.redis_port))
        cls.cluster = cls.stack(Masters, "cluster", replicas=0)
        cls.imported = cls.cluster.neighbors("import", cls.file)[-1]
        cls.back = cls.folder / "back"
        cls.cluster.neighbors("export", "--installation", cls.back)
        cls.second = cls.stack(Stack, "second")
        cls.second.neighbors("import", cls.back)

    @classmethod
    def stack(cls, kind, name, **options):
        """A machine of its own; the keys are taken along from the first."""
        stack = kind(cls.folder / name, settings=MORE, **options)
        stack.http_port = free_port()
        cls.addClassCleanup(stack.stop)
        if name != "first":
            shutil.copytree(cls.first.keys, stack.keys, dirs_exist_ok=True)
        stack.start_redis()
        stack.make_keys()
        return stack

    @classmethod
    def connect(cls, stack, who, client_id, **options):
        connection = mqtt.Client(stack.mqtt_port)
        connection.connack = connection.connect(client_id=client_id, username=who, password=cls.tokens[who].encode(), clean=False,
                                                props={"session_expiry": 86400}, **options)
        assert connection.connack.reason == 0, connection.connack
        return connection

    @classmethod
    def story(cls):
        stack = cls.first
        stack.start_broker()
        home = ("--household", "home", "--at", f"{HERE[0]},{HERE[1]}", "--verified-since", "-30d")
        for who, options in (("user/ann", home), ("device/cam", (*home, "--share", "all")), ("agency/pd", ("--name", "Police")),
                             ("user/follower", ()), ("operator/desk", ())):
            cls.tokens[who] = stack.enroll(who, *options)
        stack.neighbors("moderate", "ban", "user/ann", "--as", "operator/desk", "--for", "1d", "--reason", "a test")
        with cls.connect(stack, "user/follower", "phone") as phone:
            assert phone.subscribe(NEAR)[0] <= 2
            phone.send(mqtt.disconnect())
        with cls.connect(stack, "agency/pd", "desk") as desk:
            for number in range(300):  # more than a page
                answer = desk.publish("nb/v1/alert", alert(f"alert-{number}", headline=f"Headline {number}", lives=86400))
                assert answer.reason == 0, answer
            assert desk.publish("nb/v1/alert", json.dumps({"senderAlertId": "end", "msgType": "CANCEL", "references": ["alert-0"]}).encode()
                                ).reason == 0
        cls.batch = motion(*[{"seq": str(n)} for n in range(1, 6)], session=now_ms())
        with cls.connect(stack, "device/cam", "cam") as camera:
            assert camera.publish("nb/v1/motion", cls.batch).reason == 0
            camera.send(mqtt.publish("nb/v1/motion", motion(), 2, 9))
            assert camera.until(mqtt.PUBREC, 30).reason == 0
        client, deadline = redis.Redis(port=stack.redis_port), time.monotonic() + 60
        while client.xlen("nb:{log}:leaves") < 301 or not client.hget("nb:{log}:tree", "head"):
            assert time.monotonic() < deadline, "the record"
            time.sleep(0.05)

    def test_the_same_keys_with_the_same_contents(self):
        self.maxDiff = 4000
        self.assertGreater(len(self.was), 50)
        self.assertEqual((self.exported["keys"], self.imported["keys"]), (len(self.was), len(self.was)))
        everything = self.cluster.everything()
        self.addCleanup(everything.close)
        self.assertGreater(len({everything.keyslot(name.encode()) for name in self.was}), 10)
        self.assertEqual(contents(everything), self.was)
        self.assertEqual(contents(redis.Redis(port=self.second.redis_port)), self.was)
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_y_life_goes_on_in_the_cluster_and_back_in_one_redis(self):
        for stack in (self.cluster, self.second):
            with self.subTest(stack=stack.folder.name):
                stack.start_broker()
                self.goes_on(stack)
                stack.stop_one("neighborsd")

    def goes_on(self, stack):
        with self.connect(stack, "user/follower", "phone") as phone:
            self.assertTrue(phone.connack.session_present)
            missing = {f"Headline {number}" for number in range(1, 300)}
            while missing:
                packet = phone.until(mqtt.PUBLISH, 60)
                if packet.qos:
                    phone.send(mqtt.ack(mqtt.PUBACK, packet.packet_id))
                missing.discard(json.loads(packet.payload).get("alert", {}).get("headline"))
        with self.connect(stack, "device/cam", "cam") as camera:
            before = self.logged(stack)
            self.assertEqual(camera.publish("nb/v1/motion", self.batch).reason, 0)
            camera.send(mqtt.publish("nb/v1/motion", motion(), 2, 9, dup=True))
            self.assertEqual(camera.until(mqtt.PUBREC, 30).reason, 0)
            self.assertEqual(self.logged(stack), before, "what was stored is a repeat")
            self.assertEqual(camera.publish("nb/v1/motion", motion()).reason, 0)
            self.assertEqual(self.logged(stack), before + 1)
        stack.neighbors("log", "verify", "--http", f"http://127.0.0.1:{stack.http_port}", "--state", self.folder / "state.json")
        self.assertIn("user/ann", [ban["principal"] for ban in stack.neighbors("moderate", "list", "--bans")])

    @staticmethod
    def logged(stack):
        client = stack.everything() if isinstance(stack, ClusterStack) else redis.Redis(port=stack.redis_port)
        return sum(client.xlen(key) for key in client.scan_iter(match="nb:{r*}:log:home", count=1000))

    # ---- docs/backup.md

    def shell(self, lines):
        """The lines where this installation stands."""
        for there, here in (("-s /run/neighbors-redis/redis.sock", f"-p {self.second.redis_port}"),
                            ("unix:/run/neighbors-redis/redis.sock?user=neighbors&", f"redis://neighbors@127.0.0.1:{self.second.redis_port}?"),
                            ("redis+cluster://neighbors@redis-1:6379,redis-2:6379,redis-3:6379?password-file=/etc/neighbors/redis.password",
                             self.cluster.redis_url),
                            ("/etc/neighbors", str(self.second.keys)), ("/var/lib/neighbors-redis", str(self.second.folder / "redis")),
                            ("/var/backups", str(self.folder / "backups"))):
            lines = lines.replace(there, here)
        done = subprocess.run(["sh", "-euc", lines], capture_output=True, text=True, timeout=120,
                              env=ENVIRONMENT | {"PATH": f"{BUILD}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, f"{lines}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_z_the_page_is_followed(self):
        begin, copy, restore, out, into_one, into_cluster, migrate = [
            block.text for block in blocks(ROOT / "docs/backup.md") if block.language == "sh" and "not run" not in block.mark]
        client = redis.Redis(port=self.second.redis_port)
        was = contents(client)
        self.shell(begin + copy)
        self.assertFalse((self.second.folder / "redis/dump.rdb").exists())
        client.flushall()
        self.second.stop_one("redis")
        self.shell(begin + restore)
        self.second.start_redis()
        self.assertEqual(contents(client), was)
        self.shell(begin + out)
        client.flushall()
        self.shell(begin + into_one)
        self.assertEqual(contents(client), was)
        with self.cluster.everything() as everything:
            everything.flushall(target_nodes=everything.PRIMARIES)
            self.shell(begin + into_cluster)
            self.assertEqual(contents(everything), was)
        self.assertIn("nothing is to be done", self.shell(begin + migrate))

    # ---- what it refuses

    def refused(self, stack, *words):
        with self.assertRaises(StackError) as caught:
            stack.neighbors(*words)
        return str(caught.exception)

    def test_a_broken_file_is_told_before_anything_is_written(self):
        whole = self.file.read_bytes()
        empty = self.stack(Stack, "empty")
        for name, broken in (("cut", whole[:-100]), ("changed", whole.replace(b"Headline 7", b"headline 7", 1)),
                             ("other", b"neighbors-installation 9" + whole[24:]), ("foreign", b"hello\n"),
                             ("command", whole.replace(b"$4\r\nHSET", b"$4\r\nEVAL", 1))):
            path = self.folder / name
            path.write_bytes(broken)
            with self.subTest(name):
                self.assertRegex(self.refused(empty, "import", path), r"not a whole export: .* \(byte \d+\)|has version 9")
        self.assertEqual(empty.redis_command("DBSIZE"), "0")
        self.assertIn("there is no data", self.refused(empty, "export", "--installation", self.folder / "nothing"))
        empty.stop()

    def test_a_stopped_import_is_repeated(self):
        """With the same file; another is refused, and no neighborsd takes the part for data."""
        again = self.stack(Stack, "again")
        client, port, step, stopped = redis.Redis(port=again.redis_port), again.redis_port, self.file.stat().st_size // 3, []
        for room in range(step, 10 * step, step):
            cutter = Cutter(port, room)
            again.redis_port = cutter.here
            try:
                again.neighbors("import", self.file)
                break
            except StackError as error:
                self.assertIn("the same import again", str(error))
                stopped.append(client.get("nb:layout"))
            finally:
                again.redis_port = port
                cutter.close()
            self.assertIn("has data of neighborsd already", self.refused(again, "import", self.back))
        self.assertGreater(len(stopped), 1)
        self.assertTrue(all(layout.startswith(b"import-") for layout in stopped), stopped)
        self.assertEqual(client.get("nb:layout"), b"4 5 6")
        self.assertEqual(contents(client), self.was)
        again.stop()

    def test_neither_over_data_nor_over_a_file_nor_beside_a_broker(self):
        self.assertIn("has data of neighborsd already", self.refused(self.first, "import", self.file))
        self.assertIn("exists", self.refused(self.first, "export", "--installation", self.file))
        self.addCleanup(self.first.stop_one, "neighborsd")
        self.start_connected(self.first)
        self.assertIn("is connected", self.refused(self.first, "export", "--installation", self.folder / "torn"))

    # ---- a small one: all its keys are asked for together

    def taken_in(self, stack, file):
        """The keys that an empty Redis has of the file."""
        client = redis.Redis(port=stack.redis_port)
        client.flushall()
        stack.neighbors("import", file)
        self.assertEqual(client.get("nb:layout"), b"4 5 6")
        return contents(client)

    def test_b_one_that_is_new_and_one_that_is_written_meanwhile(self):
        new, other = self.stack(Stack, "new"), self.stack(Stack, "taker")
        new.start_broker()
        new.stop_one("neighborsd")
        with self.subTest("nothing in it"):
            file = self.folder / "nothing-yet"
            new.neighbors("export", "--installation", file)
            self.assertEqual(self.taken_in(other, file), contents(redis.Redis(port=new.redis_port)))
            other.start_broker()
            other.stop_one("neighborsd")
        with self.subTest("only its layout"):
            client, file = redis.Redis(port=other.redis_port), self.folder / "layout"
            client.flushall()
            client.set("nb:layout", "4 5 6")
            self.assertEqual(other.neighbors("export", "--installation", file)[-1]["keys"], 0)
            self.assertEqual(self.taken_in(other, file), {})
        with self.subTest("a neighborsd that came meanwhile"):
            file = self.folder / "came-meanwhile"
            with halted(new, b"SCAN", "export", "--installation", file) as end:
                self.assertTrue(file.exists())
                self.start_connected(new)
            code, said = end()
            self.assertIn("is connected", said)
            self.assertEqual((code != 0, file.exists()), (True, False))
        with self.subTest("--force"):
            self.forced(new, other)

    def forced(self, stack, other):
        """Each key is as it was when it was read."""
        client, file, home = redis.Redis(port=stack.redis_port), self.folder / "forced", ("--household", "house", "--at", f"{HERE[0]},{HERE[1]}")
        for who, options in (("device/door", home), ("user/guest", ()), ("user/away", ())):  # who comes is changed by it
            self.tokens[who] = stack.enroll(who, *options)
        with self.connect(stack, "user/guest", "phone") as phone:
            self.assertLessEqual(phone.subscribe(NEAR)[0], 2)
            phone.send(mqtt.disconnect())
        session = next(client.scan_iter(match="nb:{p:user/guest}:s:phone"))
        self.wait_until(lambda: client.pttl(session) > 0, "the session ends one day")
        goes = client.execute_command("PEXPIRETIME", session)
        stack.stop_one("neighborsd")
        before = contents(client)
        stack.start_broker()
        acknowledged, over = [], threading.Event()
        with self.connect(stack, "device/door", "door") as door:
            writer = threading.Thread(target=self.write, args=(door, acknowledged, over))
            writer.start()
            try:
                self.wait_until(lambda: len(acknowledged) >= 5, "five events before")
                with halted(stack, b"HSCAN", "export", "--installation", file, "--force") as end:
                    late = len(acknowledged)
                    self.wait_until(lambda: len(acknowledged) >= late + 5, "five events while keys are read")
                    phone = self.connect(stack, "user/guest", "phone")  # stays, for its session ends sooner when it goes
                    self.addCleanup(phone.close)
                    self.wait_until(lambda: client.execute_command("PEXPIRETIME", session) > goes, "the session lives longer")
                    longer = client.execute_command("PEXPIRETIME", session)
                code, said = end()
            finally:
                over.set()
                writer.join(60)
        self.assertEqual((code, [reason for reason in acknowledged if reason]), (0, []), said)
        stack.stop_one("neighborsd")
        after, there = contents(client), self.taken_in(other, file)
        still = {name for name in before if after.get(name) == before[name]}
        self.assertGreater(len(still), 3)
        self.assertEqual({name: there.get(name) for name in still}, {name: before[name] for name in still})
        self.assertGreaterEqual(there[session.decode()][2], longer, "a key goes when it was to go when it was read")
        log = next(name for name in after if name.endswith(":log:house"))
        entries = there[log][1][0]
        self.assertGreaterEqual(len(entries), late)
        self.assertEqual(entries, after[log][1][0][:len(entries)])
        other.start_broker()
        with self.connect(other, "user/guest", "phone") as phone, self.connect(other, "device/door", "door") as door:
            self.assertTrue(phone.connack.session_present)
            self.assertEqual(door.publish("nb/v1/motion", motion()).reason, 0)
        other.stop_one("neighborsd")

    # ---- values of many pages, while somebody changes all of each in one step

    MANY, TAKEN = 2000, 400  # elements; entries that somebody took and did not finish: more than a page, too

    def test_c_no_value_is_torn(self):
        stack, other = self.stack(Stack, "changing"), self.stack(Stack, "unchanging")
        client = redis.Redis(port=stack.redis_port)
        client.set("nb:layout", "4 5 6")
        for generation in range(-self.MANY + 1, 0):
            client.xadd("nb:{t}:stream", {"generation": generation})
        client.xgroup_create("nb:{t}:stream", "group", "0")
        client.xreadgroup("group", "one", {"nb:{t}:stream": ">"}, count=self.TAKEN)
        self.write_generation(client, 0)
        with self.subTest("nobody else is there"):
            stack.neighbors("export", "--installation", self.folder / "still")
            self.assertEqual(self.taken_in(other, self.folder / "still"), contents(client))
        over, generations = threading.Event(), [0]
        writer = threading.Thread(target=self.write_generations, args=(client, generations, over))
        writer.start()
        try:
            for number in range(3):
                with self.subTest(f"somebody writes, {number}"):
                    file, before = self.folder / f"changing-{number}", len(generations)
                    stack.neighbors("export", "--installation", file, "--force")
                    self.wait_until(lambda: len(generations) > before, "somebody writes")
                    self.assert_of_one_generation(self.taken_in(other, file))
        finally:
            over.set()
            writer.join(60)

    def write_generations(self, client, generations, over):
        while not over.is_set():
            self.write_generation(client, generations[-1] + 1)
            generations.append(generations[-1] + 1)

    def write_generation(self, client, generation):
        """Every element is of the generation; one entry comes, one goes, one more is taken."""
        step = client.pipeline(transaction=True)
        step.hset("nb:{t}:hash", mapping={number: generation for number in range(self.MANY)})
        step.zadd("nb:{t}:sorted", {number: generation for number in range(self.MANY)})
        step.delete("nb:{t}:set", "nb:{t}:list")
        step.sadd("nb:{t}:set", *(f"{generation}:{number}" for number in range(self.MANY)))
        step.rpush("nb:{t}:list", *(f"{generation}:{number}" for number in range(self.MANY)))
        step.xadd("nb:{t}:stream", {"generation": generation}, maxlen=self.MANY, approximate=False)
        step.xreadgroup("group", "one", {"nb:{t}:stream": ">"}, count=1)
        step.execute()

    def assert_of_one_generation(self, there):
        self.assertEqual(set(there), {f"nb:{{t}}:{name}" for name in ("hash", "sorted", "set", "list", "stream")})
        value = {name[7:]: value for name, (_, value, _) in there.items()}
        for name, generations in (("hash", list(value["hash"].values())), ("sorted", [score for _, score in value["sorted"]]),
                                  ("set", [one.split(b":")[0] for one in value["set"]]),
                                  ("list", [one.split(b":")[0] for one in value["list"]])):
            self.assertEqual((len(generations), len(set(generations))), (self.MANY, 1), name)
        entries, last, added, groups = value["stream"]
        numbers = [int(fields[b"generation"]) for _, fields in entries]
        self.assertEqual(numbers, list(range(numbers[-1] - self.MANY + 1, numbers[-1] + 1)))
        self.assertEqual((last, added), (entries[-1][0], numbers[-1] + self.MANY))
        taken = [entry for entry, _ in entries[:self.TAKEN + 1]]  # what is taken and went, went
        self.assertEqual(groups, [(b"group", taken[-1], [(entry, b"one") for entry in taken])])

    @staticmethod
    def write(camera, acknowledged, over):
        session, number = now_ms(), 0
        while not over.is_set():
            number += 1
            acknowledged.append(camera.publish("nb/v1/motion", motion({"seq": str(number)}, session=session)).reason)

    def start_connected(self, stack):
        """Its log says that it is ready before it has found its Redis."""
        client = redis.Redis(port=stack.redis_port)
        stack.start_broker()
        self.wait_until(lambda: client.pubsub_numsub("nb:sessions")[0][1] > 0, "neighborsd hears its Redis")

    def wait_until(self, ready, what):
        deadline = time.monotonic() + 30
        while not ready():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
