"""(d) memory of neighborsd, (e) memory of Redis."""
import json
import subprocess
import time
from contextlib import ExitStack

from . import pairs
from .servers import load, load_command

FIRST, FOLLOWERS, EDGES, DEVICES = 500, 10000, 100, 1000
HOUSEHOLDS, EACH = 100, 1000


def resident_kib(process):
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


class Held:
    """Followers that connect and stay until the block ends."""

    def __init__(self, stack, *words):
        self.process = subprocess.Popen(load_command(stack, *words, "--hold"), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.said = json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate("\n", timeout=60)


def followers(servers, rounds, places):
    """At least one round in which they come anew to a fresh process; memory is steady, rounds change little."""
    each, all_of_it = [], []

    def enrol(registry):
        registry.followers(FOLLOWERS)
        registry.followers(FIRST, "first")
        registry.publishers(EDGES, EDGES, 0, devices=DEVICES)  # private, so that the followers stay idle

    for _ in range(min(rounds, 3)):
        ours = servers.ours(enrol=enrol)
        # What a process needs once, it has after the first few; the others show what one more costs.
        with ExitStack() as held:
            held.enter_context(Held(ours, "--prefix", "first", "--followers", FIRST, "--near", "--places",
                                    min(places, FIRST)))
            time.sleep(1)
            before = resident_kib(ours.processes["neighborsd"])
            held.enter_context(Held(ours, "--followers", FOLLOWERS, "--near", "--places", places))
            time.sleep(3)
            each.append((resident_kib(ours.processes["neighborsd"]) - before) / FOLLOWERS)
            load(ours, "--publishers", EDGES, "--devices", DEVICES, "--batch", 50, "--window", 2, "--channels", EDGES,
                 "--events", EDGES * DEVICES * 2, "--drain", 1)
            time.sleep(3)
            all_of_it.append(resident_kib(ours.processes["neighborsd"]) / 1024)
        servers.stop(ours)
    where = "same_place" if places == 1 else "different_places"
    yield pairs.row(f"d.follower.{where}", "KiB", "the goal itself", each, None, ("<=", 2))
    yield pairs.row(f"d.all.{where}", "MiB", "the goal itself", all_of_it, None, ("<=", 64),
                    f"{FIRST + FOLLOWERS} idle followers, {EDGES * DEVICES} devices touched")


def used_memory(stack):
    """What the data needs, without what Redis holds for connections and for writing its file."""
    info = dict(line.split(":", 1) for line in stack.redis_command("INFO", "memory").split() if ":" in line)
    return int(info["used_memory"]) - int(info["mem_clients_normal"]) - int(info["mem_aof_buffer"])


def bytes_an_event(servers, rounds, name, shared, batch, goal, activity_id=12):
    found = []

    def enrol(registry):
        registry.publishers(HOUSEHOLDS, HOUSEHOLDS, 254 if shared else 0)
        if shared:
            registry.sharing(HOUSEHOLDS, HOUSEHOLDS)

    for _ in range(min(rounds, 3)):
        ours = servers.ours(enrol=enrol, release_delay_ms=0)
        before = used_memory(ours)
        # Each household waits for its answer before it goes on, so nothing of it travels together that was sent singly.
        load(ours, "--publishers", HOUSEHOLDS, "--window", 1, "--batch", batch, "--channels", HOUSEHOLDS,
             "--activity-id", activity_id, "--events", HOUSEHOLDS * EACH, "--drain", 2)
        time.sleep(1)
        found.append((used_memory(ours) - before) / (HOUSEHOLDS * EACH))
        servers.stop(ours)
    yield pairs.row(name, "bytes", "the goal itself", found, None, goal,
                    f"{EACH} events a household, activity ids of {activity_id} bytes, everything included")
