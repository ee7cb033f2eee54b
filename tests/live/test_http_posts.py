"""HTTP: alerts posted by agencies and residents."""
import json
import os
import shutil
import signal
import subprocess
import unittest

from case import LEAF, alert, now_ms, unique
from http_case import SQUARE, HttpCase, cap, cap_time


class StoreAway(HttpCase):
    quiet = True
    broker_settings = {"http_answer_ms": 1500}

    def test_posts_wait_and_then_nothing_is_known(self):
        redis, body = self.home.stack.processes["redis"], cap()
        # The principal is known; a disk may take longer to sync than an answer is waited for here.
        self.eventually(lambda: self.post_alert(cap()).status == 201)
        os.kill(redis.pid, signal.SIGSTOP)
        try:
            answer = self.refused(self.post_alert(body), 503, "store")
            self.assertIn("nothing is known", answer.json["rule"])
            self.assertGreater(int(answer.headers["retry-after"]), 0)
            self.refused(self.get(f"/v1/feed?cells={LEAF}"), 503, "store")
            self.refused(self.get("/v1/cap.atom"), 503, "store")
        finally:
            os.kill(redis.pid, signal.SIGCONT)
        statuses = []

        def stored():
            statuses.append(self.post_alert(body).status)
            return statuses[-1] in (200, 201)
        self.eventually(stored, lambda: statuses)
        self.eventually(lambda: stored() and statuses[-1] == 200, lambda: statuses)


