"""The public record, over a real neighborsd and a real Redis: what agencies and the operator do becomes leaves, once each,
whoever dies; nothing personal is in them; and what is changed behind the program's back is found, by the broker and by
`neighbors log verify`."""
import base64
import hashlib
import json
import os
import signal
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import mqtt
from case import HERE, Installation, LiveCase, alert, unique
from redis_raw import Redis
from watched import children

ALERT, VERDICT = "nb/v1/alert", "nb/v1/verdict"
PATIENCE = 60


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class RecordCase(LiveCase):
    own = None

    def setUp(self):
        self.home, self.port = self.own, self.own.stack.mqtt_port
        self.stack = self.own.stack
        self.redis = Redis(self.stack.redis_port)
        self.addCleanup(self.redis.close)

    @classmethod
    def tearDownClass(cls):
        cls.own.close()

    def options(self, who):
        role, identifier = who.split("/")
        if role == "agency":
            return ["--name", f"Sample {identifier}", "--officer", "secret-officer"]
        if role == "user":
            return ["--household", f"secret-house-{identifier}", "--at", f"{HERE[0]},{HERE[1]}", "--verified-since", "-30d"]
        return []

    def url(self, path):
        return f"http://127.0.0.1:{self.stack.http_port}/v1/log/{path}"

    def get(self, path, **headers):
        """The answer's status, body and headers."""
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url(path), headers=headers), timeout=30) as answer:
                return answer.status, json.loads(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            body = error.read()
            return error.code, json.loads(body) if body else None, error.headers

    def until(self, ready, what):
        deadline = time.monotonic() + PATIENCE
        while not (result := ready()):
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)
        return result

    def head(self, size):
        """Waits for a head of at least so many leaves."""
        def ready():
            status, body, _ = self.get("head")
            return body if status == 200 and body["size"] >= size else None
        return self.until(ready, f"a head of {size} leaves")

    def leaves(self):
        status, body, _ = self.get("leaves")
        self.assertEqual(status, 200, body)
        return body["leaves"]

    def log(self, *words, state="state"):
        """neighbors log …: exit code and what it printed."""
        command = self.stack.command("log", *words, "--http", f"http://127.0.0.1:{self.stack.http_port}")
        if words[0] == "verify":
            command += ["--state", str(self.own.folder / f"{state}.json")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def verified(self, **options):
        code, text = self.log("verify", **options)
        self.assertEqual(code, 0, text)
        return text

    def metric(self, name):
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.stack.metrics_port}/metrics", timeout=30).read().decode()
        return sum(int(line.split()[-1]) for line in page.splitlines() if line.startswith(f"neighbors_store_{name}{{")
                   or line.startswith(f"neighbors_store_{name}_total{{"))

    def say(self, connection, topic, content, reason=0):
        answer = connection.publish(topic, content if isinstance(content, bytes) else json.dumps(content).encode(),
                                    props={"content_type": "application/json"})
        self.assertEqual(answer.reason, reason, answer)
        return dict(answer.props.get("user", []))


