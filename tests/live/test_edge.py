"""neighbors-edge run, between a home's real Mosquitto and the neighborhood's broker. First another Mosquitto stands there,
which shows what is sent: once, in order, whoever is killed, and nothing that the owner did not list. Then neighborsd, which
shows what is stored."""
import signal
import time
import unittest
from collections import Counter

from home import HomeCase, Neighborhood, PATIENCE, WatchedCase, review, wait_until


class EdgeRun(WatchedCase):
    def setUp(self):
        super().setUp()
        self.configure(self.broker.port, self.folder / "token")

    def events(self, count):
        """The next events that arrive, with the session of each."""
        events = []
        while len(events) < count:
            message = self.arrived.get(timeout=PATIENCE)
            self.assertEqual(message.topic, "nb/v1/motion")
            batch = self.schema.MotionBatch.FromString(message.payload)
            self.assertEqual(batch.version, 1)
            self.assertLessEqual(len(batch.events), 64)
            events += [(batch.session, event) for event in batch.events]
        return events

    def nothing_more(self):
        """A last event of our own comes through alone, so nothing else was on its way."""
        self.say("zigbee/1/hall/pir", '{"occupancy":false}')
        self.say("zigbee/1/hall/pir", '{"occupancy":true,"last_seen":%d}' % (time.time() * 1000))
        self.assertEqual([event.device for _, event in self.events(1)], ["pir-1"])

    def words(self, events):
        return [(event.seq, event.device, self.schema.Phase.Value.Name(event.phase),
                 self.schema.MotionKind.Value.Name(event.kind), event.activity_id) for _, event in events]

    def test_a_visit_arrives_once_and_nothing_private_with_it(self):
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        self.say("frigate/reviews", review("new", "front_door", "r1"))
        self.say("frigate/reviews", review("update", "front_door", "r1", "person-verified"))
        self.say("frigate/reviews", review("new", "bedroom", "r2"))                 # not listed
        self.say("frigate/front_door/motion", "ON")                                 # this kind is not shared
        self.say("frigate/tracked_object_update", '{"type":"face","name":"Somebody","camera":"front_door"}')
        self.say("frigate/reviews", review("end", "front_door", "r1", end=time.time()))
        events = self.events(2)
        self.assertEqual(self.words(events), [(1, "cam-1", "START", "PERSON", "r1"), (2, "cam-1", "END", "PERSON", "r1")])
        self.assertGreaterEqual(events[1][1].until, events[1][1].at)
        self.nothing_more()

    def test_retained_words_are_only_remembered(self):
        self.say("zigbee/1/hall/pir", '{"occupancy":true}', retain=True)
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        self.nothing_more()

    def test_an_outage_of_the_broker_loses_and_doubles_nothing(self):
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        self.wait_log("broker: connected")
        self.broker.kill()
        for i in range(150):
            self.visit(f"r{i}")
        self.broker.start()
        events = self.events(300)
        self.assertEqual([event.seq for _, event in events], list(range(1, 301)))
        self.assertEqual(len({session for session, _ in events}), 1)

    def test_killed_edge_goes_on_where_it_was(self):
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        told = 0
        for round_number in range(5):
            for i in range(10):
                self.visit(f"r{round_number}-{i}")
            self.kill_edge()
            # The home's broker keeps what comes meanwhile: the edge's session there outlives it.
            self.visit(f"late-{round_number}")
            self.start_edge()
            told += 22
        seen = {}
        order = []
        while len(seen) < told:
            for session, event in self.events(1):
                key = (event.activity_id, event.phase)
                self.assertEqual(seen.setdefault(key, (session, event.seq)), (session, event.seq), "a number changed")
                order += [event.seq] if event.seq not in order else []
        self.assertEqual(order, list(range(1, told + 1)), "in order, none missing, none under two numbers")

    def test_killed_home_broker_is_met_again(self):
        self.watch()
        self.start_edge()
        self.wait_log("home: subscribed")
        self.say("frigate/reviews", review("new", "front_door", "r1"))
        self.assertEqual(len(self.events(1)), 1)
        self.publisher.disconnect()
        self.publisher.loop_stop()
        del self.publisher
        self.home.kill()
        wait_until(lambda: "home: connection lost" in self.log() or "home: cannot connect" in self.log(), "the loss")
        self.home.start()
        self.wait_log("home: subscribed", 2)
        self.say("frigate/reviews", review("end", "front_door", "r1", end=time.time()))
        self.assertEqual(self.words(self.events(1)), [(2, "cam-1", "END", "PERSON", "r1")])

    def test_stops_when_told(self):
        self.start_edge()
        self.wait_log("home: subscribed")
        self.kill_edge(signal.SIGTERM)


class EdgeToNeighborsd(HomeCase):
    """The real broker with its Redis; the home's lives all the time."""

    home_autosave = False

    def setUp(self):
        super().setUp()
        self.town = Neighborhood(self.folder / "stack")
        self.stack = self.town.stack
        self.addCleanup(self.stack.stop)
        self.configure(self.stack.mqtt_port, self.town.enroll_edge(), home_host="localhost")

    def stored(self):
        """How often each visit stands in the household's log."""
        return Counter(self.town.visits())

    def test_every_event_is_stored_once_whoever_is_killed(self):
        self.start_edge()
        self.wait_log("home: subscribed")
        self.wait_log("broker: connected")
        names = [f"visit-{i}." for i in range(40)]
        for i, name in enumerate(names):
            self.visit(name)
            if i % 10 == 3:
                self.kill_edge()
                self.start_edge()
            elif i % 10 == 6:
                self.stack.kill("neighborsd")
                self.stack.start_broker()
            elif i % 10 == 9:
                self.stack.kill("redis")
                self.stack.start_redis()
        wait_until(lambda: len(self.stored()) == len(names) and min(self.stored().values()) == 2,
                   lambda: f"all visits are stored: {self.stored()}; log: {self.log()}")
        self.assertEqual(set(self.stored().values()), {2})

    def test_over_tls(self):
        self.configure(self.stack.tls_port, self.stack.token_file("edge/home-7"), f'ca = "{self.stack.keys}/ca.crt";')
        self.start_edge()
        self.wait_log("home: subscribed")
        self.wait_log("broker: connected")
        names = [f"visit-{i}." for i in range(100)]
        for name in names:
            self.visit(name)
        wait_until(lambda: len(self.stored()) == len(names) and min(self.stored().values()) == 2,
                   lambda: f"all visits are stored: {self.stored()}; log: {self.log()}")
        self.assertEqual(set(self.stored().values()), {2})

    def test_what_is_refused_is_logged_and_kept_out(self):
        self.say("zigbee/1/hall/pir", '{"occupancy":false}', retain=True)
        self.start_edge()
        self.wait_log("home: subscribed")
        self.say("zigbee/1/hall/pir", '{"occupancy":true}')  # pir-1 is nobody's
        self.wait_log("broker: refused event")
        self.visit("visit-1.")
        wait_until(lambda: self.stored() == {"visit-1": 2}, lambda: f"the visit is stored: {self.stored()}")


if __name__ == "__main__":
    unittest.main()
