"""The verdict of the kill rounds finds what it must find: each fault made by hand, and what is no fault."""
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent / "kill"))
import verdict  # noqa: E402
from author import Step, Story  # noqa: E402
from follower import Connection, Seen  # noqa: E402

NOW = 1000.0


def sender(confirmed, sent=None):
    return SimpleNamespace(name="device/one", confirmed=set(confirmed), sent=set(sent or confirmed))


def story(*steps):
    """Steps as (kind, here, lives), all sent one second apart from 10 on, made at wall clock 900."""
    return Story("s", [Step(f"s-{i + 1}", kind, here, lives, 900 + lives, b"", 10 + i, 10.5 + i)
                       for i, (kind, here, lives) in enumerate(steps)])


def shown(*states):
    """States as (connection, revision, ended) or with a headline of its own."""
    return [Seen(20 + i, connection, "id", revision, ended, headline[0] if headline else f"s-{revision}")
            for i, (connection, revision, ended, *headline) in enumerate(states)]


class Events(unittest.TestCase):
    def compare(self, one, logged, **options):
        return verdict.compare_events(one, logged, **({"once": True} | options))

    def test_all_is_well(self):
        self.assertEqual(self.compare(sender("ab", "abc"), ["a", "b", "c"]), [])

    def test_missing(self):
        self.assertIn("missing", self.compare(sender("ab"), ["a"])[0])

    def test_doubled(self):
        self.assertIn("twice", self.compare(sender("ab"), ["a", "b", "b"])[0])
        self.assertEqual(self.compare(sender("ab"), ["a", "b", "b"], once=False), [])

    def test_never_sent(self):
        self.assertIn("never sent", self.compare(sender("a"), ["a", "x"])[0])


class Alerts(unittest.TestCase):
    def compare(self, told, states, life="returning", connections=()):
        follower = SimpleNamespace(name="user/one", life=life, faults=[], connections=list(connections), seen=shown(*states))
        return verdict.compare_alerts(follower, [told], follower.seen, NOW, grace=10)

    def test_all_is_well(self):
        told = story(("ALERT", True, 3600), ("UPDATE", True, 3600), ("CANCEL", False, 3600))
        self.assertEqual(self.compare(told, [(1, 1, False), (1, 2, False), (1, 3, True, "")]), [])
        self.assertEqual(self.compare(told, []), [], "who never saw it need not see its end")

    def test_latest_alone_is_enough_for_who_was_away(self):
        self.assertEqual(self.compare(story(("ALERT", True, 3600), ("UPDATE", True, 3600)), [(1, 2, False)]), [])

    def test_latest_is_missing(self):
        told = story(("ALERT", True, 3600), ("UPDATE", True, 3600))
        self.assertEqual(len(self.compare(told, [(1, 1, False)])), 1)
        self.assertEqual(len(self.compare(told, [])), 1)

    def test_end_is_missing(self):
        for last in (("CANCEL", False, 3600), ("UPDATE", False, 3600), ("UPDATE", True, 5)):
            told = story(("ALERT", True, 3600), last)
            self.assertEqual(len(self.compare(told, [(1, 1, False)])), 1, last)
            self.assertEqual(self.compare(told, [(1, 1, False), (1, 2, True, "")]), [], last)

    def test_back_in_time(self):
        told = story(("ALERT", True, 3600), ("UPDATE", True, 3600))
        self.assertTrue(self.compare(told, [(1, 2, False), (1, 1, False)]))
        self.assertTrue(self.compare(told, [(1, 2, False), (2, 1, False), (2, 2, False)]), "an old state never seen before")
        self.assertEqual(self.compare(told, [(1, 1, False), (1, 2, False), (2, 1, False), (2, 2, False)]), [],
                         "what came before comes again on a new connection")

    def test_twice_on_a_connection(self):
        self.assertTrue(self.compare(story(("ALERT", True, 3600)), [(1, 1, False), (1, 1, False)]))
        self.assertEqual(self.compare(story(("ALERT", True, 3600)), [(1, 1, False), (2, 1, False)]), [])

    def test_connected_sees_every_state(self):
        told = story(("ALERT", True, 3600), ("UPDATE", True, 3600))
        stayed, came_late, left = Connection(1, 5), Connection(1, 10.2), Connection(1, 5, 11.5)
        self.assertEqual(len(self.compare(told, [(1, 2, False)], "connected", [stayed])), 1)
        self.assertEqual(self.compare(told, [(1, 2, False)], "connected", [came_late]), [])
        self.assertEqual(self.compare(told, [(1, 2, False)], "connected", [left]), [])

    def test_unconfirmed_last_step_decides_nothing(self):
        told = story(("ALERT", True, 3600), ("UPDATE", True, 3600))
        told.steps[-1].confirmed = 0
        self.assertEqual(self.compare(told, [(1, 1, False)]), [])
        self.assertEqual(self.compare(told, [(1, 2, False)]), [])

    def test_two_public_ids(self):
        follower = SimpleNamespace(name="user/one", life="slow", faults=[], connections=[], seen=shown((1, 1, False)))
        other = Seen(30, 1, "other", 1, False, "s-1")
        self.assertTrue(verdict.compare_alerts(follower, [story(("ALERT", True, 3600))], follower.seen + [other], NOW, 10))


if __name__ == "__main__":
    unittest.main()
