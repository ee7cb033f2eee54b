"""What the tests of HTTP share: a neighborsd of its own on the installation's Redis, requests to it and their answers,
sockets on which HTTP is said by hand, CAP documents."""
import http.client
import json
import socket
from datetime import datetime, timedelta, timezone

from case import LEAF, alert, now_ms, unique
from stack import free_port
from watched import WatchedCase

BODY_MS, ANSWER_MS, BODY_MAX = 30000, 20000, 262144
SQUARE = "34.07,-118.04 34.07,-118.02 34.08,-118.02 34.08,-118.04 34.07,-118.04"


def cap_time(ahead=0):
    return (datetime.now(timezone.utc) + timedelta(seconds=ahead)).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def cap(identifier=None, area=f"<polygon>{SQUARE}</polygon>", sent=None, head="", severity="Moderate", status="Actual",
        scope="<scope>Public</scope>", headline="Garage fire", kind="Alert", lives=3600, more=""):
    """A CAP document, as bytes."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>{identifier or unique("cap")}</identifier>
  <sender>fire@example.org</sender>
  <sent>{sent or cap_time()}</sent>
  <status>{status}</status>
  <msgType>{kind}</msgType>
  {scope}
  {head}
  <info>
    <category>Fire</category>
    <event>Structure fire</event>
    <urgency>Immediate</urgency>
    <severity>{severity}</severity>
    <certainty>Observed</certainty>
    <expires>{cap_time(lives)}</expires>
    <headline>{headline}</headline>
    <description>Smoke &lt; over Tyler Avenue. {more}</description>
    <area>
      <areaDesc>El Monte</areaDesc>
      {area}
    </area>
  </info>
</alert>
""".encode()


class Answer:
    """status, headers (names in lower case), body, and what JSON is in it."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:400]}"


class Raw:
    """A socket on which HTTP is said by hand."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.data = b""

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        try:
            part = self.socket.recv(65536)
        except ConnectionResetError:
            part = b""
        self.data += part
        return part

    def answer(self, head=False):
        """The next answer, interim ones too. None: the connection ended before it."""
        while b"\r\n\r\n" not in self.data:
            if not self.more():
                return None
        top, _, self.data = self.data.partition(b"\r\n\r\n")
        lines = top.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = 0 if head else int(headers.get("content-length", 0))
        while len(self.data) < length:
            if not self.more():
                raise AssertionError("the body ends too early")
        body, self.data = self.data[:length], self.data[length:]
        return Answer(int(lines[0].split()[1]), headers, body)

    def ended(self):
        while self.more():
            pass
        return not self.data

    def close(self):
        self.socket.close()


class HttpCase(WatchedCase):
    broker_settings = {}
    own_settings = {"http_body_ms": BODY_MS, "http_answer_ms": ANSWER_MS, "http_body_max": BODY_MAX, "http_idle_s": 10,
                    "http_rate_per_address": 0, "max_connections_per_address": 0, "accept_rate_per_address": 0,
                    "release_delay_ms": 0, "release_households": 2, "release_hysteresis": 0, "cooldown_s": 0, "heartbeat_ms": 500,
                    "agency_alerts_hour": 0,
                    "resident_alerts_hour": 0, "cell_alerts_hour": 0}

    @classmethod
    def setUpClass(cls):
        cls.http_port = free_port()
        cls.broker_settings = HttpCase.own_settings | cls.broker_settings | {"http_port": cls.http_port}
        super().setUpClass()

    def token(self, who):
        """Of somebody enrolled once: enrolling anew would bring back who was revoked."""
        return self.home.tokens.get(who) or self.home.token(who, *self.options(who))

    def bearer(self, who):
        return {"Authorization": f"Bearer {self.token(who)}"}

    def native(self):
        return alert(expires=str(now_ms() + 600000))

    def head_of_post(self, **headers):
        base = self.bearer("agency/fire") | {"Content-Type": "application/json"}
        return base | {name.replace("_", "-"): value for name, value in headers.items()}

    def raw(self, *_):
        connection = Raw(self.http_port)
        self.addCleanup(connection.close)
        return connection

    def ask(self, method, path, body=None, headers=None, over=None):
        connection = over or http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=30)
        connection.request(method, path, body, headers or {})
        found = connection.getresponse()
        answer = Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
        if not over:
            connection.close()
        return answer

    def get(self, path, **headers):
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post_alert(self, body, who="agency/fire", kind=None, path="/v1/alerts", over=None):
        return self.ask("POST", path, body, self.bearer(who) | ({"Content-Type": kind} if kind else {}), over)

    def taken(self, *arguments, status=201, **options):
        answer = self.post_alert(*arguments, **options)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def refused(self, answer, status, field=None):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(set(answer.json), {"code", "field", "rule", "text"})
        self.assertEqual(answer.json["code"], status)
        self.assertTrue(answer.json["rule"] and answer.json["text"])
        if field:
            self.assertIn(field, answer.json["field"])
        return answer

    def feed(self, **question):
        answer = self.ask("POST", "/v1/feed", json.dumps({"near": {"cell": LEAF, "metres": 1600}} | question))
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def in_feed(self, public_id, **question):
        """The alert's feature once the feed has it."""
        found = []

        def there():
            found[:] = [one for one in self.feed(**question)["features"] if one.get("id") == public_id]
            return bool(found)
        self.eventually(there, lambda: public_id)
        return found[0]

    def head(self, method, path, headers, body=b""):
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"] + [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
