"""What a follower wishes, said at the command line: by watch for itself, by settings for a session that is not connected."""
import json
import unittest

from case import unique
from test_cli import AT, CommandCase


class Wishes(CommandCase):
    def headlines_until(self, process, last):
        """What is shown of this test's alerts up to and with `last`."""
        seen = []
        for line in process.stdout:
            headline = json.loads(line).get("alert", {}).get("headline", "")
            if headline.startswith(self.mark):
                seen.append(headline)
            if headline == last:
                return seen
        self.fail(process.stderr.read())

    def setUp(self):
        super().setUp()
        self.mark = unique("wishes")

    def publish(self, name, severity):
        self.publish_alert(f"{self.mark} {name}", "--severity", severity, who="agency/fire-7")

    def publish_three(self):
        for name, severity in (("a", "minor"), ("b", "severe"), ("c", "severe")):
            self.publish(name, severity)
        return [f"{self.mark} b", f"{self.mark} c"]

    def test_watch_says_what_it_wishes(self):
        feed = self.watch("--at", AT, "--json", "--least", "hazard=severe,moderate")
        wanted = self.publish_three()
        self.assertEqual(self.headlines_until(feed, wanted[-1]), wanted)

    def test_settings_are_those_of_the_session_that_is_named(self):
        client = unique("phone")
        told = self.done("settings", "--as", "user/fred", "--client", client, "--least", "severe")[0]
        self.assertEqual((told["ok"], told["id"]), (True, client))
        feed, other = self.watch("--at", AT, "--json", "--client", client), self.watch("--at", AT, "--json")
        wanted = self.publish_three()
        self.assertEqual(self.headlines_until(feed, wanted[-1]), wanted)
        self.assertEqual(self.headlines_until(other, wanted[-1]), [f"{self.mark} a", *wanted])

    def test_what_the_broker_refuses_is_named(self):
        code, objects, _ = self.run_command("settings", "--as", "user/fred", "--client", unique("phone"), "--digest", "2m")
        self.assertEqual((code, objects[0]["ok"]), (1, False))
        self.assertIn("digest_minutes", objects[0]["text"])

    def test_a_named_session_goes_on(self):
        client = unique("phone")
        feed = self.watch("--at", AT, "--json", "--client", client)
        self.publish("a", "minor")
        self.headlines_until(feed, f"{self.mark} a")
        self.end(feed)
        self.publish("b", "minor")
        again = self.watch("--at", AT, "--json", "--client", client)
        self.assertIn(f"{self.mark} b", self.headlines_until(again, f"{self.mark} b"))


if __name__ == "__main__":
    unittest.main()
