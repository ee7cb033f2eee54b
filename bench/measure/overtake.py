"""(g) a correction with 10,000 alerts queued in the outbox: from its publish until a follower sees the end."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from stack import ROOT

from . import pairs

sys.path.append(str(ROOT / "tests/live"))
import mqtt  # noqa: E402

QUEUED = 10_000
LEAF, HERE = "9qh1f5", (34.0768, -118.0316)
DAY_MS = 24 * 3600 * 1000


def alert(identifier, kind, category, **fields):
    content = {"senderAlertId": identifier, "msgType": kind}
    if kind != "CANCEL":
        content |= {"category": category, "headline": "Sample headline", "expires": str(int(time.time() * 1000) + 600_000),
                    "place": {"point": {"latE7": round(HERE[0] * 1e7), "lonE7": round(HERE[1] * 1e7)}}}
    return json.dumps(content | fields).encode()


class Neighborhood:
    """An installation of its own with an agency that alerts and a follower of all that it says."""

    def __init__(self, servers, filters):
        self.servers, self.stack = servers, servers.ours()
        self.agency = self.person("agency/bench", "--name", "Sample Fire Department")
        self.follower = self.person("user/fred")
        self.follower.subscribe(*filters)

    def person(self, name, *options):
        token = self.stack.enroll(name, *options)
        client = mqtt.Client(self.stack.mqtt_port, timeout=60)
        client.connect(client_id="bench", username=name, password=token.encode(), props={"receive_maximum": 65535})
        return client

    def close(self):
        for client in (self.agency, self.follower):
            client.close()
        self.servers.stop(self.stack)

    def seen(self, state, category="fire"):
        self.follower.until(mqtt.PUBLISH, 60, lambda p: f"/{category}/" in p.topic
                            and json.loads(p.payload)["alert"]["state"] == state)

    def publish(self, *words, **fields):
        answer = self.agency.publish("nb/v1/alert", alert(*words, **fields))
        assert answer.reason == 0, answer

    def cancel(self, identifier, before=lambda: None):
        """Milliseconds from the publish of a cancel until the follower sees the end. before(): at the publish."""
        packet = mqtt.publish("nb/v1/alert", alert(f"{identifier}-cancel", "CANCEL", "", references=[identifier]), packet_id=7)
        before()
        began = time.monotonic()
        self.agency.send(packet)
        self.seen("ENDED")
        took = (time.monotonic() - began) * 1000
        self.agency.until(mqtt.PUBACK)
        return took

    # ---- the queue ----

    def processes(self):
        parent = self.stack.processes["neighborsd"].pid
        return [parent, *map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]

    def signal(self, sign):
        for process in self.processes():
            os.kill(process, sign)

    def template(self):
        """Body, area and channels of an alert as the broker stores them."""
        self.publish("template", "ALERT", "other")
        for key in self.stack.redis_command("KEYS", "nb:{s*}:alert:*").split():
            fields = subprocess.run(["redis-cli", "-p", str(self.stack.redis_port), "HMGET", key, "b1", "a1", "c1"],
                                    capture_output=True, check=True).stdout.split(b"\n")
            return fields[:3]
        raise RuntimeError("the template was not stored")

    def fill(self, template):
        """Puts alerts into the outboxes of all senders' tags while neighborsd stands still."""
        now, words = int(time.time() * 1000), []
        body, area, channels = template
        for n in range(QUEUED):
            identifier = f"{n + 1:024x}"
            args = ["FCALL", "nb_alert", "1", f"nb:{{s{n % 64:02x}}}:alert:{identifier}", "1", "", identifier, f"{n:016x}", now,
                    now + 600_000, DAY_MS, body, area, channels, "", f"agency/{n % 64}", "bench", "", "", 1, 0, 0, 3, "", "", 0, 0, 0]
            parts = [part if isinstance(part, bytes) else str(part).encode() for part in args]
            words.append(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        done = subprocess.run(["redis-cli", "-p", str(self.stack.redis_port), "--pipe"], input=b"".join(words),
                              capture_output=True, timeout=60, check=True)
        assert b"errors: 0" in done.stdout, done.stdout

    def queued(self):
        script = "local n = 0 for tag = 0, 63 do n = n + redis.call('XLEN', string.format('nb:{s%02x}:outbox', tag)) end return n"
        return int(self.stack.redis_command("EVAL", script, "0"))


def measure(servers, filters):
    """Milliseconds with nothing else to do, and with all that is queued; and what was queued still when the end was seen."""
    home = Neighborhood(servers, filters)
    try:
        for number in range(3):
            home.publish(f"idle-{number}", "ALERT", "fire")
            home.seen("IN_FORCE")
        idle = sorted(home.cancel(f"idle-{number}") for number in range(3))[1]
        template = home.template()
        home.publish("loaded", "ALERT", "fire")
        home.seen("IN_FORCE")
        home.signal(signal.SIGSTOP)
        home.fill(template)
        assert home.queued() >= QUEUED
        loaded = home.cancel("loaded", before=lambda: home.signal(signal.SIGCONT))
        return idle, loaded, home.queued()
    finally:
        home.close()


def correction(servers, rounds, name, filters):
    found = []
    for number in range(rounds):
        found.append(measure(servers, filters))
        print(f"  {name} {number + 1}/{rounds}", file=sys.stderr, flush=True)
    idle, loaded, left = zip(*found)
    note = f"{min(left)} to {max(left)} alerts were queued still when the end was seen"
    yield pairs.row(f"{name}.more", "ms", "nothing: how much later than on an idle system",
                    [b - a for a, b in zip(idle, loaded)], None, ("<=", 100), note)
    yield pairs.row(f"{name}.vs_idle", "ms", "the same on an idle system", list(loaded), list(idle), None)


def of_followers(servers, rounds, all_of_it):
    place = f"nb/v1/json/near/{LEAF}/1600"
    if all_of_it:
        yield from correction(servers, rounds, "g.correction.among_all", [f"{place}/#"])
    else:
        yield from correction(servers, rounds, "g.correction.its_category", [f"{place}/+/fire/+"])
