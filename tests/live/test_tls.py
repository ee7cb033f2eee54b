"""TLS: who is let in, who is refused and what the log says of it, resuming, reloading, HTTP and WebSocket."""
import base64
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import mqtt
from case import ROOT, SETTINGS, alert, unique  # noqa: F401  (the path of deploy/ too)
from pki import AUTHORITY, GOOD, Maker
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


def openssl(*words, feed=b""):
    """One run of the openssl command as a client."""
    return subprocess.run(["openssl", *map(str, words)], input=feed, capture_output=True, timeout=60, check=False)


class Refused(TlsCase):
    """Known-bad clients. Each row: what it is, how it comes, and words that the log must have of it."""

    SETTINGS = {"connect_timeout_ms": 3000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make, own = cls.maker.make, cls.authority
        stranger = make("stranger-ca", None, "/CN=Neighbors authority", extensions=AUTHORITY)
        rsa = lambda bits: ["-newkey", f"rsa:{bits}"]
        name = "/CN=agency\\/fire"
        cls.bases = {
            "expired": make("expired", own, name, until="20210101000000Z"),
            "not yet": make("not-yet", own, name, **{"from": "20980101000000Z"}),
            "stranger": make("stranger", stranger, name),
            "self-signed": make("self-signed", None, name),
            "no form": make("no-form", own, "/CN=fire"),
            "no role": make("no-role", own, "/CN=mayor\\/fire"),
            "no name": make("no-name", own, "/"),
            "two names": make("two-names", own, "/CN=agency\\/fire/CN=operator\\/root"),
            "stranger by name": make("nobody", own, "/CN=agency\\/nobody"),
            "server": make("server-use", own, name, extensions=GOOD["extensions"].replace("clientAuth", "serverAuth")),
            "authority": make("authority", own, name, extensions=AUTHORITY),
            "weak key": make("weak", own, name, key=rsa(1024)),
            "sha1": make("sha1", own, name, digest="sha1"),
            "below a client": make("below", cls.good, name),
            "large": make("large", own, name, extensions=GOOD["extensions"] + "nsComment=" + "x" * 40000 + "\n"),
        }
        cls.bases["revoked in the list"] = cls.enrolled("device/lost", "--household", "h-1", "--at", "34.07,-118.03")
        cls.stack.neighbors("ca", "revoke", f"{cls.bases['revoked in the list']}.crt")
        cls.bases["revoked"] = cls.enrolled("device/gone", "--household", "h-1", "--at", "34.07,-118.03")
        shutil.copy(cls.stack.keys / "ca.crl", cls.folder / "list-before")
        cls.stack.neighbors("revoke", "device/gone")
        shutil.copy(cls.folder / "list-before", cls.stack.keys / "ca.crl")  # the registry alone has to do
        cls.bases["former"] = cls.enrolled("device/back", "--household", "h-1", "--at", "34.07,-118.03")
        for ending in ("key", "crt"):
            shutil.copy(f"{cls.bases['former']}.{ending}", f"{cls.folder}/former.{ending}")
        cls.bases["former"] = cls.folder / "former"
        cls.stack.neighbors("revoke", "device/back")
        shutil.copy(cls.folder / "list-before", cls.stack.keys / "ca.crl")
        cls.enrolled("device/back", "--household", "h-1", "--at", "34.07,-118.03")
        cls.stack.processes["neighborsd"].send_signal(1)
        deadline = time.monotonic() + WAIT
        while "tls_reloaded" not in (cls.stack.logs / "neighborsd.log").read_text():
            if time.monotonic() > deadline:
                raise AssertionError("the list was not read")
            time.sleep(0.02)

    def with_certificate(self, which, **more):
        return lambda: self.connect(self.context(self.bases[which], old=True), **more)

    def with_version(self, version):
        def come():
            context = self.context(old=True)
            context.minimum_version = context.maximum_version = version
            return self.connect(context)
        return come

    def with_ciphers(self, ciphers):
        def come():
            context = self.context(old=True)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers + ":@SECLEVEL=0")
            return self.connect(context)
        return come

    def with_bytes(self, data, end=True):
        def come():
            with socket.create_connection(("127.0.0.1", self.stack.tls_port), timeout=WAIT) as plain:
                plain.sendall(data)
                if end:
                    plain.shutdown(socket.SHUT_WR)
                while plain.recv(4096):
                    pass
        return come

    def with_openssl(self, *words, feed=b""):
        def come():
            openssl("s_client", "-connect", f"127.0.0.1:{self.stack.tls_port}", *words, feed=feed)
        return come

    @staticmethod
    def hello():
        """The first bytes that a client of TLS says."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return outgoing.read()

    def refused(self, come, *words):
        """Comes until the log tells of it: it takes 20 lines of a kind a second, and the table is faster than that."""
        deadline = time.monotonic() + WAIT
        while True:
            since = len(self.log())
            self.assertNotEqual(come(), 0)
            try:
                return self.told(since, *words, seconds=2)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise

    def test_known_bad_clients(self):
        with_alpn = self.context()
        with_alpn.set_alpn_protocols(["h2"])
        refused, unknown = "tls_refused", "connect_refused"
        table = [
            ("expired", self.with_certificate("expired"), refused, "agency/fire", "certificate has expired"),
            ("not yet valid", self.with_certificate("not yet"), refused, "certificate is not yet valid"),
            ("another authority of the same name", self.with_certificate("stranger"), refused, "unable to get local issuer certificate"),
            ("self-signed", self.with_certificate("self-signed"), refused, "self-signed certificate"),
            ("on the revocation list", self.with_certificate("revoked in the list"), refused, "device/lost", "certificate revoked"),
            ("revoked in the registry", self.with_certificate("revoked"), unknown, "revoked"),
            ("issued before a revocation", self.with_certificate("former"), unknown, "withdrawn"),
            ("a name without a role", self.with_certificate("no form"), refused, "not <role>/<id>"),
            ("a role that is none", self.with_certificate("no role"), refused, "no role and id of ours"),
            ("no name", self.with_certificate("no name"), refused, "not <role>/<id>"),
            ("two names", self.with_certificate("two names"), refused, "not <role>/<id>"),
            ("not enrolled", self.with_certificate("stranger by name"), unknown, "not enrolled"),
            ("another user name", lambda: self.connect(self.context(self.good), username="operator/root"), unknown,
             "user name differs from the certificate"),
            ("a server's certificate", self.with_certificate("server"), refused, "purpose"),
            ("an authority's certificate", self.with_certificate("authority"), refused, "purpose"),
            ("a weak key", self.with_certificate("weak key"), refused, "key too weak"),
            ("a SHA-1 signature", self.with_certificate("sha1"), refused, "digest algorithm too weak"),
            ("signed by a client", self.with_certificate("below a client"), refused, "reason="),
            ("a huge certificate", self.with_certificate("large"), refused, "excessive message size"),
            ("no certificate and no token", lambda: self.connect(self.context()), unknown, "no credentials"),
            ("a token of nobody", lambda: self.connect(self.context(), "user/ann", b"a.b.c"), unknown, "why="),
            ("TLS 1.0", self.with_version(ssl.TLSVersion.TLSv1), refused, "protocol"),
            ("TLS 1.1", self.with_version(ssl.TLSVersion.TLSv1_1), refused, "protocol"),
            ("no encryption", self.with_ciphers("eNULL"), refused, "no shared cipher"),
            ("no forward secrecy", self.with_ciphers("AES256-GCM-SHA384"), refused, "no shared cipher"),
            ("no authenticated encryption", self.with_ciphers("ECDHE-ECDSA-AES128-SHA"), refused, "no shared cipher"),
            ("weak groups alone", self.with_openssl("-tls1_2", "-curves", "secp224r1"), refused, "no shared cipher"),
            ("another protocol by ALPN", lambda: self.connect(with_alpn), refused, "no protocol of ours"),
            ("renegotiation", self.with_openssl("-tls1_2", feed=b"R\n"), refused, "renegotiation"),
            ("MQTT without TLS", self.with_bytes(mqtt.connect(client_id="plain")), refused, "wrong version number"),
            ("HTTP without TLS", self.with_bytes(b"GET / HTTP/1.1\r\n\r\n"), refused, "http request"),
            ("half a greeting", self.with_bytes(self.hello()[:60]), refused, "closed in the handshake"),
            ("a greeting and nothing more", self.with_bytes(self.hello(), end=False), refused, "handshake timeout"),
            ("a greeting with noise in it", self.with_bytes(self.hello()[:9] + bytes(200) + self.hello()[209:]), refused, "reason="),
        ]
        self.assertEqual(self.connect(self.context(self.good)), 0, "the good one of the same name")
        for what, come, *words in table:
            with self.subTest(what):
                self.refused(come, "peer=127.0.0.1", *words)
        self.assertEqual(self.connect(self.context(self.good)), 0, "and still")


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


class Web(TlsCase):
    def test_an_agency_posts_by_certificate(self):
        status, body = self.over_https(self.context(self.good), "POST", "/v1/alerts", alert(), {"content-type": "application/json"})
        self.assertEqual(status, 201, body)
        self.assertIn("public_id", json.loads(body))

    def test_a_token_must_be_the_certificates(self):
        token = self.stack.enroll("agency/police", "--name", "Police", "--second-officer", "no", "--drill", "no")
        own = self.stack.enroll("agency/fire", "--officer", "kim")
        for bearer, expected in ((token, 401), (own, 201)):
            status, body = self.over_https(self.context(self.good), "POST", "/v1/alerts", alert(),
                                           {"content-type": "application/json", "authorization": f"Bearer {bearer}"})
            self.assertEqual(status, expected, body)

    def test_neither_or_the_wrong_role(self):
        json_type = {"content-type": "application/json"}
        device = self.enrolled("device/web", "--household", "h-3", "--at", "34.07,-118.03")
        self.assertEqual(self.over_https(self.context(), "POST", "/v1/alerts", alert(), json_type)[0], 401)
        self.assertEqual(self.over_https(self.context(device), "POST", "/v1/alerts", alert(), json_type)[0], 403)

    def test_a_revoked_one_posts_no_more(self):
        base = self.enrolled("agency/former", "--name", "Former", "--second-officer", "no", "--drill", "no")
        shutil.copy(self.stack.keys / "ca.crl", self.folder / "list")
        json_type = {"content-type": "application/json"}
        self.assertEqual(self.over_https(self.context(base), "POST", "/v1/alerts", alert(), json_type)[0], 201)
        self.stack.neighbors("revoke", "agency/former")
        deadline = time.monotonic() + WAIT
        while True:
            try:
                status = self.over_https(self.context(base), "POST", "/v1/alerts", alert(), json_type)[0]
            except (ssl.SSLError, ConnectionError, http.client.HTTPException):
                break  # the list was read
            if status == 401:
                break
            self.assertLess(time.monotonic(), deadline, status)

    def test_anybody_reads(self):
        status, body = self.over_https(self.context(), "GET", "/v1/feed?cells=9qh1f5")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body)["type"], "FeatureCollection")
        self.assertEqual(self.over_https(self.context(), "GET", "/healthz")[0], 200)

    def test_many_requests_and_large_ones(self):
        connection = http.client.HTTPSConnection("127.0.0.1", self.stack.https_port, context=self.context(self.good), timeout=WAIT)
        self.addCleanup(connection.close)
        for size in (10, 100000, 3000000, 10):
            connection.request("POST", "/v1/alerts", alert(description="x" * size), {"content-type": "application/json"})
            answer = connection.getresponse()
            self.assertIn(answer.status, (201, 422), answer.read())
            answer.read()

    def test_mqtt_over_websocket(self):
        by_certificate = mqtt.connect(client_id=unique("wss"))
        self.assertEqual(self.connack(self.websocket(self.context(self.good)), by_certificate), 0)
        token = self.stack.enroll("user/web")
        by_token = mqtt.connect(client_id=unique("wss"), username="user/web", password=token.encode())
        self.assertEqual(self.connack(self.websocket(self.context()), by_token), 0)
        self.assertEqual(self.connack(self.websocket(self.context()), mqtt.connect(client_id=unique("wss"))), 0x87)

    def test_refused_here_too(self):
        base = self.maker.make("web-expired", self.authority, "/CN=agency\\/fire", until="20210101000000Z")
        since = len(self.log())
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            self.over_https(self.context(base), "GET", "/healthz")
        self.told(since, "tls_refused", "certificate has expired")
        since = len(self.log())
        with socket.create_connection(("127.0.0.1", self.stack.https_port), timeout=WAIT) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while plain.recv(4096):
                pass
        self.told(since, "tls_refused", "http request")


if __name__ == "__main__":
    unittest.main()
