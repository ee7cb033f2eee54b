"""TLS: who is revoked, or came by an authority that was taken out, is shown out; others do not notice."""
import http.client
import socket
import ssl
import time
import unittest
import urllib.request

import mqtt
from case import SETTINGS, alert, unique
from stack import free_port
from tls_case import WAIT, TlsCase


class Revoked(TlsCase):
    """A certificate is revoked, or its authority taken out, while connections by it are open: they end, and no others do."""

    SETTINGS = {"metrics_port": free_port()}

    def setUp(self):
        self.bases = {}
        name = unique("porch")
        self.stack.enroll(f"device/{name}", "--household", "h-1", "--at", "34.07,-118.03")
        for which in ("one", "other"):
            self.bases[which] = self.folder / f"{name}-{which}"
            self.stack.neighbors("ca", "issue", f"device/{name}", "--out", self.bases[which])
        self.name = f"device/{name}"

    def client(self, context, session=None, version=5, **options):
        client = mqtt.Client(self.stack.tls_port, version, tls=_Resuming(context, session), timeout=WAIT)
        self.addCleanup(client.close)
        self.assertEqual(client.connect(client_id=unique("revoked"), **options).reason, 0)
        return client

    def counted(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.SETTINGS['metrics_port']}/metrics", timeout=WAIT) as page:
            lines = page.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(f"neighbors_{name}_total"))

    def count_rises(self, name, before, by):
        """The board is told a few times a second."""
        deadline = time.monotonic() + WAIT
        while self.counted(name) < before + by:
            self.assertLess(time.monotonic(), deadline, f"{name} is {self.counted(name)}, and was {before}")
            time.sleep(0.05)
        self.assertEqual(self.counted(name), before + by)

    def ended(self, client, why):
        """It was told so, and closed."""
        told = [packet for packet in client.closed(WAIT) if packet.kind == mqtt.DISCONNECT]
        self.assertEqual([packet.reason for packet in told], [0x87])
        self.assertIn(why, str(told[0].props))

    def alive(self, client):
        client.send(mqtt.PING)
        client.expect(mqtt.PINGRESP)

    def ends_over_https(self, connection):
        """A connection that is kept open takes no request any more."""
        try:
            connection.request("POST", "/v1/alerts", alert(), {"content-type": "application/json"})
            self.fail(f"it was answered {connection.getresponse().status}")
        except (ConnectionError, http.client.HTTPException, ssl.SSLError):
            pass

    def test_open_connections_of_a_revoked_certificate_end(self):
        context = self.context(self.bases["one"])
        first = self.client(context)
        resumed = self.client(context, first.socket.session)
        self.assertTrue(resumed.socket.session_reused)
        former = self.client(context, version=4)
        web = self.websocket(context)
        self.assertEqual(self.connack(web, mqtt.connect(client_id=unique("web"))), 0)
        kept = http.client.HTTPSConnection("127.0.0.1", self.stack.https_port, context=context, timeout=WAIT)
        self.addCleanup(kept.close)
        kept.auto_open = 0
        kept.connect()
        kept.request("GET", "/healthz")
        self.assertEqual(kept.getresponse().read() is not None, True)
        token = self.stack.enroll("user/ann")
        others = [self.client(self.context(self.bases["other"])), self.client(self.context(self.good)),
                  self.client(self.context(), username="user/ann", password=token.encode())]
        barred, tunnels, since = self.counted("connections_barred"), self.counted("tls_barred"), len(self.log())

        self.stack.neighbors("ca", "revoke", f"{self.bases['one']}.crt")
        self.ended(first, "certificate revoked")
        self.ended(resumed, "certificate revoked")
        self.assertEqual([packet for packet in former.closed(WAIT)], [])
        data = bytearray()
        while part := web.recv(4096):
            data += part
        kind, flags, body = mqtt.split(data[2:])
        told = mqtt.parse(kind, flags, body, 5)
        self.assertEqual((told.kind, told.reason), (mqtt.DISCONNECT, 0x87))
        self.ends_over_https(kept)
        self.told(since, "connection_barred", self.name, "certificate revoked")
        self.told(since, "tls_barred", self.name, "certificate revoked")
        self.count_rises("connections_barred", barred, 4)
        self.count_rises("tls_barred", tunnels, 2)
        for client in others:
            self.alive(client)

    def test_a_handshake_that_was_under_way_lets_nobody_in(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.context(self.bases["one"]).wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        with socket.create_connection(("127.0.0.1", self.stack.tls_port), timeout=WAIT) as plain:
            with self.assertRaises(ssl.SSLWantReadError):
                session.do_handshake()
            plain.sendall(outgoing.read())
            while True:
                incoming.write(plain.recv(65536))
                try:
                    session.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    pass
            since = len(self.log())
            self.stack.neighbors("ca", "revoke", f"{self.bases['one']}.crt")
            self.told(since, "tls_reloaded")
            session.write(mqtt.connect(client_id=unique("late")))
            plain.sendall(outgoing.read())
            while part := plain.recv(65536):
                incoming.write(part)
        self.told(since, "tls_refused", "certificate revoked")
        try:
            said = session.read(65536)
        except ssl.SSLError:
            said = b""
        self.assertEqual(said, b"", "a CONNACK came")

    def comes(self, context):
        """Until all files are read."""
        deadline = time.monotonic() + WAIT
        while self.connect(context) != 0:
            self.assertLess(time.monotonic(), deadline, "the broker still has not read its files")
            time.sleep(0.1)

    def put_back(self, files):
        for path, text in files.items():
            self.replace(path, text)
        self.comes(self.context(self.good))

    def test_connections_by_an_authority_that_is_taken_out_end(self):
        """The stolen one's are gone with it; while both stand, nobody notices."""
        keys, other = self.stack.keys, self.folder / "other"
        self.stack.neighbors("ca", "init", "--keys", other)
        files = {keys / name: (keys / name).read_text() for name in ("ca.crt", "ca.crl")}
        served = {keys / name: (keys / name).read_text() for name in ("server.key", "server.crt")}
        self.addCleanup(self.put_back, files | served)
        fresh = {path: (other / path.name).read_text() for path in files}
        client = self.client(self.context(self.bases["one"]))
        by_token = self.client(self.context(), username="user/bob", password=self.stack.enroll("user/bob").encode())
        since = len(self.log())
        for path in files:
            self.replace(path, files[path] + fresh[path])
        self.told(since, "tls_reloaded")
        self.alive(client)
        self.stack.neighbors("ca", "issue", self.name, "--keys", other, "--out", self.folder / "new")
        renewed = self.client(self.context(self.folder / "new"))
        self.stack.neighbors("ca", "renew", "--keys", other)
        for path in served:
            self.replace(path, (other / path.name).read_text())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # of who trusts the new one alone
        context.load_verify_locations(other / "ca.crt")
        context.load_cert_chain(self.folder / "new.crt", self.folder / "new.key")
        self.comes(context)
        self.alive(client)
        since = len(self.log())
        for path in reversed(files):
            self.replace(path, fresh[path])
        self.ended(client, "authority is no longer accepted")
        self.told(since, "connection_barred", self.name, "authority is no longer accepted")
        self.alive(renewed)
        self.alive(by_token)


class _Resuming:
    """A context whose next connection goes on with a session."""

    def __init__(self, context, session):
        self.context, self.session = context, session

    def wrap_socket(self, plain, **options):
        return self.context.wrap_socket(plain, session=self.session, **options)


if __name__ == "__main__":
    unittest.main()
