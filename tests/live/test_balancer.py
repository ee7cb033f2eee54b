"""Two machines behind a TCP balancer (haproxy, as deploy/haproxy.cfg has it): for who comes to it they are one broker. They
know of each other through Redis alone."""
import json
import re
import signal
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import redis

import mqtt
from case import ROOT, SETTINGS, alert, installation, motion, unique
from stack import die_with_parent, free_port, port_open
from watched import Broker, WatchedCase, read_metrics

ALERT, MOTION = "nb/v1/alert", "nb/v1/motion"
BALANCER = "127.0.0.9"  # from where it comes to the machines; whoever comes past it comes from 127.0.0.1
MOST = 40  # connections from one address
FEED = "nb/v1/json/near/9qh1f5/1600/incident/#"


class Balancer:
    """haproxy with the configuration that is shipped; only ports and addresses are the test's."""

    def __init__(self, folder, machines):
        self.mqtt_port, self.http_port = free_port(), free_port()
        text = (ROOT / "deploy/haproxy.cfg").read_text()
        self.control = f"neighbors-haproxy-{self.mqtt_port}"  # a name, not a file: those of sockets must be short
        text = text.replace("maxconn 100000", f"maxconn 400\n    stats socket abns@{self.control} level admin").replace("inter 1s", "inter 100ms")
        text = text.replace("bind :8883", f"bind 127.0.0.1:{self.mqtt_port}").replace("bind :443", f"bind 127.0.0.1:{self.http_port}")
        for number, machine in enumerate(machines, 1):
            for port, own in ((8883, machine.mqtt_port), (443, machine.http_port)):
                text = text.replace(f"192.0.2.{number}:{port}", f"127.0.0.1:{own} port {machine.http_port} source {BALANCER}")
        path = folder / "haproxy.cfg"
        path.write_text(re.sub(r" port 8080$", "", text, flags=re.MULTILINE))
        self.log = folder / "haproxy.log"
        self.process = subprocess.Popen(["haproxy", "-db", "-f", path], stdout=open(self.log, "wb"), stderr=subprocess.STDOUT,
                                        preexec_fn=die_with_parent)

    def tell(self, words):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(30)
            control.connect(f"\0{self.control}".encode().ljust(108, b"\0"))  # as haproxy names it
            control.sendall(words.encode() + b"\n")
            return b"".join(iter(lambda: control.recv(65536), b"")).decode()

    def up(self, name):
        return any(line.startswith(f"mqtts,{name},") and ",UP," in line for line in self.tell("show stat").splitlines())

    def stop(self):
        self.process.kill()
        self.process.wait()


class Machine(Broker):
    def __init__(self, home, name, **settings):
        self.http_port = free_port()
        self.settings = SETTINGS | {"balancers": BALANCER, "max_connections_per_address": MOST, "connect_timeout_ms": 3000} | settings
        super().__init__(home, name, http_port=self.http_port, **self.settings)

    def kill(self):
        self.home.stack.kill(self.name)

    def start(self):
        """Again, where it was."""
        ports = {"mqtt_port": self.mqtt_port, "metrics_port": self.metrics_port, "http_port": self.http_port}
        self.home.stack.start_broker(self.name, **ports | self.settings)
        self.process = self.home.stack.processes[self.name]


