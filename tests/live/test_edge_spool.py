"""What waits at home, against a real neighborsd: a long outage, a full disk, a spool that is lost, damaged or brought back
from a backup; and what `neighbors-edge status` says of it. EDGE_OUTAGE_EVENTS=100000 makes the outage longer."""
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest
from collections import defaultdict
from pathlib import Path

from home import HomeCase, Neighborhood, PATIENCE, review, wait_until

CAMERAS = [f"cam-{i}" for i in range(1, 6)]
OUTAGE_EVENTS = int(os.environ.get("EDGE_OUTAGE_EVENTS", "5000"))
DAY_MS = 24 * 3600 * 1000
MEMORY_KIB = 16 * 1024


class EdgeSpool(HomeCase):
    home_autosave = False

    @classmethod
    def setUpClass(cls):
        cls.town_folder = Path(tempfile.mkdtemp(prefix="neighbors-town-"))
        cls.addClassCleanup(shutil.rmtree, cls.town_folder, True)
        cls.town = Neighborhood(cls.town_folder, CAMERAS)
        cls.addClassCleanup(cls.town.stack.stop)

    def setUp(self):
        super().setUp()
        # An edge of its own for each test: the broker remembers the numbers of each.
        self.name = self._testMethodName.replace("test_", "").replace("_", "-")[:40]
        self.prefix = self.name.split("-")[0] + str(os.getpid())
        self.token = self.town.enroll_edge(self.name)
        self.configure_edge()
        if "neighborsd" not in self.town.stack.processes:
            self.town.stack.start_broker()

    def configure_edge(self, **more):
        self.configure(self.town.stack.mqtt_port, self.token, name=self.name,
                       cameras=[(camera, camera) for camera in CAMERAS[1:]], **more)

    def source(self, camera):
        return "front_door" if camera == "cam-1" else camera

    def publish_visits(self, first, count):
        """`count` visits of every camera, numbered from `first`, as fast as they go. All of them reach the home's broker."""
        if not hasattr(self, "publisher"):
            self.publisher = self.client(self.home.port)
            self.publisher.max_inflight_messages_set(500)
        told = []
        for number in range(first, first + count):
            for camera in CAMERAS:
                name = f"{self.prefix}-{camera}-{number}."
                told.append(self.publisher.publish("frigate/reviews", review("new", self.source(camera), name), qos=1))
                told.append(self.publisher.publish("frigate/reviews", review("end", self.source(camera), name, end=time.time()), qos=1))
        for one in told:
            one.wait_for_publish(PATIENCE)
            self.assertTrue(one.is_published())

    def waiting(self):
        return self.status()[1]["spool"]["waiting"]

    def stored_by_camera(self):
        """{camera: the numbers of its visits, one an event, in the order in which they were stored}"""
        found = defaultdict(list)
        for name in self.town.visits(self.prefix):
            _, camera, number = name.split("-", 1)[0], name.split("-", 1)[1].rsplit("-", 1)[0], name.rsplit("-", 1)[1]
            found[camera].append(int(number))
        return found

    def check_stored(self, numbers):
        """Of each camera exactly these visits, start and end, in order, once."""
        wanted = [number for number in numbers for _ in range(2)]
        wait_until(lambda: sum(map(len, self.stored_by_camera().values())) >= len(wanted) * len(CAMERAS),
                   lambda: f"all is stored: {self.status()}; {self.log()}")
        wait_until(lambda: self.waiting() == 0, lambda: f"nothing waits: {self.status()}; {self.log()}")
        for camera in CAMERAS:
            self.assertEqual(self.stored_by_camera()[camera], wanted, camera)

    # ---- a long outage ----

    def spread_over_a_day(self):
        """As if what waits had come in the course of a day."""
        with sqlite3.connect(self.spool) as spool:
            first, last = spool.execute("SELECT min(seq), max(seq) FROM event").fetchone()
            spool.execute("UPDATE event SET at = at - :day * (:last - seq) / :all, written = written - :day * (:last - seq) / :all,"
                          " until = CASE WHEN until THEN until - :day * (:last - seq) / :all ELSE 0 END",
                          {"day": DAY_MS - 60000, "last": last, "all": last - first + 1})
        spool.close()

    def test_outage_of_a_day_is_made_good_in_order_and_once(self):
        visits = OUTAGE_EVENTS // len(CAMERAS) // 2
        self.town.stack.kill("neighborsd")
        self.start_edge()
        self.wait_log("home: subscribed")
        peaks = []
        for part in range(5):
            self.publish_visits(part * visits // 5, (part + 1) * visits // 5 - part * visits // 5)
            if part in (1, 3):
                peaks.append(self.peak_kib())
                self.kill_edge()
                self.start_edge()
                self.wait_log("home: subscribed", (part + 3) // 2)
        wait_until(lambda: self.waiting() == visits * 2 * len(CAMERAS), lambda: f"all waits: {self.status()}; {self.log()}")
        code, told = self.status()
        self.assertEqual((code, told["healthy"], told["broker"]["connected"], told["spool"]["dropped"]), (1, False, False, 0))
        peaks.append(self.peak_kib())
        self.kill_edge()
        self.spread_over_a_day()
        self.start_edge()
        self.assertGreater(self.status()[1]["spool"]["oldest_age_s"], 23 * 3600)
        self.town.stack.start_broker()
        wait_until(lambda: "broker: connected" in self.log(), lambda: self.log())
        began = time.monotonic()
        end = began + 60 + OUTAGE_EVENTS / 200
        while self.waiting() and time.monotonic() < end:
            time.sleep(0.05)
        print(f"      {OUTAGE_EVENTS} events were made good in {time.monotonic() - began:.1f} s")
        peaks.append(self.peak_kib())
        self.check_stored(range(visits))
        self.assertEqual((self.status()[1]["spool"]["refused"], self.status()[1]["spool"]["dropped"]), (0, 0))
        self.assertLess(max(peaks), MEMORY_KIB)

    # ---- a disk that is full ----

    def small_disk(self):
        """A folder, and what fills and what empties its disk: a small file system, or, where none can be mounted, a limit of
        the edge's files."""
        disk = self.folder / "disk"
        disk.mkdir()
        if os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=False,
                                                capture_output=True).returncode == 0:
            self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
            return disk, lambda: self.fill(disk), (disk / "filler").unlink

        def limit(size):
            resource.prlimit(self.edge.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        return disk, lambda: limit((disk / "spool.db").stat().st_size), lambda: limit(resource.RLIM_INFINITY)

    def fill(self, disk):
        with open(disk / "filler", "ab", buffering=0) as filler:
            for size in (4096, 256):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError:
                    pass

    def test_full_disk_keeps_the_newest_and_says_so_once(self):
        disk, fill, empty = self.small_disk()
        self.configure_edge(spool=disk / "spool.db")
        self.town.stack.kill("neighborsd")
        self.start_edge()
        self.wait_log("home: subscribed")
        self.publish_visits(0, 100)
        wait_until(lambda: self.waiting() == 1000, lambda: f"{self.status()}")
        fill()
        self.publish_visits(100, 600)
        wait_until(lambda: self.told_of() == 7000, lambda: f"all is written or dropped: {self.status()}; {self.log()}")
        code, told = self.status()
        self.assertEqual((code, told["spool"]["in_trouble"]), (1, True))
        self.assertGreater(told["spool"]["dropped"], 0)
        self.assertGreater(told["spool"]["waiting"], 1000)
        self.assertEqual(self.log().count("the disk is full"), 1, self.log())
        self.assertLess(self.log().count("events were dropped so far"), 22, self.log())
        self.assertNotIn("database", self.log())
        # Killed on the full disk, it goes on with what it has.
        kept = told["spool"]["waiting"]
        self.kill_edge()
        self.start_edge()
        self.wait_log("home: subscribed", 2)
        self.assertEqual(self.waiting(), kept)
        self.publish_visits(700, 1)
        wait_until(lambda: self.told_of() == 7010, lambda: f"{self.status()}; {self.log()}")
        # There is room again.
        empty()
        wait_until(lambda: not self.status()[1]["spool"]["in_trouble"], lambda: f"{self.status()}; {self.log()}")
        kept = self.waiting()
        self.town.stack.start_broker()
        wait_until(lambda: self.waiting() == 0, lambda: f"{self.status()}; {self.log()}")
        self.assertEqual(self.status()[1]["spool"]["sent"], kept)
        for camera, numbers in self.stored_by_camera().items():
            wanted = [number for number in range(701) for _ in range(2)]
            self.assertEqual(numbers, wanted[len(wanted) - len(numbers):], f"the newest of {camera}")

    def told_of(self):
        spool = self.status()[1]["spool"]
        return spool["waiting"] + spool["dropped"]

    # ---- a spool that is another ----

    def test_lost_spool_begins_later_than_what_the_broker_knows(self):
        """The clock stood in the future when the spool that is lost was used: ours is in the past for the broker."""
        self.start_edge()
        self.wait_log("home: subscribed")
        self.publish_visits(0, 1)
        self.check_stored([0])
        self.kill_edge(signal.SIGTERM)
        with sqlite3.connect(self.spool) as spool:
            spool.execute("UPDATE state SET session = session + 1000000000000")
        spool.close()
        for number in (1, 2):
            self.start_edge()
            self.wait_log("home: subscribed", number + 1)
            self.publish_visits(number, 1)
            self.check_stored(range(number + 1))
            self.kill_edge(signal.SIGTERM)
        self.spool.unlink()
        self.start_edge()
        self.wait_log("home: subscribed", 4)
        self.publish_visits(3, 1)
        self.check_stored([0, 1, 2, 3])
        self.assertIn("knows a later session", self.log())
        self.assertEqual(self.status()[1]["spool"]["refused"], 0)

    def test_backup_brought_back_loses_and_doubles_nothing(self):
        self.town.stack.kill("neighborsd")
        self.start_edge()
        self.wait_log("home: subscribed")
        self.publish_visits(0, 20)
        self.kill_edge(signal.SIGTERM)
        backup = self.folder / "backup.db"
        shutil.copy(self.spool, backup)  # 200 events wait in it
        self.town.stack.start_broker()
        self.start_edge()
        self.wait_log("home: subscribed", 2)
        self.publish_visits(20, 20)
        self.check_stored(range(40))
        self.kill_edge(signal.SIGTERM)
        shutil.copy(backup, self.spool)
        self.start_edge()
        self.wait_log("home: subscribed", 3)
        self.publish_visits(40, 20)
        self.check_stored(range(60))

    # ---- status ----

    def test_status_tells_what_is(self):
        self.assertEqual(self.status(), (3, None))
        self.start_edge()
        self.wait_log("home: subscribed")
        self.wait_log("broker: connected")
        self.publish_visits(0, 1)
        self.say("frigate/reviews", review("new", "bedroom", f"{self.prefix}-bedroom-0."))
        # What was said last may be heard later than what was said before it is acknowledged elsewhere.
        wait_until(lambda: self.status()[1]["spool"]["sent"] == 10 and self.status()[1]["home"]["messages"] >= 11,
                   lambda: f"{self.status()}; {self.log()}")
        code, told = self.status()
        self.assertEqual((code, told["healthy"], told["running"], told["reasons"]), (0, True, True, []))
        self.assertEqual((told["home"]["connected"], told["broker"]["connected"]), (True, True))
        self.assertLess(time.time() * 1000 - told["spool"]["last_sent"], 60000)
        devices = {device["source"]: device for device in told["devices"]}
        self.assertEqual((devices["front_door"]["id"], devices["front_door"]["words"]), ("cam-1", 2))
        self.assertEqual((devices["bedroom"]["shared"], devices["bedroom"]["id"]), (False, None))
        self.assertEqual((devices["hall/pir"]["shared"], devices["hall/pir"]["heard"]), (True, None))
        words = subprocess.run([self.edge.args[0], "status", "--spool", self.spool], capture_output=True, text=True, check=True).stdout
        self.assertIn("frigate bedroom: stays in the house", words)
        self.town.stack.kill("neighborsd")
        wait_until(lambda: self.status()[0] == 1, lambda: f"{self.status()}")
        self.publish_visits(1, 1)
        wait_until(lambda: self.waiting() == 10, lambda: f"{self.status()}")
        self.assertIn("broker: not connected", self.status()[1]["reasons"])
        self.kill_edge()
        code, told = self.status()
        self.assertEqual((code, told["running"], told["spool"]["waiting"], told["spool"]["sent"]), (1, False, 10, 10))
        self.assertEqual(told["reasons"], ["neighbors-edge does not run"])


if __name__ == "__main__":
    unittest.main()
