"""A private neighborhood on loopback: Redis, neighborsd, a home's Mosquitto with neighbors-edge beside it, people, and the
sample, replayed through the real path. ./run builds and calls this."""
import argparse
import collections
import fcntl
import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
import redis
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from stack import BUILD, ENVIRONMENT, ROOT, Stack, StackError, die_with_parent, port_open, tail

SAMPLE = ROOT / "sample"
SAMPLE_BEGINS = 1767225600  # the sample's own clock, seconds
SPEED = 3  # the sample is replayed so many times faster than it happened
LEAF = "9qh1f5"  # a leaf cell in El Monte, California
PLACE = "34.0768,-118.0316"
HOUSEHOLDS = 6
# What the sample home's owner shares: the name that the home's software uses, and the id under which it is enrolled.
DEVICES = {"front-door": "front-door", "driveway": "driveway", "side-gate": "side-gate", "a1b2c3d4e5f6": "doorbell",
           "garden-pir": "garden-pir", "garage-motion": "garage-motion"}
HOME_TOPICS = ["frigate", "ring", "zigbee2mqtt", "shellies"]
MAPS = ["frigate", "ring-mqtt", "zigbee2mqtt", "shelly"]
AGENCIES = {"el-monte-police": "El Monte Police (sample)", "el-monte-fire": "El Monte Fire (sample)",
            "weather-service": "Weather Service (sample)"}
LONGEST_ALERT_MS = 3600_000


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./run", description="Starts a private neighborhood on loopback and replays the "
                                     "sample. Ctrl-C stops everything that it started.")
    parser.add_argument("--once", action="store_true", help="stop after the sample; exit 0 when all of it was seen")
    parser.add_argument("--data", default=str(ROOT / ".data"), metavar="DIR", help="where state is kept (./.data)")
    parser.add_argument("--port-base", type=int, default=18830, metavar="P", help="MQTT; P+1 TLS, P+2 HTTP and WebSocket, "
                        "P+3 Redis, P+4 the home's Mosquitto, P+5 metrics (18830)")
    return parser.parse_args()


def say(text=""):
    print(text, flush=True)


# ---- the installation --------------------------------------------------------------------------------------------

class Neighborhood(Stack):
    def __init__(self, folder, base):
        super().__init__(folder, base, base + 1, base + 2, base + 3, base + 4, base + 5,
                         {"portal_directory": str(ROOT / "portal")} if (ROOT / "portal/index.html").exists() else {})
        self.base = base
        self.lock = open(self.folder / "run.lock", "w")

    def claim(self):
        """Nobody else may use the folder or the ports."""
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError(f"another ./run uses {self.folder}; give this one another --data and --port-base") from None
        self.stop_stale()
        for old in self.logs.glob("*.log"):
            old.unlink()
        for port in range(self.base, self.base + 6):
            if port_open(port):
                raise StackError(f"something listens on port {port} already; choose others with --port-base")

    def enroll_everybody(self):
        for number in range(1, HOUSEHOLDS):
            self.enroll(f"device/porch-{number}", "--household", f"sample-{number}", "--at", PLACE, "--share", "all",
                        "--verified-since", "-30d")
        for identifier in DEVICES.values():
            self.enroll(f"device/{identifier}", "--household", "sample-home", "--at", PLACE, "--share", "all",
                        "--verified-since", "-30d")
        self.enroll("edge/sample-home", "--household", "sample-home", "--at", PLACE)
        for identifier, name in AGENCIES.items():
            self.enroll(f"agency/{identifier}", "--name", name, "--second-officer", "no")
        for identifier in ("ann", "ben", "sample-follower"):
            self.enroll(f"user/{identifier}")

    def start_edge(self):
        # The sample is compared with a dry run, in which the edge meets its devices for the first time.
        for old in self.folder.glob("home-spool.db*"):
            old.unlink()
        words = [BUILD / "neighbors-edge", "run", "--id", "edge/sample-home", "--local", f"127.0.0.1:{self.home_port}",
                 "--broker", f"127.0.0.1:{self.mqtt_port}", "--token-file", self.token_file("edge/sample-home"), "--spool",
                 self.folder / "home-spool.db", "--assume-quiet"]
        for name in MAPS:
            words += ["--map", name]
        for source, identifier in DEVICES.items():
            words += ["--device", f"{source}={identifier}:all"]
        self.start("edge", words)
        self.wait_for("edge", lambda: all(f" {prefix}/" in tail(self.logs / "home.log", 500) for prefix in HOME_TOPICS),
                      "neighbors-edge")

    def broker_log(self):
        return (self.logs / "neighborsd.log").read_text(errors="replace")

    def store_known(self):
        """neighborsd has met its Redis, and can use what is there or cannot."""
        return "store_ready" in self.broker_log() or "store_layout" in self.broker_log()

    def start_all(self):
        self.claim()
        self.start_redis()
        self.make_keys()
        self.start_broker()
        self.wait_for("neighborsd", self.store_known, "the store")
        if "store_ready" not in self.broker_log():
            raise StackError(f"{self.folder} holds the data of another version; remove it, or choose another folder with --data")
        self.enroll_everybody()
        self.start_home()
        self.start_edge()


