"""What CAP documents that are made to hurt cost: the tests' own programs say what each took of the processor."""
import re
import subprocess

from . import pairs
from .servers import BUILD

BUDGET_MS = 100
PROGRAMS = {"cap.documents": "test_cap_limits", "cap.areas": "test_cap_area_limits", "cap.signatures": "test_cap_signature"}


def costliest(program):
    said = subprocess.run([BUILD / program], cwd=BUILD.parent, capture_output=True, text=True, check=True).stdout
    took = [(float(ms), what) for ms, what in re.findall(r"^took ([0-9.]+) ms: (.*)$", said, re.MULTILINE)]
    return max(took)


def documents(_servers, rounds):
    for name, program in PROGRAMS.items():
        worst = [costliest(program) for _ in range(rounds)]
        yield pairs.row(name, "ms", "the goal itself", [ms for ms, _ in worst], None, ("<=", BUDGET_MS), max(worst)[1])
