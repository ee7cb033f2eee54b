"""Who is slow, silent, large or many. Everything that a peer can make neighborsd hold has a bound, and a bystander and
the followers beside it go on."""
import concurrent.futures
import json
import random
import resource
import select
import socket
import ssl
import time

import mqtt
from case import alert, installation, motion, point, unique
from stack import free_port
from tunnel import TunnelClient
from watched import IN_TIME, Broker, WatchedCase, read_metrics, resident

MEGABYTE = 1 << 20
ALERT, MOTION = "nb/v1/alert", "nb/v1/motion"
TIMEOUT = 1.5  # seconds for a CONNECT, of the brokers that are tried by it
PATIENT = 30


class Watched(WatchedCase):
    def plain(self, address="127.0.0.1"):
        """A socket on which nothing was said."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENT, source_address=(address, 0))
        self.addCleanup(plain.close)
        return plain

    def ended(self, plain, seconds=PATIENT):
        """Reads until the broker closes; what it said. Bytes that it did not read make the kernel reset the connection."""
        said, deadline = b"", time.monotonic() + seconds
        while True:
            plain.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = plain.recv(65536)
            except ConnectionResetError:
                return said
            except socket.timeout:
                self.fail(f"still open after {seconds} s")
            if not data:
                return said
            said += data

    def taken(self, plain, data, seconds=10):
        """Sends as much as the broker takes; how many bytes that were."""
        plain.settimeout(seconds)
        sent = 0
        try:
            while sent < len(data):
                sent += plain.send(data[sent:sent + 65536])
        except (socket.timeout, ConnectionError):
            pass
        return sent

    def stuffed(self, plain, chunk, most, quiet=0.5):
        """Sends a chunk again and again until the broker takes no more for a while, or `most` bytes are sent."""
        plain.setblocking(False)
        sent, part = 0, b""
        while sent < most:
            if not select.select([], [plain], [], quiet)[1]:
                return sent
            part = part or chunk
            try:
                done = plain.send(part)
            except (BlockingIOError, ssl.SSLWantWriteError):
                continue
            except ConnectionError:
                return sent
            part, sent = part[done:], sent + done
        return sent


class Slow(Watched):
    broker_settings = {"connect_timeout_ms": round(TIMEOUT * 1000)}

    def test_a_connect_a_byte_at_a_time(self):
        """A CONNECT that is not whole in time ends, however busy its sender is."""
        data = mqtt.connect(client_id="slow", **self.credentials("user/ann"))
        crowd, before, began = [self.plain() for _ in range(50)], self.counters(), time.monotonic()
        open_ = set(crowd)
        for byte in data:
            for plain in list(open_):
                try:
                    plain.send(bytes([byte]))
                except ConnectionError:
                    open_.discard(plain)
            if not open_:
                break
            for plain in select.select(list(open_), [], [], 0.05)[0]:
                self.ended(plain)
                open_.discard(plain)
        for plain in open_:
            self.ended(plain)
        self.assertGreater(time.monotonic() - began, TIMEOUT * 0.9)
        self.counted(before, connections_closed_timeout=len(crowd))

    def test_a_connect_that_is_never_finished(self):
        data = mqtt.connect(client_id="half", **self.credentials("user/ann"))
        before, crowd = self.counters(), []
        for length in (0, 1, 2, 3, 9, 14, len(data) - 1):
            plain = self.plain()
            plain.sendall(data[:length])
            crowd.append(plain)
        for plain in crowd:
            self.assertEqual(self.ended(plain), b"")
        self.counted(before, connections_closed_timeout=len(crowd))

    def test_a_slow_but_honest_connect(self):
        hello = mqtt.connect(client_id=unique("honest"), **self.credentials("user/ann"))
        connection = self.raw()
        for byte in hello:
            connection.send(bytes([byte]))
        self.assertEqual(connection.expect(mqtt.CONNACK).reason, 0)
        for byte in mqtt.publish(ALERT, alert()):
            connection.send(bytes([byte]))
        self.assertEqual(connection.expect(mqtt.PUBACK).reason, 0)

    def test_keep_alive(self):
        """Who says nothing for half as long again as it promised is gone, in the middle of a packet too."""
        before, crowd = self.counters(), []
        for version in (5, 4):
            silent = self.client("user/ann", version, keep_alive=1)
            half = self.client("user/ann", version, keep_alive=1)
            half.send(mqtt.publish(ALERT, alert(), 1, 1, version)[:20])
            crowd += [silent, half]
        for connection in crowd:
            said = [(p.kind, p.reason) for p in connection.closed()]
            self.assertEqual(said, [(mqtt.DISCONNECT, 0x8D)] if connection.version == 5 else [])
        self.counted(before, connections_closed_timeout=4)

    def test_a_length_that_promises_too_much(self):
        """The declared length alone decides: nothing is waited for and nothing set aside."""
        before = self.counters()
        for head in (b"\x10\xff\xff\xff\x7f", b"\x10\xff\xff\xff\xff\x01", b"\x30\xff\xff\xff\x7f", b"\x10\x80\x80\x80\x80"):
            plain = self.plain()
            plain.sendall(head + b"\0\4MQTT\5\2\0\x3c")
            self.ended(plain)
        self.counted(before, connections_closed_protocol=4)
        self.assertEqual(self.counters()["connections_closed_timeout"], before["connections_closed_timeout"])
        for version in (5, 4):
            connection, before = self.client("user/ann", version), self.counters()
            connection.send(b"\x32\xff\xff\xff\x7f")
            said = connection.closed()
            self.assertEqual([p.reason for p in said], [0x95] if version == 5 else [])
            if version == 5:
                self.assertRegex(said[0].props["reason_string"], r"^[\w ]+: .")
            self.counted(before, connections_closed_protocol=1)

    def test_noise_instead_of_a_connect(self):
        chance = random.Random(7)
        noise = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"\0" * 1000,
                 b"\xff" * 1000, mqtt.PING, mqtt.publish(ALERT, alert()), mqtt.disconnect(), mqtt.connect(name="MQIsdp", level=3),
                 mqtt.connect(level=6), mqtt.connect(level=0), mqtt.connect(flags=1), mqtt.connect(name="HTTP"),
                 mqtt.connect(props={"session_expiry": [1, 2]}), mqtt.connect(client_id=b"\xff")]
        noise += [chance.randbytes(chance.randint(1, 300)) for _ in range(200)]
        for data in noise:
            plain = self.plain()
            plain.sendall(data)
            plain.shutdown(socket.SHUT_WR)
            self.ended(plain)
        before = self.counters()
        for data in noise[2:14]:
            plain = self.plain()
            plain.sendall(data)
            self.ended(plain)
        self.counted(before, connections_closed_protocol=12)
        self.assertEqual(self.counters()["connections_refused_credentials"], before["connections_refused_credentials"])


class Large(Watched):
    broker_settings = {"maximum_packet": MEGABYTE + 1024, "receive_maximum": 20, "connect_timeout_ms": 1500,
                       "max_connections_per_address": 0, "accept_rate_per_address": 0}

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


class Rationed(Watched):
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


class Floods(Watched):
    broker_settings = {"packets_second": 0, "bytes_second": 0, "tls_port": free_port(), "http_port": free_port()}

    @classmethod
    def setUpClass(cls):
        keys = installation().stack.keys
        cls.broker_settings = cls.broker_settings | {"tls_certificate": str(keys / "server.crt"),
                                                     "tls_key": str(keys / "server.key")}
        super().setUpClass()

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
        context = ssl.create_default_context(cafile=installation().stack.keys / "ca.crt")
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


class Silent(Watched):
    CROWD = 10000
    SETTINGS = {"max_connections_per_address": 0, "accept_rate": 0, "accept_rate_per_address": 0, "max_connections": 12000, "backlog": 4096}
    broker_settings = SETTINGS | {"connect_timeout_ms": 300000}

    def crowd(self, port):
        """So many connections on which nothing is said."""
        room, crowd = self.room(), []
        if room < self.CROWD + 500:
            self.skipTest(f"this machine allows {room} open files; {self.CROWD} connections need more")
        self.addCleanup(lambda: [plain.close() for plain in crowd])
        for _ in range(self.CROWD):
            crowd.append(socket.create_connection(("127.0.0.1", port), timeout=PATIENT))
        return crowd

    def test_ten_thousand_that_say_nothing(self):
        before = self.counters()
        crowd = self.crowd(self.port)
        self.counted(before, connections_accepted=self.CROWD)
        at_once = self.counters()["connections"] - before["connections"]
        self.assertEqual(at_once, self.CROWD, "all of them at once")
        self.assertLess(self.memory() - self.before, 40 << 20, "4 KiB for each")
        # Somebody with something to say is served among them.
        began = time.monotonic()
        self.assertEqual(self.client("user/ann").publish(ALERT, alert()).reason, 0)
        self.assertLess(time.monotonic() - began, IN_TIME)
        for plain in crowd:
            plain.close()
        self.eventually(lambda: self.counters()["connections"] <= before["connections"] + 1)

    def test_ten_thousand_that_say_nothing_are_shown_out(self):
        hasty = Broker(self.home, unique("hasty"), **self.SETTINGS, connect_timeout_ms=round(TIMEOUT * 1000))
        self.addCleanup(hasty.stop)
        for plain in self.crowd(hasty.mqtt_port):
            self.assertEqual(self.ended(plain), b"")
        self.eventually(lambda: sum(read_metrics(hasty.metrics_port)["connections_closed_timeout"].values()) == self.CROWD)

    @staticmethod
    def room():
        """Raises how many files may be open, as far as it goes."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard


