"""Tokens and revocation on live connections, of two neighborsd that know of each other through Redis alone: expiry, rotation of
keys, an OpenID provider, a lost phone, revocation, restarts. Each test asks for what happens, the log for why."""
import base64
import json
import os
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import mqtt
from case import HERE, Installation, LiveCase, alert, unique
from stack import ENVIRONMENT, BUILD, StackError, free_port

ALERT = "nb/v1/alert"
NOT_ALLOWED = [(mqtt.DISCONNECT, 0x87)]
ISSUER, AUDIENCE = "https://login.example.org/realms/town", "neighbors"
WAIT = 30  # seconds: for what happens within one, on a machine that is busy


def encode(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, check=True).stdout


class Provider:
    """An OpenID provider, as far as it is one here: a key of P-256 and what it signs."""

    def __init__(self, folder):
        self.key, self.message = folder / "provider.key", folder / "provider.message"
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key)

    def key_set(self):
        point = openssl("pkey", "-in", self.key, "-pubout", "-outform", "DER")[-64:]
        key = {"kty": "EC", "crv": "P-256", "kid": "town-1", "use": "sig", "alg": "ES256", "x": encode(point[:32]), "y": encode(point[32:])}
        return json.dumps({"keys": [{"kty": "RSA", "kid": "old", "n": "AQAB", "e": "AQAB"}, key]})

    def token(self, user, lives=600, **claims):
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": user, "iat": now, "exp": now + lives} | claims
        text = encode({"alg": "ES256", "kid": "town-1"}) + "." + encode(claims)
        self.message.write_text(text)
        der = openssl("dgst", "-sha256", "-sign", self.key, self.message)
        numbers, at = b"", 2
        for _ in range(2):
            size = der[at + 1]
            numbers += der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0")
            at += 2 + size
        return text + "." + encode(numbers)


class TokensCase(LiveCase):
    """One Redis and two neighborsd, of which the second speaks TLS and trusts a provider."""

    @classmethod
    def setUpClass(cls):
        cls.own = Installation()
        cls.addClassCleanup(cls.own.close)
        cls.stack = cls.own.stack
        cls.provider = Provider(cls.own.folder)
        (cls.own.folder / "provider.jwks").write_text(cls.provider.key_set())
        cls.second_port, cls.tls_port = free_port(), free_port()
        keys = cls.stack.keys
        cls.second = {"mqtt_port": cls.second_port, "http_port": 0, "metrics_port": 0, "tls_port": cls.tls_port,
                      "tls_certificate": str(keys / "server.crt"), "tls_key": str(keys / "server.key"),
                      "tls_client_ca": str(keys / "ca.crt"), "openid_keys": str(cls.own.folder / "provider.jwks"),
                      "openid_issuer": ISSUER, "openid_audience": AUDIENCE}
        cls.stack.start_broker("second", **cls.second)

    def setUp(self):
        self.home, self.ports = self.own, (self.stack.mqtt_port, self.second_port)
        self.port = self.ports[0]

    def restart(self):
        for name in ("neighborsd", "second"):
            self.stack.stop_one(name)
        self.stack.start_broker()
        self.stack.start_broker("second", **self.second)

    def enroll(self, name, *options):
        role, identifier = name.split("/")
        return self.stack.neighbors("enroll", role, identifier, *self.options(name), *options)[-1]["token"]

    def knock(self, node, name, token, client_id=None, **options):
        """A connection to that node, and the reason of its CONNACK."""
        connection = mqtt.Client(self.ports[node], options.pop("version", 5))
        self.addCleanup(connection.close)
        client_id = unique("client") if client_id is None else client_id
        connection.connack = connection.connect(username=name, password=token.encode(), client_id=client_id, **options)
        return connection, connection.connack.reason

    def comes(self, node, name, token, client_id=None, **options):
        connection, reason = self.knock(node, name, token, client_id, **options)
        self.assertEqual(reason, 0)
        return connection

    @staticmethod
    def in_time(come):
        """come(seconds that a token lives), until one lived for long enough on this machine."""
        return next(filter(None, map(come, (2, 5, 15, 60))))

    def ended(self, connection, said=NOT_ALLOWED):
        """The broker ended it, and the connection has read to its end."""
        heard = [(p.kind, p.reason) for p in connection.closed(WAIT) if p.kind != mqtt.PUBLISH]
        self.assertEqual(heard, said)

    def stays(self, connection):
        self.assertEqual(connection.publish(ALERT, alert()).reason, 0)

    def until(self, true, what):
        deadline = time.monotonic() + WAIT
        while not true():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def log(self, name="neighborsd"):
        return (self.stack.logs / f"{name}.log").read_text(errors="replace")

    def logged(self, words, name="neighborsd"):
        self.until(lambda: words in self.log(name), f"no line of {name} says: {words}")

    def kept(self, name):
        """The names of all that Redis has of a principal."""
        found = self.stack.redis_command("--scan", "--pattern", f"nb:{{p:{name}}}:*").split()
        return sorted(key.partition("}:")[2] for key in found)


