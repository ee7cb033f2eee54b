"""MQTT over WebSocket (section 6 of both standards), with a client of a few lines that can also do it wrong."""
import base64
import os
import socket
import struct

import mqtt
from case import LiveCase, unique


class Tunnel:
    """A WebSocket (RFC 6455) from the client's side."""

    def __init__(self, port, protocol="mqtt"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        key = base64.b64encode(os.urandom(16)).decode()
        offer = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        self.socket.sendall((f"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n").encode())
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            data = self.socket.recv(1)
            if not data:
                break
            self.head += data
        self.status = self.head.split(b" ")[1] if b" " in self.head else b""
        self.buffer = bytearray()

    def send(self, data, opcode=2, final=True):
        mask = os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.socket.sendall(bytes([(0x80 if final else 0) | opcode]) + length + mask + body)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise mqtt.Closed
            data += more
        return data

    def frame(self):
        first, length = self.exactly(2)
        if length == 126:
            length = struct.unpack(">H", self.exactly(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.exactly(8))[0]
        return first & 15, self.exactly(length)

    def packet(self):
        while (whole := mqtt.split(self.buffer)) is None:
            opcode, data = self.frame()
            if opcode == 8:
                raise mqtt.Closed
            assert opcode in (0, 2), f"frame of opcode {opcode}"
            self.buffer += data
        return mqtt.parse(*whole, 5)


class WebSocket(LiveCase):
    def tunnel(self, **options):
        tunnel = Tunnel(self.home.stack.http_port, **options)
        self.addCleanup(tunnel.socket.close)
        return tunnel

    def hello(self):
        return mqtt.connect(client_id=unique("web"), **self.credentials("user/ann"))

    def test_subprotocol(self):
        """[5] 6.0.0-3 6.0.0-4 [3] 6.0.0-3 6.0.0-4"""
        tunnel = self.tunnel()
        self.assertEqual(tunnel.status, b"101", tunnel.head)
        self.assertIn(b"sec-websocket-protocol: mqtt", tunnel.head.lower())

    def test_other_subprotocols(self):
        """[5] 6.0.0-3 [3] 6.0.0-3"""
        self.assertNotEqual(self.tunnel(protocol="chat").status, b"101")

    def test_frames_are_no_packets(self):
        """[5] 6.0.0-1 6.0.0-2 [3] 6.0.0-1 6.0.0-2"""
        tunnel = self.tunnel()
        data = self.hello() + mqtt.PING + mqtt.PING
        for at in range(0, len(data), 11):
            tunnel.send(data[at:at + 11])
        self.assertEqual([tunnel.packet().kind for _ in range(3)], [mqtt.CONNACK, mqtt.PINGRESP, mqtt.PINGRESP])
        tunnel.send(mqtt.PING, final=False)
        tunnel.send(mqtt.PING, opcode=0)
        self.assertEqual([tunnel.packet().kind for _ in range(2)], [mqtt.PINGRESP, mqtt.PINGRESP])

    def test_text_frames(self):
        """[5] 6.0.0-1 [3] 6.0.0-1"""
        tunnel = self.tunnel()
        tunnel.send(b"hello", opcode=1)
        with self.assertRaises((mqtt.Closed, ConnectionError)):
            while True:
                tunnel.packet()
