"""(growth) what a message costs as more and more others are enrolled elsewhere: all sizes are there at once, each with a Redis
and a neighborsd of its own, and take turns with the same short work of the same devices."""
import statistics
import subprocess
import time

import redis

from . import pairs
from .registry import LETTERS, leaf, named, region
from .servers import BUILD, Bursts

SIZES, QUICK_SIZES = (1_000, 30_000, 1_000_000), (1_000, 10_000, 100_000)
SENDERS, CHANNELS = 1000, 32
EVENTS = 40_000  # in one turn, each sender one at a time
ROUNDS = 8  # of turns, for each that is asked for
WORKERS = 4  # that enrol at once
GOAL = ("<=", 1.1)


def elsewhere(number):
    """Spread over 32,768 channels, those of the senders among them, a leaf cell each time round."""
    five = "9q" + "".join(LETTERS[number // 32 ** place % 32] for place in range(3))
    return f"{five}{LETTERS[number // 32 ** 3 % 32]}00"


def lines(size):
    """The senders, who are neighbors enough to be published, then as many others as there are to be in all."""
    for n in range(SENDERS):
        yield f"device bench-{n} bench-{n} {leaf(n % CHANNELS)}00"
    for n in range(size - SENDERS):
        yield f"device other-{n} other-{n} {elsewhere(n)}"


def repeat_state(device, instance, place):
    """Where it is kept what that sender's instance sent last, as bridge/store_motion_pack.c has it: (key, field)."""
    names = f"device/{device}\0{instance}".encode()
    number = named(names)
    return f"nb:{{r{region(place)}}}:seq:{(number ^ number >> 16) % 256:02x}".encode(), names


def spoke(stack, count):
    """Each of the others has sent something once: its repeat state is there."""
    state, words = bytes(range(64)), []
    for n in range(count):
        key, field = repeat_state(f"other-{n}", f"other-p{n}", elsewhere(n))
        words.append(b"*4\r\n$4\r\nHSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$64\r\n%b\r\n" % (len(key), key, len(field), field, state))
    subprocess.run(["redis-cli", "-p", str(stack.redis_port), "--pipe"], input=b"".join(words), capture_output=True, check=True)


def check_layout(stack):
    """What was made for the others lies where the broker puts its own."""
    key, field = repeat_state("bench-0", "bench-p0", leaf(0))
    with redis.Redis(port=stack.redis_port) as store:
        if not store.hexists(key, field):
            raise RuntimeError(f"bench: the broker keeps repeat state elsewhere than {key.decode()}")


def forget_settling(stack):
    """What enrolling leaves for ten minutes goes now: else Redis of the larger town would be at that while it is measured."""
    with redis.Redis(port=stack.redis_port) as store:
        keys = list(store.scan_iter(match="nb:{r??}:settled:*", count=10_000))
        for n in range(0, len(keys), 10_000):
            store.unlink(*keys[n:n + 10_000])


def enrol(stack, size):
    stack.redis_command("CONFIG", "SET", "appendfsync", "no")
    subprocess.run([str(word) for word in (BUILD / "bench_enroll", stack.redis_url, stack.keys / "broker.secret", WORKERS)],
                   input="\n".join(lines(size)), text=True, check=True)
    spoke(stack, size - SENDERS)
    forget_settling(stack)
    stack.redis_command("CONFIG", "SET", "appendfsync", "always")


def seconds_of(process):
    """Processor time that a process has used, by its clock (clock_getcpuclockid(3))."""
    return time.clock_gettime(~process.pid << 3 | 2)


def command(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def bare_commands():
    """What a stored event is to Redis itself: one hash read and written, one stream appended to; for each sender in turn."""
    words = []
    for n in range(SENDERS):
        key, field = repeat_state(f"bench-{n}", f"bench-p{n}", leaf(n % CHANNELS))
        words += [command(b"HGET", key, field), command(b"HSET", key, b"bare", bytes(64)),
                  command(b"XADD", b"%b:bare:bench-%d" % (key[:8], n), b"*", b"e", bytes(43))]
    return b"".join(words) * (EVENTS // SENDERS)


def bare_us(stack, commands):
    """Redis' own growth: its processor time for the bare commands of an event, of the same devices among all who are enrolled."""
    before = seconds_of(stack.processes["redis"])
    subprocess.run(["redis-cli", "-p", str(stack.redis_port), "--pipe"], input=commands, capture_output=True, check=True)
    return (seconds_of(stack.processes["redis"]) - before) * 1e6 / EVENTS


class Town:
    def __init__(self, servers, size):
        self.size = size
        began = time.monotonic()
        self.stack = servers.ours(f"growth{size}", enrol_stack=lambda stack: enrol(stack, size), release_delay_ms=0)
        self.enrol_s = time.monotonic() - began
        self.bare = bare_commands()
        self.bursts = Bursts(self.stack, "--publishers", SENDERS, "--channels", CHANNELS, "--window", 1)
        self.run()  # warm
        check_layout(self.stack)

    def run(self):
        return self.bursts.run(EVENTS) | {"bare": bare_us(self.stack, self.bare)}


def cost(results, part):
    return pairs.folded([r["cpu_us_per_event"][part] for r in results])


def times(sides):
    return [a / b for a, b in zip(*sides)]


def rows(towns, rounds):
    sizes = list(towns)
    results = pairs.interleave(ROUNDS * rounds, {size: town.run for size, town in towns.items()})
    first = results[sizes[0]]
    against = f"{sizes[0]:,} devices enrolled"
    for size in sizes[1:]:
        found = results[size]
        rates = [statistics.median(r["acknowledged_per_s"] for r in side) for side in (found, first)]
        note = "; ".join(filter(None, (f"{towns[size].enrol_s:.0f} s to enrol",
                                       f"{rates[0]:,.0f} events a second against {rates[1]:,.0f}",
                                       pairs.holes([found[-1], first[-1]]))))
        redis_us = [cost(side, "redis") for side in (found, first)]
        bare = [pairs.folded([r["bare"] for r in side]) for side in (found, first)]
        yield pairs.row(f"growth.neighborsd.{size}", "us", against, cost(found, "neighborsd"), cost(first, "neighborsd"), GOAL, note,
                        pairs.interval)
        yield pairs.row(f"growth.redis.{size}", "us", against, *redis_us, None, "", pairs.interval)
        yield pairs.row(f"growth.bare.{size}", "us", f"{against}; Redis' own: HGET, HSET, XADD of the same devices", *bare, None, "",
                        pairs.interval)
        allowed = [ours + more - less for ours, more, less in zip(redis_us[1], *bare)]
        yield pairs.row(f"growth.redis.{size}.added", "us", f"{against}, and what Redis' own take more", redis_us[0], allowed, GOAL, "",
                        pairs.interval)
        yield pairs.row(f"growth.redis.{size}.beyond", "times", "Redis' own growth", *[times(side) for side in (redis_us, bare)], GOAL,
                        "", pairs.interval)


def of_devices(servers, rounds, sizes):
    towns = {size: Town(servers, size) for size in sizes}
    yield from rows(towns, rounds)
    for town in towns.values():
        town.bursts.close()
        servers.stop(town.stack)
