"""Payloads and topics that break a rule. Each is refused with a reason that names field and rule and is counted, the
connection stays, and nobody else notices (watched.py)."""
import json
import random

import mqtt
import wire
from case import AWAY, HERE, alert, motion, now_ms, point, unique
from watched import WatchedCase

ALERT, MOTION, HISTORY = "nb/v1/alert", "nb/v1/motion", "nb/v1/history"
USER, DEVICE, AGENCY = "user/ann", "device/porch", "agency/fire"
WINDOW = 20  # the receive maximum of the installation
YEAR = 365 * 86400 * 1000

# Whatever is of the wrong type for a field of that type. null means "not told" everywhere.
NEVER = (True, False, 1.5, -0.25, [], {}, [1], {"a": 1})
TEXT = NEVER + (-1, 0, 7)
WHOLE = NEVER + ("text", "", "1.5", "0x10", " 1", -1, 2**53, "9007199254740992", "-1")
WORD = NEVER + ("text", "", "person ", -1, 99)
BASE64 = NEVER + (-1, 7, "a", "=", "????", "ab cd")
LIST = (True, 1.5, "text", "", -1, 7, {}, {"a": 1})
OBJECT = (True, 1.5, "text", "", -1, 7, [], [1])


def with_fields(fields):
    return json.dumps(json.loads(alert()) | fields).encode()


def nested(depth, opening, inner="", closing=None):
    return opening * depth + inner + (closing * depth if closing else "")


