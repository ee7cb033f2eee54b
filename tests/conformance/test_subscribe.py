"""SUBSCRIBE, UNSUBSCRIBE and what is delivered. A test's docstring names the statements that it holds."""
import json

import mqtt
from case import AWAY, HERE, LEAF, LiveCase, alert, unique

NEAR = f"nb/v1/json/near/{LEAF}/1600/#"
CELL = f"nb/v1/json/cell/{LEAF[:5]}/#"


class Subscribe(LiveCase):
    def ends(self, data, codes=(0x81, 0x82), version=5):
        connection = self.client(version=version)
        connection.send(data)
        said = connection.closed()
        self.assertEqual([p.reason in codes for p in said], [True] if version == 5 else [], said)

    def test_header_flags(self):
        """[5] 3.8.1-1 3.10.1-1 [3] 3.8.1-1 3.10.1-1"""
        for version in (5, 4):
            for flags in (0, 1, 3, 10):
                self.ends(mqtt.subscribe([(NEAR, 1)], 1, version, flags=flags), version=version)
                self.ends(mqtt.unsubscribe([NEAR], 1, version, flags=flags), version=version)

    def test_at_least_one_filter(self):
        """[5] 3.8.3-2 3.10.3-2 [3] 3.8.3-3 3.10.3-2"""
        for version in (5, 4):
            self.ends(mqtt.subscribe([], 1, version), version=version)
            self.ends(mqtt.unsubscribe([], 1, version), version=version)

    def test_packet_id_zero(self):
        """[5] 2.2.1-3 [3] 2.3.1-1"""
        for version in (5, 4):
            self.ends(mqtt.subscribe([(NEAR, 1)], 0, version), version=version)
            self.ends(mqtt.unsubscribe([NEAR], 0, version), version=version)

    def test_option_bits(self):
        """[5] 3.8.3-5 [3] 3.8.3-4"""
        for options in (0x40, 0x80, 0x03, 0x30):
            self.ends(mqtt.subscribe([(NEAR, options)], 1))
        for options in (0x04, 0x10, 0x80, 0x03):
            self.ends(mqtt.subscribe([(NEAR, options)], 1, 4), version=4)

    def test_no_local_on_a_shared_subscription(self):
        """[5] 3.8.3-4"""
        self.ends(mqtt.subscribe([("$share/group/" + NEAR, 0x05)], 1))

    def test_filters_are_utf8(self):
        """[5] 3.8.3-1 3.10.3-1 4.7.3-2 [3] 3.8.3-1 3.10.3-1 4.7.3-2"""
        for version in (5, 4):
            for bad in (b"nb/\xff", b"nb/\0"):
                self.ends(mqtt.subscribe([(bad, 1)], 1, version), version=version)
                self.ends(mqtt.unsubscribe([bad], 1, version), version=version)

    def test_empty_filter(self):
        """[5] 4.7.3-1 [3] 4.7.3-1"""
        connection = self.client()
        connection.send(mqtt.subscribe([("", 1)], 1))
        answer = connection.receive()
        self.assertTrue(answer.kind == mqtt.DISCONNECT and answer.reason in (0x81, 0x82) or
                        list(answer.reasons) == [0x8F], answer)

    def test_answer_in_order(self):
        """[5] 2.2.1-6 3.8.4-1 3.8.4-2 3.8.4-5 3.8.4-6 3.8.4-7 3.9.3-1 3.9.3-2
        [3] 2.3.1-7 3.8.3-2 3.8.4-1 3.8.4-2 3.8.4-4 3.8.4-5 3.9.3-1 3.9.3-2"""
        filters = [(NEAR, 0), ("#", 1), (CELL, 1), ("nb/v1/near/+/1600/#", 1), ("$share/a/" + NEAR, 1), ("a/#/b", 1),
                   ("nb/v1/inbox/#", 2), ("nb/v1/near/9qh1f5/1601/#", 1), ("$SYS/#", 0), ("nb/v1/in+fo", 1)]
        five = [0, 0x87, 1, 0x87, 0x9E, 0x8F, 1, 0x8F, 0x87, 0x8F]
        connection = self.client()
        connection.send(mqtt.subscribe(filters, 321))
        answer = connection.until(mqtt.SUBACK)
        self.assertEqual((answer.packet_id, [hex(r) for r in answer.reasons]), (321, [hex(r) for r in five]))
        connection = self.client(version=4)
        connection.send(mqtt.subscribe(filters, 321, 4))
        answer = connection.until(mqtt.SUBACK)
        self.assertEqual((answer.packet_id, list(answer.reasons)), (321, [r if r < 3 else 0x80 for r in five]))

    def test_wildcards(self):
        """[5] 4.7.1-1 4.7.1-2 4.7.2-1 [3] 4.7.1-2 4.7.1-3 4.7.2-1"""
        connection = self.client()
        for bad in ("nb/v1/#/x", "nb/v1/inbox#", "nb/v1/inbox/a#", "nb/v1/inb+x", "+a/b"):
            self.assertEqual(connection.subscribe(bad), [0x8F], bad)
        for far in ("#", "+/#", "+/v1/inbox/#", "$SYS/broker"):
            self.assertEqual(connection.subscribe(far), [0x87], far)

    def test_reason_string(self):
        """[5] 3.9.2-1"""
        filters = [(NEAR, 1), (f"nb/v1/near/{LEAF}/5/#", 1), ("#", 1)]
        why = {"reason_string": "filters[1].metres: 400, 800, 1600, 3200 or 8000"}
        size = len(mqtt.packet(mqtt.SUBACK, 0, bytes(2) + mqtt.properties(why) + bytes(3)))
        for maximum, told in (size + 8, why), (size - 1, {}):
            connection = self.client(props={"maximum_packet_size": maximum})
            connection.send(mqtt.subscribe(filters, 7))
            answer = connection.until(mqtt.SUBACK)
            self.assertEqual((list(answer.reasons), answer.props), ([1, 0x8F, 0x87], told), maximum)

    def test_subscription_identifier_is_not_zero(self):
        """[5] 4.13.1-1"""
        self.ends(mqtt.subscribe([(NEAR, 1)], 1, props={"subscription_id": 0}))
        self.ends(mqtt.subscribe([(NEAR, 1)], 1, props={"subscription_id": [1, 2]}))

    def test_unsubscribe(self):
        """[5] 3.10.4-1 3.10.4-2 3.10.4-4 3.10.4-5 3.10.4-6 3.11.3-1 3.11.3-2 4.7.3-4
        [3] 3.10.4-1 3.10.4-2 3.10.4-4 3.10.4-5 3.10.4-6 4.7.3-4"""
        for version in (5, 4):
            connection = self.follower(filters=(NEAR, CELL), version=version)
            connection.send(mqtt.unsubscribe([NEAR, NEAR.replace("#", "+/+/+"), CELL, "foo"], 9, version))
            answer = connection.until(mqtt.UNSUBACK)
            self.assertEqual(answer.packet_id, 9)
            self.assertEqual(list(answer.reasons), [0, 0x11, 0, 0x11] if version == 5 else [])
            still = self.follower("user/still")
            headline = unique("gone")
            self.client("user/ann").publish("nb/v1/alert", alert(headline=headline))
            self.headline(self.follower("user/late", filters=(NEAR,)), headline)
            connection.send(mqtt.PING)
            connection.until(mqtt.PINGRESP, accept=lambda p: self.assertNotIn(headline.encode(), p.payload) is None)
            still.close()


