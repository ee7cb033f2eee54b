"""The public record: what agencies and the operator do becomes leaves, once each, whoever dies; nothing
personal is in them; its files are checked offline, and a fork is found."""
import json
import os
import signal
import subprocess
import unittest

import mqtt
from case import Installation, alert, unique
from record_case import ALERT, VERDICT, RecordCase, decode, encode, sha
from watched import children


class Record(RecordCase):
    @classmethod
    def setUpClass(cls):
        cls.own = Installation(tree_head_s=1, processes=2, flags_enough=1)

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


if __name__ == "__main__":
    unittest.main()