class Payload(WatchedCase):
    def answers(self, connection, topic, payloads, props=None):
        """Publishes many, a receive maximum at a time, and gives back (payload, answer) of each."""
        out = []
        for start in range(0, len(payloads), WINDOW):
            part = payloads[start:start + WINDOW]
            connection.send(b"".join(mqtt.publish(topic, payload, 1, n + 1, connection.version, props)
                                     for n, payload in enumerate(part)))
            out += [(payload, connection.expect(mqtt.PUBACK)) for payload in part]
        return out

    def refused(self, who, topic, cases, code=0x99, counter="refused_bad_payload"):
        """cases: (payload, field). Each is refused with that code, by a reason that names the field and says a rule."""
        connection, before = self.client(who), self.counters()
        for (payload, field), (_, answer) in zip(cases, self.answers(connection, topic, [case[0] for case in cases])):
            told = f"{payload[:200]} -> {answer.reason:#x} {answer.props}"
            self.assertEqual(answer.reason, code, told)
            named, _, rule = answer.props["reason_string"].partition(": ")
            self.assertEqual(named, field, told)
            self.assertTrue(rule, told)
        self.counted(before, **{"publishes_refused": len(cases), counter: len(cases)})
        connection.send(mqtt.PING)
        connection.expect(mqtt.PINGRESP)

    # ---- protobuf ----

    def test_truncated_protobuf(self):
        whole = {ALERT: wire.alert("truncated-1", now_ms() + 600000),
                 MOTION: wire.motion(wire.motion_event(now_ms(), activity=unique("activity")))}
        for who, topic in ((USER, ALERT), (DEVICE, MOTION)):
            connection, before = self.client(who), self.counters()
            payload = whole[topic]
            cut = [payload[:length] for length in range(1, len(payload))]
            for part, answer in self.answers(connection, topic, cut):
                self.assertEqual(answer.reason, 0x99, f"{len(part)} of {len(payload)} bytes: {answer}")
                self.assertIn(": ", answer.props["reason_string"])
            self.assertEqual(connection.publish(topic, payload).reason, 0, "the whole of it is good")
            self.counted(before, refused_bad_payload=len(cut))

    def test_random_protobuf(self):
        chance = random.Random(20)
        seeds = {ALERT: wire.alert("random-1", now_ms() + 600000),
                 MOTION: wire.motion(*[wire.motion_event(now_ms(), activity="a") for _ in range(3)]),
                 HISTORY: wire.VERSION + wire.block(2, "9qh1f5") + wire.number(3, 1600)}
        for who, topic in ((USER, ALERT), (DEVICE, MOTION), (USER, HISTORY)):
            payloads = []
            for _ in range(300):
                changed = bytearray(seeds[topic])
                for _ in range(chance.randint(1, 6)):
                    changed[chance.randrange(2, len(changed))] = chance.randrange(256)
                noise = wire.VERSION + chance.randbytes(chance.randint(0, 200))
                payloads += [bytes(changed), noise, chance.randbytes(chance.randint(0, 200))]
            connection = self.client(who)
            connection.subscribe("nb/v1/info")
            connection.until(mqtt.PUBLISH)
            for payload, answer in self.answers(connection, topic, payloads):
                self.assertIn(answer.reason, (0, 0x83, 0x87, 0x97, 0x99), payload.hex())
                if answer.reason:
                    self.assertRegex(answer.props["reason_string"], r"(?s)^[\w.\[\]]+: .", payload.hex())

    def test_wire_types_that_lie(self):
        """Lengths and types of the wire that promise what is not there."""
        now = now_ms()
        huge = wire.variable(2**63)
        self.refused(DEVICE, MOTION, [
            (wire.VERSION + wire.variable(3 << 3 | 2) + huge, "payload"),
            (wire.VERSION + wire.variable(3 << 3 | 2) + wire.variable(2**31) + b"x", "payload"),
            (wire.VERSION + b"\xff" * 30, "payload"),
            (wire.VERSION + wire.variable(3 << 3 | 7), "payload"),
            (wire.VERSION + wire.variable(0) + b"\x01", "payload"),
            (wire.number(1, 2) + wire.block(3, wire.motion_event(now)), "version"),
            (wire.VERSION + wire.block(3, b"\x08"), "payload"),
            (wire.motion(wire.motion_event(now, more=wire.block(9, wire.position(91, 0)))), "events[0].position.lat_e7"),
            (wire.motion(wire.motion_event(now, activity="x" * 65)), "events[0].activity_id"),
            (wire.motion(wire.motion_event(now, phase=9)), "events[0].phase"),
            (wire.motion(wire.motion_event(-1)), "events[0].at"),
        ])

    # ---- JSON ----

    def test_wrong_types_in_an_alert(self):
        table = {"version": ("version", WHOLE), "senderAlertId": ("sender_alert_id", TEXT), "msgType": ("msg_type", WORD),
                 "references": ("references", LIST), "category": ("category", WORD), "severity": ("severity", WORD),
                 "urgency": ("urgency", WORD), "certainty": ("certainty", WORD), "headline": ("headline", TEXT),
                 "description": ("description", TEXT), "instruction": ("instruction", TEXT), "web": ("web", TEXT),
                 "language": ("language", TEXT), "place": ("place", OBJECT), "effective": ("effective", WHOLE),
                 "expires": ("expires", WHOLE), "caseNumber": ("case_number", TEXT), "rewardOffer": ("reward_offer", TEXT),
                 "publicId": ("public_id", TEXT), "revision": ("revision", WHOLE), "state": ("state", WORD),
                 "senderKind": ("sender_kind", WORD), "truth": ("truth", WORD), "merged": ("merged", WHOLE),
                 "senderName": ("sender_name", TEXT)}
        cases = [(with_fields({name: wrong}), field) for name, (field, values) in table.items() for wrong in values
                 if not (wrong == {"a": 1} and values is OBJECT)]
        cases.append((with_fields({"references": [1]}), "references[0]"))
        cases.append((with_fields({"place": {"a": 1}}), "place.a"))
        self.refused(USER, ALERT, cases)

    def test_wrong_types_in_motion(self):
        table = {"seq": ("seq", WHOLE), "device": ("device", TEXT), "activityId": ("activity_id", TEXT),
                 "phase": ("phase", WORD), "kind": ("kind", WORD), "at": ("at", WHOLE), "until": ("until", WHOLE),
                 "confidence": ("confidence", WHOLE + (101, 2**31)), "position": ("position", OBJECT),
                 "clip": ("clip", BASE64)}
        cases = [(motion({name: wrong}), f"events[0].{field}") for name, (field, values) in table.items()
                 for wrong in values]
        for name, field, values in (("version", "version", WHOLE + (2,)), ("session", "session", WHOLE),
                                    ("events", "events", LIST + ([],))):
            cases += [(json.dumps(json.loads(motion()) | {name: wrong}).encode(), field) for wrong in values]
        cases.append((json.dumps({"events": [1]}).encode(), "events[0]"))
        cases.append((motion(*[{}] * 65), "events"))
        self.refused(DEVICE, MOTION, cases)

    def test_wrong_events_among_good_ones(self):
        """Each is refused alone, under its number; the others are stored."""
        connection, before = self.client(DEVICE), self.counters()
        session = now_ms()
        bad = [{"kind": True}, {"kind": "CAR"}, {"colour": "red"}, {"confidence": 2**32}, {"position": 7}, {"clip": "?"}]
        events = [event | {"seq": n + 1} for n, event in enumerate(sum(([{}, wrong] for wrong in bad), [{}]))]
        body = json.dumps(json.loads(motion(*events)) | {"session": session})
        answer = connection.publish(MOTION, body.encode())
        told = [value.partition(": ")[0] for name, value in answer.props["user"] if name == "refused"]
        self.assertEqual((answer.reason, told), (0, [f"{2 * n + 3} 153 events[{2 * n + 2}].{next(iter(wrong))}"
                                                     for n, wrong in enumerate(bad)]))
        self.counted(before, publishes_acknowledged=1, events_refused=len(bad), refused_bad_payload=len(bad))

    def test_wrong_types_in_a_place(self):
        def place(kind, **content):
            return with_fields({"place": {kind: content}})

        cases = [(place("point", latE7=wrong, lonE7=0), "place.point.lat_e7") for wrong in NEVER + ("text", "")]
        cases += [(place("circle", center={"latE7": 0, "lonE7": wrong}, radiusM=5), "place.circle.center.lon_e7")
                  for wrong in NEVER + ("text",)]
        cases += [(place("circle", center={"latE7": 1, "lonE7": 1}, radiusM=wrong), "place.circle.radius_m")
                  for wrong in NEVER + ("text", -1, 0, 500001)]
        cases += [(with_fields({"place": {"polygons": {"polygons": wrong}}}), "place.polygons.polygons") for wrong in LIST]
        self.refused(USER, ALERT, cases)

    def test_numbers_that_are_none(self):
        """NaN, infinities, what overflows a double, and numbers of a hundred digits."""
        for word in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 100, "-" + "9" * 100, "1e", "0x1", "01", "+1"):
            body = alert().replace(b'"crime"', b'"crime", "effective": ' + word.encode())
            self.refused(USER, ALERT, [(body, "payload")])
        for wrong in (1e18, 1e300, 2**53, -2**53, 2**62):
            self.refused(DEVICE, MOTION, [(motion({"at": wrong}), "events[0].at")])

    def test_json_that_is_none(self):
        good = alert().decode()
        cases = [good[:-1], good + good, good + "x", good.replace(":", ";", 1), good.replace('"', "'"), "{", "{}{", '{"a":}',
                 '{"headline":"a","headline":"b"}', '{"headline":"\\ud800"}', '{"headline":"\\u0000"}', "{\0}"]
        cases = [case.encode() for case in cases] + [b'{"headline":"\xff"}', b'{"headline":"\xed\xa0\x80"}', b"\xff\xfe{\0}\0",
                                                    b"", b" ", b"null", b"[]", b"1", b'"text"', b"\x00", b"\x0a\x00"]
        self.refused(USER, ALERT, [(case, "payload") for case in cases])

    def test_fields_that_do_not_exist(self):
        for wrong in ("nosuch", "", "sender_alert_id2", "place.point", "__proto__", "A" * 300):
            connection = self.client(USER)
            answer = connection.publish(ALERT, with_fields({wrong: 1}))
            self.assertEqual(answer.reason, 0x99, wrong)
            self.assertIn("no field of this message", answer.props["reason_string"])

    def test_deep_nesting(self):
        def deep(depth):
            return [nested(depth, "[", "", "]"), nested(depth, '{"place":', "1", "}"), nested(depth, "["),
                    '{"place":' + nested(depth, "[", "1", "]") + "}", '{"events":' + nested(depth, "[", "1", "]") + "}"]

        connection = self.client(USER)
        for depth in (5, 100, 3000, 20000):
            for _, answer in self.answers(connection, ALERT, [text.encode() for text in deep(depth)]):
                self.assertEqual(answer.reason, 0x99)
                self.assertIn(": ", answer.props["reason_string"])
        # No message of the schema holds itself, so that this is a field that nobody knows.
        self.refused(USER, ALERT, [(wire.VERSION + nested_blocks(14, 3000), "sender_alert_id")])

    # ---- where and when ----

    def test_positions_outside_the_globe(self):
        limits = ((900000001, 0), (-900000001, 0), (0, 1800000001), (0, -1800000001), (2**31 - 1, 0), (0, -2**31),
                  (2**31, 0), (0, 2**40))
        cases = []
        for latitude, longitude in limits:
            field = "lat_e7" if latitude else "lon_e7"
            spot = {"latE7": latitude, "lonE7": longitude}
            cases.append((with_fields({"place": {"point": spot}}), f"place.point.{field}"))
            cases.append((with_fields({"place": {"circle": {"center": spot, "radiusM": 100}}}),
                          f"place.circle.center.{field}"))
        self.refused(USER, ALERT, cases)
        self.refused(DEVICE, MOTION, [
            (motion({"position": {"latE7": latitude, "lonE7": longitude}}),
             f"events[0].position.{'lat_e7' if latitude else 'lon_e7'}") for latitude, longitude in limits])

    def test_areas_that_are_none(self):
        def polygon(*spots):
            points = [{"latE7": round(la * 1e7), "lonE7": round(lo * 1e7)} for la, lo in spots]
            return {"polygons": {"polygons": [{"rings": [{"points": points}]}]}}

        square = [(34, -118), (34, -117), (35, -117), (35, -118), (34, -118)]
        bad = [polygon(), polygon(*square[:3]), polygon(*square[:4]), polygon(*[square[0]] * 4),
               polygon((0, 0), (1, 1), (0, 1), (1, 0), (0, 0)), polygon((91, 0), (91, 1), (92, 1), (91, 0)),
               {"polygons": {"polygons": []}}, {"polygons": {"polygons": [{"rings": []}]}},
               {"polygons": {}}, {"point": {}, "circle": {"radiusM": 5}}]
        connection = self.client(AGENCY)
        for place in bad:
            answer = connection.publish(ALERT, alert(place=place))
            self.assertEqual(answer.reason, 0x99, (place, answer))
            self.assertTrue(answer.props["reason_string"].startswith("place"), (place, answer))
        self.assertEqual(connection.publish(ALERT, alert(place=polygon(*square))).reason, 0)

    def test_times_that_are_years_off(self):
        now = now_ms()
        motions = [({"at": at}, "at") for at in (1, now - YEAR, now - 30 * YEAR, now + YEAR, now + 3600000, 2**53 - 1)]
        motions += [({"at": now, "until": until}, "until") for until in (1, now - YEAR, now + YEAR, 2**53 - 1)]
        self.refused(DEVICE, MOTION, [(motion(event), f"events[0].{field}") for event, field in motions])
        expired = [{"expires": at} for at in (1, now - 1000, now - YEAR, now + YEAR, 2**53 - 1)]
        self.refused(USER, ALERT, [(with_fields(fields), "expires") for fields in expired])
        reversed_times = with_fields({"effective": now + 7200000, "expires": now + 3600000})
        self.refused(USER, ALERT, [(reversed_times, "expires")])

    def test_texts_that_are_too_long_or_unfit(self):
        limits = {"senderAlertId": ("sender_alert_id", 64), "headline": ("headline", 360),
                  "description": ("description", 4096), "instruction": ("instruction", 4096), "web": ("web", 1024),
                  "language": ("language", 35), "caseNumber": ("case_number", 64), "rewardOffer": ("reward_offer", 360)}
        cases = [(with_fields({name: "x" * (most + 1)}), field) for name, (field, most) in limits.items()]
        cases += [(with_fields({"headline": "bell \a"}), "headline"), (with_fields({"senderAlertId": "a b"}), "sender_alert_id"),
                  (with_fields({"senderAlertId": "é"}), "sender_alert_id"), (with_fields({"web": "javascript:1"}), "web"),
                  (with_fields({"references": ["a"] * 65, "msgType": "UPDATE"}), "references")]
        self.refused(USER, ALERT, cases)

    def test_what_only_an_agency_may_say(self):
        large = {"circle": {"center": {"latE7": 340000000, "lonE7": -1180000000}, "radiusM": 8001}}
        square = [(34, -118), (34, -117), (35, -117), (34, -118)]
        points = [{"latE7": la * 10**7, "lonE7": lo * 10**7} for la, lo in square]
        polygons = {"polygons": {"polygons": [{"rings": [{"points": points}]}]}}
        self.refused(USER, ALERT, [(with_fields({"place": large}), "circle.radius_m"),
                                   (with_fields({"place": polygons}), "polygons"),
                                   (with_fields({"caseNumber": "1"}), "case_number"),
                                   (with_fields({"rewardOffer": "much"}), "reward_offer")],
                     0x87, "refused_not_allowed")

    def test_history_queries(self):
        near = {"nearCell": "9qh1f5", "metres": 1600}
        self.refused(USER, HISTORY, [(json.dumps(near).encode(), "topic")], 0x83, "refused_other")
        connection, before = self.client(USER), self.counters()
        connection.subscribe("nb/v1/json/inbox/#")
        queries = [{}, near | {"metres": 5}, near | {"nearCell": "9qh1fa"}, near | {"nearCell": "+"}, {"cells": ["#"]},
                   {"cells": [""]}, {"cells": ["9q/x"]}, {"cells": ["9qh"]}, {"cells": ["9qh1f5"] * 65},
                   {"cells": [f"9q{letter}1" for letter in "bcdefghjkmnpqrstu"]}, {"cells": ["9qh1"], "page": "AAAA"},
                   {"cells": ["9qh1"], "page": "x" * 2000}, {"cells": ["9qh1"], "from": -1},
                   {"cells": ["9qh1"], "limit": "many"}, {"cells": ["9qh1"], "limit": -1}, {"cells": ["9qh1f5" * 10]}]
        for query in queries:
            answer = connection.publish(HISTORY, json.dumps(query).encode())
            self.assertIn(answer.reason, (0x87, 0x97, 0x99), (query, answer))
            self.assertIn(": ", answer.props["reason_string"])
        self.counted(before, publishes_refused=len(queries))

    # ---- topics ----

    def test_unknown_topics(self):
        topics = ["foo", "nb", "nb/v1", "nb/v1/", "nb/v1/Motion", "nb/v1/motion/", "/nb/v1/motion", "nb/v2/motion", "$SYS/x",
                  "nb/v1/near/9qh1f5/1600/incident/crime/x", "nb/v1/inbox/refused", "nb/v1/info", "nb/v1/json/motion",
                  "$share/a/nb/v1/motion", "x" * 65000, "nb/v1/" + "/" * 1000, "nb/v1/mötion"]
        for version in (5, 4):
            connection, before = self.client(DEVICE, version), self.counters()
            for topic in topics:
                answer = connection.publish(topic, motion())
                if version == 5:
                    self.assertEqual(answer.reason, 0x87, topic)
                    self.assertTrue(answer.props["reason_string"].startswith("topic: "), topic)
            self.counted(before, refused_not_allowed=len(topics))

    def test_retain(self):
        for topic, who, body in ((ALERT, USER, alert()), (MOTION, DEVICE, motion())):
            answer = self.client(who).publish(topic, body, retain=True)
            self.assertEqual((answer.reason, answer.props["reason_string"]), (0x99, "retain: must not be set"))

    def test_content_types(self):
        connection = self.client(USER)
        for content_type in ("text/plain", "application/jsonx", "", "application/x-protobuf", "x" * 60000,
                             "application/cap+xml"):
            answer = connection.publish(ALERT, alert(), props={"content_type": content_type})
            self.assertGreaterEqual(answer.reason, 0 if content_type == "" else 0x80, content_type[:30])
            if answer.reason:
                self.assertIn(": ", answer.props["reason_string"])

    # ---- where the acknowledgement cannot say it ----

    def test_311_learns_it_on_the_inbox(self):
        connection, before = self.client(USER, 4), self.counters()
        connection.subscribe("nb/v1/json/inbox/#")
        bad = [(with_fields({"headline": 5}), "headline", 0x99), (with_fields({"place": point(*AWAY), "expires": 1}),
               "expires", 0x99), (with_fields({"rewardOffer": "much"}), "reward_offer", 0x87), (b"{", "payload", 0x99)]
        for packet_id, (body, field, code) in enumerate(bad, 1):
            connection.send(mqtt.publish(ALERT, body, 1, packet_id, 4))
            told = self.inbox(connection, packet_id)
            self.assertEqual((told["code"], told["field"], told["topic"]), (code, field, ALERT), told)
            self.assertTrue(told["rule"])
        self.counted(before, publishes_refused=len(bad))

    def inbox(self, connection, packet_id):
        """The refusal of a packet, once it and its PUBACK have both come."""
        acknowledged, told = False, None
        while not acknowledged or told is None:
            packet = connection.receive()
            self.assertIsNotNone(packet, "no PUBACK or no word on the inbox")
            if packet.kind == mqtt.PUBACK:
                self.assertEqual(packet.packet_id, packet_id)
                acknowledged = True
            elif packet.topic.endswith("/inbox/refused"):
                told = json.loads(packet.payload)
                connection.send(mqtt.ack(mqtt.PUBACK, packet.packet_id, 4))
                self.assertEqual(told["packetId"], packet_id)
        return told

    def test_a_small_packet_limit_or_no_problem_information(self):
        for props in ({"maximum_packet_size": 60}, {"request_problem_info": 0}):
            connection = self.client(USER, props=props)
            answer = connection.publish(ALERT, with_fields({"category": "text"}))
            self.assertEqual((answer.reason, answer.props), (0x99, {}))

    def test_a_bad_event_among_good_ones(self):
        events = [{}, {"at": now_ms() - YEAR}, {"kind": 99}, {"device": "somebody"}, {"confidence": 101}, {}]
        answer = self.client(DEVICE).publish(MOTION, motion(*events))
        self.assertEqual(answer.reason, 0)
        self.assertEqual([value.split()[2].rstrip(":") for _, value in answer.props["user"]],
                         ["events[1].at", "events[2].kind", "events[3].device", "events[4].confidence"])


def nested_blocks(field, depth):
    content = b""
    for _ in range(depth):
        content = wire.block(field, content)
    return content
