"""The installation that make.py left, as it was then: its data, its keys, and its clock."""
import json
import shutil
import subprocess
import time
from pathlib import Path

from stack import ROOT, Stack

FOLDER = Path(__file__).resolve().parent


class StackOfThen(Stack):
    """Everything that is started here, and each call of the command line, has the time at which the data was made."""

    def __init__(self, folder, **options):
        self.said = json.loads((FOLDER / "story.json").read_text())
        self.shift = self.said["at"] // 1000 - int(time.time()) + 1
        super().__init__(folder, **options)
        shutil.copytree(FOLDER / "keys", self.keys, dirs_exist_ok=True)
        for secret in self.keys.iterdir():
            secret.chmod(0o600)
        self.shim = self.folder / "shifted_clock.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.shim, FOLDER.parent / "shifted_clock.c"], check=True)

    @property
    def now_ms(self):
        return int((time.time() + self.shift) * 1000)

    @property
    def clock(self):
        return {"LD_PRELOAD": str(self.shim), "CLOCK_SHIFT_S": str(self.shift), "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def start(self, name, command, environment=None):
        return super().start(name, command, self.clock | (environment or {}))

    def command(self, *words):
        return ["env", *(f"{name}={value}" for name, value in self.clock.items()), *super().command(*words)]

    def start_redis(self, preload=None, fsync="always"):
        """From the snapshot, and with the append-only file that neighborsd wants then."""
        shutil.copy(FOLDER / "dump.rdb", self.folder / "redis" / "dump.rdb")
        self.start("redis", ["redis-server", ROOT / "deploy/redis.conf", "--port", self.redis_port, "--bind", "127.0.0.1", "--aclfile",
                             self.redis_users(), "--appendonly", "no", "--dir", self.folder / "redis", "--daemonize", "no", "--logfile",
                             "", "--pidfile", self.folder / "redis.pid"])
        self.wait_for("redis", lambda: self.redis_command("PING") == "PONG", f"Redis on port {self.redis_port}", 30)
        self.redis_command("CONFIG", "SET", "appendonly", "yes")
