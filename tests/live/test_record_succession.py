"""The public record under a new key: whoever remembers the former one finds to it."""
import json
import subprocess
import unittest

from case import Installation, alert, unique
from record_case import ALERT, RecordCase, decode, encode, sha


class Succession(RecordCase):
    """The key is replaced, while somebody remembers a head by the one before."""

    @classmethod
    def setUpClass(cls):
        cls.own = Installation(tree_head_s=1)

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


if __name__ == "__main__":
    unittest.main()
