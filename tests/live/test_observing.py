"""What an operator's monitoring is told: the metrics page, health, readiness, and systemd's watchdog."""
import fcntl
import json
import os
import pty
import re
import select
import shlex
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time
import unittest
from pathlib import Path

import case
import mqtt
from observed import Page, WrongRedis, ask
from stack import BUILD, ENVIRONMENT, ROOT
from watched import Broker

MONITORING = ROOT / "deploy/monitoring"


def eventually(test, true, told=lambda: "", seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            test.fail(f"not within {seconds} s: {told()}")
        time.sleep(0.02)


def watchdog(test, port, *options):
    """`neighbors watchdog` that follows the broker at that port, once it has heard of it."""
    stack = test.home.stack
    test.home.token("user/watcher")
    command = stack.command("watchdog", "--as", "user/watcher", *options)
    command[command.index("--broker") + 1] = f"127.0.0.1:{port}"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    test.addCleanup(process.stdout.close)
    test.addCleanup(process.wait)
    test.addCleanup(process.kill)
    return process


class Metrics(case.LiveCase):
    """By a broker that reaches Redis through somebody who can lie and be away."""

    @classmethod
    def setUpClass(cls):
        home = case.installation()
        cls.redis = WrongRedis(home.stack.redis_port)
        url = home.stack.redis_url.replace(f":{home.stack.redis_port}", f":{cls.redis.port}")
        cls.own = Broker(home, case.unique("observed"), redis_url=url)
        cls.addClassCleanup(cls.redis.close)
        cls.addClassCleanup(cls.own.stop)

    def setUp(self):
        super().setUp()
        self.port = self.own.mqtt_port
        eventually(self, lambda: self.ask("/readyz")[0] == 200, lambda: self.ask("/healthz"))

    def ask(self, path):
        return ask(self.own.metrics_port, path)

    def page(self):
        status, text = self.ask("/metrics")
        self.assertEqual(status, 200)
        return Page(text)

    def log(self):
        return (self.home.stack.logs / f"{self.own.name}.log").read_text(errors="replace")

    def test_a_kind_of_message(self):
        before = self.page()
        device, ann = self.client("device/observed"), self.client("user/ann")
        follower = self.follower("user/fred")
        self.assertEqual(device.publish("nb/v1/motion", case.motion()).reason, 0)
        self.assertEqual(ann.publish("nb/v1/alert", case.alert(headline="Sample headline 9")).reason, 0)
        self.assertGreaterEqual(ann.publish("nb/v1/alert", b'{"headline": 4}').reason, 0x80)
        self.headline(follower, "Sample headline 9")
        now = self.page()

        def rose(name, **labels):
            return now.value(name, **labels) - before.value(name, **labels)
        self.assertEqual(rose("neighbors_kind_received_total", kind="motion"), 1)
        self.assertEqual(rose("neighbors_kind_received_total", kind="alert"), 2)
        self.assertEqual(rose("neighbors_kind_refused_total", kind="alert"), 1)
        self.assertEqual(rose("neighbors_kind_failed_total", kind="alert"), 0)
        self.assertEqual(rose("neighbors_kind_stored_seconds_count", kind="motion"), 1)
        self.assertEqual(rose("neighbors_kind_stored_seconds_count", kind="alert"), 1)
        self.assertLess(rose("neighbors_kind_stored_seconds_sum", kind="alert"), 60)
        self.assertGreaterEqual(rose("neighbors_delivered_seconds_count", item="alert"), 1)
        self.assertEqual(now.value("neighbors_connections_open", listener="mqtt", version="5")
                         + now.value("neighbors_connections_open", listener="mqtt", version="none"),
                         now.value("neighbors_connections"))

    def test_a_line_is_written_or_counted(self):
        """Nobody logs anything behind them that would tell what was left out."""
        def told():
            lines = re.findall(r"^packet_refused (peer|left_out)=(\d*)", self.log(), re.MULTILINE)
            return sum(int(number) if key == "left_out" else 1 for key, number in lines)
        before = told()
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", self.port), timeout=30) as stranger:
                stranger.sendall(b"\x00\x00")
                while stranger.recv(512):  # until it is closed
                    pass
        eventually(self, lambda: told() >= before + 50, lambda: f"{told() - before} of 50 lines")
        self.assertEqual(told(), before + 50)

    def test_connections_by_version(self):
        self.client("user/ann", version=4)
        self.assertEqual(self.page().value("neighbors_connections_open", listener="mqtt", version="3.1.1"), 1)

    def test_a_decline_is_not_told_from_silence(self):
        """An answer to a footage request is counted with settings and push subscriptions, and no time is told of them."""
        before = self.page()
        page = self.ask("/metrics")[1]
        self.assertNotIn("footage-answer", page)
        self.assertNotRegex(page, r'seconds_\w+\{[^}]*kind="(other|settings|push)')
        ann = self.client("user/ann")
        ann.publish("nb/v1/footage-answer", json.dumps({"requestId": "0" * 24, "action": "IGNORE"}).encode())
        ann.publish("nb/v1/settings", b"{}")
        now = self.page()
        self.assertEqual(now.value("neighbors_kind_received_total", kind="other")
                         - before.value("neighbors_kind_received_total", kind="other"), 2)

    def test_redis_and_what_runs(self):
        eventually(self, lambda: self.page().value("neighbors_redis_memory_bytes") > 0)
        page = self.page()
        self.assertEqual(page.value("neighbors_redis_up", redis=f"127.0.0.1:{self.redis.port}"), 1)
        self.assertEqual(page.value("neighbors_redis_durability", appendfsync="always"), 1)
        self.assertEqual(page.value("neighbors_redis_write_failed"), 0)
        self.assertEqual(page.value("neighbors_ready"), 1)
        eventually(self, lambda: self.page().value("neighbors_outbox_oldest_seconds") == 0)
        self.assertLess(abs(page.value("neighbors_start_timestamp_seconds") - time.time()), 3600)
        version = subprocess.run([BUILD / "neighborsd", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
        self.assertEqual(page.value("neighbors_build_info", version=version), 1)

    def test_a_clock_that_differs_is_no_health(self):
        self.addCleanup(setattr, self.redis, "off", 0)
        self.redis.off = 7
        eventually(self, lambda: self.ask("/healthz")[0] == 503, lambda: self.ask("/healthz"))
        health = json.loads(self.ask("/healthz")[1])
        self.assertEqual((health["store"], health["clock"]), ("up", "skewed"))
        self.assertGreater(health["clock_ahead_ms"], 1000)
        self.assertGreater(self.page().value("neighbors_clock_skew_seconds"), 1)
        self.assertRegex(self.log(), r"clock_skew node=127.0.0.1:\d+ ahead_ms=\d{4}")
        self.redis.off = 0
        eventually(self, lambda: self.ask("/healthz")[0] == 200, lambda: self.ask("/healthz"))
        self.assertIn("clock_in_step", self.log())

    def test_without_redis_it_lives_and_is_not_ready(self):
        """And a watchdog says that the feed is stale."""
        heard = self.page().value("neighbors_heartbeats_total")
        far = watchdog(self, self.own.mqtt_port, "--silence", "8s", "--once")  # longer than a busy broker is silent
        eventually(self, lambda: self.page().value("neighbors_heartbeats_total") > heard)
        self.redis.go_away()
        eventually(self, lambda: self.ask("/readyz")[0] == 503, lambda: self.ask("/readyz"))
        page = self.page()
        self.assertEqual((page.value("neighbors_redis_up"), page.value("neighbors_ready")), (0, 0))
        self.assertEqual(far.wait(60), 1)
        self.assertRegex(far.stdout.read(), r"^\S+Z stale: 127.0.0.1:\d+ says that its feed is stale since \d+ s\n$")
        self.redis.away = False
        eventually(self, lambda: self.ask("/readyz")[0] == 200, lambda: self.ask("/readyz"))


class Stopping(case.LiveCase):
    def test_who_stops_is_not_ready(self):
        """What it took and Redis has not yet keeps it from its end."""
        redis = WrongRedis(self.home.stack.redis_port)
        self.addCleanup(redis.close)
        url = self.home.stack.redis_url.replace(f":{self.home.stack.redis_port}", f":{redis.port}")
        own = Broker(self.home, case.unique("stopping"), redis_url=url, drain_ms=60000)
        self.addCleanup(own.stop)
        self.port = own.mqtt_port
        ann = self.client("user/ann")
        eventually(self, lambda: ask(own.metrics_port, "/readyz") == (200, '{"status":"ready"}\n'))
        redis.go_away()
        ann.send(mqtt.publish("nb/v1/alert", case.alert(), packet_id=7))
        eventually(self, lambda: Page(ask(own.metrics_port, "/metrics")[1]).value("neighbors_store_waiting") > 0)
        own.process.terminate()
        eventually(self, lambda: ask(own.metrics_port, "/readyz") == (503, '{"status":"stopping"}\n'))
        redis.away = False
        self.assertEqual(own.process.wait(60), 0)


class FarAway(case.LiveCase):
    """Programs that look at the broker from elsewhere."""

    def test_a_watchdog_barks_when_the_broker_falls_silent(self):
        own = Broker(self.home, case.unique("silent"))
        self.addCleanup(own.stop)
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "told"
            far = watchdog(self, own.mqtt_port, "--silence", "2s",
                           "--run", f'echo "$NEIGHBORS_ALARM: $NEIGHBORS_TEXT" >> {shlex.quote(str(told))}')
            eventually(self, lambda: Page(ask(own.metrics_port, "/metrics")[1]).value("neighbors_heartbeats_total") > 0)
            os.kill(own.process.pid, signal.SIGSTOP)
            self.addCleanup(os.kill, own.process.pid, signal.SIGCONT)
            eventually(self, lambda: told.exists() and "silent: 127.0.0.1:" in told.read_text(),
                       lambda: told.exists() and told.read_text(), 60)
            os.kill(own.process.pid, signal.SIGCONT)
            eventually(self, lambda: "well: " in told.read_text().split("silent: ")[-1], told.read_text, 60)
            self.assertIsNone(far.poll())
            far.terminate()
            self.assertEqual(far.wait(30), 0)
            lines = far.stdout.read().splitlines()
            self.assertEqual([line.split(" ", 1)[1] for line in lines], told.read_text().splitlines())

    def test_a_watchdog_tells_when_who_was_stale_falls_silent(self):
        redis = WrongRedis(self.home.stack.redis_port)
        self.addCleanup(redis.close)
        url = self.home.stack.redis_url.replace(f":{self.home.stack.redis_port}", f":{redis.port}")
        own = Broker(self.home, case.unique("stale"), redis_url=url)
        self.addCleanup(own.stop)
        far = watchdog(self, own.mqtt_port, "--silence", "4s", "--for", "120s")  # then nobody waits for a line any more
        eventually(self, lambda: Page(ask(own.metrics_port, "/metrics")[1]).value("neighbors_heartbeats_total") > 0)
        redis.go_away()
        self.addCleanup(setattr, redis, "away", False)
        # On a busy machine it may be silent for a moment too, before or behind that.
        self.assertTrue(any(" stale: " in line for line in far.stdout))
        os.kill(own.process.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, own.process.pid, signal.SIGCONT)
        self.assertTrue(any(re.search(r" silent: 127.0.0.1:\d+ sends no heartbeat since \d+ s$", line) for line in far.stdout))

    def test_a_watchdog_for_a_while(self):
        """As cron may ask: is it well now?"""
        self.assertEqual(watchdog(self, self.home.stack.mqtt_port, "--silence", "60s", "--for", "1s").wait(60), 0)
        self.assertEqual(watchdog(self, case.free_port(), "--silence", "1s", "--for", "60s", "--once").wait(60), 1)

    def test_top(self):
        device = self.client("device/top")
        device.publish("nb/v1/motion", case.motion())
        stack = self.home.stack
        place, nobody = f"127.0.0.1:{stack.metrics_port}", f"127.0.0.1:{case.free_port()}"
        done = subprocess.run(stack.command("top", place, nobody), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], rf"^Neighbors \S+ at {place} and 1 more, up \d+:\d\d:\d\d   \d\d:\d\d:\d\d$")
        self.assertRegex(lines[1], f"^!! cannot read http://{nobody}/metrics")
        self.assertRegex(done.stdout, r"serving 1 of 1 +store up, keeps always +record whole +clocks [+-]\d+\.\d+ s")
        self.assertRegex(done.stdout, r"motion events +\d+\.\d +[1-9]\d* +\d+\.\d ms +\d+\.\d ms")
        self.assertRegex(done.stdout, rf"127.0.0.1:{stack.redis_port} +up +0 +\d+\.\d +[+-]\d+\.\d+")
        self.assertLessEqual(len(lines), 25)
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertEqual(subprocess.run(stack.command("top", nobody), capture_output=True, timeout=60).returncode, 3)

    def test_the_settings_say_where_all_is(self):
        """As an operator calls them: nothing but the settings of neighborsd says where it is."""
        stack = self.home.stack

        def neighbors(*words):
            done = subprocess.run([stack.command()[0], *words, "--config", stack.folder / "neighborsd.conf"], capture_output=True, text=True,
                                  timeout=60, env=ENVIRONMENT, cwd=stack.folder)
            self.assertEqual(done.returncode, 0, (words, done.stderr))
            return done.stdout

        self.assertIn("neighbors_redis_up", neighbors("stats", "--json"))
        self.assertIn(f"at 127.0.0.1:{stack.metrics_port}", neighbors("top"))
        neighbors("enroll", "user", "nearby", "--household", "nearby", "--at", "34.0768,-118.0316", "--token-file", stack.folder / "nearby.token")
        neighbors("household", "show", "nearby")
        who = ("--as", "user/nearby", "--token-file", stack.folder / "nearby.token")
        neighbors("watchdog", *who, "--for", "1s")
        neighbors("log", "verify", "--state", stack.folder / "nearby-head.json")
        neighbors("revoke", "user/nearby")

    def test_top_on_a_terminal(self):
        """It takes the whole screen, goes on, and gives the screen back."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = self.home.stack.command("top", f"127.0.0.1:{self.home.stack.metrics_port}")
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.close(theirs)
        shown = b""

        def sees(what, times=1):
            nonlocal shown
            while shown.count(what) < times:
                self.assertTrue(select.select([ours], [], [], 30)[0], f"{what} is not shown: {shown[-2000:]}")
                shown += os.read(ours, 65536)
        sees(b"\033[?1049h")
        sees(b"\033[HNeighbors ", times=2)
        os.write(ours, b"q")
        sees(b"\033[?1049l")
        self.assertEqual(process.wait(30), 0)
        os.close(ours)


class Files(case.LiveCase):
    """What deploy/monitoring asks for is there."""

    def setUp(self):
        super().setUp()
        self.families = Page(ask(self.home.stack.metrics_port, "/metrics")[1]).families

    def names_there(self, expression):
        names = set(re.findall(r"\bneighbors_[a-z0-9_]+", expression))
        for name in names:
            family = re.sub("_bucket$", "", name)
            self.assertIn(family, self.families, expression)
            self.assertEqual(name.endswith("_bucket"), self.families[family][0] == "histogram", expression)
            if self.families[family][0] == "counter":
                self.assertRegex(expression, rf"(rate|increase)\({name}\b", "a counter is looked at by its rate")
        labels = {label for family in self.families.values() for _, has, _ in family[1] for label in has}
        for label in re.findall(r"by \(([^)]*)\)", expression):
            self.assertLessEqual(set(label.replace(" ", "").split(",")), labels | {"instance"}, expression)
        return names

    def test_prometheus_asks_where_neighborsd_listens(self):
        settings = subprocess.run([BUILD / "neighborsd", "--print-config"], capture_output=True, text=True, check=True).stdout
        port = re.search(r"\nmetrics_port = (\d+);", settings)[1]
        text = (MONITORING / "prometheus.yml").read_text()
        self.assertIn(f'targets: ["127.0.0.1:{port}"]', text)
        self.assertIn(f"(metrics_port, {port})", text)

    def test_alert_rules(self):
        rules = re.split(r"\n      - alert: ", (MONITORING / "neighbors-alerts.yml").read_text())[1:]
        self.assertGreater(len(rules), 10)
        for rule in rules:
            with self.subTest(rule.split("\n")[0]):
                expression = re.search(r"\n        expr: (.+)", rule)[1]
                self.assertTrue(self.names_there(expression) or expression.startswith("up{"))
                self.assertRegex(rule, r"\n        labels: \{severity: (page|look)\}\n")
                self.assertRegex(rule, r"\n          summary: .+\n          description: .+")

    def test_dashboard(self):
        board = json.loads((MONITORING / "neighbors-dashboard.json").read_text())
        for panel in board["panels"]:
            with self.subTest(panel["title"]):
                for target in panel["targets"]:
                    self.assertTrue(self.names_there(target["expr"]))
        places = [panel["gridPos"] for panel in board["panels"]]
        for place in places:
            self.assertLessEqual(place["x"] + place["w"], 24)
            others = [p for p in places if p is not place and p["x"] < place["x"] + place["w"]
                      and place["x"] < p["x"] + p["w"] and p["y"] < place["y"] + place["h"] and place["y"] < p["y"] + p["h"]]
            self.assertEqual(others, [])


class Watchdog(case.LiveCase):
    """What systemd's watchdog hears of neighborsd, at a socket of our own."""

    def hears(self, seconds):
        """Whether a ping comes within so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                if b"WATCHDOG=1" in self.socket.recv(4096):
                    return True
            except TimeoutError:
                return False
        return False

    def drain(self):
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(4096)
        except BlockingIOError:
            pass

    def watched(self, processes):
        place = f"neighbors-{os.getpid()}-{case.unique('notify')}"  # a name, not a file: those of sockets must be short
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind("\0" + place)
        stack, name = self.home.stack, case.unique("watchdog")
        config = stack.write_settings(name, mqtt_port=case.free_port(), http_port=0, metrics_port=case.free_port(),
                                      processes=processes)
        process = stack.start(name, [BUILD / "neighborsd", "--config", config],
                              {"NOTIFY_SOCKET": "@" + place, "WATCHDOG_USEC": "400000"})
        self.addCleanup(stack.stop_one, name)
        self.assertTrue(self.hears(30) and self.hears(30), "no pings come")
        os.kill(process.pid, signal.SIGSTOP)
        eventually(self, lambda: re.search(r"State:\s+T", Path(f"/proc/{process.pid}/status").read_text()))
        self.drain()
        self.assertFalse(self.hears(1.0), "a frozen process pings")
        os.kill(process.pid, signal.SIGCONT)
        self.assertTrue(self.hears(30), "it does not go on")

    def test_alone(self):
        self.watched(1)

    def test_the_parent_of_two(self):
        self.watched(2)


if __name__ == "__main__":
    unittest.main()