class Balanced(WatchedCase):
    quiet = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machines = [Machine(installation(), unique("machine")) for _ in range(2)]
        cls.balancer = Balancer(installation().folder, cls.machines)
        cls.addClassCleanup(cls.balancer.stop)
        for machine in cls.machines:
            cls.addClassCleanup(machine.stop)

    def setUp(self):
        super().setUp()
        self.one, self.two = self.machines
        self.port = self.balancer.mqtt_port
        self.eventually(lambda: port_open(self.port), self.balancer.log.read_text)

    def tearDown(self):
        for machine in self.machines:
            if machine.process.poll() is not None:
                machine.start()
        super().tearDown()

    def on(self, machine, who="user/fred", **options):
        """A connection by way of the balancer, that has no other machine meanwhile."""
        name, other = (("one", "two") if machine is self.one else ("two", "one"))
        self.balancer.tell(f"set server mqtts/{other} state maint")
        try:
            self.eventually(lambda: self.balancer.up(name), self.balancer.log.read_text)
            return self.client(who, **options)
        finally:
            self.balancer.tell(f"set server mqtts/{other} state ready")

    def at(self, machine, who="user/ann", **options):
        """A connection past the balancer, to that machine."""
        credentials = self.credentials(who)
        connection = mqtt.Client(machine.mqtt_port)
        self.addCleanup(connection.close)
        options.setdefault("client_id", unique("client"))
        connection.connack = connection.connect(**credentials, **options)
        self.assertEqual(connection.connack.reason, 0)
        return connection

    def through(self, who="user/fred", **options):
        """A connection by way of the balancer, as an app makes it: tried again where nobody answers, for a machine may have died
        or be frozen and the balancer not know it yet."""
        options.setdefault("client_id", unique("client"))
        credentials, deadline = self.credentials(who), time.monotonic() + 60
        while True:
            connection = self.raw()
            try:
                connection.send(mqtt.connect(**credentials, **options))
                connection.connack = connection.expect(mqtt.CONNACK, 3)
                self.assertEqual(connection.connack.reason, 0)
                return connection
            except (mqtt.Closed, OSError, AssertionError):
                connection.close()
                if time.monotonic() > deadline:
                    raise

    def post(self, port, path, body, who=None):
        head = {"Content-Type": "application/json"}
        if who:
            head["Authorization"] = f"Bearer {self.home.token(who)}"
        try:
            with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, head), timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def headlines(self, connection, wanted):
        """Reads, and acknowledges, until these came; each must come once."""
        seen = []
        while set(wanted) - set(seen):
            packet = connection.until(mqtt.PUBLISH)
            headline = json.loads(packet.payload).get("alert", {}).get("headline") if "/near/" in packet.topic else None
            if headline in wanted:
                seen.append(headline)
        self.assertEqual(sorted(seen), sorted(wanted))

    def test_whoever_publishes_where_is_heard_everywhere(self):
        followers = [self.on(machine) for machine in self.machines]
        for follower in followers:
            self.assertEqual(follower.subscribe(FEED), [1])
        said = [unique("headline") for _ in range(6)]
        for number, headline in enumerate(said):
            sender = self.at(self.machines[number % 2]) if number < 4 else self.through("user/ann")
            self.assertEqual(sender.publish(ALERT, alert(headline=headline)).reason, 0)
        for follower in followers:
            self.headlines(follower, said)

    def test_a_session_goes_on_at_the_other_machine(self):
        """What was in flight to the client, what came while it was away, and what it sent without an answer: each once."""
        victim = self.two
        options = {"client_id": unique("mover"), "clean": False, "props": {"session_expiry": 600}}
        follower = self.on(victim, **options)
        self.assertEqual(follower.subscribe(FEED), [1])
        shown, flying, away, activity = unique("shown"), unique("flying"), unique("away"), unique("activity")
        self.assertEqual(self.at(self.one).publish(ALERT, alert(headline=shown)).reason, 0)
        self.headlines(follower, [shown])
        sender, body = self.on(victim, "device/porch", client_id=activity), motion({"seq": "1", "activityId": activity}, session=time.time_ns() // 10**6)
        # Redis stands still: the machine takes an event and cannot answer before it is killed.
        store = self.home.stack.processes["redis"]
        store.send_signal(signal.SIGSTOP)
        try:
            received = sum(read_metrics(victim.metrics_port)["events_received"].values())
            sender.send(mqtt.publish(MOTION, body, 1, 7))
            self.eventually(lambda: sum(read_metrics(victim.metrics_port)["events_received"].values()) > received)
        finally:
            store.send_signal(signal.SIGCONT)
        self.assertEqual(self.at(self.one).publish(ALERT, alert(headline=flying)).reason, 0)
        got = None
        while got is None or flying.encode() not in got.payload:  # shown, and not acknowledged
            got = follower.receive()
            self.assertIsNotNone(got)
        victim.kill()
        self.assertEqual(self.at(self.one).publish(ALERT, alert(headline=away)).reason, 0)
        back = self.through(**options)
        self.assertTrue(back.connack.session_present)
        self.headlines(back, [flying, away])
        again = self.through("device/porch", client_id=activity)
        self.assertEqual(again.publish(MOTION, body, dup=True).reason, 0)
        # Whether Redis had it from the machine that was killed or not: it is there once.
        self.eventually(lambda: self.kept(activity) > 0)
        self.assertEqual(self.kept(activity), 1)

    def kept(self, activity):
        """How often an activity stands in the household's log."""
        with redis.Redis(port=self.home.stack.redis_port) as store:
            return sum(value.count(activity.encode()) for key in store.scan_iter("nb:{*}:log:home-porch")
                       for _, fields in store.xrange(key) for value in fields.values())

    def test_a_machine_that_was_frozen_is_fenced(self):
        victim = self.two
        options = {"client_id": unique("fenced"), "clean": False, "props": {"session_expiry": 600}}
        old = self.on(victim, **options)
        self.assertEqual(old.subscribe(FEED), [1])
        victim.process.send_signal(signal.SIGSTOP)
        try:
            new, headline = self.through(**options), unique("headline")
            self.assertTrue(new.connack.session_present)
            self.assertEqual(self.at(self.one).publish(ALERT, alert(headline=headline)).reason, 0)
            self.headlines(new, [headline])
        finally:
            victim.process.send_signal(signal.SIGCONT)
        self.assertEqual([p.reason for p in old.closed() if p.kind == mqtt.DISCONNECT], [0x8E])
        new.send(mqtt.PING)
        new.until(mqtt.PINGRESP)

    def test_revocation_ends_connections_at_every_machine(self):
        who = "user/" + unique("leaver")
        connections = [self.on(machine, who) for machine in self.machines]
        self.home.stack.neighbors("revoke", who)
        for connection in connections:
            self.assertEqual([(p.kind, p.reason) for p in connection.closed()], [(mqtt.DISCONNECT, 0x87)])
        self.assertEqual(self.post(self.balancer.http_port, "/v1/alerts", alert(), who)[0], 401)

    def test_tokens_and_invitations_count_everywhere(self):
        headline, follower = unique("headline"), self.at(self.one, "user/fred")
        self.assertEqual(follower.subscribe(FEED), [1])
        status, answer = self.post(self.two.http_port, "/v1/alerts", alert(headline=headline), "user/ann")
        self.assertEqual(status, 201, answer)
        self.headlines(follower, [headline])
        home = unique("household")
        code = self.home.stack.neighbors("household", "invite", home, "--at", "34.0768,-118.0316")[-1]
        ask = lambda port: self.post(port, "/v1/enroll", json.dumps({"code": code["code"], "nonce": "n" * 32}).encode())
        status, given = ask(self.one.http_port)
        self.assertEqual(status, 200, given)
        self.assertEqual(ask(self.two.http_port)[0], 200, "the same asks again: its answer was lost")
        other = self.post(self.two.http_port, "/v1/enroll", json.dumps({"code": code["code"], "nonce": "m" * 32}).encode())
        self.assertEqual(other[0], 404, "good once")

    def test_limits_and_log_know_who_is_behind_the_balancer(self):
        many, closed = [], 0
        for _ in range(3 * MOST):  # of both machines
            many.append(socket.create_connection(("127.0.0.1", self.port), 30, ("127.0.0.21", 0)))
            self.addCleanup(many[-1].close)
        for one in many[2 * MOST:]:
            one.settimeout(30)
            closed += one.recv(1) == b""
        self.assertGreater(closed, 0)
        logs = [self.home.stack.logs / f"{machine.name}.log" for machine in self.machines]
        self.assertIn("connection_refused address=127.0.0.21 limit=address", "".join(log.read_text() for log in logs))
        self.assertEqual(self.client("user/ann").connack.reason, 0, "who comes from elsewhere comes in")

    def test_a_balancer_without_a_header_is_shown_out(self):
        for said in (b"GET / HTTP/1.1\r\n\r\n", mqtt.connect(client_id="x"), b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c" + bytes(12),
                     b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff" + bytes(12), b"\r\n"):
            with socket.create_connection(("127.0.0.1", self.one.mqtt_port), 30, (BALANCER, 0)) as one:
                one.sendall(said)
                try:
                    self.assertEqual(one.recv(1), b"", said)
                except ConnectionResetError:
                    pass

    def test_a_header_in_pieces_and_what_is_behind_it(self):
        header = b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x27" + bytes(15) + b"\7" + bytes(20) + b"\4\0\0"
        hello = mqtt.connect(client_id=unique("pieces"), **self.credentials("user/ann"))
        for cut in (1, 11, 13, 15, 16, 17, 50, len(header), len(header) + 1):
            with mqtt.Client(self.one.mqtt_port, source=BALANCER) as one:
                for piece in ((header + hello)[:cut], (header + hello)[cut:]):
                    one.send(piece)
                    time.sleep(0.02)  # apart on their way; whether they are changes nothing of what is due
                self.assertEqual(one.expect(mqtt.CONNACK).reason, 0)

    def test_who_comes_unknown_comes_from_the_balancer(self):
        """What the balancer says of itself (LOCAL) or does not know (UNSPEC); what it tells beside (TLVs) is passed over."""
        tell = bytes((4, 0, 5)) + b"extra"
        for command, family, rest in ((0x20, 0, b""), (0x20, 0x11, bytes(12)), (0x21, 0, b""), (0x21, 0, tell), (0x21, 0x11, b"\x7f\0\0\2" + bytes(8) + tell)):
            header = b"\r\n\r\n\0\r\nQUIT\n" + bytes((command, family)) + len(rest).to_bytes(2, "big") + rest
            with mqtt.Client(self.one.mqtt_port, source=BALANCER) as one:
                one.send(header + mqtt.connect(client_id=unique("unknown"), **self.credentials("user/ann")))
                self.assertEqual(one.expect(mqtt.CONNACK).reason, 0, header)
        with mqtt.Client(self.one.mqtt_port) as other:  # who is no balancer is not asked from where it comes
            other.send(b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0" + mqtt.connect(client_id=unique("other"), **self.credentials("user/ann")))
            self.assertRaises((mqtt.Closed, OSError), other.expect, mqtt.CONNACK)

    def test_limits_of_people_count_over_all_machines(self):
        limited = [Machine(self.home, unique("limited"), resident_alerts_hour=3) for _ in range(2)]
        for machine in limited:
            self.addCleanup(machine.stop)
        who, reasons = "user/" + unique("loud"), []
        for number in range(5):
            reasons.append(self.at(limited[number % 2], who).publish(ALERT, alert()).reason)
        self.assertEqual(reasons, [0, 0, 0, 0x97, 0x97])


if __name__ == "__main__":
    unittest.main()
