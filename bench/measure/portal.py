"""What the portal has to reach, in headless Chromium: the first view, ten thousand items on the map, an alert as it comes."""
import json
import statistics
import subprocess
from pathlib import Path

from . import pairs

PROGRAM = Path(__file__).resolve().parents[1] / "portal/measure.mjs"


def round_of_all():
    done = subprocess.run(["node", str(PROGRAM)], capture_output=True, text=True, check=True, timeout=600)
    return json.loads(done.stdout.strip().splitlines()[-1])


def in_a_browser(_servers, rounds):
    found = [round_of_all() for _ in range(rounds)]
    for name, what in (("sign_in", "signIn"), ("feed", "feed")):
        views = [one[what] for one in found]
        yield pairs.row(f"portal.{name}.shown", "ms", "-", [max(v["shown"], v["map"]) for v in views], None, ("<=", 1000),
                        f"map and text, nothing kept from before; first contentful paint "
                        f"{statistics.median(v['paint'] for v in views):.0f} ms")
        yield pairs.row(f"portal.{name}.bytes", "bytes", "-", [v["bytes"] for v in views], None, ("<=", 500_000), "compressed, with heads")
    yield pairs.row("portal.items", "pictures/s", "-", [one["items"]["rate"] for one in found], None, (">=", 30),
                    f"10,000 items, moved and zoomed, 50 new ones a second; 95 of 100 pictures within "
                    f"{statistics.median(one['items']['p95'] for one in found):.0f} ms")
    yield pairs.row("portal.alert", "ms", "-", [statistics.median(one["shown"]) for one in found], None, ("<=", 100),
                    "from its WebSocket message to the picture with its headline")
