"""(observing) what it costs that an operator sees: metrics that are read each second and log lines of level info, against neither;
and of level debug, which follows each message and has no goal."""
import signal
import statistics
import threading
import urllib.request

from stack import free_port

from . import pairs
from .servers import load

PUBLISHERS, FOLLOWERS = 50, 192
LOADS = {
    "motion": ["--publishers", PUBLISHERS, "--window", 20, "--channels", PUBLISHERS, "--seconds", 3],
    "fanout": ["--publishers", 16, "--window", 4, "--channels", 1, "--followers", FOLLOWERS, "--paced", "--seconds", 3, "--drain", 3],
}
GOAL = ("<=", 1.03)


class Scraper(threading.Thread):
    """Reads the metrics page each second, as Prometheus may, until it is told to stop."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.url, self.ended, self.pages = f"http://127.0.0.1:{port}/metrics", threading.Event(), 0

    def run(self):
        while not self.ended.wait(1):
            with urllib.request.urlopen(self.url, timeout=30) as page:
                self.pages += bool(page.read())


class Broker:
    """One neighborsd that is seen in some runs, with a log of that level, and unseen in others: two would differ by more than
    is looked for."""

    def __init__(self, servers, kind):
        def enrol(registry):
            registry.publishers(PUBLISHERS, PUBLISHERS if kind == "motion" else 1, 0 if kind == "motion" else 254)
            if kind == "fanout":
                registry.sharing(PUBLISHERS, 1)
                registry.followers(FOLLOWERS)

        self.kind, self.settings = kind, {"release_delay_ms": 0, "metrics_port": free_port()}
        self.stack = servers.ours(f"observing-{kind}", enrol=enrol, **self.settings)

    def run(self, level):
        """`cost`: processor time of neighborsd in µs an event stored, with all that was delivered of it."""
        self.stack.write_settings("neighborsd", **self.settings, cooldown_s=0, log_level=level)
        self.stack.processes["neighborsd"].send_signal(signal.SIGHUP)  # heard before the load has connected
        scraper = Scraper(self.settings["metrics_port"]) if level != "error" else None
        if scraper:
            scraper.start()
        result = load(self.stack, *LOADS[self.kind])
        if scraper:
            scraper.ended.set()
            scraper.join()
            result["pages"] = scraper.pages
        result["cost"] = result["cpu_us_per_event"]["neighborsd"]
        return result


def of_an_operator(servers, rounds):
    for kind in LOADS:
        broker = Broker(servers, kind)
        broker.run("info")  # warm
        results = pairs.interleave(2 * rounds, {"seen": lambda: broker.run("info"), "followed": lambda: broker.run("debug"),
                                                "unseen": lambda: broker.run("error")})
        rates = [statistics.median(r["acknowledged_per_s"] for r in results[side]) for side in ("seen", "unseen")]
        pages = statistics.median(r["pages"] for r in results["seen"])
        wrong = pairs.holes(results["seen"] + results["unseen"])
        yield pairs.row(f"observing.{kind}", "us/event", "the same neighborsd, not read, log_level error",
                        [r["cost"] for r in results["seen"]], [r["cost"] for r in results["unseen"]], GOAL,
                        f"processor time of neighborsd; {rates[0]:,.0f} events a second against {rates[1]:,.0f}; "
                        f"{pages:.0f} pages read in a run" + (f"; {wrong}" if wrong else ""))
        yield pairs.row(f"observing.{kind}.debug", "us/event", "the same neighborsd, not read, log_level error",
                        [r["cost"] for r in results["followed"]], [r["cost"] for r in results["unseen"]], None,
                        "log_level debug: some lines a message")
        servers.stop(broker.stack)
