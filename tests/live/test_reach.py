"""How far somebody sees: new cells of a day, over all sessions and both protocols; nobody follows the whole land."""
import http.client
import itertools
import json

import mqtt
import redis

from case import alert, on_one_day, unique
from stack import free_port
from watched import WatchedCase

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"


def cells(prefix):
    """Cells two characters finer than the prefix."""
    return [prefix + a + b for a, b in itertools.product(ALPHABET, repeat=2)]


class Reach(WatchedCase):
    broker_settings = {"new_cells_day": 64, "feed_cells_day": 40, "http_rate_per_address": 0, "heartbeat_ms": 3600000}
    quiet = True

    @classmethod
    def setUpClass(cls):
        cls.http_port = free_port()
        cls.broker_settings = Reach.broker_settings | {"http_port": cls.http_port}
        super().setUpClass()

    def setUp(self):
        on_one_day()
        super().setUp()
        self.store = redis.Redis(port=self.home.stack.redis_port)
        self.addCleanup(self.store.close)

    def subscribe(self, connection, *filters):
        connection.send(mqtt.subscribe([(filter_, 1) for filter_ in filters], 9, connection.version))
        return connection.until(mqtt.SUBACK)

    def limited(self, answer, limit=64):
        self.assertEqual(answer.reasons, b"\x97")
        self.assertRegex(answer.props["reason_string"], rf"^filters\[0\]\.geohash: at most {limit} new cells a day: again in \d+ s$")
        self.assertTrue(0 < int(dict(answer.props["user"])["retry-after"]) <= 86400)

    def test_new_cells_of_a_day(self):
        who, near = f"user/{unique('far-sighted')}", [f"nb/v1/near/{cell}/400/#" for cell in cells("9qh1")]
        first, second = self.client(who), self.client(who, 4)
        self.assertEqual(self.subscribe(first, *near[:40]).reasons, bytes([1] * 40))
        self.assertEqual(self.subscribe(second, *near[20:70]).reasons, bytes([1] * 44 + [0x80] * 6))
        self.limited(self.subscribe(first, near[70]))
        self.assertEqual(self.subscribe(first, near[3], *near[50:60]).reasons, bytes([1] * 11), "what is known costs nothing")
        self.assertEqual(self.subscribe(first, f"nb/v1/cell/{cells('9qh1')[3]}/#").reasons, b"\1", "nor in another form")
        self.assertEqual(self.subscribe(self.client(f"user/{unique('other')}"), near[70]).reasons, b"\1", "each has its own")
        for connection in (first, second):
            connection.close()
        third = self.client(who)
        self.assertEqual(self.subscribe(third, *near[:64]).reasons, bytes([1] * 64), "another session, the same cells")
        key = f"nb:{{p:{who}}}:cells"
        names = {name.decode() for name in self.store.hkeys(key)}
        self.assertEqual(len(names), 64 + 2)
        self.assertFalse([name for name in names if name.startswith("9qh")], "no place can be read in Redis")
        self.assertTrue(0 < self.store.ttl(key) <= 31 * 86400)
        third.close()
        for name in names:  # a day goes by
            if name != "new":
                self.store.hincrby(key, name, -1)
        fourth = self.client(who)
        self.assertEqual(self.subscribe(fourth, *near[40:104]).reasons, bytes([1] * 64))
        self.assertEqual(self.store.hget(key, "new"), b"40", "24 of them were known")
        for name in self.store.hkeys(key):  # a month
            if name != b"new":
                self.store.hincrby(key, name, -31)
        fifth = self.client(who)
        self.assertEqual(self.subscribe(fifth, near[0]).reasons, b"\1")
        self.assertEqual((self.store.hlen(key), self.store.hget(key, "new")), (1 + 2, b"1"), "what is old is forgotten")

    def test_a_coarse_cell_counts_as_its_channels(self):
        who = self.client(f"user/{unique('greedy')}")
        self.assertEqual(self.subscribe(who, "nb/v1/cell/9qh1/#", "nb/v1/cell/9qh2/#").reasons, b"\1\1")
        self.limited(self.subscribe(who, "nb/v1/cell/9qh3/#"))
        self.limited(self.subscribe(who, "nb/v1/cell/9qh3b/#"))

    def test_nobody_else_goes_further(self):
        for role in ("device", "edge", "operator", "agency"):
            name = f"{role}/{unique('limited')}"
            if role == "agency":  # outside its jurisdiction it is as anybody
                path = self.home.folder / "elsewhere.geojson"
                path.write_text(json.dumps({"type": "Polygon", "coordinates": [
                    [[-75, 39], [-73, 39], [-73, 41], [-75, 41], [-75, 39]]]}))
                self.home.token(name, "--name", "Elsewhere", "--jurisdiction", path)
            connection = self.client(name)
            self.assertEqual(self.subscribe(connection, "nb/v1/cell/9qh1/#", "nb/v1/cell/9qh2/#").reasons, b"\1\1")
            self.limited(self.subscribe(connection, "nb/v1/cell/9qh3b/#"))
            if role == "agency":
                self.assertEqual(self.subscribe(connection, "nb/v1/cell/dr5r/#").reasons, b"\1")

    def test_the_past_is_no_way_around(self):
        def ask(*places):
            return connection.publish("nb/v1/history", json.dumps({"cells": places, "from": "1"}).encode())

        connection = self.client(f"user/{unique('historian')}")
        self.subscribe(connection, "nb/v1/inbox/#")
        self.assertEqual(self.subscribe(connection, "nb/v1/cell/9qh1/#").reasons, b"\1")
        for group in (cells("9qh")[:16], cells("9qh")[16:31]):
            self.assertEqual(ask(*[f"{cell}" for cell in [c + "0" for c in group]]).reason, 0)
        self.assertEqual(ask("9qh1").reason, 0, "what is followed may be asked for")
        answer = ask("9qj10", "9qj11")
        self.assertEqual((answer.reason, "retry-after" in dict(answer.props["user"])), (0x97, True))
        self.assertRegex(answer.props["reason_string"], "^cells: at most 64 new cells a day")
        self.assertEqual(ask("9qj10").reason, 0, "nothing of what was refused was counted")
        self.limited(self.subscribe(connection, "nb/v1/cell/9qj11/#"))

    def test_the_feed_of_an_address(self):
        def ask(path, body=None):
            connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=30)
            connection.request("POST" if body else "GET", path, body)
            answer = connection.getresponse()
            told = answer.status, json.loads(answer.read()), answer.headers
            connection.close()
            return told

        self.assertEqual(ask("/v1/feed?cells=" + ",".join(cells("9qh1")[:32]))[0], 200)
        self.assertEqual(ask("/v1/feed?cells=9qh1")[0], 429)
        self.assertEqual(ask("/v1/feed?cells=" + ",".join(cells("9qh1")[20:40]))[0], 200)
        status, told, headers = ask("/v1/feed", json.dumps({"near": {"cell": cells("9qh1")[41], "metres": 400}}))
        self.assertEqual((status, told["field"]), (429, "cells"))
        self.assertRegex(told["rule"], "^at most 40 new cells a day: again in ")
        self.assertGreater(int(headers["retry-after"]), 0)
        self.assertEqual(ask("/v1/feed?cells=" + cells("9qh1")[0])[0], 200)
        for key in self.store.scan_iter("nb:{p:address/*", 1000):
            self.assertNotIn(b"127.0.0.1", key)
            self.assertNotIn(b"7f000001", key)
            self.assertTrue(0 < self.store.ttl(key) <= 86400)


