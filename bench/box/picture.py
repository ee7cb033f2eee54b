"""The picture of a day: latency over time as bands of percentiles, and the rates above which it stands. SVG, made here."""
import math

WIDTH, LEFT, RIGHT = 960, 78, 150
PANELS = (("Publish to PUBACK", "answered", "ms"), ("Alert to each follower", "shown", "ms"))
TOP, PANEL, RATE, GAP = 88, 210, 130, 56
STYLE = """
svg { background: #fff; color: #1b1f24; font: 13px system-ui, sans-serif; }
text { fill: currentColor; } .title { font-size: 18px; font-weight: 600; } .name { font-weight: 600; }
.faint { opacity: .7; font-size: 12px; } .grid { stroke: currentColor; stroke-opacity: .14; } .axis { stroke: currentColor; stroke-opacity: .5; }
.b1 { fill: #1f6feb; fill-opacity: .42; } .b2 { fill: #1f6feb; fill-opacity: .24; } .b3 { fill: #1f6feb; fill-opacity: .11; }
.p50 { stroke: #0b3d91; stroke-width: 2; fill: none; } .max { fill: #c2410c; }
.offered { stroke: #6b7280; stroke-width: 2; stroke-dasharray: 5 3; fill: none; } .reached { stroke: #15803d; stroke-width: 2; fill: none; }
.k-offered { fill: #6b7280; } .k-reached { fill: #15803d; } .k-p50 { fill: #0b3d91; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; color: #e6edf3; }
.b1, .b2, .b3 { fill: #58a6ff; } .p50 { stroke: #cae8ff; } .k-p50 { fill: #cae8ff; } .max { fill: #ff9b66; }
.offered { stroke: #9aa4af; } .k-offered { fill: #9aa4af; } .reached { stroke: #4ade80; } .k-reached { fill: #4ade80; } }
"""


def escape(words):
    return words.replace("&", "&amp;").replace("<", "&lt;")


class Chart:
    """One panel: from data to pixels, with axes."""

    def __init__(self, top, height, seconds, low, high, logarithmic):
        self.top, self.height, self.seconds = top, height, seconds
        self.low, self.high, self.log = low, high, logarithmic
        self.parts = []

    def x(self, at):
        return LEFT + (WIDTH - LEFT - RIGHT) * at / self.seconds

    def y(self, value):
        if self.log:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = value / self.high
        return self.top + self.height * (1 - max(0, min(1, share)))

    def line(self, points, kind):
        self.parts.append(f'<polyline class="{kind}" points="' + " ".join(f"{self.x(t):.1f},{self.y(v):.1f}" for t, v in points) + '"/>')

    def band(self, lower, upper, kind):
        ring = upper + lower[::-1]
        self.parts.append(f'<polygon class="{kind}" points="' + " ".join(f"{self.x(t):.1f},{self.y(v):.1f}" for t, v in ring) + '"/>')

    def dots(self, points, kind):
        self.parts += [f'<circle class="{kind}" cx="{self.x(t):.1f}" cy="{self.y(v):.1f}" r="1.7"/>' for t, v in points]

    def words(self, x, y, words, kind="", anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>')

    def axes(self, name, unit, ticks):
        self.words(LEFT, self.top - 12, name, "name")
        self.words(LEFT - 10, self.top - 12, unit, "faint", "end")
        for value in ticks:
            y = self.y(value)
            self.parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            self.words(LEFT - 10, y + 4, f"{value:,g}", "faint", "end")
        bottom = self.top + self.height
        self.parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>')
        for at in time_ticks(self.seconds):
            self.words(self.x(at), bottom + 16, f"{at:g} s", "faint", "middle")

    def legend(self, rows):
        for i, (kind, words) in enumerate(rows):
            y = self.top + 6 + 19 * i
            self.parts.append(f'<rect class="{kind}" x="{WIDTH - RIGHT + 14}" y="{y}" width="14" height="10" rx="2"/>')
            self.words(WIDTH - RIGHT + 34, y + 10, words, "faint")


def time_ticks(seconds):
    step = next((s for s in (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600) if seconds / s <= 8), 1200)
    return [step * n for n in range(int(seconds / step) + 1)]


def round_up(value):
    power = 10 ** math.floor(math.log10(max(value, 1)))
    return next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= value)


def latency_panel(found, top, name, key, unit):
    day = found["day"]
    rows = [((i + 0.5) * day["interval_s"], row) for i, row in enumerate(day[f"{key}_by_interval"]) if row["count"]]
    values = {p: [(at, row[p] / 1000) for at, row in rows] for p in ("p50", "p90", "p99", "p999", "max")}
    highest = max([v for _, v in values["max"]] + [1.0])
    lowest = min([v for _, v in values["p50"]] + [1.0])
    low, high = 10 ** math.floor(math.log10(lowest)), 10 ** math.ceil(math.log10(highest * 1.01))
    chart = Chart(top, PANEL, found["options"]["seconds"], low, high, True)
    decades = range(round(math.log10(low)), round(math.log10(high)) + 1)
    chart.axes(f"{name}, from the time at which it was due", unit, [10.0 ** d for d in decades])
    if rows:
        chart.band(values["p99"], values["p999"], "b3")
        chart.band(values["p90"], values["p99"], "b2")
        chart.band(values["p50"], values["p90"], "b1")
        chart.line(values["p50"], "p50")
        chart.dots(values["max"], "max")
    chart.legend((("max", "largest"), ("b3", "99 to 99.9 %"), ("b2", "90 to 99 %"), ("b1", "half to 90 %"), ("k-p50", "half below")))
    return chart.parts


def rate_panel(found, top):
    day = found["day"]
    seconds = found["options"]["seconds"]
    step = day["interval_s"]

    def series(name):
        return [((i + 0.5) * step, count / step) for i, count in enumerate(day[name]) if (i + 0.5) * step <= seconds]
    offered, reached = series("offered"), series("answers")[:-1]  # the last holds what was answered after the day
    high = round_up(max(v for _, v in offered + reached))
    chart = Chart(top, RATE, seconds, 0, high, False)
    chart.axes("Publishes a second: a day's hours", "1/s", [0, high / 2, high])
    chart.line(reached, "reached")
    chart.line(offered, "offered")
    chart.legend((("k-offered", "offered"), ("k-reached", "acknowledged")))
    return chart.parts


def draw(found):
    city, options = found["city"], found["options"]
    height = TOP + len(PANELS) * (PANEL + GAP) + RATE + GAP
    title = f"A city of {city['devices']:,} devices: its day in {options['seconds']:g} s"
    below = (f"{options['followers']:,} followers, {options['agencies']} agencies, {found['stages']['followers']['connections']:,} "
             f"connections; {options['processes']} neighborsd, "
             f"{str(options['cluster']) + ' Redis masters and replicas' if options['cluster'] else 'one Redis'}, "
             f"{found['cores']} cores, load {found['stages']['over']['load']:.1f}; {found['began']}")
    parts = [f'<text x="{LEFT}" y="26" class="title">{escape(title)}</text>',
             f'<text x="{LEFT}" y="45" class="faint">{escape(below)}</text>']
    top = TOP
    for name, key, unit in PANELS:
        parts += latency_panel(found, top, name, key, unit)
        top += PANEL + GAP
    parts += rate_panel(found, top)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
            f'aria-label="{escape(title)}"><style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n")
