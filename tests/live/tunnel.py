"""MQTT in a WebSocket (RFC 6455): what mqtt.Client asks of a socket, in frames."""
import base64
import os
import socket
import struct

import mqtt


class Frames:
    def __init__(self, port, timeout):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(("GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n").encode())
        self.data = b""
        while b"\r\n\r\n" not in self.data:
            self.more()
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        if b" 101 " not in head.splitlines()[0]:
            raise AssertionError(f"no WebSocket: {head}")

    def more(self):
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionResetError
        self.data += part

    def settimeout(self, seconds):
        self.socket.settimeout(seconds)

    def sendall(self, data):
        mask = os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        self.socket.sendall(b"\x82" + size + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def recv(self, _):
        """The content of the next frame; b"" at the end."""
        while (frame := self.frame()) is None:
            self.more()
        opcode, content = frame
        return b"" if opcode == 8 else content

    def frame(self):
        if len(self.data) < 2:
            return None
        size, at = self.data[1] & 0x7F, 2
        if size > 125:
            at = 4 if size == 126 else 10
            size = int.from_bytes(self.data[2:at], "big") if len(self.data) >= at else 1 << 62
        if len(self.data) < at + size:
            return None
        frame = self.data[0] & 15, self.data[at:at + size]
        self.data = self.data[at + size:]
        return frame

    def close(self):
        self.socket.close()


class TunnelClient(mqtt.Client):
    def __init__(self, port, version=5, timeout=30):
        self.version, self.buffer, self.next_id, self.timeout = version, bytearray(), 0, timeout
        self.passed = []
        self.socket = Frames(port, timeout)