class Deliver(LiveCase):
    def publish(self, **fields):
        """An alert by a resident; gives back its headline and what must be named to refer to it."""
        headline, identifier = unique("told"), unique("alert")
        answer = self.client("user/ann").publish("nb/v1/alert", alert(identifier, headline=headline, **fields))
        self.assertEqual(answer.reason, 0, answer)
        return headline, identifier

    def in_force(self, **fields):
        """The same, and it has reached its channel: a follower has seen it."""
        follower = self.follower("user/witness", filters=(NEAR,))
        told = self.publish(**fields)
        self.headline(follower, told[0])
        follower.close()
        return told

    def test_quality_is_the_lesser(self):
        """[5] 3.8.4-8 3.3.1-2 3.3.1-3 4.3.1-1 4.3.2-2 4.8.2-3 [3] 3.3.1-3 3.8.4-6 4.3.1-1"""
        zero = self.client("user/zero")
        self.assertEqual(zero.subscribe(NEAR, qos=0), [0])
        one = self.client("user/one")
        self.assertEqual(one.subscribe(NEAR, qos=2), [1])
        headline, _ = self.publish()
        packet, _ = self.headline(zero, headline)
        self.assertEqual((packet.qos, packet.dup), (0, False))
        packet, _ = self.headline(one, headline)
        self.assertEqual((packet.qos, packet.dup), (1, False))

    def test_topic_matches_and_content_goes_with_it(self):
        """[5] 3.3.2-3 3.3.2-2 2.2.1-4 4.5.0-1 [3] 3.3.2-2 3.3.2-3 4.5.0-1 2.3.1-4"""
        for version in (5, 4):
            follower = self.follower(filters=(NEAR,), version=version)
            headline, _ = self.publish()
            packet, item = self.headline(follower, headline)
            levels = packet.topic.split("/")
            self.assertEqual(levels[:6], NEAR.split("/")[:6])
            self.assertEqual(levels[7:], ["crime", item["alert"]["publicId"]])
            self.assertNotEqual(packet.packet_id, 0)

    def test_what_does_not_match_is_not_delivered(self):
        """[5] 3.3.2-3 [3] 3.3.2-3"""
        follower = self.follower(filters=(NEAR,))
        away, _ = self.publish(where=AWAY)
        here, _ = self.publish()
        seen = []
        self.items(follower, lambda item: seen.append(item.get("alert", {}).get("headline")) or seen[-1] == here)
        self.assertNotIn(away, seen)

    def test_the_same_filter_replaces(self):
        """[5] 3.8.4-3 3.8.4-4 [3] 3.8.4-3"""
        follower = self.client("user/fred")
        follower.subscribe(NEAR, props={"subscription_id": 11})
        follower.subscribe(NEAR, props={"subscription_id": 12})
        headline, _ = self.publish()
        packet, item = self.headline(follower, headline)
        self.assertEqual(packet.props["subscription_id"], [12])
        follower.send(mqtt.PING)
        follower.until(mqtt.PINGRESP, accept=lambda p: True)

    def test_identifiers_of_all_matching_filters(self):
        """[5] 3.3.4-2 3.3.4-3 3.3.4-4 3.3.4-5 [3] 3.3.5-1"""
        follower = self.client("user/fred")
        wide, narrow = NEAR, NEAR.replace("#", "incident/crime/+")
        follower.subscribe(wide, props={"subscription_id": 21}, qos=0)
        follower.subscribe(narrow, props={"subscription_id": 268435455}, qos=1)
        headline, _ = self.publish()
        packet, _ = self.headline(follower, headline)
        self.assertEqual(sorted(packet.props["subscription_id"]), [21, 268435455])
        self.assertEqual(packet.qos, 1)

    def test_retain_handling(self):
        """[5] 3.3.1-9 3.3.1-10 3.3.1-11 3.8.4-4"""
        headline, _ = self.in_force()
        for handling, first, second in ((0, True, True), (1, True, False), (2, False, False)):
            follower = self.client(f"user/handling{handling}")
            for time, expected in (("first", first), ("second", second)):
                self.assertEqual(follower.subscribe(NEAR, qos=1 | handling << 4), [1])
                later, _ = self.publish()
                seen = []
                self.items(follower, lambda item: seen.append(item.get("alert", {}).get("headline")) or seen[-1] == later)
                self.assertEqual(headline in seen, expected, (handling, time, expected))

    def test_retain_flag(self):
        """[5] 3.3.1-8 3.3.1-12 3.3.1-13 [3] 3.1.2-7 3.3.1-8 3.3.1-9 3.3.1-12"""
        for version in (5, 4):
            before, _ = self.in_force()
            follower = self.follower(filters=(NEAR,), version=version)
            packet, _ = self.headline(follower, before)
            self.assertTrue(packet.retain, "in force already")
            after, _ = self.publish()
            packet, _ = self.headline(follower, after)
            self.assertFalse(packet.retain, "new")

    def test_info_is_retained(self):
        """[5] 3.3.1-9 [3] 3.3.1-6"""
        for version in (5, 4):
            follower = self.client(version=version)
            follower.subscribe("nb/v1/info", qos=0)
            packet = follower.until(mqtt.PUBLISH)
            self.assertEqual((packet.topic, packet.retain), ("nb/v1/info", True))

    def test_receive_maximum_of_the_client(self):
        """[5] 3.3.4-9 3.3.4-10 4.9.0-1 4.9.0-2 4.3.2-1 4.3.2-3"""
        follower = self.client("user/narrow", props={"receive_maximum": 2})
        follower.subscribe(NEAR)
        headlines = [self.publish()[0] for _ in range(4)]
        waiting = [follower.expect(mqtt.PUBLISH) for _ in range(2)]
        follower.send(mqtt.PING)
        self.assertEqual(follower.receive().kind, mqtt.PINGRESP, "no third PUBLISH, but the answer to PINGREQ")
        self.assertNotEqual(waiting[0].packet_id, waiting[1].packet_id)
        seen = set()
        while not seen >= set(headlines):
            packet = waiting.pop(0) if waiting else follower.receive()
            self.assertIsNotNone(packet)
            if packet.kind == mqtt.PUBLISH:
                seen.add(json.loads(packet.payload).get("alert", {}).get("headline"))
                follower.send(mqtt.ack(mqtt.PUBACK, packet.packet_id))

    def test_a_negative_acknowledgement_settles(self):
        """[5] 4.4.0-2 4.8.2-6"""
        name = unique("nack")
        follower = self.client("user/fred", client_id=name, clean=True, props={"session_expiry": 60})
        follower.subscribe(NEAR)
        headline, _ = self.publish()
        while True:
            packet = follower.receive()
            self.assertIsNotNone(packet)
            if packet.kind == mqtt.PUBLISH:
                follower.send(mqtt.ack(mqtt.PUBACK, packet.packet_id, reason=0x83))
                if headline.encode() in packet.payload:
                    break
        follower.send(mqtt.PING)
        follower.until(mqtt.PINGRESP)

    def test_unacknowledged_comes_again(self):
        """[5] 4.3.2-3 3.1.2-5 [3] 4.3.2-1 3.1.2-5"""
        for version, props in ((5, {"session_expiry": 60}), (4, {})):
            name = unique("again")
            follower = self.client("user/fred", version, client_id=name, clean=False, props=props)
            follower.subscribe(NEAR)
            headline, _ = self.publish()
            while headline.encode() not in follower.receive().payload:
                pass
            follower.close()
            follower = self.client("user/fred", version, client_id=name, clean=False, props=props)
            self.assertTrue(follower.connack.session_present)
            self.headline(follower, headline)

    def test_what_came_while_away(self):
        """[5] 3.1.2-5 4.5.0-1 [3] 3.1.2-5 4.5.0-1"""
        for version, props in ((5, {"session_expiry": 60}), (4, {})):
            name = unique("away")
            follower = self.client("user/fred", version, client_id=name, clean=False, props=props)
            follower.subscribe(NEAR)
            follower.send(mqtt.disconnect(version))
            follower.closed()
            headline, _ = self.publish()
            follower = self.client("user/fred", version, client_id=name, clean=False, props=props)
            self.headline(follower, headline)

    def test_in_order(self):
        """[5] 4.6.0-5 4.6.0-6 [3] 4.6.0-5 4.6.0-6"""
        follower = self.follower(filters=(NEAR,))
        author = self.client("user/ann")
        first = unique("chain")
        author.publish("nb/v1/alert", alert(first, headline=first))
        for number in range(1, 6):
            author.publish("nb/v1/alert", alert(f"{first}-{number}", headline=f"{first}-{number}", msgType="UPDATE",
                                                references=[first]))
        seen = []
        while len(seen) < 6:
            _, item = self.items(follower, lambda i: i.get("alert", {}).get("headline", "").startswith(first))
            seen.append((int(item["alert"]["revision"]), item["alert"]["headline"]))
        self.assertEqual(seen, [(1, first)] + [(n + 1, f"{first}-{n}") for n in range(1, 6)])

    def test_no_alias_outward_unless_asked_for(self):
        """[5] 3.1.2-29 3.1.2-30 3.3.2-11"""
        follower = self.follower(filters=(NEAR,))
        headline, _ = self.publish()
        packet, _ = self.headline(follower, headline)
        self.assertNotIn("topic_alias", packet.props)

    def test_too_large_for_the_client(self):
        """[5] 3.1.2-27 3.1.2-28"""
        follower = self.client("user/small", props={"maximum_packet_size": 700})
        follower.subscribe(NEAR)
        large, _ = self.publish(description="x" * 2000)
        small, _ = self.publish()
        seen = []
        self.items(follower, lambda item: seen.append(item.get("alert", {}).get("headline")) or seen[-1] == small)
        self.assertNotIn(large, seen)

    def test_end_is_told(self):
        """What ended is told as ENDED, once."""
        follower = self.follower(filters=(NEAR,))
        headline, identifier = self.publish()
        _, item = self.headline(follower, headline)
        self.client("user/ann").publish("nb/v1/alert", alert(unique("cancel"), msgType="CANCEL", references=[identifier],
                                                             category=None, headline=None, place=None, expires=None))
        public_id = item["alert"]["publicId"]
        _, item = self.items(follower, lambda i: i.get("alert", {}).get("publicId") == public_id)
        self.assertEqual((item["alert"]["state"], int(item["alert"]["revision"])), ("ENDED", 2))


