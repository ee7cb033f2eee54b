"""A phone that follows one neighborhood, and notes everything that it is shown, in order.

How it lives: "connected" stays as long as the broker lets it; "returning" goes away and comes back in its durable session;
"since" comes back without a session, by the cursors of its last heartbeat and items; "slow" stops reading for a while."""
import asyncio
import json
import random
import time
from dataclasses import dataclass, field

import mqtt
from link import Gone, Link


@dataclass
class Seen:
    """One thing that was shown about an alert."""
    at: float  # monotonic
    connection: int
    public_id: str
    revision: int
    ended: bool
    headline: str


@dataclass
class Connection:
    """From when to when the follower certainly got what came: subscribed at `since`, or back in its session and told by a
    heartbeat how far it is (until then it is one that was away); lost at `until`."""
    number: int
    since: float
    until: float = float("inf")


@dataclass
class Follower:
    name: str
    token: str
    port: int
    life: str
    filters: list
    seed: int
    seen: list = field(default_factory=list)
    connections: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    gaps: int = 0
    activities: int = 0
    heartbeats: int = 0

    def __post_init__(self):
        self.random = random.Random(self.seed)
        self.client = f"kill-{self.name.split('/')[1]}"
        self.stopping = False
        self.steady = False  # the round is over: stay connected and read on
        self.opened = 0
        self.cursors = {}

    def take(self, packet):
        item = json.loads(packet.payload)
        if packet.topic.endswith("/inbox/heartbeat"):
            self.heartbeats += 1
            for cursor in item.get("cursors", []):
                self.cursors[cursor["channel"]] = cursor["cursor"]
            if item.get("cursors") and self.connections and self.connections[-1].since == float("inf"):
                self.connections[-1].since = time.monotonic()
            return
        if "cursor" in item:
            self.cursors[item["channel"]] = item["cursor"]
        if "gap" in item:
            self.gaps += 1
        elif "activity" in item:
            self.activities += 1
        elif "alert" in item:
            alert = item["alert"]
            self.seen.append(Seen(time.monotonic(), self.opened, alert["publicId"], int(alert.get("revision", 0)),
                                  alert.get("state") == "ENDED", alert.get("headline", "")))

    async def read(self, link):
        packet = await link.receive()
        if packet.kind == mqtt.PUBLISH:
            self.take(packet)
            if packet.qos == 1:
                link.send(mqtt.ack(mqtt.PUBACK, packet.packet_id, 5))
        elif packet.kind == mqtt.SUBACK:
            if any(reason >= 0x80 for reason in packet.reasons):
                self.faults.append(f"{self.name}: SUBACK {list(packet.reasons)}")
        elif packet.kind == mqtt.DISCONNECT:
            raise Gone(f"DISCONNECT {packet.reason:#x}")
        return packet

    async def subscribe(self, link):
        props = {}
        if self.life == "since":
            props = {"user": [("since", f"{channel}:{cursor}") for channel, cursor in self.cursors.items()]}
        link.send(mqtt.subscribe([(f, 1) for f in self.filters], 1, 5, props))
        while (await self.read(link)).kind != mqtt.SUBACK:
            pass

    def next_break(self):
        """When this one goes away (or stops reading) next, in seconds from now."""
        if self.steady or self.life == "connected":
            return 1.0
        return self.random.uniform(0.5, 3)

    async def stay(self, link):
        """Reads until it is time for a change of the follower's own; the broker's end of it raises Gone."""
        pings = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(self.next_break()):
                    while True:
                        await self.read(link)
            except TimeoutError:
                pass
            if self.stopping:
                return
            if time.monotonic() - pings > 5:
                link.send(mqtt.PING)
                pings = time.monotonic()
            if self.steady or self.life == "connected":
                continue
            if self.life == "slow":
                await asyncio.sleep(self.random.uniform(0.5, 3))
            else:
                return

    async def run(self):
        durable = self.life != "since"
        known = False  # the broker keeps our session
        while not self.stopping:
            link = Link(5)
            try:
                connack = await link.open(
                    self.port, username=self.name, password=self.token.encode(), keep_alive=30, client_id=self.client,
                    clean=not durable, props={"session_expiry": 3600 if durable else 0},
                    receive_buffer=4096 if self.life == "slow" else None)
                self.opened += 1
                if known and durable and not connack.session_present:
                    self.faults.append(f"{self.name}: the durable session was lost")
                since = float("inf")
                if not (known and connack.session_present):  # present, and its filters are not certain: SUBACK did not come
                    async with asyncio.timeout(10):
                        await self.subscribe(link)
                    known, since = True, time.monotonic()
                self.connections.append(Connection(self.opened, since))
                await self.stay(link)
            except (Gone, TimeoutError):
                pass
            finally:
                link.abandon()
                if self.connections and self.connections[-1].number == self.opened:
                    self.connections[-1].until = min(self.connections[-1].until, time.monotonic())
            if not self.stopping:
                pause = 0.05 if self.steady or self.life in ("connected", "slow") else self.random.uniform(0.1, 2)
                await asyncio.sleep(pause)

    def settle(self):
        self.steady = True

    def stop(self):
        self.stopping = True
