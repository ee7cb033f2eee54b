"""Rounds of load on two neighborsd that share one port and one Redis, in each of which something dies.

A round: devices send, residents and an agency tell, phones follow; at a random moment a process is killed or frozen, or
the power fails (Redis dies and its append-only file is cut at the last sync); what died is started again; everybody goes on
until all is acknowledged. Then everything acknowledged is held against the store and against what the phones were shown.
Prints a line a round, and ends with "kill: N rounds clean" (exit 0) or what was wrong (exit 1)."""
import argparse
import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "deploy"), str(HERE.parent), str(ROOT / "tests")]

import log_check  # noqa: E402, F401: holds the logs of the stack against what they may not say
import nothing_left  # noqa: E402
import redis  # noqa: E402
import verdict  # noqa: E402
from author import Author  # noqa: E402
from follower import Follower  # noqa: E402
from redis_cluster import ClusterStack  # noqa: E402
from sender import Sender, json_batch  # noqa: E402
from stack import Stack, StackError, stopped  # noqa: E402

# Leaf cells; each kind of sender has channels of its own, so that what a channel shows can be counted.
NEIGHBORHOOD = "9qh1f5"
HERE_PLACE = (34.0768, -118.0316)
AWAY_PLACE = (34.30, -118.45)
LEAVES = {"numbered": ["9qh1f5", "9qh19m"], "plain": ["9qh4rs"], "twice": ["9qh60u"]}
PLACES = {"9qh1f5": "34.0768,-118.0316", "9qh19m": "34.0439,-118.0646", "9qh4rs": "34.1702,-117.7899",
          "9qh60u": "34.1263,-117.7350"}
NUMBERED, PLAIN, TWICE = 6, 2, 1
AT_STAKE = 10000  # bytes: many events
LATEST = 120  # seconds for the last acknowledgement, and as many for what is to be shown: a busy machine's
BROKERS = ["broker-a", "broker-b"]
CLUSTER_FAULTS = ["move and master", "freeze master", "master and broker", "replica", "move", "master"]
FAULTS = ["power", "broker", "power", "freeze", "power", "redis", "power and broker", "broker", "power", "redis and brokers"]


def region(leaf):
    """The hash tag of a leaf cell's channel (bridge/sharing_index.h)."""
    value = 2166136261
    for byte in leaf[:5].encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return f"r{value % 256:02x}"


def build_shim(folder):
    shim = folder / "powercut.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", shim, HERE / "powercut.c", "-ldl"], check=True)
    return shim


def unsafe(folder):
    """(a part of the append-only file, how much of it was certainly on the disk, how much was not) of each."""
    for part in (folder / "redis").glob("**/*.incr.aof"):
        note = part.with_name(part.name + ".synced")
        safe = int.from_bytes(note.read_bytes(), sys.byteorder) if note.exists() else 0
        yield part, safe, max(0, part.stat().st_size - safe)


def cut_power(folder):
    """Leaves of the append-only file what was certainly on the disk. Returns how many bytes were lost."""
    lost = 0
    for part, safe, more in unsafe(folder):
        lost += more
        if more:
            with open(part, "r+b") as file:
                file.truncate(safe)
    return lost


class People:
    """Who takes part, enrolled once; every round starts from a copy of that Redis."""

    def __init__(self, stack):
        self.tokens, self.households, self.leaf = {}, {}, {}
        self.senders = [("numbered", i) for i in range(NUMBERED)] + [("plain", i) for i in range(PLAIN)] + \
                       [("twice", i) for i in range(TWICE)]
        for style, i in self.senders:
            name, household, leaf = f"device/{style}-{i}", f"home-{style}-{i}", LEAVES[style][i % len(LEAVES[style])]
            self.tokens[name] = stack.enroll(name, "--household", household, "--at", PLACES[leaf], "--share", "person",
                                             "--verified-since", "-30d")
            self.households[name], self.leaf[name] = household, leaf
        for name in [f"user/author-{i}" for i in range(3)] + [f"user/phone-{i}" for i in range(8)]:
            self.tokens[name] = stack.enroll(name)
        self.tokens["agency/police"] = stack.enroll("agency/police", "--name", "Sample Police")


