"""A flood of numbered events into two neighborsd on a Redis Cluster, while slots move and a master dies.

Edges of several neighborhoods send full batches, as after an outage, and send again what was not acknowledged. At a third
of the way slots begin to move from one master to another, a part at a time; at half of it a third master is killed, its
replica takes over, and the dead one comes back as a replica. In the end the logs of all households are read: every event
that was acknowledged stands there, and none twice.

tests/live/kill/flood [--events N] [--slots N] [--edges N] [--any-pause] prints what happened, and ends with "flood: clean" (exit 0)."""
import argparse
import asyncio
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "deploy"), str(HERE.parent), str(HERE), str(ROOT / "tests")]

import log_check  # noqa: E402, F401: holds the logs of the stack against what they may not say
import mqtt  # noqa: E402
import nothing_left  # noqa: E402
import wire  # noqa: E402
from kill_rounds import region  # noqa: E402
from link import Gone, Link  # noqa: E402
from redis_cluster import ClusterStack  # noqa: E402
from stack import StackError  # noqa: E402

BATCH = 60  # two of them are within the window of 128
UNDER_WAY = 2
STANDSTILL = 180  # seconds
PATIENCE = 30  # seconds without an acknowledgement before an edge connects anew
PLACES = [("9qh1f5", "34.0768,-118.0316"), ("9qh19m", "34.0439,-118.0646"), ("9qh4rs", "34.1702,-117.7899"),
          ("9qh60u", "34.1263,-117.7350")]
SETTINGS = {"release_delay_ms": 1000, "release_households": 1, "release_hysteresis": 0, "log_level": "info",
            "max_connections_per_address": 0, "accept_rate_per_address": 0, "accept_rate": 0, "receive_maximum": 20}


@dataclass
class Message:
    first: int
    count: int
    sent: float  # for the first time; monotonic


@dataclass
class Edge:
    """One home: its edge speaks for a device in each of the places."""
    name: str
    token: str
    port: int
    events: int
    sent: int = 0
    acknowledged: int = 0
    resent: int = 0
    longest: tuple = (0.0, 0.0)  # the longest wait for an acknowledgement, and when it ended
    waiting: dict = field(default_factory=dict)  # packet id -> Message
    faults: list = field(default_factory=list)

    def __post_init__(self):
        self.session = int(time.time() * 1000)
        self.packet_id = 0
        self.heard = 0.0

    def payload(self, message):
        at = int(time.time() * 1000)
        events = [wire.motion_event(at, seq, f"{self.name}-{seq % len(PLACES)}", f"{self.name}-{seq}.")
                  for seq in range(message.first, message.first + message.count)]
        return wire.VERSION + wire.number(2, self.session) + b"".join(wire.block(3, event) for event in events)

    def publish(self, link, message):
        self.packet_id = self.packet_id % 65535 + 1
        self.waiting[self.packet_id] = message
        link.send(mqtt.publish("nb/v1/motion", self.payload(message), 1, self.packet_id))

    def fill(self, link):
        while self.sent < self.events and len(self.waiting) < UNDER_WAY:
            message = Message(self.sent + 1, min(BATCH, self.events - self.sent), time.monotonic())
            self.sent += message.count
            self.publish(link, message)

    def take(self, packet):
        message = self.waiting.pop(packet.packet_id)
        now = time.monotonic()
        if packet.reason >= 0x80 or packet.props.get("user"):
            self.faults.append(f"{self.name}: {message.first} to {message.first + message.count - 1} refused: "
                               f"{packet.reason:#x} {packet.props}")
        self.acknowledged += message.count
        self.longest = max(self.longest, (now - message.sent, now))

    async def talk(self, link):
        again, self.waiting = list(self.waiting.values()), {}
        self.resent += len(again)
        for message in again:
            self.publish(link, message)
        self.fill(link)
        while self.waiting:
            try:
                async with asyncio.timeout(PATIENCE):
                    packet = await link.receive()
            except TimeoutError as error:
                raise Gone("silent") from error
            if packet.kind == mqtt.PUBACK:
                self.take(packet)
                self.fill(link)
            elif packet.kind == mqtt.DISCONNECT:
                raise Gone(f"DISCONNECT {packet.reason:#x}")

    async def run(self):
        while self.acknowledged < self.events:
            link = Link(5)
            try:
                await link.open(self.port, timeout=30, username=f"edge/{self.name}", password=self.token.encode(), keep_alive=60,
                                client_id=f"flood-{self.name}")
                await self.talk(link)
            except (Gone, TimeoutError):
                await asyncio.sleep(0.1)
            finally:
                link.abandon()


