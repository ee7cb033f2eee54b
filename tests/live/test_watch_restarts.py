"""`neighbors watch` while Redis and neighborsd are killed and started again: every state of every alert is shown, once, in
order."""
import json
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import mqtt
from case import HERE, SETTINGS, point
from stack import ENVIRONMENT, Stack, die_with_parent

ROUNDS, ALERTS, PATIENCE = 3, 4, 60
STATES = [("ALERT", 1, "IN_FORCE"), ("UPDATE", 2, "IN_FORCE"), ("UPDATE", 3, "IN_FORCE"), ("CANCEL", 4, "ENDED")]
HURTS = [["neighborsd"], ["redis"], ["neighborsd", "redis"], ["redis", "neighborsd"]]


class Watcher:
    """The command line's watch, and what it showed: {number of the alert: [(revision, state, headline)]}."""

    def __init__(self, stack):
        self.process = subprocess.Popen(
            stack.command("watch", "--as", "user/fred", "--at", f"{HERE[0]},{HERE[1]}", "--json"), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, preexec_fn=die_with_parent)
        self.shown, self.told, self.changed = {}, [], threading.Condition()
        self.threads = [threading.Thread(target=read, daemon=True) for read in (self.read_items, self.read_complaints)]
        for thread in self.threads:
            thread.start()
        self.wait(lambda: self.told, "that it follows")

    def read_items(self):
        for line in self.process.stdout:
            alert = json.loads(line).get("alert")
            with self.changed:
                if alert:
                    seen = alert["revision"], alert["state"], alert.get("headline")
                    self.shown.setdefault(alert["publicId"], []).append(seen)
                self.changed.notify_all()

    def read_complaints(self):
        for line in self.process.stderr:
            with self.changed:
                self.told.append(line.strip())
                self.changed.notify_all()

    def wait(self, condition, what):
        with self.changed:
            if not self.changed.wait_for(condition, PATIENCE):
                raise AssertionError(f"waited in vain for {what}: {self.shown} {self.told}")

    def stop(self):
        self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join(5)
        self.process.stdout.close()
        self.process.stderr.close()


class Restarts(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="neighbors-watch-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.stack = Stack(self.folder, settings=SETTINGS)
        self.addCleanup(self.stack.stop)
        self.stack.start_redis()
        self.stack.make_keys()
        self.stack.start_broker()
        self.token = self.stack.enroll("agency/police", "--name", "Police")
        self.stack.enroll("user/fred")
        self.random = random.Random(7)

    def say(self, number, step):
        """Publishes a state of an alert until it is acknowledged, over as many connections as that takes."""
        act = STATES[step][0]
        content = {"senderAlertId": f"alert-{number}-{step}", "msgType": act}
        if step:
            content["references"] = [f"alert-{number}-0"]
        if act != "CANCEL":
            content |= {"category": "hazard", "headline": f"alert {number} as {step}", "place": point(*HERE),
                        "expires": self.expires}
        payload, deadline = json.dumps(content).encode(), time.monotonic() + PATIENCE
        while True:
            client = None
            try:
                client = mqtt.Client(self.stack.mqtt_port)
                client.connect(client_id=f"author-{number}", username="agency/police", password=self.token.encode())
                answer = client.publish("nb/v1/alert", payload)
                self.assertEqual(answer.reason, 0, answer)
                return
            except (OSError, mqtt.Closed, TimeoutError):
                self.assertLess(time.monotonic(), deadline, "nothing is acknowledged any more")
                time.sleep(0.05)
            finally:
                if client:
                    client.close()

    def hurt(self, what):
        """Kills one of them, or both, at whatever moment it is, and starts it again."""
        for name in what:
            self.stack.kill(name)
        if "redis" in what:
            self.stack.start_redis()
        if "neighborsd" in what:
            self.stack.start_broker()

    def speak_all(self, numbers, step):
        threads, faults = [], []

        def speak(number):
            try:
                self.say(number, step)
            except BaseException as fault:  # told by the test, not by the thread
                faults.append(fault)

        for number in numbers:
            threads.append(threading.Thread(target=speak, args=(number,)))
            threads[-1].start()
        return threads, faults

    def round(self, watcher, first):
        """Some alerts through all their states, with a kill somewhere in each."""
        mine = range(first, first + ALERTS)
        for step, (_, revision, state) in enumerate(STATES):
            threads, faults = self.speak_all(mine, step)
            time.sleep(self.random.random() * 0.05)  # before, amid or after the acknowledgements
            self.hurt(HURTS[step])
            for thread in threads:
                thread.join()
            self.assertEqual(faults, [])
            # A follower that was away gets the latest state: the next one is said when it has this one.
            watcher.wait(lambda: sum((revision, state) in [seen[:2] for seen in shown] for shown in watcher.shown.values())
                         == first + ALERTS, f"revision {revision}")

    def test_every_state_of_every_alert_is_shown_once(self):
        watcher = Watcher(self.stack)
        self.addCleanup(watcher.stop)
        self.expires = str(int(time.time() * 1000) + 3600_000)
        for number in range(ROUNDS):
            self.round(watcher, number * ALERTS)
        # All that may still come has come when the last one has.
        self.hurt(["redis", "neighborsd"])
        self.say(ROUNDS * ALERTS, 0)
        watcher.wait(lambda: len(watcher.shown) == ROUNDS * ALERTS + 1, "what comes after all of it")
        *stories, last = watcher.shown.values()
        self.assertEqual(last, [(1, "IN_FORCE", f"alert {ROUNDS * ALERTS} as 0")])
        for shown in stories:
            number = shown[0][2].split()[1]
            expected = [(revision, state, f"alert {number} as {min(step, 2)}") for step, (_, revision, state) in enumerate(STATES)]
            self.assertEqual(shown, expected, watcher.told)
        self.assertEqual(len({shown[0][2] for shown in stories}), ROUNDS * ALERTS)
        self.assertIn("neighbors: connected again", watcher.told)


if __name__ == "__main__":
    unittest.main()
