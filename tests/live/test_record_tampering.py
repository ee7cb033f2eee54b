"""Somebody who has Redis changes the public record: whoever has verified it before finds that."""
import json
import unittest
import urllib.request

from case import Installation, alert
from record_case import ALERT, RecordCase, sha


class Tampering(RecordCase):
    before = None  # the nodes of the first three leaves

    @classmethod
    def setUpClass(cls):
        cls.own = Installation(tree_head_s=1)

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


if __name__ == "__main__":
    unittest.main()
