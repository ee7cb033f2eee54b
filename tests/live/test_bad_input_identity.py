"""Somebody else's identity, and what a role, a filter or a session may not. Who is refused learns nothing about others."""
import base64
import json
import subprocess

import mqtt
from case import alert, motion, now_ms, unique
from watched import WatchedCase

ALERT, MOTION = "nb/v1/alert", "nb/v1/motion"
REFUSED = {5: 0x87, 4: 5}  # not authorized
ROLES = ("device", "edge", "user", "agency", "operator")
# Who may publish what, as the contract has it.
TOPICS = {"motion": {"device", "edge"}, "alert": {"user", "agency"}, "witness": {"user"}, "flag": {"user"},
          "verdict": {"agency", "operator"}, "footage-request": {"agency"}, "resolve": {"agency"},
          "footage-answer": {"user"}, "tip": {"user", "agency"}, "reward": {"agency"}, "settings": {"user"}, "forget": {"user"},
          "export": {"user"}, "desk": {"agency"}, "history": set(ROLES)}


def encode(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


class Tokens(WatchedCase):
    def sign(self, claims, key=None, header=None):
        """A token with these claims, signed with the installation's key or another."""
        text = encode(header or {"alg": "EdDSA", "typ": "JWT"}) + "." + encode(claims)
        message = self.home.folder / "message"
        message.write_text(text)
        done = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(key or self.home.stack.keys / "token.key"),
                               "-in", str(message)], capture_output=True, check=True)
        return text + "." + encode(done.stdout)

    def attempt(self, version, username, password, **more):
        """What the broker says to a CONNECT, byte by byte, until it closes."""
        connection = self.raw(version)
        connection.send(mqtt.connect(version=version, client_id=unique("client"), username=username, password=password, **more))
        return connection.closed()

    def refused(self, attempts, **more):
        """Each attempt is answered by the same CONNACK in each version, then closed, and counted."""
        before = self.counters()
        for version in (5, 4):
            answers = {}
            for name, (username, password) in attempts.items():
                said = self.attempt(version, username, password, **more)
                self.assertEqual([(p.kind, p.reason) for p in said], [(mqtt.CONNACK, REFUSED[version])], name)
                answers[name] = said[0].body
            self.assertEqual(len(set(answers.values())), 1, f"one refusal for all: {answers}")
        self.counted(before, connections_refused_credentials=2 * len(attempts))

    def test_forged_tokens(self):
        name, now = "user/ann", now_ms() // 1000
        good = self.home.token(name)
        head, claims, signature = good.split(".")
        other_key = self.home.folder / "other.key"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(other_key)], check=True,
                       capture_output=True)
        fresh = {"sub": name, "iat": now, "exp": now + 3600}
        self.assertEqual(self.attempt_good(name, self.sign(fresh)), 0, "the helper signs as the command line does")
        changed = bytearray(base64.urlsafe_b64decode(signature + "=="))
        changed[5] ^= 1
        forged = {
            "of another": self.home.token("user/bob"),
            "signature changed": f"{head}.{claims}.{encode(bytes(changed))}",
            "signature of another token": f"{head}.{claims}.{self.home.token('user/bob').split('.')[2]}",
            "no signature": f"{head}.{claims}.",
            "claims changed": f"{head}.{encode(fresh)}.{signature}",
            "wrong key": self.sign(fresh, other_key),
            "algorithm none": encode({"alg": "none", "typ": "JWT"}) + "." + claims + ".",
            "another algorithm": self.sign(fresh, header={"alg": "HS256", "typ": "JWT"}),
            "unknown header": self.sign(fresh, header={"alg": "EdDSA", "typ": "JWT", "jku": "http://127.0.0.1/"}),
            "expired": self.sign({"sub": name, "iat": now - 7200, "exp": now - 3600}),
            "from the future": self.sign({"sub": name, "iat": now + 3600, "exp": now + 7200}),
            "never ends": self.sign({"sub": name, "iat": now, "exp": 2**62}),
            "ends before it begins": self.sign({"sub": name, "iat": now, "exp": now - 1}),
            "no times": self.sign({"sub": name}),
            "more claims": self.sign(fresh | {"role": "operator"}),
            "wrong types": self.sign({"sub": name, "iat": str(now), "exp": now + 3600}),
            "truncated": good[:-1],
            "longer": good + "A",
            "other text of the same": good + "=",
            "empty": "",
            "blank": " " + good,
            "NUL": good + "\0",
            "large": "x" * 60000,
            "many dots": "." * 1000,
        }
        self.refused({what: (name, token.encode()) for what, token in forged.items()})

    def attempt_good(self, name, token):
        connection = self.raw()
        return connection.connect(client_id=unique("client"), username=name, password=token.encode()).reason

    def test_names_that_differ_or_do_not_exist(self):
        token = self.home.token("user/ann").encode()
        now = now_ms() // 1000
        names = ["user/bob", "user/Ann", "user/ann ", "user/ann/x", "User/ann", "agency/ann", "operator/ann", "user/",
                 "user", "ann", "/", "", "user/ann\0".replace("\0", "%00"), "user/" + "a" * 65, "user/é", "node/1", "+/+", "#"]
        attempts = {name: (name, token) for name in names}
        attempts["not enrolled"] = ("user/nobody", self.sign({"sub": "user/nobody", "iat": now, "exp": now + 60}).encode())
        attempts["no such role"] = ("king/ann", self.sign({"sub": "king/ann", "iat": now, "exp": now + 60}).encode())
        attempts["no password"] = ("user/ann", None)
        attempts["no name"] = (None, token)
        self.home.token("user/gone")
        self.home.stack.neighbors("revoke", "user/gone")
        attempts["revoked"] = ("user/gone", self.home.token("user/gone").encode())
        # 3.1.1 forbids a password without a user name: that is the protocol's business, not ours.
        del attempts["no name"]
        self.refused(attempts)

    def test_a_revoked_connection_ends(self):
        device = self.client("device/revoked")
        idle = self.client("device/revoked", 4)
        self.assertEqual(device.publish(MOTION, motion()).reason, 0)
        self.home.stack.neighbors("revoke", "device/revoked")
        self.assertEqual([(p.kind, p.reason) for p in device.closed()], [(mqtt.DISCONNECT, 0x87)])
        self.assertEqual(idle.closed(), [])
        token = self.home.tokens.pop("device/revoked")
        self.assertEqual(self.attempt(5, "device/revoked", token.encode())[0].reason, 0x87)
        fresh = self.client("device/revoked")  # enrolled again, with a new token
        self.assertEqual(fresh.publish(MOTION, motion()).reason, 0)
        self.assertEqual(self.attempt(5, "device/revoked", token.encode())[0].reason, 0x87, "the old token stays void")

    def test_a_token_that_expires_ends_the_connection(self):
        name = "user/brief"
        self.home.token(name)
        # The connection ends when the token does, which is good for long enough to be made and shown.
        for lives in (4, 20, 100):
            now = now_ms() // 1000
            token = self.sign({"sub": name, "iat": now - 100, "exp": now + lives})
            connection = self.raw()
            if connection.connect(client_id="brief", username=name, password=token.encode()).reason == 0:
                break
        self.assertEqual([(p.kind, p.reason) for p in connection.closed()], [(mqtt.DISCONNECT, 0x87)])


