"""(edge) what neighbors-edge costs in the home: local messages a second of its processor time, and its memory, with what four
cameras and a dozen sensors publish in the shape of Frigate, ring-mqtt, Zigbee2MQTT and Home Assistant."""
import json
import os
import random
import re
import socket
import statistics
import struct
import subprocess
import time
from pathlib import Path

from stack import BUILD, free_port

from . import pairs
from .servers import NODE

CAMERAS = ["front_door", "driveway", "garden", "garage"]
SENSORS = [f"room_{i}" for i in range(8)]
MESSAGES, A_SECOND = 40000, 10000
WAITING = 100000
TICKS = os.sysconf("SC_CLK_TCK")
FILTERS = ["frigate/reviews", "frigate/events", "frigate/+/motion", "zigbee2mqtt/+", "ring/+/camera/+/motion/state",
           "ring/+/camera/+/motion/attributes", "homeassistant/binary_sensor/+/state"]


# ---- what a home publishes ----

def track(chance, camera, name, kind, points):
    state = {"id": name, "camera": camera, "frame_time": time.time(), "snapshot": {"frame_time": time.time(), "box": [10, 20, 300, 400],
             "area": 110000, "region": [0, 0, 640, 640], "score": 0.84, "attributes": []}, "label": "person", "sub_label": None,
             "top_score": 0.86, "false_positive": False, "start_time": time.time() - points, "end_time": time.time() if kind == "end" else None,
             "score": round(chance.uniform(0.7, 0.9), 4), "box": [chance.randrange(600) for _ in range(4)], "area": 24000, "ratio": 0.5,
             "region": [0, 0, 640, 640], "active": True, "stationary": False, "motionless_count": 0, "position_changes": points,
             "current_zones": ["porch"], "entered_zones": ["porch"], "has_clip": True, "has_snapshot": True, "attributes": {},
             "current_attributes": [], "pending_loitering": False, "max_severity": "alert",
             "path_data": [[[round(chance.random(), 4), round(chance.random(), 4)], time.time()] for _ in range(points)]}
    return {"before": state, "after": state, "type": kind}