class Expiry(TokensCase):
    def test_a_connection_ends_with_its_token(self):
        name = "user/brief"
        lasting = self.comes(0, name, self.enroll(name))
        *ends, older = self.in_time(lambda lives: self.all_come(name, self.enroll(name, "--ttl", f"{lives}s")))
        token = self.brief
        for connection in ends:
            self.ended(connection)
        self.ended(older, [])
        self.assertGreaterEqual(time.time(), json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["exp"])
        self.logged(f'connection_barred principal={name} peer=127.0.0.1')
        self.logged('why="token expired"', "second")
        self.assertEqual(self.knock(0, name, token)[1], 0x87)
        self.logged('why="the token has expired"')
        self.stays(lasting)
        self.assertNotIn(token.split(".")[1], self.log())


    def all_come(self, name, token):
        """With a token that may end any moment: the three, or None when it has ended meanwhile."""
        self.brief = token
        came = [self.knock(0, name, token), self.knock(1, name, token), self.knock(0, name, token, version=4)]
        return None if any(reason for _, reason in came) else [connection for connection, _ in came]


class Rotation(TokensCase):
    """Of the keys; last of all, for it leaves no key as it was."""

    def rotate(self, *options):
        before = [self.log(name).count('token_keys done="read anew"') for name in ("neighborsd", "second")]
        kept = self.stack.neighbors("ca", "rotate-token-key", *options)[-1]["kept"]
        for name, count in zip(("neighborsd", "second"), before):
            self.until(lambda: self.log(name).count('token_keys done="read anew"') > count, "the keys were not read anew")
        return kept

    def test_keys_change_and_nobody_notices_until_one_is_taken_out(self):
        name = "user/turns"
        token = self.enroll(name)
        before = [self.comes(node, name, token) for node in (0, 1)]
        self.assertEqual(self.rotate("--algorithm", "es256"), 1)
        for connection in before:
            self.stays(connection)
        fresh = self.enroll(name)
        self.assertNotEqual(fresh.split(".")[0], token.split(".")[0])
        after = [self.comes(node, name, fresh) for node in (0, 1)]
        again = self.comes(0, name, token)

        # The key before is taken out: what it let in ends on every node, what the new one let in stays.
        public = self.stack.keys / "token.pub"
        pem = public.read_text()
        new = public.with_suffix(".edited")
        new.write_text(pem[:pem.index("-----END") + len("-----END PUBLIC KEY-----\n")])
        os.replace(new, public)
        for connection in [*before, again]:
            self.ended(connection)
        self.logged("why=\"the token's key is no longer good\"")
        for connection in after:
            self.stays(connection)
        self.assertEqual(self.knock(0, name, token)[1], 0x87)
        self.logged("why=\"no key here is the token's\"")

        # A stolen key goes at once.
        self.assertEqual(self.rotate("--keep", "0s"), 0)
        for connection in after:
            self.ended(connection)
        self.assertEqual(self.knock(1, name, fresh)[1], 0x87)
        last = self.comes(0, name, self.enroll(name))

        # What cannot be read changes nothing, on SIGHUP neither.
        good = public.read_text()
        public.write_text("-----BEGIN NONSENSE-----\n")
        self.logged("token.pub: holds no PEM key; the former keys stay")
        self.stack.processes["neighborsd"].send_signal(signal.SIGHUP)
        self.logged("reload done=1")
        self.stays(last)
        self.assertEqual(self.knock(0, name, self.enroll(name))[1], 0)
        public.write_text(good)

        # A set of keys serves as well, and SIGHUP reads it without a wait.
        x = openssl("pkey", "-pubin", "-in", public, "-pubout", "-outform", "DER")[-32:]
        public.write_text(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": encode(x)}]}))
        self.stack.processes["neighborsd"].send_signal(signal.SIGHUP)
        self.assertEqual(self.knock(0, name, self.enroll(name))[1], 0)
        self.stays(last)


class Revocation(TokensCase):
    def test_all_of_somebody_ends_everywhere_and_stays_so(self):
        name, follow = "user/gone", "nb/v1/near/9qh1f5/1600/#"
        token = self.enroll(name, "--household", "house-gone", "--at", f"{HERE[0]},{HERE[1]}")
        lasting = {"clean": False, "props": {"session_expiry": 3600}}
        phone = self.comes(0, name, token, "phone", **lasting)
        tablet = self.comes(1, name, token, "tablet", **lasting)
        away = self.comes(0, name, token, "away", version=4, clean=False)
        for connection in (phone, tablet, away):
            self.assertEqual(connection.subscribe(follow, "nb/v1/inbox/#"), [1, 1])
        # A refusal that the acknowledgement of 3.1.1 cannot carry lies in the inbox.
        away.publish(ALERT, alert(headline=""))
        away.heard(lambda p: p.topic == "nb/v1/inbox/refused", WAIT)
        away.close()
        self.until(lambda: {"s:away", "in:away"} <= set(self.kept(name)), "nothing was kept")
        self.assertLessEqual({"s:phone", "s:tablet", "clients"}, set(self.kept(name)))

        self.stack.neighbors("revoke", name)
        self.ended(phone)
        self.ended(tablet)
        self.until(lambda: self.kept(name) == ["principal"], "something was kept")
        self.logged(f"connection_barred principal={name}")
        self.logged(f"connection_barred principal={name}", "second")
        self.restart()
        for node in (0, 1):
            self.assertEqual(self.knock(node, name, token, "phone", **lasting)[1], 0x87)
        self.assertEqual(self.kept(name), ["principal"])

        fresh = self.enroll(name)
        back = self.comes(0, name, fresh, "phone", **lasting)
        self.assertFalse(back.connack.session_present)
        self.assertEqual(self.knock(0, name, token, "phone", **lasting)[1], 0x87)
        self.logged('why="token withdrawn"')
        self.stays(back)  # who came with a withdrawn token put nobody out

    def test_it_holds_though_the_word_of_it_was_lost(self):
        name = "user/unheard"
        connection = self.comes(0, name, self.enroll(name))
        lost = self.log().count("store_lost link=feed")
        # Between the two nobody listens: Redis has forgotten who to tell, and we have not noticed.
        self.stack.processes["neighborsd"].send_signal(signal.SIGSTOP)
        self.stack.redis_command("CLIENT", "KILL", "TYPE", "pubsub")
        self.stack.neighbors("revoke", name)
        self.stack.processes["neighborsd"].send_signal(signal.SIGCONT)
        self.ended(connection)
        self.assertGreater(self.log().count("store_lost link=feed"), lost)

    def test_a_certificate_is_no_way_round(self):
        name, keys, folder = "device/cert-1", self.stack.keys, self.own.folder
        self.enroll(name)
        key, request, certificate = folder / "d.key", folder / "d.csr", folder / "d.crt"
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request,
                "-subj", f"/CN={name.replace('/', chr(92) + '/')}")
        extensions = folder / "d.ext"
        extensions.write_text("extendedKeyUsage=clientAuth\n")
        openssl("x509", "-req", "-in", request, "-CA", keys / "ca.crt", "-CAkey", keys / "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", extensions, "-out", certificate)
        tls = ssl.create_default_context(cafile=keys / "ca.crt")
        tls.load_cert_chain(certificate, key)

        def knock(client_id):
            connection = mqtt.Client(self.tls_port, tls=tls)
            self.addCleanup(connection.close)
            return connection, connection.connect(client_id=client_id, clean=False, props={"session_expiry": 3600}).reason

        one, reason = knock("one")
        other, also = knock("other")
        self.assertEqual((reason, also), (0, 0))
        self.until(lambda: {"s:one", "s:other"} <= set(self.kept(name)), "no session was kept")
        self.stack.neighbors("revoke", name, "--instance", "one")
        self.ended(one)
        self.assertEqual(knock("one")[1], 0x87)
        self.assertEqual(self.kept(name), ["clients", "instances", "principal", "s:other"])
        other.send(bytes([0xC0, 0]))
        other.expect(mqtt.PINGRESP)
        self.stack.neighbors("revoke", name)
        self.ended(other)
        for client_id in ("one", "other", "third"):
            self.assertEqual(knock(client_id)[1], 0x87)
        self.until(lambda: self.kept(name) == ["instances", "principal"], "something was kept")


