"""What leaves a home through neighbors-edge's mappings: of all that its publishers say, nothing that names anybody or anything;
and one visitor, seen by several cameras, as one activity that the household's log knows of every camera."""
import base64
import json
import queue
import struct
import subprocess
import time
import unittest
from pathlib import Path

import redis

from home import EDGE, HomeCase, Neighborhood, PATIENCE, ROOT, WatchedCase, review, wait_until

SAMPLES = ROOT / "tests" / "edge" / "samples"
SHARED = ROOT.parent / "shared" / "data" / "devices"
MAPS = ["frigate", "ring-mqtt", "eufy", "home-assistant", "zigbee2mqtt", "tasmota", "shelly", "viseron", "scrypted", "axis", "onvif",
        "unifi", "dahua", "reolink", "wyze", "blue-iris", "yi-hack", "zwave", "esphome", "event"]
# Members whose values must never leave, wherever in a payload they stand.
PRIVATE = {"name", "plate", "sub_label", "sub_labels", "recognized_license_plate", "zones", "current_zones", "entered_zones",
           "description", "wirelessNetwork", "stream_Source", "still_Image_URL", "ssid", "SSId", "sta_ip", "thumbnail_url", "video_url",
           "thumb_path", "thumbnail_path", "thumbnail", "path", "CardNo", "Password", "camera_name", "camera_id", "LocaleTime", "region",
           "title", "room", "src", "deviceType"}
THE_LAST = ("the-last", "reolink")
SENTINEL = "neolink/the-last/status/motion"