class Alone(Watched):
    """Limits of connections: nobody but the test is on this broker."""

    quiet = True
    broker_settings = {"max_connections_per_address": 20, "max_connections": 30, "accept_rate": 0,
                       "accept_rate_per_address": 0, "connect_timeout_ms": 60000}

    def setUp(self):
        super().setUp()
        self.eventually(lambda: self.counters()["connections"] == 0, lambda: self.counters()["connections"])

    def admitted(self, plain):
        """True when the broker answers; false when it closed at once."""
        try:
            plain.sendall(mqtt.connect(client_id=unique("counted"), **self.credentials("user/ann")))
            return bool(plain.recv(100))
        except ConnectionError:
            return False


class Counts(Alone):
    def test_connections_of_an_address(self):
        before = self.counters()
        crowd = [self.plain("127.0.0.2") for _ in range(20)]
        self.assertTrue(all(map(self.admitted, crowd)))
        for _ in range(5):
            self.assertFalse(self.admitted(self.plain("127.0.0.2")), "one too many")
        self.assertTrue(self.admitted(self.plain("127.0.0.3")), "another address is not concerned")
        self.counted(before, connections_refused_limit=5)
        crowd[0].close()
        self.eventually(lambda: self.admitted(self.plain("127.0.0.2")), lambda: "the place of one that left stays taken")

    def test_connections_in_all(self):
        before = self.counters()
        crowd = [self.plain(f"127.0.0.{4 + n // 10}") for n in range(30)]
        self.assertTrue(all(map(self.admitted, crowd)))
        for _ in range(5):
            self.assertFalse(self.admitted(self.plain("127.0.0.9")))
        self.counted(before, connections_refused_limit=5)
        for plain in crowd:  # those that are in stay
            plain.sendall(mqtt.PING)
            self.assertTrue(plain.recv(100))


