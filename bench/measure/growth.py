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
LOOKUPS = 200_000


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


def lookup_us(stack, size):
    """Redis' own growth: its processor time for a field of a hash of one among all who are enrolled."""
    step = max(1, (size - SENDERS) // 10007) if size > SENDERS else 1
    names = [f"other-{n * step % (size - SENDERS)}" if size > SENDERS else f"bench-{n % SENDERS}" for n in range(LOOKUPS)]
    commands = "".join(f"*3\r\n$4\r\nHGET\r\n${len(name) + 24}\r\nnb:{{p:device/{name}}}:principal\r\n$6\r\nnumber\r\n" for name in names)
    before = seconds_of(stack.processes["redis"])
    subprocess.run(["redis-cli", "-p", str(stack.redis_port), "--pipe"], input=commands, text=True, capture_output=True, check=True)
    return (seconds_of(stack.processes["redis"]) - before) * 1e6 / LOOKUPS


class Town:
    def __init__(self, servers, size):
        self.size = size
        began = time.monotonic()
        self.stack = servers.ours(f"growth{size}", enrol_stack=lambda stack: enrol(stack, size), release_delay_ms=0)
        self.enrol_s = time.monotonic() - began
        self.bursts = Bursts(self.stack, "--publishers", SENDERS, "--channels", CHANNELS, "--window", 1)
        self.run()  # warm
        check_layout(self.stack)

    def run(self):
        return self.bursts.run(EVENTS)

    def lookup(self):
        return lookup_us(self.stack, self.size)


def cost(results, part):
    return pairs.folded([r["cpu_us_per_event"][part] for r in results])


def rows(towns, rounds):
    sizes = list(towns)
    results = pairs.interleave(ROUNDS * rounds, {size: town.run for size, town in towns.items()})
    lookups = pairs.interleave(rounds, {size: town.lookup for size, town in towns.items()})
    first = results[sizes[0]]
    for size in sizes[1:]:
        found = results[size]
        rates = [statistics.median(r["acknowledged_per_s"] for r in side) for side in (found, first)]
        note = "; ".join(filter(None, (f"{towns[size].enrol_s:.0f} s to enrol",
                                       f"{rates[0]:,.0f} events a second against {rates[1]:,.0f}",
                                       pairs.holes([found[-1], first[-1]]))))
        for part in ("neighborsd", "redis"):
            yield pairs.row(f"growth.{part}.{size}", "us", f"{sizes[0]:,} devices enrolled", cost(found, part), cost(first, part),
                            ("<=", 1.1), note, pairs.interval)
        yield pairs.row(f"growth.lookup.{size}", "us", "Redis' own: HGET of any one among as many", lookups[size],
                        lookups[sizes[0]], None)


def of_devices(servers, rounds, sizes):
    towns = {size: Town(servers, size) for size in sizes}
    yield from rows(towns, rounds)
    for town in towns.values():
        town.bursts.close()
        servers.stop(town.stack)
