#!/usr/bin/python3
"""Nothing of a test is left when it ends, however it is ended: no process, and no folder for what is temporary.

    tests/nothing_left.py PROGRAM [WORD...]      or in Python, before anything is started: nothing_left.begin()

Three processes: the one that was called waits, and passes signals on; the test is that one's grandchild; a watcher between them
adopts whoever loses its parent. When the test or the first one is killed, by whatever signal, the watcher kills all that there
is and removes the test's TMPDIR. A test that ends by itself has cleaned up behind itself, or was told to keep something."""
import ctypes
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_S = 10  # for a test that was told to end
BY_THE_KERNEL = 128  # SI_KERNEL: a terminal's Ctrl-C, which all of the group get
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
_prctl = ctypes.CDLL(None).prctl


def begin():
    """Returns in the test. Whoever called never comes back: it ends as the test does."""
    sys.stdout.flush()
    sys.stderr.flush()
    alive, held = os.pipe()  # the first process alone has the end to write to
    watcher = os.fork()
    if watcher:
        os.close(alive)
        stand_for(watcher, held)
    os.close(held)
    watch(alive)


def stand_for(watcher, held):
    """The first process. Every signal that it gets is a byte for the watcher: which, or 0 when the test has it already."""
    wanted = {*SIGNALS, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    told = None
    while not (ended := os.waitpid(watcher, os.WNOHANG))[0]:
        info = signal.sigwaitinfo(wanted)
        if info.si_signo in SIGNALS:
            told = info.si_signo
            os.write(held, bytes([0 if info.si_code == BY_THE_KERNEL else told]))
    if told:
        signal.signal(told, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, wanted)
        os.kill(os.getpid(), told)
    code = os.waitstatus_to_exitcode(ended[1])
    os._exit(code if code >= 0 else 128 - code)


def watch(alive):
    """The watcher, in a group of its own: what kills all of the test's group spares it. Returns in the test."""
    group = os.getpgrp()
    os.setpgid(0, 0)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    before = {sign: signal.signal(sign, signal.SIG_IGN) for sign in SIGNALS}
    folder = tempfile.mkdtemp(prefix="nb-")
    os.chmod(folder, 0o1777)  # as /tmp: some tests are several users
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    test = os.fork()
    if test == 0:
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        os.setpgid(0, group)
        for sign, handler in before.items():
            signal.signal(sign, handler)
        for end in (alive, wake, woken):
            os.close(end)
        os.environ["TMPDIR"] = folder
        tempfile.tempdir = None
        return
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    status, told = wait_for(test, alive, wake)
    if told or os.WIFSIGNALED(status):
        kill_all()
        shutil.rmtree(folder, ignore_errors=True)
    else:
        leave(folder)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def wait_for(test, alive, wake):
    """Until it has ended: its status, and whether it was told to. Whoever was adopted and ends is nobody's any more."""
    deadline = None
    while True:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == test:
                return ended[1], deadline is not None
        left = None if deadline is None else max(0, deadline - time.monotonic())
        if left == 0:
            os.kill(test, signal.SIGKILL)
        ready = select.select([alive, wake] if left != 0 else [wake], [], [], left or None)[0]
        if wake in ready:
            os.read(wake, 4096)
        if alive in ready:
            sign = os.read(alive, 1)
            if sign and sign[0]:
                os.kill(test, sign[0])
            deadline = time.monotonic() + GRACE_S if sign else 0


def kill_all():
    """Everybody below this process, until nobody is."""
    while True:
        for pid in below(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def below(top):
    """The pids of its children, their children and so on."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            except OSError:  # it is gone
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = children.get(top, [])
    for pid in found:  # it grows meanwhile
        found += children.get(pid, [])
    return found


def leave(folder):
    try:
        os.rmdir(folder)
    except OSError:
        pass  # what a test was told to keep, or a test that failed


if __name__ == "__main__":
    begin()
    os.execvp(sys.argv[1], sys.argv[1:])
