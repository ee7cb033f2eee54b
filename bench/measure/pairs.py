"""Interleaved rounds, and what they come to: medians, quartiles, a verdict."""
import math
import statistics
import sys


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def interval(values):
    """Where the median lies with 95 % confidence, by ranks alone; with fewer than six values their least and their most."""
    ordered, count, rank, below = sorted(values), len(values), 0, 1
    while below <= 0.025 * 2 ** count:
        rank += 1
        below += math.comb(count, rank)
    return ordered[max(rank, 1) - 1], ordered[count - max(rank, 1)]


def folded(values):
    """Two rounds are one, the second being in reverse: what drifts evenly meanwhile falls out."""
    return [(a + b) / 2 for a, b in zip(values[::2], values[1::2])]


def verdict(low, middle, high, goal):
    """goal: (">=" or "<=", number). None where the spread straddles it."""
    if goal is None:
        return None
    sign, number = goal
    holds = [value >= number if sign == ">=" else value <= number for value in (low, middle, high)]
    return holds[1] if all(holds) or not any(holds) else None


def row(name, unit, against, ours, theirs, goal, note="", spread=quartiles):
    """A line of the table. theirs None: the goal is for ours itself. The spread is of what the goal is for."""
    ratios = [a / b for a, b in zip(ours, theirs)] if theirs else None
    judged = ratios or ours
    low, high = spread(judged)
    middle = statistics.median(judged)
    return {"name": name, "ours": round(statistics.median(ours), 3),
            "theirs": round(statistics.median(theirs), 3) if theirs else None,
            "ratio": round(middle, 3) if ratios else None, "spread": [round(low, 3), round(high, 3)],
            "goal": f"{goal[0]} {goal[1]}" if goal else None, "ok": verdict(low, middle, high, goal), "unit": unit,
            "against": against, "note": note}


def interleave(rounds, runs):
    """runs: {name: function}. Each round runs all of them, every second round in reverse; {name: [results]}."""
    results = {name: [] for name in runs}
    for number in range(rounds):
        for name in (list(runs) if number % 2 == 0 else reversed(list(runs))):
            results[name].append(runs[name]())
            print(f"  {name} {number + 1}/{rounds}", file=sys.stderr, flush=True)
    return results


def processor(results):
    """Median CPU microseconds an event of every process, as a note."""
    names = results[0]["cpu_us_per_event"]
    return ", ".join(f"{name} {statistics.median(r['cpu_us_per_event'][name] for r in results):.2f}" for name in names)


def holes(results):
    """What must not happen, when it happened."""
    out = []
    for what in ("missing", "repeated", "refused", "unknown", "lost_connections"):
        total = sum(r.get(what, 0) for r in results)
        if total:
            out.append(f"{what} {total}")
    return ", ".join(out)
