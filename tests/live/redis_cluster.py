"""A Redis Cluster on loopback in one folder, started and stopped by who tests with it: masters, each with its replicas."""
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.cluster import ClusterNode, RedisCluster

from stack import ENVIRONMENT, ROOT, Stack, StackError, free_port, stopped

SLOTS = 16384
NODE_TIMEOUT_MS = 3000  # a busy machine may keep a node waiting for a while, and that is no death
NEVER_MS = 600000
ELECTIONS = 100  # node timeouts in which an heir may be elected: where all are slow, the first election may not be the last


@dataclass
class Node:
    name: str
    port: int
    bus: int
    identifier: str = ""  # in the cluster

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"


class ClusterStack(Stack):
    """A stack whose Redis is a cluster. nodes: the masters of the beginning first, then their replicas in the same order."""

    def __init__(self, folder, masters=3, replicas=1, nodes=None, node_timeout_ms=NODE_TIMEOUT_MS, **options):
        """nodes: of a cluster that stood in this folder (or what was copied into it) before."""
        super().__init__(folder, **options)
        self.masters = masters
        self.node_timeout_ms = node_timeout_ms if replicas else NEVER_MS  # where nobody can take over nobody need be given up
        self.nodes = nodes or [Node(f"redis-{i}", free_port(), free_port()) for i in range(masters * (1 + replicas))]

    @property
    def redis_url(self):
        hosts = ",".join(node.address for node in self.nodes)
        return f"redis+cluster://neighbors@{hosts}?password-file={self.keys}/redis.password"

    # ---- the servers ----

    def start_redis(self, preload=None, fsync="always"):
        self.users = self.redis_users()
        for node in self.nodes:
            self.start_node(node, fsync)
        if not (self.folder / "formed").exists():
            self.form()
            (self.folder / "formed").touch()
        self.wait_until_whole()

    def start_node(self, node, fsync="always"):
        folder = self.folder / node.name
        folder.mkdir(exist_ok=True)
        password = (self.keys / "redis.password").read_text().strip()
        config = ROOT / "deploy/redis-cluster.conf"
        self.start(node.name, ["redis-server", config if config.exists() else ROOT / "deploy/redis.conf",
                               "--port", node.port, "--bind", "127.0.0.1", "--aclfile", self.users, "--appendfsync", fsync,
                               "--dir", folder, "--daemonize", "no", "--logfile", "", "--cluster-enabled", "yes",
                               "--cluster-port", node.bus, "--cluster-node-timeout", self.node_timeout_ms,
                               "--cluster-replica-validity-factor", ELECTIONS,
                               "--cluster-require-full-coverage", "no", "--masterauth", password, "--masteruser", "neighbors-replica",
                               "--repl-diskless-sync-delay", 0])
        self.wait_for(node.name, lambda: self.ping(node), f"Redis on port {node.port}")

    def redis_users(self):
        """Replicas log in at their masters as a user of their own."""
        path = super().redis_users()
        password = (self.keys / "redis.password").read_text().strip()
        path.write_text(path.read_text() + f"user neighbors-replica on >{password} -@all +psync +replconf +ping\n")
        return path

    def ask(self, node, *words):
        """What Redis answers, as it says it; None when it does not answer."""
        client = redis.Redis(port=node.port, socket_timeout=10, decode_responses=True)
        client.response_callbacks.clear()
        try:
            return client.execute_command(*words)
        except redis.RedisError:
            return None
        finally:
            client.close()

    def ping(self, node):
        return self.ask(node, "PING") == "PONG"

    def tell(self, node, *words):
        if self.ask(node, *words) is None:
            raise StackError(f"{node.name} refuses {' '.join(map(str, words))}")

    def form(self):
        """Gives out the slots, introduces all to all, and makes the rest replicas."""
        masters = self.nodes[:self.masters]
        for i, node in enumerate(self.nodes):
            node.identifier = self.ask(node, "CLUSTER MYID")
            self.tell(node, "CLUSTER SET-CONFIG-EPOCH", i + 1)
            if i < self.masters:
                self.tell(node, "CLUSTER ADDSLOTSRANGE", SLOTS * i // self.masters, SLOTS * (i + 1) // self.masters - 1)
        for node in self.nodes[1:]:
            self.tell(self.nodes[0], "CLUSTER MEET", "127.0.0.1", node.port, node.bus)
        self.until(lambda: all(self.view(node).count("connected") == len(self.nodes) for node in self.nodes), "all know all")
        for i, node in enumerate(self.nodes[self.masters:]):
            self.tell(node, "CLUSTER REPLICATE", masters[i % self.masters].identifier)

    def view(self, node):
        """CLUSTER NODES as this node tells it, "" when it does not answer."""
        return self.ask(node, "CLUSTER NODES") or ""

    def until(self, condition, what, seconds=180):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise StackError(f"cluster: not in time: {what}")
            time.sleep(0.05)

    def alive(self):
        """Who runs and is not frozen."""
        return [node for node in self.nodes if node.name in self.processes and self.processes[node.name].poll() is None
                and not stopped(self.processes[node.name].pid)]

    def whole(self):
        """Every slot is served, every replica that lives is in line with its master, and all that live say so."""
        for node in self.alive():
            state, link = self.ask(node, "CLUSTER INFO") or "", self.ask(node, "INFO", "replication") or ""
            if "cluster_state:ok" not in state or f"cluster_slots_ok:{SLOTS}" not in state:
                return False
            if "role:slave" in link and "master_link_status:up" not in link:
                return False
        return True

    def wait_until_whole(self, seconds=120):
        self.until(self.whole, "every slot served, every replica in line", seconds)

    # ---- what happens to it ----

    def roles(self):
        """identifier -> (node, identifier of its master or "-", slots), as the first that answers sees it; the failed left out."""
        by_port = {node.port: node for node in self.nodes}
        view = next(filter(None, (self.view(node) for node in self.alive())), "")
        found = {}
        for line in view.splitlines():
            fields = line.split()
            port = int(re.search(r":(\d+)@", fields[1]).group(1)) if "@" in fields[1] else 0
            if "fail" in fields[2].split(",") or port not in by_port:
                continue
            slots = [tuple(map(int, (part.split("-") * 2)[:2])) for part in fields[8:] if not part.startswith("[")]
            found[fields[0]] = (by_port[port], fields[3], slots)
        return found

    def serving(self):
        """The masters that serve slots: node -> its slots."""
        return {node.name: (node, [slot for first, last in slots for slot in range(first, last + 1)])
                for node, master, slots in self.roles().values() if master == "-" and slots}

    def masters_now(self):
        """The masters, when none is missing."""
        self.until(lambda: len(self.serving()) == self.masters, "every master serves")
        return [node for node, _ in self.serving().values()]

    def replaced(self, node):
        """Whether a replica serves in the place of that master."""
        serving = self.serving()
        return len(serving) == self.masters and node.name not in serving

    def freeze_node(self, node):
        process = self.processes[node.name]
        process.send_signal(signal.SIGSTOP)
        self.until(lambda: stopped(process.pid), f"{node.name} stands still")

    def held_dead_after(self, milliseconds):
        """From now on so long without a word is death. Everybody who runs is told, so nobody may stand still."""
        self.node_timeout_ms = milliseconds
        for node in self.alive():
            self.tell(node, "CONFIG SET", "cluster-node-timeout", milliseconds)

    def kill_node(self, node, sign=signal.SIGKILL):
        self.kill(node.name, sign)

    def move(self, slots, source, target):
        """Moves so many slots from one master to another, as an operator does. False when it stopped in the middle, or one of
        them is no master any more: then `mend` first."""
        identifiers = {node.name: identifier for identifier, (node, _, _) in self.roles().items()}
        if not {source.name, target.name} <= set(identifiers):
            return False
        done = subprocess.run(["redis-cli", "--cluster", "reshard", source.address, "--cluster-from", identifiers[source.name],
                               "--cluster-to", identifiers[target.name], "--cluster-slots", str(slots), "--cluster-yes",
                               "--cluster-pipeline", "100"], capture_output=True, text=True, timeout=300, env=ENVIRONMENT)
        return done.returncode == 0 and "[ERR]" not in done.stdout and "*** " not in done.stdout

    def mend(self):
        """Ends what an interrupted move left open. True when nothing is open any more."""
        done = subprocess.run(["redis-cli", "--cluster", "fix", self.alive()[0].address, "--cluster-yes"],
                              capture_output=True, text=True, timeout=300, env=ENVIRONMENT)
        return done.returncode == 0

    def everything(self):
        """A client that finds every key, for who compares."""
        return RedisCluster(startup_nodes=[ClusterNode("127.0.0.1", node.port) for node in self.alive()])
