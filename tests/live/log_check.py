"""No secret and no exact place in the log of any program that a test starts: whoever imports this has the logs of each
stack held against that when it stops, and a stack that fails it fails the run, with file and line. By hand, of the folder that a
stack was in: python3 tests/live/log_check.py FOLDER"""
import base64
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy"))

from stack import Stack, StackError  # noqa: E402

# Whose output is no log but what it was asked for.
SHOWN = {"neighbors"}
TEXT_BYTES = 12  # of a secret's text that give it away

# What needs no knowledge of the stack.
FORMS = {
    "a token": rb"\beyJ[\w-]{8,}\.[\w-]{8,}",
    "a key": rb"-----BEGIN [A-Z ]*PRIVATE KEY",
    "a password in an address": rb"\b[a-z+]+://[^/\s:@\"]*:[^/\s@\"]+@",
    "a coordinate": rb"(?<![\w.])-?1?\d{1,2}\.\d{4,}(?![\w.]*\.\d)",
    "a coordinate of 1e-7 degrees": rb"(?i:l(?:at|on)[a-z]*_?e7)\W{1,4}\d|(?<![\w.])-(?!900000000|1800000000)1?\d{9}\b",
    "a fine cell": rb"(?<![\w+.-])9q[0-9b-hjkmnp-z]{4,10}(?![\w+=-])",
    "a plus code": rb"\b[23456789CFGHJMPQRVWX]{8}\+[23456789CFGHJMPQRVWX]{2,3}\b",
}


def file_bytes(path):
    return path.read_bytes().strip() if path.exists() else b""


def cell_of(place, precision=6):
    """The geohash of "LAT,LON"."""
    wanted, ranges, bits = [float(value) for value in place.split(",")], [[-90.0, 90.0], [-180.0, 180.0]], 0
    for i in range(5 * precision):
        axis = (i + 1) % 2
        middle = sum(ranges[axis]) / 2
        upper = wanted[axis] >= middle
        ranges[axis][0 if upper else 1] = middle
        bits = 2 * bits + upper
    return "".join("0123456789bcdefghjkmnpqrstuvwxyz"[bits >> 5 * i & 31] for i in reversed(range(precision)))


def secrets(stack):
    """{what: the bytes that would give it away} of this stack."""
    found = {}
    for path in (stack.folder / "tokens").glob("*.token"):
        token = file_bytes(path)
        found[f"the token {path.name}"] = token
        found[f"the signature of {path.name}"] = token.rpartition(b".")[2]
    found["the password of Redis"] = file_bytes(stack.keys / "redis.password")
    secret = stack.keys / "broker.secret"
    raw = secret.read_bytes() if secret.exists() else b""
    found |= {"the secret": raw, "the secret in hexadecimal": raw.hex().encode(),
              "the secret in base64": base64.b64encode(raw).rstrip(b"="),
              "the secret in base64 for addresses": base64.urlsafe_b64encode(raw).rstrip(b"=")}
    for path in stack.keys.glob("*.key"):
        lines = file_bytes(path).splitlines()
        found[f"the key {path.name}"] = lines[1] if len(lines) > 2 else b""
    found = {what: value for what, value in found.items() if len(value) >= TEXT_BYTES}
    return found | {f"the cell of somebody enrolled at {place}": cell_of(place).encode() for place in stack.places}


def look(data, known):
    """Yields (what, where) of the first of each thing in it."""
    for what, form in FORMS.items():
        match = re.search(form, data)
        if match:
            yield what, match.start()
    for what, value in known.items():
        at = data.find(value)
        if at >= 0:
            yield what, at


def findings(stack):
    """A line each, "file:line: what: the line"."""
    known, said = secrets(stack), []
    for path in sorted(stack.logs.glob("*.log")):
        if stack.programs.get(path.stem) in SHOWN:
            continue
        data = path.read_bytes()
        for what, at in look(data, known):
            begin, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
            number = data.count(b"\n", 0, at) + 1
            line = data[begin:end if end >= 0 else None].decode(errors="replace")
            said.append(f"{path}:{number}: {what}: {line[:240]}")
    return said


def check(stack):
    said = findings(stack)
    if said:
        raise StackError("what no log may say is in a log:\n" + "\n".join(said))


if __name__ == "__main__":
    if not any(Path(sys.argv[1], "log").glob("*.log")):
        sys.exit(f"{sys.argv[1]}: no logs are there")
    print("\n".join(found := findings(Stack(sys.argv[1]))) or "clean")
    sys.exit(bool(found))
elif check not in Stack.checks:
    Stack.checks.append(check)
