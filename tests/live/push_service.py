"""A push service with browsers behind it, in a process of its own (push/server.js), as a test sees it."""
import json
import shutil
import subprocess
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent / "push"


def missing():
    """Why it cannot be had here; None: it can."""
    if not shutil.which("node"):
        return "node is not installed"
    return None if (HERE / "node_modules/http_ece").exists() else "npm ci --prefix tests/live/push was not run"


class PushService:
    def __init__(self, folder):
        self.certificate = Path(folder) / "push-service.crt"
        key = Path(folder) / "push-service.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                        "-out", self.certificate, "-days", "2", "-subj", "/CN=push", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        self.process = subprocess.Popen(["node", HERE / "server.js", key, self.certificate], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.told = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.port = self.wait(lambda one: "port" in one)["port"]

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.told.append(json.loads(line))
                self.changed.notify_all()

    def say(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def wait(self, wanted, seconds=30):
        """The first thing told that is wanted. AssertionError when there is none in time."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                for one in self.told:
                    if wanted(one):
                        return one
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"the push service was not told in {seconds} s; it got {self.told[-5:]}")
                self.changed.wait(left)

    def browser(self, path):
        """The subscription of a new browser."""
        self.say(subscribe=path)
        return self.wait(lambda one: one.get("endpoint", "").endswith(path))

    def pushed(self, path):
        """Every message to that path so far."""
        with self.changed:
            return [one for one in self.told if one.get("path") == path]

    def push(self, path, wanted=lambda notice: True, seconds=30):
        return self.wait(lambda one: one.get("path") == path and wanted(one.get("notice", {})), seconds)

    def close(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
