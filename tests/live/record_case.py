"""What the tests of the public record share: its heads and leaves as anybody reads them, and `neighbors log`."""
import base64
import hashlib
import json
import subprocess
import time
import urllib.error
import urllib.request

from case import HERE, LiveCase
from redis_raw import Redis

ALERT, VERDICT = "nb/v1/alert", "nb/v1/verdict"
PATIENCE = 60


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class RecordCase(LiveCase):
    own = None

    def setUp(self):
        self.home, self.port = self.own, self.own.stack.mqtt_port
        self.stack = self.own.stack
        self.redis = Redis(self.stack.redis_port)
        self.addCleanup(self.redis.close)

    @classmethod
    def tearDownClass(cls):
        cls.own.close()

    def options(self, who):
        role, identifier = who.split("/")
        if role == "agency":
            return ["--name", f"Sample {identifier}", "--officer", "secret-officer"]
        if role == "user":
            return ["--household", f"secret-house-{identifier}", "--at", f"{HERE[0]},{HERE[1]}", "--verified-since", "-30d"]
        return []

    def url(self, path):
        return f"http://127.0.0.1:{self.stack.http_port}/v1/log/{path}"

    def get(self, path, **headers):
        """The answer's status, body and headers."""
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url(path), headers=headers), timeout=30) as answer:
                return answer.status, json.loads(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            body = error.read()
            return error.code, json.loads(body) if body else None, error.headers

    def until(self, ready, what):
        deadline = time.monotonic() + PATIENCE
        while not (result := ready()):
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)
        return result

    def head(self, size):
        """Waits for a head of at least so many leaves."""
        def ready():
            status, body, _ = self.get("head")
            return body if status == 200 and body["size"] >= size else None
        return self.until(ready, f"a head of {size} leaves")

    def leaves(self):
        status, body, _ = self.get("leaves")
        self.assertEqual(status, 200, body)
        return body["leaves"]

    def log(self, *words, state="state"):
        """neighbors log …: exit code and what it printed."""
        command = self.stack.command("log", *words, "--http", f"http://127.0.0.1:{self.stack.http_port}")
        if words[0] == "verify":
            command += ["--state", str(self.own.folder / f"{state}.json")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def verified(self, **options):
        code, text = self.log("verify", **options)
        self.assertEqual(code, 0, text)
        return text

    def metric(self, name):
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.stack.metrics_port}/metrics", timeout=30).read().decode()
        return sum(int(line.split()[-1]) for line in page.splitlines() if line.startswith(f"neighbors_store_{name}{{")
                   or line.startswith(f"neighbors_store_{name}_total{{"))

    def say(self, connection, topic, content, reason=0):
        answer = connection.publish(topic, content if isinstance(content, bytes) else json.dumps(content).encode(),
                                    props={"content_type": "application/json"})
        self.assertEqual(answer.reason, reason, answer)
        return dict(answer.props.get("user", []))


def sha(data):
    return hashlib.sha256(data).digest()
