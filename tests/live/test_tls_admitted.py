"""TLS: who comes by certificate and token, resumes a session, and what changes while it is connected."""
import socket
import ssl
import unittest

import mqtt
from case import unique
from stack import free_port
from tls_case import WAIT, TlsCase


class Admitted(TlsCase):
    def test_certificate_and_token(self):
        self.assertEqual(self.connect(self.context(self.good)), 0)
        self.assertEqual(self.connect(self.context(self.good), username="agency/fire"), 0)
        token = self.stack.enroll("user/ann")
        self.assertEqual(self.connect(self.context(), "user/ann", token.encode()), 0)

    def test_revoked_while_connected(self):
        """The registry ends a connection by certificate, and the list refuses the next one."""
        base = self.enrolled("device/porch", "--household", "h-2", "--at", "34.07,-118.03")
        with mqtt.Client(self.stack.tls_port, tls=self.context(base), timeout=WAIT) as client:
            self.assertEqual(client.connect(client_id="porch").reason, 0)
            since = len(self.log())
            self.stack.neighbors("revoke", "device/porch")
            client.closed(WAIT)
        self.told(since, "tls_reloaded")
        since = len(self.log())
        self.assertIsNone(self.connect(self.context(base)))
        self.told(since, "tls_refused", "device/porch", "certificate revoked")

    def test_expires_while_connected(self):
        base = self.folder / "short"
        self.enrolled("device/short", "--household", "h-2", "--at", "34.07,-118.03")
        for lives in (4, 20, 100):  # long enough to come in, on this machine
            self.stack.neighbors("ca", "issue", "device/short", "--out", base, "--ttl", f"{lives}s")
            try:
                client = mqtt.Client(self.stack.tls_port, tls=self.context(base), timeout=WAIT)
                self.addCleanup(client.close)
                if client.connect(client_id="short").reason == 0:
                    break
            except (ssl.SSLError, mqtt.Closed, OSError):
                self.assertLess(lives, 100, "a certificate of 100 s lets nobody in")
        client.closed(lives + WAIT)
        self.assertIsNone(self.connect(self.context(base)))

    def test_resuming(self):
        """A session goes on with its identity, and not when the list was changed since."""
        base = self.enrolled("device/again", "--household", "h-2", "--at", "34.07,-118.03")
        context = self.context(base)
        first = self.session(context, None)
        self.assertFalse(first[0])
        again = self.session(context, first[1])
        self.assertTrue(again[0])
        self.assertEqual(again[2], 0, "the identity is in the ticket")
        since = len(self.log())
        self.stack.neighbors("ca", "revoke", f"{base}.crt")
        self.told(since, "tls_reloaded")
        since = len(self.log())
        self.assertIsNone(self.session(context, again[1]))
        self.told(since, "tls_refused", "device/again", "certificate revoked")

    def session(self, context, before):
        """(resumed, the session, the CONNACK's reason); None when it is refused."""
        try:
            with socket.create_connection(("127.0.0.1", self.stack.tls_port), timeout=WAIT) as plain:
                with context.wrap_socket(plain, server_hostname="127.0.0.1", session=before) as secure:
                    secure.sendall(mqtt.connect(client_id=unique("again"), username=None))
                    data = bytearray()
                    while len(data) < 4:
                        part = secure.recv(4096)
                        if not part:
                            return None
                        data += part
                    kind, flags, body = mqtt.split(data)
                    return secure.session_reused, secure.session, mqtt.parse(kind, flags, body, 5).reason
        except (ssl.SSLError, ConnectionError):
            return None

    def test_processes_resume_each_others_sessions(self):
        self.stack.start_broker("second", mqtt_port=free_port(), tls_port=free_port(), https_port=0, http_port=0)
        config = (self.stack.folder / "second.conf").read_text()
        port = int(config.split("tls_port = ")[1].split(";")[0])
        context, mine = self.context(self.good), self.stack.tls_port
        first = self.session(context, None)
        try:
            self.stack.tls_port = port
            self.assertTrue(self.session(context, first[1])[0])
        finally:
            self.stack.tls_port = mine
            self.stack.stop_one("second")


class Reloaded(TlsCase):
    def served(self):
        with socket.create_connection(("127.0.0.1", self.stack.tls_port), timeout=WAIT) as plain:
            with self.context().wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                return secure.getpeercert(True)

    def test_a_renewed_certificate_is_used_without_downtime(self):
        before, since = self.served(), len(self.log())
        with mqtt.Client(self.stack.tls_port, tls=self.context(self.good), timeout=WAIT) as client:
            self.assertEqual(client.connect(client_id="stays").reason, 0)
            self.stack.neighbors("ca", "renew", "--host", "alerts.example.org")
            self.told(since, "tls_reloaded")
            self.assertNotEqual(self.served(), before)
            client.send(mqtt.PING)
            client.expect(mqtt.PINGRESP)

    def test_a_bad_one_is_not_used_and_said(self):
        path, key = self.stack.keys / "server.crt", self.stack.keys / "server.key"
        good, good_key, before = path.read_text(), key.read_text(), self.served()
        for file, content, words in ((path, "nonsense", "tls_certificate"), (key, "nonsense", "tls_key")):
            since = len(self.log())
            self.replace(file, content)
            self.told(since, "tls_not_reloaded", words, "the former certificate stays")
            self.assertEqual(self.served(), before)
            since = len(self.log())
            self.replace(file, good if file == path else good_key)
            self.told(since, "tls_reloaded")
        since = len(self.log())
        self.stack.processes["neighborsd"].send_signal(1)
        self.told(since, "tls_reloaded")
        self.assertEqual(self.served(), before)


if __name__ == "__main__":
    unittest.main()
