"""Two processes on one port: they know of each other only through Redis, and the parent replaces whoever fails."""
import json
import os
import re
import signal
import time
import unittest
from pathlib import Path

import mqtt
from case import SETTINGS, alert, motion, unique
from watched import Broker, WatchedCase, children, read_metrics

ALERT, MOTION = "nb/v1/alert", "nb/v1/motion"
FEED = "nb/v1/json/near/9qh1f5/1600/incident/#"


class PairCase(WatchedCase):
    """Each test has a pair of its own, and who is on which process is known from the sockets that the kernel lists."""

    quiet = True
    silence_ms = 30000  # longer than a busy machine may keep a process waiting: nobody is replaced but who was killed

    def setUp(self):
        super().setUp()
        self.pair = Broker(self.home, unique("pair"), **{**SETTINGS, "processes": 2, "worker_silence_ms": self.silence_ms})
        self.addCleanup(self.pair.stop)
        self.port, self.parent = self.pair.mqtt_port, self.pair.process.pid
        self.assertEqual(len(self.workers()), 2)

    def workers(self):
        return children(self.parent)

    def counters(self):
        return {name: sum(values.values()) for name, values in read_metrics(self.pair.metrics_port).items()}

    def worker_of(self, connection):
        """The process that accepted a connection; None while it waits to be accepted."""
        here = connection.socket.getsockname()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            words = line.split()
            if words[1].endswith(f":{self.port:04X}") and words[2].endswith(f":{here:04X}"):
                return next((pid for pid in self.workers() if words[9] in self.sockets(pid)), None)
        return None

    @staticmethod
    def sockets(pid):
        """The inodes of the sockets that a process holds."""
        found = set()
        try:
            names = list(Path(f"/proc/{pid}/fd").iterdir())
        except PermissionError:  # neighborsd lets nobody look into it
            raise unittest.SkipTest("SKIPPED: only root sees which process has a connection") from None
        for name in names:
            try:
                match = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(name))
            except FileNotFoundError:
                continue
            found.add(match[1] if match else None)
        return found

    def client_on(self, worker, who="user/ann", **options):
        """A connection that the kernel gave to that process: tried until it is so."""
        credentials = self.credentials(who)
        for _ in range(200):
            connection = self.raw(options.get("version", 5))
            asked = {"client_id": unique("client")} | {k: v for k, v in options.items() if k != "version"}
            # Nothing was said yet, so that a connection on the other process leaves no session behind. One that waits for a
            # frozen process to accept it waits for nothing.
            deadline = time.monotonic() + 0.5
            while not self.worker_of(connection) and time.monotonic() < deadline:
                time.sleep(0.005)
            if self.worker_of(connection) != worker:
                connection.close()
                continue
            connection.connack = connection.connect(**credentials, **asked)
            self.assertEqual(connection.connack.reason, 0)
            return connection
        raise AssertionError("200 connections in a row went to the other process")

    def follower_on(self, worker, **options):
        connection = self.client_on(worker, "user/fred", **options)
        self.assertEqual(connection.subscribe(FEED), [1])
        return connection

    def told(self, connection, headlines, timeout=60):
        """Reads until all of these headlines came."""
        missing, deadline = set(headlines), time.monotonic() + timeout
        while missing:
            packet = connection.until(mqtt.PUBLISH, max(0.01, deadline - time.monotonic()))
            if "/near/" in packet.topic:
                missing.discard(json.loads(packet.payload).get("alert", {}).get("headline"))

    def publish_some(self, worker, count=5):
        sender, said = self.client_on(worker), [unique("headline") for _ in range(count)]
        for headline in said:
            self.assertEqual(sender.publish(ALERT, alert(headline=headline)).reason, 0)
        sender.close()
        return said

    def lost_worker(self, sign):
        """One process is killed or frozen: its durable follower comes back to nothing missed, the other's never notice."""
        victim, other = self.workers()
        durable = {"client_id": unique("durable"), "props": {"session_expiry": 600}}
        follower, beside = self.follower_on(victim, clean=False, **durable), self.follower_on(other)
        brief = unique("brief")
        self.client_on(victim, client_id=brief)  # a session that ends with its connection, whoever ends that
        before_it = self.publish_some(other)
        self.told(follower, before_it)
        os.kill(victim, sign)
        meanwhile = self.publish_some(other)
        self.eventually(lambda: victim not in self.workers() and len(self.workers()) == 2, lambda: "nobody replaced it")
        self.assertIn(other, self.workers())
        follower.closed()
        fresh, = set(self.workers()) - {other}
        self.eventually(lambda: fresh in self.accepting(), lambda: "the new process does not accept")
        after = self.publish_some(fresh)
        back = self.client_on(fresh, "user/fred", clean=False, **durable)
        self.assertTrue(back.connack.session_present)
        self.assertFalse(self.client_on(fresh, client_id=brief, clean=False).connack.session_present)
        self.told(back, meanwhile + after)
        self.told(beside, before_it + meanwhile + after)
        beside.send(mqtt.PING)
        beside.until(mqtt.PINGRESP)

    def accepting(self):
        """The processes that hold a listening socket of the port."""
        listening = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
                     if line.split()[1].endswith(f":{self.port:04X}") and line.split()[3] == "0A"}
        return [pid for pid in self.workers() if listening & self.sockets(pid)]