class Record(RecordCase):
    @classmethod
    def setUpClass(cls):
        cls.own = Installation(tree_head_s=1, processes=2, http_rate_per_address=0, flags_enough=1)

    def test_acts_become_leaves(self):
        agency, user = self.client("agency/active"), self.client("user/secret-ann")
        first = unique("act")
        self.say(agency, ALERT, alert(first, headline="A garage burns", caseNumber="C-77"))
        update = unique("act")
        self.say(agency, ALERT, alert(update, headline="The fire is out", msgType="UPDATE", references=[first]))
        self.say(agency, ALERT, alert(None, msgType="CANCEL", references=[first]))
        self.say(agency, ALERT, alert(None, headline=None), reason=0x99)
        self.say(user, ALERT, alert(None, headline="secret-resident words", category="suspicious"))
        residents = [key for key in self.redis.keys("nb:{s*}:alert:*")
                     if self.redis("HGET", key, "sender") == b"user/secret-ann"]
        self.assertEqual(len(residents), 1)
        public_id = residents[0].decode().rpartition(":")[2]
        self.say(agency, VERDICT, {"version": 1, "publicId": public_id, "revision": 1, "decision": "CONFIRMED",
                                   "reason": "secret-remark of user/secret-ann"})
        stack = self.stack
        stack.enroll("operator/secret-op")
        stack.neighbors("moderate", "remove", public_id, "--reason", "secret-reason", "--as", "operator/secret-op")
        stack.neighbors("moderate", "ban", "user/secret-ann", "--for", "1h", "--reason", "secret-ban", "--as", "operator/secret-op")
        stack.neighbors("disclosure", "--to", "County Court", "--count", "3", "--date", "2026-01-31", "--as", "operator/secret-op")
        expected = {"alert", "updated", "cancelled", "refused", "confirmed", "removed", "banned", "disclosure"}

        def all_there():
            status, body, _ = self.get("leaves")
            acts = [leaf["act"] for leaf in body["leaves"]] if status == 200 else []
            acts = [act for act in acts if act["agency"] in ("agency/active", "operator")]
            return acts if expected <= {act["what"] for act in acts} else None
        acts = self.until(all_there, "all acts")
        by_word = {act["what"]: act for act in acts}
        self.assertEqual(len([act for act in acts if act["what"] in expected]), len(expected), acts)
        self.assertEqual(by_word["alert"]["text"], "A garage burns")
        self.assertEqual(by_word["alert"]["caseNumber"], "C-77")
        self.assertEqual(by_word["alert"]["agency"], "agency/active")
        self.assertEqual(by_word["alert"]["agencyName"], "Sample active")
        self.assertEqual(by_word["updated"]["text"], "The fire is out")
        self.assertEqual(by_word["updated"]["revision"], 2)
        self.assertEqual(by_word["updated"]["publicId"], by_word["alert"]["publicId"])
        self.assertEqual(by_word["cancelled"]["publicId"], by_word["alert"]["publicId"])
        self.assertIn("headline", by_word["refused"]["text"])
        self.assertEqual(by_word["removed"]["agency"], "operator")
        self.assertEqual(by_word["removed"]["publicId"], public_id)
        self.assertEqual([by_word["disclosure"][name] for name in ("agencyName", "count", "text")],
                         ["County Court", "3", "2026-01-31"])
        for leaf in self.leaves():
            raw = decode(leaf["leaf"])
            for personal in (b"secret", b"user/", b"device/"):
                self.assertNotIn(personal, raw, leaf)
        self.verified()
        self.assertIn("goes on with", self.verified())
        code, text = self.log("prove", "0")
        self.assertEqual(code, 0, text)
        self.assertIn("is leaf 0", text)
        code, text = self.log("prove", "4000")
        self.assertEqual(code, 1, text)
        code, text = self.log("head")
        self.assertEqual(code, 0, text)
        # The moderator's desk has what it had.
        self.assertIn("removed", json.dumps(stack.neighbors("moderate", "stats")))

    def test_files_are_checked_offline(self):
        agency = self.client("agency/pd")
        self.say(agency, ALERT, alert(headline="For the file"))
        head = self.head(1)
        folder = self.own.folder
        (folder / "head.json").write_text(json.dumps(head))
        pages = [self.get(f"leaves?from={at}&count=1")[1] for at in range(head["size"])]
        (folder / "leaves.json").write_text("\n".join(map(json.dumps, pages)))
        files = ["--head", str(folder / "head.json"), "--leaves", str(folder / "leaves.json")]
        code, text = self.log("verify", *files, state="file")
        self.assertEqual(code, 0, text)
        (folder / "leaves.json").write_text("\n".join(map(json.dumps, pages[:-1])))
        code, text = self.log("verify", *files, state="file")
        self.assertEqual(code, 1, text)
        self.assertIn("dropped", text)

    def test_http(self):
        agency = self.client("agency/pd")
        self.say(agency, ALERT, alert(headline="For HTTP"))
        head = self.head(1)
        status, body, headers = self.get("head")
        self.assertEqual(status, 200)
        self.assertIn("max-age=5", headers["cache-control"])
        key = subprocess.run(["openssl", "pkey", "-pubin", "-in", str(self.stack.keys / "log.pub"), "-outform", "DER"],
                             capture_output=True, check=True).stdout[-32:]
        self.assertEqual(decode(body["public_key"]), key)
        info = self.client("user/reader")
        info.subscribe("nb/v1/info")
        told = info.until(mqtt.PUBLISH, 30, lambda packet: packet.topic == "nb/v1/info")
        self.assertIn(key, told.payload)
        status, body, headers = self.get("leaves?from=0&count=1")
        self.assertEqual((status, len(body["leaves"])), (200, 1))
        self.assertIn("max-age=86400", headers["cache-control"])
        self.assertEqual(self.get("leaves?from=0&count=1", **{"If-None-Match": headers["etag"]})[0], 304)
        self.assertEqual(self.get(f"proof?leaf=0&size={head['size']}")[0], 200)
        for path, expected in (("leaves?count=513", 400), ("leaves?from=x", 400), ("proof?leaf=0", 400), ("proof?leaf=3&size=3", 400),
                               ("proof?leaf=0&size=100000", 404), ("consistency?from=2&to=1", 400), ("consistency?from=0&to=1", 400),
                               ("consistency?from=1&to=100000", 404), ("elsewhere", 404)):
            with self.subTest(path):
                self.assertEqual(self.get(path)[0], expected)

    def test_whoever_dies_each_act_is_one_leaf(self):
        """Both processes are killed in turn while acts come; the parent starts them anew."""
        agency = self.client("agency/restless")
        headlines = [f"Number {number}" for number in range(60)]
        for number, headline in enumerate(headlines):
            while True:
                try:
                    self.say(agency, ALERT, alert(f"restless-{number}", headline=headline))
                    break
                except (ConnectionError, OSError, mqtt.Closed):
                    agency = self.until(self.again, "the broker to be back")
            if number % 10 == 7:
                self.kill_worker(number // 10)

        def all_there():
            body = self.get("leaves")[1] or {}
            acts = [leaf["act"] for leaf in body.get("leaves", [])]
            told = [act["text"] for act in acts if act.get("agency") == "agency/restless"]
            return told if len(told) >= len(headlines) else None
        told = self.until(all_there, "all acts")
        self.assertEqual(sorted(told), sorted(headlines))
        self.verified(state="restless")

    def test_who_was_frozen_appends_nothing(self):
        """With the lease or without it: what it read is not so any more."""
        self.say(self.client("agency/pd"), ALERT, alert(headline="Before the frost"))
        self.head(1)
        conflict = 5
        for holder in ("somebody", (self.redis("GET", "nb:{log}:lease:log") or b"nobody").decode()):
            size = int(self.redis("HGET", "nb:{log}:tree", "size"))
            self.assertEqual(self.redis("FCALL", "nb_log_append", 1, "nb:{log}:tree", holder, 1, size - 1, 0, 1, "leaf", 0, size - 1, b"h" * 32), conflict)
            cursor = ("s00", "1-1", "1-2")
            self.assertEqual(self.redis("FCALL", "nb_log_append", 1, "nb:{log}:tree", holder, 1, size, 1, *cursor, 1, "leaf", 0, size, b"h" * 32), conflict)
            self.assertEqual(self.redis("FCALL", "nb_log_sign", 1, "nb:{log}:tree", holder, 1, b"another head", b"head"), conflict)
        self.assertNotIn("leaf", [leaf["leaf"] for leaf in self.leaves()])
        self.verified(state="frozen")

    def sign(self, size, at, root):
        """A head as whoever has the log's key could sign it, as it is remembered."""
        def field(number, value):
            return bytes([number << 3 | 2, len(value)]) + value

        def number(value):
            out = b""
            while value > 127:
                out, value = out + bytes([value & 127 | 128]), value >> 7
            return out + bytes([value])
        key = decode(self.get("head")[1]["public_key"])
        told = b"\x08\x01\x10" + number(size) + b"\x18" + number(at) + field(4, root) + field(5, sha(key))
        path = self.own.folder / "head.bytes"
        path.write_bytes(told)
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(self.stack.keys / "log.key"), "-in", str(path)],
                                   capture_output=True, check=True).stdout
        return {"size": size, "at": at, "root_hash": encode(root), "key_id": encode(sha(key)), "signature": encode(signature),
                "public_key": encode(key)}

    def test_a_fork_is_found(self):
        """Two heads that the key signed, of which only one can be true: whoever remembers one sees the other."""
        agency = self.client("agency/pd")
        for number in range(2):
            self.say(agency, ALERT, alert(headline=f"Fork {number}"))
        # Nothing more comes to the record: the head that is compared is the last one.
        def both():
            leaves = (self.get("leaves")[1] or {}).get("leaves", [])
            return leaves if any(leaf["act"].get("text") == "Fork 1" for leaf in leaves) else None
        head = self.head(len(self.until(both, "both acts")))
        true = self.sign(head["size"], head["at"], decode(head["root_hash"]))
        self.assertEqual(true["signature"], head["signature"])
        for size, pattern in ((head["size"], "the head forked"), (head["size"] - 1, "remembered root"), (head["size"] + 9, "rolled back")):
            with self.subTest(size):
                (self.own.folder / "fork.json").write_text(json.dumps(self.sign(size, head["at"], b"r" * 32)))
                if size == head["size"] and self.get("head")[1]["size"] != size:
                    continue
                code, text = self.log("verify", state="fork")
                self.assertEqual(code, 1, text)
                self.assertRegex(text, pattern)
        other = true | {"public_key": encode(b"k" * 32)}
        (self.own.folder / "fork.json").write_text(json.dumps(other))
        self.assertIn("not signed with this key", self.log("verify", state="fork")[1])

    def again(self):
        try:
            return self.client("agency/restless")
        except (AssertionError, ConnectionError, OSError, mqtt.Closed):
            return None

    def kill_worker(self, number):
        """Now one, now the other: the one that has the lease too."""
        workers = children(self.stack.processes["neighborsd"].pid)
        if workers:
            os.kill(sorted(workers)[number % len(workers)], signal.SIGKILL)


