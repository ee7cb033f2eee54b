"""An installation on free loopback ports for the portal's tests. Prints one line of JSON with its ports and tokens when it is
up, obeys one command a line on standard input (see COMMANDS), answers each with one line of JSON, and stops when that closes."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy"))
sys.path.insert(0, str(ROOT / "tests/live"))
import log_check  # noqa: E402, F401: holds the logs against what they may not say
from redis_raw import Redis  # noqa: E402
from stack import BUILD, Stack, free_port  # noqa: E402

PLACE = "34.0768,-118.0316"
LEAF = "9qh1f5"
COUNTY = ROOT / "sample/geocodes/same-los-angeles-county.geojson"


class Installation(Stack):
    def __init__(self, folder, settings):
        super().__init__(folder, http_port=free_port(), metrics_port=free_port(),
                         settings={"portal_directory": str(BUILD / "portal"), "http_rate_per_address": 0, "accept_rate_per_address": 0,
                                   "resident_alerts_hour": 1000, "cell_alerts_hour": 10000, "cooldown_s": 0,
                                   "footage_release_s": 2} | settings)

    def begin(self):
        self.start_redis()
        self.make_keys()
        self.start_broker()
        self.neighbors("geocodes", "import", COUNTY, "--scheme", "SAME")


def rewrite(stack, old, new):
    """Behind the broker's back, as somebody with the store's password could."""
    redis = Redis(stack.redis_port)
    leaves = [entry[1][1] for entry in redis("XRANGE", "nb:{log}:leaves", "-", "+")]
    redis("MULTI")
    redis("DEL", "nb:{log}:leaves")
    for index, leaf in enumerate(leaves):
        redis("XADD", "nb:{log}:leaves", f"{index + 1}-0", "l", leaf.replace(old, new))
    redis("EXEC")
    redis.close()
    return sum(old in leaf for leaf in leaves)


def certificate(stack, name):
    base = stack.folder / name
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{base}.key", "-out", f"{base}.pem", "-days",
                    "2", "-subj", f"/CN={name}"], check=True, capture_output=True)
    return [f"{base}.pem", f"{base}.key"]


COMMANDS = {
    # ["enroll", "user/ann", "--household", ...]: its token
    "enroll": lambda stack, who, *words: stack.enroll(who, *words),
    # ["neighbors", "publish", ...]: the objects that it printed
    "neighbors": lambda stack, *words: stack.neighbors(*words),
    # ["certificate", "police"]: makes a key and a certificate that residents can seal to; their files
    "certificate": lambda stack, name: certificate(stack, name),
    # ["rewrite", "Headline", "Hexdline"]: changes a word of the record's leaves in Redis; how many had it
    "rewrite": lambda stack, *words: rewrite(stack, *(word.encode() for word in words)),
    "kill": lambda stack, name: stack.kill(name),
    "start": lambda stack, name: {"redis": stack.start_redis, "neighborsd": stack.start_broker}[name](),
}


def serve(stack):
    for line in sys.stdin:
        name, *words = json.loads(line)
        try:
            result = COMMANDS[name](stack, *words)
            answer = {"ok": True, "result": result if isinstance(result, (str, int, list, dict)) else None}
        except Exception as error:  # whatever it was: the test is told
            answer = {"ok": False, "error": str(error)}
        print(json.dumps(answer), flush=True)


def keep_log(stack):
    """What its neighborsd said last, under the name of the test that it was for: whoever looks at a test that failed wants it."""
    test = Path(f"/proc/{os.getppid()}/cmdline").read_text().rstrip("\0").rpartition("\0")[2]
    folder = BUILD / "portal-logs"
    folder.mkdir(exist_ok=True)
    with open(folder / f"{Path(test).name}.log", "a") as log:
        log.write(stack.broker_logs())


def main():
    settings = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    with tempfile.TemporaryDirectory(prefix="neighbors-portal-") as folder, Installation(folder, settings) as stack:
        stack.begin()
        print(json.dumps({"http": stack.http_port, "mqtt": stack.mqtt_port, "redis": stack.redis_port, "folder": folder,
                          "place": PLACE, "leaf": LEAF, "county": str(COUNTY)}), flush=True)
        try:
            serve(stack)
        finally:
            keep_log(stack)


if __name__ == "__main__":
    main()
