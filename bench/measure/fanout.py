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


AREA_POINTS, PLACES = 4000, 128


def area(servers, rounds, followers):
    """A county's border against a circle around the same followers, in as many bytes."""
    words = ["--fanout", "--followers", followers, "--rounds", 11, "--near", "--places", PLACES]
    ours = servers.ours(enrol=lambda registry: registry.followers(followers))
    county = ["--area", AREA_POINTS]
    size = load(ours, *words, *county, "--rounds", 2)["item_bytes"]
    around = load(ours, *words, "--texts", round(size), "--rounds", 2)["item_bytes"] - size
    circle = ["--texts", round(size - around)]
    results = pairs.interleave(rounds, {
        "county": lambda: load(ours, *words, *county),
        "circle": lambda: load(ours, *words, *circle)})
    last = {name: [r["follow_us"]["p50"] / 1000 for r in found] for name, found in results.items()}
    stored = sorted(r["acknowledge_us"]["p50"] / 1000 for r in results["county"])[rounds // 2]
    first = results["circle"][0]["item_bytes"]
    yield pairs.row(f"f.area.{followers}.vs_circle", "ms", "the same alert with a circle, as many bytes", last["county"],
                    last["circle"], ("<=", 1.10),
                    f"{AREA_POINTS} points, {size:,.0f} and {first:,.0f} bytes; PUBACK after {stored:.2f} ms")
    servers.stop(ours)