class Others(WatchedCase):
    def test_devices_of_others_get_one_identical_refusal(self):
        self.home.token("edge/hub", "--household", "home-hub", "--at", "34.0768,-118.0316")
        for device, household in (("hub-own", "home-hub"), ("hub-revoked", "home-hub"), ("foreign", "home-other")):
            self.home.token(f"device/{device}", "--household", household, "--at", "34.0768,-118.0316")
        self.home.stack.neighbors("revoke", "device/hub-revoked")
        edge = self.client("edge/hub")
        self.assertEqual(edge.publish(MOTION, motion({"device": "hub-own"})).reason, 0)
        before, refusals = self.counters(), {}
        others = ("foreign", "hub-revoked", "unknown", "bystander", "..", "a" * 64)
        for device in others:
            answer = edge.publish(MOTION, motion({"device": device}))
            refusals[device] = answer.reason, answer.props
        self.assertEqual(set(map(repr, refusals.values())),
                         {repr((0x87, {"reason_string": "events[0].device: not a device of yours"}))}, refusals)
        device = self.client("device/foreign")
        for named in ("hub-own", "unknown", "hub-revoked"):
            answer = device.publish(MOTION, motion({"device": named}))
            self.assertEqual((answer.reason, answer.props), refusals["foreign"])
        self.counted(before, refused_not_allowed=len(others) + 3)
        mixed = edge.publish(MOTION, motion({"device": "hub-own"}, {"device": "foreign"}, {"device": "unknown"}))
        self.assertEqual((mixed.reason, [value.split(" ", 2)[1:] for _, value in mixed.props["user"]]),
                         (0, [["135", f"events[{n}].device: not a device of yours"] for n in (1, 2)]))

    def test_a_device_that_an_edge_does_not_name(self):
        self.home.token("edge/hub", "--household", "home-hub", "--at", "34.0768,-118.0316")
        answer = self.client("edge/hub").publish(MOTION, motion())
        self.assertEqual((answer.reason, answer.props["reason_string"]), (0x99, "events[0].device: an edge names the device"))

    def test_what_roles_may_not_publish(self):
        who = {role: f"{role}/role" for role in ROLES}
        for role, name in who.items():
            connection, before, forbidden = self.client(name), self.counters(), 0
            for topic, roles in TOPICS.items():
                for qos in (1, 2):
                    answer = connection.publish(f"nb/v1/{topic}", b'{"x":', qos=qos)
                    self.assertEqual(answer.reason == 0x87, role not in roles, (role, topic, answer))
                    if role not in roles:
                        self.assertEqual(answer.props["reason_string"], "topic: not for this role")
                        forbidden += 1
            self.counted(before, refused_not_allowed=forbidden)

    def test_alerts_of_another(self):
        """The same id from two senders is two alerts; nobody ends or changes another's."""
        name = unique("mine")
        headline = unique("headline")
        follower = self.follower()
        self.assertEqual(self.client("user/ann").publish(ALERT, alert(name, headline=headline)).reason, 0)
        _, item = self.headline(follower, headline)
        thief = self.client("user/thief")
        thief.publish(ALERT, alert(unique("cancel"), msgType="CANCEL", references=[name], category=None, headline=None,
                                   place=None))
        thief.publish(ALERT, alert(unique("update"), msgType="UPDATE", references=[name], headline="stolen"))
        again = self.follower("user/other")
        _, found = self.headline(again, headline)
        self.assertEqual((found["alert"]["publicId"], found["alert"]["state"]), (item["alert"]["publicId"], "IN_FORCE"))
        forged = unique("forged")
        self.assertEqual(thief.publish(ALERT, alert(headline=forged, publicId=item["alert"]["publicId"], revision=99,
                                                    senderKind="AGENCY", truth="CONFIRMED", senderName="Police",
                                                    merged=50)).reason, 0)
        _, told = self.headline(again, forged)
        self.assertNotEqual(told["alert"]["publicId"], item["alert"]["publicId"])
        self.assertEqual((told["alert"]["senderKind"], told["alert"]["truth"], told["alert"]["merged"],
                          told["alert"].get("senderName", "")), ("USER", "UNVERIFIED", 1, ""))

    def test_an_inbox_is_always_the_own(self):
        """No topic names whose inbox is meant, so nobody can name another's."""
        listener, bob = self.client(f"user/{unique('listener')}"), self.client("user/bob", 4)
        listener.subscribe("nb/v1/json/inbox/#", "nb/v1/inbox/user/bob/#", "nb/v1/inbox/+/refused")
        bob.subscribe("nb/v1/json/inbox/#")
        bob.send(mqtt.publish(ALERT, b"{", 1, bob.identifier(), 4))  # the notice comes before or behind the PUBACK
        bob.until(mqtt.PUBLISH, accept=lambda p: p.topic.endswith("/refused"))
        heard = []
        listener.until(mqtt.PUBLISH, accept=lambda p: heard.append(p.topic) or p.topic.endswith("/heartbeat"))
        self.assertEqual({topic.rsplit("/", 1)[1] for topic in heard}, {"heartbeat"})

    def test_sessions_of_another(self):
        """A session belongs to (role/id, client id): the same client id of two people is two sessions."""
        name = unique("shared")
        mine = self.client(f"user/{unique('mine')}", client_id=name, props={"session_expiry": 60})
        mine.subscribe("nb/v1/json/inbox/#")
        theirs = self.client("user/bob", client_id=name, clean=False, props={"session_expiry": 60})
        self.assertFalse(theirs.connack.session_present)
        theirs.close()
        mine.send(mqtt.PING)
        mine.expect(mqtt.PINGRESP)