# ---- the sample --------------------------------------------------------------------------------------------------

def redate(text, begin):
    """Moves the sample's clock to `begin` (seconds) and lets it run SPEED times as fast; in numbers, texts and ids alike."""
    def moved(match):
        number = float(match[1] + (match[2] or "")) / (1000 if len(match[1]) == 13 else 1)
        then = begin + (number - SAMPLE_BEGINS) / SPEED
        return str(round(then * 1000)) if len(match[1]) == 13 else f"{then:.6f}".rstrip("0").rstrip(".") if match[2] else \
            str(round(then))
    return re.sub(r"\b(17672[0-9]{5}(?:[0-9]{3})?)(\.[0-9]+)?\b", moved, text)


def read_home(begin):
    """What the home's devices publish, in order of time."""
    lines = [json.loads(redate(line, begin)) for name in ("frigate.jsonl", "devices.jsonl")
             for line in (SAMPLE / name).read_text().splitlines()]
    return sorted(lines, key=lambda line: line["at"])


def expected_events(lines):
    """What the dry run of the mappings makes of them: how many of each kind and phase."""
    words = [str(BUILD / "neighbors-edge"), "translate", "--map", "auto"]
    done = subprocess.run(words, input="".join(json.dumps(line) + "\n" for line in lines), capture_output=True, text=True,
                          env=ENVIRONMENT)
    if done.returncode != 0:
        raise StackError(f"neighbors-edge translate: {done.stderr}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return collections.Counter((event["kind"], event["phase"]) for event in events if event["device"] in DEVICES)


def replay_home(stack, lines):
    """Publishes every message at its time to the home's Mosquitto, as the devices do."""
    for line in lines:
        time.sleep(max(0, line["at"] / 1000 - time.time()))
        words = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(stack.home_port), "-t", line["topic"], "-s"]
        subprocess.run(words + (["-r"] if line["retain"] else []), input=line["payload"].encode(), check=True)


def sender_of(name):
    if name.startswith("el-monte"):
        return "agency/el-monte-fire" if "fire" in name else "agency/el-monte-police"
    return "agency/weather-service"


def a_point_of(place):
    """A point that the area certainly touches, and its leaf cell's neighborhood: (latitude, longitude)."""
    if "polygons" in place:
        point = place["polygons"]["polygons"][0]["rings"][0]["points"][0]
    else:
        point = place.get("point") or place["circle"]["center"]
    return point["latE7"] / 1e7, point["lonE7"] / 1e7


def read_alerts(stack):
    """The sample's alerts with an id of this run and times from now on: {(headline, description): {...}}."""
    now, alerts = int(time.time() * 1000), {}
    folder = stack.folder / "alerts"
    folder.mkdir(exist_ok=True)
    for file in sorted((SAMPLE / "alerts").glob("*.json")):
        alert = json.loads(file.read_text())
        lives = min(int(alert["expires"]) - int(alert["effective"]), LONGEST_ALERT_MS)
        alert |= {"senderAlertId": f"{file.stem[:45]}-{now}", "effective": str(now), "expires": str(now + lives)}
        copy = folder / file.name
        copy.write_text(json.dumps(alert))
        latitude, longitude = a_point_of(alert["place"])
        cell = stack.neighbors("geo", "encode", f"{latitude},{longitude}", "--precision", 6)[-1]["cell"]
        alerts[alert["headline"], alert["description"]] = {"file": copy, "sender": sender_of(file.stem), "cell": cell}
    return alerts


