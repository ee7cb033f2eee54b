"""Somebody who tells the neighborhood: alerts with updates, changes of place, cancels and expiry, each step sent again
until it is acknowledged, and the next one only then."""
import asyncio
import json
import random
import time
from dataclasses import dataclass, field

import mqtt
from link import Gone, Link


@dataclass
class Step:
    headline: str  # unlike any other's: followers are compared by it
    kind: str  # ALERT, UPDATE, CANCEL
    here: bool  # whether it concerns the followers
    lives: float  # seconds from its making to its expiry
    expires: float  # wall clock, seconds
    payload: bytes = b""
    first_sent: float = 0  # monotonic
    confirmed: float = 0


@dataclass
class Story:
    """One alert through its life."""
    name: str
    steps: list = field(default_factory=list)


@dataclass
class Author:
    name: str
    token: str
    port: int
    prefix: str
    here: tuple  # latitude, longitude
    away: tuple
    seed: int
    stories: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    def __post_init__(self):
        self.random = random.Random(self.seed)
        self.stopping = False
        self.packet_id = 0

    def place(self, here):
        latitude, longitude = self.here if here else self.away
        center = {"latE7": round(latitude * 1e7), "lonE7": round(longitude * 1e7)}
        return {"circle": {"center": center, "radiusM": 100}} if self.random.random() < 0.5 else {"point": center}

    def compose(self, story, kind, here=True, lives=3600):
        number = len(story.steps) + 1
        identifier = f"{story.name}-{number}"
        now = time.time()
        alert = {"version": 1, "senderAlertId": identifier, "msgType": kind}
        if kind != "ALERT":
            alert["references"] = [step.headline for step in story.steps[-1:]]
        if kind != "CANCEL":
            alert |= {"category": self.random.choice(["crime", "safety", "suspicious", "other"]), "severity": "MODERATE",
                      "headline": identifier, "description": "Tries car doors, goes north", "place": self.place(here), "effective": str(int(now * 1000)),
                      "expires": str(int((now + lives) * 1000))}
        step = Step(identifier, kind, here, lives, now + lives, json.dumps(alert).encode())
        story.steps.append(step)
        return step

    async def send(self, step):
        """Until it is acknowledged; False when its time was over before that, so that nobody knows whether it was stored."""
        while not step.confirmed:
            link = Link(5)
            try:
                await link.open(self.port, username=self.name, password=self.token.encode(), keep_alive=30,
                                client_id=f"kill-{self.name.split('/')[1]}")
                self.packet_id = self.packet_id % 65535 + 1
                step.first_sent = step.first_sent or time.monotonic()
                link.send(mqtt.publish("nb/v1/alert", step.payload, 1, self.packet_id))
                async with asyncio.timeout(3):
                    while (packet := await link.receive()).kind != mqtt.PUBACK:
                        pass
                if packet.reason == 0x99 and step.expires < time.time() + 1:
                    return False
                if packet.reason >= 0x80:
                    self.faults.append(f"{self.name}: {step.headline} refused {packet.reason:#x} {packet.props}")
                step.confirmed = time.monotonic()
            except (Gone, TimeoutError):
                await asyncio.sleep(self.random.uniform(0.05, 0.3))
            finally:
                link.abandon()
        return True

    async def pause(self):
        until = time.monotonic() + self.random.uniform(0.1, 1.2)
        while time.monotonic() < until and not self.stopping:
            await asyncio.sleep(0.02)

    async def tell(self, story):
        if not await self.send(self.compose(story, "ALERT", here=self.random.random() < 0.85,
                                            lives=3600 if self.random.random() < 0.7 else self.random.uniform(3, 6))):
            return
        while story.steps[-1].lives > 60 and story.steps[-1].kind != "CANCEL":
            await self.pause()
            if self.stopping:
                return
            turn = self.random.random()
            if turn < 0.4:
                step = self.compose(story, "UPDATE", here=story.steps[-1].here)
            elif turn < 0.6:
                step = self.compose(story, "UPDATE", here=not story.steps[-1].here)
            elif turn < 0.75:
                step = self.compose(story, "UPDATE", here=story.steps[-1].here, lives=self.random.uniform(3, 6))
            elif turn < 0.9:
                step = self.compose(story, "CANCEL", here=False)
            else:
                return  # stays in force
            await self.send(step)

    async def run(self):
        while not self.stopping:
            story = Story(f"{self.prefix}-{len(self.stories) + 1}")
            self.stories.append(story)
            await self.tell(story)
            await self.pause()

    def stop(self):
        self.stopping = True