class Round:
    def __init__(self, number, stack, people, fault, seconds, seed, supervised):
        self.supervised = supervised
        self.number, self.stack, self.people, self.fault, self.seconds = number, stack, people, fault, seconds
        self.random = random.Random(seed)
        self.lost, self.patience = 0, 3 if stack.fsync != "always" else LATEST
        self.cluster, self.fell = isinstance(stack, ClusterStack), None
        self.outage = 0

    # ---- who takes part ----

    def make(self):
        port = self.stack.mqtt_port
        self.senders = [
            Sender(name=f"device/{style}-{i}", token=self.people.tokens[f"device/{style}-{i}"], port=port, style=style,
                   prefix=f"k{self.number}{style[0]}{i}", rate=150 if style == "numbered" else 60,
                   largest_batch=16 if style == "numbered" else 4, encode=encode, seed=self.random.random())
            for style, i in self.people.senders]
        names = [f"user/author-{i}" for i in range(3)] + ["agency/police"]
        self.authors = [Author(name, self.people.tokens[name], port, f"k{self.number}a{i}", HERE_PLACE, AWAY_PLACE,
                               self.random.random()) for i, name in enumerate(names)]
        near = [f"nb/v1/json/near/{NEIGHBORHOOD}/1600/#", "nb/v1/json/inbox/#"]
        cell = [f"nb/v1/json/cell/{NEIGHBORHOOD[:5]}/#", "nb/v1/json/inbox/#"]
        lives = [("connected", near), ("connected", near), ("connected", cell), ("returning", near), ("returning", cell),
                 ("since", near), ("slow", near), ("slow", cell)]
        self.followers = [Follower(f"user/phone-{i}", self.people.tokens[f"user/phone-{i}"], port, life, filters,
                                   self.random.random()) for i, (life, filters) in enumerate(lives)]

    # ---- what dies ----

    def strike_cluster(self):
        """Something of the cluster dies, stands still or moves; in the end it is whole again."""
        stack = self.stack
        stack.wait_until_whole()
        masters = stack.masters_now()
        self.random.shuffle(masters)
        if "move" in self.fault:
            moved = stack.move(self.random.randint(100, 600), masters[0], masters[1])
            if not moved:
                stack.until(stack.mend, "what was interrupted is mended")
        if "master" in self.fault:
            self.fell = masters[2]
            if self.fault == "freeze master":
                stack.freeze_node(self.fell)
            else:
                stack.kill_node(self.fell)
            stack.until(lambda: stack.replaced(self.fell), "a replica takes over")
        if self.fault == "replica":
            self.fell = self.random.choice([node for node in stack.alive() if node not in masters])
            stack.kill_node(self.fell)
            time.sleep(self.random.uniform(0.5, 2))

    async def something_to_lose(self):
        """Redis stands still, and some of what it answered is not on the disk: between two syncs, and not right behind one."""
        process, deadline = self.stack.processes["redis"], time.monotonic() + 60
        while True:
            process.send_signal(signal.SIGSTOP)
            while not stopped(process.pid):
                await asyncio.sleep(0.001)
            if sum(more for _, _, more in unsafe(self.stack.folder)) > AT_STAKE:
                for _ in range(20):  # what it answered may still be on its way to the senders
                    if self.acknowledged_at_stake():
                        return
                    await asyncio.sleep(0.05)
            process.send_signal(signal.SIGCONT)
            if time.monotonic() > deadline:
                raise StackError(f"Redis never had {AT_STAKE} bytes, with something acknowledged, that were not on the disk")
            await asyncio.sleep(0.05)

    def acknowledged_at_stake(self):
        """Whether an event that its sender has the acknowledgement of is not on the disk."""
        tails = b"".join(part.read_bytes()[safe:] for part, safe, _ in unsafe(self.stack.folder))
        written = {activity.decode() for activity in re.findall(rb"k%d[a-z]\d+-\d+(?=\.)" % self.number, tails)}
        return any(written & sender.confirmed for sender in self.senders)

    def mend_cluster(self):
        if self.fell is not None:
            if self.fell.name in self.stack.processes:
                self.stack.processes[self.fell.name].send_signal(signal.SIGCONT)
            else:
                self.stack.start_node(self.fell)
        self.stack.wait_until_whole()

    async def strike(self):
        started = time.monotonic()
        brokers = serving(self.stack)
        victim = self.random.choice(brokers)
        if self.cluster:
            await asyncio.to_thread(self.strike_cluster)
        elif "power" in self.fault or "redis" in self.fault:
            if self.stack.fsync != "always":
                await self.something_to_lose()
            self.stack.kill("redis")
            if "power" in self.fault:
                self.lost = cut_power(self.stack.folder)
        for pid in brokers if "brokers" in self.fault else [victim] if "broker" in self.fault else []:
            os.kill(pid, signal.SIGKILL)
        if self.fault == "freeze":
            os.kill(victim, signal.SIGSTOP)
            await asyncio.sleep(self.random.uniform(2.5, 6))
            if not self.supervised:  # else its parent has taken another in its place by now
                os.kill(victim, signal.SIGCONT)
        await asyncio.sleep(self.random.uniform(0.1, 1))
        if self.cluster:
            await asyncio.to_thread(self.mend_cluster)
        elif "redis" not in self.stack.processes:
            await asyncio.to_thread(start_redis, self.stack)
        for name in BROKERS:
            if name in self.stack.processes and self.stack.processes[name].poll() is not None:
                self.stack.processes.pop(name)
                self.stack.start_broker(name, wait=False)
        self.outage = time.monotonic() - started

    # ---- the round ----

    async def go(self):
        self.make()
        everyone = self.senders + self.authors + self.followers
        followers = [asyncio.create_task(one.run()) for one in self.followers]
        workers = [asyncio.create_task(one.run()) for one in self.senders + self.authors]
        await asyncio.sleep(self.seconds * self.random.uniform(0.25, 0.6))
        begun = time.monotonic()
        await self.strike()
        await asyncio.sleep(max(2, self.seconds * 0.75 - (time.monotonic() - begun)))
        for one in self.senders + self.authors:
            one.stop()
        done, late = await asyncio.wait(workers, timeout=LATEST)
        wrong = [f"{len(late)} senders were not acknowledged within {LATEST} s of the end"] if late else []
        for one in self.followers:
            one.settle()
        for task in list(done):
            task.result()
        for task in late:
            task.cancel()
        wrong += await self.settle()
        for one in everyone:
            one.stop()
        for task in followers:
            if task.done():
                task.result()
            task.cancel()
        return wrong

    async def settle(self):
        """Compares again and again until all is well; what is wrong when the time is up, is wrong."""
        deadline = time.monotonic() + self.patience
        while True:
            wrong = self.compare()
            if not wrong or time.monotonic() > deadline:
                return wrong
            await asyncio.sleep(0.5)

    def compare(self):
        wrong = []
        store = self.stack.everything() if self.cluster else redis.Redis(port=self.stack.redis_port)
        least, most = {}, {}
        for sender in self.senders:
            logged = read_log(store, self.people.leaf[sender.name], self.people.households[sender.name], sender.prefix)
            wrong += sender.faults + verdict.compare_events(sender, logged, once=sender.style != "plain")
            channel = self.people.leaf[sender.name][:5]
            # What came twice without a number may be shown once or twice.
            least[channel] = least.get(channel, 0) + len(set(logged))
            most[channel] = most.get(channel, 0) + len(logged)
        for channel in least:
            shown = count_activity(store, channel)
            if not least[channel] <= shown <= most[channel]:
                wrong.append(f"channel {channel}: {least[channel]} to {most[channel]} events are logged, {shown} items are shown")
        store.close()
        stories = [story for author in self.authors for story in author.stories]
        everything = [seen for follower in self.followers for seen in follower.seen]
        for author in self.authors:
            wrong += author.faults
        for follower in self.followers:
            wrong += verdict.compare_alerts(follower, stories, everything, time.time(), grace=self.outage + 10)
        return wrong

    def summary(self):
        confirmed = sum(len(sender.confirmed) for sender in self.senders)
        steps = sum(1 for author in self.authors for story in author.stories for step in story.steps if step.confirmed)
        shown = sum(len(follower.seen) for follower in self.followers)
        resent = sum(sender.resent for sender in self.senders)
        return (f"{confirmed} events, {steps} alert states acknowledged, {resent} messages resent, {shown} states shown"
                + (f", {self.lost} bytes cut" if "power" in self.fault else ""))


