"""A device that sends motion and goes on until everything it sent is acknowledged, whatever happens to the broker.

It reconnects, and sends again what was not acknowledged, as the contract asks: with numbers the same session and numbers
(MQTT 5); without numbers the same events (3.1.1); at QoS 2 the same packet identifiers in its durable session."""
import asyncio
import json
import random
import time
from dataclasses import dataclass, field

import mqtt
from link import Gone, Link

WINDOW = 127  # highest number sent minus lowest unacknowledged stays below 128


@dataclass
class Message:
    payload: bytes
    activities: list
    first: int  # its lowest event number
    packet_id: int = 0
    received: bool = False  # QoS 2: PUBREC came


@dataclass
class Sender:
    name: str
    token: str
    port: int
    style: str  # "numbered", "plain" (3.1.1 without numbers), "twice" (3.1.1 at QoS 2)
    prefix: str  # of its activity ids, unlike any other's
    rate: float  # events a second
    largest_batch: int
    encode: object  # events -> payload
    seed: int
    confirmed: set = field(default_factory=set)
    sent: set = field(default_factory=set)
    faults: list = field(default_factory=list)
    connections: int = 0
    resent: int = 0

    def __post_init__(self):
        self.random = random.Random(self.seed)
        self.version = 5 if self.style == "numbered" else 4
        self.qos = 2 if self.style == "twice" else 1
        self.session = int(time.time() * 1000)
        self.number = 0
        self.waiting = []  # messages without their last acknowledgement, oldest first
        self.packet_id = 0
        self.stopping = False

    def compose(self):
        count = self.random.choice([1, 1, 1, self.random.randint(1, self.largest_batch)])
        events, first = [], self.number + 1
        for _ in range(count):
            self.number += 1
            event = {"activity_id": f"{self.prefix}-{self.number}", "at": int(time.time() * 1000)}
            if self.style == "numbered":
                event["seq"] = self.number
            events.append(event)
        activities = [event["activity_id"] for event in events]
        return Message(self.encode(self.session if self.style == "numbered" else 0, events), activities, first)

    def room(self):
        if self.style == "numbered":
            lowest = self.waiting[0].first if self.waiting else self.number + 1
            return self.number + self.largest_batch - lowest < WINDOW
        return len(self.waiting) < 20

    def publish(self, link, message, again=False):
        link.send(mqtt.publish("nb/v1/motion", message.payload, self.qos, message.packet_id, self.version,
                               dup=again and self.qos == 2))

    def identify(self):
        taken = {m.packet_id for m in self.waiting}
        while True:
            self.packet_id = self.packet_id % 65535 + 1
            if self.packet_id not in taken:
                return self.packet_id

    def resume(self, link, present):
        """Sends again what waits. At QoS 2 the session must have outlived the connection."""
        if self.style == "twice" and self.connections > 1 and not present:
            self.faults.append(f"{self.name}: the durable session was lost")
        self.resent += len(self.waiting)
        for message in self.waiting:
            if message.received:
                link.send(mqtt.ack(mqtt.PUBREL, message.packet_id, self.version))
            else:
                if self.qos == 1:
                    message.packet_id = self.identify()
                self.publish(link, message, again=True)

    def acknowledged(self, link, packet):
        message = next((m for m in self.waiting if m.packet_id == packet.packet_id), None)
        if message is None:
            if packet.kind != mqtt.PUBCOMP:
                self.faults.append(f"{self.name}: acknowledgement of unknown packet {packet.packet_id}")
            return
        if packet.reason >= 0x80 or packet.props.get("user"):
            self.faults.append(f"{self.name}: refused {packet.reason:#x} {packet.props}")
        if packet.kind == mqtt.PUBREC:
            message.received = True
            self.confirmed.update(message.activities)
            link.send(mqtt.ack(mqtt.PUBREL, message.packet_id, self.version))
        else:
            self.confirmed.update(message.activities)
            self.waiting.remove(message)

    async def listen(self, link):
        while True:
            packet = await link.receive()
            if packet.kind in (mqtt.PUBACK, mqtt.PUBREC, mqtt.PUBCOMP):
                self.acknowledged(link, packet)
                self.heard = time.monotonic()
            elif packet.kind == mqtt.DISCONNECT:
                raise Gone(f"DISCONNECT {packet.reason:#x}")

    async def talk(self, link):
        due = time.monotonic()
        burst = False  # now and then it fills its window at once, as a spool does after an outage
        while not (self.stopping and not self.waiting):
            now = time.monotonic()
            if self.waiting and now - self.heard > 3:
                raise Gone("no acknowledgement for 3 s")
            if not self.waiting:
                self.heard = now
            if not self.stopping and now >= due and self.room():
                message = self.compose()
                message.packet_id = self.identify()
                self.waiting.append(message)
                self.sent.update(message.activities)
                self.publish(link, message)
                due = max(due + len(message.activities) / self.rate, now - 0.2)
                burst = self.random.random() < (0.95 if burst else 0.02)
                if burst:
                    due = now
                else:
                    await link.drain()
            else:
                await asyncio.sleep(0.002)

    async def run(self):
        """Until stop() was called and everything is acknowledged."""
        while not (self.stopping and not self.waiting):
            link = Link(self.version)
            try:
                connack = await link.open(self.port, username=self.name, password=self.token.encode(), keep_alive=30,
                                          clean=self.style != "twice", client_id=f"kill-{self.name.split('/')[1]}")
                self.connections += 1
                self.heard = time.monotonic()
                self.resume(link, connack.session_present)
                async with asyncio.TaskGroup() as group:
                    listening = group.create_task(self.listen(link))
                    await self.talk(link)
                    listening.cancel()
            except (Gone, ExceptionGroup) as error:
                others = error.split(Gone)[1] if isinstance(error, ExceptionGroup) else None
                if others is not None:
                    raise others
                await asyncio.sleep(0.05 + self.random.random() * 0.2)
            finally:
                link.abandon()

    def stop(self):
        self.stopping = True


def json_batch(session, events, kind="PERSON"):
    """A MotionBatch in the JSON mapping."""
    batch = {"version": 1, "events": [
        {"seq": str(e["seq"]) if "seq" in e else "0", "activityId": e["activity_id"], "phase": "PULSE", "kind": kind,
         "at": str(e["at"]), "confidence": 90} for e in events]}
    if session:
        batch["session"] = str(session)
    return json.dumps(batch).encode()
