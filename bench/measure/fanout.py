"""(f) one alert to all followers: until the last has it."""
from . import pairs
from .servers import MOSQUITTO, load


def alert(servers, rounds, followers):
    words = ["--fanout", "--followers", followers, "--rounds", 11]
    ours = servers.ours(enrol=lambda registry: registry.followers(followers))
    size = round(load(ours, *words, "--near", "--rounds", 2)["item_bytes"])
    relay_words = ["--format", "relay", *words, "--payload", size]

    found = {}
    for variant in MOSQUITTO:
        stack = servers.mosquitto(variant)
        found[variant] = load(stack, *relay_words)["follow_us"]["p50"]
        servers.stop(stack)
    variant = min((v for v in found if found[v]), key=found.get)

    mosquitto, loop = servers.mosquitto(variant), servers.write_loop()
    results = pairs.interleave(rounds, {
        "ours": lambda: load(ours, *words, "--near"),
        "write loop": lambda: load(loop, *relay_words),
        "mosquitto": lambda: load(mosquitto, *relay_words)})
    last = {name: [r["follow_us"]["p50"] / 1000 for r in found] for name, found in results.items()}
    stored = sorted(r["acknowledge_us"]["p50"] / 1000 for r in results["ours"])[len(results["ours"]) // 2]
    yield pairs.row(f"f.alert.{followers}.vs_write_loop", "ms", "bare write loop, same sockets and bytes", last["ours"],
                    last["write loop"], ("<=", 1.15), f"ours stores it first: PUBACK after {stored:.2f} ms")
    yield pairs.row(f"f.alert.{followers}.vs_mosquitto", "ms", f"Mosquitto QoS 1 ({variant})", last["ours"],
                    last["mosquitto"], ("<=", 1))
    for stack in (ours, mosquitto, loop):
        servers.stop(stack)
