"""What following many channels costs: sharded pub/sub that carries the entries, as neighborsd has it, against one XREAD BLOCK
over all streams, and against sharded pub/sub that only wakes one up to an XREAD of what was told."""
import json
import statistics
import subprocess

from . import pairs
from .servers import BUILD, StackError

WAYS = ("none", "carry", "xread", "wake")
RATE, SECONDS = 2000, 2


def run(stack, way, channels):
    stack.redis_command("FLUSHALL")
    words = ["--port", stack.redis_port, "--way", way, "--channels", channels, "--rate", RATE, "--seconds", SECONDS]
    done = subprocess.run([str(word) for word in (BUILD / "bench_tail", *words)], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise StackError(f"the tail's program: {done.stderr}")
    result = json.loads(done.stdout)
    result |= {"p50": result["latency_us"]["p50"], "p99": result["latency_us"]["p99"]}
    result["missing"] = max(0, result["wanted"] - result["heard"]) if way != "none" else 0
    return result


def middle(results, what):
    return statistics.median(result[what] for result in results)


def of_channels(servers, rounds, channels):
    """Entries come at 2,000 a second, whatever the number of streams that they are spread over."""
    stack = servers.stack("tail")
    servers.redis(stack)
    stack.redis_command("CONFIG", "SET", "appendfsync", "everysec")  # the disk's part is the same for all, and hides theirs
    results = pairs.interleave(rounds, {way: lambda way=way: run(stack, way, channels) for way in WAYS})
    servers.stop(stack)
    missed = ", ".join(f"{way} heard {sum(r['missing'] for r in results[way])} too few" for way in WAYS
                       if any(r["missing"] for r in results[way]))
    alone = middle(results["none"], "redis_us")
    for what, unit in (("redis_us", "us/entry"), ("own_us", "us/entry"), ("p50", "us"), ("p99", "us")):
        wake = middle(results["wake"], what)
        note = f"as a wake-up {wake:.1f} {unit}" + (f"; appending alone {alone:.1f}" if what == "redis_us" else "")
        yield pairs.row(f"tail.{channels}.{what}", unit, "one XREAD BLOCK over all streams", [r[what] for r in results["carry"]],
                        [r[what] for r in results["xread"]], None, note + (f"; {missed}" if missed else ""))
    if channels < 100:  # else what a connection takes outweighs them
        return
    yield pairs.row(f"tail.{channels}.bytes", "bytes", "likewise, of Redis a channel", [r["bytes"] for r in results["carry"]],
                    [max(r["bytes"], 0.1) for r in results["xread"]], None)
    yield pairs.row(f"tail.{channels}.follow", "us", "likewise, to begin a channel", [r["follow_us"] for r in results["carry"]],
                    [r["follow_us"] for r in results["xread"]], None)
