"""A home for the live tests: its real Mosquitto, devices that publish there, and neighbors-edge."""
import importlib
import json
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import paho.mqtt.client as paho
import redis

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy"))
from stack import BUILD, Stack, die_with_parent, free_port, port_open  # noqa: E402

EDGE = BUILD / "neighbors-edge"
PATIENCE = 60
HOUSEHOLD = "home-7"


def schema(folder):
    """The generated Python of neighbors.proto."""
    subprocess.run(["protoc", f"--python_out={folder}", f"--proto_path={ROOT / 'proto'}", "neighbors.proto"], check=True)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("neighbors_pb2")
    finally:
        sys.path.remove(str(folder))


def wait_until(condition, what, seconds=PATIENCE):
    """Looks again and again; what is looked at has at least as much of the machine as who looks."""
    end = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if condition():
            return
        if began > end:
            raise AssertionError(f"waited in vain: {what() if callable(what) else what}")
        time.sleep(max(0.01, time.monotonic() - began))


class Mosquitto:
    """A private one. autosave: it keeps its sessions over a kill, and is slow."""

    def __init__(self, folder, autosave=True):
        self.folder, self.port, self.process = folder, free_port(), None
        folder.mkdir()
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/\n"
            f"autosave_on_changes {str(autosave).lower()}\nautosave_interval {1 if autosave else 3600}\nuser root\n"
            "max_inflight_messages 0\nmax_queued_messages 0\n")

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(self.folder / "mosquitto.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        wait_until(lambda: port_open(self.port), "Mosquitto listens")

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


def review(kind, camera, identifier, label="person", end=None, severity="alert"):
    state = {"id": identifier, "camera": camera, "start_time": time.time(), "end_time": end, "severity": severity,
             "data": {"detections": [], "objects": [label], "sub_labels": ["Somebody"], "zones": ["porch"], "audio": []}}
    return json.dumps({"type": kind, "before": state, "after": state})


class Neighborhood:
    """The real broker with its Redis, and a household enrolled in it."""

    def __init__(self, folder, cameras=("cam-1",), **settings):
        self.stack = Stack(folder, tls_port=free_port(), settings={
            "release_households": 1, "release_hysteresis": 0, "cooldown_s": 0, "release_delay_ms": 100} | settings)
        self.stack.start_redis()
        self.stack.make_keys()
        self.stack.start_broker()
        self.place = ["--household", HOUSEHOLD, "--at", "34.0768,-118.0316"]
        for camera in cameras:
            self.stack.enroll(f"device/{camera}", *self.place, "--share", "person", "--verified-since", "-30d")

    def enroll_edge(self, name="home-7"):
        self.stack.enroll(f"edge/{name}", *self.place)
        return self.stack.token_file(f"edge/{name}")

    def visits(self, prefix="visit"):
        """The names of the visits in the household's log, `<prefix>-…` up to the dot, in its order: one for each event."""
        found = []
        with redis.Redis(port=self.stack.redis_port) as store:
            for key in store.scan_iter(f"nb:{{*}}:log:{HOUSEHOLD}"):
                for _, fields in store.xrange(key):
                    for value in fields.values():
                        found += [name.decode() for name in re.findall(rb"%s-[\w-]+(?=\.)" % prefix.encode(), value)]
        return found


class HomeCase(unittest.TestCase):
    """A home with its Mosquitto, and an edge that is not started yet."""

    home_autosave = True

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="neighbors-edge-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.edge = None
        self.home = Mosquitto(self.folder / "home", self.home_autosave)
        self.home.start()
        self.addCleanup(self.home.kill)

    def configure(self, broker_port, token_file, more="", name="home-7", spool=None, spool_more="", cameras=(), home_host="127.0.0.1"):
        """cameras: (source, id) of more that are shared."""
        self.spool = spool or self.folder / "spool.db"
        others = "".join(f', {{ source = "{source}"; id = "{identifier}"; kinds = [ "person" ]; map = "frigate"; }}'
                         for source, identifier in cameras)
        (self.folder / "edge.conf").write_text(f"""
            id = "edge/{name}";
            local = {{ host = "{home_host}"; port = {self.home.port}; }};
            broker = {{ host = "127.0.0.1"; port = {broker_port}; token_file = "{token_file}"; {more} }};
            spool = {{ file = "{self.spool}"; {spool_more} }};
            maps = ( {{ name = "frigate"; }}, {{ name = "zigbee2mqtt"; prefix = "zigbee/1"; }} );
            together_s = 0; hold_off_s = 0;  # each visit of these tests stands for itself
            devices = (
              {{ source = "front_door"; id = "cam-1"; kinds = [ "person", "vehicle" ]; }},
              {{ source = "hall/pir"; id = "pir-1"; kinds = [ "all" ]; map = "zigbee2mqtt"; }}
              {others}
            );
            """)

    def status(self):
        """What `neighbors-edge status` says, and its exit code."""
        done = subprocess.run([EDGE, "status", "--config", self.folder / "edge.conf", "--json"], capture_output=True,
                              text=True, timeout=PATIENCE)
        return done.returncode, json.loads(done.stdout) if done.stdout else None

    def start_edge(self, prepare=die_with_parent):
        with open(self.folder / "edge.log", "ab") as log:
            self.edge = subprocess.Popen([EDGE, "run", "--config", self.folder / "edge.conf"], stderr=log,
                                         preexec_fn=prepare)
        self.addCleanup(self.kill_edge)

    def peak_kib(self):
        """The most memory that the running edge has had, KiB."""
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.edge.pid}/status").read_text()).group(1))

    def kill_edge(self, how=signal.SIGKILL):
        if self.edge and self.edge.poll() is None:
            self.edge.send_signal(how)
            self.assertEqual(self.edge.wait(PATIENCE), 0 if how == signal.SIGTERM else -how)

    def log(self):
        return (self.folder / "edge.log").read_text()

    def wait_log(self, line, times=1):
        wait_until(lambda: self.log().count(line) >= times, lambda: f"{line}; log: {self.log()}")

    def client(self, port, name=""):
        client = paho.Client(name, clean_session=not name)
        client.connect("127.0.0.1", port)
        client.loop_start()

        def close():
            client.disconnect()
            client.loop_stop()
        self.addCleanup(close)
        return client

    def say(self, topic, payload, retain=False):
        if not hasattr(self, "publisher"):
            self.publisher = self.client(self.home.port)
        message = self.publisher.publish(topic, payload, qos=1, retain=retain)
        message.wait_for_publish(PATIENCE)
        self.assertTrue(message.is_published())

    def visit(self, name, camera="front_door"):
        self.say("frigate/reviews", review("new", camera, name))
        self.say("frigate/reviews", review("end", camera, name, end=time.time()))


class WatchedCase(HomeCase):
    """A home whose neighborhood's broker is another Mosquitto, so that all that leaves can be seen."""

    def setUp(self):
        super().setUp()
        self.schema = schema(self.folder)
        self.broker = Mosquitto(self.folder / "broker", self.home_autosave)
        self.broker.start()
        self.addCleanup(self.broker.kill)
        self.arrived = queue.Queue()
        (self.folder / "token").write_text("secret-token\n")

    def watch(self):
        """From now on `arrived` gets every message that comes there."""
        watcher, ready = self.client(self.broker.port, "watcher"), queue.Queue()
        watcher.on_message = lambda _c, _u, message: self.arrived.put(message)
        watcher.on_subscribe = lambda *_: ready.put(True)
        watcher.subscribe("#", qos=1)
        ready.get(timeout=PATIENCE)
