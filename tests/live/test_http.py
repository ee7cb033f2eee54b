"""HTTP: requests and their bodies however they are sent, alerts posted by agencies, the public feed as GeoJSON, the
agencies' alerts as CAP documents and their Atom feed. Against a neighborsd of its own on the installation's Redis."""
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import time
import unittest
import xml.etree.ElementTree as xml
from datetime import datetime, timedelta, timezone

import mqtt
from case import HERE, LEAF, ROOT, alert, motion, now_ms, point, unique
from stack import free_port
from watched import WatchedCase

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
ATOM = "{http://www.w3.org/2005/Atom}"
GEORSS = "{http://www.georss.org/georss}"
SCHEMA = ROOT.parent / "shared/data/cap/schema/CAP-v1.2.xsd"
BODY_MS, ANSWER_MS, BODY_MAX = 1500, 20000, 262144
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


class Requests(HttpCase):
    """What HTTP asks of a server, whatever is served."""

    PATHS = ("/healthz", "/v1/feed?cells=u33db1", "/v1/cap.atom")  # a quiet place, where nothing changes in between

    def native(self):
        return alert(expires=str(now_ms() + 600000))

    def head_of_post(self, **headers):
        base = self.bearer("agency/fire") | {"Content-Type": "application/json"}
        return base | {name.replace("_", "-"): value for name, value in headers.items()}

    def test_head_is_get_without_the_body(self):
        for path in self.PATHS:
            there, bare = self.get(path), self.ask("HEAD", path)
            self.assertEqual((bare.status, bare.body), (there.status, b""), path)
            for name in ("content-type", "content-length"):
                self.assertEqual(bare.headers.get(name), there.headers.get(name), (path, name))
            connection = self.raw()
            connection.send(self.head("HEAD", path, {}) * 2)
            self.assertEqual([connection.answer(head=True).status for _ in range(2)], [200, 200])

    def test_methods_that_a_path_has_not(self):
        for method, path, allowed in (("POST", "/healthz", "GET, HEAD"), ("GET", "/v1/alerts", "POST"),
                                      ("DELETE", "/v1/feed", "GET, HEAD, POST, OPTIONS"), ("PUT", "/v1/cap.atom", "GET, HEAD, OPTIONS"),
                                      ("POST", "/v1/cap/0", "GET, HEAD, OPTIONS")):
            answer = self.refused(self.ask(method, path, b"" if method in ("POST", "PUT") else None), 405, "method")
            self.assertEqual(answer.headers["allow"], allowed)
        answer = self.ask("OPTIONS", "/v1/feed")
        self.assertEqual((answer.status, answer.headers["access-control-allow-origin"]), (204, "*"))
        self.assertEqual(self.get(self.PATHS[1]).headers["access-control-allow-origin"], "*")
        self.assertNotIn("access-control-allow-origin", self.post_alert(self.native()).headers)

    def test_paths_that_are_not_there(self):
        for path in ("/v1", "/v1/", "/v1/none", "/v1/cap", "/v1/feed/", "/v1/alerts/1", "/mqtt/x", "/v1/%00", "/metrics"):
            self.refused(self.get(path), 404, "path")
        self.assertIn(self.get("/" + "a" * 2000).status, (404, 414))

    def test_bodies_without_a_readable_length(self):
        cases = ((411, {}), (411, {"Transfer-Encoding": "chunked"}), (411, {"Transfer-Encoding": "chunked", "Content-Length": "5"}),
                 (400, {"Content-Length": "-1"}), (400, {"Content-Length": "abc"}), (400, {"Content-Length": "0x10"}),
                 (400, {"Content-Length": "99999999999999999999"}), (400, {"Content-Length": "+5"}),
                 (413, {"Content-Length": str(BODY_MAX + 1)}), (413, {"Content-Length": "99999999999999999"}))
        self.assertEqual(self.ask("POST", "/v1/feed", b" " * 16384).status, 400)
        self.refused(self.ask("POST", "/v1/feed", b" " * 16385), 413)
        before, crowd = self.counters(), []
        for path in ("/v1/alerts", "/v1/feed"):
            for status, length in cases:
                crowd.append((self.raw(), status))
                crowd[-1][0].send(self.head("POST", path, self.bearer("agency/fire") | length, b"5\r\nhello\r\n0\r\n\r\n"))
        for connection, status in crowd:
            answer = self.refused(connection.answer(), status)
            self.assertEqual(answer.headers["connection"], "close")
            self.assertTrue(connection.ended())
        self.counted(before, http_bodies_refused=2 * len(cases))

    def test_two_lengths(self):
        connection = self.raw()
        connection.send(b"POST /v1/feed HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}" + b" " * 38)
        self.refused(connection.answer(), 400, "content-length")

    def test_a_body_that_is_too_large_hears_why(self):
        """Even who sends all of it first, as many clients do, reads the answer."""
        connection = self.raw()
        connection.send(self.head("POST", "/v1/alerts", self.head_of_post(Content_Length=str(BODY_MAX * 4))))
        connection.send(bytes(BODY_MAX * 4))
        self.refused(connection.answer(), 413, "content-length")
        self.assertTrue(connection.ended())

    def test_the_largest_body(self):
        answer = self.post_alert(self.native() + b" " * (BODY_MAX - len(self.native()) - 20))
        self.assertEqual(answer.status, 201, answer)

    def test_expect_continue(self):
        connection, body = self.raw(), self.native()
        connection.send(self.head("POST", "/v1/alerts", self.head_of_post(Content_Length=len(body), Expect="100-continue")))
        self.assertEqual(connection.answer().status, 100)
        connection.send(body)
        self.assertEqual(connection.answer().status, 201)
        connection.send(self.head("GET", "/healthz", {}))
        self.assertEqual(connection.answer().status, 200)

    def test_expect_what_will_not_be(self):
        for path, headers, status in (
                ("/v1/alerts", {"Content-Length": "1000000000"}, 413), ("/v1/none", {"Content-Length": "9"}, 404),
                ("/v1/alerts", {"Content-Length": "9", "Content-Type": "image/png"}, 415)):
            connection = self.raw()
            connection.send(self.head("POST", path, self.bearer("agency/fire") | {"Expect": "100-continue"} | headers))
            self.refused(connection.answer(), status)
        connection = self.raw()
        connection.send(self.head("POST", "/v1/alerts", {"Expect": "100-continue", "Content-Length": "9"}))
        self.refused(connection.answer(), 401)
        connection = self.raw()
        connection.send(self.head("POST", "/v1/alerts", self.head_of_post(Content_Length="9", Expect="200-ok")))
        self.refused(connection.answer(), 417, "expect")

    def test_one_connection_for_many(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=30)
        self.addCleanup(connection.close)
        connection.connect()
        plain = connection.sock
        for _ in range(5):
            self.taken(self.native(), over=connection)
            self.assertEqual(self.ask("GET", "/healthz", over=connection).status, 200)
            self.assertEqual(self.ask("POST", "/v1/feed", b"{}", over=connection).status, 400)
            self.assertEqual(self.ask("GET", "/v1/none", over=connection).status, 404)
        self.assertIs(connection.sock, plain)

    def test_who_wants_it_closed(self):
        for request in (b"GET /healthz HTTP/1.0\r\n\r\n", self.head("GET", "/healthz", {"Connection": "close"})):
            connection = self.raw()
            connection.send(request)
            self.assertEqual(connection.answer().status, 200)
            self.assertTrue(connection.ended())

    def test_pipelined(self):
        """Requests without a body are answered in order; one with a body among them is not begun, and its client told so by
        the end of the connection. What follows a whole body is no part of it."""
        connection = self.raw()
        connection.send(b"".join(self.head("GET", path, {}) for path in self.PATHS * 3))
        self.assertEqual([connection.answer().status for _ in range(9)], [200] * 9)
        for filler in (b"", b"    ", self.head("GET", "/healthz", {})):
            connection, body = self.raw(), self.native()
            connection.send(self.head("GET", "/healthz", {}) +
                            self.head("POST", "/v1/alerts", self.head_of_post(Content_Length=len(body)), body) + filler)
            self.assertEqual(connection.answer().status, 200)
            self.assertIsNone(connection.answer())
        connection, body = self.raw(), self.native()
        connection.send(self.head("POST", "/v1/alerts", self.head_of_post(Content_Length=len(body)), body) +
                        self.head("GET", "/healthz", {}))
        self.assertEqual([connection.answer().status for _ in range(2)], [201, 200])

    def test_a_head_in_pieces(self):
        connection, body = self.raw(), self.native()
        for byte in self.head("POST", "/v1/alerts", self.head_of_post(Content_Length=len(body)), body):
            connection.send(bytes([byte]))
        self.assertEqual(connection.answer().status, 201)

    def test_bodies_that_do_not_come(self):
        before, began = self.counters(), time.monotonic()
        crowd = []
        for part in (b"", b"{", self.native()[:-1]):
            connection = self.raw()
            connection.send(self.head("POST", "/v1/alerts", self.head_of_post(Content_Length=len(self.native())), part))
            crowd.append(connection)
        drop = self.raw()  # a byte at a time is no excuse
        drop.send(self.head("POST", "/v1/feed", {"Content-Length": "1000"}))
        drop.socket.settimeout(0.05)
        while not drop.data:
            drop.send(b" ")
            try:
                drop.more()
            except socket.timeout:
                pass
            self.assertLess(time.monotonic() - began, 60, "a body that drops in is waited for")
        drop.socket.settimeout(30)
        for connection in crowd + [drop]:
            self.refused(connection.answer(), 408, "body")
            self.assertTrue(connection.ended())
        self.counted(before, http_bodies_refused=4, http_timeouts=4)

    def test_who_leaves_early(self):
        """In the middle of its body, or before its answer: that harms nobody, and what was sent whole is taken."""
        before = self.counters()
        for size in (0, 1, 100):
            connection = self.raw()
            connection.send(self.head("POST", "/v1/alerts", self.head_of_post(Content_Length=1000), b" " * size))
            connection.close()
        self.counted(before, http_bodies_refused=3)
        headlines = [unique("left") for _ in range(10)]
        for headline in headlines:
            body = alert(headline=headline, expires=str(now_ms() + 600000))
            connection = self.raw()
            connection.send(self.head("POST", "/v1/alerts", self.head_of_post(Content_Length=len(body)), body))
            connection.close()
        self.eventually(lambda: set(headlines) <= {one["properties"].get("headline") for one in self.feed()["features"]})
        for _ in range(50):
            connection = self.raw()
            connection.send(self.head("GET", self.PATHS[1], {}))
            connection.close()

    def test_routes_are_counted(self):
        def counted():
            page = self.ask_metrics()
            return {(route, status): int(value) for route, status, value in
                    re.findall(r'http_requests_total\{[^}]*route="([^"]+)",status="(\dxx)"\} (\d+)', page)}
        before = counted()
        self.taken(self.native())
        self.get(self.PATHS[1])
        self.get("/v1/none")
        self.get("/v1/cap/0")
        after = counted()
        for key in (("alerts", "2xx"), ("feed", "2xx"), ("elsewhere", "4xx"), ("cap", "4xx")):
            self.assertEqual(after[key] - before[key], 1, key)

    def ask_metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=30)
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        connection.close()
        return page

    def test_nothing_asked_is_logged(self):
        secret = unique("secretcell")
        self.get(f"/v1/feed?cells={secret}")
        self.get(f"/v1/none?{secret}")
        self.post_alert(self.native(), path=f"/v1/alerts?preview&{secret}")
        self.ask("POST", "/v1/alerts", b"", {"Authorization": f"Bearer {secret}"})
        self.refused(self.ask("GET", f"/v1/cap/{secret}"), 404)
        log = (self.home.stack.logs / f"{self.own.name}.log").read_text(errors="replace")
        self.assertIn("http_not_authorized", log)
        self.assertNotIn(secret, log)
        self.assertNotIn(self.token("agency/fire"), log)


