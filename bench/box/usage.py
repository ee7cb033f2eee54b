"""What processes use, as the kernel and Redis tell it."""
import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def children(pid):
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += children(int(child))
    return found


def seconds(pids):
    """User and system time, of children too."""
    total = 0
    for pid in (one for given in pids for one in children(given)):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def resident(pids):
    """Bytes."""
    total = 0
    for pid in (one for given in pids for one in children(given)):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


def peak(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def load():
    return float(Path("/proc/loadavg").read_text().split()[0])