def visit(chance, camera, name):
    """Every message of one visit: one track that is told 35 times and a review that is told 3 times."""
    for step, kind in enumerate(["new"] + ["update"] * 33 + ["end"]):
        yield "frigate/events", track(chance, camera, name, kind, step // 3 + 1)
    for kind in ("new", "update", "end"):
        state = {"id": f"r{name}", "camera": camera, "start_time": time.time(), "end_time": time.time() if kind == "end" else None,
                 "severity": "alert", "thumb_path": f"/clips/{name}.webp", "data": {"detections": [name], "objects": ["person"],
                 "sub_labels": [], "zones": ["porch"], "audio": []}}
        yield "frigate/reviews", {"type": kind, "before": state, "after": state}


def sensor(chance, name):
    return f"zigbee2mqtt/{name}", {"battery": 97, "illuminance": chance.randrange(900), "linkquality": chance.randrange(255),
                                   "occupancy": False, "temperature": 21.4, "voltage": 3000}


def home(count, seed):
    """`count` messages in the order in which a lively home has them: an event in about fifty."""
    chance = random.Random(seed)
    lives = {}
    for number in range(count):
        roll = chance.random()
        if roll < 0.70:
            camera = chance.choice(CAMERAS)
            told = next(lives[camera], None) if camera in lives else None
            if told is None:
                lives[camera] = visit(chance, camera, f"{number}-{chance.randrange(10 ** 6)}")
                told = next(lives[camera])
            yield told
        elif roll < 0.90:
            yield sensor(chance, chance.choice(SENSORS))
        elif roll < 0.95:
            yield "ring/home/camera/aabbcc001122/motion/attributes", {
                "lastMotion": 1700000000, "lastMotionTime": "2023-11-14T22:13:20Z", "personDetected": False, "motionDetectionEnabled": True}
        else:
            yield f"homeassistant/binary_sensor/{chance.choice(SENSORS)}_motion/state", "off"


def text(number):
    out = b""
    while True:
        number, seven = number >> 7, number & 127
        out += bytes([seven | (128 if number else 0)])
        if not number:
            return out


def packet(topic, content):
    payload = (content if isinstance(content, str) else json.dumps(content)).encode()
    body = struct.pack(">H", len(topic)) + topic.encode() + payload
    return b"\x30" + text(len(body)) + body


def publish(port, packets, a_second):
    """At QoS 0, as Frigate and Zigbee2MQTT do, on a schedule."""
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05bench")
        link.recv(4)
        began, step = time.monotonic(), a_second // 100
        for first in range(0, len(packets), step):
            link.sendall(b"".join(packets[first:first + step]))
            ahead = began + (first + step) / a_second - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        link.sendall(b"\xe0\x00")


# ---- who listens ----

def used(pid):
    """Processor seconds and peak memory in MiB of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))
    return (int(fields[11]) + int(fields[12])) / TICKS, peak / 1024


def configure(stack):
    token = stack.folder / "token"
    token.write_text("not used\n")
    path = stack.folder / "edge.conf"
    devices = [(camera, "frigate") for camera in CAMERAS] + [(name, "zigbee2mqtt") for name in SENSORS]
    path.write_text(f"""
        id = "edge/bench"; local = {{ host = "127.0.0.1"; port = {stack.mqtt_port}; }};
        broker = {{ host = "127.0.0.1"; port = {free_port()}; token_file = "{token}"; }};
        spool = {{ file = "{stack.folder}/spool.db"; }};
        maps = ( {{ name = "frigate"; }}, {{ name = "zigbee2mqtt"; }}, {{ name = "ring-mqtt"; }}, {{ name = "home-assistant"; }} );
        devices = ( """ + ", ".join(f'{{ source = "{source}"; id = "{source}"; kinds = [ "all" ]; map = "{name}"; }}'
                                    for source, name in devices) + """,
          { source = "aabbcc001122"; id = "ring"; kinds = [ "all" ]; map = "ring-mqtt"; },
        """ + ", ".join(f'{{ source = "{name}_motion"; id = "ha-{name}"; kinds = [ "all" ]; map = "home-assistant"; }}' for name in SENSORS)
                    + " );\n")
    return path


def status(config):
    done = subprocess.run([BUILD / "neighbors-edge", "status", "--json", "--config", config], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


def until(condition, what):
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited in vain: {what}")
        time.sleep(0.1)


def measure(stack, name, packets, heard):
    """Publishes to one who is ready; heard() says how many messages came so far."""
    pid, before = stack.processes[name].pid, heard()
    spent, _ = used(pid)
    publish(stack.mqtt_port, packets, A_SECOND)
    until(lambda: heard() - before >= len(packets), f"{name} heard {heard() - before} of {len(packets)} messages")
    now, peak = used(pid)
    stack.stop_one(name)
    return {"messages_per_core_s": len(packets) / (now - spent), "peak_mib": peak}


def ours(stack, packets):
    config = configure(stack)
    stack.start("edge", [BUILD / "neighbors-edge", "run", "--config", config])
    log = stack.logs / "edge.log"
    known = log.read_text().count("home: subscribed") if log.exists() else 0
    stack.wait_for("edge", lambda: log.read_text().count("home: subscribed") > known, "neighbors-edge")
    return measure(stack, "edge", packets, lambda: status(config)["home"]["messages"])


def node(stack, packets):
    log = stack.logs / "listen.log"
    log.unlink(missing_ok=True)
    process = stack.start("listen", ["node", NODE / "listen.js", stack.mqtt_port, *FILTERS])
    stack.wait_for("listen", lambda: "ready" in log.read_text(), "the Node program")

    def heard():
        asked = log.read_text().count("messages")
        process.send_signal(10)  # SIGUSR1: it says how many
        until(lambda: log.read_text().count("messages") > asked, "the Node program's count")
        return int(log.read_text().split()[-1])
    return measure(stack, "listen", packets, heard)


def waiting(stack):
    """The peak memory of an edge behind which so many events wait, MiB."""
    config = configure(stack)
    names = [f"n{i}" for i in range(WAITING // 2)]
    packets = []
    for name in names:
        for kind in ("new", "end"):
            state = {"id": name, "camera": CAMERAS[0], "start_time": time.time(), "end_time": time.time() if kind == "end" else None,
                     "severity": "alert", "data": {"detections": [], "objects": ["person"], "sub_labels": [], "zones": [], "audio": []}}
            packets.append(packet("frigate/reviews", {"type": kind, "before": state, "after": state}))
    config.write_text(config.read_text() + "together_s = 0; hold_off_s = 0;\n")
    stack.start("edge", [BUILD / "neighbors-edge", "run", "--config", config])
    until(lambda: status(config).get("home", {}).get("connected"), "neighbors-edge")
    until(lambda: "subscribed" in (stack.logs / "edge.log").read_text(), "neighbors-edge")
    publish(stack.mqtt_port, packets, A_SECOND // 2)
    until(lambda: status(config)["spool"]["waiting"] >= WAITING, f"{status(config)}")
    peak = used(stack.processes["edge"].pid)[1]
    stack.stop_one("edge")
    return peak


def in_the_home(servers, rounds):
    if not (NODE / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=NODE, check=True)
    packets = [packet(*one) for one in home(MESSAGES, 1)]
    stack = servers.mosquitto("unlimited, nodelay")
    results = pairs.interleave(rounds, {"edge": lambda: ours(stack, packets), "node": lambda: node(stack, packets)})
    rate, peers = ([r["messages_per_core_s"] for r in results[name]] for name in ("edge", "node"))
    size = statistics.median(map(len, packets))
    yield pairs.row("edge.messages", "/core s", "", rate, None, (">=", A_SECOND), f"{MESSAGES} messages at {A_SECOND} a second, {size:.0f} bytes in the median")
    yield pairs.row("edge.messages.peer", "/core s", "mqtt.js and JSON.parse, nothing else", rate, peers, None)
    yield pairs.row("edge.memory", "MiB", "mqtt.js and JSON.parse, nothing else", [r["peak_mib"] for r in results["edge"]],
                    [r["peak_mib"] for r in results["node"]], None)
    yield pairs.row("edge.memory.waiting", "MiB", "", [waiting(servers.mosquitto("unlimited, nodelay"))], None, ("<=", 16),
                    f"the peak, with {WAITING} events waiting")
    servers.stop(stack)
