"""(a) single events and (b) batches: stored, acknowledged, delivered, a second."""
from . import pairs
from .servers import load

CONNECTIONS, WINDOW = 50, 20


def rate(result):
    """What gets through all the way."""
    return min(result["acknowledged_per_s"], result["delivered_per_s"])


def best(servers, start, variants, words, better=rate):
    """The variant of Mosquitto that does best here, running."""
    found = {}
    for variant in variants:
        stack = start(variant)
        result = load(stack, *words, "--warmup", "0.5", "--seconds", "2", "--drain", "2")
        found[variant] = better(result)
        servers.stop(stack)
    return max(found, key=found.get)


def single(servers, rounds, channels, delay_s):
    name = f"a.single.{channels}channel{'s' if channels > 1 else ''}.delay{delay_s}{'s' if delay_s else ''}"
    words = ["--publishers", CONNECTIONS, "--window", WINDOW, "--followers", 1, "--channels", channels]
    positions = channels > CONNECTIONS

    def enrol(registry):
        registry.publishers(CONNECTIONS, channels, 254, positions=positions)
        registry.sharing(CONNECTIONS, channels)
        registry.followers(3)  # a session follows 512 channels: one follower of 1,000 is three connections

    variants = ("shipped", "unlimited", "unlimited, nodelay")
    relay_words = ["--format", "relay", *words]
    # The Node program has no way to hold Mosquitto's publishers back; paced by PUBACKs it drowns and delivers next to
    # nothing. So its publishers wait for deliveries, with the window that suits it.
    node_words = ["--format", "json", "--paced", *words]
    relay_variant = best(servers, servers.mosquitto, variants, relay_words)
    node_variant = best(servers, servers.node, variants, node_words)
    ours = servers.ours(enrol=enrol, release_delay_ms=delay_s * 1000)
    relay, node = servers.mosquitto(relay_variant), servers.node(node_variant)
    own_words = [*words, *(["--positions"] if positions else []), "--warmup", delay_s * 1.2 + 1,
                 # Releases come in bursts, one each delay: measured over a whole one.
                 "--seconds", delay_s or 3, "--drain", delay_s + 5]
    results = pairs.interleave(rounds, {
        "ours": lambda: load(ours, *own_words),
        "relay": lambda: load(relay, *relay_words),
        "node": lambda: load(node, *node_words)})
    own = [rate(r) for r in results["ours"]]
    note = f"us CPU/event: {pairs.processor(results['ours'])}"
    if pairs.holes(results["ours"]):
        note += "; " + pairs.holes(results["ours"])
    yield pairs.row(f"{name}.vs_relay", "events/s", f"Mosquitto relay QoS 1 ({relay_variant})", own,
                    [rate(r) for r in results["relay"]], (">=", 1.5),
                    f"{note}; theirs: {pairs.processor(results['relay'])}")
    yield pairs.row(f"{name}.vs_node", "events/s", f"Node, ioredis, Mosquitto ({node_variant})", own,
                    [rate(r) for r in results["node"]], (">=", 4), f"theirs: {pairs.processor(results['node'])}")
    for stack in (ours, relay, node):
        servers.stop(stack)


def batches(servers, rounds, shared):
    """Stored and acknowledged: from households that keep theirs private, and from ones that share (default release)."""
    words = ["--publishers", CONNECTIONS, "--window", 4, "--batch", 64, "--channels", CONNECTIONS, "--seconds", 3]

    def enrol(registry):
        registry.publishers(CONNECTIONS, CONNECTIONS, 254 if shared else 0)
        if shared:
            registry.sharing(CONNECTIONS, CONNECTIONS)

    ours = servers.ours(enrol=enrol)
    results = pairs.interleave(rounds, {"ours": lambda: load(ours, *words)})["ours"]
    holes = pairs.holes([r | {"missing": 0} for r in results])
    yield pairs.row(f"b.batch64.{'shared' if shared else 'private'}", "events/s", "the goal itself",
                    [r["acknowledged_per_s"] for r in results], None, (">=", 250000),
                    f"us CPU/event: {pairs.processor(results)}" + ("; " + holes if holes else ""))
    servers.stop(ours)
