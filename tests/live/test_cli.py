"""The command line against a running broker: what a person at a terminal does and sees."""
import json
import signal
import subprocess
import time
import unittest

from case import AWAY, HERE, LiveCase, unique
from stack import ENVIRONMENT

AT = f"{HERE[0]},{HERE[1]}"


class CommandCase(LiveCase):
    def setUp(self):
        super().setUp()
        for who in ("user/ann", "user/fred", "agency/fire-7", "device/porch-1", "device/porch-2"):
            self.home.token(who, *self.options(who))

    def run_command(self, *words):
        """The code, the objects and the complaints of one call with --json."""
        done = subprocess.run(self.home.stack.command(*words, "--json"), capture_output=True, text=True, timeout=60,
                              env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def done(self, *words):
        code, objects, complaint = self.run_command(*words)
        self.assertEqual(code, 0, complaint)
        return objects

    def watch(self, *words, wait=True, stdout=subprocess.PIPE):
        """A `watch` that follows already."""
        process = subprocess.Popen(self.home.stack.command("watch", "--as", "user/fred", "--for", "180s", *words), text=True,
                                   stdout=stdout, stderr=subprocess.PIPE, env=ENVIRONMENT)
        self.addCleanup(self.end, process)
        if wait:
            self.complains(process, "Following")
        return process

    def complains(self, process, words):
        """The first line of its standard error that has the words; a busy machine may make it tell of more."""
        lines = []
        for line in process.stderr:
            lines.append(line)
            if words in line:
                return line
        return self.fail(f"no line has {words!r}: {lines}")

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def publish_alert(self, headline, *words, who="user/ann", where=AT):
        return self.done("publish", "alert", "--as", who, "--at", where, "--category", "hazard", "--headline", headline, *words)

    def until(self, process, headline):
        """The item with this headline out of a `watch --json`."""
        for line in process.stdout:
            item = json.loads(line)
            if item.get("alert", {}).get("headline") == headline:
                return item
        self.fail(f"the feed ended without {headline}: {process.stderr.read()}")


class Publishing(CommandCase):
    def test_an_alert_is_seen_corrected_and_ended(self):
        feed, headline, first = self.watch("--at", AT, "--json"), unique("Tree down"), unique("id")
        self.publish_alert(headline, "--id", first)
        item = self.until(feed, headline)
        self.assertEqual((item["alert"]["revision"], item["alert"]["state"], item["retained"]), (1, "IN_FORCE", False))
        self.assertNotIn("senderAlertId", item["alert"])
        second = unique("id")
        self.publish_alert(headline + ", cleared", "--id", second, "--update", first)
        corrected = self.until(feed, headline + ", cleared")
        self.assertEqual((corrected["alert"]["publicId"], corrected["alert"]["revision"]), (item["alert"]["publicId"], 2))
        self.done("publish", "alert", "--as", "user/ann", "--cancel", first)
        self.assertEqual(self.until(feed, headline + ", cleared")["alert"]["state"], "ENDED")

    def test_what_was_stored_is_told_in_words(self):
        name = unique("sink")
        for words, told in ((("--id", name, "--headline", "Sinkhole", "--category", "hazard", "--at", AT), f"alert {name}"),
                            (("--cancel", name), f"cancel of {name}")):
            done = subprocess.run(self.home.stack.command("publish", "alert", "--as", "user/ann", *words), text=True,
                                  stdout=subprocess.PIPE, env=ENVIRONMENT, check=True)
            self.assertRegex(done.stdout, rf"^{told} stored as [0-9a-f]{{24}}, revision [12]\n$")

    def test_an_agency_is_named(self):
        feed, headline = self.watch("--at", AT, "--json"), unique("Gas leak")
        self.publish_alert(headline, "--radius", "300", "--severity", "severe", who="agency/fire-7")
        alert = self.until(feed, headline)["alert"]
        self.assertEqual((alert["senderKind"], alert["senderName"]), ("AGENCY", "Agency fire-7"))

    def test_a_whole_alert_comes_from_a_file(self):
        headline, path = unique("From a file"), self.home.folder / "alert.json"
        path.write_text(json.dumps({
            "senderAlertId": unique("id"), "category": "fire", "headline": headline,
            "place": {"point": {"latE7": round(HERE[0] * 1e7), "lonE7": round(HERE[1] * 1e7)}}}))
        self.done("publish", "alert", "--as", "user/ann", "--file", str(path))
        feed = self.watch("--at", AT, "--json")
        self.assertTrue(self.until(feed, headline)["retained"])

    def test_a_refusal_names_field_and_rule(self):
        code, objects, complaint = self.run_command("publish", "alert", "--as", "user/ann", "--at", AT, "--category", "fire",
                                                    "--headline", "x", "--expires", "1000d")
        self.assertEqual(code, 1, complaint)
        self.assertEqual((objects[0]["ok"], objects[0]["reason"]), (False, 0x99))
        self.assertIn("expires", objects[0]["text"])

    def test_shared_motion_is_seen(self):
        feed, one = (self.watch("--at", AT, "--json", "--class", "activity", *words) for words in ((), ("--count", "1")))
        for number in (1, 2):
            self.done("publish", "motion", "--device", f"porch-{number}", "--kind", "person", "--confidence", "87")
        # Somebody else's of before may be shown first.
        self.assertTrue(any((activity.get("kind"), activity.get("confidence")) == ("PERSON", 87)
                            for activity in (json.loads(line).get("activity", {}) for line in feed.stdout)))
        self.assertEqual(len(one.stdout.readlines()), 1)
        self.assertEqual(one.wait(30), 0)


class Credentials(CommandCase):
    def test_a_device_speaks_for_no_other(self):
        code, objects, _ = self.run_command("publish", "motion", "--as", "device/porch-1", "--device", "porch-2")
        self.assertEqual((code, objects[0]["error"]), (2, "--device: device/porch-1 speaks for itself alone"))

    def test_strangers_are_refused(self):
        code, objects, _ = self.run_command("publish", "motion", "--as", "device/nobody", "--token-file",
                                            self.home.stack.token_file("user/ann"))
        self.assertEqual((code, objects[0]["ok"]), (1, False))

    def test_a_bad_authority_is_named(self):
        watch = ("watch", "--as", "user/ann", "--at", AT, "--tls-ca")
        for file, code, told in (("/nonexistent", 1, "/nonexistent cannot be read"), (__file__, 3, "--tls-ca")):
            ended, objects, _ = self.run_command(*watch, file)
            self.assertEqual(ended, code, objects)
            self.assertIn(told, objects[0]["error"])

    def test_the_revoked_are_put_out_and_may_come_back(self):
        who = unique("user/leaver")
        token = self.home.token(who)
        self.publish_alert(unique("Before"), who=who)
        self.done("revoke", who)
        code, _, complaint = self.run_command("publish", "alert", "--as", who, "--at", AT, "--category", "fire", "--headline", "x")
        self.assertEqual(code, 1, complaint)
        self.assertNotEqual(self.home.token(who, "--ttl", "1d"), token)
        self.publish_alert(unique("After"), who=who)
        self.home.stack.token_file(who).write_text(token)
        code, _, complaint = self.run_command("publish", "alert", "--as", who, "--at", AT, "--category", "fire", "--headline", "x")
        self.assertEqual(code, 1, complaint)


class Following(CommandCase):
    def test_only_the_leaf_cell_leaves(self):
        feed = self.watch("--at", AT, "--radius", "700", wait=False)
        self.assertIn("nb/v1/near/9qh1f5/800/#", self.complains(feed, "Following"))

    def test_the_feed_is_readable(self):
        headline = unique("Water main")
        feed = self.watch("--at", AT, "--category", "hazard")
        self.publish_alert(headline, "--severity", "severe", "--radius", "100", who="agency/fire-7",
                           where=f"{HERE[0] + 0.009},{HERE[1]}")
        line = next(line for line in feed.stdout if headline in line)
        self.assertRegex(line, r"^ *\d\d:\d\d +9\d\d m N +hazard, severe +Agency fire-7, confirmed +Water.* +until (\w{3} )?\d\d:\d\d$")

    def test_what_is_known_of_an_alert_and_its_day_are_never_cut(self):
        self.home.token("agency/sheriff", "--name", "Sheriff of the Valley, Northern Division", "--jurisdiction", "everywhere",
                        "--second-officer", "no")
        headline = unique("Road shut")
        feed = self.watch("--at", AT, "--category", "hazard")
        self.publish_alert(headline, "--expires", "30h", who="agency/sheriff")
        line = next(line for line in feed.stdout if headline in line)
        self.assertRegex(line, r" Sheriff of the Val…, confirmed  Road shut.* until \w{3} \d\d:\d\d$")

    def test_what_is_far_away_is_not_seen(self):
        near, far = unique("Near"), unique("Far")
        feed = self.watch("--at", AT, "--json")
        self.publish_alert(far, where=f"{AWAY[0]},{AWAY[1]}")
        self.publish_alert(near)
        for line in feed.stdout:
            headline = json.loads(line).get("alert", {}).get("headline")
            self.assertNotEqual(headline, far)
            if headline == near:
                break

    def test_it_goes_on_after_the_broker_was_away(self):
        feed, before, after = self.watch("--at", AT, "--json"), unique("Before"), unique("After")
        self.publish_alert(before)
        self.until(feed, before)
        self.home.stack.kill("neighborsd")
        self.complains(feed, "lost")
        self.home.stack.start_broker()
        self.publish_alert(after)
        seen = []
        for line in feed.stdout:
            seen.append(json.loads(line).get("alert", {}).get("headline"))
            if seen[-1] == after:
                break
        self.assertNotIn(before, seen)

    def test_it_ends_when_what_it_tells_goes_nowhere(self):
        with open("/dev/full", "w") as disk:
            left, full = self.watch("--at", AT), self.watch("--at", AT, "--json", stdout=disk)
        left.stdout.close()
        self.publish_alert(unique("Nobody reads it"))
        self.assertEqual(left.wait(60), -signal.SIGPIPE)
        self.assertNotIn("output", left.stderr.read())
        self.assertEqual(full.wait(60), 1)
        self.assertIn("neighbors: standard output cannot be written: No space left on device\n", full.stderr.read())

    def test_it_ends_when_told(self):
        feed = self.watch("--at", AT, "--json")
        feed.send_signal(signal.SIGINT)
        self.assertEqual(feed.wait(30), 0)


class Looking(CommandCase):
    def test_history_has_what_was(self):
        headlines = [unique("Past") for _ in range(3)]
        for headline in headlines:
            self.publish_alert(headline)
        for where in (("--at", AT), ("--cells", "9qh1f")):
            found, deadline = [], time.monotonic() + 30
            while headlines[-1] not in found and time.monotonic() < deadline:  # the last one is kept, and on its way to its channel
                items = self.done("history", "--as", "user/ann", *where, "--from", "-1h", "--limit", "2")
                found = [item["alert"].get("headline") for item in items if "alert" in item]  # what was taken away has none
            self.assertEqual([headline for headline in found if headline in headlines], headlines)

    def test_the_counters_are_read(self):
        self.publish_alert(unique("Counted"))
        page = self.done("stats", "--url", f"http://127.0.0.1:{self.home.stack.metrics_port}/metrics")[0]
        counted = sum(value for name, value in page.items() if name.startswith("neighbors_publishes_acknowledged_total"))
        self.assertGreater(counted, 0)


if __name__ == "__main__":
    unittest.main()