class Heartbeat(LiveCase):
    def test_heartbeat(self):
        follower = self.client("user/fred")
        follower.subscribe(NEAR, "nb/v1/json/inbox/#")
        beats = []

        def good(packet):
            """On a busy machine the first ones may be from before the feed was proved, or say that it was long ago."""
            if packet.topic.endswith("inbox/heartbeat"):
                beats.append(json.loads(packet.payload))
                return beats[-1].get("asOf") and not beats[-1].get("stale") and LEAF[:5] in [
                    cursor["channel"].split(":")[-1] for cursor in beats[-1].get("cursors", [])]
            return False

        try:
            follower.until(mqtt.PUBLISH, accept=good)
        except AssertionError:
            self.fail(f"no heartbeat says that the feed of {LEAF[:5]} is heard: {beats[-3:]}")

    def test_since(self):
        follower = self.client("user/fred")
        follower.subscribe(NEAR, "nb/v1/json/inbox/#")
        packet = follower.until(mqtt.PUBLISH, accept=lambda p: p.topic.endswith("inbox/heartbeat")
                                and json.loads(p.payload).get("cursors"))
        cursors = json.loads(packet.payload)["cursors"]
        follower.close()
        headline = unique("missed")
        self.client("user/ann").publish("nb/v1/alert", alert(headline=headline))
        follower = self.client("user/fred")
        follower.subscribe(NEAR, props={"user": [("since", f"{c['channel']}:{c['cursor']}") for c in cursors]})
        self.headline(follower, headline)