class Rates(Alone):
    broker_settings = Alone.broker_settings | {"max_connections_per_address": 0, "max_connections": 1000,
                                               "accept_rate_per_address": 10}

    def test_new_connections_of_an_address(self):
        before = self.counters()
        crowd = [self.plain("127.0.0.2") for _ in range(100)]
        inside = [plain for plain in crowd if self.admitted(plain)]
        self.assertTrue(10 <= len(inside) < 100, len(inside))
        self.assertTrue(self.admitted(self.plain("127.0.0.3")))
        self.counted(before, connections_refused_limit=100 - len(inside))


class Strangers(Watched):
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


class Followers(Watched):
    # Away from everybody else: thousands of alerts are in force there afterwards.
    DESERT, PLACE = point(34.9, -117.1), "nb/v1/json/near/9qhwx3/1600/incident/#"

    def test_one_that_never_reads(self):
        """It holds back itself alone: what waits for it is bounded, and when it reads it goes on from its cursor."""
        name, count, before = unique("lazy"), 2000, self.counters()
        slow = self.client("user/lazy", client_id=name, clean=False, props={"session_expiry": 600})
        slow.send(mqtt.subscribe([(self.PLACE, 0)], 1))
        quick = self.follower("user/quick", [self.PLACE])
        sender = self.client("user/ann")
        prose = "x" * 4000
        first, last = unique("lazy-first"), unique("lazy-last")
        said = [first] + [unique("lazy") for _ in range(count)] + [last]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            seen = pool.submit(self.read_until, quick, last)
            for start in range(0, len(said), 10):
                part = said[start:start + 10]
                sender.send(b"".join(
                    mqtt.publish(ALERT, alert(headline=headline, description=prose, instruction=prose, place=self.DESERT), 1, n + 1)
                    for n, headline in enumerate(part)))
                for _ in part:
                    self.assertEqual(sender.expect(mqtt.PUBACK).reason, 0)
            seen = seen.result(120)
        self.assertEqual([headline for headline in seen if headline in set(said)], said, "the quick one saw all, in order")
        self.assertLess(self.memory() - self.before, 32 << 20)
        late = [headline for headline in self.read_until(slow, last) if headline in set(said)]
        self.assertEqual(late, said, "the slow one too, when it read")
        self.counted(before, reads_behind=1)  # it was further back than what neighborsd keeps in memory

    def read_until(self, connection, last, timeout=30):
        seen = []
        while not seen or seen[-1] != last:
            packet = connection.receive(timeout)
            if packet is None:
                raise AssertionError(f"nothing more came after {seen[-3:]}")
            if packet.kind == mqtt.PUBLISH and packet.qos:
                connection.send(mqtt.ack(mqtt.PUBACK, packet.packet_id))
            if packet.kind == mqtt.PUBLISH and "/near/" in packet.topic:
                seen.append(json.loads(packet.payload).get("alert", {}).get("headline"))
        return seen

    def test_one_that_never_acknowledges(self):
        """At QoS 1 no more is in flight than it said that it takes; the rest waits as a cursor."""
        name, window = unique("mute"), 3
        mute = self.client("user/mute", client_id=name, clean=False, props={"session_expiry": 600, "receive_maximum": window})
        mute.subscribe(self.PLACE)
        sender, said = self.client("user/ann"), [unique("mute") for _ in range(30)]
        for headline in said:
            self.assertEqual(sender.publish(ALERT, alert(headline=headline, place=self.DESERT)).reason, 0)
        unacknowledged = []
        while len(unacknowledged) < window:
            packet = mute.receive()
            if packet.kind == mqtt.PUBLISH and packet.qos:
                unacknowledged.append(packet.packet_id)
        mute.send(mqtt.PING)
        mute.until(mqtt.PINGRESP, accept=lambda p: self.assertFalse(p.kind == mqtt.PUBLISH and p.qos) or True)
        mute.close()
        back = self.client("user/mute", client_id=name, clean=False, props={"session_expiry": 600})
        self.assertTrue(back.connack.session_present)
        missing = set(said)
        while missing:
            packet = back.until(mqtt.PUBLISH, accept=lambda p: "/near/" in p.topic)
            missing.discard(json.loads(packet.payload).get("alert", {}).get("headline"))


