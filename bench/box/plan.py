"""Writes the plan of a city's day (bench/day/plan.h says how it reads): homes, followers, agencies, what is sent when."""
import bisect
import math
import random
from dataclasses import dataclass, field

from . import weights

LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
HOME_SIZES = ((1, 25), (2, 20), (3, 15), (4, 15), (6, 15), (8, 10))  # devices, how many of a hundred homes
RADII = ((400, 15), (800, 30), (1600, 40), (3200, 12), (8000, 3))
SUSPICIOUS, CRIME, FIRE, WEATHER = 3, 1, 4, 9
RESIDENTS_CATEGORIES = (2, SUSPICIOUS, FIRE, 7, 8, 10)
MINOR, MODERATE, SEVERE, EXTREME = 2, 3, 4, 5
# Ring's feed had 65,800 posts in 500 days from about 20,000 cameras (NDSS 2022): 6.6 a day of a thousand.
REPORTS_A_DEVICE = 0.0066
ALERTS_AN_AGENCY = 6
EVACUATED = 0.3  # of all followers


@dataclass
class City:
    """What a plan has, for the report."""
    source: str
    devices: int
    homes: int
    edges: int
    alone: int
    nodes: int
    sharing: int
    km2: float
    notices: int
    watchers: int
    lines: list = field(repr=False, default_factory=list)


def geohash(lat, lon, precision):
    box, text, bits, even = [[-90.0, 90.0], [-180.0, 180.0]], "", 0, True
    for bit in range(precision * 5):
        side, value = (box[1], lon) if even else (box[0], lat)
        middle = (side[0] + side[1]) / 2
        high = value >= middle
        side[0 if high else 1] = middle
        bits, even = bits * 2 + high, not even
        if bit % 5 == 4:
            text, bits = text + LETTERS[bits], 0
    return text


def pick(rng, table):
    return rng.choices([value for value, _ in table], [weight for _, weight in table])[0]


class Places:
    """Points as people are distributed, over so many square kilometres from the city's middle outward."""

    def __init__(self, rng, found, km2):
        self.rng = rng
        self.square_km2 = (weights.KM_A_DEGREE * weights.STEP) ** 2 * math.cos(math.radians(found.squares[0][0]))
        self.squares = found.squares[:max(1, min(len(found.squares), round(km2 / self.square_km2)))]
        self.km2 = len(self.squares) * self.square_km2
        self.weights = [square[2] for square in self.squares]

    def some(self, count):
        squares = self.rng.choices(self.squares, self.weights, k=count)
        return [(lat + self.rng.random() * weights.STEP, lon + self.rng.random() * weights.STEP) for lat, lon, _ in squares]


class Clock:
    """Times as events are distributed over the day."""

    def __init__(self, rng, hours, seconds):
        self.rng, self.seconds = rng, seconds
        total, self.sums = 0, [0.0]
        for weight in hours:
            total += weight
            self.sums.append(total)

    def at(self, share):
        wanted = share * self.sums[-1]
        part = max(0, min(len(self.sums) - 2, bisect.bisect_right(self.sums, wanted) - 1))
        within = (wanted - self.sums[part]) / (self.sums[part + 1] - self.sums[part])
        return (part + within) / (len(self.sums) - 1) * self.seconds * 1000

    def some(self):
        return self.at(self.rng.random())


def homes(rng, places, options):
    """Lines, and how many there are of what."""
    counted = {"devices": 0, "edge": 0, "alone": 0, "node": 0, "sharing": 0}
    nodes = options.nodes
    lines, number = [], 0
    spots = places.some(options.devices)
    while counted["devices"] < options.devices:
        size = min(pick(rng, HOME_SIZES), options.devices - counted["devices"])
        draw = rng.random()
        way = ("edge" if draw < 0.1 and counted["edge"] < options.edges else
               "alone" if draw > 0.98 and counted["alone"] + size <= options.alone else "node")
        node = number % nodes
        name = {"edge": f"e-{number}", "alone": f"d-{number}", "node": f"n{node}-{number}"}[way]
        shares = rng.random() < options.sharing
        lines.append(f"home {name} {geohash(*spots[number], 8)} {way} {node} {size} {int(shares)}")
        counted[way] += size if way == "alone" else 1
        counted["devices"] += size
        counted["sharing"] += shares
        number += 1
    return lines, counted, nodes


def followers(rng, places, options):
    """Lines, and (place, metres) of each."""
    lines, circles = [], []
    for n, spot in enumerate(places.some(options.followers)):
        watches = n < options.watchers
        metres = rng.choice((400, 800)) if watches else pick(rng, RADII)
        lines.append(f"follower {geohash(*spot, 6)} {metres} {int(watches)}")
        circles.append((spot, metres))
    return lines, circles


def star(rng, middle, metres, points):
    """A border with bays and capes around a place."""
    lat = metres / 1000 / weights.KM_A_DEGREE
    lon = lat / math.cos(math.radians(middle[0]))
    ring = []
    for n in range(points):
        angle, reach = 2 * math.pi * n / points, rng.uniform(0.75, 1.25)
        ring.append((middle[0] + lat * reach * math.sin(angle), middle[1] + lon * reach * math.cos(angle)))
    ring.append(ring[0])
    return f"polygon {len(ring)} " + " ".join(f"{a:.7f} {b:.7f}" for a, b in ring)


