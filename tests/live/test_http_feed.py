"""HTTP: the public feed as GeoJSON."""
import json
import time
import unittest

import mqtt
from case import HERE, LEAF, alert, motion, now_ms, point, unique
from http_case import HttpCase, cap


class Feed(HttpCase):
    """/v1/feed: GeoJSON of what a follower of the place would get."""

    quiet = True  # nobody else moves

    def sound(self, collection):
        """What RFC 7946 asks of it."""
        self.assertEqual(collection["type"], "FeatureCollection")
        for one in collection["features"]:
            self.assertEqual(one["type"], "Feature")
            shape = one["geometry"]
            polygons = {"Point": [], "Polygon": [shape["coordinates"]], "MultiPolygon": shape["coordinates"]}[shape["type"]]
            for polygon in polygons:
                for number, ring in enumerate(polygon):
                    self.assertGreaterEqual(len(ring), 4)
                    self.assertEqual(ring[0], ring[-1])
                    turn = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in zip(ring, ring[1:]))
                    self.assertEqual(turn < 0, number == 0, "outlines run against the clock")
            self.assertIn(one["properties"]["item"], ("alert", "activity"))
        return collection

    def test_shapes(self):
        position = {"latE7": round(HERE[0] * 1e7), "lonE7": round(HERE[1] * 1e7)}
        square = [{"latE7": position["latE7"] + n, "lonE7": position["lonE7"] + e} for n, e in
                  ((-9000, -9000), (9000, -9000), (9000, 9000), (-9000, 9000), (-9000, -9000))]
        hole = [{"latE7": position["latE7"] + n, "lonE7": position["lonE7"] + e} for n, e in
                ((-3000, -3000), (3000, -3000), (3000, 3000), (-3000, 3000), (-3000, -3000))]
        beside = [dict(at, lonE7=at["lonE7"] + 40000) for at in square]
        for place, kind in (({"point": position}, "Point"), ({"circle": {"center": position, "radiusM": 500}}, "Polygon"),
                            ({"polygons": {"polygons": [{"rings": [{"points": square}, {"points": hole}]}]}}, "Polygon"),
                            ({"polygons": {"polygons": [{"rings": [{"points": square}]}, {"rings": [{"points": beside}]}]}},
                             "MultiPolygon")):
            said = self.taken(alert(place=place, expires=str(now_ms() + 600000)), kind="application/json")
            seen = self.in_feed(said["public_id"])
            self.assertEqual(seen["geometry"]["type"], kind)
            self.assertEqual("place" in seen["properties"], kind == "Point" or "circle" in place)
        self.sound(self.feed())

    def test_it_is_what_a_follower_gets(self):
        """The same alerts, by the true shape: for circles and cells around, near and far."""
        for n, e in ((0, 0), (0.01, 0), (0, 0.02), (-0.02, 0.01)):
            self.taken(alert(where=(HERE[0] + n, HERE[1] + e), expires=str(now_ms() + 600000)), kind="application/json")
            last = self.taken(alert(expires=str(now_ms() + 600000),
                                    place={"circle": {"center": point(HERE[0] + n, HERE[1] + e)["point"], "radiusM": 700}}),
                              kind="application/json")
        self.in_feed(last["public_id"], near={"cell": LEAF, "metres": 8000})
        for question, place in (({"near": {"cell": LEAF, "metres": 400}}, f"near/{LEAF}/400"),
                                ({"near": {"cell": LEAF, "metres": 1600}}, f"near/{LEAF}/1600"),
                                ({"near": None, "cells": [LEAF]}, f"cell/{LEAF}"),
                                ({"near": None, "cells": ["9qh1f"]}, "cell/9qh1f")):
            credentials = self.credentials("user/fred")
            connection = mqtt.Client(self.mqtt_port)
            self.addCleanup(connection.close)
            connection.connect(client_id=unique("client"), **credentials)
            connection.subscribe(f"nb/v1/json/{place}/incident/#", f"nb/v1/json/{place}/area/#", "nb/v1/json/inbox/#")
            got = {}

            def whole(packet):
                if "/inbox/heartbeat" in packet.topic:
                    return True
                item = json.loads(packet.payload)["alert"]
                got[item["publicId"]] = (item["revision"], item["state"])
                return False
            ask = {name: value for name, value in question.items() if value}
            answer = self.ask("POST", "/v1/feed", json.dumps(ask))
            seen = {one["id"]: (one["properties"]["revision"], one["properties"]["state"])
                    for one in self.sound(answer.json)["features"] if one["properties"]["item"] == "alert"}
            deadline = time.monotonic() + 30
            while True:  # with a heartbeat all is told that was read for the follower by then
                connection.until(mqtt.PUBLISH, 30, whole)
                told = {key: value for key, value in got.items() if value[1] == "IN_FORCE"}
                if seen.keys() <= told.keys() or time.monotonic() > deadline:
                    break
            self.assertEqual(seen, told, place)

    def rest(self, **question):
        """All answers, read on to the one behind which nothing is: tests before this one may have left more than one has room for,
        and that all is told may be proved a moment later."""
        answers = [self.feed(**question)]

        def whole():
            if not answers[-1]["complete"]:
                answers.append(self.feed(since=answers[-1]["since"]))
            return answers[-1]["complete"]
        self.eventually(whole, lambda: f"whole after {len(answers)} answers")
        return answers

    def test_activity_and_going_on_behind_it(self):
        homes = [f"device/feed-{n}" for n in range(3)]
        senders = []
        for who in homes:
            credentials = self.credentials(who)
            sender = mqtt.Client(self.mqtt_port)
            self.addCleanup(sender.close)
            sender.connect(client_id=unique("client"), **credentials)
            senders.append(sender)

        def activities(collection):
            return [one for one in collection["features"] if one["properties"]["item"] == "activity"]
        before = self.rest()[-1]
        for sender in senders:
            self.assertEqual(sender.publish("nb/v1/motion", motion()).reason, 0)
        answers, seen = [before], []

        def come():
            answers.extend(self.rest(since=answers[-1]["since"]))
            seen[:] = [one for answer in answers[1:] for one in activities(self.sound(answer))]
            return len(seen) >= 3
        self.eventually(come, lambda: f"{len(seen)} activities")
        for one in seen:
            self.assertEqual(one["properties"]["cell"], LEAF)
            self.assertEqual(one["properties"]["kind"], "PERSON")
            self.assertEqual(int(one["properties"]["at"]) % 60000, 0)
            self.assertEqual(one["geometry"]["type"], "Polygon")
        self.assertEqual(activities(self.feed(since=answers[-1]["since"])), [])
        self.assertEqual(activities(self.feed(since=now_ms() + 60000)), [])
        self.assertGreaterEqual(len(activities(self.feed(since=now_ms() - 600000))), 3)
        self.assertGreaterEqual(len(activities(self.feed())), 3)
        far = self.feed(near={"cell": "9qh1c5", "metres": 400})
        self.assertEqual(activities(far), [])
        query = ",".join(before["since"])
        self.assertGreaterEqual(len(activities(self.get(f"/v1/feed?cells={LEAF}&since={query}").json)), 3)

    def test_only_what_is_for_the_public(self):
        hidden = [self.taken(cap(status=status))["public_id"] for status in ("Exercise", "Test", "Draft", "System")]
        hidden.append(self.taken(cap(scope="<scope>Restricted</scope><restriction>crews</restriction>"))["public_id"])
        hidden.append(self.taken(cap(scope="<scope>Private</scope><addresses>a@example.org</addresses>"))["public_id"])
        shown = self.taken(cap())["public_id"]
        self.in_feed(shown)
        seen = {one.get("id") for one in self.feed()["features"]}
        self.assertFalse(seen & set(hidden))
        listed = self.get("/v1/cap.atom").body.decode()
        for public_id in hidden:
            self.assertNotIn(public_id, listed)
            self.refused(self.get(f"/v1/cap/{public_id}"), 404)
            self.refused(self.get(f"/v1/cap/{public_id}/original"), 404)

    def test_questions_that_break_a_rule(self):
        for body in (b"", b"[]", b"{", b"{}", b'{"near":{}}', b'{"near":{"cell":"9qh1f5"}}', b'{"near":{"cell":"9qh1f5","metres":1601}}',
                     b'{"near":{"cell":"9qh1f","metres":1600}}', b'{"near":{"cell":"aaaaaa","metres":1600}}', b'{"cells":["9q"]}',
                     b'{"cells":["9qh1f5aa"]}', b'{"cells":["9qh1f5/#"]}', b'{"cells":["+"]}', b'{"cells":[5]}', b'{"cells":"9qh1f"}',
                     b'{"cells":["9qh1f"],"near":{"cell":"9qh1f5","metres":1600}}', b'{"cells":["9qh1f"],"since":-1}',
                     b'{"cells":["9qh1f"],"since":["9qh1f:xx"]}', b'{"cells":["9qh1f"],"since":{}}', b'{"cells":["9qh1f"],"more":1}',
                     b'{"cells":["9qh1f"],"cells":["9qh1c"]}', b'{"cells":["9qh1f\\u0000"]}',
                     json.dumps({"cells": [f"9qh1f{c}" for c in "0123456789bcdefghjkmnpqrstuvwxyz"] * 3}).encode()):
            self.refused(self.ask("POST", "/v1/feed", body), 400)
        for query in ("", "?cells", "?cells=", "?cells=,", "?cells=9q", "?cells=9qh1f/%23", "?cells=9qh1f&since=x", "?since=1",
                      "?cells=" + ",".join(["9qh1f5"] * 65)):
            self.refused(self.get(f"/v1/feed{query}"), 400)
        self.refused(self.ask("POST", "/v1/feed", b"{}", {"Content-Type": "text/plain"}), 415)
        area = self.ask("POST", "/v1/feed", json.dumps({"cells": [f"9qh{c}" for c in "0123456789bcdefghjkm"]}))
        self.refused(area, 400, "cells")

    def test_it_may_be_kept_for_a_while(self):
        first = self.get(f"/v1/feed?cells={LEAF}")
        self.assertIn("max-age", first.headers["cache-control"])
        self.assertIn("vary", first.headers)
        self.assertTrue(first.headers["etag"].startswith('W/"'))
        self.assertEqual(first.headers["content-type"], "application/geo+json")
        again = self.get(f"/v1/feed?cells={LEAF}", If_None_Match=first.headers["etag"])
        if again.headers["etag"] == first.headers["etag"]:  # else something happened meanwhile
            self.assertEqual((again.status, again.body), (304, b""))
        quiet = []

        def unchanged():  # each minute it is another hour that is asked for
            quiet.append(self.get("/v1/feed?cells=u33db1").headers["etag"])
            return self.get("/v1/feed?cells=u33db1", If_None_Match=quiet[-1]).status == 304
        self.eventually(unchanged)
        self.assertLessEqual(len(quiet), 2)
        self.assertEqual(self.get(f"/v1/feed?cells={LEAF}", If_None_Match='"other"').status, 200)
        self.assertEqual(self.ask("POST", "/v1/feed", b'{"cells":["9qh1f5"]}').headers["cache-control"], "no-store")


if __name__ == "__main__":
    unittest.main()