class Succession(RecordCase):
    """The key is replaced, while somebody remembers a head by the one before."""

    @classmethod
    def setUpClass(cls):
        cls.own = Installation(tree_head_s=1, http_rate_per_address=0)

    def public_key(self):
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", str(self.stack.keys / "log.pub"), "-outform", "DER"],
                             capture_output=True, check=True).stdout
        return der[-32:]

    def restart(self):
        """Until a head by the present key is there."""
        self.stack.stop_one("neighborsd")
        self.stack.start_broker()
        def ready():
            status, body, _ = self.get("head")
            return status == 200 and decode(body["key_id"]) == sha(decode(body["public_key"])) and body
        return self.until(ready, "a head by the new key")

    def rotate(self):
        before = self.public_key()
        self.stack.neighbors("ca", "rotate-log-key")
        self.assertNotEqual(self.public_key(), before)
        self.assertIn("signed", self.log("head")[1], "the former key's head counts until the broker is restarted")
        told = self.restart()
        self.assertEqual(decode(told["public_key"]), self.public_key())
        self.assertEqual(decode(told["former_keys"][0]["public_key"]), before)
        return told

    def refused(self, head, key, pattern):
        """Of a head as it might be told."""
        files = [self.own.folder / name for name in ("told-head.json", "told-leaves.json")]
        for path, content in zip(files, (head, self.get("leaves")[1])):
            path.write_text(json.dumps(content))
        code, text = self.log("verify", "--head", str(files[0]), "--leaves", str(files[1]), "--key", str(key), state=unique("told"))
        self.assertEqual(code, 1 if pattern else 0, text)
        if pattern:
            self.assertRegex(text, pattern)

    def test_whoever_remembers_the_former_key_finds_to_the_new_one(self):
        self.say(self.client("agency/pd"), ALERT, alert(headline="Before"))
        self.assertEqual(self.head(1)["former_keys"], [])
        self.verified(state="follower")
        former, stranger = self.own.folder / "former.pub", self.own.folder / "stranger"
        former.write_bytes((self.stack.keys / "log.pub").read_bytes())
        modes = (self.stack.keys / "log.key").stat().st_mode
        self.rotate()
        self.say(self.client("agency/pd"), ALERT, alert(headline="Behind"))
        self.head(2)
        self.assertIn("another key", self.verified(state="follower"))
        self.assertNotIn("another key", self.verified(state="follower"))
        told = self.rotate()
        self.assertEqual(len(told["former_keys"]), 2)
        keys = {name: told[name] for name in ("public_key", "former_keys")}
        self.assertEqual(self.get("keys")[:2], (200, keys))
        self.verified(state="follower")
        self.verified(state="new")
        self.assertEqual((self.stack.keys / "log.key").stat().st_mode, modes)

        # The one that nobody heard of since follows both words; without them, or with a word that was changed, nothing is believed.
        self.refused(told, former, None)
        one, other = told["former_keys"]
        changed = encode(bytes([decode(other["signature"])[0] ^ 1]) + decode(other["signature"])[1:])
        for formers in ([], [one], [other], [other, one], [one, other | {"signature": changed}]):
            self.refused(told | {"former_keys": formers}, former, "nor with one that it gave its word for")
        self.stack.neighbors("ca", "init", "--keys", stranger)
        self.refused(told, stranger / "log.pub", "not signed with this key")
        self.assertEqual(self.metric("log_broken"), 0)

        # A key for which no key gave its word signs nothing here.
        for name in ("log.key", "log.pub"):
            (self.stack.keys / name).write_bytes((stranger / name).read_bytes())
        self.stack.stop_one("neighborsd")
        self.stack.start_broker()
        self.until(lambda: self.metric("log_broken"), "the alarm")
        self.assertEqual(self.get("head")[1]["key_id"], told["key_id"])


