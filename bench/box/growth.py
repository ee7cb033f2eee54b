"""Does a message cost more where more is enrolled? The same day (same devices that send, followers, alerts, square kilometres),
with more and more devices that are only there."""
import copy
import statistics

FOLLOWERS, RATE, KM2, REPORTS, AGENCIES = 1000, 1000, 300, 60, 3
COSTS = (("broker_us_message", "neighborsd"), ("redis_us_message", "Redis"))


def options_of(options, size):
    one = copy.copy(options)
    one.devices, one.active = size, min(options.growth)
    one.followers, one.rate, one.km2, one.reports, one.agencies = FOLLOWERS, RATE, KM2, REPORTS, AGENCIES
    # What is published depends on how many share beside each other, which would be another day.
    one.sharing, one.watchers, one.edges, one.alone, one.nodes = 0, 0, 0, 0, 10
    return one


def text(rows):
    """rows: size -> its runs."""
    sizes = sorted(rows)
    lines = [f"The same {rows[sizes[0]][0]['stored']:,} events of {sizes[0]:,} devices, {rows[sizes[0]][0]['shown']:,} alerts to "
             f"{FOLLOWERS:,} followers, on {KM2} km2; median of {len(rows[sizes[0]])} rounds (least to most), microseconds of "
             "processor time a message", ""]
    head = f"{'enrolled':>12}"
    for _, who in COSTS:
        head += f"{who:>28}{'growth':>9}"
    lines.append(head + f"{'both':>9}{'growth':>9}{'load':>7}")
    first = {}
    for size in sizes:
        line, both = f"{size:>12,}", [row["broker_us_message"] + row["redis_us_message"] for row in rows[size]]
        for key, _ in COSTS:
            values = [row[key] for row in rows[size]]
            middle = statistics.median(values)
            growth = middle / first.setdefault(key, middle) - 1
            line += f"{middle:>11.2f} ({min(values):.2f} to {max(values):.2f})".rjust(28) + f"{growth:>+9.1%}"
        middle = statistics.median(both)
        line += f"{middle:>9.2f}{middle / first.setdefault('both', middle) - 1:>+9.1%}"
        lines.append(line + f"{statistics.median(row['load_after'] for row in rows[size]):>7.1f}")
    return "\n".join(lines)
