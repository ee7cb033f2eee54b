"""(observing) what it costs that an operator sees: metrics that are read each second and log lines of level info, against neither;
and of level debug, which follows each message and has no goal."""
import signal
import statistics
import threading
import urllib.request

from stack import free_port

from . import pairs
from .servers import Bursts

PUBLISHERS, FOLLOWERS = 50, 192
LOADS = {
    "motion": (60_000, ["--publishers", PUBLISHERS, "--window", 20, "--channels", PUBLISHERS]),
    "fanout": (2_000, ["--publishers", 16, "--window", 4, "--channels", 1, "--followers", FOLLOWERS, "--paced"]),
}
ROUNDS = 24  # short ones, for each that is asked for
GOAL = ("<=", 1.03)


class Scraper(threading.Thread):
    """Reads the metrics page at once and then each second, until it is told to stop; Prometheus does each 15 seconds."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.url, self.ended, self.pages = f"http://127.0.0.1:{port}/metrics", threading.Event(), 0

    def run(self):
        while not self.pages or not self.ended.wait(1):
            with urllib.request.urlopen(self.url, timeout=30) as page:
                self.pages += bool(page.read())


class Broker:
    """One neighborsd that is seen in some bursts, with a log of that level, and unseen in others: two would differ by more than
    is looked for."""

    def __init__(self, servers, kind):
        def enrol(registry):
            registry.publishers(PUBLISHERS, PUBLISHERS if kind == "motion" else 1, 0 if kind == "motion" else 254)
            if kind == "fanout":
                registry.sharing(PUBLISHERS, 1)
                registry.followers(FOLLOWERS)

        self.settings = {"release_delay_ms": 0, "metrics_port": free_port()}
        self.stack = servers.ours(f"observing-{kind}", enrol=enrol, **self.settings)
        self.events, words = LOADS[kind]
        self.bursts = Bursts(self.stack, *words)

    def become(self, level):
        self.stack.write_settings("neighborsd", **self.settings, cooldown_s=0, log_level=level)
        self.stack.processes["neighborsd"].send_signal(signal.SIGHUP)
        # Answered after the signal was heard, which was there first.
        urllib.request.urlopen(f"http://127.0.0.1:{self.settings['metrics_port']}/healthz", timeout=30).close()

    def run(self, level):
        """`cost`: processor time of neighborsd in µs an event stored, with all that was delivered of it."""
        self.become(level)
        scraper = Scraper(self.settings["metrics_port"]) if level != "error" else None
        if scraper:
            scraper.start()
        result = self.bursts.run(self.events)
        if scraper:
            scraper.ended.set()
            scraper.join()
            result["pages"] = scraper.pages
        result["cost"] = result["cpu_us_per_event"]["neighborsd"]
        return result


def row(name, seen, unseen, goal, note):
    costs = [pairs.folded([r["cost"] for r in found]) for found in (seen, unseen)]
    return pairs.row(name, "us/event", "the same neighborsd, not read, log_level error", *costs, goal, note, pairs.interval)


def of_an_operator(servers, rounds):
    for kind in LOADS:
        broker = Broker(servers, kind)
        broker.run("info")  # warm
        found = pairs.interleave(ROUNDS * rounds, {"seen": lambda: broker.run("info"), "unseen": lambda: broker.run("error")})
        told = pairs.interleave(2 * rounds, {"seen": lambda: broker.run("debug"), "unseen": lambda: broker.run("error")})
        rates = [statistics.median(r["acknowledged_per_s"] for r in found[side]) for side in ("seen", "unseen")]
        pages = sum(r["pages"] for r in found["seen"]) / sum(r["seconds"] for r in found["seen"])
        wrong = pairs.holes(told["unseen"][-1:])
        yield row(f"observing.{kind}", found["seen"], found["unseen"], GOAL,
                  f"processor time of neighborsd; {rates[0]:,.0f} events a second against {rates[1]:,.0f}; "
                  f"{pages:.1f} pages read a second" + (f"; {wrong}" if wrong else ""))
        yield row(f"observing.{kind}.debug", told["seen"], told["unseen"], None, "log_level debug: some lines a message")
        broker.bursts.close()
        servers.stop(broker.stack)
