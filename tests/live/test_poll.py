"""neighbors poll between a web server that offers feeds and one that takes alerts: what is posted, how often, and what is
asked of whom and when."""
import http.server
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy"))
from stack import BUILD, ENVIRONMENT, die_with_parent  # noqa: E402

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
PATIENCE = 30


def document(identifier):
    """A small CAP document."""
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="{CAP}"><identifier>{identifier}</identifier>'
            "<sender>weather.example</sender><sent>2026-11-28T00:00:00-00:00</sent><status>Actual</status>"
            "<msgType>Alert</msgType><scope>Public</scope></alert>").encode()


def entry(identifier, link=None, updated="2026-11-28T00:00:00Z", content=""):
    link = f'<link type="application/cap+xml" href="{link}"/>' if link else ""
    return f"<entry><id>{identifier}</id><updated>{updated}</updated>{link}{content}</entry>"


def embedded(identifier):
    body = document(identifier).decode().split("\n", 1)[1]
    return entry(identifier, content=f'<content type="application/cap+xml">{body}</content>')


def atom(*entries):
    """Newest first, as feeds are."""
    return ('<feed xmlns="http://www.w3.org/2005/Atom">' + "".join(entries) + "</feed>").encode()


class Server:
    """A web server whose pages are functions: path -> f(request headers, body) -> (status, headers, body). Each exchange is
    noted as (time, path, headers, body, status)."""

    def __init__(self):
        self.pages, self.seen, self.lock = {}, [], threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                page = outer.pages.get(self.path, lambda *_: (404, {}, b""))
                status, headers, content = page(self.headers, body)
                with outer.lock:
                    outer.seen.append((time.monotonic(), self.path, dict(self.headers), body, status))
                    outer.lock.notify_all()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None  # who asked was killed
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def of(self, path):
        with self.lock:
            return [exchange for exchange in self.seen if exchange[1] == path]

    def wait(self, condition, what):
        """Until condition() holds after an exchange."""
        with self.lock:
            if not self.lock.wait_for(condition, PATIENCE):
                raise AssertionError(f"waited in vain for {what}: {[(e[1], e[4]) for e in self.seen]}")

    def wait_count(self, path, count):
        self.wait(lambda: sum(e[1] == path for e in self.seen) >= count, f"{count} times {path}")

    def serve(self, path, content, headers=None, status=200):
        self.pages[path] = lambda *_: (status, headers or {}, content)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class PollCase(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="neighbors-poll-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.feeds, self.broker = Server(), Server()
        self.addCleanup(self.feeds.close)
        self.addCleanup(self.broker.close)
        (self.folder / "token").write_text("the-token\n")
        self.broker.pages["/v1/alerts"] = self.take
        self.known, self.taking = set(), threading.Lock()

    def take(self, _, body):
        """As the broker does: stored, or a repeat."""
        with self.taking:  # two may ask at once: one that was killed, and who came after it
            status = 200 if body in self.known else 201
            self.known.add(body)
        return status, {"Content-Type": "application/json"}, b'{"public_id":"0","revision":1}'

    def posted(self):
        """The identifiers of what was posted, in order."""
        return [e[3].split(b"<identifier>")[1].split(b"<")[0].decode() for e in self.broker.of("/v1/alerts")]

    def configure(self, *paths, feed="", **settings):
        """A configuration file for feeds of our server."""
        values = {"post": self.broker.url("/v1/alerts"), "token_file": str(self.folder / "token"),
                  "state": str(self.folder / "state.db"), "interval": 1, "backoff_first_ms": 50} | settings
        feeds = ", ".join(f'{{ url = "{self.feeds.url(path)}"; allow_http = true; allow_private = true; {feed} }}' for path in paths)
        path = self.folder / "poll.conf"
        path.write_text("".join(f"{name} = {json.dumps(value, ensure_ascii=False)};\n" for name, value in values.items())
                        + f"feeds = ( {feeds} );\n")
        return path

    def start(self, config):
        process = subprocess.Popen([str(BUILD / "neighbors"), "poll", "--config", str(config), "--json"], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT,
                                   preexec_fn=die_with_parent)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process, sign=signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(sign)
        if not process.stdout.closed:
            process.communicate(timeout=PATIENCE)
        return process.returncode

    def once(self, config, code=0):
        """One call that does what is due; gives back what it told."""
        done = subprocess.run([str(BUILD / "neighbors"), "poll", "--config", str(config), "--once", "--json"], text=True,
                              capture_output=True, timeout=60, env=ENVIRONMENT)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    @staticmethod
    def until(process, what):
        for line in process.stdout:
            told = json.loads(line)
            if told["what"] == what:
                return told
        raise AssertionError(f"it ended without {what}")


class Posting(PollCase):
    def test_each_document_is_posted_once_oldest_first(self):
        self.feeds.serve("/feed", atom(entry("c", "c.xml"), embedded("b"), entry("a", "/docs/a.xml")))
        self.feeds.serve("/docs/a.xml", document("a"))
        self.feeds.serve("/c.xml", document("c"))
        told = self.once(self.configure("/feed"))
        self.assertEqual(sorted(self.posted()), ["a", "b", "c"])
        self.assertEqual([self.posted().index(name) < self.posted().index("c") for name in "a"], [True])
        self.assertEqual(next(t for t in told if t["what"] == "read")["new"], 3)
        sent = {e[3] for e in self.broker.of("/v1/alerts")}
        self.assertIn(document("a"), sent, "a linked document goes as it came, byte by byte")
        headers = self.broker.of("/v1/alerts")[0][2]
        self.assertEqual((headers["Authorization"], headers["Content-Type"]), ("Bearer the-token", "application/cap+xml"))

    def test_the_same_entries_are_not_fetched_or_posted_again(self):
        self.feeds.serve("/feed", atom(entry("a", "a.xml"), embedded("b")))
        self.feeds.serve("/a.xml", document("a"))
        process = self.start(self.configure("/feed"))
        self.broker.wait_count("/v1/alerts", 2)
        self.feeds.wait_count("/feed", len(self.feeds.of("/feed")) + 2)
        self.assertEqual(self.end(process, signal.SIGTERM), 0)
        self.assertEqual(sorted(self.posted()), ["a", "b"])
        self.assertEqual(len(self.feeds.of("/a.xml")), 1)

    def test_an_entry_updated_is_fetched_anew_and_posted_only_when_it_differs(self):
        self.feeds.serve("/feed", atom(entry("a", "a.xml", "1"), entry("b", "b.xml", "1")))
        self.feeds.serve("/a.xml", document("a"))
        self.feeds.serve("/b.xml", document("b"))
        config = self.configure("/feed")
        process = self.start(config)
        self.broker.wait_count("/v1/alerts", 2)
        self.feeds.serve("/b.xml", document("b2"))
        self.feeds.serve("/feed", atom(entry("a", "a.xml", "2"), entry("b", "b.xml", "2")))
        self.broker.wait_count("/v1/alerts", 3)
        self.feeds.wait_count("/a.xml", 2)
        count = len(self.feeds.of("/feed"))
        self.feeds.wait_count("/feed", count + 2)
        self.end(process)
        self.assertEqual(sorted(self.posted()), ["a", "b", "b2"])

    def test_by_id_alone_an_update_is_no_new_entry(self):
        self.feeds.serve("/feed", atom(entry("a", "a.xml", "1")))
        self.feeds.serve("/a.xml", document("a"))
        process = self.start(self.configure("/feed", feed="by_id_alone = true;"))
        self.broker.wait_count("/v1/alerts", 1)
        self.feeds.serve("/feed", atom(entry("a", "a.xml", "2")))
        count = len(self.feeds.of("/feed"))
        self.feeds.wait_count("/feed", count + 2)
        self.end(process)
        self.assertEqual(len(self.feeds.of("/a.xml")), 1)

    def test_what_vanishes_from_the_feed_is_not_cancelled(self):
        self.feeds.serve("/feed", atom(embedded("a")))
        process = self.start(self.configure("/feed"))
        self.broker.wait_count("/v1/alerts", 1)
        self.feeds.serve("/feed", atom())
        count = len(self.feeds.of("/feed"))
        self.feeds.wait_count("/feed", count + 2)
        self.end(process)
        self.assertEqual(self.posted(), ["a"])

    def test_other_forms_of_feeds(self):
        self.feeds.serve("/cap", document("a"))
        self.feeds.serve("/alerts", f'<alerts xmlns="{CAP}">'.encode() + b"".join(
            document(name).split(b"\n", 1)[1] for name in ("b", "c")) + b"</alerts>")
        self.feeds.serve("/rss", f'<rss version="2.0"><channel><item><guid>d</guid><link>{self.feeds.url("/d.xml")}</link></item>'
                                 "</channel></rss>".encode())
        self.feeds.serve("/d.xml", document("d"))
        self.once(self.configure("/cap", "/alerts", "/rss"))
        self.assertEqual(sorted(self.posted()), ["a", "b", "c", "d"])
        self.assertIn(document("a"), self.known, "a document that is the feed goes as it came")

    def test_entries_without_a_document_are_counted(self):
        fields = "<cap:event xmlns:cap='" + CAP + "'>Flood</cap:event>"
        self.feeds.serve("/feed", atom(entry("a", content=fields), entry("b", "page.xml"), embedded("c")))
        self.feeds.serve("/page.xml", b"<html/>")
        told = self.once(self.configure("/feed"))
        read = next(t for t in told if t["what"] == "read")
        self.assertEqual((read["entries"], read["new"], read["left_out"]), (3, 2, 1))
        self.assertEqual([t["entry"] for t in told if t["what"] == "no_document"], ["b"])
        self.assertEqual(self.posted(), ["c"])


class Restarts(PollCase):
    def test_nothing_is_posted_again_after_kills(self):
        names = [f"alert-{number}" for number in range(40)]
        self.feeds.serve("/feed", atom(*(entry(name, f"{name}.xml") for name in reversed(names))))
        for name in names:
            self.feeds.serve(f"/{name}.xml", document(name))
        config, killed = self.configure("/feed"), 0
        while len(self.known) < len(names):
            dead, before = threading.Event(), len(self.posted())
            self.broker.pages["/v1/alerts"] = lambda headers, body: self.some(headers, body, before + 9, dead)
            process = self.start(config)
            self.broker.wait(lambda: len(self.known) >= len(names) or len(self.broker.seen) > before + 4, "some more posts")
            self.end(process)
            dead.set()
            killed += 1
        self.broker.pages["/v1/alerts"] = self.take
        self.once(config)
        self.assertGreater(killed, 2)
        self.assertEqual({name for name in self.posted()}, set(names))
        statuses = [e[4] for e in self.broker.of("/v1/alerts")]
        self.assertEqual(statuses.count(201), len(names))
        self.assertLessEqual(statuses.count(200), killed, "only the one in flight at each kill may come again")

    def some(self, headers, body, most, dead):
        """Takes it; but so many at most before whoever posts is dead, however slow who kills is."""
        if len(self.posted()) >= most:
            dead.wait(PATIENCE)
        return self.take(headers, body)

    def test_validators_are_kept(self):
        def page(headers, _):
            if headers.get("If-None-Match") == '"v1"' and headers.get("If-Modified-Since") == "Sat, 28 Nov 2026 00:00:00 GMT":
                return 304, {}, b""
            return 200, {"ETag": '"v1"', "Last-Modified": "Sat, 28 Nov 2026 00:00:00 GMT"}, atom(embedded("a"))

        self.feeds.pages["/feed"] = page
        process = self.start(self.configure("/feed"))
        self.feeds.wait_count("/feed", 2)
        self.end(process)
        process = self.start(self.configure("/feed"))
        self.feeds.wait_count("/feed", 3)
        self.end(process)
        self.assertEqual([e[4] for e in self.feeds.of("/feed")][:3], [200, 304, 304])
        self.assertEqual(self.posted(), ["a"])

    def test_what_is_held_is_posted_after_a_restart_although_the_feed_is_unchanged(self):
        self.feeds.pages["/feed"] = lambda headers, _: (304, {}, b"") if headers.get("If-None-Match") else (
            200, {"ETag": '"v1"'}, atom(entry("a", "a.xml")))
        self.feeds.serve("/a.xml", document("a"))
        self.broker.serve("/v1/alerts", b"", status=503)
        process = self.start(self.configure("/feed"))
        self.until(process, "post_failed")
        self.end(process)
        self.broker.pages["/v1/alerts"] = self.take
        process = self.start(self.configure("/feed"))
        self.until(process, "posted")
        self.end(process)
        self.assertEqual(len(self.feeds.of("/a.xml")), 1)


class Failures(PollCase):
    def test_a_failing_feed_is_asked_less_and_less(self):
        self.feeds.serve("/feed", b"", status=500)
        process = self.start(self.configure("/feed", backoff_first_ms=100))
        waits = [self.until(process, "feed_failed")["again_in_ms"] for _ in range(5)]
        self.end(process)
        for number, wait in enumerate(waits):
            self.assertTrue(50 * 2 ** number <= wait <= 100 * 2 ** number, waits)
        times = [e[0] for e in self.feeds.of("/feed")]
        for wait, before, after in zip(waits, times, times[1:]):
            self.assertGreaterEqual((after - before) * 1000, wait - 10)

    def test_retry_after_is_honoured_and_kept(self):
        self.feeds.serve("/feed", b"", {"Retry-After": "3600"}, 503)
        config = self.configure("/feed")
        told = self.once(config, 3)
        self.assertEqual(told[0]["again_in_ms"], 3600000)
        self.assertEqual(self.once(config), [])
        self.assertEqual(len(self.feeds.of("/feed")), 1)

    def test_it_recovers(self):
        self.feeds.serve("/feed", b"<feed", status=200)
        process = self.start(self.configure("/feed"))
        self.assertIn("well-formed", self.until(process, "feed_failed")["text"])
        self.feeds.serve("/feed", atom(entry("a", "a.xml")))
        self.feeds.serve("/a.xml", b"", status=502)
        self.until(process, "fetch_failed")
        self.feeds.serve("/a.xml", document("a"))
        self.until(process, "posted")
        self.assertEqual(self.end(process, signal.SIGTERM), 0)
        self.assertEqual(self.posted(), ["a"])

    def test_a_refused_alert_is_told_with_its_rule_and_not_tried_again(self):
        refusal = {"code": 153, "field": "info[0].area[0]", "rule": "R38", "text": "the polygon is not closed"}
        self.broker.serve("/v1/alerts", json.dumps(refusal).encode(), status=422)
        self.feeds.serve("/feed", atom(embedded("a")))
        config = self.configure("/feed")
        refused = next(t for t in self.once(config, 1) if t["what"] == "refused")
        self.assertEqual(refused["text"], "info[0].area[0]: R38; the polygon is not closed")
        process = self.start(config)
        self.feeds.wait_count("/feed", 3)
        self.end(process)
        self.assertEqual(self.posted(), ["a"])

    def test_while_the_broker_is_away_everything_is_kept(self):
        answers = iter([(503, {"Retry-After": "1"}, b""), (500, {}, b""), (429, {}, b"")])
        self.broker.pages["/v1/alerts"] = lambda headers, body: next(answers, None) or self.take(headers, body)
        self.feeds.serve("/feed", atom(embedded("b"), embedded("a")))
        process = self.start(self.configure("/feed"))
        self.broker.wait(lambda: len(self.known) == 2, "both alerts")
        self.end(process)
        first, second = self.broker.of("/v1/alerts")[:2]
        self.assertGreaterEqual(second[0] - first[0], 0.95, "Retry-After: 1")

    def test_a_token_that_is_not_accepted_is_tried_again(self):
        self.broker.serve("/v1/alerts", b"{}", status=401)
        self.feeds.serve("/feed", atom(embedded("a")))
        process = self.start(self.configure("/feed"))
        self.assertIn("token", self.until(process, "post_failed")["text"])
        (self.folder / "token").write_text("another-token\n")
        self.broker.pages["/v1/alerts"] = self.take
        self.until(process, "posted")
        self.end(process)
        self.assertEqual(self.broker.of("/v1/alerts")[-1][2]["Authorization"], "Bearer another-token")

    def test_one_bad_entry_holds_up_no_other(self):
        self.feeds.serve("/feed", atom(entry("b", "b.xml"), entry("gone", "gone.xml"), entry("a", "a.xml")))
        self.feeds.serve("/a.xml", b"", status=500)
        self.feeds.serve("/b.xml", document("b"))
        told = self.once(self.configure("/feed", backoff_first_ms=60000), 3)
        self.assertEqual({t["what"] for t in told}, {"read", "fetch_failed", "no_document", "posted"})
        self.assertEqual(self.posted(), ["b"])


class Bounds(PollCase):
    def failure(self, config, what="feed_failed"):
        return next(t for t in self.once(config, 3) if t["what"] == what)["text"]

    def test_plain_http_and_private_addresses_have_to_be_allowed(self):
        self.feeds.serve("/feed", atom(embedded("a")))
        config = self.configure("/feed")
        config.write_text(config.read_text().replace("allow_http = true; ", ""))
        done = subprocess.run([str(BUILD / "neighbors"), "poll", "--config", str(config), "--once"], text=True,
                              capture_output=True, timeout=60, env=ENVIRONMENT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("allow_http", done.stderr)
        config = self.configure("/feed")
        config.write_text(config.read_text().replace("allow_private = true; ", ""))
        self.assertIn("private", self.failure(config))
        self.assertEqual(self.feeds.seen, [])

    def test_too_large_and_too_slow(self):
        self.feeds.serve("/large", atom(*[embedded(f"a{n}") for n in range(20)]))
        self.assertIn("larger", self.failure(self.configure("/large", feed_most_kb=1, backoff_first_ms=60000)))
        release = threading.Event()
        self.addCleanup(release.set)
        self.feeds.pages["/slow"] = lambda *_: (release.wait(PATIENCE), (200, {}, atom()))[1]
        self.assertIn("imeout", self.failure(self.configure("/slow", timeout=1, backoff_first_ms=60000)))

    def test_redirects_are_followed_so_far(self):
        for number in range(5):
            self.feeds.serve(f"/{number}", b"", {"Location": f"/{number + 1}"}, 302)
        self.feeds.serve("/5", atom(embedded("a")))
        self.once(self.configure("/2", redirects=3))
        self.assertEqual(self.posted(), ["a"])
        self.assertIn("redirect", self.failure(self.configure("/0", redirects=3, backoff_first_ms=60000)))

    def test_queries_are_not_told(self):
        self.feeds.serve("/feed?key=secret", b"", status=500)
        told = self.once(self.configure("/feed?key=secret", backoff_first_ms=60000), 3)
        self.assertNotIn("secret", json.dumps(told))
        self.assertEqual(len(self.feeds.of("/feed?key=secret")), 1)

    def test_wrong_settings_are_named(self):
        for settings, complaint in (({"post": "http://broker.example/v1/alerts"}, "post"), ({"interval": 0}, "interval"),
                                    ({"bogus": 1}, "bogus"), ({"post": "http://127.0.0.1.example/"}, "post")):
            done = subprocess.run([str(BUILD / "neighbors"), "poll", "--config", str(self.configure("/feed", **settings)),
                                   "--once"], text=True, capture_output=True, timeout=60, env=ENVIRONMENT)
            self.assertEqual(done.returncode, 1, settings)
            self.assertIn(complaint, done.stderr)

    def test_the_sample_configuration_is_good(self):
        sample = (ROOT / "deploy/neighbors-poll.conf").read_text().replace(
            "https://api.weather.gov/alerts/active.atom?area=CA", "https://127.0.0.1:9/feed").replace(
            "/var/lib/neighbors-poll/state.db", str(self.folder / "state.db"))
        path = self.folder / "sample.conf"
        path.write_text(sample)
        self.assertIn("private", self.failure(path))


if __name__ == "__main__":
    unittest.main()
