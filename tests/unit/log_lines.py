"""Every line of the log in the sources is an event of lower-case words and "key=value" pairs, with quotes around what may have
blanks, so that JSON and the journal have a field for each; and broker/log.c can count each event by itself. Argument: the root of
the sources."""
import pathlib
import re
import sys

CALL = re.compile(r'\b(?:log_line\(\s*[^,;]+?,|log_always\(|(?<!void )store_log\(\s*[^,;]+?,\s*[^,;]+?,)\s*(?P<event>[^,;]+?),\s*(?P<format>(?:"(?:[^"\\]|\\.)*"|PRI\w+|\s+)+)', re.S)
PAIR = r'[a-z][a-z0-9_]*=(?:"[^"]*"|[^\s"]+)'
PAIRS = re.compile(f"{PAIR}(?: {PAIR})*")
TAKEN = {"time", "level", "event"}  # what JSON has of its own


def format_of(text):
    pieces = re.findall(r'"((?:[^"\\]|\\.)*)"|(PRI\w+)', text)
    return "".join(piece.replace('\\"', '"') if piece or not macro else "d" for piece, macro in pieces)


def faults(path):
    text = path.read_text()
    calls, found = len(re.findall(r"\b(?:log_line|log_always|(?<!void )store_log)\(", text)), list(CALL.finditer(text))
    if calls != len(found):
        yield f"{path}: of {calls} lines of the log {len(found)} can be read"
    for call in found:
        line, written = text.count("\n", 0, call.start()) + 1, format_of(call["format"])
        for event in re.findall(r'"([^"]*)"', call["event"]):
            if not re.fullmatch(r"[a-z][a-z0-9_]*", event):
                yield f"{path}:{line}: the event {event}"
        # A head, which is pairs and a blank, may be put before others.
        if not PAIRS.fullmatch(re.sub(r"(?:^|(?<= ))%s(?=[a-z])", "", written)):
            yield f"{path}:{line}: not pairs: {written}"
        for key in re.findall(r"(?:^| |%s)([a-z0-9_]+)=", written):
            if key in TAKEN:
                yield f"{path}:{line}: JSON has {key} of its own"


def events(path):
    return {event for call in CALL.finditer(path.read_text()) for event in re.findall(r'"([^"]*)"', call["event"])}


def too_many(root, sources):
    """Events beyond the rows of their rates would be limited together."""
    rows = int(re.search(r"\bEVENTS = (\d+)", pathlib.Path(root, "broker/log.c").read_text())[1])
    known = set().union(*map(events, sources))
    return [f"broker/log.c: {rows} rows for {len(known)} events"] if len(known) >= rows else []


def main(root):
    sources = [path for room in ("broker", "bridge", "cli") for path in sorted(pathlib.Path(root, room).rglob("*.c"))
               if path.name != "log.c"]
    found = [fault for path in sources for fault in faults(path)] + too_many(root, sources)
    print("\n".join(found))
    return 1 if found or not any("log_line(" in path.read_text() for path in sources) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
