"""TLS: every bad client is refused, and the log says why."""
import shutil
import socket
import ssl
import subprocess
import time
import unittest

import mqtt
from case import SETTINGS
from pki import AUTHORITY, GOOD
from tls_case import WAIT, TlsCase


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


if __name__ == "__main__":
    unittest.main()