class Crowded(HttpCase):
    """Bounds: memory, rates, slow readers."""

    broker_settings = {"http_memory": 1 << 20, "http_rate_per_address": 5, "http_body_ms": 60000}

    def test_memory_is_bounded(self):
        crowd, told = [], []
        for _ in range(8):
            connection = self.raw()
            connection.send(self.head("POST", "/v1/alerts", self.bearer("agency/fire") | {"Content-Length": str(BODY_MAX)}))
            crowd.append(connection)
        by_socket = {connection.socket: connection for connection in crowd}
        for _ in range(4):  # four bodies of this size are all that may be held
            readable = select.select(list(by_socket), [], [], 30)[0]
            self.assertTrue(readable)
            refused = self.refused(by_socket.pop(readable[0]).answer(), 503, "memory")
            self.assertGreater(int(refused.headers["retry-after"]), 0)
        self.assertEqual(select.select(list(by_socket), [], [], 0.2)[0], [])
        for connection in crowd:
            connection.close()
        self.eventually(lambda: told.append(self.post_alert(alert(expires=str(now_ms() + 600000))).status) or told[-1] == 201)

    def test_rates_of_an_address(self):
        before, crowd = self.counters(), [self.raw() for _ in range(20)]
        for connection in crowd:  # at once
            connection.send(self.head("GET", "/v1/cap.atom", {}))
        answers = [connection.answer() for connection in crowd]
        refused = [answer for answer in answers if answer.status != 200]
        self.assertTrue(0 < len(refused) < 20)
        for answer in refused:
            self.refused(answer, 429, "rate")
            self.assertEqual(answer.headers["retry-after"], "1")
        self.assertEqual(self.get("/healthz").status, 200)
        self.counted(before, http_rationed=len(refused))
        self.eventually(lambda: self.get("/v1/cap.atom").status == 200)


