"""CONNECT, CONNACK, sessions, keep-alive, take-over. A test's docstring names the statements that it holds: [5] of MQTT 5,
[3] of MQTT 3.1.1; table.tsv says what each is about."""
import socket
import time

import mqtt
from case import LiveCase, alert, unique
from watched import Broker

BOTH = (5, 4)


class Connect(LiveCase):
    def refused(self, data, version=5, says=(None,)):
        """The connection ends, with one of these CONNACK codes at most (None: without a word)."""
        connection = self.raw(version)
        connection.send(data)
        said = connection.closed()
        self.assertLessEqual(len(said), 1, said)
        got = said[0].reason if said else None
        if said:
            self.assertEqual(said[0].kind, mqtt.CONNACK)
            self.assertFalse(said[0].session_present)
        self.assertIn(got, set(says) | {None})

    def flags(self, value, version=5, payload=b""):
        """A CONNECT with these connect flags, user name and token, and `payload` behind the client id."""
        body = mqtt.text("MQTT") + bytes([version, value]) + b"\0\x3c" + (b"\0" if version == 5 else b"")
        return mqtt.packet(mqtt.CONNECT, 0, body + mqtt.text(unique("flags")) + payload)

    def login(self):
        who = self.credentials("user/ann")
        return mqtt.text(who["username"]) + mqtt.binary(who["password"])

    def test_first_packet_is_connect(self):
        """[5] 3.1.0-1 3.14.0-1 [3] 3.1.0-1"""
        for first in (mqtt.PING, mqtt.publish("nb/v1/motion", b"{}"), mqtt.subscribe([("nb/v1/info", 0)]),
                      mqtt.disconnect()):
            self.refused(first)

    def test_second_connect(self):
        """[5] 3.1.0-2 [3] 3.1.0-2"""
        for version in BOTH:
            connection = self.client(version=version)
            connection.send(mqtt.connect(version=version, client_id="again", **self.credentials("user/ann")))
            said = connection.closed()
            self.assertEqual([p.reason for p in said], [0x82] if version == 5 else [])

    def test_protocol_name(self):
        """[5] 3.1.2-1 [3] 3.1.2-1"""
        self.refused(mqtt.connect(name="MQTX", client_id="a"), says=(0x84, 0x01))
        self.refused(mqtt.connect(name="", client_id="a"), says=(0x84, 0x01))

    def test_protocol_version(self):
        """[5] 3.1.2-2 [3] 3.1.2-2"""
        for level in (0, 3, 6, 255):
            connection = self.raw(4)
            connection.send(mqtt.connect(version=4, level=level, client_id="a"))
            connection.socket.settimeout(30)
            answer = b""
            while data := connection.socket.recv(100):
                answer += data
            self.assertEqual((answer[:1], answer[3:4]), (b"\x20", b"\x84" if level > 5 else b"\x01"))

    def test_reserved_flag(self):
        """[5] 3.1.2-3 [3] 3.1.2-3"""
        for version in BOTH:
            self.refused(self.flags(0xC3, version, self.login()), version, (0x81,))

    def test_will_fields(self):
        """[5] 3.1.2-9 3.1.2-11 3.1.2-13 3.1.2-14 3.1.2-15 3.1.3-9 [3] 3.1.2-9 3.1.2-11 3.1.2-13 3.1.2-14 3.1.2-15 3.1.3-10"""
        will = {5: b"\0", 4: b""}
        for version in BOTH:
            self.refused(self.flags(0xCA, version, self.login()), version, (0x81, 0x82))  # QoS 1 without a will
            self.refused(self.flags(0xE2, version, self.login()), version, (0x81, 0x82))  # retain without a will
            content = will[version] + mqtt.text("nb/v1/alert") + mqtt.binary(b"{}")
            self.refused(self.flags(0xDE, version, content + self.login()), version, (0x81, 0x82))  # QoS 3
            self.refused(self.flags(0xC6, version, self.login()), version, (0x81, 0x82))  # a will, not there
            bad = will[version] + mqtt.text(b"nb/\xff") + mqtt.binary(b"{}")
            self.refused(self.flags(0xC6, version, bad + self.login()), version, (0x81, 0x82))

    def test_will_is_discarded_by_disconnect(self):
        """[5] 3.1.2-7 3.1.2-12 3.14.4-3 [3] 3.1.2-12 3.14.4-3"""
        for version in BOTH:
            for qos in (0, 1, 2):
                connection = self.client(version=version, will=("nb/v1/alert", b"{}", qos, False, {}))
                connection.send(mqtt.disconnect(version))
                self.assertEqual(connection.closed(), [])

    def test_will_retain_is_refused_when_retain_is_not_available(self):
        """[5] 3.2.2-13"""
        available = self.client().connack.props.get("retain_available", 1)
        connection = self.raw()
        answer = connection.connect(client_id=unique("will"), will=("nb/v1/alert", b"{}", 0, True, {}),
                                    **self.credentials("user/ann"))
        self.assertEqual(answer.reason, 0 if available else 0x9A)

    def test_user_name_and_password_flags(self):
        """[5] 3.1.2-18 3.1.2-19 3.1.2-20 3.1.2-21 3.1.3-10 [3] 3.1.2-18 3.1.2-19 3.1.2-20 3.1.2-21 3.1.2-22 3.1.3-11"""
        for version in BOTH:
            self.refused(self.flags(0x02, version, self.login()), version, (0x81, 0x82))  # fields, no flags
            self.refused(self.flags(0xC2, version), version, (0x81, 0x82))  # flags, no fields
            self.refused(self.flags(0xC2, version, mqtt.text("user/ann")), version, (0x81, 0x82))
            self.refused(self.flags(0xC2, version, mqtt.text(b"user/\xc3") + mqtt.text("x")), version, (0x81, 0x82))
        self.refused(self.flags(0x42, 4, mqtt.text("x")), 4, (0x81, 0x82))  # 3.1.1: a password needs a user name

    def test_fields_in_order_and_nothing_behind(self):
        """[5] 3.1.3-1 3.1.3-3 3.1.4-1 [3] 3.1.3-1 3.1.3-3 3.1.4-1"""
        for version in BOTH:
            self.refused(self.flags(0xC2, version, self.login() + b"x"), version, (0x81, 0x82))

    def test_client_ids(self):
        """[5] 3.1.3-2 3.1.3-5 3.1.4-5 [3] 3.1.3-2 3.1.3-5 3.1.4-4"""
        for version in BOTH:
            for client_id in ("a", "0123456789abcdefghijABC", "DEFGHIJKLMNOPQRSTUVWXYZ", "x" * 200, "Zürich/水庫 #+"):
                self.client(version=version, client_id=client_id)

    def test_empty_client_id(self):
        """[5] 3.1.3-6 3.1.3-7 3.2.2-16 [3] 3.1.3-6 3.1.3-7 3.1.3-8"""
        given = {self.client(client_id="").connack.props["assigned_client_id"] for _ in range(3)}
        self.assertEqual(len(given), 3)
        self.client(version=4, client_id="", clean=True)
        connection = self.raw(4)
        answer = connection.connect(client_id="", clean=False, **self.credentials("user/ann"))
        self.assertEqual(answer.reason, 0x02)
        connection.closed()

    def test_text_is_utf8(self):
        """[5] 1.5.4-1 1.5.4-2 3.1.3-4 4.7.3-2 [3] 1.5.3-1 1.5.3-2 3.1.3-4"""
        for version in BOTH:
            for bad in (b"a\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"a\0b", b"\xf4\x90\x80\x80", b"\xe2\x82"):
                self.refused(mqtt.connect(version=version, client_id=bad, **self.credentials("user/ann")), version,
                             (0x81, 0x85))

    def test_byte_order_mark_is_a_character(self):
        """[5] 1.5.4-3 [3] 1.5.3-3"""
        plain = unique("mark")
        self.client(client_id=plain, clean=True, props={"session_expiry": 60})
        other = self.client(client_id="\ufeff" + plain, clean=False, props={"session_expiry": 60})
        self.assertFalse(other.connack.session_present)

    def test_bad_credentials(self):
        """[5] 3.1.4-2 3.1.4-6 3.2.2-6 3.2.2-7 3.2.2-8 4.13.2-1 [3] 3.1.4-2 3.1.4-5 3.2.2-4 3.2.2-5 3.2.2-6"""
        for version, codes in ((5, (0x86, 0x87)), (4, (4, 5))):
            for who in ({"username": "user/ann", "password": b"nonsense"}, {}, {"username": "user/ann"},
                        {"username": "agency/police", "password": self.home.token("user/ann").encode()},
                        {"username": "user/nobody", "password": self.home.token("user/ann").encode()}):
                connection = self.raw(version)
                connection.send(mqtt.connect(version=version, client_id="a", **who) +
                                mqtt.subscribe([("nb/v1/info", 0)], version=version))
                said = connection.closed()
                self.assertEqual([p.kind for p in said], [mqtt.CONNACK], said)
                self.assertIn(said[0].reason, codes)
                self.assertFalse(said[0].session_present)

    def test_what_follows_connect_waits_for_it(self):
        """[5] 3.2.0-1 3.2.0-2 3.1.2-33 [3] 3.2.0-1"""
        for version in BOTH:
            connection = self.raw(version)
            whole = mqtt.connect(version=version, client_id=unique("eager"), **self.credentials("user/ann"))
            connection.send(whole + mqtt.PING + mqtt.subscribe([("nb/v1/inbox/#", 0)], 7, version))
            self.assertEqual([connection.receive().kind for _ in range(3)], [mqtt.CONNACK, mqtt.PINGRESP, mqtt.SUBACK])

    def test_any_pieces(self):
        """[5] 7.1.1-1 [3] 4.2.0-1 7.1.1-1"""
        connection = self.raw()
        whole = mqtt.connect(client_id=unique("slow"), **self.credentials("user/ann")) + mqtt.PING
        for at in range(0, len(whole), 7):
            connection.send(whole[at:at + 7])
        self.assertEqual(connection.expect(mqtt.CONNACK).reason, 0)
        connection.expect(mqtt.PINGRESP)

    def test_connect_timeout(self):
        """A connection that says nothing, or half a CONNECT, is closed."""
        hasty = Broker(self.home, unique("hasty"), connect_timeout_ms=1500)
        self.addCleanup(hasty.stop)
        for said in (b"", mqtt.connect(client_id="a")[:9]):
            with mqtt.Client(hasty.mqtt_port) as connection:
                connection.send(said)
                connection.closed()

    def test_take_over(self):
        """[5] 3.1.4-3 3.14.2-1 [3] 3.1.4-2"""
        for version in BOTH:
            client_id = unique("phone")
            first = self.client(version=version, client_id=client_id)
            self.client(version=version, client_id=client_id)
            said = first.closed()
            self.assertEqual([(p.kind, p.reason) for p in said], [(mqtt.DISCONNECT, 0x8E)] if version == 5 else [])

    def test_client_ids_of_others_are_not_ours(self):
        """A session belongs to (role/id, client id): nobody takes over somebody else's."""
        client_id = unique("shared")
        first = self.client("user/ann", client_id=client_id)
        self.client("user/bob", client_id=client_id)
        first.send(mqtt.PING)
        first.expect(mqtt.PINGRESP)

    def test_keep_alive(self):
        """[5] 3.1.2-24 3.2.2-22 [3] 3.1.2-24"""
        for version in BOTH:
            began = time.monotonic()
            connection = self.client(version=version, keep_alive=1)
            said = connection.closed()
            self.assertGreater(time.monotonic() - began, 1.4)
            self.assertEqual([p.reason for p in said], [0x8D] if version == 5 else [])

    def test_ping(self):
        """[5] 3.12.4-1 [3] 3.12.4-1"""
        for version in BOTH:
            connection = self.client(version=version)
            connection.send(mqtt.PING * 3)
            for _ in range(3):
                connection.expect(mqtt.PINGRESP)

    def test_reserved_header_flags(self):
        """[5] 2.1.3-1 3.14.1-1 [3] 2.2.2-1 2.2.2-2 3.14.1-1"""
        for version in BOTH:
            for kind in (mqtt.PINGREQ, mqtt.DISCONNECT):
                connection = self.client(version=version)
                connection.send(mqtt.packet(kind, 1, b""))
                self.assertEqual([p.reason for p in connection.closed()], [0x81] if version == 5 else [])
        self.refused(bytes([0x11]) + mqtt.connect(client_id="a")[1:], says=(0x81,))

    def test_packets_of_servers_and_unknown_ones(self):
        """[5] 4.13.1-1 [3] 4.8.0-1"""
        for version in BOTH:
            for kind in (0, mqtt.CONNACK, mqtt.SUBACK, mqtt.UNSUBACK, mqtt.PINGRESP):
                connection = self.client(version=version)
                connection.send(mqtt.packet(kind, 0, b"\0\1\0"))
                said = connection.closed()
                self.assertTrue(all(p.reason in (0x81, 0x82) for p in said) and len(said) <= 1, said)
        connection = self.client(version=4)
        connection.send(mqtt.packet(mqtt.AUTH, 0, b""))
        connection.closed()

    def test_remaining_length(self):
        """[5] 1.5.5-1"""
        for length in (b"\xff\xff\xff\xff\x01", b"\x80\x80\x80\x80", b"\x80\x00"):
            connection = self.client()
            connection.send(bytes([mqtt.PINGREQ << 4]) + length)
            self.assertTrue(all(p.reason in (0x81, 0x82, 0x95) for p in connection.closed()))


class Session(LiveCase):
    def again(self, version, client_id, clean, expiry=None):
        props = {"session_expiry": expiry} if expiry is not None else {}
        connection = self.client(version=version, client_id=client_id, clean=clean, props=props)
        present = connection.connack.session_present
        connection.send(mqtt.disconnect(version))
        connection.closed()
        return present

    def test_session_present(self):
        """[5] 3.1.2-4 3.1.2-5 3.1.2-6 3.1.4-4 3.2.2-1 3.2.2-2 3.2.2-3 3.1.2-25 4.1.0-1
        [3] 3.1.2-4 3.1.2-5 3.1.2-6 3.1.4-3 3.2.2-1 3.2.2-2 3.2.2-3 4.1.0-1 4.1.0-2"""
        for version, expiry in ((5, 60), (4, None)):
            name = unique("session")
            self.assertFalse(self.again(version, name, clean=False, expiry=expiry))
            self.assertTrue(self.again(version, name, clean=False, expiry=expiry))
            self.assertFalse(self.again(version, name, clean=True, expiry=expiry))
        name = unique("session")
        self.assertFalse(self.again(4, name, clean=True))
        self.assertFalse(self.again(4, name, clean=False), "a clean session of 3.1.1 ends with its connection")

    def test_session_expiry(self):
        """[5] 4.1.0-2 3.1.2-23"""
        name = unique("session")
        self.again(5, name, clean=False)
        self.assertFalse(self.again(5, name, clean=False), "without an expiry the session ends with the connection")
        for seconds in (2.2, 8, 30):  # the expiry itself is what is waited for; it begins when Redis has heard of the end
            name = unique("session")
            self.again(5, name, clean=False, expiry=1)
            time.sleep(seconds)
            if not self.again(5, name, clean=False, expiry=1):
                return
        self.fail("a session that ends after a second was there after 30")

    def test_session_expiry_at_disconnect(self):
        """[5] 3.14.2-2"""
        name = unique("session")
        connection = self.client(client_id=name, clean=True, props={"session_expiry": 60})
        connection.send(mqtt.disconnect(props={"session_expiry": 0}))
        connection.closed()
        self.assertFalse(self.again(5, name, clean=False))
        connection = self.client(client_id=unique("session"))
        connection.send(mqtt.disconnect(props={"session_expiry": 60}))
        self.assertEqual([p.reason for p in connection.closed()], [0x82])

    def test_disconnect_ends_it(self):
        """[5] 3.14.4-1 3.14.4-2 [3] 3.14.4-1 3.14.4-2 3.14.4-3"""
        for version in BOTH:
            connection = self.client(version=version)
            connection.send(mqtt.disconnect(version) + mqtt.PING)
            self.assertEqual(connection.closed(), [])

    @staticmethod
    def lose(connection):
        """The connection ends without a DISCONNECT."""
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    def will(self, qos=1, **properties):
        """A will that its client may publish: (headline, will)."""
        headline = unique("Last words")
        return headline, ("nb/v1/alert", alert(category="safety", headline=headline), qos, False, properties)

    def test_will_is_published_when_the_connection_is_lost(self):
        """[5] 3.1.2-8 3.1.2-16 [3] 3.1.2-8 3.1.2-16"""
        follower = self.follower()
        for version in BOTH:
            for qos in (0, 1, 2):
                headline, will = self.will(qos)
                self.lose(self.client(version=version, will=will))
                packet, _ = self.headline(follower, headline)
                self.assertFalse(packet.retain)

    def test_will_that_may_not_be_published_is_dropped(self):
        """CONTRACT 2: accepted at CONNECT, and dropped when due; its session lives on."""
        name = unique("session")
        self.lose(self.client(client_id=name, props={"session_expiry": 60},
                              will=("nb/v1/footage-request", b"{}", 1, False, {"will_delay": 0})))
        self.assertTrue(self.again(5, name, clean=False, expiry=60))

    def test_will_is_published_once(self):
        """[5] 3.1.2-10 [3] 3.1.2-10"""
        follower = self.follower()
        for version in BOTH:
            name, (headline, will) = unique("once"), self.will()
            self.lose(self.client(version=version, client_id=name, will=will))
            self.headline(follower, headline)
            self.lose(self.client(version=version, client_id=name))
            self.assert_not_shown(follower, headline)

    def test_will_of_a_session_that_comes_back_is_not_sent(self):
        """[5] 3.1.2-26"""
        follower, name = self.follower(), unique("back")
        headline, will = self.will(will_delay=4)  # time enough to come back
        self.lose(self.client(client_id=name, props={"session_expiry": 60}, will=will))
        self.assertTrue(self.again(5, name, clean=False, expiry=60))
        later, due = self.will(will_delay=4)
        self.lose(self.client(client_id=unique("away"), props={"session_expiry": 60}, will=due))
        seen = []
        self.items(follower, lambda item: seen.append(item.get("alert", {}).get("headline")) or seen[-1] == later)
        self.assertNotIn(headline, seen)

    def assert_not_shown(self, follower, headline):
        """What comes behind it is shown, and it is not."""
        marker, seen = unique("Marker"), []
        self.client("user/marker").publish("nb/v1/alert", alert(category="safety", headline=marker))
        self.items(follower, lambda item: seen.append(item.get("alert", {}).get("headline")) or seen[-1] == marker)
        self.assertNotIn(headline, seen)


class Properties(LiveCase):
    def refused(self, props, codes=(0x81, 0x82)):
        connection = self.raw()
        connection.send(mqtt.connect(client_id=unique("props"), props=props, **self.credentials("user/ann")))
        said = connection.closed()
        self.assertTrue(all(p.kind == mqtt.CONNACK and p.reason in codes for p in said) and len(said) < 2, said)

    def test_values_that_are_errors(self):
        """[5] 2.2.2-1 3.1.4-1"""
        self.refused({"receive_maximum": 0})
        self.refused({"maximum_packet_size": 0})
        self.refused({"request_problem_info": 2})
        self.refused({"request_response_info": 2})

    def test_twice_and_out_of_place(self):
        """[5] 4.13.1-1"""
        self.refused({"session_expiry": [1, 2]})
        self.refused({"topic_alias": 1})
        self.refused({(0x7E, "byte"): 1})
        self.refused({"user": [("a", b"\xff")]})

    def test_user_properties_are_text(self):
        """[5] 1.5.7-1"""
        self.client(props={"user": [("a", "b"), ("a", "c"), ("", "")]})
        self.refused({"user": [(b"\xed\xa0\x80", "b")]})

    def test_no_reason_string_when_not_asked_for(self):
        """[5] 3.1.2-32"""
        asked = self.client().publish("nb/v1/alert", b"{")
        self.assertEqual(asked.reason, 0x99)
        self.assertIn("reason_string", asked.props)
        quiet = self.client(props={"request_problem_info": 0}).publish("nb/v1/alert", b"{")
        self.assertEqual((quiet.reason, quiet.props), (0x99, {}))

    def test_no_response_information_when_not_asked_for(self):
        """[5] 3.1.2-31"""
        self.assertNotIn("response_info", self.client().connack.props)

    def test_what_is_available(self):
        """[5] 3.2.2-9 3.2.2-10 4.8.2-1"""
        props = self.client().connack.props
        self.assertEqual(props.get("shared_available"), 0)
        self.assertNotIn("maximum_qos", props, "QoS 2 is there inward")
        self.assertEqual(props.get("subscription_id_available", 1), 1)
        self.assertEqual(props.get("wildcard_available", 1), 1)

    def test_unknown_authentication_method(self):
        """[5] 4.12.0-1 4.12.0-4 4.12.0-6 3.15.1-1"""
        connection = self.raw()
        answer = connection.connect(client_id="a", props={"auth_method": "SCRAM-SHA-1"}, **self.credentials("user/ann"))
        self.assertIn(answer.reason, (0x8C, 0x87))
        connection.closed()
        for flags in (0, 1):
            connection = self.client()
            connection.send(mqtt.packet(mqtt.AUTH, flags, b""))
            self.assertTrue(all(p.kind == mqtt.DISCONNECT and p.reason >= 0x80 for p in connection.closed()))
        self.assertNotIn("auth_method", self.client().connack.props)

    def test_small_maximum_packet(self):
        """[5] 3.1.2-27 3.2.2-19 3.2.2-20 3.4.2-2 3.4.2-3 3.5.2-2 3.5.2-3"""
        connection = self.client(props={"maximum_packet_size": 36})
        for qos in (1, 2):
            answer = connection.publish("nb/v1/alert", b"{", qos=qos)
            self.assertEqual((answer.reason, answer.props), (0x99, {}))

    def test_small_maximum_packet_at_the_end(self):
        """[5] 3.14.2-3 3.14.2-4"""
        connection = self.client(props={"maximum_packet_size": 36})
        connection.send(mqtt.connect(client_id="again"))
        said = connection.closed()
        self.assertEqual([(p.kind, p.reason, len(p.body) < 62) for p in said], [(mqtt.DISCONNECT, 0x82, True)])
