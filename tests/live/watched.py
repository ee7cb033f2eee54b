"""What the suites of bad input hold every test to: while it runs, a bystander publishes at a steady rate and has every
acknowledgement in time, on one connection; and the memory of neighborsd stays in bounds."""
import re
import threading
import time
import urllib.request
from pathlib import Path

import case
import mqtt
from stack import free_port

IN_TIME = 30.0  # seconds to a PUBACK: a bound that only a broker that stands still breaks
GROWTH = 64 << 20
EVERY = 0.05  # seconds between the bystander's publications


def read_metrics(port):
    """{name: {process: value}} of a metrics page; labels other than the process are passed over."""
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read().decode()
    found = {}
    for name, process, value in re.findall(r'^neighbors_(\w+)\{process="([^"]+)"[^}]*\} (\d+)$', page, re.MULTILINE):
        found.setdefault(name.removesuffix("_total"), {})[process] = int(value)
    return found


def resident(pid):
    """Bytes of memory that a process holds."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Bystander(threading.Thread):
    """A device that minds its own business. Whoever asks learns its slowest acknowledgement since the last question."""

    def __init__(self, port, credentials):
        super().__init__(daemon=True)
        self.connection = mqtt.Client(port)
        self.connection.connect(client_id=case.unique("bystander"), **credentials)
        self.lock, self.ended = threading.Lock(), threading.Event()
        self.slowest, self.count, self.since, self.trouble = 0.0, 0, None, None

    def run(self):
        try:
            while not self.ended.wait(EVERY):
                began = time.monotonic()
                with self.lock:
                    self.since = began
                answer = self.connection.publish("nb/v1/motion", case.motion())
                with self.lock:
                    self.slowest, self.since = max(self.slowest, time.monotonic() - began), None
                    self.count += 1
                if answer.reason:
                    raise AssertionError(f"refused: {answer}")
        except (AssertionError, OSError, mqtt.Closed) as error:
            self.trouble = self.trouble or repr(error)

    def ask(self):
        """(acknowledgements, the slowest, what went wrong) since it was asked last."""
        with self.lock:
            pending = time.monotonic() - self.since if self.since else 0.0
            told = self.count, max(self.slowest, pending), self.trouble
            self.slowest, self.count = 0.0, 0
            return told

    def stop(self):
        self.ended.set()
        self.join(60)
        self.connection.close()


class Broker:
    """A neighborsd of its own settings, on the Redis of the installation."""

    def __init__(self, home, name, **settings):
        self.home, self.name = home, name
        self.mqtt_port, self.metrics_port = free_port(), free_port()
        ports = {"mqtt_port": self.mqtt_port, "metrics_port": self.metrics_port, "http_port": 0}
        home.stack.start_broker(name, wait=False, **ports | settings)
        self.process = home.stack.processes[name]
        # The log says "ready" and not a connection: that would count as one.
        log = home.stack.logs / f"{name}.log"
        home.stack.wait_for(name, lambda: "ready port=" in log.read_text(errors="replace"), f"neighborsd {name}")

    def stop(self):
        self.home.stack.stop_one(self.name)


class WatchedCase(case.LiveCase):
    """A suite against the installation's neighborsd or, with `broker_settings`, one of its own."""

    broker_settings = None
    quiet = False  # nobody but the test on the broker: for those that count every connection

    @classmethod
    def setUpClass(cls):
        home = case.installation()
        stack, cls.own = home.stack, None
        cls.mqtt_port, cls.metrics_port, cls.process = stack.mqtt_port, stack.metrics_port, stack.processes["neighborsd"]
        if cls.broker_settings is not None:
            cls.own = Broker(home, case.unique("watched"), **cls.broker_settings)
            cls.addClassCleanup(cls.own.stop)
            cls.mqtt_port, cls.metrics_port, cls.process = cls.own.mqtt_port, cls.own.metrics_port, cls.own.process
        who = "device/bystander"
        token = home.token(who, *case.LiveCase.options(who))
        cls.bystander = None
        if not cls.quiet:
            cls.bystander = Bystander(cls.mqtt_port, {"username": who, "password": token.encode()})
            cls.bystander.start()
            cls.addClassCleanup(cls.bystander.stop)

    def setUp(self):
        super().setUp()
        self.port = self.mqtt_port
        if self.bystander:
            self.bystander.ask()
        self.before = self.memory()
        self.addCleanup(self.nobody_noticed)

    def memory(self):
        return resident(self.process.pid)

    def nobody_noticed(self):
        if self.bystander:
            _, slowest, trouble = self.bystander.ask()
            self.assertIsNone(trouble, "the bystander was disturbed")
            self.assertLess(slowest, IN_TIME, "the bystander had to wait")
        self.assertIsNone(self.process.poll(), "neighborsd is gone")
        self.assertLess(self.memory() - self.before, GROWTH, "neighborsd grew")

    def counters(self):
        """Every counter and gauge, over all processes."""
        return {name: sum(values.values()) for name, values in read_metrics(self.metrics_port).items()}

    def counted(self, before, seconds=30, **expected):
        """Waits until counters rose by at least this much; the metrics page may be a moment behind."""
        self.eventually(lambda: all(self.counters()[name] - before[name] >= rise for name, rise in expected.items()),
                        lambda: {name: (self.counters()[name] - before[name], rise) for name, rise in expected.items()},
                        seconds)

    def eventually(self, true, told=lambda: "", seconds=30):
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                self.fail(f"not within {seconds} s: {told()}")
            time.sleep(0.02)