class Disaster:
    """What happens to the cluster while the events come."""

    def __init__(self, stack, slots, progress):
        self.stack, self.slots, self.progress = stack, slots, progress
        self.tries, self.over = slots // 10 + 20, False
        self.moved, self.mended, self.failover, self.died = 0, 0, 0.0, 0.0
        self.said = []

    def when(self, part):
        while self.progress() < part and not self.over:
            time.sleep(0.05)

    def held(self, node):
        """How many slots that one serves."""
        serving = self.stack.serving()
        return len(serving[node.name][1]) if node.name in serving else None

    def move(self, source, target, most=250):
        part, before = min(most, self.slots - self.moved), self.held(source)
        self.tries -= 1
        if self.tries < 0:
            raise StackError(f"{self.moved} of {self.slots} slots moved, {self.mended} moves were mended: no more can be moved")
        if not self.stack.move(part, source, target):
            self.mended += 1
            self.stack.until(self.stack.mend, "what was interrupted is mended")
        after = self.held(source)
        self.moved += before - after if before is not None and after is not None else 0

    def kill(self, node):
        self.died = time.monotonic()
        self.stack.kill_node(node)
        self.stack.until(lambda: self.stack.replaced(node), "a replica takes over")
        self.failover = time.monotonic() - self.died
        self.stack.start_node(node)
        self.stack.wait_until_whole()

    def by_what_they_hold(self):
        """The masters, by how many of the events' places lie in their slots: who dies has the most, who gives slots some."""
        first = self.stack.nodes[0]
        busy = [int(self.stack.ask(first, "CLUSTER KEYSLOT", f"nb:{{{region(leaf)}}}:pend")) for leaf, _ in PLACES]
        held = {name: sum(slot in slots for slot in busy) for name, (_, slots) in self.stack.serving().items()}
        return sorted(self.stack.masters_now(), key=lambda node: held.get(node.name, 0))

    async def happen(self):
        target, source, third = self.by_what_they_hold()
        await asyncio.to_thread(self.when, 1 / 3)
        moving = asyncio.create_task(asyncio.to_thread(self.move_all, source, target, third))
        await asyncio.to_thread(self.when, 1 / 2)
        await asyncio.to_thread(self.kill, third)
        await moving

    def move_all(self, source, target, third):
        began = time.monotonic()
        while self.moved < self.slots:
            if not {source.name, target.name} <= set(self.stack.serving()):  # the others waited for one too long, and gave it up
                target, source = [node for node in self.stack.masters_now() if node is not third][:2]
            self.move(source, target)
        self.said.append(f"{self.moved} slots moved in {time.monotonic() - began:.0f} s, {self.mended} moves were interrupted "
                         "and mended")


def stored(store, edges):
    """How often each event stands in the logs: a Counter of numbers for each edge."""
    found = {edge.name: Counter() for edge in edges}
    pattern = re.compile(rb"-(\d+)\.")
    for key in store.scan_iter(match="nb:{r*}:log:*", count=1000):
        name = key.decode().rpartition(":")[2].removeprefix("home-")
        begin = "-"
        while True:
            page = store.xrange(key, begin, "+", 2000)
            if not page:
                break
            for _, fields in page:
                for value in fields.values():
                    found[name].update(map(int, pattern.findall(value)))
            begin = b"(" + page[-1][0]
    return found