class Slow(HttpCase):
    """Who does not read its answer costs neither the time of others nor the processor's."""

    quiet = True

    def busy(self):
        """Seconds of processor that neighborsd has used."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_readers_that_are_slow_and_send_on(self):
        corners = " ".join(f"{52.5 + i % 2 * 1e-4 + i * 1e-7:.7f},{13.4 + i * 1e-6:.7f}" for i in range(4000))
        ring = f"{corners} 52.6,13.404 52.6,13.4 {corners.split()[0]}"
        for _ in range(40):
            self.taken(cap(area=f"<polygon>{ring}</polygon>"))
        path, size = "/v1/feed?cells=u33d", []

        def much():
            size.append(len(self.get(path).body))
            return size[-1] > 3 << 20
        self.eventually(much, lambda: size[-3:])
        crowd = []
        for follows in (b"", self.head("GET", "/healthz", {}) * 3):
            plain = socket.socket()
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.connect(("127.0.0.1", self.http_port))
            self.addCleanup(plain.close)
            plain.sendall(self.head("GET", path, {}) + follows)
            crowd.append(plain)
        before, began = self.busy(), time.monotonic()
        answered = 0
        while answered <= 20 or time.monotonic() - began < 2:
            self.assertEqual(self.get("/healthz").status, 200)
            answered += 1
        idle = self.busy()
        select.select([], [], [], 1)
        self.assertLess(self.busy() - idle, 0.5, f"it spins; {idle - before} s before")
        patient, pushing = crowd
        self.assertTrue(self.whole(patient).startswith(b"HTTP/1.1 200"))
        self.assertLess(len(self.whole(pushing)), size[-1])

    def whole(self, plain):
        """All that comes until it ends, or the answer is whole."""
        plain.settimeout(30)
        data, length = b"", None
        while length is None or len(data) < length:
            try:
                part = plain.recv(1 << 20)
            except ConnectionResetError:
                break
            if not part:
                break
            data += part
            top = data.find(b"\r\n\r\n")
            if length is None and top > 0:
                length = top + 4 + int(re.search(rb"content-length: (\d+)", data[:top])[1])
        return data


class StoreAway(HttpCase):
    quiet = True
    broker_settings = {"http_answer_ms": 1500}

    def test_posts_wait_and_then_nothing_is_known(self):
        redis, body = self.home.stack.processes["redis"], cap()
        self.taken(cap())  # the principal is known
        os.kill(redis.pid, signal.SIGSTOP)
        try:
            answer = self.refused(self.post_alert(body), 503, "store")
            self.assertIn("nothing is known", answer.json["rule"])
            self.assertGreater(int(answer.headers["retry-after"]), 0)
            self.refused(self.get(f"/v1/feed?cells={LEAF}"), 503, "store")
            self.refused(self.get("/v1/cap.atom"), 503, "store")
        finally:
            os.kill(redis.pid, signal.SIGCONT)
        statuses = []

        def stored():
            statuses.append(self.post_alert(body).status)
            return statuses[-1] in (200, 201)
        self.eventually(stored, lambda: statuses)
        self.taken(body, status=200)


class Posted(HttpCase):
    """POST /v1/alerts: who may, what is read, what is answered."""

    def test_who_may_not(self):
        for header in (None, "", "Bearer", "Bearer ", "Bearer x.y.z", "Basic dXNlcjpwYXNz", f"bearer{self.token('agency/fire')}",
                       f"Bearer {self.token('agency/fire')[:-2]}", f"Token {self.token('agency/fire')}"):
            answer = self.ask("POST", "/v1/alerts", cap(), {"Authorization": header} if header is not None else {})
            self.refused(answer, 401, "authorization")
            self.assertTrue(answer.headers["www-authenticate"].startswith("Bearer"))
        for who in ("device/cam", "edge/box"):
            self.refused(self.post_alert(cap(), who), 403)
        self.refused(self.post_alert(cap(), "user/ann"), 403)
        answer = self.ask("POST", "/v1/alerts", cap(), {"Authorization": f"bEaReR   {self.token('agency/fire')}"})
        self.assertEqual(answer.status, 201, answer)

    def test_who_may_no_more(self):
        who = f"agency/{unique('gone')}"
        self.taken(cap(), who)
        self.home.stack.neighbors("revoke", who)
        self.eventually(lambda: self.post_alert(cap(), who).status == 401)

    def test_types(self):
        plain = alert(expires=str(now_ms() + 600000))
        for kind in ("application/cap+xml", "text/xml", "application/xml", "Application/CAP+XML; charset=utf-8",
                     "application/x-www-form-urlencoded", None):
            self.taken(cap(), kind=kind)
        for kind in ("application/json", "application/json; charset=utf-8", "application/x-www-form-urlencoded", None):
            self.taken(alert(expires=str(now_ms() + 600000)), kind=kind)
        for kind in ("text/plain", "image/png", "application/xhtml+xml", "application/jsonx", "x"):
            self.refused(self.post_alert(plain, kind=kind), 415, "content-type")
        self.refused(self.post_alert(b"hello"), 422)
        self.refused(self.post_alert(b""), 422)
        self.refused(self.post_alert(cap(), kind="application/json"), 422)
        self.refused(self.post_alert(plain, kind="text/xml"), 422)

    def test_repeats_and_conflicts(self):
        body = alert(expires=str(now_ms() + 600000))
        first = self.taken(body, kind="application/json")
        self.assertEqual(set(first), {"public_id", "revision"})
        again = self.taken(body, kind="application/json", status=200)
        self.assertEqual((again["public_id"], again["repeat"]), (first["public_id"], True))
        other = json.dumps(json.loads(body) | {"headline": "Another"})
        self.refused(self.post_alert(other, kind="application/json"), 409, "sender_alert_id")
        document = cap()
        self.assertEqual(self.taken(document)["public_id"], self.taken(document, status=200)["public_id"])

    def test_what_nobody_will_see_is_taken_and_says_so(self):
        staff = cap(scope="<scope>Restricted</scope><restriction>staff</restriction>")
        self.assertRegex(self.taken(staff)["not_shown"], "^R24: ")
        over = cap(sent=cap_time(-7200), lives=-3600)
        self.assertRegex(self.taken(over)["not_shown"], "^R32: ")
        name, sent = unique("cap"), cap_time()
        self.assertNotIn("not_shown", self.taken(cap(name, sent=sent)))
        for named, told in ((name + "-mistyped", True), (name, False)):
            cancel = cap(kind="Cancel", head=f"<references>fire@example.org,{named},{sent}</references>")
            self.assertEqual("not_shown" in self.taken(cancel), told, named)

    def test_rules(self):
        for change in ({"category": None}, {"headline": ""}, {"place": None}, {"nonsense": 1}):
            answer = self.post_alert(alert(**({"expires": str(now_ms() + 600000)} | change)), kind="application/json")
            self.refused(answer, 422)
        answer = self.refused(self.post_alert(cap(area="<polygon>34,-118 35,-118 35,-117</polygon>")), 422)
        self.assertRegex(answer.json["rule"], "^R38")

    def test_a_text_cannot_end_the_answer_early(self):
        quote = '"}\\n{"code":200,"'
        answer = self.post_alert(json.dumps({"senderAlertId": "x", quote: 1}), kind="application/json")
        self.refused(answer, 422)

    def test_preview_stores_nothing(self):
        document = cap(headline=unique("preview"))
        for query in ("?preview", "?preview=1", "?a=b&preview=true"):
            answer = self.post_alert(document, path=f"/v1/alerts{query}")
            self.assertEqual(answer.status, 200, answer)
            seen = answer.json
            self.assertEqual(set(seen), {"cells", "area_km2", "followers", "approval", "refused"})
            self.assertIn("9qh1f", seen["cells"])
            self.assertAlmostEqual(seen["area_km2"], 2.05, delta=0.1)
            self.assertIs(seen["approval"], False)
        self.assertEqual(self.taken(document)["revision"], 1)  # no repeat

    def test_a_preview_of_many_small_places_holds_nobody_up(self):
        """Near the pole, where leaf cells are narrow and channels many: a million cells lie at an edge."""
        circles = "".join(f"<circle>{88 + i * 83 % 500 / 250:.3f},{i * 0.72 - 180:.2f} 1</circle>" for i in range(500))
        answer = self.post_alert(cap(area=circles), path="/v1/alerts?preview")
        self.assertEqual(answer.status, 200, answer)
        self.assertGreater(answer.json["area_km2"], 1000)

    def test_what_waits_for_a_second_officer(self):
        answer = self.post_alert(cap(severity="Extreme"), path="/v1/alerts?preview")
        self.assertIs(answer.json["approval"], True)
        held = self.taken(cap(severity="Extreme"))
        self.assertIs(held["pending"], True)
        self.refused(self.get(f"/v1/cap/{held['public_id']}"), 404)
        self.refused(self.get(f"/v1/cap/{held['public_id']}/original"), 404)

    def test_parts_that_cannot_be_placed(self):
        area = f"<polygon>{SQUARE}</polygon></area><area><areaDesc>Nowhere</areaDesc>" \
               "<geocode><valueName>SAME</valueName><value>099999</value></geocode>"
        said = self.taken(cap(area=area))
        self.assertEqual(len(said["refused"]), 1)
        self.assertIn("area", said["refused"][0]["field"])
        self.assertIn("099999", said["refused"][0]["rule"])

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_as_readme_says(self):
        path = self.home.folder / "alert.xml"
        for more in ("", "x" * 3000):  # from 1024 bytes on curl asks whether it may go on, and waits for an answer
            path.write_bytes(cap(more=more))
            done = subprocess.run(["curl", "-sv", "--expect100-timeout", "30", "-d", f"@{path}", "-H", f"Authorization: Bearer {self.token('agency/fire')}",
                                   f"http://127.0.0.1:{self.http_port}/v1/alerts"], capture_output=True, text=True, timeout=60)
            self.assertIn("public_id", done.stdout, done.stderr)
            self.assertNotIn("Done waiting for 100-continue", done.stderr)


class Limited(HttpCase):
    broker_settings = {"agency_alerts_hour": 3}

    def test_over_a_limit(self):
        who = f"agency/{unique('busy')}"
        for _ in range(3):
            self.taken(cap(), who)
        answer = self.refused(self.post_alert(cap(), who), 429)
        self.assertTrue(0 < int(answer.headers["retry-after"]) <= 3600)


class Rationed(HttpCase):
    """An identity posts as much in a second as it may send by MQTT."""

    quiet = True  # it would be slowed too
    broker_settings = {"bytes_second": 100}

    def test_who_posts_above_its_rate_waits(self):
        before, long = self.counters(), alert(description="x" * 4000, instruction="x" * 2000, expires=str(now_ms() + 600000))
        self.taken(long, "user/dora")  # what it may send in a minute
        answer = self.refused(self.post_alert(long, "user/dora"), 429, "bytes_second")
        self.assertTrue(1 < int(answer.headers["retry-after"]) <= 64, answer.headers)
        self.assertEqual(answer.headers["connection"], "close")
        self.taken(long, "user/emil")  # others do not wait for it
        self.counted(before, http_rationed=1)


class Feed(HttpCase):
    """/v1/feed: GeoJSON of what a follower of the place would get."""

    quiet = True  # nobody else moves

    def sound(self, collection):
        """What RFC 7946 asks of it."""
        self.assertEqual(collection["type"], "FeatureCollection")
        for one in collection["features"]:
            self.assertEqual(one["type"], "Feature")
            shape = one["geometry"]
            polygons = {"Point": [], "Polygon": [shape["coordinates"]], "MultiPolygon": shape["coordinates"]}[shape["type"]]
            for polygon in polygons:
                for number, ring in enumerate(polygon):
                    self.assertGreaterEqual(len(ring), 4)
                    self.assertEqual(ring[0], ring[-1])
                    turn = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in zip(ring, ring[1:]))
                    self.assertEqual(turn < 0, number == 0, "outlines run against the clock")
            self.assertIn(one["properties"]["item"], ("alert", "activity"))
        return collection

    def test_shapes(self):
        position = {"latE7": round(HERE[0] * 1e7), "lonE7": round(HERE[1] * 1e7)}
        square = [{"latE7": position["latE7"] + n, "lonE7": position["lonE7"] + e} for n, e in
                  ((-9000, -9000), (9000, -9000), (9000, 9000), (-9000, 9000), (-9000, -9000))]
        hole = [{"latE7": position["latE7"] + n, "lonE7": position["lonE7"] + e} for n, e in
                ((-3000, -3000), (3000, -3000), (3000, 3000), (-3000, 3000), (-3000, -3000))]
        beside = [dict(at, lonE7=at["lonE7"] + 40000) for at in square]
        for place, kind in (({"point": position}, "Point"), ({"circle": {"center": position, "radiusM": 500}}, "Polygon"),
                            ({"polygons": {"polygons": [{"rings": [{"points": square}, {"points": hole}]}]}}, "Polygon"),
                            ({"polygons": {"polygons": [{"rings": [{"points": square}]}, {"rings": [{"points": beside}]}]}},
                             "MultiPolygon")):
            said = self.taken(alert(place=place, expires=str(now_ms() + 600000)), kind="application/json")
            seen = self.in_feed(said["public_id"])
            self.assertEqual(seen["geometry"]["type"], kind)
            self.assertEqual("place" in seen["properties"], kind == "Point" or "circle" in place)
        self.sound(self.feed())

    def test_it_is_what_a_follower_gets(self):
        """The same alerts, by the true shape: for circles and cells around, near and far."""
        for n, e in ((0, 0), (0.01, 0), (0, 0.02), (-0.02, 0.01)):
            self.taken(alert(where=(HERE[0] + n, HERE[1] + e), expires=str(now_ms() + 600000)), kind="application/json")
            last = self.taken(alert(expires=str(now_ms() + 600000),
                                    place={"circle": {"center": point(HERE[0] + n, HERE[1] + e)["point"], "radiusM": 700}}),
                              kind="application/json")
        self.in_feed(last["public_id"], near={"cell": LEAF, "metres": 8000})
        for question, place in (({"near": {"cell": LEAF, "metres": 400}}, f"near/{LEAF}/400"),
                                ({"near": {"cell": LEAF, "metres": 1600}}, f"near/{LEAF}/1600"),
                                ({"near": None, "cells": [LEAF]}, f"cell/{LEAF}"),
                                ({"near": None, "cells": ["9qh1f"]}, "cell/9qh1f")):
            credentials = self.credentials("user/fred")
            connection = mqtt.Client(self.mqtt_port)
            self.addCleanup(connection.close)
            connection.connect(client_id=unique("client"), **credentials)
            connection.subscribe(f"nb/v1/json/{place}/incident/#", f"nb/v1/json/{place}/area/#", "nb/v1/json/inbox/#")
            got = {}

            def whole(packet):
                if "/inbox/heartbeat" in packet.topic:
                    return True
                item = json.loads(packet.payload)["alert"]
                got[item["publicId"]] = (item["revision"], item["state"])
                return False
            ask = {name: value for name, value in question.items() if value}
            answer = self.ask("POST", "/v1/feed", json.dumps(ask))
            seen = {one["id"]: (one["properties"]["revision"], one["properties"]["state"])
                    for one in self.sound(answer.json)["features"] if one["properties"]["item"] == "alert"}
            deadline = time.monotonic() + 30
            while True:  # with a heartbeat all is told that was read for the follower by then
                connection.until(mqtt.PUBLISH, 30, whole)
                told = {key: value for key, value in got.items() if value[1] == "IN_FORCE"}
                if seen.keys() <= told.keys() or time.monotonic() > deadline:
                    break
            self.assertEqual(seen, told, place)

    def test_activity_and_going_on_behind_it(self):
        homes = [f"device/feed-{n}" for n in range(3)]
        senders = []
        for who in homes:
            credentials = self.credentials(who)
            sender = mqtt.Client(self.mqtt_port)
            self.addCleanup(sender.close)
            sender.connect(client_id=unique("client"), **credentials)
            senders.append(sender)

        def activities(collection):
            return [one for one in collection["features"] if one["properties"]["item"] == "activity"]
        before = self.feed()
        for sender in senders:
            self.assertEqual(sender.publish("nb/v1/motion", motion()).reason, 0)
        self.eventually(lambda: len(activities(self.feed(since=before["since"]))) >= 3)
        after = self.sound(self.feed(since=before["since"]))
        for one in activities(after):
            self.assertEqual(one["properties"]["cell"], LEAF)
            self.assertEqual(one["properties"]["kind"], "PERSON")
            self.assertEqual(int(one["properties"]["at"]) % 60000, 0)
            self.assertEqual(one["geometry"]["type"], "Polygon")
        self.assertTrue(after["complete"])
        self.assertEqual(activities(self.feed(since=after["since"])), [])
        self.assertEqual(activities(self.feed(since=now_ms() + 60000)), [])
        self.assertGreaterEqual(len(activities(self.feed(since=now_ms() - 600000))), 3)
        self.assertGreaterEqual(len(activities(self.feed())), 3)
        far = self.feed(near={"cell": "9qh1c5", "metres": 400})
        self.assertEqual(activities(far), [])
        query = ",".join(before["since"])
        self.assertGreaterEqual(len(activities(self.get(f"/v1/feed?cells={LEAF}&since={query}").json)), 3)

    def test_only_what_is_for_the_public(self):
        hidden = [self.taken(cap(status=status))["public_id"] for status in ("Exercise", "Test", "Draft", "System")]
        hidden.append(self.taken(cap(scope="<scope>Restricted</scope><restriction>crews</restriction>"))["public_id"])
        hidden.append(self.taken(cap(scope="<scope>Private</scope><addresses>a@example.org</addresses>"))["public_id"])
        shown = self.taken(cap())["public_id"]
        self.in_feed(shown)
        seen = {one.get("id") for one in self.feed()["features"]}
        self.assertFalse(seen & set(hidden))
        listed = self.get("/v1/cap.atom").body.decode()
        for public_id in hidden:
            self.assertNotIn(public_id, listed)
            self.refused(self.get(f"/v1/cap/{public_id}"), 404)
            self.refused(self.get(f"/v1/cap/{public_id}/original"), 404)

    def test_questions_that_break_a_rule(self):
        for body in (b"", b"[]", b"{", b"{}", b'{"near":{}}', b'{"near":{"cell":"9qh1f5"}}', b'{"near":{"cell":"9qh1f5","metres":1601}}',
                     b'{"near":{"cell":"9qh1f","metres":1600}}', b'{"near":{"cell":"aaaaaa","metres":1600}}', b'{"cells":["9q"]}',
                     b'{"cells":["9qh1f5aa"]}', b'{"cells":["9qh1f5/#"]}', b'{"cells":["+"]}', b'{"cells":[5]}', b'{"cells":"9qh1f"}',
                     b'{"cells":["9qh1f"],"near":{"cell":"9qh1f5","metres":1600}}', b'{"cells":["9qh1f"],"since":-1}',
                     b'{"cells":["9qh1f"],"since":["9qh1f:xx"]}', b'{"cells":["9qh1f"],"since":{}}', b'{"cells":["9qh1f"],"more":1}',
                     b'{"cells":["9qh1f"],"cells":["9qh1c"]}', b'{"cells":["9qh1f\\u0000"]}',
                     json.dumps({"cells": [f"9qh1f{c}" for c in "0123456789bcdefghjkmnpqrstuvwxyz"] * 3}).encode()):
            self.refused(self.ask("POST", "/v1/feed", body), 400)
        for query in ("", "?cells", "?cells=", "?cells=,", "?cells=9q", "?cells=9qh1f/%23", "?cells=9qh1f&since=x", "?since=1",
                      "?cells=" + ",".join(["9qh1f5"] * 65)):
            self.refused(self.get(f"/v1/feed{query}"), 400)
        self.refused(self.ask("POST", "/v1/feed", b"{}", {"Content-Type": "text/plain"}), 415)
        area = self.ask("POST", "/v1/feed", json.dumps({"cells": [f"9qh{c}" for c in "0123456789bcdefghjkm"]}))
        self.refused(area, 400, "cells")

    def test_it_may_be_kept_for_a_while(self):
        first = self.get(f"/v1/feed?cells={LEAF}")
        self.assertIn("max-age", first.headers["cache-control"])
        self.assertIn("vary", first.headers)
        self.assertTrue(first.headers["etag"].startswith('W/"'))
        self.assertEqual(first.headers["content-type"], "application/geo+json")
        again = self.get(f"/v1/feed?cells={LEAF}", If_None_Match=first.headers["etag"])
        if again.headers["etag"] == first.headers["etag"]:  # else something happened meanwhile
            self.assertEqual((again.status, again.body), (304, b""))
        quiet = []

        def unchanged():  # each minute it is another hour that is asked for
            quiet.append(self.get("/v1/feed?cells=u33db1").headers["etag"])
            return self.get("/v1/feed?cells=u33db1", If_None_Match=quiet[-1]).status == 304
        self.eventually(unchanged)
        self.assertLessEqual(len(quiet), 2)
        self.assertEqual(self.get(f"/v1/feed?cells={LEAF}", If_None_Match='"other"').status, 200)
        self.assertEqual(self.ask("POST", "/v1/feed", b'{"cells":["9qh1f5"]}').headers["cache-control"], "no-store")


class Documents(HttpCase):
    """The agencies' alerts as CAP 1.2."""

    def held_against_the_standard(self, document):
        path = self.home.folder / f"{unique('out')}.xml"
        path.write_bytes(document)
        self.assertTrue(self.home.stack.neighbors("cap", "check", path)[0]["ok"])
        if SCHEMA.exists() and shutil.which("xmllint"):
            done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", SCHEMA, path], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
        return xml.fromstring(document)

    def document(self, public_id):
        answer = self.get(f"/v1/cap/{public_id}")
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/cap+xml"), answer)
        return self.held_against_the_standard(answer.body)

    def entries(self, query=""):
        answer = self.get(f"/v1/cap.atom{query}")
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.headers["content-type"].startswith("application/atom+xml"))
        feed = xml.fromstring(answer.body)
        self.assertEqual(feed.tag, f"{ATOM}feed")
        for name in ("id", "title", "updated"):
            self.assertEqual(len(feed.findall(ATOM + name)), 1, name)
        found = {}
        for entry in feed.findall(f"{ATOM}entry"):
            link = entry.find(f"{ATOM}link")
            self.assertEqual((link.get("rel"), link.get("type")), ("alternate", "application/cap+xml"))
            for name in ("id", "title", "updated"):
                self.assertTrue(entry.find(ATOM + name).text)
            datetime.strptime(entry.find(f"{ATOM}updated").text, "%Y-%m-%dT%H:%M:%SZ")
            found[link.get("href").rpartition("/")[2]] = entry
        return found

    def test_a_document_is_given_as_it_came(self):
        document = cap(headline="As it came &amp; stays")
        said = self.taken(document, kind="application/cap+xml")
        self.assertEqual(self.get(f"/v1/cap/{said['public_id']}").body, document)
        self.assertEqual(self.get(f"/v1/cap/{said['public_id']}/original").body, document)
        self.document(said["public_id"])

    def test_one_that_is_not_strict_is_written_anew(self):
        """`Z` is certain in its meaning and against the standard; what came is there too, to the byte."""
        document = cap(sent=cap_time().replace("-00:00", "Z"))
        said = self.taken(document)
        root = self.document(said["public_id"])
        self.assertEqual(root.find(f"{CAP}identifier").text, f"{said['public_id']}.1")
        self.assertEqual(root.find(f"{CAP}info/{CAP}headline").text, "Garage fire")
        self.assertEqual(self.get(f"/v1/cap/{said['public_id']}/original").body, document)

    def test_one_of_our_own(self):
        """For an alert that came as JSON; its update says what it takes the place of."""
        name, until = unique("own"), str(now_ms() + 600000)
        said = self.taken(alert(name, headline='Gas <leak> & "smell"', event="Gas leak", expires=until, severity="SEVERE",
                                place={"circle": {"center": point(*HERE)["point"], "radiusM": 900}}), kind="application/json")
        root = self.document(said["public_id"])
        self.assertEqual(root.find(f"{CAP}msgType").text, "Alert")
        self.assertEqual(root.find(f"{CAP}sender").text, "neighbors.invalid")
        info = root.find(f"{CAP}info")
        self.assertEqual((info.find(f"{CAP}headline").text, info.find(f"{CAP}severity").text), ('Gas <leak> & "smell"', "Severe"))
        self.assertRegex(info.find(f"{CAP}area/{CAP}circle").text, r"^34\.0768,-118\.0316 0\.9")
        self.refused(self.get(f"/v1/cap/{said['public_id']}/original"), 404)
        update = self.taken(alert(unique("own"), msgType="UPDATE", references=[name], headline="Gas leak, smaller", expires=until),
                            kind="application/json")
        self.assertEqual((update["public_id"], update["revision"]), (said["public_id"], 2))
        newer = self.document(said["public_id"])
        self.assertEqual(newer.find(f"{CAP}msgType").text, "Update")
        self.assertEqual(newer.find(f"{CAP}references").text,
                         ",".join(root.find(CAP + part).text for part in ("sender", "identifier", "sent")))

    def test_the_atom_feed(self):
        document = cap(headline="Smoke &lt;b&gt; here")
        said = self.taken(document)
        native = self.taken(alert(headline="Native one", expires=str(now_ms() + 600000)), kind="application/json")
        user = self.taken(alert(category="suspicious", headline="Two people try car doors",
                                description="Two people in dark coats try the doors of cars along Tyler"), who="user/ann",
                          kind="application/json")
        found = self.entries()
        self.assertIn(said["public_id"], found)
        self.assertIn(native["public_id"], found)
        self.assertNotIn(user["public_id"], found)
        entry = found[said["public_id"]]
        self.assertEqual(entry.find(f"{ATOM}title").text, "Smoke <b> here")
        self.assertEqual(entry.find(f"{ATOM}author/{ATOM}name").text, "Agency fire")
        self.assertEqual(entry.find(f"{CAP}severity").text, "Moderate")
        self.assertEqual(len(entry.find(f"{GEORSS}polygon").text.split()), 10)
        for public_id in found:
            self.assertIn(self.get(f"/v1/cap/{public_id}").status, (200, 410))
        self.assertIn(said["public_id"], self.entries(f"?cells={LEAF}"))
        self.assertNotIn(said["public_id"], self.entries("?cells=9qh1c5,9q5ctr"))
        self.refused(self.get("/v1/cap.atom?cells=9qh1f5/%23"), 400)

    def test_links_lead_here(self):
        said = self.taken(cap())
        link = self.entries()[said["public_id"]].find(f"{ATOM}link").get("href")
        self.assertEqual(link, f"http://127.0.0.1:{self.http_port}/v1/cap/{said['public_id']}")
        for host in ("evil.example/<x>", 'a"b', "x" * 300, "a b"):
            connection = self.raw()
            connection.send(f"GET /v1/cap.atom HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            feed = xml.fromstring(connection.answer().body)
            self.assertTrue(all(entry.find(f"{ATOM}link").get("href").startswith("/v1/cap/") for entry in feed.findall(f"{ATOM}entry")))

    def test_what_a_client_has_is_not_sent_again(self):
        said = self.taken(cap())
        for path in (f"/v1/cap/{said['public_id']}", "/v1/cap.atom", f"/v1/cap.atom?cells={LEAF}"):
            answers = []

            def settled():  # in the second of a change the feed has no date yet
                answers.append(self.get(path))
                return "last-modified" in answers[-1].headers
            self.eventually(settled, lambda: answers[-1])
            headers = answers[-1].headers
            self.assertIn("max-age", headers["cache-control"])
            for condition in ({"If_None_Match": headers["etag"]}, {"If_None_Match": f'"a", {headers["etag"]}'},
                              {"If_None_Match": "*"}, {"If_Modified_Since": headers["last-modified"]}):
                again = self.get(path, **condition)
                self.assertEqual((again.status, again.body), (304, b""), (path, condition))
                self.assertEqual(again.headers["etag"], headers["etag"])
            for condition in ({"If_None_Match": '"a"'}, {"If_Modified_Since": "Sat, 01 Jan 2000 00:00:00 GMT"},
                              {"If_Modified_Since": "yesterday"},
                              {"If_None_Match": '"a"', "If_Modified_Since": headers["last-modified"]}):
                self.assertEqual(self.get(path, **condition).status, 200, (path, condition))
        before = self.get("/v1/cap.atom").headers
        self.taken(cap())
        self.assertEqual(self.get("/v1/cap.atom", If_None_Match=before["etag"]).status, 200)
        self.assertEqual(self.get("/v1/cap.atom", If_Modified_Since=before["last-modified"]).status, 200)

    def test_what_has_ended(self):
        name = unique("ends")
        said = self.taken(alert(name, expires=str(now_ms() + 600000)), kind="application/json")
        self.document(said["public_id"])
        self.taken(alert(unique("cancel"), msgType="CANCEL", references=[name], category=None, headline=None, place=None, expires=None),
                   kind="application/json")
        self.refused(self.get(f"/v1/cap/{said['public_id']}"), 410, "public_id")
        self.refused(self.get(f"/v1/cap/{said['public_id']}/original"), 410)
        self.assertNotIn(said["public_id"], self.entries())
        short = self.taken(alert(expires=str(now_ms() + 1500)), kind="application/json")
        self.eventually(lambda: self.get(f"/v1/cap/{short['public_id']}").status == 410)

    def test_what_is_no_agencys(self):
        user = self.taken(alert(category="suspicious", headline="Two people try car doors",
                                description="Two people in dark coats try the doors of cars along Tyler"), who="user/ann",
                          kind="application/json")
        self.refused(self.get(f"/v1/cap/{user['public_id']}"), 404)
        for name in ("0" * 24, "zz", "", "/", f"{user['public_id']}/original", f"{user['public_id']}x", "%2e%2e"):
            self.refused(self.get(f"/v1/cap/{name}"), 404)

    def test_real_documents(self):
        """Those of the sample, and the kept real ones: what is served of each is strict."""
        folder = ROOT.parent / "shared/data/cap/valid"
        if not folder.exists():
            self.skipTest("no real documents beside this repository")
        served = 0
        for path in sorted(folder.iterdir())[:60]:
            document = path.read_bytes()
            if len(document) > BODY_MAX:
                continue
            answer = self.post_alert(document, f"agency/{unique('real')}", "application/cap+xml")
            self.assertIn(answer.status, (200, 201, 403, 422), (path.name, answer))
            public_id = answer.json.get("public_id")
            if public_id and self.get(f"/v1/cap/{public_id}").status == 200:
                self.document(public_id)
                self.assertEqual(self.get(f"/v1/cap/{public_id}/original").body, document)
                served += 1
        self.assertGreaterEqual(served, 0)


if __name__ == "__main__":
    unittest.main()
