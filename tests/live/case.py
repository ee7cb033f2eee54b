"""What the live suites stand on: one private installation for the whole run, and people to be."""
import atexit
import itertools
import json
import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy"))

import log_check  # noqa: E402, F401: holds the logs of every stack against what they may not say
import mqtt  # noqa: E402
from stack import Stack, StackError, free_port  # noqa: E402

# A neighborhood in El Monte and a place well away from it.
LEAF = "9qh1f5"
HERE = (34.0768, -118.0316)
AWAY = (34.3000, -118.4500)
SETTINGS = {"release_delay_ms": 200, "release_households": 2, "release_hysteresis": 0, "cooldown_s": 0, "heartbeat_ms": 500, "cursor_save_ms": 100,
            "connect_timeout_ms": 20000, "max_connections_per_address": 0, "accept_rate_per_address": 0, "accept_rate": 0,
            "http_rate_per_address": 0, "packets_second": 0, "bytes_second": 0, "maximum_packet": 262144, "receive_maximum": 20, "log_level": "info",
            "new_cells_day": 0, "feed_cells_day": 0, "resident_alerts_hour": 0, "cell_alerts_hour": 0, "merge_minutes": 0}

_installation = None
_numbers = itertools.count(1)


class Installation:
    def __init__(self, **settings):
        self.folder = Path(tempfile.mkdtemp(prefix="neighbors-live-"))
        self.stack = Stack(self.folder, settings=SETTINGS | settings)
        self.stack.http_port, self.stack.metrics_port = free_port(), free_port()
        self.tokens = {}
        self.stack.start_redis()
        self.stack.make_keys()
        self.stack.start_broker()

    def token(self, name, *options):
        """Enrols `<role>/<id>`, the first time that it is named."""
        if name not in self.tokens or options:
            self.tokens[name] = self.stack.enroll(name, *options)
        return self.tokens[name]

    def close(self):
        try:
            self.stack.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def installation():
    """The installation of this run, started when first asked for."""
    global _installation
    if _installation is None:
        _installation = Installation()
        atexit.register(close_installation)
    return _installation


def close_installation():
    """StackError when its logs say what they may not."""
    global _installation
    closing, _installation = _installation, None
    if closing:
        closing.close()


def unique(prefix):
    return f"{prefix}-{next(_numbers)}"


def now_ms():
    return int(time.time() * 1000)


def on_one_day(seconds=120):
    """For a test of what is counted a day of UTC: waits for the next one when this one ends within so many seconds."""
    while time.time() % 86400 > 86400 - seconds:
        time.sleep(0.1)


def alert(identifier=None, where=HERE, lives=600, **fields):
    """An alert in JSON, from `fields` over what every alert needs."""
    content = {"senderAlertId": identifier or unique("alert"), "msgType": "ALERT", "category": "crime",
               "headline": "Sample headline", "description": "Somebody tried car doors and went north", "place": point(*where), "expires": str(now_ms() + lives * 1000)} | fields
    return json.dumps({name: value for name, value in content.items() if value is not None}).encode()


def point(latitude, longitude):
    return {"point": {"latE7": round(latitude * 1e7), "lonE7": round(longitude * 1e7)}}


def motion(*events, session=None):
    batch = {"version": 1, "events": [
        {"phase": "PULSE", "kind": "PERSON", "at": str(now_ms()), "activityId": unique("activity")} | event
        for event in events or [{}]]}
    if session:
        batch["session"] = str(session)
    return json.dumps(batch).encode()


class LiveCase(unittest.TestCase):
    """Connections opened by client() are closed after each test."""

    longMessage = True

    def setUp(self):
        self.home = installation()
        self.port = self.home.stack.mqtt_port

    def raw(self, version=5):
        """A TCP connection on which nothing was said yet."""
        connection = mqtt.Client(self.port, version)
        self.addCleanup(connection.close)
        return connection

    def credentials(self, who):
        return {"username": who, "password": self.home.token(who, *self.options(who)).encode()}

    @staticmethod
    def options(who):
        role, identifier = who.split("/")
        if role in ("device", "edge"):
            return ["--household", f"home-{identifier}", "--at", f"{HERE[0]},{HERE[1]}", "--share", "person",
                    "--verified-since", "-30d"]
        return ["--name", f"Agency {identifier}"] if role == "agency" else []

    def client(self, who="user/ann", version=5, **options):
        """A connection that is through CONNECT; the CONNACK is client.connack."""
        credentials = self.credentials(who)  # first: who is enrolled for this takes his time, and a connection has to say who comes
        connection = self.raw(version)
        options.setdefault("client_id", unique("client"))
        connection.connack = connection.connect(**credentials, **options)
        self.assertEqual(connection.connack.reason, 0, connection.connack)
        return connection

    def follower(self, who="user/fred", filters=("nb/v1/json/near/9qh1f5/1600/#",), **options):
        connection = self.client(who, **options)
        self.assertTrue(all(reason <= 2 for reason in connection.subscribe(*filters)))
        return connection

    def items(self, connection, wanted, timeout=30):
        """Reads FeedItems until wanted(item) is true for one; gives back (packet, item) of it."""
        packet = connection.until(mqtt.PUBLISH, timeout, lambda p: "/inbox/" not in p.topic and wanted(json.loads(p.payload)))
        return packet, json.loads(packet.payload)

    def headline(self, connection, headline, timeout=30):
        return self.items(connection, lambda item: item.get("alert", {}).get("headline") == headline, timeout)