class Follower:
    """Follows the sample neighborhood and the place of each alert, and counts what it is shown."""

    def __init__(self, stack, cells):
        self.activity, self.alerts = collections.Counter(), set()
        self.subscribed = threading.Event()
        self.filters = [(f"nb/v1/json/near/{cell}/1600/#", 1) for cell in sorted(set(cells) | {LEAF})]
        self.begin_ms = int(time.time() * 1000)
        self.client = paho.Client("sample-follower", protocol=paho.MQTTv5)
        self.client.username_pw_set("user/sample-follower", stack.token_file("user/sample-follower").read_text().strip())
        self.client.on_connect = lambda client, *_: client.subscribe(
            [(f, paho.SubscribeOptions(qos)) for f, qos in self.filters])
        self.client.on_subscribe = self.on_subscribe
        self.client.on_message = self.on_message
        expiry = Properties(PacketTypes.CONNECT)
        expiry.SessionExpiryInterval = 60
        self.client.connect("127.0.0.1", stack.mqtt_port, 30, clean_start=True, properties=expiry)
        self.client.loop_start()
        if not self.subscribed.wait(10):
            raise StackError("the follower could not subscribe")

    def on_subscribe(self, _client, _data, _identifier, reasons, *_):
        if all(reason.value < 0x80 for reason in reasons):
            self.subscribed.set()

    def on_message(self, _client, _data, message):
        item = json.loads(message.payload)
        if "alert" in item:
            self.alerts.add((item["alert"].get("headline"), item["alert"].get("description")))
        elif "activity" in item and not message.retain and item.get("cell") == LEAF:
            self.activity[item["activity"]["kind"], item["activity"]["phase"]] += 1

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def logged_events(stack, since_ms):
    """What the sample household's log has of this run: how many of each kind and phase (broker/kind/motion.c)."""
    kinds = ["", "MOTION", "PERSON", "VEHICLE", "ANIMAL", "PACKAGE", "DOORBELL", "SOUND"]
    phases = ["", "START", "UPDATE", "END", "PULSE"]
    found = collections.Counter()
    with redis.Redis(port=stack.redis_port) as store:
        for key in store.scan_iter("nb:*:log:sample-home"):
            for _, fields in store.xrange(key, min=since_ms):
                records, at = fields[b"e"], 0
                while at < len(records):
                    found[kinds[records[at + 1] & 15], phases[records[at + 1] >> 4]] += 1
                    at += 1 + records[at]
    return found


class Sample:
    """One replay: what was sent, what was confirmed, what was seen."""

    def __init__(self, stack):
        self.stack = stack
        self.alerts = read_alerts(stack)
        self.follower = Follower(stack, [alert["cell"] for alert in self.alerts.values()])
        self.confirmed = set()
        self.failures = []
        begin = time.time() + 0.5
        self.begin_ms = int(begin * 1000)
        self.lines = read_home(begin)
        self.events = expected_events(self.lines)

    def publish_alerts(self):
        for text, alert in self.alerts.items():
            done = subprocess.run(self.stack.command("publish", "alert", "--file", alert["file"], "--as", alert["sender"]),
                                  capture_output=True, text=True, env=ENVIRONMENT, timeout=30)
            if done.returncode == 0:
                self.confirmed.add(text)
            else:
                self.failures.append(f"alert not acknowledged: {text[0]}: {(done.stderr or done.stdout).strip()}")
            time.sleep(0.3)

    def replay(self):
        home = threading.Thread(target=replay_home, args=(self.stack, self.lines), daemon=True)
        home.start()
        self.publish_alerts()
        home.join()

    def seen(self):
        """(events, alerts) that were acknowledged and seen so far."""
        logged = logged_events(self.stack, self.begin_ms)
        events = sum((self.events & logged & self.follower.activity).values())
        return events, len(self.confirmed & self.follower.alerts)

    def complete(self):
        return self.seen() == (sum(self.events.values()), len(self.alerts))

    def wait(self, seconds=40):
        deadline = time.monotonic() + seconds
        while not self.complete() and time.monotonic() < deadline:
            time.sleep(0.1)

    def report(self):
        """Says what is missing, and how much is there."""
        logged = logged_events(self.stack, self.begin_ms)
        for missing, what in ((self.events - logged, "acknowledged"), (self.events - self.follower.activity, "seen")):
            for (kind, phase), count in missing.items():
                self.failures.append(f"event not {what}: {kind} {phase}, {count} times")
        for headline, _ in self.confirmed - self.follower.alerts:
            self.failures.append(f"alert not seen: {headline}")
        for failure in self.failures:
            say(f"run: {failure}")
        events, alerts = self.seen()
        say(f"run: {events} events and {alerts} alerts confirmed and seen")
        return 0 if not self.failures and self.complete() else 1


