"""The servers of a city in a box: one private Redis or a cluster of them, neighborsd, and the load generator."""
import json
import subprocess

import redis

from measure.servers import SETTINGS
from redis_cluster import SLOTS, ClusterStack
from stack import BUILD, ENVIRONMENT, Stack, StackError

from . import usage

# A day in minutes: what neighborsd limits by the hour and the minute would be limited hundreds of times too much.
HURRIED = {"cooldown_s": 0, "merge_minutes": 0, "resident_alerts_hour": 0, "cell_alerts_hour": 0}
OPEN_FILES = 64  # of neighborsd and the generator beside their connections


class Town:
    """Starts and ends with `with`."""

    def __init__(self, folder, processes=1, masters=0, release_ms=10000, fsync="always"):
        settings = SETTINGS | HURRIED | {"processes": processes, "release_delay_ms": release_ms, "max_connections": 100000}
        self.stack = ClusterStack(folder, masters=masters, settings=settings) if masters else Stack(folder, settings=settings)
        self.masters, self.fsync = masters, fsync

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.stop()

    def start(self):
        self.stack.make_keys()
        self.stack.start_redis(fsync=self.fsync)
        for port in self.redis_ports(replicas=True):
            # Rewriting the file in the midst of the day would charge it for what enrolment wrote.
            redis.Redis(port=port).config_set("auto-aof-rewrite-percentage", "0")
        self.stack.start_broker()

    def redis_ports(self, replicas=False):
        if not self.masters:
            return [self.stack.redis_port]
        return [node.port for node in self.stack.nodes[:None if replicas else self.masters]]

    def redis_pids(self):
        return [process.pid for name, process in self.stack.processes.items() if name.startswith("redis")]

    def broker_pids(self):
        return [self.stack.processes["neighborsd"].pid]

    def redis_info(self):
        """Sums over the masters: bytes of data, of network, of the append-only file."""
        total = {"data": 0, "in": 0, "out": 0, "file": 0}
        for port in self.redis_ports():
            info = redis.Redis(port=port).info()
            total["data"] += info["used_memory"] - info["mem_clients_normal"] - info["mem_aof_buffer"]
            total["in"] += info["total_net_input_bytes"]
            total["out"] += info["total_net_output_bytes"]
            total["file"] += info["aof_current_size"]
        return total

    def look(self):
        return {"redis": self.redis_info(), "redis_resident": usage.resident(self.redis_pids()),
                "broker_resident": usage.resident(self.broker_pids()), "redis_cpu": usage.seconds(self.redis_pids()),
                "broker_cpu": usage.seconds(self.broker_pids()), "load": usage.load()}

    # ---- enrolment ----

    def enrol(self, plan):
        """The people and things of the plan, as the command line enrols them."""
        secret, ports = self.stack.keys / "broker.secret", self.redis_ports()
        for i, port in enumerate(ports):
            first, last = SLOTS * i // len(ports), SLOTS * (i + 1) // len(ports) - 1
            writer = subprocess.Popen([BUILD / "bench_people", plan, secret, "commands", str(first), str(last)],
                                      stdout=subprocess.PIPE, env=ENVIRONMENT)
            pipe = subprocess.run(["redis-cli", "-p", str(port), "--pipe"], stdin=writer.stdout, capture_output=True, text=True,
                                  env=ENVIRONMENT, timeout=600)
            writer.stdout.close()
            if writer.wait() != 0 or pipe.returncode != 0 or "errors: 0" not in pipe.stdout:
                raise StackError(f"enrolment: {pipe.stdout}{pipe.stderr}")
        done = subprocess.run([BUILD / "bench_people", plan, secret, "share", self.stack.redis_url], capture_output=True, text=True,
                              env=ENVIRONMENT, timeout=600)
        if done.returncode != 0:
            raise StackError(f"enrolment: {done.stderr}")

    # ---- the day ----

    def day(self, plan, events, at_stage):
        """Runs it; at_stage(name, what it said, its pid) is called while the generator waits. Gives back its report."""
        command = [BUILD / "bench_day", "127.0.0.1", str(self.stack.mqtt_port), self.stack.keys / "token.key", plan, events]
        with open(self.stack.logs / "bench_day.log", "wb") as log:
            generator = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                         env=ENVIRONMENT)
        report = None
        for line in generator.stdout:
            said = json.loads(line)
            if said["stage"] == "report":
                report = said
                continue
            at_stage(said["stage"], said, generator.pid)
            if generator.poll() is None:
                generator.stdin.write("\n")
                generator.stdin.flush()
        generator.stdin.close()
        if generator.wait() != 0 or not report:
            raise StackError("the load generator: " + (self.stack.logs / "bench_day.log").read_text()[-2000:])
        return report

    def lose_a_log(self):
        """What a store that broke its promise would do."""
        for port in self.redis_ports():
            client = redis.Redis(port=port)
            for key in client.scan_iter("nb:{r*}:log:*", 1000):
                client.delete(key)
                return

    def logs(self, plan, events):
        done = subprocess.run([BUILD / "bench_logs", plan, events, *map(str, self.redis_ports())], capture_output=True, text=True,
                              env=ENVIRONMENT, timeout=600)
        if done.returncode != 0:
            raise StackError(f"the households' logs: {done.stderr}")
        return json.loads(done.stdout)