def circle(middle, metres):
    return f"circle {middle[0]:.7f} {middle[1]:.7f} {round(metres)}"


class Threads:
    """Alerts with what corrects and ends them; numbered when all are there, by their times."""

    def __init__(self, seconds):
        self.seconds, self.all = seconds, []

    def add(self, who, steps, severity, category, how="right"):
        """steps: (ms, alert, update or cancel, place). What comes after the day is left out."""
        thread = len(self.all)
        self.all.append([(due, who, kind, place, thread, severity, category, how) for due, kind, place in steps
                         if due < self.seconds * 1000])

    def lines(self):
        first = {}
        for due, who, kind, place, thread, severity, category, how in sorted(
                (step for steps in self.all for step in steps), key=lambda step: step[0]):
            index = len(first["lines"]) if "lines" in first else 0
            begun = first.setdefault(thread, index)
            first.setdefault("lines", []).append(
                f"notice {due:.3f} {who} {kind} {begun} {severity} {category} {how} {place}")
        return first.get("lines", [])


def residents(rng, clock, threads, circles, options):
    """Reports, some with what must be refused: a crime of which it is not said what was done."""
    count = options.reports if circles else 0
    for n in range(count):
        f = rng.randrange(len(circles))
        near = "point {:.7f} {:.7f}".format(*(value + rng.gauss(0, 0.004) for value in circles[f][0]))
        due, gap = clock.some(), 0.05 * options.seconds * 1000
        wrong = n % 50 == 49 or (count < 50 and n == 0)
        steps = [(due, "alert", near)]
        if not wrong and rng.random() < 0.15:
            moved = "point {:.7f} {:.7f}".format(*(value + rng.gauss(0, 0.004) for value in circles[f][0]))
            steps.append((due + gap, "update", moved))
        if not wrong and rng.random() < 0.15:
            steps.append((due + 2 * gap, "cancel", "nowhere"))
        threads.add(f"follower {f}", steps, MINOR, CRIME if wrong else rng.choice(RESIDENTS_CATEGORIES),
                    "wrong" if wrong else "right")


def agencies(rng, clock, threads, places, options):
    for a in range(options.agencies):
        for middle in places.some(ALERTS_AN_AGENCY):
            metres = 150 * math.exp(rng.uniform(0, math.log(30)))  # to 4.5 km
            due, gap = clock.some(), 0.06 * options.seconds * 1000
            shape = (lambda m: circle(middle, m)) if rng.random() < 0.5 else (lambda m: star(rng, middle, m, rng.randint(8, 60)))
            steps = [(due, "alert", shape(metres))]
            if rng.random() < 0.5:
                steps.append((due + gap, "update", shape(metres * rng.uniform(0.5, 1.5))))
            if rng.random() < 0.35:
                steps.append((due + 2 * gap, "cancel", "nowhere"))
            threads.add(f"agency {a}", steps, rng.choice((MODERATE, SEVERE, EXTREME)), rng.choice((CRIME, FIRE, WEATHER)))


def evacuation(rng, threads, circles, options):
    """One order for about three tenths of all who follow, made smaller, and ended."""
    if not circles or not options.agencies:
        return
    middle = max((spot for spot, _ in circles), key=lambda spot: spot[0])  # the northern end burns
    away = sorted(weights.km(middle, spot) * 1000 - metres for spot, metres in circles)
    reach = max(100, 0.95 * away[int(EVACUATED * (len(away) - 1))])
    day = options.seconds * 1000
    threads.add("agency 0", [(0.55 * day, "alert", star(rng, middle, reach, 60)),
                             (0.70 * day, "update", star(rng, middle, reach / 2, 60)),
                             (0.85 * day, "cancel", "nowhere")], EXTREME, FIRE, "order")


def make(options):
    """options: devices, active, followers, agencies, watchers, reports, events, seconds, sharing, nodes, edges, alone, km2,
    wrong, seed."""
    rng, found = random.Random(options.seed), weights.load()
    places, clock = Places(rng, found, options.km2), Clock(rng, found.hours, options.seconds)
    home_lines, counted, nodes = homes(rng, places, options)
    follower_lines, circles = followers(rng, places, options)
    threads = Threads(options.seconds)
    residents(rng, clock, threads, circles, options)
    agencies(rng, clock, threads, places, options)
    evacuation(rng, threads, circles, options)
    notices = threads.lines()
    head = [f"seed {options.seed}", f"seconds {options.seconds}", f"events {options.events}", f"active {options.active}",
            f"wrong {options.wrong}",
            "hours " + " ".join(map(str, found.hours))]
    return City(found.source, counted["devices"], len(home_lines), counted["edge"], counted["alone"], nodes,
                counted["sharing"], places.km2, len(notices), min(options.watchers, options.followers),
                head + home_lines + follower_lines + ["agency"] * options.agencies + notices)
