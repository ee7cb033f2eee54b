"""neighbors poll between a public feed and a real broker: what the feed offers is seen by a follower, once, also when the poller
forgets what it knew; what the broker refuses is told with its rule."""
import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from case import unique
from stack import BUILD, ENVIRONMENT
from test_cli import AT, CommandCase
from test_cli_operator import SQUARE, feature
from test_cli_opinions import cap
from test_poll import Server, atom, entry


class Polling(CommandCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="neighbors-poll-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.feeds = Server()
        self.addCleanup(self.feeds.close)
        self.agency, self.documents = unique("weather"), {}

    def configure(self, *options):
        token = self.folder / "token"
        self.done("enroll", "agency", self.agency, "--name", "Weather", "--drill", "no", "--token-file", token, *options)
        path = self.folder / "poll.conf"
        path.write_text(f'post = "http://127.0.0.1:{self.home.stack.http_port}/v1/alerts"; token_file = "{token}";\n'
                        f'state = "{self.folder / "state.db"}"; interval = 1; backoff_first_ms = 50;\n'
                        f'feeds = ({{ url = "{self.feeds.url("/feed")}"; allow_http = true; allow_private = true; }});\n')
        return path

    def poll(self, config, code=0):
        done = subprocess.run([str(BUILD / "neighbors"), "poll", "--config", str(config), "--once", "--json"], text=True,
                              capture_output=True, timeout=60, env=ENVIRONMENT)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def offer(self, *headlines):
        for headline in headlines:
            self.documents.setdefault(headline, cap(headline, headline).encode())  # made once: it says when it was sent
            self.feeds.serve(f"/{headline}.xml", self.documents[headline])
        self.feeds.serve("/feed", atom(*(entry(headline, f"{headline}.xml") for headline in reversed(headlines))))

    def what(self, told):
        return [event["what"] for event in told if event["entry"]]

    def test_a_follower_sees_what_the_feed_offers_once(self):
        first, second = unique("first"), unique("second")
        config, feed = self.configure(), self.watch("--at", AT, "--json")
        self.offer(first, second)
        self.assertEqual(self.what(self.poll(config)), ["posted", "posted"])
        self.assertEqual(self.until(feed, first)["alert"]["senderName"], "Weather")
        self.until(feed, second)
        for path in self.folder.glob("state.db*"):
            path.unlink()
        self.assertEqual(self.what(self.poll(config)), ["repeated", "repeated"])
        third = unique("third")
        self.offer(first, second, third)
        for path in self.folder.glob("state.db*"):
            path.unlink()
        self.assertEqual(self.what(self.poll(config)), ["repeated", "repeated", "posted"])
        for line in feed.stdout:
            headline = json.loads(line).get("alert", {}).get("headline")
            self.assertNotIn(headline, (first, second))
            if headline == third:
                break

    def test_what_lies_outside_the_jurisdiction_is_refused_for_good(self):
        area = self.folder / "area.geojson"
        area.write_text(json.dumps(feature([SQUARE])))
        config, headline = self.configure("--jurisdiction", area), unique("outside")
        self.offer(headline)
        refused = next(event for event in self.poll(config, 1) if event["what"] == "refused")
        self.assertEqual(refused["status"], 403)
        self.assertIn("jurisdiction", refused["text"])
        self.assertEqual(self.what(self.poll(config)), [])

    def test_a_void_token_is_no_refusal(self):
        config, headline = self.configure(), unique("late")
        self.done("revoke", f"agency/{self.agency}")
        self.offer(headline)
        self.assertEqual(self.what(self.poll(config, 3))[0], "post_failed")
        self.configure()
        process = subprocess.Popen([str(BUILD / "neighbors"), "poll", "--config", str(config), "--json"], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertTrue(any(json.loads(line)["what"] == "posted" for line in process.stdout))


if __name__ == "__main__":
    unittest.main()