class Posted(HttpCase):
    """POST /v1/alerts: who may, what is read, what is answered."""

    def test_who_may_not(self):
        for header in (None, "", "Bearer", "Bearer ", "Bearer x.y.z", "Basic dXNlcjpwYXNz", f"bearer{self.token('agency/fire')}",
                       f"Bearer {self.token('agency/fire')[:-2]}", f"Token {self.token('agency/fire')}"):
            answer = self.ask("POST", "/v1/alerts", cap(), {"Authorization": header} if header is not None else {})
            self.refused(answer, 401, "authorization")
            self.assertTrue(answer.headers["www-authenticate"].startswith("Bearer"))
        for who in ("device/cam", "edge/box"):
            self.refused(self.post_alert(cap(), who), 403)
        self.refused(self.post_alert(cap(), "user/ann"), 403)
        answer = self.ask("POST", "/v1/alerts", cap(), {"Authorization": f"bEaReR   {self.token('agency/fire')}"})
        self.assertEqual(answer.status, 201, answer)

    def test_who_may_no_more(self):
        who = f"agency/{unique('gone')}"
        self.taken(cap(), who)
        self.home.stack.neighbors("revoke", who)
        self.eventually(lambda: self.post_alert(cap(), who).status == 401)

    def test_types(self):
        plain = alert(expires=str(now_ms() + 600000))
        for kind in ("application/cap+xml", "text/xml", "application/xml", "Application/CAP+XML; charset=utf-8",
                     "application/x-www-form-urlencoded", None):
            self.taken(cap(), kind=kind)
        for kind in ("application/json", "application/json; charset=utf-8", "application/x-www-form-urlencoded", None):
            self.taken(alert(expires=str(now_ms() + 600000)), kind=kind)
        for kind in ("text/plain", "image/png", "application/xhtml+xml", "application/jsonx", "x"):
            self.refused(self.post_alert(plain, kind=kind), 415, "content-type")
        self.refused(self.post_alert(b"hello"), 422)
        self.refused(self.post_alert(b""), 422)
        self.refused(self.post_alert(cap(), kind="application/json"), 422)
        self.refused(self.post_alert(plain, kind="text/xml"), 422)

    def test_repeats_and_conflicts(self):
        body = alert(expires=str(now_ms() + 600000))
        first = self.taken(body, kind="application/json")
        self.assertEqual(set(first), {"public_id", "revision"})
        again = self.taken(body, kind="application/json", status=200)
        self.assertEqual((again["public_id"], again["repeat"]), (first["public_id"], True))
        other = json.dumps(json.loads(body) | {"headline": "Another"})
        self.refused(self.post_alert(other, kind="application/json"), 409, "sender_alert_id")
        document = cap()
        self.assertEqual(self.taken(document)["public_id"], self.taken(document, status=200)["public_id"])

    def test_what_nobody_will_see_is_taken_and_says_so(self):
        staff = cap(scope="<scope>Restricted</scope><restriction>staff</restriction>")
        self.assertRegex(self.taken(staff)["not_shown"], "^R24: ")
        over = cap(sent=cap_time(-7200), lives=-3600)
        self.assertRegex(self.taken(over)["not_shown"], "^R32: ")
        name, sent = unique("cap"), cap_time()
        self.assertNotIn("not_shown", self.taken(cap(name, sent=sent)))
        for named, told in ((name + "-mistyped", True), (name, False)):
            cancel = cap(kind="Cancel", head=f"<references>fire@example.org,{named},{sent}</references>")
            self.assertEqual("not_shown" in self.taken(cancel), told, named)

    def test_rules(self):
        for change in ({"category": None}, {"headline": ""}, {"place": None}, {"nonsense": 1}):
            answer = self.post_alert(alert(**({"expires": str(now_ms() + 600000)} | change)), kind="application/json")
            self.refused(answer, 422)
        answer = self.refused(self.post_alert(cap(area="<polygon>34,-118 35,-118 35,-117</polygon>")), 422)
        self.assertRegex(answer.json["rule"], "^R38")

    def test_a_text_cannot_end_the_answer_early(self):
        quote = '"}\\n{"code":200,"'
        answer = self.post_alert(json.dumps({"senderAlertId": "x", quote: 1}), kind="application/json")
        self.refused(answer, 422)

    def test_preview_stores_nothing(self):
        document = cap(headline=unique("preview"))
        for query in ("?preview", "?preview=1", "?a=b&preview=true"):
            answer = self.post_alert(document, path=f"/v1/alerts{query}")
            self.assertEqual(answer.status, 200, answer)
            seen = answer.json
            self.assertEqual(set(seen), {"cells", "area_km2", "followers", "approval", "refused"})
            self.assertIn("9qh1f", seen["cells"])
            self.assertAlmostEqual(seen["area_km2"], 2.05, delta=0.1)
            self.assertIs(seen["approval"], False)
        self.assertEqual(self.taken(document)["revision"], 1)  # no repeat

    def test_a_preview_of_many_small_places_holds_nobody_up(self):
        """Near the pole, where leaf cells are narrow and channels many: a million cells lie at an edge."""
        circles = "".join(f"<circle>{88 + i * 83 % 500 / 250:.3f},{i * 0.72 - 180:.2f} 1</circle>" for i in range(500))
        answer = self.post_alert(cap(area=circles), path="/v1/alerts?preview")
        self.assertEqual(answer.status, 200, answer)
        self.assertGreater(answer.json["area_km2"], 1000)

    def test_what_waits_for_a_second_officer(self):
        answer = self.post_alert(cap(severity="Extreme"), path="/v1/alerts?preview")
        self.assertIs(answer.json["approval"], True)
        held = self.taken(cap(severity="Extreme"))
        self.assertIs(held["pending"], True)
        self.refused(self.get(f"/v1/cap/{held['public_id']}"), 404)
        self.refused(self.get(f"/v1/cap/{held['public_id']}/original"), 404)

    def test_parts_that_cannot_be_placed(self):
        area = f"<polygon>{SQUARE}</polygon></area><area><areaDesc>Nowhere</areaDesc>" \
               "<geocode><valueName>SAME</valueName><value>099999</value></geocode>"
        said = self.taken(cap(area=area))
        self.assertEqual(len(said["refused"]), 1)
        self.assertIn("area", said["refused"][0]["field"])
        self.assertIn("099999", said["refused"][0]["rule"])

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_as_readme_says(self):
        path = self.home.folder / "alert.xml"
        for more in ("", "x" * 3000):  # from 1024 bytes on curl asks whether it may go on, and waits for an answer
            path.write_bytes(cap(more=more))
            done = subprocess.run(["curl", "-sv", "--expect100-timeout", "30", "-d", f"@{path}", "-H", f"Authorization: Bearer {self.token('agency/fire')}",
                                   f"http://127.0.0.1:{self.http_port}/v1/alerts"], capture_output=True, text=True, timeout=60)
            self.assertIn("public_id", done.stdout, done.stderr)
            self.assertNotIn("Done waiting for 100-continue", done.stderr)


class Limited(HttpCase):
    broker_settings = {"agency_alerts_hour": 3}

    def test_over_a_limit(self):
        who = f"agency/{unique('busy')}"
        for _ in range(3):
            self.taken(cap(), who)
        answer = self.refused(self.post_alert(cap(), who), 429)
        self.assertTrue(0 < int(answer.headers["retry-after"]) <= 3600)


class Rationed(HttpCase):
    """An identity posts as much in a second as it may send by MQTT."""

    quiet = True  # it would be slowed too
    broker_settings = {"bytes_second": 100}

    def test_who_posts_above_its_rate_waits(self):
        before, long = self.counters(), alert(description="x" * 4000, instruction="x" * 2000, expires=str(now_ms() + 600000))
        self.taken(long, "user/dora")  # what it may send in a minute
        answer = self.refused(self.post_alert(long, "user/dora"), 429, "bytes_second")
        self.assertTrue(1 < int(answer.headers["retry-after"]) <= 64, answer.headers)
        self.assertEqual(answer.headers["connection"], "close")
        self.taken(long, "user/emil")  # others do not wait for it
        self.counted(before, http_rationed=1)


if __name__ == "__main__":
    unittest.main()
