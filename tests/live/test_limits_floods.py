"""Who sends what is large, or without end. Everything that a peer can make neighborsd hold has a bound, and a bystander and
the followers beside it go on."""
import concurrent.futures
import random
import select
import socket
import ssl

import mqtt
from case import alert, motion, unique
from limits_case import ALERT, MEGABYTE, MOTION, PATIENT, LimitsCase
from stack import free_port
from tunnel import TunnelClient
from watched import resident


class Large(LimitsCase):
    broker_settings = {"maximum_packet": MEGABYTE + 1024, "receive_maximum": 20, "max_connections_per_address": 0,
                       "accept_rate_per_address": 0}

    def payloads(self):
        size = MEGABYTE
        event = b"\x1a\x00"  # an empty event: two bytes that ask for a hundred
        yield MOTION, b"\x08\x01" + event * (size // 2 - 1)
        yield MOTION, b"\x08\x01" + b"\x12" * (size - 2)
        yield MOTION, random.Random(3).randbytes(size)
        yield MOTION, b'{"events":[' + b"{}," * (size // 3 - 10) + b"{}]}"
        yield MOTION, b" " * size
        yield MOTION, b'{"session":"' + b"9" * (size - 20) + b'"}'
        yield ALERT, b"[" * size
        yield ALERT, b'{"place":' * (size // 9)
        yield ALERT, b'{"headline":"' + b"x" * (size - 20) + b'"}'
        yield ALERT, b'{"headline":"' + b"\\u00e9" * (size // 6 - 20) + b'"}'
        yield ALERT, b'{"' + b"x" * (size - 20) + b'":1}'
        yield ALERT, b"{" + b",".join(b'"%d":1' % n for n in range(80000)) + b"}"
        yield ALERT, alert(place={"polygons": {"polygons": [{"rings": [{"points": [{}] * 200000}]}]}})
        yield ALERT, alert(place={"polygons": {"polygons": [{"rings": [{}] * 200000}]}})
        yield ALERT, alert(references=["a"] * 200000)

    def sender(self, topic, version=5):
        return self.client("device/porch" if topic == MOTION else "agency/fire", version)

    def test_a_mebibyte_below_the_maximum_packet(self):
        before, sent = self.counters(), 0
        for topic, payload in self.payloads():
            self.assertLessEqual(len(payload), MEGABYTE + 512)
            answer = self.sender(topic).publish(topic, payload)
            self.assertEqual(answer.reason, 0x99, (payload[:40], answer))
            self.assertIn(": ", answer.props["reason_string"])
            self.assertLess(len(answer.props["reason_string"]), 1000)
            sent += 1
        self.counted(before, refused_bad_payload=sent)

    def test_memory_comes_back(self):
        """Again and again the same does not add up."""
        connections = {topic: self.sender(topic) for topic in (MOTION, ALERT)}
        after = []
        for _ in range(8):
            for topic, payload in self.payloads():
                connections[topic].publish(topic, payload)
            after.append(resident(self.process.pid))
        # What a connection held may not have gone yet at one of the looks; what adds up shows at all of them.
        self.assertLess(min(after[4:]) - min(after[:4]), 8 << 20, after)

    def test_above_the_maximum_packet(self):
        for version in (5, 4):
            connection, before = self.sender(ALERT, version), self.counters()
            plain, data = connection.socket, mqtt.publish(ALERT, b" " * (MEGABYTE + 1024), 1, 1, version)
            plain.sendall(data[:100])  # the length is enough to know
            said = connection.closed()
            self.assertEqual([(p.kind, p.reason) for p in said], [(mqtt.DISCONNECT, 0x95)] if version == 5 else [])
            if version == 5:
                self.assertRegex(said[0].props["reason_string"], r"^[\w ]+: .")
            self.counted(before, connections_closed_protocol=1)

    def test_the_largest_that_is_allowed(self):
        connection = self.sender(ALERT)
        most = connection.connack.props["maximum_packet_size"]
        for over in (0, 1):
            head = len(mqtt.publish(ALERT, b"", 1, 1)) + 2  # the remaining length takes three bytes
            data = mqtt.publish(ALERT, b" " * (most - head + over), 1, 1)
            self.assertEqual(len(data), most + over)
            connection.send(data[:most])
            packet = connection.receive()
            self.assertEqual((packet.kind, packet.reason), ((mqtt.PUBACK, 0x99), (mqtt.DISCONNECT, 0x95))[over])


class HalfPackets(LimitsCase):
    broker_settings = Large.broker_settings | {"connect_timeout_ms": 1500}

    def test_a_crowd_of_half_packets(self):
        """What is kept for who has not said who it is: nothing of what is larger than any CONNECT, little of the rest."""
        head = mqtt.connect(client_id="x", will=("t", b"w" * 60000, 0, False, {}), username="u", password=b"p" * 60000)
        before, crowd = self.counters(), []
        for remaining in (MEGABYTE, 131000):
            for _ in range(100):
                plain = self.plain()
                self.taken(plain, b"\x10" + mqtt.variable(remaining) + head[4:] + bytes(remaining - 130000), 0.5)
                crowd.append(plain)
        self.assertLess(self.memory() - self.before, 32 << 20)
        for plain in crowd:
            self.ended(plain)
        self.counted(before, connections_closed_protocol=100, connections_closed_timeout=100)


class Rationed(LimitsCase):
    """Who sends above its rate is slowed, and cut when nothing else holds it back."""
    broker_settings = {"packets_second": 100, "bytes_second": 1 << 20, "max_connections_per_identity": 3, "flood_ms": 800, "receive_maximum": 150,
                       "http_port": free_port()}

    def cut(self, data):
        """Sends without end until the broker ends it; what it said last."""
        connection, before = self.client("user/ann"), self.counters()
        connection.socket.settimeout(60)
        with self.assertRaises(OSError):
            while True:
                connection.socket.sendall(data)
        said = connection.closed()
        self.assertEqual([p.reason for p in said if p.kind == mqtt.DISCONNECT], [0x96][:len(said)])
        self.counted(before, connections_closed_flood=1)
        self.assertGreater(self.counters()["connections_slowed"], before["connections_slowed"])

    def test_small_packets_without_end(self):
        self.cut(mqtt.publish(MOTION, b"", 0) * 2000)

    def test_large_packets_without_end(self):
        self.cut(mqtt.publish(ALERT, b" " * 100000, 0))

    def test_subscribes_without_end(self):
        """A filter counts as ten packets."""
        self.cut(mqtt.subscribe([("#", 1)] * 20) * 50)

    def test_over_a_websocket(self):
        connection, before = TunnelClient(self.broker_settings["http_port"]), self.counters()
        self.addCleanup(connection.close)
        self.assertEqual(connection.connect(client_id=unique("tunnel"), **self.credentials("user/ann")).reason, 0)
        connection.socket.settimeout(60)
        with self.assertRaises(OSError):
            while True:  # also after the end was said
                connection.socket.sendall(mqtt.publish(MOTION, b"", 0) * 2000)
        self.counted(before, connections_closed_flood=1)

    def test_what_waits_for_acknowledgements_is_only_slowed(self):
        """300, half of them at a time, of which a second's worth is taken at once and the others at the rate: none is lost."""
        connection, before = self.client("device/keen"), self.counters()
        body = motion()
        for first in (0, 150):
            connection.send(b"".join(mqtt.publish(MOTION, body, 1, first + n + 1) for n in range(150)))
            for _ in range(150):
                self.assertEqual(connection.expect(mqtt.PUBACK, 60).reason, 0)
        self.assertEqual(self.counters()["connections_closed_flood"], before["connections_closed_flood"])
        self.assertGreater(self.counters()["connections_slowed"], before["connections_slowed"])

    def test_an_identity_has_so_many_connections(self):
        crowd = [self.client("user/bob") for _ in range(3)]
        more = self.raw()
        more.send(mqtt.connect(client_id=unique("more"), **self.credentials("user/bob")))
        answer = more.expect(mqtt.CONNACK)
        self.assertEqual(answer.reason, 0x97)
        self.assertIn("max_connections_per_identity", answer.props["reason_string"])
        self.client("user/ann")
        crowd.pop().close()
        self.eventually(lambda: self.comes_in("user/bob"))

    def comes_in(self, who):
        """Whether there is room for one more."""
        hello = mqtt.connect(client_id=unique("more"), **self.credentials(who))
        connection = self.raw()
        connection.send(hello)
        return connection.expect(mqtt.CONNACK).reason == 0


class Floods(LimitsCase):
    broker_settings = {"packets_second": 0, "bytes_second": 0, "tls_port": free_port(), "http_port": free_port()}

    def flood(self, chunk, version=5, most=64 << 20):
        """Says the same without end and never listens. The broker stops listening too, long before `most` bytes."""
        return self.flooded(self.client("user/ann", version).socket, chunk, most)

    def flooded(self, plain, chunk, most=64 << 20):
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        sent = self.stuffed(plain, chunk, most)
        self.assertLess(self.memory() - self.before, 32 << 20, f"after {sent >> 20} MiB")
        return sent

    def come(self, connection):
        self.addCleanup(connection.close)
        self.assertEqual(connection.connect(client_id=unique("deaf"), **self.credentials("user/ann")).reason, 0)
        return connection.socket

    def test_pings_over_tls_without_listening(self):
        context = ssl.create_default_context(cafile=self.home.stack.keys / "ca.crt")
        connection = mqtt.Client(self.broker_settings["tls_port"], tls=context)
        self.assertLess(self.flooded(self.come(connection), mqtt.PING * 30000), 64 << 20)

    def test_pings_over_a_websocket_without_listening(self):
        data = mqtt.PING * 30000
        frame = b"\x82\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data  # a mask of zeros changes nothing
        frames = self.come(TunnelClient(self.broker_settings["http_port"]))
        self.assertLess(self.flooded(frames.socket, frame), 64 << 20)

    def test_pings_without_listening(self):
        self.assertLess(self.flood(mqtt.PING * 30000), 64 << 20)

    def test_refused_publishes_without_listening(self):
        self.assertLess(self.flood(mqtt.publish("nb/v1/nowhere", b"", 1, 1) * 3000), 64 << 20)

    def test_subscribes_without_listening(self):
        self.assertLess(self.flood(mqtt.subscribe([("#", 1)] * 50) * 100), 64 << 20)

    def test_releases_without_listening(self):
        self.assertLess(self.flood(mqtt.ack(mqtt.PUBREL, 9) * 10000), 64 << 20)

    def test_who_listens_again_gets_every_answer(self):
        connection, count = self.client("user/ann"), 200000
        connection.socket.setblocking(False)
        data, answers = mqtt.PING * count, 0
        while answers < 2 * count:
            readable, writable, _ = select.select([connection.socket], [connection.socket] if data else [], [], PATIENT)
            self.assertTrue(readable or writable, f"stuck after {answers // 2} of {count} answers")
            if writable:
                data = data[connection.socket.send(data[:MEGABYTE]):]
            elif readable:  # only when nothing can be sent any more
                answers += len(connection.socket.recv(4096 if data else MEGABYTE))

    def test_a_flood_of_good_events(self):
        """One that sends without pause takes turns with everybody else."""
        crowd = [self.client(f"device/flood{n}") for n in range(4)]
        events = [motion(*[{"activityId": unique("flood")} for _ in range(64)]) for _ in range(20)]

        def push(connection):
            for _ in range(6):
                connection.send(b"".join(mqtt.publish(MOTION, body, 1, n + 1) for n, body in enumerate(events)))
                for _ in events:
                    assert connection.expect(mqtt.PUBACK, PATIENT).reason == 0

        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(push, crowd))

    def test_connections_that_come_and_go(self):
        for _ in range(500):
            socket.create_connection(("127.0.0.1", self.port)).close()
        for _ in range(100):
            with self.client("user/ann", client_id="same"):
                pass

    def test_take_over_again_and_again(self):
        """Many who claim one session: each newcomer ends the one before, and nobody else."""
        before, crowd = self.counters(), []
        for _ in range(50):
            crowd.append(self.client("user/ann", client_id="contested"))
        for connection in crowd[:-1]:
            self.assertEqual([p.reason for p in connection.closed()], [0x8E])
        crowd[-1].send(mqtt.PING)
        crowd[-1].expect(mqtt.PINGRESP)
        self.counted(before, connections_taken_over=49)


class Strangers(LimitsCase):
    broker_settings = {"max_connections_per_address": 0, "accept_rate_per_address": 0, "receive_maximum": 20}

    def test_an_edge_that_names_devices_without_end(self):
        """What is remembered of who does not exist has a bound, also beside many who do and are connected."""
        crowd = [f"user/resident{n}" for n in range(70)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self.home.token, crowd))
        for who in crowd:
            self.client(who)
        edge, before = self.client("edge/naming"), self.memory()
        for start in range(0, 40000, 64 * 20):
            bodies = [motion(*[{"device": f"{'x' * 50}{start + n * 64 + i}"} for i in range(64)]) for n in range(20)]
            edge.send(b"".join(mqtt.publish(MOTION, body, 1, n + 1) for n, body in enumerate(bodies)))
            for _ in bodies:
                self.assertEqual(edge.expect(mqtt.PUBACK).reason, 0x87)
        self.assertLess(self.memory() - before, 8 << 20)