class Land(WatchedCase):
    """An agency follows cells of precision 2 and 3 in its jurisdiction: every alert there, each state once."""

    broker_settings = {"heartbeat_ms": 3600000}
    quiet = True
    BOX = (-125, 33, -112, 40)  # around the cell 9q

    def enrol(self, name, west, south, east, north):
        path = self.home.folder / f"{name.replace('/', '-')}.geojson"
        path.write_text(json.dumps({"type": "Polygon", "coordinates": [
            [[west, south], [east, south], [east, north], [west, north], [west, south]]]}))
        self.home.token(name, "--name", "State", "--jurisdiction", path)

    def alert_of(self, connection, headline, state="IN_FORCE"):
        packet, item = self.items(connection, lambda item: item.get("alert", {}).get("headline") == headline
                                  and item["alert"]["state"] == state)
        return packet, item

    def test_alerts_of_a_land(self):
        who, headline, name = f"agency/{unique('state')}", unique("land"), unique("mine")
        self.enrol(who, *self.BOX)
        ann = self.client("user/ann")
        self.assertEqual(ann.publish("nb/v1/alert", alert(name, headline=headline)).reason, 0)
        self.headline(self.follower("user/fred"), headline)
        state = self.client(who, client_id="desk", clean=False, props={"session_expiry": 600})
        self.assertEqual(self.subscribe(state, "nb/v1/json/cell/9q/#", "nb/v1/json/cell/9qh/incident/+/+").reasons, b"\1\1")
        packet, item = self.alert_of(state, headline)
        self.assertTrue(packet.retain, "what is in force comes first")
        self.assertEqual(item["channel"], "9q*")
        update = alert(unique("update"), msgType="UPDATE", references=[name], headline=headline + " again")
        self.assertEqual(ann.publish("nb/v1/alert", update).reason, 0)
        packet, item = self.alert_of(state, headline + " again")
        self.assertEqual((packet.retain, item["alert"]["revision"]), (False, 2))
        state.close()
        far = unique("far")
        self.assertEqual(ann.publish("nb/v1/alert", alert(headline=far, where=(38.58, -121.49))).reason, 0)
        back = self.client(who, client_id="desk", clean=False, props={"session_expiry": 0})
        self.assertTrue(back.connack.session_present)
        self.assertTrue(self.alert_of(back, far), "what came while it was away")
        cancel = alert(unique("cancel"), msgType="CANCEL", references=[name], category=None, headline=None, place=None)
        self.assertEqual(ann.publish("nb/v1/alert", cancel).reason, 0)
        self.assertTrue(self.items(back, lambda item: item.get("alert", {}).get("state") == "ENDED"))

    def test_a_jurisdiction_that_shrinks(self):
        who = f"agency/{unique('shrinking')}"
        self.enrol(who, *self.BOX)
        state = self.client(who, props={"session_expiry": 600}, client_id="desk")
        self.assertEqual(self.subscribe(state, "nb/v1/cell/9q/#").reasons, b"\1")
        self.enrol(who, -75, 39, -73, 41)
        self.assertEqual([p.reason for p in state.closed() if p.kind == mqtt.DISCONNECT], [0x87])
        back = self.client(who, client_id="desk", clean=False)
        self.assertEqual(self.subscribe(back, "nb/v1/cell/9q/#").reasons, b"\x87")

    def subscribe(self, connection, *filters):
        connection.send(mqtt.subscribe([(filter_, 1) for filter_ in filters], 9, connection.version))
        return connection.until(mqtt.SUBACK)
