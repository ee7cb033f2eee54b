"""Who is slow or silent in TLS and WebSocket, before MQTT begins."""
import socket
import ssl

import mqtt
from limits_case import LimitsCase
from stack import free_port


class Tunnels(LimitsCase):
    broker_settings = {"connect_timeout_ms": 1500, "http_idle_s": 2, "maximum_packet": 262144, "tls_port": free_port(),
                       "http_port": free_port(), "max_connections_per_address": 0, "accept_rate_per_address": 0}
    UPGRADE = (b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
               b"Sec-WebSocket-Protocol: mqtt\r\n\r\n")
    HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)  # of a ClientHello of 512 bytes

    def crowd(self, port, data, count=50):
        """Many that say this much and no more."""
        out = []
        for _ in range(count):
            out.append(socket.create_connection(("127.0.0.1", port), timeout=30))
            self.addCleanup(out[-1].close)
            out[-1].sendall(data)
        return out

    def test_tls_handshakes_that_are_never_finished(self):
        before, port = self.counters(), self.broker_settings["tls_port"]
        crowd = [plain for data in (b"", b"\x16", self.HELLO) for plain in self.crowd(port, data)]
        for plain in crowd:
            self.ended(plain)
        self.counted(before, connections_closed_timeout=len(crowd))

    def test_tls_and_then_silence(self):
        context = ssl.create_default_context(cafile=self.home.stack.keys / "ca.crt")
        context.check_hostname = False
        before = self.counters()
        # One after the other: a handshake has its time, too.
        crowd = [context.wrap_socket(self.crowd(self.broker_settings["tls_port"], b"", 1)[0]) for _ in range(20)]
        for plain in crowd:
            self.assertEqual(self.ended(plain), b"")
        self.counted(before, connections_closed_timeout=len(crowd))

    def test_noise_instead_of_tls(self):
        before, port = self.counters(), self.broker_settings["tls_port"]
        for data in (mqtt.connect(client_id="plain"), b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000, self.HELLO + b"\xff" * 1000):
            for plain in self.crowd(port, data, 5):
                self.ended(plain)
        self.counted(before, connections_closed_protocol=20)

    def test_http_that_is_never_finished(self):
        port = self.broker_settings["http_port"]
        crowd = [plain for data in (b"", b"G", b"GET / HTTP/1.1\r\nHost:", self.UPGRADE[:-2])
                 for plain in self.crowd(port, data, 20)]
        for plain in crowd:
            self.ended(plain)

    def test_headers_without_end(self):
        for plain in self.crowd(self.broker_settings["http_port"], b"GET / HTTP/1.1\r\n", 10):
            self.taken(plain, b"X-Header: " + b"x" * 1000 + b"\r\n" + b"Y: z\r\n" * 200000, 3)
            self.ended(plain)

    def test_websocket_and_then_silence(self):
        before = self.counters()
        crowd = self.crowd(self.broker_settings["http_port"], self.UPGRADE, 20)
        for plain in crowd:
            self.assertTrue(self.ended(plain).startswith(b"HTTP/1.1 101"))
        self.counted(before, connections_closed_timeout=len(crowd))

    def test_websocket_frames_that_promise_too_much(self):
        frame = b"\x82\xff" + (2**62).to_bytes(8, "big") + bytes(4)
        for plain in self.crowd(self.broker_settings["http_port"], self.UPGRADE + frame + bytes(100000), 20):
            self.ended(plain)
