"""What a client that floods costs the others until it is cut, and how soon that is."""
import socket
import struct
import threading
import time

from . import pairs
from .servers import load

RATE, CONNECTIONS, SECONDS = 1000, 50, 5
LIMITS = {"packets_second": 10000, "bytes_second": 16 << 20, "flood_ms": 800}  # as neighborsd has them by default


def text(value):
    return struct.pack(">H", len(value)) + value


def packet(kind, body):
    length, out = len(body), b""
    while True:
        out += bytes([length % 128 | (128 if length > 127 else 0)])
        length //= 128
        if not length:
            return bytes([kind]) + out + body


class Flood(threading.Thread):
    """Says the same as fast as the machine can, and comes back at once when it is cut."""

    def __init__(self, stack, token, chunk):
        super().__init__(daemon=True)
        self.address, self.chunk, self.stopped = ("127.0.0.1", stack.mqtt_port), chunk, threading.Event()
        self.connect = packet(0x10, text(b"MQTT") + bytes([4, 0xC2]) + struct.pack(">H", 60) + text(b"flood") +
                              text(b"user/flood") + text(token.encode()))
        self.cut_after_ms = []

    def once(self):
        with socket.create_connection(self.address, timeout=10) as plain:
            plain.sendall(self.connect)
            plain.recv(4)
            began = time.monotonic()
            try:
                while not self.stopped.is_set():
                    plain.sendall(self.chunk)
            except OSError:
                self.cut_after_ms.append((time.monotonic() - began) * 1000)

    def run(self):
        while not self.stopped.is_set():
            self.once()

    def stop(self):
        self.stopped.set()
        self.join(15)


def others(servers, rounds):
    words = ["--publishers", CONNECTIONS, "--rate", RATE, "--channels", 10, "--seconds", SECONDS]
    ours = servers.ours(enrol=lambda registry: registry.publishers(CONNECTIONS, 10, 0), **LIMITS)
    token = ours.enroll("user/flood", "--household", "flood", "--at", "34.05,-118.05")
    chunks = {"pings": b"\xC0\0" * 32768, "publishes": packet(0x30, text(b"nb/v1/motion") + b"{}") * 3000,
              "large": packet(0x30, text(b"nb/v1/motion") + b" " * 60000)}
    for what, chunk in chunks.items():
        cuts = []

        def flooded():
            flood = Flood(ours, token, chunk)
            flood.start()
            result = load(ours, *words)
            flood.stop()
            cuts.extend(flood.cut_after_ms or [SECONDS * 1000])
            return result

        results = pairs.interleave(rounds, {"flooded": flooded, "quiet": lambda: load(ours, *words)})
        yield pairs.row(f"flood.{what}.others.p99", "us", "without the flood",
                        [r["acknowledge_us"]["p99"] for r in results["flooded"]],
                        [r["acknowledge_us"]["p99"] for r in results["quiet"]], ("<=", 3))
        yield pairs.row(f"flood.{what}.cut_after", "ms", "the goal itself", cuts, None, ("<=", 1000))
    servers.stop(ours)