class Tampering(RecordCase):
    before = None  # the nodes of the first three leaves

    @classmethod
    def setUpClass(cls):
        cls.own = Installation(tree_head_s=1, http_rate_per_address=0)

    def grow(self, most):
        """Acts until there are so many leaves, all of them signed."""
        agency = self.client("agency/pd")
        for number in range(self.redis("XLEN", "nb:{log}:leaves"), most):
            self.say(agency, ALERT, alert(headline=f"Headline {number}"))
        return self.head(most)

    def setUp(self):
        super().setUp()
        if not self.before:
            self.grow(3)
            type(self).before = {key: self.redis("GET", key) for key in self.redis.keys("nb:{log}:n*")}
        self.size = self.grow(6)["size"]
        self.assertEqual(self.metric("log_broken"), 0)
        self.verified()
        self.kept = self.redis.keep("nb:{log}:*")
        self.addCleanup(self.restore)

    def restore(self):
        """As it was signed: the broker signs again, and the record is whole."""
        self.redis.put_back("nb:{log}:*", self.kept)
        heads = self.metric("log_heads")
        self.until(lambda: self.metric("log_heads") > heads and self.metric("log_broken") == 0, "a head after the repair")
        self.verified()

    def found(self, pattern):
        """By whoever verifies; and by the broker, which then signs nothing."""
        code, text = self.log("verify")
        self.assertEqual(code, 1, text)
        self.assertRegex(text, pattern)
        self.until(lambda: self.metric("log_broken") == 1, "the broker to see it")
        self.assertIn("record_broken", (self.stack.logs / "neighborsd.log").read_text())
        status = urllib.request.urlopen(f"http://127.0.0.1:{self.stack.metrics_port}/healthz", timeout=30).read()
        self.assertEqual(json.loads(status)["record"], "changed")

    def entries(self):
        return [entry[1][1] for entry in self.redis("XRANGE", "nb:{log}:leaves", "-", "+")]

    def write(self, leaves):
        self.redis("MULTI")
        self.redis("DEL", "nb:{log}:leaves")
        for index, leaf in leaves:
            self.redis("XADD", "nb:{log}:leaves", f"{index + 1}-0", "l", leaf)
        self.redis("EXEC")

    def test_a_leaf_is_rewritten(self):
        leaves = self.entries()
        leaves[1] = leaves[1].replace(b"Headline", b"Hexdline")
        self.write(enumerate(leaves))
        self.found("leaf 1 was rewritten")

    def test_a_leaf_is_dropped(self):
        self.redis("XDEL", "nb:{log}:leaves", "2-0")
        self.found("leaf 1 was dropped")

    def test_leaves_are_reordered(self):
        leaves = self.entries()
        leaves[0], leaves[1] = leaves[1], leaves[0]
        self.write(enumerate(leaves))
        self.found("reordered.* leaf 0 stands one that was leaf 1")

    def test_the_last_leaf_is_cut_off(self):
        """With everything that the store keeps beside: it never was, but for who remembers the head."""
        self.redis("MULTI")
        self.redis("XDEL", "nb:{log}:leaves", f"{self.size}-0")
        self.redis("HSET", "nb:{log}:tree", "size", self.size - 1)
        self.redis("EXEC")
        self.found("leaves were dropped")

    def test_nodes_are_rolled_back(self):
        """The leaves stay; the tree above them is what it was three leaves before."""
        self.redis("MULTI")
        for key in self.kept:
            if key.startswith(b"nb:{log}:n"):
                self.redis("DEL", key)
        for key, value in self.before.items():
            self.redis("SET", key, value)
        self.redis("EXEC")
        self.found("nodes of the tree are missing")

    def test_a_node_is_rewritten(self):
        self.redis("SETRANGE", "nb:{log}:n1:0", 0, b"\0" * 32)
        code, text = self.log("verify")
        self.assertEqual(code, 1, text)
        self.assertIn("nodes of the tree were changed", text)

    def test_leaf_and_nodes_are_rewritten_alike(self):
        leaves = self.entries()
        leaves[1] = leaves[1].replace(b"Headline", b"Hexdline")
        level = [sha(b"\0" + leaf) for leaf in leaves]
        self.write(enumerate(leaves))
        number = 0
        while level:
            self.redis("SETRANGE", f"nb:{{log}}:n{number}:0", 0, b"".join(level))
            level = [sha(b"\1" + level[at] + level[at + 1]) for at in range(0, len(level) - 1, 2)]
            number += 1
        self.found("remembered root|root of the head")

    def test_a_head_is_taken_back(self):
        """An older head and the leaves of its time, both true once, put back by somebody with a copy of the store."""
        before = self.kept
        self.say(self.client("agency/pd"), ALERT, alert(headline="One more"))
        self.head(self.size + 1)
        self.verified()
        later = self.redis.keep("nb:{log}:*")
        self.redis.put_back("nb:{log}:*", before)
        try:
            self.found("rolled back")
        finally:
            self.kept = later


def sha(data):
    return hashlib.sha256(data).digest()


if __name__ == "__main__":
    unittest.main()
