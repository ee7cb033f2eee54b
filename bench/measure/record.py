"""What the public record costs: acts that wait become leaves, and proofs of a large tree are asked for over HTTP."""
import http.client
import json
import random
import statistics
import time

from stack import free_port

from . import pairs
from .registry import Registry

ACTS, TAGS, PROOFS = 50_000, 64, 500


def town(servers):
    """An installation in whose store that many acts wait, of which none is a leaf yet."""
    def acts(registry: Registry):
        for number in range(ACTS):
            registry.add("XADD", f"nb:{{s{number % TAGS:02x}}}:acts", "*", "what", "alert", "by", "agency/bench", "officer", "lee",
                         "alert", f"{number:024x}", "revision", 1, "reason", "", "at", 1_760_000_000_000 + number, "name",
                         "Sample Police", "text", "A headline of an ordinary length for an alert", "digest", "0123456789abcdef")
    stack = servers.ours("record", acts, tree_head_s=1, http_port=free_port(), http_rate_per_address=0)
    return stack


def appended(stack):
    """Leaves a second, from the first look to the last leaf."""
    began, size = time.monotonic(), 0
    while size < ACTS:
        size = int(stack.redis_command("HGET", "nb:{log}:tree", "size") or 0)
        time.sleep(0.01)
    return ACTS / (time.monotonic() - began)


def proofs(stack):
    """The median time of a proof, in ms, one after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.settings["http_port"], timeout=60)

    def get(path):
        connection.request("GET", f"/v1/log/{path}")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    while (head := get("head"))[0] != 200 or head[1]["size"] < ACTS:
        time.sleep(0.05)
    took = []
    for _ in range(PROOFS):
        began = time.monotonic()
        status, _ = get(f"proof?leaf={random.randrange(ACTS)}&size={ACTS}")
        took.append((time.monotonic() - began) * 1000)
        if status != 200:
            raise RuntimeError(f"no proof: {status}")
    connection.close()
    return statistics.median(took)


def of_acts(servers, rounds):
    rates, times = [], []
    for _ in range(rounds):
        stack = town(servers)
        rates.append(appended(stack))
        times.append(proofs(stack))
        servers.stop(stack)
    yield pairs.row("record.append", "leaves/s", "-", rates, None, None, f"{ACTS} acts that waited under {TAGS} tags")
    yield pairs.row("record.proof", "ms", "-", times, None, None, f"inclusion in a tree of {ACTS} leaves, over HTTP, one after the other")
