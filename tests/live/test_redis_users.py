"""A file of Redis' users that a version of before made, whose default user may do nothing: neighborsd says so at its start, and
`neighbors ca redis` mends it, nothing else."""
from case import Installation, LiveCase, StackError

OLD = "user default off\n"


class RedisUsers(LiveCase):
    def setUp(self):
        self.home = Installation()
        self.addCleanup(self.home.close)
        self.stack = self.home.stack
        self.users = self.stack.keys / "redis-users.acl"

    def starts(self):
        """The lines about that file of a neighborsd that is started now."""
        log = self.stack.logs / "neighborsd.log"
        self.stack.stop_one("neighborsd")
        before = log.stat().st_size
        self.stack.start_broker()
        return [line for line in log.read_bytes()[before:].decode().splitlines() if "redis_users_old" in line]

    def test_one_of_before_is_told_and_mended(self):
        good = self.users.read_text()
        self.assertEqual(self.starts(), [])
        default, rest = good.split("\n", 1)
        self.assertTrue(default.startswith(OLD.rstrip() + " "), default)
        theirs = "user replica on nopass +psync\n"  # what an operator wrote into it
        self.users.write_text(OLD + rest + theirs)
        self.users.chmod(0o640)

        told = self.starts()
        self.assertEqual(len(told), 1, told)
        self.assertIn(f'file="{self.users}"', told[0])

        password = (self.stack.keys / "redis.password").read_text()
        self.assertTrue(self.stack.neighbors("ca", "redis")[-1]["mended"])
        self.assertEqual(self.users.read_text(), good + theirs)
        self.assertEqual(self.users.stat().st_mode & 0o777, 0o640)
        self.assertFalse(self.users.with_name("redis-users.acl.new").exists())
        with self.assertRaises(StackError) as refused:
            self.stack.neighbors("ca", "redis")
        self.assertIn("never overwritten", str(refused.exception))
        self.assertEqual((self.stack.keys / "redis.password").read_text(), password)
        self.assertEqual(self.starts(), [])
