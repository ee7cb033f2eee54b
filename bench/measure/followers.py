"""(followers) 100,000 connected followers on one machine, as far as its limits let: bytes each, of whom."""
import re
import resource
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from stack import free_port

from . import pairs
from .memory import Held, used_memory
from .processes import children

PLACES = 1000
FIRST = PLACES  # a process: what it needs once, the channels among it, it has after these
A_PROCESS = 17_000  # connections; its share of the port is not exactly even
# What a connected socket takes of the kernel while nothing is on its way: the socket, its inode, its name, its file and its
# place in epoll. Bytes of one of each are the kernel's own word (/proc/slabinfo).
OF_A_SOCKET = ("TCP", "sock_inode_cache", "dentry", "filp", "eventpoll_epi")


def proportional(pid):
    """Bytes of memory of a process, its part of what it shares."""
    return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[1]) * 1024


def socket_bytes():
    """None where the kernel does not say."""
    try:
        sizes = {line.split()[0]: int(line.split()[3]) for line in Path("/proc/slabinfo").read_text().splitlines()[2:]}
    except PermissionError:
        return None
    return sum(sizes[name] for name in OF_A_SOCKET) if all(name in sizes for name in OF_A_SOCKET) else None


class Crowd:
    """Followers by the ten thousand. A load generator has as many as it may have files; each speaks to an address of its own,
    for one address has no more than 28,000 ports for those who connect."""

    def __init__(self, servers, wanted, tls):
        self.files = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 300
        self.processes = -(-wanted // min(A_PROCESS, self.files * 9 // 10))
        self.wanted, self.tls = wanted, tls
        parts = -(-wanted // min(20_000, self.files))
        self.parts = [wanted // parts + (n < wanted % parts) for n in range(parts)]

        def enrol(registry):
            registry.followers(FIRST * self.processes, "first")
            for n, count in enumerate(self.parts):
                registry.followers(count, f"crowd{n}")

        self.stack = servers.ours(f"followers{wanted}", enrol=enrol, tls=tls, processes=self.processes, mqtt_address="0.0.0.0",
                                  tls_address="0.0.0.0", max_connections=min(20_000, self.files), metrics_port=free_port(),
                                  max_connections_per_address=0)
        parent = self.stack.processes["neighborsd"].pid
        self.pids = children(parent) if self.processes > 1 else [parent]

    def held(self, number, prefix, count):
        words = ["--tls-ca", self.stack.keys / "ca.crt", "--port", self.stack.tls_port] if self.tls else []
        # The broker's certificate is for 127.0.0.1, which the load generator does not hold against the address.
        return Held(self.stack, "--host", f"127.0.0.{number + 1}", "--prefix", prefix, "--followers", count, "--near", "--places",
                    min(PLACES, count), *words)

    def broker_bytes(self):
        return sum(proportional(pid) for pid in self.pids)

    def all_connected(self):
        """The metrics page may be a moment behind."""
        deadline = time.monotonic() + 10
        while self.connected() < self.wanted + FIRST * self.processes and time.monotonic() < deadline:
            time.sleep(0.2)
        return self.connected()

    def connected(self):
        port = self.stack.settings["metrics_port"]
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read().decode()
        return sum(int(n) for n in re.findall(r"^neighbors_connections\{[^}]*\} (\d+)$", page, re.MULTILINE))

    def run(self):
        with ExitStack() as held:
            held.enter_context(self.held(0, "first", FIRST * self.processes))
            before = self.broker_bytes(), used_memory(self.stack)
            for n, count in enumerate(self.parts):
                held.enter_context(self.held(n, f"crowd{n}", count))
                print(f"  {sum(self.parts[:n + 1]):,} followers", file=sys.stderr, flush=True)
            after = self.broker_bytes(), used_memory(self.stack)
            connected = self.all_connected() - FIRST * self.processes
        return {"connected": connected, "broker": (after[0] - before[0]) / connected, "redis": (after[1] - before[1]) / connected,
                "all": after[0]}


def of_a_crowd(servers, wanted, tls=False):
    crowd = Crowd(servers, wanted, tls)
    found = crowd.run()
    name = f"followers{'.tls' if tls else ''}"
    note = (f"{found['connected']:,} of {wanted:,} connected to {crowd.processes} processes, {PLACES:,} places; this machine lets "
            f"a process have {crowd.files + 300:,} files")
    yield pairs.row(f"{name}.neighborsd", "bytes", "the goal itself" if not tls else "", [found["broker"]], None,
                    None if tls else ("<=", 2048), f"{note}; {found['all'] / 2 ** 20:,.0f} MiB in all")
    yield pairs.row(f"{name}.redis", "bytes", "", [found["redis"]], None, None)
    kernel = socket_bytes()
    if kernel:
        yield pairs.row(f"{name}.kernel", "bytes", "", [kernel], None, None, f"a socket: {', '.join(OF_A_SOCKET)}, buffers empty")
    servers.stop(crowd.stack)
