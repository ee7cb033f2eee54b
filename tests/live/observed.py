"""A reader of Prometheus' text format that takes nothing which Prometheus would refuse, and a Redis whose clock is wrong."""
import math
import re
import socket
import threading
import urllib.error
import urllib.request

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
CLOCK = re.compile(rb"\*2\r\n\$10\r\n(\d{10})\r\n\$\d\r\n")  # what Redis answers to TIME


def ask(port, path):
    """(status, body) of the metrics listener."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def labels_of(text):
    found, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match or match[1] in found:
            raise ValueError(f"labels: {text}")
        found[match[1]] = match[2]
        at = match.end()
    return found


class Page:
    """families: {name: (type, [(sample's name, labels, value)])}."""

    def __init__(self, text):
        self.families = {}
        if not text.endswith("\n"):
            raise ValueError("the last line has no end")
        helped, current = None, None
        for line in text.splitlines():
            if line.startswith("# HELP "):
                helped = line.split(" ", 3)[2]
                if len(line.split(" ", 3)) < 4:
                    raise ValueError(f"no sentence: {line}")
            elif line.startswith("# TYPE "):
                _, _, current, kind = line.split(" ")
                if current != helped or current in self.families or kind not in ("counter", "gauge", "histogram"):
                    raise ValueError(f"out of place: {line}")
                self.families[current] = (kind, [])
            else:
                self.sample(current, line)
        for name, (kind, samples) in self.families.items():
            self.check(name, kind, samples)

    def sample(self, family, line):
        match = SAMPLE.match(line)
        if not match or not family:
            raise ValueError(f"unreadable: {line}")
        bare = re.sub("_(bucket|sum|count)$", "", match[1]) if self.families[family][0] == "histogram" else match[1]
        if bare != family:
            raise ValueError(f"a sample of another family than {family}: {line}")
        self.families[family][1].append((match[1], labels_of(match[2] or ""), float(match[3])))

    @staticmethod
    def check(name, kind, samples):
        if (kind == "counter") != name.endswith("_total"):
            raise ValueError(f"{name} is a {kind}")
        keys = [(sample, tuple(sorted(labels.items()))) for sample, labels, _ in samples]
        if len(keys) != len(set(keys)):
            raise ValueError(f"{name} has two samples with the same labels")
        if any(value < 0 for sample, _, value in samples) and kind != "gauge":
            raise ValueError(f"{name} is less than 0")
        if kind == "histogram":
            Page.check_histogram(name, samples)

    @staticmethod
    def check_histogram(name, samples):
        series = {}
        for sample, labels, value in samples:
            rest = tuple(sorted((key, text) for key, text in labels.items() if key != "le"))
            bounds, totals = series.setdefault(rest, ([], {}))
            if sample.endswith("_bucket"):
                bounds.append((float(labels["le"]), value))
            else:
                totals[sample.removeprefix(name)] = value
        for rest, (bounds, totals) in series.items():
            counts = [value for _, value in bounds]
            if [bound for bound, _ in bounds] != sorted(bound for bound, _ in bounds) or counts != sorted(counts) or \
                    bounds[-1][0] != math.inf or counts[-1] != totals["_count"] or "_sum" not in totals:
                raise ValueError(f"{name}{rest} is no histogram: {bounds} {totals}")

    def value(self, sample, **labels):
        """The sum of the samples with these labels; KeyError when there is none."""
        family = next(f for f in (sample, re.sub("_(bucket|sum|count)$", "", sample)) if f in self.families)
        found = [value for name, has, value in self.families[family][1]
                 if name == sample and all(has.get(key) == text for key, text in labels.items())]
        if not found:
            raise KeyError(f"{sample} {labels}")
        return sum(found)


class WrongRedis:
    """Stands before a Redis. `off` seconds are added to what it says of its clock; `away`: nobody gets through."""

    def __init__(self, port):
        self.redis, self.off, self.away, self.open = port, 0, False, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.away:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.redis))
            self.open += [near, far]
            threading.Thread(target=self.carry, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self.carry, args=(far, near, True), daemon=True).start()

    def carry(self, source, to, answers):
        try:
            while data := source.recv(1 << 16):
                if answers and self.off:
                    data = CLOCK.sub(lambda m: m[0].replace(m[1], str(int(m[1]) + self.off).encode()), data)
                to.sendall(data)
        except OSError:
            pass
        for end in (source, to):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def go_away(self):
        self.away = True
        for end in self.open:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open = []

    def close(self):
        self.listener.close()
        self.go_away()