class Filters(WatchedCase):
    BAD = {
        "#": 0x87, "+": 0x87, "nb/#": 0x87, "nb/v1/#": 0x87, "+/v1/near/9qh1f5/1600/#": 0x87, "$SYS/#": 0x87,
        "$SYS/broker/uptime": 0x87, "nb/v1/near/+/1600/#": 0x87, "nb/v1/near/9qh1f5/+/#": 0x87, "nb/v1/near/#": 0x87,
        "nb/v1/cell/#": 0x87, "nb/v1/cell/+/#": 0x87, "nb/v1/motion": 0x87, "nb/v1/alert": 0x87, "other/topic": 0x87,
        "nb/v1/cell/9/#": 0x8F, "nb/v1/cell/9q/#": 0x87, "nb/v1/cell/9qh/#": 0x87, "nb/v1/cell/9qh1f5x/#": 0x8F,
        "nb/v1/near/9qh1/1600/#": 0x8F, "nb/v1/near/9qh1fa/1600/#": 0x8F, "nb/v1/near/9qh1f5/1000/#": 0x8F,
        "nb/v1/near/9qh1f5/16000000000000/#": 0x8F, "nb/v1/near/9qh1f5/1600/rumour/#": 0x8F,
        "nb/v1/near/9qh1f5/1600/incident/gossip/#": 0x8F, "nb/v1/near//1600/#": 0x8F,
        "$share/group/nb/v1/near/9qh1f5/1600/#": 0x9E, "x" * 60000: 0x87, "/" * 5000: 0x87,
    }

    def test_filters_that_are_refused(self):
        for version in (5, 4):
            connection, before = self.client("user/ann", version), self.counters()
            for filter_, code in self.BAD.items():
                self.assertEqual(connection.subscribe(filter_), [code if version == 5 else 0x80], filter_[:80])
            self.counted(before, subscriptions_refused=len(self.BAD))
            self.assertEqual(connection.subscribe("nb/v1/json/near/9qh1f5/1600/#"), [1], "the connection stays")

    def test_filters_that_are_none(self):
        for filter_ in ("nb/v1/inbox/#/x", "nb/v1/ne+r/x", "$share//x", "$share/a+/x", "", b"nb/\xff", "nb/\0"):
            connection, before = self.client("user/ann"), self.counters()
            connection.send(mqtt.subscribe([(filter_, 1)]))
            packet = connection.receive()
            if packet.kind == mqtt.SUBACK:
                self.assertGreaterEqual(packet.reasons[0], 0x80)
            else:
                self.assertEqual((packet.kind, packet.reason in (0x81, 0x82, 0x8F)), (mqtt.DISCONNECT, True), filter_)
                self.counted(before, connections_closed_protocol=1)

    def test_too_many_filters(self):
        connection = self.client("user/ann")
        alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"
        filters = [f"nb/v1/cell/9qh1{a}{b}/#" for a in alphabet for b in alphabet]
        before = self.counters()
        codes = connection.subscribe(*filters)
        self.assertEqual((codes[:64], set(codes[64:])), ([1] * 64, {0x97}))
        self.assertEqual(connection.subscribe("nb/v1/json/near/9qh1f5/1600/#"), [0x97])
        self.counted(before, subscriptions_refused=len(filters) - 64 + 1)
        self.assertEqual(connection.subscribe(filters[0]), [1], "one that it has may be said again")

    def test_a_subscribe_that_is_nothing_but_filters(self):
        """As many filters, and as many cursors, as a packet holds."""
        connection = self.client("user/ann")
        for options in ({"filters": [("x", 1)] * 60000}, {"filters": [("nb/v1/cell/9qh1f/#", 1)] * 10000},
                        {"filters": [("nb/v1/near/9qh1f5/8000/#", 1)], "props": {"user": [("since", "9qh1f:AAAA")] * 10000}}):
            filters, props = options["filters"], options.get("props")
            connection.send(mqtt.subscribe(filters, 5, props=props))
            self.assertEqual(len(connection.until(mqtt.SUBACK).reasons), len(filters))

    def test_cursors_that_are_none(self):
        connection = self.client("user/ann")
        cursors = ["", ":", "9qh1f:", "9qh1f:AAAA", "9qh1f:" + "A" * 5000, ":AAAA", "9qh1f", "x" * 60000, "c:9qh1f:AAAA"]
        self.assertEqual(connection.subscribe("nb/v1/json/near/9qh1f5/1600/#", props={"user": [("since", c) for c in cursors]}),
                         [1])


    def test_the_reason_names_the_filter(self):
        def told(*filters, **options):
            connection = self.client("user/ann", **options)
            connection.send(mqtt.subscribe([(filter_, 1) for filter_ in filters]))
            return connection.until(mqtt.SUBACK).props.get("reason_string")

        good = "nb/v1/near/9qh1f5/1600/#"
        self.assertIsNone(told(good))
        self.assertEqual(told(good, "nb/v1/near/9qh1f5/17/#", "#"), "filters[1].metres: 400, 800, 1600, 3200 or 8000")
        self.assertEqual(told("nb/v1/cell/9qh/#"), "filters[0].geohash: at least 4 characters")
        for filter_ in self.BAD:
            self.assertRegex(told(filter_), r"^filters\[0\]\.[\w ]+: .")
        self.assertIsNone(told("#", props={"request_problem_info": 0}))
        self.assertIsNone(told("#", props={"maximum_packet_size": 30}))


