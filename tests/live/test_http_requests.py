"""HTTP: requests and their bodies however they are sent; bounds; slow readers."""
import http.client
import os
import re
import select
import socket
import time
import unittest

from case import alert, now_ms, unique
from http_case import BODY_MAX, HttpCase, cap


class Requests(HttpCase):
    """What HTTP asks of a server, whatever is served."""

    PATHS = ("/healthz", "/v1/feed?cells=u33db1", "/v1/cap.atom")  # a quiet place, where nothing changes in between

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
            self.assertGreaterEqual(after[key] - before[key], 1, key)  # who left early may be counted only now

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


class Impatient(HttpCase):
    broker_settings = {"http_body_ms": 1500}

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


if __name__ == "__main__":
    unittest.main()