def compare(edges, found):
    wrong = []
    for edge in edges:
        numbers = found[edge.name]
        lost = edge.events - len(numbers)
        doubled = [number for number, times in numbers.items() if times > 1]
        wrong += edge.faults[:3]
        if lost:
            missing = sorted(set(range(1, edge.events + 1)) - set(numbers))
            wrong.append(f"{edge.name}: {lost} of {edge.events} acknowledged events are missing, such as {missing[:3]}")
        if doubled:
            wrong.append(f"{edge.name}: {len(doubled)} events are stored twice, such as {sorted(doubled)[:3]}")
    return wrong


def enroll(stack, count, events):
    edges = []
    for i in range(count):
        name, household = f"f{i}", f"home-f{i}"
        for place, (_, where) in enumerate(PLACES):
            stack.enroll(f"device/{name}-{place}", "--household", household, "--at", where, "--share", "person",
                         "--verified-since", "-30d")
        token = stack.enroll(f"edge/{name}", "--household", household, "--at", PLACES[0][1])
        share = events // count + (1 if i < events % count else 0)
        edges.append(Edge(name, token, stack.mqtt_port, share))
    return edges


async def progress(edges):
    """StackError when there is none for so long that there will be none."""
    before, since = -1, time.monotonic()
    while True:
        now = sum(edge.acknowledged for edge in edges)
        if now != before:
            before, since = now, time.monotonic()
        elif now < sum(edge.events for edge in edges) and time.monotonic() - since > STANDSTILL:
            raise StackError(f"nothing was acknowledged for {STANDSTILL} s, after {now} events")
        await asyncio.sleep(1)


async def flood(stack, edges, slots):
    total, began = sum(edge.events for edge in edges), time.monotonic()
    disaster = Disaster(stack, slots, lambda: sum(edge.acknowledged for edge in edges) / total)

    async def send():
        await asyncio.gather(*(edge.run() for edge in edges))
        return time.monotonic() - began

    watching = asyncio.create_task(progress(edges))
    try:
        happening = asyncio.gather(send(), disaster.happen())
        await asyncio.wait({happening, watching}, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
        seconds, _ = await happening
    finally:
        disaster.over = True
        watching.cancel()
    ended = [name for name, process in stack.processes.items() if process.poll() is not None]
    return disaster, seconds, [f"{name} ended by itself" for name in ended]


def run(folder, events, slots, count, any_pause):
    """The whole story in a fresh folder. Returns what was wrong."""
    with ClusterStack(folder, settings=SETTINGS) as stack:
        stack.make_keys()
        stack.start_redis()
        for name in ("broker-a", "broker-b"):
            stack.start_broker(name)
        edges = enroll(stack, count, events)
        try:
            disaster, seconds, ended = asyncio.run(flood(stack, edges, slots))
        except StackError as error:
            print(stack.broker_logs())
            return [str(error)]
        for line in disaster.said:
            print(line)
        longest, at = max(edge.longest for edge in edges)
        print(f"{events} events in {seconds:.0f} s ({events / seconds:.0f} a second), {sum(e.resent for e in edges)} messages sent again")
        print(f"the cluster's own failover took {disaster.failover:.1f} s, the longest wait for an acknowledgement was {longest:.1f} s "
             f"(until {at - disaster.died:+.1f} s after the master died)")
        store = stack.everything()
        wrong = compare(edges, stored(store, edges))
        store.close()
        if longest > disaster.failover + 1 and not any_pause:
            wrong.append(f"an acknowledgement took {longest:.1f} s, more than the failover and one second")
        if wrong + ended:
            print(stack.broker_logs())
    return wrong + ended


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--slots", type=int, default=4000)
    parser.add_argument("--edges", type=int, default=24)
    parser.add_argument("--any-pause", action="store_true", help="it may stand still for as long as it likes: this machine is busy")
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    options = parser.parse_args()
    nothing_left.begin()
    folder = tempfile.mkdtemp(prefix="neighbors-flood-")
    wrong = run(folder, options.events, options.slots, options.edges, options.any_pause)
    for fault in wrong[:20]:
        print("    " + fault)
    if wrong or options.keep:
        print(f"folder {folder}")
    else:
        shutil.rmtree(folder)
    print("flood: clean" if not wrong else f"flood: {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