# ---- for the newcomer ----------------------------------------------------------------------------------------------

def shown(path):
    """A path as one would type it here."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def options(stack):
    """What the command line needs beyond its defaults."""
    words = []
    if stack.folder != (Path.cwd() / ".data").resolve():
        words += ["--data", shown(stack.folder)]
    if stack.base != 18830:
        words += ["--broker", f"127.0.0.1:{stack.mqtt_port}"]
    return "".join(" " + word for word in words)


def greet(stack):
    neighbors, token = shown(BUILD / "neighbors"), shown(stack.token_file("user/ann"))
    login = f"-V 5 -h 127.0.0.1 -p {stack.mqtt_port} -u user/ann -P \"$(cat {token})\""
    hello = ('{"senderAlertId":"hello-1","category":"safety","headline":"Street light out",'
             '"place":{"point":{"latE7":340768000,"lonE7":-1180316000}}}')
    portal = f"Portal http://127.0.0.1:{stack.http_port}/   " if "portal_directory" in stack.settings else ""
    say(f"""
The neighborhood is up. In another terminal:

  follow it       {neighbors} watch --as user/ann --at {PLACE}{options(stack)}
  or so           mosquitto_sub {login} -t 'nb/v1/json/near/{LEAF}/1600/#'
  warn it         {neighbors} publish alert --as user/ann --category safety --at {PLACE} --headline 'Street light out'{options(stack)}
  or so           mosquitto_pub {login} -q 1 -t nb/v1/alert -m '{hello}'

  MQTT 127.0.0.1:{stack.mqtt_port}, TLS {stack.tls_port} (authority {shown(stack.keys / 'ca.crt')}), WebSocket ws://127.0.0.1:{stack.http_port}/mqtt
  {portal}Metrics http://127.0.0.1:{stack.metrics_port}/metrics
  State and logs in {shown(stack.folder)}; Ctrl-C stops everything that was started here.
""")


def watch(stack):
    """The feed of the sample neighborhood, in this terminal, as it arrives."""
    return subprocess.Popen(stack.command("watch", "--at", PLACE, "--radius", "8000", "--as", "user/ben"),
                            stdin=subprocess.DEVNULL, env=ENVIRONMENT, process_group=0, preexec_fn=die_with_parent)


def main():
    arguments = parse_arguments()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    feed = None
    try:
        with Neighborhood(arguments.data, arguments.port_base) as stack:
            try:
                stack.start_all()
                greet(stack)
                feed = watch(stack)
                sample = Sample(stack)
                sample.replay()
                sample.wait()
                sample.follower.close()
                if arguments.once:
                    feed.terminate()
                    feed.wait()
                    return sample.report()
                sample.report()
                say("The sample is over; the feed goes on. Ctrl-C stops.")
                while stack.processes["neighborsd"].poll() is None:
                    time.sleep(0.5)
                raise StackError("neighborsd ended by itself\n" + tail(stack.logs / "neighborsd.log"))
            finally:
                if feed and feed.poll() is None:
                    feed.terminate()
                    feed.wait()
    except KeyboardInterrupt:
        say("stopped")
        return 0 if not arguments.once else 1
    except (StackError, subprocess.SubprocessError, OSError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
