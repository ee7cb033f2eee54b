"""The sample, replayed through the real path: what a home's devices publish, and what agencies send; and whether all of it
was confirmed and seen."""
import collections
import json
import re
import subprocess
import threading
import time

import paho.mqtt.client as paho
import redis
from cap_sample import read_documents
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from stack import BUILD, ENVIRONMENT, ROOT, StackError

SAMPLE = ROOT / "sample"
SAMPLE_BEGINS = 1767225600  # the sample's own clock, seconds
SPEED = 3  # the sample is replayed so many times faster than it happened
LEAF = "9qh1f5"  # a leaf cell in El Monte, California
# What the sample home's owner shares: the name that the home's software uses, and the id under which it is enrolled.
DEVICES = {"front-door": "front-door", "driveway": "driveway", "side-gate": "side-gate", "a1b2c3d4e5f6": "doorbell",
           "garden-pir": "garden-pir", "garage-motion": "garage-motion"}
# Who sends what, by how the file's name begins; all that is not told comes from the weather service.
SENDERS = {"el-monte-garage": "agency/el-monte-fire", "el-monte": "agency/el-monte-police",
           "australia-fire": "agency/el-monte-fire"}
WEATHER_SERVICE = "agency/weather-service"


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
    return next((sender for begin, sender in SENDERS.items() if name.startswith(begin)), WEATHER_SERVICE)


class Announcement:
    """An agency's alert: how it is sent, and how it is known again."""

    def __init__(self, name, send, point):
        self.name, self.sender, self.send, self.point = name, sender_of(name), send, point
        self.known_by = None  # of what was confirmed: the public id, or the texts
        self.revision = 0


def native_alert(stack, file):
    """An alert in our own form, with an id of this run and times from now on, published over MQTT."""
    now, alert = int(time.time() * 1000), json.loads(file.read_text())
    alert |= {"senderAlertId": f"{file.stem[:45]}-{now}", "effective": str(now),
              "expires": str(now + int(alert["expires"]) - int(alert["effective"]))}
    copy = stack.folder / "alerts" / file.name
    copy.parent.mkdir(exist_ok=True)
    copy.write_text(json.dumps(alert))
    center = alert["place"].get("point") or alert["place"]["circle"]["center"]

    def send(announcement):
        done = subprocess.run(stack.command("publish", "alert", "--file", copy, "--as", announcement.sender),
                              capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
        announcement.known_by = (alert["headline"], alert["description"])
        return "" if done.returncode == 0 else (done.stderr or done.stdout).strip()
    return Announcement(file.stem, send, (center["latE7"] / 1e7, center["lonE7"] / 1e7))


def cap_alert(stack, document):
    """A CAP document, posted over HTTP."""
    def send(announcement):
        token = stack.token_file(announcement.sender).read_text().strip()
        if not document.post(f"http://127.0.0.1:{stack.http_port}", token):
            return document.refusal
        announcement.known_by, announcement.revision = document.answer["public_id"], document.answer["revision"]
        return ""
    return Announcement(document.name, send, document.point())


def read_announcements(stack):
    run = time.time()
    documents = read_documents(SAMPLE / "cap", run, f"-{int(run)}")
    return [native_alert(stack, file) for file in sorted((SAMPLE / "alerts").glob("*.json"))] + \
        [cap_alert(stack, document) for document in documents]


def cells_of(stack, announcements):
    """The leaf cells to follow: the sample neighborhood's, and one that each alert's area touches."""
    places = [f"{announcement.point[0]},{announcement.point[1]}" for announcement in announcements if announcement.point]
    return {LEAF} | {stack.neighbors("geo", "encode", place, "--precision", 6)[-1]["cell"] for place in places}


class Follower:
    """Follows the sample neighborhood and the place of each alert, and counts what it is shown."""

    def __init__(self, stack, cells):
        self.activity, self.texts, self.revisions = collections.Counter(), set(), {}
        self.subscribed = threading.Event()
        self.filters = [(f"nb/v1/json/near/{cell}/1600/#", 1) for cell in sorted(cells)]
        self.begin_ms = int(time.time() * 1000)
        self.client = paho.Client("sample-follower", protocol=paho.MQTTv5)
        self.client.username_pw_set("user/sample-follower", stack.token_file("user/sample-follower").read_text().strip())
        self.client.on_connect = lambda client, *_: client.subscribe(
            [(f, paho.SubscribeOptions(qos)) for f, qos in self.filters])
        self.client.on_subscribe = self.on_subscribe
        self.client.on_message = self.on_message
        expiry = Properties(PacketTypes.CONNECT)
        expiry.SessionExpiryInterval = 60
        self.client.tls_set(str(stack.keys / "ca.crt"))
        self.client.connect("127.0.0.1", stack.tls_port, 30, clean_start=True, properties=expiry)
        self.client.loop_start()
        if not self.subscribed.wait(60):
            raise StackError("the follower could not subscribe")

    def on_subscribe(self, _client, _data, _identifier, reasons, *_):
        if all(reason.value < 0x80 for reason in reasons):
            self.subscribed.set()

    def on_message(self, _client, _data, message):
        item = json.loads(message.payload)
        if "alert" in item:
            alert = item["alert"]
            self.texts.add((alert.get("headline"), alert.get("description")))
            self.revisions[alert["publicId"]] = max(alert.get("revision", 0), self.revisions.get(alert["publicId"], 0))
        elif "activity" in item and not message.retain and item.get("cell") == LEAF:
            self.activity[item["activity"]["kind"], item["activity"]["phase"]] += 1

    def saw(self, announcement):
        if isinstance(announcement.known_by, str):
            return self.revisions.get(announcement.known_by, 0) >= announcement.revision
        return announcement.known_by in self.texts

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
        self.announcements = read_announcements(stack)
        self.follower = Follower(stack, cells_of(stack, self.announcements))
        self.confirmed = []
        self.failures = []
        begin = time.time() + 0.5
        self.begin_ms = int(begin * 1000)
        self.lines = read_home(begin)
        self.events = expected_events(self.lines)

    def publish_alerts(self):
        for announcement in self.announcements:
            refusal = announcement.send(announcement)
            if refusal:
                self.failures.append(f"alert not acknowledged: {announcement.name}: {refusal}")
            else:
                self.confirmed.append(announcement)
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
        return events, sum(self.follower.saw(announcement) for announcement in self.confirmed)

    def complete(self):
        return self.seen() == (sum(self.events.values()), len(self.announcements))

    def wait(self, seconds=90):
        deadline = time.monotonic() + seconds
        while not self.complete() and time.monotonic() < deadline:
            time.sleep(0.1)

    def report(self):
        """Says what is missing, and how much is there."""
        logged = logged_events(self.stack, self.begin_ms)
        for missing, what in ((self.events - logged, "acknowledged"), (self.events - self.follower.activity, "seen")):
            for (kind, phase), count in missing.items():
                self.failures.append(f"event not {what}: {kind} {phase}, {count} times")
        self.failures += [f"alert not seen: {announcement.name}" for announcement in self.confirmed
                          if not self.follower.saw(announcement)]
        for failure in self.failures:
            print(f"run: {failure}", flush=True)
        events, alerts = self.seen()
        print(f"run: {events} events and {alerts} alerts confirmed and seen", flush=True)
        return 0 if not self.failures and self.complete() else 1
