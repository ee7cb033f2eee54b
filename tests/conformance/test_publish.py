"""PUBLISH towards the broker and its acknowledgements. A test's docstring names the statements that it holds."""
import json

import mqtt
from case import HERE, LiveCase, alert, motion, unique

MOTION = "nb/v1/motion"
DEVICE = "device/porch"


class Publish(LiveCase):
    def ends(self, data, codes, who=DEVICE, version=5, **connect):
        """The connection ends over this packet; with one of these codes in MQTT 5."""
        connection = self.client(who, version, **connect)
        connection.send(data)
        said = connection.closed()
        if version == 5:
            self.assertEqual([(p.kind, p.reason in codes) for p in said], [(mqtt.DISCONNECT, True)], said)
        else:
            self.assertEqual(said, [])

    def logged(self, activity):
        """How often an activity stands in a log."""
        import redis
        store = redis.Redis(port=self.home.stack.redis_port)
        self.addCleanup(store.close)
        return sum(value.count(activity.encode()) for key in store.scan_iter("nb:*:log:*")
                   for _, fields in store.xrange(key) for value in fields.values())

    def test_quality_three(self):
        """[5] 3.3.1-4 [3] 3.3.1-4"""
        for version in (5, 4):
            self.ends(mqtt.publish(MOTION, motion(), 1, 1, version, flags=0x06), (0x81,), version=version)

    def test_dup_at_quality_zero(self):
        """[5] 3.3.1-2 [3] 3.3.1-2"""
        for version in (5, 4):
            self.ends(mqtt.publish(MOTION, motion(), 0, 0, version, flags=0x08), (0x81, 0x82), version=version)

    def test_packet_id_zero(self):
        """[5] 2.2.1-3 [3] 2.3.1-1"""
        for version in (5, 4):
            self.ends(mqtt.publish(MOTION, motion(), 1, 0, version), (0x81, 0x82), version=version)

    def test_no_packet_id_at_quality_zero(self):
        """[5] 2.2.1-2 [3] 2.3.1-5"""
        for version in (5, 4):
            activity = unique("zero")
            connection = self.client(DEVICE, version)
            connection.publish(MOTION, motion({"activityId": activity}), qos=0)
            connection.publish(MOTION, motion(), qos=1)
            self.assertEqual(self.logged(activity), 1)

    def test_topic_is_a_name(self):
        """[5] 3.3.2-1 3.3.2-2 4.7.0-1 4.7.3-1 [3] 3.3.2-1 3.3.2-2 4.7.1-1 4.7.3-1"""
        for version in (5, 4):
            for topic in ("nb/v1/#", "nb/+/motion", b"nb/v1/\xff", b"nb/v1/mo\0tion", ""):
                self.ends(mqtt.publish(topic, motion(), 1, 1, version), (0x81, 0x82, 0x90), version=version)

    def test_unknown_topic_is_refused_and_the_connection_stays(self):
        """[5] 3.4.2-1 [3] 3.3.5-2"""
        for version in (5, 4):
            connection = self.client(DEVICE, version)
            for topic in ("foo", "nb/v1/Motion", "$SYS/x", "nb/v1/motion/", "nb/v2/motion"):
                answer = connection.publish(topic, motion())
                self.assertIn(answer.reason, (0x87, 0x90) if version == 5 else (0,))
            connection.send(mqtt.PING)
            connection.until(mqtt.PINGRESP)

    def test_acknowledgement_bears_the_packet_id(self):
        """[5] 2.2.1-5 3.3.4-1 4.3.2-4 4.3.2-5 [3] 2.3.1-6 3.3.4-1 4.3.2-2"""
        for version in (5, 4):
            connection = self.client(DEVICE, version)
            for identifier in (1, 65535, 7, 7):
                connection.send(mqtt.publish(MOTION, motion(), 1, identifier, version))
                self.assertEqual(connection.expect(mqtt.PUBACK).packet_id, identifier)

    def test_acknowledgements_in_order(self):
        """[5] 4.6.0-2 [3] 4.6.0-2"""
        connection = self.client(DEVICE)
        bodies = [motion() if i % 3 else b"{" for i in range(15)]
        connection.send(b"".join(mqtt.publish(MOTION, body, 1, i + 1) for i, body in enumerate(bodies)))
        answers = [connection.expect(mqtt.PUBACK) for _ in bodies]
        self.assertEqual([p.packet_id for p in answers], list(range(1, 16)))
        self.assertEqual([p.reason for p in answers], [0 if i % 3 else 0x99 for i in range(15)])

    def test_exactly_once(self):
        """[5] 3.5.2-1 3.7.2-1 4.3.3-8 4.3.3-10 4.3.3-11 4.3.3-12 [3] 4.3.3-2 3.6.4-1"""
        for version in (5, 4):
            activity = unique("twice")
            body = motion({"activityId": activity})
            connection = self.client(DEVICE, version)
            connection.send(mqtt.publish(MOTION, body, 2, 9, version))
            self.assertEqual(connection.expect(mqtt.PUBREC).packet_id, 9)
            connection.send(mqtt.publish(MOTION, body, 2, 9, version, dup=True))
            self.assertEqual(connection.expect(mqtt.PUBREC).packet_id, 9)
            self.assertEqual(self.logged(activity), 1)
            connection.send(mqtt.ack(mqtt.PUBREL, 9, version))
            released = connection.expect(mqtt.PUBCOMP)
            self.assertEqual((released.packet_id, released.reason), (9, 0))
            self.assertEqual(connection.publish(MOTION, body, qos=2).reason, 0)
            connection.send(mqtt.publish(MOTION, body, 2, 9, version))
            connection.expect(mqtt.PUBREC)
            self.assertEqual(self.logged(activity), 3, "after PUBCOMP the packet id means something new")
            connection.send(mqtt.ack(mqtt.PUBREL, 9, version))
            connection.expect(mqtt.PUBCOMP)

    def test_exactly_once_over_a_lost_connection(self):
        """[5] 4.3.3-10 [3] 4.3.3-2"""
        for version, props in ((5, {"session_expiry": 60}), (4, {})):
            activity, name = unique("lost"), unique("client")
            body = motion({"activityId": activity})
            first = self.client(DEVICE, version, client_id=name, clean=False, props=props)
            first.send(mqtt.publish(MOTION, body, 2, 5, version))
            first.expect(mqtt.PUBREC)
            first.close()
            second = self.client(DEVICE, version, client_id=name, clean=False, props=props)
            self.assertTrue(second.connack.session_present)
            second.send(mqtt.publish(MOTION, body, 2, 5, version, dup=True))
            second.expect(mqtt.PUBREC)
            second.send(mqtt.ack(mqtt.PUBREL, 5, version))
            self.assertEqual(second.expect(mqtt.PUBCOMP).reason, 0)
            self.assertEqual(self.logged(activity), 1)

    def test_a_refused_publish_at_quality_two_is_over(self):
        """[5] 4.3.3-9 3.5.2-1"""
        connection = self.client(DEVICE)
        for _ in range(2):
            connection.send(mqtt.publish(MOTION, b"{", 2, 3))
            self.assertEqual(connection.expect(mqtt.PUBREC).reason, 0x99)
        activity = unique("new")
        connection.send(mqtt.publish(MOTION, motion({"activityId": activity}), 2, 3))
        self.assertEqual(connection.expect(mqtt.PUBREC).reason, 0)
        self.assertEqual(self.logged(activity), 1)

    def test_release_of_an_unknown_packet(self):
        """[5] 3.7.2-1 [3] 4.3.3-2"""
        for version in (5, 4):
            connection = self.client(DEVICE, version)
            connection.send(mqtt.ack(mqtt.PUBREL, 77, version))
            answer = connection.expect(mqtt.PUBCOMP)
            self.assertEqual((answer.packet_id, answer.reason), (77, 0x92 if version == 5 else 0))

    def test_release_flags(self):
        """[5] 3.6.1-1 [3] 3.6.1-1"""
        for version in (5, 4):
            self.ends(mqtt.ack(mqtt.PUBREL, 1, version, flags=0), (0x81,), version=version)

    def test_receive_maximum(self):
        """[5] 3.3.4-7 4.9.0-2"""
        connection = self.client(DEVICE)
        most = connection.connack.props["receive_maximum"]
        connection.send(b"".join(mqtt.publish(MOTION, motion(), 2, i + 1) for i in range(most + 1)))
        said = connection.closed()
        self.assertEqual(said[-1].kind, mqtt.DISCONNECT)
        self.assertEqual(said[-1].reason, 0x93)

    def test_other_packets_while_the_quota_is_used_up(self):
        """[5] 4.9.0-3 3.3.4-8"""
        connection = self.client(DEVICE)
        most = connection.connack.props["receive_maximum"]
        connection.send(b"".join(mqtt.publish(MOTION, motion(), 2, i + 1) for i in range(most)) + mqtt.PING)
        connection.until(mqtt.PINGRESP)

    def test_retain_is_refused(self):
        """[5] 3.3.1-5 3.3.1-7 3.2.2-14 [3] 3.3.1-5"""
        for version in (5, 4):
            connection = self.client("user/ann", version)
            headline = unique("retained")
            connection.send(mqtt.publish("nb/v1/alert", alert(headline=headline), 1, 1, version, retain=True))
            answer = connection.receive()
            if version == 5:
                self.assertGreaterEqual(answer.reason, 0x80)
            else:
                self.assertEqual(answer.kind, mqtt.PUBACK)

    def test_packet_too_large(self):
        """[5] 3.2.2-15"""
        connection = self.client(DEVICE)
        most = connection.connack.props["maximum_packet_size"]
        try:
            connection.send(mqtt.publish(MOTION, b" " * most))
        except (mqtt.Closed, OSError):
            pass
        try:
            self.assertEqual([p.reason for p in connection.closed()], [0x95])
        except OSError:
            pass  # reset, with what it said not read

    def test_subscription_identifier_is_not_the_clients(self):
        """[5] 3.3.4-6"""
        self.ends(mqtt.publish(MOTION, motion(), props={"subscription_id": 3}), (0x81, 0x82))

    def test_property_that_does_not_belong(self):
        """[5] 4.13.1-1"""
        self.ends(mqtt.publish(MOTION, motion(), props={"session_expiry": 3}), (0x81, 0x82))
        self.ends(mqtt.publish(MOTION, motion(), props={"content_type": [b"a", b"b"]}), (0x81, 0x82))

    def test_text_properties(self):
        """[5] 3.3.2-13 3.3.2-14 3.3.2-19"""
        self.ends(mqtt.publish(MOTION, motion(), props={"content_type": b"\xff"}), (0x81,))
        self.ends(mqtt.publish(MOTION, motion(), props={"response_topic": b"\xff"}), (0x81,))
        self.ends(mqtt.publish(MOTION, motion(), props={"response_topic": "a/#"}), (0x81, 0x82, 0x90))

    def test_payload_format_is_zero_or_one(self):
        """[5] 4.13.1-1"""
        self.ends(mqtt.publish(MOTION, motion(), props={"payload_format": 2}), (0x81, 0x82))

    def test_topic_alias(self):
        """[5] 3.3.2-7 3.3.2-8 3.3.2-9 3.3.2-12 3.2.2-17 3.2.2-18"""
        connection = self.client(DEVICE)
        most = connection.connack.props["topic_alias_maximum"]
        for alias in (1, most):
            self.assertEqual(connection.publish(MOTION, motion(), props={"topic_alias": alias}).reason, 0)
            self.assertEqual(connection.publish("", motion(), props={"topic_alias": alias}).reason, 0)
        connection.publish("nb/v1/alert", motion(), props={"topic_alias": 1})
        self.assertEqual(connection.publish("", motion(), props={"topic_alias": 1}).reason, 0x87, "the alias was changed")
        self.ends(mqtt.publish(MOTION, motion(), props={"topic_alias": 0}), (0x94,))
        self.ends(mqtt.publish(MOTION, motion(), props={"topic_alias": most + 1}), (0x94,))
        self.ends(mqtt.publish("", motion(), props={"topic_alias": 1}), (0x82, 0x94))

    def test_content_type_decides(self):
        """The content type says what the payload is; a wrong one is refused."""
        connection = self.client(DEVICE)
        self.assertEqual(connection.publish(MOTION, motion(), props={"content_type": "application/json"}).reason, 0)
        answer = connection.publish(MOTION, motion(), props={"content_type": "application/x-protobuf"})
        self.assertEqual(answer.reason, 0x99)
        self.assertEqual(connection.publish(MOTION, motion(), props={"content_type": "text/plain"}).reason, 0x99)
        self.assertEqual(connection.publish(MOTION, b"\xef\xbb\xbf \n" + motion()).reason, 0)

    def test_a_refusal_names_field_and_rule(self):
        """[5] 3.4.2-1"""
        connection = self.client("user/ann")
        content = json.loads(alert())
        del content["place"]
        answer = connection.publish("nb/v1/alert", json.dumps(content).encode())
        self.assertEqual(answer.reason, 0x99)
        self.assertIn("place", answer.props["reason_string"])

    def test_what_a_role_may_not(self):
        """[5] 3.4.2-1"""
        for who, topic, body in ((DEVICE, "nb/v1/alert", alert()), ("user/ann", MOTION, motion()),
                                 ("agency/fire", MOTION, motion())):
            self.assertEqual(self.client(who).publish(topic, body).reason, 0x87, (who, topic))

    def test_a_batch_stores_its_good_events(self):
        good, connection = unique("good"), self.client(DEVICE)
        answer = connection.publish(MOTION, motion({"seq": "1", "activityId": good}, {"seq": "2", "confidence": 101},
                                                   session=1))
        self.assertEqual(answer.reason, 0)
        self.assertEqual(self.logged(good), 1)
        (name, value), = answer.props["user"]
        self.assertEqual((name, value.split()[0]), ("refused", "2"))
        self.assertIn("confidence", value)

    def test_refusals_of_311_come_on_the_inbox(self):
        connection = self.client(DEVICE, 4)
        connection.subscribe("nb/v1/json/inbox/#")
        connection.send(mqtt.publish(MOTION, b"{", 1, 4, 4))
        kinds = {}
        while len(kinds) < 2:
            packet = connection.receive()
            if packet.kind == mqtt.PUBACK:
                kinds["acknowledged"] = packet.packet_id
            elif packet.topic.endswith("/inbox/refused"):
                kinds["refused"] = json.loads(packet.payload)
                connection.send(mqtt.ack(mqtt.PUBACK, packet.packet_id, 4))
        self.assertEqual(kinds["acknowledged"], 4)
        self.assertEqual((kinds["refused"]["code"], kinds["refused"]["packetId"]), (0x99, 4))