class MultiProcess(PairCase):
    def test_both_serve(self):
        used = set()
        for _ in range(200):
            used |= {self.worker_of(self.client())} - {None}  # the kernel's list may skip one while others come and go
            if len(used) == 2:
                break
        self.assertEqual(used, set(self.workers()))
        self.eventually(lambda: all(read_metrics(self.pair.metrics_port)["connections_accepted"].values()),
                        lambda: read_metrics(self.pair.metrics_port)["connections_accepted"])

    def test_publish_on_one_follow_on_the_other(self):
        one, two = self.workers()
        followers = [self.follower_on(one), self.follower_on(two)]
        said = self.publish_some(one) + self.publish_some(two)
        for follower in followers:
            self.told(follower, said)

    def test_an_update_on_the_other_process(self):
        one, two = self.workers()
        follower, name, headline = self.follower_on(one), unique("alert"), unique("second")
        self.assertEqual(self.client_on(one).publish(ALERT, alert(name, headline="first")).reason, 0)
        self.assertEqual(self.client_on(two).publish(
            ALERT, alert(msgType="UPDATE", references=[name], headline=headline)).reason, 0)
        _, item = self.headline(follower, headline)
        self.assertEqual(item["alert"]["revision"], 2)

    def test_a_repeat_on_the_other_process_is_stored_once(self):
        one, two = self.workers()
        before, session = self.counters(), str(int(time.time() * 1000))
        body = motion({"seq": "1", "activityId": unique("activity")}, session=session)
        for worker in (one, two, one):
            with self.client_on(worker, "device/porch", client_id="same") as connection:
                self.assertEqual(connection.publish(MOTION, body).reason, 0)
        self.counted(before, store_events_stored=1, store_events_repeated=2)

    def test_take_over_across_processes(self):
        for expiry in (0, 600):
            name, before = unique("taken"), self.counters()
            one, two = self.workers()
            options = {"client_id": name, "props": {"session_expiry": expiry}}
            older = self.client_on(one, **options)
            newer = self.client_on(two, clean=False, **options)
            self.assertEqual([(p.kind, p.reason) for p in older.closed()], [(mqtt.DISCONNECT, 0x8E)])
            self.assertEqual(newer.connack.session_present, bool(expiry))
            newer.send(mqtt.PING)
            newer.expect(mqtt.PINGRESP)
            back = self.client_on(one, clean=False, **options)
            self.assertEqual([p.reason for p in newer.closed()], [0x8E])
            back.send(mqtt.PING)
            back.expect(mqtt.PINGRESP)
            self.counted(before, connections_taken_over=2)

    def test_revocation_reaches_every_process(self):
        who = "user/" + unique("leaver")
        connections = [self.client_on(worker, who) for worker in self.workers()]
        self.home.stack.neighbors("revoke", who)
        for connection in connections:
            self.assertEqual([(p.kind, p.reason) for p in connection.closed()], [(mqtt.DISCONNECT, 0x87)])

    def test_a_killed_process_is_replaced(self):
        self.lost_worker(signal.SIGKILL)

    def test_a_process_that_dies_again_and_again(self):
        """The other goes on serving, and the parent does not give up."""
        _, steady = self.workers()
        connection = self.client_on(steady)
        for _ in range(3):
            victim, = set(self.workers()) - {steady}
            os.kill(victim, signal.SIGKILL)
            self.eventually(lambda: victim not in self.workers() and len(self.workers()) == 2)
            self.assertEqual(connection.publish(ALERT, alert()).reason, 0)

    def test_the_parent_ends_all(self):
        workers, connections = self.workers(), [self.client() for _ in range(5)]
        self.pair.process.terminate()
        for connection in connections:
            self.assertEqual([p.reason for p in connection.closed()], [0x8B], "told that it shuts down")
        self.assertEqual(self.pair.process.wait(30), 0)
        self.assertFalse([pid for pid in workers if Path(f"/proc/{pid}").exists()])

    def test_nobody_outlives_the_parent(self):
        workers = self.workers()
        self.pair.process.kill()
        self.pair.process.wait()
        self.eventually(lambda: not any(self.alive(pid) for pid in workers), lambda: "workers without a parent")

    @staticmethod
    def alive(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False


class Frozen(PairCase):
    silence_ms = 3000

    def test_a_frozen_process_is_replaced(self):
        self.lost_worker(signal.SIGSTOP)
