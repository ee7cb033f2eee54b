"""What the tests of TLS share: a neighborsd with certificates of its own authority, and who connects to it."""
import base64
import http.client
import os
import shutil
import socket
import ssl
import tempfile
import time
import unittest
from pathlib import Path

import mqtt
from case import SETTINGS, unique
from pki import Maker
from stack import Stack, free_port

WAIT = 30  # seconds, for what happens at once on a machine that is not busy


class TlsCase(unittest.TestCase):
    """An installation of its own, with everything that speaks TLS."""

    SETTINGS = {}  # of its own

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-tls-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.stack = Stack(cls.folder, tls_port=free_port(), http_port=free_port(), https_port=free_port(),
                          settings=SETTINGS | {"connect_timeout_ms": WAIT * 1000, "metrics_port": 0} | cls.SETTINGS)
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start_redis()
        cls.stack.make_keys()
        cls.stack.start_broker()
        cls.authority = cls.stack.keys / "ca"
        cls.maker = Maker(cls.folder / "pki")
        cls.good = cls.enrolled("agency/fire", "--name", "Fire", "--second-officer", "no", "--drill", "no")

    @classmethod
    def enrolled(cls, name, *options):
        """Enrols, and gives back where the certificate is."""
        cls.stack.enroll(name, "--certificate-out", cls.stack.certificate(name), *options)
        return cls.stack.certificate(name)

    # ---- clients ----

    def context(self, base=None, old=False):
        """A client's TLS that trusts the installation; old: it speaks and has what we refuse."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.stack.keys / "ca.crt")
        if old:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        if base:
            context.load_cert_chain(f"{base}.crt", f"{base}.key")
        return context

    def log(self):
        return (self.stack.logs / "neighborsd.log").read_text(errors="replace")

    def told(self, since, *words, seconds=WAIT):
        """Waits until a line of the log behind `since` has all the words."""
        deadline = time.monotonic() + seconds
        while True:
            lines = self.log()[since:].splitlines()
            found = [line for line in lines if all(word in line for word in words)]
            if found:
                return found[0]
            if time.monotonic() > deadline:
                self.fail(f"no line of the log has {words}; it has:\n" + "\n".join(lines))
            time.sleep(0.02)

    def connect(self, context, username=None, password=None, port=None):
        """The CONNACK's reason; None when TLS or the connection broke first."""
        try:
            with mqtt.Client(port or self.stack.tls_port, tls=context, timeout=WAIT) as client:
                return client.connect(client_id=unique("tls"), username=username, password=password).reason
        except (ssl.SSLError, mqtt.Closed, ConnectionError, OSError):
            return None

    @staticmethod
    def replace(path, content):
        fresh = path.with_suffix(".fresh")
        fresh.write_text(content)
        fresh.chmod(path.stat().st_mode)
        os.rename(fresh, path)

    def over_https(self, context, method, path, body=None, headers=None):
        """(status, answer) of one request."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.stack.https_port, context=context, timeout=WAIT)
        self.addCleanup(connection.close)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def websocket(self, context):
        plain = socket.create_connection(("127.0.0.1", self.stack.https_port), timeout=WAIT)
        secure = context.wrap_socket(plain, server_hostname="127.0.0.1")
        self.addCleanup(secure.close)
        key = base64.b64encode(os.urandom(16)).decode()
        secure.sendall(f"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                       f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += secure.recv(1)
        self.assertIn(b" 101 ", head.split(b"\r\n")[0])
        return secure

    def connack(self, secure, packet):
        secure.sendall(bytes([0x82, 0x80 | len(packet)]) + bytes(4) + packet if len(packet) < 126 else
                       bytes([0x82, 0x80 | 126]) + len(packet).to_bytes(2, "big") + bytes(4) + packet)
        data = bytearray()
        while len(data) < 4 or len(data) < 2 + data[1]:
            data += secure.recv(4096)
        kind, flags, body = mqtt.split(data[2:])
        return mqtt.parse(kind, flags, body, 5).reason
