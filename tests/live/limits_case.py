"""What the tests of limits share: sockets on which nothing was said yet, and what the broker takes and answers on them."""
import select
import socket
import ssl
import time

from case import installation
from watched import WatchedCase

MEGABYTE = 1 << 20
ALERT, MOTION = "nb/v1/alert", "nb/v1/motion"
TIMEOUT = 1.5  # seconds for a CONNECT, of the brokers that are tried by it
PATIENT = 30


class LimitsCase(WatchedCase):
    @classmethod
    def setUpClass(cls):
        if "tls_port" in (cls.broker_settings or {}):
            keys = installation().stack.keys
            cls.broker_settings = cls.broker_settings | {"tls_certificate": str(keys / "server.crt"),
                                                         "tls_key": str(keys / "server.key")}
        super().setUpClass()

    def plain(self, address="127.0.0.1"):
        """A socket on which nothing was said."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENT, source_address=(address, 0))
        self.addCleanup(plain.close)
        return plain

    def ended(self, plain, seconds=PATIENT):
        """Reads until the broker closes; what it said. Bytes that it did not read make the kernel reset the connection."""
        said, deadline = b"", time.monotonic() + seconds
        while True:
            plain.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = plain.recv(65536)
            except ConnectionResetError:
                return said
            except socket.timeout:
                self.fail(f"still open after {seconds} s")
            if not data:
                return said
            said += data

    def taken(self, plain, data, seconds=10):
        """Sends as much as the broker takes; how many bytes that were."""
        plain.settimeout(seconds)
        sent = 0
        try:
            while sent < len(data):
                sent += plain.send(data[sent:sent + 65536])
        except (socket.timeout, ConnectionError):
            pass
        return sent

    def stuffed(self, plain, chunk, most, quiet=0.5):
        """Sends a chunk again and again until the broker takes no more for a while, or `most` bytes are sent."""
        plain.setblocking(False)
        sent, part = 0, b""
        while sent < most:
            if not select.select([], [plain], [], quiet)[1]:
                return sent
            part = part or chunk
            try:
                done = plain.send(part)
            except (BlockingIOError, ssl.SSLWantWriteError):
                continue
            except ConnectionError:
                return sent
            part, sent = part[done:], sent + done
        return sent
