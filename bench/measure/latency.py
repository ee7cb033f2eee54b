"""(c) at 1,000 events a second: publish to PUBACK, publish to follower."""
from . import pairs
from .servers import load, xadd
from .throughput import best

RATE, CONNECTIONS = 1000, 50


def at_leisure(servers, rounds):
    words = ["--publishers", CONNECTIONS, "--rate", RATE, "--followers", 1, "--channels", 10, "--seconds", 5]

    def enrol(registry):
        registry.publishers(CONNECTIONS, 10, 254)
        registry.sharing(CONNECTIONS, 10)
        registry.followers(1)

    relay_words = ["--format", "relay", *words]
    variant = best(servers, servers.mosquitto, ("shipped", "unlimited", "unlimited, nodelay"), relay_words,
                   lambda r: -r["follow_us"]["p99"])
    ours, relay, bare = servers.ours(enrol=enrol, release_delay_ms=0), servers.mosquitto(variant), servers.stack("bare")
    servers.redis(bare)
    results = pairs.interleave(rounds, {
        "ours": lambda: load(ours, *words),
        "relay": lambda: load(relay, *relay_words),
        "bare XADD": lambda: xadd(bare, "--rate", RATE, "--seconds", 5)})
    holes = pairs.holes(results["ours"])
    note = f"us CPU/event: {pairs.processor(results['ours'])}" + ("; " + holes if holes else "")
    for percentile, goal in (("p50", None), ("p99", ("<=", 3))):
        yield pairs.row(f"c.puback.{percentile}.vs_xadd", "us", "one bare XADD",
                        [r["acknowledge_us"][percentile] for r in results["ours"]],
                        [r["acknowledge_us"][percentile] for r in results["bare XADD"]], goal, note)
    for percentile in ("p50", "p99"):
        yield pairs.row(f"c.puback.{percentile}.vs_relay", "us", f"Mosquitto's PUBACK, which promises less ({variant})",
                        [r["acknowledge_us"][percentile] for r in results["ours"]],
                        [r["acknowledge_us"][percentile] for r in results["relay"]], None)
    for percentile, goal in (("p50", None), ("p99", ("<=", 2))):
        yield pairs.row(f"c.follower.{percentile}.vs_relay_and_xadd", "us", "the relay's delivery plus one XADD",
                        [r["follow_us"][percentile] for r in results["ours"]],
                        [a["follow_us"][percentile] + b["acknowledge_us"][percentile]
                         for a, b in zip(results["relay"], results["bare XADD"])], goal)
    for stack in (ours, relay, bare):
        servers.stop(stack)