class LostPhone(TokensCase):
    def test_one_of_two_phones_is_revoked_alone(self):
        name, lasting = "user/two", {"clean": False, "props": {"session_expiry": 3600}}
        first, second = (self.enroll(name, "--instance", phone) for phone in ("phone-1", "phone-2"))
        phones = [self.comes(0, name, first, "phone-1", **lasting), self.comes(1, name, second, "phone-2", **lasting)]
        for phone in phones:
            self.assertEqual(phone.subscribe("nb/v1/inbox/#"), [1])
        # A token is good for its phone alone, and gives its name to who has none.
        for client_id in ("phone-1", "else"):
            self.assertEqual(self.knock(0, name, second, client_id)[1], 0x87)
        self.logged('why="the token is bound to another client id"')
        self.ended_by_itself(phones[1], name, second)
        phones[1] = self.comes(1, name, second, "phone-2", **lasting)

        self.assertEqual(self.stack.neighbors("revoke", name, "--instance", "phone-2")[-1]["bound"], True)
        self.ended(phones[1])
        self.logged('why="this instance is revoked"', "second")
        self.stays(phones[0])
        self.until(lambda: not any(key.endswith("phone-2") for key in self.kept(name)), "something was kept")
        self.assertIn("s:phone-1", self.kept(name))
        self.until(lambda: self.post(second) == 401, "the other node does not hear of it")
        self.assertEqual(self.post(first), 201)
        with self.assertRaises(StackError):
            self.stack.neighbors("revoke", name, "--instance", "phone-3")

        self.restart()
        for node in (0, 1):
            self.assertEqual(self.knock(node, name, second, "phone-2", **lasting)[1], 0x87)
        self.logged('why="revoked"')
        kept = self.comes(1, name, first, "phone-1", **lasting)
        self.assertTrue(kept.connack.session_present)
        # Found again: a new token is good, the lost one never again.
        found = self.enroll(name, "--instance", "phone-2")
        back = self.comes(0, name, found, "phone-2", **lasting)
        self.assertFalse(back.connack.session_present)
        self.assertEqual(self.knock(0, name, second, "phone-2")[1], 0x87)
        self.assertEqual(self.post(second), 401)
        self.stays(back)

    def ended_by_itself(self, phone, name, token):
        """Who gives no client id is the instance, and so takes its session over."""
        taker = self.comes(0, name, token, "")
        self.assertEqual(taker.connack.props["assigned_client_id"], "phone-2")
        self.ended(phone, [(mqtt.DISCONNECT, 0x8E)])

    def test_a_token_bound_to_nothing(self):
        name = "user/loose"
        token = self.enroll(name)
        phone, other = self.comes(1, name, token, "phone-1"), self.comes(0, name, token, "phone-2")
        self.assertEqual(self.stack.neighbors("revoke", name, "--instance", "phone-1")[-1]["bound"], False)
        self.ended(phone)
        self.assertEqual(self.knock(1, name, token, "phone-1")[1], 0x87)
        self.stays(other)

    def test_the_command_line_is_the_instance_of_its_token(self):
        name, file = "user/typist", self.own.folder / "typist.token"
        self.enroll(name, "--instance", "desk", "--token-file", str(file))
        done = self.stack.neighbors("publish", "alert", "--as", name, "--token-file", str(file), "--category", "safety", "--at",
                                    f"{HERE[0]},{HERE[1]}", "--headline", "Street light out")
        self.assertEqual(done[-1]["ok"], True)

    def post(self, token):
        request = urllib.request.Request(f"http://127.0.0.1:{self.stack.http_port}/v1/alerts", alert(), {
            "Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        try:
            return urllib.request.urlopen(request, timeout=WAIT).status
        except urllib.error.HTTPError as error:
            return error.code


class OpenId(TokensCase):
    def test_its_users_come_when_they_are_enrolled(self):
        user, name = "ann@example.org", "user/oidc-ann_40example.org"
        token = self.provider.token(user, email="x", groups=["a"] * 50)
        self.assertEqual(self.knock(1, name, token)[1], 0x87)
        self.logged('why="not enrolled"', "second")
        self.enroll(name)
        self.assertEqual(self.knock(0, name, token)[1], 0x87, "the first node trusts no provider")
        phone, other = self.comes(1, name, token), self.comes(1, "openid", token)
        self.stays(phone)
        self.stays(other)
        for why, bad in (("the token is of another issuer", self.provider.token(user, iss="https://evil.example")),
                         ("the token is for another audience", self.provider.token(user, aud=["x"])),
                         ("the token is from the future", self.provider.token(user, iat=int(time.time()) + 500)),
                         ("the token has no claim that names the user", self.provider.token(None))):
            self.assertEqual(self.knock(1, "openid", bad)[1], 0x87)
            self.logged(f'why="{why}"', "second")
        self.assertEqual(self.knock(1, "operator/root", self.provider.token("root", role="operator"))[1], 0x87)
        def comes(lives):
            connection, reason = self.knock(1, "openid", self.provider.token(user, lives=lives))
            return connection if reason == 0 else None
        self.ended(self.in_time(comes))
        self.stack.neighbors("revoke", name)
        self.ended(phone)
        self.ended(other)

    def test_or_when_they_come_if_the_operator_wants_so(self):
        token = self.provider.token("bob@example.org")
        name = "user/oidc-bob_40example.org"
        config = self.stack.write_settings("second", **self.second, openid_enroll=1)
        self.stack.processes["second"].send_signal(signal.SIGHUP)
        self.logged("reload done=1", "second")
        phone = self.comes(1, "openid", token)
        self.assertEqual(self.stack.redis_command("HEXISTS", f"nb:{{p:{name}}}:principal", "enrolled"), "1")
        # The operator has the last word, and it is not undone by coming again.
        self.stack.neighbors("revoke", name)
        self.ended(phone)
        self.assertEqual(self.knock(1, "openid", token)[1], 0x87)
        # Other rules, and whoever came by the former ones goes.
        here = self.comes(1, "openid", self.provider.token("cara@example.org"))
        config.write_text(config.read_text().replace(f'openid_audience = "{AUDIENCE}"', 'openid_audience = "elsewhere"'))
        self.stack.processes["second"].send_signal(signal.SIGHUP)
        self.ended(here)
        self.stack.write_settings("second", **self.second)
        self.stack.processes["second"].send_signal(signal.SIGHUP)
        self.until(lambda: self.log("second").count("reload done=1") == 3, "not reloaded")


class Files(TokensCase):
    def check(self, **settings):
        """What neighborsd says of its files before it would start."""
        config = self.stack.write_settings("check", **settings)
        done = subprocess.run([BUILD / "neighborsd", "--config", config, "--check-config"], capture_output=True, text=True,
                              env=ENVIRONMENT)
        return done.returncode, done.stderr

    def test_who_else_may_read_a_secret_is_looked_at(self):
        keys, folder = self.stack.keys, self.own.folder
        secret, private, trusted = folder / "secret.copy", folder / "key.copy", folder / "pub.copy"
        secret.write_bytes((keys / "broker.secret").read_bytes())
        private.write_bytes((keys / "token.key").read_bytes())
        trusted.write_bytes((keys / "token.pub").read_bytes())
        files = {"secret_file": secret, "token_public_key": trusted}
        closed, written = "holds a secret and is not closed to others: chmod o= it", "may be written by others than its owner"
        for modes, refused in (({secret: 0o600, trusted: 0o644}, None), ({secret: 0o640}, None), ({secret: 0o644}, closed),
                               ({secret: 0o660}, written), ({secret: 0o600, trusted: 0o646}, written),
                               ({trusted: 0o644}, None)):
            for path, mode in modes.items():
                path.chmod(mode)
            code, said = self.check(**{name: str(path) for name, path in files.items()})
            self.assertEqual((code, (refused or "") in said), (1 if refused else 0, True), said)
        private.chmod(0o644)
        code, said = self.check(token_public_key=str(private))
        self.assertEqual(code, 1)
        self.assertIn(f"token_public_key: {private}: {closed}", said)
        code, said = self.check(openid_keys=str(trusted))
        self.assertIn("openid_keys: needs openid_issuer, openid_audience and openid_claim", said)

        (keys / "token.key").chmod(0o644)
        self.addCleanup((keys / "token.key").chmod, 0o600)
        done = subprocess.run(self.stack.command("enroll", "user", "nobody"), capture_output=True, text=True, env=ENVIRONMENT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("token.key: holds a secret and is not closed to others: chmod o= it", done.stderr)
        self.assertEqual(done.stdout, "")