class Tunnels(Watched):
    """The same over TLS and WebSocket, whose handshakes come before the first byte of MQTT."""

    broker_settings = {"connect_timeout_ms": 1500, "http_idle_s": 2, "maximum_packet": 262144, "tls_port": free_port(),
                       "http_port": free_port(), "max_connections_per_address": 0, "accept_rate_per_address": 0}
    UPGRADE = (b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
               b"Sec-WebSocket-Protocol: mqtt\r\n\r\n")
    HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)  # of a ClientHello of 512 bytes

    @classmethod
    def setUpClass(cls):
        keys = installation().stack.keys
        cls.broker_settings = cls.broker_settings | {"tls_certificate": str(keys / "server.crt"),
                                                     "tls_key": str(keys / "server.key")}
        super().setUpClass()

    def crowd(self, port, data, count=50):
        """Many that say this much and no more."""
        out = []
        for _ in range(count):
            out.append(socket.create_connection(("127.0.0.1", port), timeout=30))
            self.addCleanup(out[-1].close)
            out[-1].sendall(data)
        return out

    def test_tls_handshakes_that_are_never_finished(self):
        before, port = self.counters(), self.broker_settings["tls_port"]
        crowd = [plain for data in (b"", b"\x16", self.HELLO) for plain in self.crowd(port, data)]
        for plain in crowd:
            self.ended(plain)
        self.counted(before, connections_closed_timeout=len(crowd))

    def test_tls_and_then_silence(self):
        context = ssl.create_default_context(cafile=self.home.stack.keys / "ca.crt")
        context.check_hostname = False
        before = self.counters()
        # One after the other: a handshake has its time, too.
        crowd = [context.wrap_socket(self.crowd(self.broker_settings["tls_port"], b"", 1)[0]) for _ in range(20)]
        for plain in crowd:
            self.assertEqual(self.ended(plain), b"")
        self.counted(before, connections_closed_timeout=len(crowd))

    def test_noise_instead_of_tls(self):
        before, port = self.counters(), self.broker_settings["tls_port"]
        for data in (mqtt.connect(client_id="plain"), b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000, self.HELLO + b"\xff" * 1000):
            for plain in self.crowd(port, data, 5):
                self.ended(plain)
        self.counted(before, connections_closed_protocol=20)

    def test_http_that_is_never_finished(self):
        port = self.broker_settings["http_port"]
        crowd = [plain for data in (b"", b"G", b"GET / HTTP/1.1\r\nHost:", self.UPGRADE[:-2])
                 for plain in self.crowd(port, data, 20)]
        for plain in crowd:
            self.ended(plain)

    def test_headers_without_end(self):
        for plain in self.crowd(self.broker_settings["http_port"], b"GET / HTTP/1.1\r\n", 10):
            self.taken(plain, b"X-Header: " + b"x" * 1000 + b"\r\n" + b"Y: z\r\n" * 200000, 3)
            self.ended(plain)

    def test_websocket_and_then_silence(self):
        before = self.counters()
        crowd = self.crowd(self.broker_settings["http_port"], self.UPGRADE, 20)
        for plain in crowd:
            self.assertTrue(self.ended(plain).startswith(b"HTTP/1.1 101"))
        self.counted(before, connections_closed_timeout=len(crowd))

    def test_websocket_frames_that_promise_too_much(self):
        frame = b"\x82\xff" + (2**62).to_bytes(8, "big") + bytes(4)
        for plain in self.crowd(self.broker_settings["http_port"], self.UPGRADE + frame + bytes(100000), 20):
            self.ended(plain)
