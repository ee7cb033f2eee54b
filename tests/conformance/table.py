#!/usr/bin/python3
"""table.tsv: each normative statement of MQTT 5 (2019) and 3.1.1 (2014), what it is about in a few words (the standards
have the wording), and the tests that hold it, or, behind "- ", why it does not apply. The tests are found by what their
docstrings say ("[5] 3.1.0-1 … [3] …"); `table.py --write` writes them in."""
import re
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "live")]
STANDARDS = {"5": "5", "3": "3.1.1"}


def holders():
    """{(standard, statement): [test, …]}"""
    found = {}

    def visit(suite):
        for test in suite:
            if isinstance(test, unittest.TestSuite):
                visit(test)
                continue
            text = getattr(test, test._testMethodName).__doc__ or ""
            for standard, statements in re.findall(r"\[([53])\]((?:\s+\d+(?:\.\d+)+-\d+)+)", text):
                for statement in statements.split():
                    found.setdefault((STANDARDS[standard], "MQTT-" + statement), []).append(test.id())

    visit(unittest.TestLoader().discover(str(HERE), "test_*.py", str(HERE)))
    return found


def rows():
    lines = (HERE / "table.tsv").read_text().splitlines()
    return lines[0], [line.split("\t") for line in lines[1:]]


def with_holders(found):
    head, table = rows()
    for row in table:
        if not row[3].startswith("- "):
            row[3] = ", ".join(sorted(found.get((row[0], row[1]), [])))
    return "\n".join([head] + ["\t".join(row) for row in table]) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        (HERE / "table.tsv").write_text(with_holders(holders()))
    print("\n".join(f"{row[0]} {row[1]}: {row[2]}" for row in rows()[1] if not row[3]))
