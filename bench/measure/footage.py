"""Whom a footage request concerns, asked of a region with 100,000 devices and a million events while homes go on sending."""
import json
import subprocess

from . import pairs
from .servers import BUILD

MATCH_MS, INGEST_RATIO = 50, 2


def match(servers, rounds):
    stack = servers.stack("footage")
    servers.redis(stack)
    said = subprocess.run([BUILD / "bench_footage", "--port", str(stack.redis_port), "--rounds", str(rounds)],
                          capture_output=True, text=True, check=True, timeout=600).stdout
    results = [json.loads(line) for line in said.splitlines()]
    servers.stop(stack)
    yield pairs.row("footage.match", "ms", "the goal itself", [r["match"]["p50"] / 1000 for r in results], None,
                    ("<=", MATCH_MS), f"{results[0]['households']} households found, 1,000 events a second meanwhile")
    yield pairs.row("footage.match.ingest_p99", "ms", "ingest alone", [r["beside"]["p99"] / 1000 for r in results],
                    [r["alone"]["p99"] / 1000 for r in results], ("<=", INGEST_RATIO), "one match after the other")