def encode(session, events):
    return json_batch(session, [event | {"activity_id": event["activity_id"] + "."} for event in events])


def read_log(store, leaf, household, prefix):
    """The activity ids of a sender in its household's log, as often as they stand there."""
    found = []
    pattern = re.compile(prefix.encode() + rb"-\d+(?=\.)")
    for _, fields in store.xrange(f"nb:{{{region(leaf)}}}:log:{household}"):
        for value in fields.values():
            found += [activity.decode() for activity in pattern.findall(value)]
    return found


def count_activity(store, channel):
    """How many activity items the channel shows (8 bytes each; bridge/store.h)."""
    items = 0
    for _, fields in store.xrange(f"nb:{{{region(channel)}}}:ch:{channel}"):
        items += sum(len(value) // 8 for name, value in fields.items() if name == b"a")
    return items


def serving(stack):
    """The processes that serve: the children of a neighborsd that has some, else itself."""
    found = []
    for name in BROKERS:
        if name in stack.processes:
            pid = stack.processes[name].pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            found += [int(child) for child in children] or [pid]
    return found


def start_redis(stack):
    stack.start_redis(preload=stack.shim, fsync=stack.fsync)


def prepare(folder, cluster):
    """Keys, and a Redis with everybody enrolled; of a cluster its nodes."""
    with (ClusterStack if cluster else Stack)(folder) as stack:
        stack.start_redis()
        stack.make_keys()
        people = People(stack)
        people.nodes = stack.nodes if cluster else None
        stack.stop()
    return people


def one_round(number, base, people, options, shim):
    fault = "power" if options.prove else options.only or options.faults[(number - 1) % len(options.faults)]
    seed = f"{options.seed}/{number}"
    folder = base / f"round-{number}"
    shutil.copytree(base / "people", folder, ignore=shutil.ignore_patterns("log"))
    settings = {"release_delay_ms": 500, "release_households": 1, "release_hysteresis": 0, "cooldown_s": 0, "heartbeat_ms": 1000,
                "cursor_save_ms": 300,
                "session_expiry_max_s": 3600, "log_level": "info",
                "resident_alerts_hour": 0, "cell_alerts_hour": 0, "merge_minutes": 0}
    with (ClusterStack(folder, nodes=people.nodes, settings=settings) if people.nodes
          else Stack(folder, settings=settings)) as stack:
        stack.shim, stack.fsync = shim, "everysec" if options.prove else "always"
        start_redis(stack)
        # The second ten: one neighborsd that is the parent of two, and puts another in the place of one that is silent.
        supervised = not people.nodes and (number - 1) // len(FAULTS) % 2 == 1
        if supervised:
            stack.start_broker("broker-a", processes=2)
        else:
            for name in BROKERS:
                stack.start_broker(name)
        this = Round(number, stack, people, fault, options.seconds, seed, supervised)
        wrong = asyncio.run(this.go())
        ended = [name for name, process in stack.processes.items() if process.poll() is not None]
        wrong += [f"{name} ended by itself" for name in ended]
        if wrong and not options.prove:
            print(stack.broker_logs())
    print(f"round {number} ({fault}{' of a child' if supervised else ''}, outage {this.outage:.1f} s): {this.summary()}: "
          + ("clean" if not wrong else f"{len(wrong)} faults"), flush=True)
    if options.prove:
        return any("are missing" in fault for fault in wrong)
    for fault in wrong[:20]:
        print("    " + fault)
    if not wrong and not options.keep:
        shutil.rmtree(folder)
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="number of the first round")
    parser.add_argument("--seconds", type=float, default=10, help="of load in a round")
    parser.add_argument("--seed", default=str(int(time.time())))
    parser.add_argument("--cluster", action="store_true", help="three masters and their replicas in place of one Redis")
    parser.add_argument("--only", choices=sorted(set(FAULTS + CLUSTER_FAULTS)), help="this fault in every round")
    parser.add_argument("--prove", action="store_true", help="prove that the rounds find a loss: Redis syncs once a second, "
                        "the power fails, and a round is as it should be when something acknowledged is missing")
    parser.add_argument("--keep", action="store_true", help="keep the folders of clean rounds too")
    options = parser.parse_args()
    nothing_left.begin()
    options.faults = CLUSTER_FAULTS if options.cluster else FAULTS
    base = Path(tempfile.mkdtemp(prefix="neighbors-kill-"))
    print(f"kill: seed {options.seed}, folder {base}", flush=True)
    clean = 0
    try:
        shim = build_shim(base)
        people = prepare(base / "people", options.cluster)
        for number in range(options.first, options.first + options.rounds):
            clean += one_round(number, base, people, options, shim)
    except StackError as error:
        print(f"kill: {error}")
        return 1
    if clean == options.rounds:
        shutil.rmtree(base)
        print(f"kill: {clean} rounds {'found the loss' if options.prove else 'clean'}")
        return 0
    print(f"kill: {options.rounds - clean} of {options.rounds} rounds were not clean; see {base}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
