"""(processes) what a second neighborsd on the same port adds, for motion in and for activity out to followers."""
import os
import statistics
from contextlib import contextmanager
from pathlib import Path

from . import pairs
from .servers import load

SHARE = 0.2  # of a core for each neighborsd, in the runs in which every process has as much
PERIOD_US = 10000
DEVICES, CHANNELS, FOLLOWERS = 1000, 32, 192
GROUPS = Path("/sys/fs/cgroup/cpu")
LOADS = {
    "motion": ["--publishers", DEVICES, "--window", 1, "--channels", CHANNELS, "--seconds", 3],
    "fanout": ["--publishers", 16, "--window", 4, "--channels", 1, "--followers", FOLLOWERS, "--paced", "--seconds", 3, "--drain", 3],
}


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Side:
    """So many neighborsd on one port, with a Redis of their own."""

    def __init__(self, servers, kind, count):
        def enrol(registry):
            if kind == "motion":
                registry.publishers(DEVICES, CHANNELS, 0)
            else:
                registry.publishers(16, 1, 254)
                registry.sharing(16, 1)
                registry.followers(FOLLOWERS)

        self.kind, self.count = kind, count
        self.stack = servers.ours(f"processes{count}", enrol=enrol, processes=count, release_delay_ms=0)
        parent = self.stack.processes["neighborsd"].pid
        self.pids = children(parent) if count > 1 else [parent]

    def run(self):
        """Processor time of the parts stands in `neighborsd` (of all), `redis` and `load`, in µs an item: an event stored, or
        one given to a follower; `rate` is those a second."""
        words = [w for n, pid in enumerate(self.pids) for w in ("--watch", f"n{n}={pid}")]
        result = load(self.stack, *LOADS[self.kind], *words)
        events = result["acknowledged_per_s"]
        result["rate"] = result["delivered_per_s"] * FOLLOWERS if self.kind == "fanout" else events
        used = result["cpu_us_per_event"]
        for part, names in {"neighborsd": [f"n{n}" for n in range(self.count)], "redis": ["redis"], "load": ["load"]}.items():
            result[part] = sum(used[name] for name in names) * events / result["rate"]
        return result


def busy(results, part):
    """Median of how many cores a part kept busy."""
    return statistics.median(r[part] * r["rate"] / 1e6 for r in results)


def note(results):
    said = [f"{count}: " + ", ".join(
        f"{part} {statistics.median(r[part] for r in found):.2f} us ({busy(found, part):.2f} cores)"
        for part in ("neighborsd", "redis", "load")) for count, found in results.items()]
    wrong = pairs.holes([r for found in results.values() for r in found])
    return "an item costs with " + "; ".join(said) + (f"; {wrong}" if wrong else "")


def row(name, against, results, more="", goal=(">=", 1.6)):
    rates = [[r["rate"] for r in results[count]] for count in ("two", "one")]
    return pairs.row(name, "items/s", against, *rates, goal, note(results) + more)


def row_of_rations(name, results):
    """Judged where they had their rations: what others left of the machine says nothing."""
    had = busy(results["one"], "neighborsd") >= 0.9 * SHARE and busy(results["two"], "neighborsd") >= 1.8 * SHARE
    return row(name, f"one neighborsd; {SHARE:.0%} of a core each", results, "" if had else "; the machine had less for them",
               (">=", 1.6) if had else None)


def by_cost(name, results):
    """What the costs measured come to where every part has a core of its own."""
    one = [1e6 / r["neighborsd"] for r in results["one"]]
    two = [min(2e6 / r["neighborsd"], 1e6 / r["redis"]) for r in results["two"]]
    by_redis = sum(1e6 / r["redis"] < 2e6 / r["neighborsd"] for r in results["two"])
    limit = "Redis" if by_redis * 2 > len(two) else "neighborsd"
    return pairs.row(name, "items/s", "one neighborsd", two, one, (">=", 1.6),
                     f"computed from the processor time of each part, for a core each; the limit of two is {limit}: Redis alone "
                     f"carries {statistics.median(1e6 / r['redis'] for r in results['two']):,.0f} items/s")


@contextmanager
def pinned(sides):
    """The n-th neighborsd on the n-th core; Redis and the load wherever the kernel puts them, beside them where it must."""
    for side in sides:
        for n, pid in enumerate(side.pids):
            os.sched_setaffinity(pid, {n % os.cpu_count()})
    yield
    for side in sides:
        for pid in side.pids:
            os.sched_setaffinity(pid, range(os.cpu_count()))


@contextmanager
def rationed(sides):
    """Each neighborsd with the same share of a core, so that Redis and the load have theirs on a small machine too."""
    made = []
    try:
        for pid in (pid for side in sides for pid in side.pids):
            group = GROUPS / f"neighbors-bench-{pid}"
            group.mkdir()
            made.append(group)
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(round(PERIOD_US * SHARE)))
            (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        for group in made:
            (GROUPS / "cgroup.procs").write_text((group / "cgroup.procs").read_text().strip() or "0")
            group.rmdir()


def may_ration():
    return os.access(GROUPS / "cgroup.procs", os.W_OK)


def scaling(servers, rounds, kind):
    sides = {"one": Side(servers, kind, 1), "two": Side(servers, kind, 2)}
    runs = {name: side.run for name, side in sides.items()}
    with pinned(sides.values()):
        results = pairs.interleave(rounds, runs)
    yield row(f"processes.{kind}.pinned", "one neighborsd", results,
              f"; {os.cpu_count()} cores for all of it")
    yield by_cost(f"processes.{kind}.a_core_each", results)
    if may_ration():
        with rationed(sides.values()):
            results = pairs.interleave(rounds, runs)
        yield row_of_rations(f"processes.{kind}.rationed", results)
    for side in sides.values():
        servers.stop(side.stack)
