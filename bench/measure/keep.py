"""What trimming costs: ingest while a million expired events leave their logs, against ingest beside a million that stay."""
import time

from . import pairs
from .servers import load

EVENTS, HOUSEHOLDS = 1_000_000, 1000
OLD, YOUNG = 90, 1  # days
FILL = "local at = (redis.call('TIME')[1] - ARGV[4] * 86400) * 1000 + ARGV[3] " \
    "for h = ARGV[1], ARGV[2] do local key = 'nb:{r' .. string.format('%02x', h % 256) .. '}:log:gone-' .. h " \
    "for n = 1, 250 do redis.call('XADD', key, string.format('%.0f-1', at + n), 'e', string.rep('x', 40)) end end"
STEP = 50


def fill(stack, days):
    """A million entries of one event each, all so many days old."""
    for quarter in range(EVENTS // HOUSEHOLDS // 250):
        for first in range(0, HOUSEHOLDS, STEP):
            stack.redis_command("EVAL", FILL, "0", str(first), str(first + STEP - 1), str(quarter * 1000), str(days))


def empty(stack):
    script = "for h = 0, ARGV[1] - 1 do redis.call('DEL', 'nb:{r' .. string.format('%02x', h % 256) .. '}:log:gone-' .. h) end"
    stack.redis_command("EVAL", script, "0", str(HOUSEHOLDS))


def left(stack):
    script = "local left = 0 for h = 0, ARGV[1] - 1 do " \
        "left = left + redis.call('XLEN', 'nb:{r' .. string.format('%02x', h % 256) .. '}:log:gone-' .. h) end return left"
    return int(stack.redis_command("EVAL", script, "0", str(HOUSEHOLDS)))


def ingest(stack, days, words):
    """A broker that has just begun trims at once what there is."""
    stack.stop_one("neighborsd")
    fill(stack, days)
    stack.redis_command("DEL", "nb:{r00}:lease:trim")
    stack.start_broker()
    before = left(stack)
    result = load(stack, *words)
    result["trimmed"] = before - left(stack)
    until = time.monotonic() + 120
    while days == OLD and left(stack) and time.monotonic() < until:
        time.sleep(0.1)
    if left(stack) != (0 if days == OLD else EVENTS):
        raise RuntimeError(f"{left(stack)} events are left")
    empty(stack)
    return result


def trim(servers, rounds):
    words = ["--publishers", 50, "--window", 4, "--batch", 64, "--channels", 50, "--warmup", 0.5, "--seconds", 5]
    stack = servers.ours("keep", enrol=lambda registry: registry.publishers(50, 50, 0))
    results = pairs.interleave(rounds, {"trimming": lambda: ingest(stack, OLD, words), "quiet": lambda: ingest(stack, YOUNG, words)})
    trimmed = sum(result["trimmed"] for result in results["trimming"]) // rounds
    yield pairs.row("keep.trim", "events/s", "the same beside events that stay", [r["acknowledged_per_s"] for r in results["trimming"]],
                    [r["acknowledged_per_s"] for r in results["quiet"]], (">=", 0.9),
                    f"{trimmed} of {EVENTS} expired events left {HOUSEHOLDS} logs meanwhile")
    servers.stop(stack)
