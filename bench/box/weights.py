"""Where people are and when things happen: weights over space (squares of 0.01 degree) and over the parts of a day.

From records of real incidents when ../shared/data/geo/incidents is there (Los Angeles over space, San Francisco over the
hours), else made by formula: density falls exponentially from a city's middle (C. Clark, Urban Population Densities, Journal
of the Royal Statistical Society A 114, 1951), here from three middles along a valley; the hours have a morning and an
evening hump over a quiet night."""
import csv
import math
from dataclasses import dataclass

from stack import ROOT

STEP = 0.01  # degrees
PARTS = 48   # half hours
KM_A_DEGREE = 111.2
GUESSED = ("00", "01", "30")  # minutes that stand for "about then", or "that day"
INCIDENTS = ROOT.parent / "shared/data/geo/incidents"


@dataclass
class Weights:
    squares: list  # (latitude, longitude of the south-west corner, weight), the city's middle first, outward
    hours: list
    source: str


def km(a, b):
    return KM_A_DEGREE * math.hypot(a[0] - b[0], (a[1] - b[1]) * math.cos(math.radians(a[0])))


def outward(squares):
    """Sorted by the distance from the heaviest."""
    middle = max(squares, key=lambda square: square[2])
    return sorted(squares, key=lambda square: km(square, middle))


def made_squares():
    middles = ((34.07, -118.03, 1.0, 4.0), (34.05, -117.94, 0.6, 3.0), (34.10, -118.13, 0.5, 3.0))  # weight, km
    squares = []
    for row in range(-30, 31):
        for column in range(-40, 41):
            at = (round(34.07 + row * STEP, 4), round(-118.03 + column * STEP, 4))
            squares.append((*at, sum(weight * math.exp(-km(at, middle) / reach)
                                     for *middle, weight, reach in middles)))
    return squares


def made_hours():
    def hump(hour, at, width):
        away = min(abs(hour - at), 24 - abs(hour - at))
        return math.exp(-(away / width) ** 2)
    return [0.25 + 0.7 * hump(part / 2, 8, 2.5) + hump(part / 2, 18, 4) for part in range(PARTS)]


def recorded_squares(path):
    with open(path, newline="") as file:
        return [(float(row["cell_lat"]), float(row["cell_lon"]), float(row["n_incidents"])) for row in csv.DictReader(file)
                if float(row["n_incidents"]) > 0]


def recorded_hours(path):
    counts = [1] * PARTS
    with open(path, newline="", errors="replace") as file:
        for row in csv.DictReader(file):
            hour, _, minute = row["Time"].partition(":")
            if hour.isdigit() and minute[:2].isdigit() and minute[:2] not in GUESSED:
                counts[int(hour) * 2 % PARTS + (int(minute[:2]) >= 30)] += 1
    return counts


def load():
    space, time = INCIDENTS / "lapd-hotspot-cells.csv", INCIDENTS / "sfpd-incidents-2016-sample.csv"
    if space.exists() and time.exists():
        return Weights(outward(recorded_squares(space)), recorded_hours(time),
                       "recorded incidents: Los Angeles over space, San Francisco over the day")
    return Weights(outward(made_squares()), made_hours(), "a city by formula: density falls exponentially from three middles")
