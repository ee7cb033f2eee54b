"""Enrols by the hundred thousand: writes what `neighbors enroll` writes (bridge/registry.h), in one pipe."""
import subprocess
import time

from stack import BUILD

LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
ALL_KINDS = 254
DAY_MS = 24 * 3600 * 1000


def channel(number):
    """As bench/load/event.c names them."""
    return f"9qh{LETTERS[number // 32]}{LETTERS[number % 32]}"


def leaf(number):
    return channel(number) + "5"


def named(data):
    """FNV-1a of 32 bits, by which bridge/store_names.c spreads."""
    value = 2166136261
    for letter in data:
        value = (value ^ letter) * 16777619 & 0xffffffff
    return value


def region(place):
    """As bridge/sharing_index.h says: of the first five letters, modulo 256."""
    return f"{named(place[:5].encode()) % 256:02x}"


class Registry:
    def __init__(self, port, secret):
        self.port, self.secret = port, secret
        self.words = []
        self.places = []  # (what takes the sealed place and the digest, principal, geohash)

    def add(self, *words):
        parts = [str(word).encode() for word in words]
        self.words.append(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))

    def sealed(self, take, place, principal="-"):
        """Calls take(sealed place, digest) before anything is written."""
        self.places.append((take, principal, place))

    def seal_all(self):
        lines = "".join(f"{principal} {place}\n" for _, principal, place in self.places)
        done = subprocess.run([BUILD / "bench_places", self.secret], input=lines, capture_output=True, text=True, check=True)
        for (take, _, _), line in zip(self.places, done.stdout.splitlines(), strict=True):
            take(*line.split())
        self.places = []

    def principal(self, name, household="", place="", share=0, number=0, public_name=""):
        if place:
            self.sealed(lambda sealed, _: self.add("HSET", f"nb:{{p:{name}}}:principal", "place", sealed), place, name)
        self.add("HSET", f"nb:{{p:{name}}}:principal", "household", household, "name", public_name, "number", number,
                 "former", "", "since", 0, "share", share, "tokens_after", 0, "enrolled", 1)

    def publishers(self, count, channels, share, prefix="bench", positions=False, devices=0):
        """Devices `<prefix>-<n>`, or edges with that many devices each, one household each."""
        for n in range(count):
            home = f"{prefix}-{n}"
            place = "" if positions else leaf(n % channels)
            self.principal(f"{'edge' if devices else 'device'}/{home}", home, place, share, 1)
            for d in range(devices):
                self.principal(f"device/{home}-{d}", home, place, share, d + 2)

    def sharing(self, count, channels, prefix="bench"):
        """Households of the publishers share all; six others do in each leaf cell, as long as it takes to count."""
        verified = int(time.time() * 1000) - 30 * DAY_MS
        for tag in sorted({region(channel(c)) for c in range(channels)}):
            self.add("HSET", f"nb:{{r{tag}}}:share", *(w for n in range(count) for w in (f"{prefix}-{n}", ALL_KINDS)))
            self.add("INCR", f"nb:{{r{tag}}}:sharing")  # as enrolment does: so the store knows when to look again
        for c in range(channels):
            self.sealed(lambda _, digest, tag=region(channel(c)): self.add(
                "ZADD", f"nb:{{r{tag}}}:sharers:{digest}",
                *(w for n in range(6) for w in (verified, f"neighbor-{n}"))), leaf(c))

    def followers(self, count, prefix="bench"):
        for n in range(count):
            self.principal(f"user/{prefix}-f{n}")
        self.principal(f"agency/{prefix}", public_name="Sample Fire Department")
        self.add("HSET", f"nb:{{p:agency/{prefix}}}:principal", "no_approval", 1, "no_drill", 1)  # no second officer looks at each round

    def write(self):
        self.seal_all()
        done = subprocess.run(["redis-cli", "-p", str(self.port), "--pipe"], input=b"".join(self.words),
                              capture_output=True, timeout=120)
        if done.returncode != 0 or b"errors: 0" not in done.stdout:
            raise RuntimeError(f"the registry could not be written: {done.stdout.decode()}{done.stderr.decode()}")
        self.words = []
