"""The command line against a whole Redis Cluster of three masters, where no neighborsd ever ran."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from case import StackError
from redis_cluster import NEVER_MS, NODE_TIMEOUT_MS, ClusterStack
from stack import ENVIRONMENT
from test_transfer import LEFT_OUT

AT, ELSEWHERE = "34.0768,-118.0316", "34.1500,-118.1500"
SQUARE = {"type": "Feature", "properties": {"id": "1"}, "geometry": {"type": "Polygon", "coordinates": [
    [[-118.1, 34.0], [-118.0, 34.0], [-118.0, 34.1], [-118.1, 34.1], [-118.1, 34.0]]]}}


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-cluster-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.stack = ClusterStack(cls.folder, masters=3, replicas=1, node_timeout_ms=NEVER_MS)
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start_redis()
        cls.stack.make_keys()

    def neighbors(self, *words):
        return self.stack.neighbors(*words)

    def refused(self, *words):
        with self.assertRaises(StackError) as caught:
            self.neighbors(*words)
        return str(caught.exception)

    def key(self, suffix):
        """All that keys with this end hold, as they are spread over the masters."""
        client = self.stack.everything()
        try:
            return {key.decode(): client.type(key).decode() for key in client.scan_iter(match=f"nb:*{suffix}", count=1000)}
        finally:
            client.close()

    def home(self, name, *options):
        for who in (f"user/{name}", f"device/{name}"):
            share = ("--share", "all") if who.startswith("device") else ()
            self.stack.enroll(who, "--household", name, "--at", AT, *share, *options)
        return name

    def test_households_live_under_many_slots(self):
        for i in range(6):
            self.home(f"h{i}", "--verified-since", "-30d")
        sharers = self.key(":share")
        self.assertEqual(len(sharers), 1, sharers)
        region = next(iter(sharers))[:9]
        self.assertEqual(self.stack.everything().hlen(region + "share"), 6)
        self.assertEqual(len(self.key(":unsettled")), 0, "what was noted is settled")
        # One moves, one is revoked, a camera goes to another household.
        self.neighbors("household", "move", "h0", "--at", ELSEWHERE)
        self.assertEqual(self.neighbors("household", "show", "h0")[-1]["verified"], 0)
        self.neighbors("revoke", "device/h1")
        code = self.neighbors("household", "release", "device/h2")[-1]["code"]
        self.neighbors("household", "accept", "h3", code)
        self.assertEqual(self.stack.everything().hlen(region + "share"), 3)
        # A place is verified by a code, once.
        letter = self.neighbors("household", "verify", "h0", "--way", "post")[-1]["code"]
        self.assertIn("not one that is good here", self.refused("household", "verify", "h4", "--code", letter))
        self.neighbors("household", "verify", "h0", "--code", letter)
        self.assertGreater(self.neighbors("household", "show", "h0")[-1]["verified"], 0)

    def test_the_operator_s_desk(self):
        self.stack.enroll("operator/desk")
        self.stack.enroll("user/ann")
        self.neighbors("moderate", "ban", "user/ann", "--as", "operator/desk", "--for", "1d", "--reason", "three false reports")
        bans = self.neighbors("moderate", "list", "--bans")
        self.assertEqual([ban["reason"] for ban in bans if ban["principal"] == "user/ann"], ["three false reports"])
        self.neighbors("moderate", "unban", "user/ann", "--as", "operator/desk", "--reason", "a mistake")
        self.assertEqual([ban for ban in self.neighbors("moderate", "list", "--bans") if ban["principal"] == "user/ann"], [])
        self.neighbors("disclosure", "--to", "the court", "--count", "2", "--as", "operator/desk")
        counts = {row["what"]: row["count"] for row in self.acts()}
        self.assertEqual((counts["banned"], counts["unbanned"], counts["disclosure"]), (1, 1, 1))
        self.neighbors("moderate", "list")

    def acts(self):
        client = self.stack.everything()
        counts = client.hgetall("nb:{s00}:moderation")
        self.assertEqual(client.xlen("nb:{s00}:acts"), sum(map(int, counts.values())))
        return [{"what": what.decode(), "count": int(count)} for what, count in counts.items()]

    def areas(self):
        file = self.folder / "areas.geojson"
        file.write_text(json.dumps({"type": "FeatureCollection", "features": [SQUARE]}))
        return file

    def test_geocodes(self):
        self.neighbors("geocodes", "import", "--scheme", "zones", "--property", "id", self.areas())
        self.assertIn({"scheme": "zones", "codes": 1}, self.neighbors("geocodes", "list"))

    # ---- a master that ceases to be one while its replicas are waited for: Redis ends the waiting with an error

    def demoted(self, key, *words):
        """What a call comes to that waits for the replica of the key's master, and is told that it does so in vain."""
        master = self.master_of(key)
        replica = next(node for node in self.stack.alive() if self.stack.ask(node, "ROLE")[:3:2] == ["slave", master.port])
        self.stack.freeze_node(replica)
        try:
            with ThreadPoolExecutor(1) as beside:
                called = beside.submit(self.neighbors, *words)
                self.stack.until(lambda: called.done() or self.unblock(master), "it waits for the replica")
                self.stack.processes[replica.name].send_signal(signal.SIGCONT)
                return called.result()
        finally:
            self.stack.processes[replica.name].send_signal(signal.SIGCONT)
            self.stack.wait_until_whole()

    def unblock(self, master):
        waiting = [re.search(r"id=(\d+)", line)[1] for line in self.stack.ask(master, "CLIENT LIST").splitlines() if " cmd=wait " in line]
        return any(self.stack.ask(master, "CLIENT UNBLOCK", number, "ERROR") for number in waiting)

    def test_what_may_be_done_twice_is_done_again(self):
        self.demoted("nb:{geocode-schemes}:names", "geocodes", "import", "--scheme", "again", "--property", "id", self.areas())
        self.assertIn({"scheme": "again", "codes": 1}, self.neighbors("geocodes", "list"))

    def test_what_may_not_is_told(self):
        self.stack.enroll("operator/recorder")
        disclosures = [act["count"] for act in self.acts() if act["what"] == "disclosure"]
        with self.assertRaises(StackError) as caught:
            self.demoted("nb:{s00}:acts", "disclosure", "--to", "the court", "--count", "1", "--as", "operator/recorder")
        self.assertIn("exit 3\nneighbors: Redis has it, but is a master no more (UNBLOCKED ", str(caught.exception))
        self.assertEqual([act["count"] for act in self.acts() if act["what"] == "disclosure"], [sum(disclosures) + 1])

    # ---- a master that is replaced while all keys are looked through

    MANY = 2400

    def replace(self, master):
        """Its replica is the master from now on, and it is a replica that has started anew."""
        heir = next(node for node in self.stack.alive() if self.stack.ask(node, "ROLE")[:3:2] == ["slave", master.port])
        self.stack.kill_node(master)
        self.stack.tell(heir, "CLUSTER FAILOVER", "TAKEOVER")
        self.stack.until(lambda: self.stack.replaced(master), "a replica takes over")
        self.stack.start_node(master)
        self.stack.wait_until_whole()

    def replaced_meanwhile(self, shim, word, *words):
        """What the command tells, while the master that it begins with is replaced behind the second page of keys."""
        environment = ENVIRONMENT | {"LD_PRELOAD": str(shim), "HALTED_WORD": word, "HALTED_AT": "2",
                                     "ASAN_OPTIONS": "verify_asan_link_order=0"}
        with subprocess.Popen([*self.stack.command(*words), "--json"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as process:
            self.addCleanup(process.kill)
            halted = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            self.assertEqual(halted.si_code, os.CLD_STOPPED, f"it never said {word} twice")
            self.replace(next(node for node, slots in self.stack.serving().values() if 0 in slots))
            process.send_signal(signal.SIGCONT)
            told, _ = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, told)
        return json.loads(told)

    def test_x_a_master_is_replaced_while_all_keys_are_looked_through(self):
        shim, file, client = self.folder / "killed_at.so", self.folder / "installation", self.stack.everything()
        self.addCleanup(client.close)
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", shim, Path(__file__).parent / "killed_at.c"], check=True)
        step = client.pipeline()
        for number in range(self.MANY):
            step.set(f"nb:{{code:{number}}}:code", number)
        step.set("nb:layout", "4 5 6")
        step.execute()
        with self.subTest("export"):
            self.replaced_meanwhile(shim, "nb:*", "export", "--installation", file)
            written = set(re.findall(rb"\*2\r\n\$3\r\nDEL\r\n\$\d+\r\n(nb:[^\r]*)\r\n", file.read_bytes()))
            missing = [key for key in client.scan_iter(match="nb:*", count=1000)
                       if key not in written and not LEFT_OUT.search(key.decode())]
            self.assertEqual(missing, [])
        with self.subTest("rotate-secret"):
            told = self.replaced_meanwhile(shim, "nb:{code:*", "ca", "rotate-secret")
            self.assertEqual((told["unreadable"], [*client.scan_iter(match="nb:{code:*", count=1000)]), (0, []))

    def test_y_slots_move_and_enrolling_goes_on(self):
        (source, _), (target, _) = list(self.stack.serving().values())[:2]
        moved = []
        mover = threading.Thread(target=lambda: moved.append(self.stack.move(400, source, target)))
        mover.start()
        many = 0
        while mover.is_alive() or many == 0:
            self.home(f"moved{many}", "--verified-since", "-30d")
            many += 1
        mover.join()
        self.assertEqual(moved, [True])
        for i in range(many):
            self.assertEqual(len(self.neighbors("household", "show", f"moved{i}")[-1]["members"]), 2)
        shares = self.key(":share")
        self.assertEqual(len([home for key in shares for home in self.stack.everything().hkeys(key)
                              if home.startswith(b"moved")]), many)
        self.assertEqual(self.key(":unsettled"), {})

    def test_z_a_master_dies_and_enrolling_goes_on(self):
        """It waits for the replica that takes over, and for the dead one, that comes back as a replica and has all too."""
        fallen = self.master_of("nb:{h:late}:members")
        self.stack.held_dead_after(NODE_TIMEOUT_MS)
        self.stack.kill_node(fallen)
        with ThreadPoolExecutor(1) as beside:
            enrolled = beside.submit(self.until_it_is_done, lambda: self.home("late"))
            self.stack.until(lambda: self.stack.replaced(fallen), "a replica takes over", 180)
            self.stack.start_node(fallen)
            enrolled.result()
        self.stack.wait_until_whole()
        self.assertEqual(self.stack.ask(fallen, "ROLE")[0], "slave")
        self.assertEqual(len(self.neighbors("household", "show", "late")[-1]["members"]), 2)

    def master_of(self, key):
        slot = self.stack.ask(self.stack.nodes[0], "CLUSTER KEYSLOT", key)
        return next(node for node, slots in self.stack.serving().values() if slot in slots)

    def until_it_is_done(self, what):
        """The command line waits for 15 s and then says why nothing is told as done (no heir yet, or no copy): on a busy machine
        it may take longer, and who is told so does it again."""
        deadline = time.monotonic() + 180
        while True:
            began = time.monotonic()
            try:
                return what()
            except StackError as error:
                self.assertGreater(time.monotonic() - began, 14, error)
                self.assertLess(time.monotonic(), deadline, f"{error}\n" + "\n".join(map(self.stack.view, self.stack.alive())))


if __name__ == "__main__":
    unittest.main()
