"""An empty Debian 12 in a folder, for deploy/test-packages: to install into, and to boot, with the real systemd as its first
process. It needs root. What is booted sees a network, processes, mounts and control groups of its own, and may neither load
modules nor set the clock; it shares nothing with this machine but the kernel."""
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
DEVICES = ["null", "zero", "full", "random", "urandom", "tty"]

# In namespaces of its own: the folder becomes the root (a chroot would not do: the units' PrivateUsers= is refused in one).
BOOT = r"""
set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
shift
for device; do touch "dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
mkdir -p .old
pivot_root . .old
umount -l /.old
mount --make-rshared /
exec env -i container=neighbors PATH=/usr/sbin:/usr/bin:/sbin:/bin setpriv --bounding-set=-sys_module,-sys_time \
    --inh-caps=-sys_module,-sys_time /lib/systemd/systemd --log-target=journal </dev/null
"""


class Wrong(Exception):
    """Something is not as it should be; the text is for whoever runs the test."""


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    if done.returncode:
        raise Wrong(f"{' '.join(map(str, words))[:200]}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def expect(condition, what):
    if not condition:
        raise Wrong(what)


class Machine:
    """An empty Debian 12 in a folder."""

    def __init__(self, folder, more=()):
        self.root = folder / "debian"
        run("debootstrap", "--variant=minbase", *([f"--include={','.join(more)}"] if more else []), "bookworm", self.root,
            "http://deb.debian.org/debian")
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        (self.root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")  # nothing is started by installing it
        (self.root / "usr/sbin/policy-rc.d").chmod(0o755)

    def run(self, *words):
        return run("chroot", self.root, "/usr/bin/env", "DEBIAN_FRONTEND=noninteractive", PATH, "HOME=/root", *words)

    def alone(self, script):
        """A shell script on a network and among processes of its own; what it started ends with it."""
        return run("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "chroot", self.root, "/usr/bin/env", PATH,
                   "HOME=/root", "sh", "-c", f"mount -t proc proc /proc\n{script}")

    def bring(self, packages):
        place = self.root / "root/packages"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(packages, place)
        return [f"/root/packages/{path.name}" for path in sorted(place.glob("*.deb"))]

    def has(self, path):
        return (self.root / path.lstrip("/")).exists()


class Booted:
    """A machine that runs, as long as the `with` lasts. Needs systemd-sysv and dbus in it."""

    def __init__(self, machine):
        self.machine = machine

    def __enter__(self):
        self.group = self.make_group()
        try:
            self.process = subprocess.Popen(["unshare", "--cgroup", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork",
                                             "--kill-child", "sh", "-c", BOOT, "boot", self.machine.root, *DEVICES],
                                            preexec_fn=self.join_group, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            self.first = self.until(self.first_process, "the machine has no first process")
            self.until(lambda: self.try_run("systemctl", "is-system-running").stdout.strip() == "running",
                       lambda: "the machine does not come up: " + self.try_run("systemctl", "--failed").stdout)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGKILL)  # and with it the first process, and with that all others
            self.process.wait()
        self.remove_group()

    # ---- its control group ----

    @staticmethod
    def make_group():
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
        places = [place for _, place, kind, *_ in mounts if kind == "cgroup2"]
        expect(places, "no cgroup2 is mounted here")
        group = Path(places[0]) / f"neighbors-{os.getpid()}"
        group.mkdir()
        return group

    def join_group(self):
        (self.group / "cgroup.procs").write_text("0")

    def remove_group(self):
        def gone():
            for folder, _, _ in os.walk(self.group, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    return False
            return True
        self.until(gone, f"somebody stays in {self.group}")

    # ---- what runs ----

    def first_process(self):
        expect(self.process.poll() is None, "it could not be booted: see above")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children and "systemd" in Path(f"/proc/{children[0]}/comm").read_text() else None

    def try_run(self, *words):
        return subprocess.run(["nsenter", "--target", str(self.first), "--mount", "--uts", "--ipc", "--net", "--pid", "env", "-i",
                               PATH, "HOME=/root", "DEBIAN_FRONTEND=noninteractive", *map(str, words)], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL)

    def run(self, *words):
        done = self.try_run(*words)
        expect(done.returncode == 0, f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def shell(self, script):
        return self.run("sh", "-euc", script)

    def shows(self, unit, *names):
        """What systemd says of a unit."""
        lines = self.run("systemctl", "show", unit, *(f"--property={name}" for name in names)).splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return [values.get(name, "") for name in names]

    @staticmethod
    def until(true, what, seconds=90):
        """Waits for the thing itself; what: what to say when it does not come, or who says it."""
        deadline = time.monotonic() + seconds
        while not (value := true()):
            expect(time.monotonic() < deadline, f"not within {seconds} s: {what if isinstance(what, str) else what()}")
            time.sleep(0.1)
        return value
