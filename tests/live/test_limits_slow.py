"""Who is slow or silent, also as a reader. Everything that a peer can make neighborsd hold has a bound, and a bystander and
the followers beside it go on."""
import concurrent.futures
import json
import random
import resource
import select
import socket
import time

import mqtt
from case import alert, point, unique
from limits_case import ALERT, PATIENT, TIMEOUT, LimitsCase
from watched import IN_TIME, Broker, read_metrics


class Slow(LimitsCase):
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


class Silent(LimitsCase):
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


class Followers(LimitsCase):
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
        said = [unique("lazy") for _ in range(count)]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            seen = pool.submit(self.read_all, quick, said)
            for start in range(0, len(said), 10):
                part = said[start:start + 10]
                sender.send(b"".join(
                    mqtt.publish(ALERT, alert(headline=headline, description=prose, instruction=prose, place=self.DESERT), 1, n + 1)
                    for n, headline in enumerate(part)))
                for _ in part:
                    self.assertEqual(sender.expect(mqtt.PUBACK).reason, 0)
            seen = seen.result(120)
        self.assertEqual(sorted(seen), sorted(said), "the quick one saw all, each once")
        self.assertLess(self.memory() - self.before, 32 << 20)
        self.assertEqual(sorted(self.read_all(slow, said)), sorted(said), "the slow one too, when it read")
        self.counted(before, reads_behind=1)  # it was further back than what neighborsd keeps in memory

    def read_all(self, connection, said, timeout=30):
        """Those of these headlines that came, until all have: two neighborsd carry alerts, and neither waits for the other."""
        wanted, missing, seen = set(said), set(said), []
        while missing:
            packet = connection.receive(timeout)
            if packet is None:
                raise AssertionError(f"nothing more came after {seen[-3:]}: {len(missing)} are missing")
            if packet.kind == mqtt.PUBLISH and packet.qos:
                connection.send(mqtt.ack(mqtt.PUBACK, packet.packet_id))
            if packet.kind == mqtt.PUBLISH and "/near/" in packet.topic:
                headline = json.loads(packet.payload).get("alert", {}).get("headline")
                seen += [headline] if headline in wanted else []
                missing.discard(headline)
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
