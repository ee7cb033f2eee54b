#!/usr/bin/python3
"""Holds `neighbors-edge translate` to expectations.tsv: every sample through all maps (auto) and through its own, live, and all
of it replayed (RETAIN), which may give nothing. test_translate.py NEIGHBORS-EDGE own|shared: ours, or the collected samples (exit
77: they are not there)."""
import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[2] / "shared" / "data" / "devices"
LONE_AT = 1767225600000  # when a sample that is a single message arrives, ms
SEQUENCE_BEGINS = 1764823000  # what a recording's "t" counts from, seconds


def table():
    for line in (HERE / "expectations.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def topics():
    lines = (SHARED / "MANIFEST.tsv").read_text().splitlines()[1:]
    return {line.split("\t")[0]: line.split("\t")[1] for line in lines}


def moved(recorded):
    """A line of a recording as one of translate: times are `at` (ms), `ts` (s) or `t` (s from the beginning)."""
    at = recorded.get("at") or round(1000 * (recorded.get("ts") or SEQUENCE_BEGINS + recorded["t"]))
    kept = {key: recorded[key] for key in ("topic", "payload", "payload_b64", "retain") if key in recorded}
    return kept | {"at": at}


def messages(file, known_topics):
    where, name = file.split("/", 1)
    path = (HERE / "samples" if where == "own" else SHARED) / name
    if path.suffix == ".jsonl":
        return [moved(json.loads(line)) for line in path.read_text().splitlines()]
    payload = base64.b64encode(path.read_bytes()).decode()
    return [{"topic": known_topics[name], "payload_b64": payload, "retain": False, "at": LONE_AT}]


def translated(edge, lines, arguments):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([edge, "translate", *arguments], input=text, capture_output=True, text=True)
    if done.returncode != 0 or done.stderr:
        raise SystemExit(f"translate: {done.returncode} {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def agrees(words, event, activities):
    """Whether the event is what the words say; activities: letter to id."""
    line, phase, kind, device, *more = words.split()
    if (event["line"], event["phase"], event["kind"], event["device"]) != (int(line), phase, kind, device):
        return False
    for field, value in (word.split("=") for word in more):
        if field == "activity":
            if activities.setdefault(value, event["activity_id"]) != event["activity_id"]:
                return False
        elif event[field] != int(value):
            return False
    return True


def wrong(expected, events):
    """What is wrong with the events; None: nothing."""
    wanted = [] if expected == "-" else expected.split("; ")
    activities = {}
    good = len(wanted) == len(events) and all(agrees(words, event, activities) for words, event in zip(wanted, events))
    if good and len(set(activities.values())) == len(activities):
        return None
    told = "; ".join(f"{e['line']} {e['phase']} {e['kind']} {e['device']} at={e['at']} until={e['until']} "
                     f"confidence={e['confidence']} id={e['activity_id']}" for e in events)
    return f"\n  expected: {expected}\n  told:     {told or '-'}"


def hold(edge, file, name, expected, lines):
    ways = {"auto": ["--map", "auto"], name: ["--map", name]}
    if name == "home":
        ways = {name: ["--map", "auto", "--config", str(HERE / "home.conf")]}
    for way, arguments in ways.items():
        yield way, wrong(expected, translated(edge, lines, arguments))
    replayed = [line | {"retain": True} for line in lines]
    yield "replayed", wrong("-", translated(edge, replayed, ["--map", "auto"]))


def readme_rows():
    """The rows that bridge/edge/README.md shows."""
    text = (HERE.parents[1] / "bridge" / "edge" / "README.md").read_text()
    return "rows = (" + text.split("rows = (", 1)[1].split(");\n", 1)[0] + ");\n"


def hold_readme(edge):
    """What the README shows is accepted, and does what it says."""
    alarm = {"camera": "yard", "alarm": "SAMPLE", "object": "truck", "since": 1767225660, "sure": 90}
    lines = [{"topic": topic, "payload": payload if isinstance(payload, str) else json.dumps(payload), "at": LONE_AT + seconds * 1000}
             for seconds, topic, payload in (
                 (0, "gate/north/beam", "broken"), (5, "gate/north/beam", "clear"), (60, "nvr/1/alarm", alarm | {"state": "begin"}),
                 (70, "nvr/1/alarm", alarm | {"state": "over", "to": 1767225669}), (100, "nvr/2/alarm", alarm | {"state": "begin", "drill": True}))]
    expected = "1 START VEHICLE north; 2 END VEHICLE north; 3 START VEHICLE yard confidence=90; " \
               "4 END VEHICLE yard until=1767225669000"
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
        config.write(readme_rows() + "together_s = 0; hold_off_s = 0;\n")
        config.flush()
        return wrong(expected, translated(edge, lines, ["--rows", config.name]))


def main(edge, which):
    if which == "shared" and not (SHARED / "MANIFEST.tsv").exists():
        print("the collected samples are not there")
        return 77
    known_topics = topics() if which == "shared" else {}
    missing, held, failed = {f"shared/{name}" for name in known_topics}, 0, 0
    if which == "own":
        missing = {f"own/{path.name}" for path in (HERE / "samples").iterdir()}
    for file, name, expected, _why in table():
        if not file.startswith(which + "/"):
            continue
        missing.discard(file)
        for way, fault in hold(edge, file, name, expected, messages(file, known_topics)):
            held += 1
            if fault:
                failed += 1
                print(f"FAIL {file} ({way}){fault}")
    fault = hold_readme(edge) if which == "own" else None
    if fault:
        failed += 1
        print(f"FAIL bridge/edge/README.md{fault}")
    for file in sorted(missing):
        failed += 1
        print(f"FAIL {file} has no expectation")
    print(f"{held} held, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