class Sessions(WatchedCase):
    def test_expiry(self):
        """A session outlives its connection as long as it was asked to, and no longer."""
        import redis
        store = redis.Redis(port=self.home.stack.redis_port)
        self.addCleanup(store.close)
        for seconds, lasts in ((0, False), (1, False), (600, True)):
            name = unique("expiry")
            first = self.client("user/ann", client_id=name, props={"session_expiry": seconds})
            self.assertEqual(first.connack.props["session_expiry"], seconds)
            first.subscribe("nb/v1/json/inbox/#")
            first.send(mqtt.disconnect())
            first.close()
            if not lasts:
                self.eventually(lambda: not list(store.scan_iter(f"nb:*{name}*", 10000)), lambda: f"{name} is still there")
            second = self.client("user/ann", client_id=name, clean=False, props={"session_expiry": 0})
            self.assertEqual(second.connack.session_present, lasts, f"after {seconds} s")

    def test_an_expiry_of_forever_is_cut(self):
        most = 604800
        connection = self.client("user/ann", props={"session_expiry": 2**32 - 1})
        self.assertEqual(connection.connack.props["session_expiry"], most)

    def test_an_expiry_that_is_raised_at_the_end(self):
        connection = self.client("user/ann")
        connection.send(mqtt.disconnect(props={"session_expiry": 60}))
        self.assertEqual([p.reason for p in connection.closed()], [0x82])