def read_samples():
    """Every sample message as topic and payload."""
    for file in sorted(SAMPLES.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            said = json.loads(line)
            payload = base64.b64decode(said["payload_b64"]) if "payload_b64" in said else said["payload"].encode()
            yield said["topic"], payload
    if not (SHARED / "MANIFEST.tsv").exists():
        return
    for line in (SHARED / "MANIFEST.tsv").read_text().splitlines()[1:]:
        name, topic = line.split("\t")[:2]
        if not name.endswith(".jsonl"):
            yield topic, (SHARED / name).read_bytes()
            continue
        for recorded in map(json.loads, (SHARED / name).read_text().splitlines()):
            payload = recorded["payload"]
            yield recorded["topic"], (payload if isinstance(payload, str) else json.dumps(payload)).encode()


def private_words(value, inside=False):
    """The texts that stand under a private member."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from private_words(member, inside or name in PRIVATE)
    elif isinstance(value, list):
        for member in value:
            yield from private_words(member, inside)
    elif inside and isinstance(value, str) and len(value) > 3:
        yield value


def legal(name):
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "." if c == "/" else "_" for c in name)


def local_names(said, chosen):
    """The publishers' names of the devices that the dry run of a map finds: there they are made legal, here they are listed as
    they stand in topics."""
    lines = "".join(json.dumps({"topic": topic, "payload_b64": base64.b64encode(payload).decode(), "at": 1000 * i}) + "\n"
                    for i, (topic, payload) in enumerate(said))
    done = subprocess.run([EDGE, "translate", "--map", chosen], input=lines, capture_output=True, text=True, check=True)
    found = {json.loads(line)["device"] for line in done.stdout.splitlines()}
    names = {name for name in found if "_" not in name or "." not in name}
    names |= {"bc:02:6e:00:00:00", "bc:02:6e:00:00:01"} if chosen == "shelly" else set()
    names |= {"Device Serial Number"} if chosen == "dahua" else set()
    for topic, _ in said:
        levels = topic.split("/")
        names |= {name for i in range(len(levels)) for j in range(i + 1, len(levels) + 1)
                  if legal(name := "/".join(levels[i:j])) in found and not set(name) & set('+#"\\')}
        names |= {f"{levels[i]}/{levels[j]}" for i in range(len(levels)) for j in range(i + 1, len(levels))
                  if legal(f"{levels[i]}/{levels[j]}") in found}
    return sorted((name, chosen) for name in names)


class WhatLeaves(WatchedCase):
    home_autosave = False

    def share_everything(self, names):
        devices = ",".join(f'{{ source = "{name}"; map = "{chosen}"; id = "dev-{i}"; kinds = [ "all" ]; }}'
                           for i, (name, chosen) in enumerate(names))
        maps = ",".join(f'{{ name = "{name}"; }}' for name in MAPS)
        (self.folder / "edge.conf").write_text(f"""
            id = "edge/home-7"; local = {{ host = "127.0.0.1"; port = {self.home.port}; }};
            broker = {{ host = "127.0.0.1"; port = {self.broker.port}; token_file = "{self.folder}/token"; }};
            spool = {{ file = "{self.folder}/spool.db"; }}; maps = ( {maps} ); devices = ( {devices} );
            assume_quiet = true; together_s = 0; hold_off_s = 0;""")

    def collect(self, last_device):
        """All that arrived, up to the sentinel's event."""
        messages, events = [], []
        while not any(event.device == last_device for event in events):
            message = self.arrived.get(timeout=PATIENCE)
            topic, payload = message.topic, message.payload
            messages.append((topic, payload))
            if topic == "nb/v1/motion":
                events += self.schema.MotionBatch.FromString(payload).events
        return messages, events

    def test_nothing_that_names_anybody(self):
        said = list(read_samples())
        names = [THE_LAST] + [found for chosen in MAPS for found in local_names(said, chosen)]
        self.share_everything(names)
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        publisher = self.client(self.home.port)
        for topic, payload in said + [(SENTINEL, b"on")]:
            publisher.publish(topic, payload, qos=1)
        messages, events = self.collect("dev-0")
        self.assertGreater(len(events), 150, "the samples became events")
        self.assertGreater(len({event.device for event in events}), 40)
        words = set()
        for _, payload in said:
            try:
                words |= set(private_words(json.loads(payload)))
            except ValueError:
                continue
        self.assertGreater(len(words), 20)
        everything = b"\n".join(topic.encode() + b" " + payload for topic, payload in messages)
        for word in sorted(words | {"MASKED", "SAMPLE", "Sample Name", "John", "http", "rtsp"} | {name for name, _ in names if len(name) > 7}):
            self.assertNotIn(word.encode(), everything)
        for event in events:
            self.assertFalse(event.HasField("position") or event.clip)
        self.assertEqual({topic for topic, _ in messages if topic.startswith("nb/v1/motion")}, {"nb/v1/motion"})

    def test_only_what_is_mapped_is_asked_for(self):
        """What the home's broker was asked for: filters of listed devices, never all, and nothing of private siblings."""
        self.home.kill()
        with open(self.home.folder / "mosquitto.conf", "a", encoding="utf-8") as conf:
            conf.write(f"log_dest file {self.home.folder}/log\nlog_type all\n")
        self.home.start()
        self.share_everything([("porch", "frigate"), ("aabbcc001122", "ring-mqtt"), ("gate/beam", "home-assistant"),
                               ("hall/pir", "zigbee2mqtt"), ("yard", "tasmota"), ("lobby", "onvif")])
        self.start_edge()
        self.wait_log("home: subscribed")
        log = (self.home.folder / "log").read_text()
        filters = {line.rsplit("\t", 1)[-1].split(" (QoS")[0].strip() for line in log.splitlines() if "(QoS" in line}
        self.assertIn("frigate/porch/motion", filters)
        self.assertIn("ring/+/camera/aabbcc001122/motion/state", filters)
        self.assertIn("homeassistant/binary_sensor/gate/beam/config", filters)
        for asked in filters:
            self.assertNotIn("#", asked)
            self.assertNotIn(asked.split("/")[-1], ("tracked_object_update", "snapshot", "metadata", "image", "preview"))
            self.assertFalse(asked.endswith("info/state"), asked)
            self.assertTrue(asked.strip("+/"), asked)

    def test_what_discovery_teaches_is_listened_to(self):
        self.share_everything([THE_LAST, ("gate/beam", "home-assistant")])
        self.watch()
        config = {"dev_cla": "motion", "~": "yard/7", "stat_t": "~/beam", "pl_on": "broken", "pl_off": "clear"}
        self.say("homeassistant/binary_sensor/gate/beam/config", json.dumps(config), retain=True)
        self.say("homeassistant/binary_sensor/gate/other/config", json.dumps(config | {"stat_t": "~/other"}), retain=True)
        self.start_edge()
        self.wait_log("home: subscribed")
        watched = queue.Queue()
        probe = self.client(self.home.port)
        probe.on_subscribe = lambda *_: watched.put(True)
        probe.subscribe("yard/7/beam")
        watched.get(timeout=PATIENCE)

        def told():
            self.say("yard/7/other", "broken")
            self.say("yard/7/beam", "clear")
            self.say("yard/7/beam", "broken")
            return not self.arrived.empty()
        wait_until(told, lambda: self.log())
        self.say(SENTINEL, "on")
        _, events = self.collect("dev-0")
        self.assertEqual({event.device for event in events}, {"dev-0", "dev-1"})


class OneVisitor(HomeCase):
    """Two cameras of one home, and the neighborhood's real broker."""

    def setUp(self):
        super().setUp()
        town = Neighborhood(self.folder / "stack", ("cam-1", "cam-2"), cooldown_s=60, release_delay_ms=0)
        self.stack = town.stack
        self.addCleanup(self.stack.stop)
        token = town.enroll_edge()
        (self.folder / "edge.conf").write_text(f"""
            id = "edge/home-7"; local = {{ host = "127.0.0.1"; port = {self.home.port}; }};
            broker = {{ host = "127.0.0.1"; port = {self.stack.mqtt_port}; token_file = "{token}"; }};
            spool = {{ file = "{self.folder}/spool.db"; }}; maps = ( {{ name = "frigate"; }} );
            devices = ( {{ source = "gate"; id = "cam-1"; kinds = [ "person" ]; }},
                        {{ source = "porch"; id = "cam-2"; kinds = [ "person" ]; }} );""")

    def stored(self):
        """Phase, device number and activity of each record in the household's log, and how much was published."""
        records, published = [], 0
        with redis.Redis(port=self.stack.redis_port) as store:
            for key in store.scan_iter("nb:{*}:log:home-7"):
                for _, fields in store.xrange(key):
                    for value in fields.values():
                        records += list(self.records(value))
            for key in store.scan_iter("nb:{*}:ch:*"):
                published += sum(len(fields.get(b"a", b"")) // 8 for _, fields in store.xrange(key))
        return records, published

    @staticmethod
    def records(value):
        at = 0
        while at < len(value) and value[at] < len(value) - at:
            record = value[at + 1:at + 1 + value[at]]
            at += 1 + value[at]
            if len(record) >= 18:
                number = struct.unpack_from("<H", record, 2)[0]
                yield record[0] >> 4, number, record[16 + 1:17 + record[16]].decode(errors="replace")

    def test_is_published_once_and_logged_of_each(self):
        self.start_edge()
        self.wait_log("home: subscribed")
        self.wait_log("broker: connected")
        self.say("frigate/reviews", review("new", "gate", "visit-1"))
        self.say("frigate/reviews", review("new", "porch", "visit-2"))
        self.say("frigate/reviews", review("end", "gate", "visit-1", end=time.time()))
        self.say("frigate/reviews", review("end", "porch", "visit-2", end=time.time()))
        wait_until(lambda: len(self.stored()[0]) == 4, lambda: f"{self.stored()}; log: {self.log()}")
        records, published = self.stored()
        self.assertEqual([phase for phase, _, _ in records], [1, 2, 2, 3], "one START, one END, an UPDATE of each else")
        self.assertEqual({activity for _, _, activity in records}, {"visit-1"})
        numbers = [number for _, number, _ in records]
        self.assertEqual((numbers[0], numbers[1]), (numbers[2], numbers[3]))
        self.assertNotEqual(numbers[0], numbers[1])
        self.assertEqual(published, 1)


if __name__ == "__main__":
    unittest.main()
