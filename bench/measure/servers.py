"""The servers that are measured, each private, on loopback, in a temporary folder; and the load generator."""
import itertools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from stack import BUILD, ROOT, Stack, StackError, free_port, port_open

# Limits per address are for strangers, and those on cells for people; all of a measurement comes from one, who follows a city.
SETTINGS = {"max_connections_per_address": 0, "new_cells_day": 0, "accept_rate": 0, "accept_rate_per_address": 0, "packets_second": 0,
            "bytes_second": 0, "log_level": "warning"}
NODE = ROOT / "bench/peers/node"

# Mosquitto as shipped, and the settings that were found to be its best for one thing or the other.
UNLIMITED = {"max_inflight_messages": 0, "max_queued_messages": 0}
MOSQUITTO = {
    "shipped": {},
    "unlimited": UNLIMITED,
    "unlimited, nodelay": UNLIMITED | {"set_tcp_nodelay": "true"},
    "unlimited, duplicates": UNLIMITED | {"allow_duplicate_messages": "true"},
    "unlimited, duplicates, nodelay": UNLIMITED | {"allow_duplicate_messages": "true", "set_tcp_nodelay": "true"},
}


class Servers:
    """Starts and ends with `with`."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="neighbors-bench-"))
        self.stacks = {}
        self.numbers = itertools.count(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for stack in self.stacks.values():
            stack.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stack(self, name, **settings):
        name = f"{name}-{next(self.numbers)}"
        self.stacks[name] = Stack(self.folder / name, settings=SETTINGS | settings)
        return self.stacks[name]

    def stop(self, stack):
        self.stacks.pop(stack.folder.name).stop()
        shutil.rmtree(stack.folder, ignore_errors=True)

    def redis(self, stack):
        stack.start_redis()
        # Rewriting the file in the midst of a run would charge one side for what all before it wrote.
        stack.redis_command("CONFIG", "SET", "auto-aof-rewrite-percentage", "0")

    def ours(self, name="ours", enrol=None, enrol_stack=None, tls=False, **settings):
        """Redis, the registry as enrol(registry) fills it, neighborsd, what enrol_stack(stack) adds through the registry's code
        (whose functions neighborsd loads); with a port for TLS when asked."""
        from .registry import Registry
        # The load comes from fewer devices than would send it: each of its events counts.
        stack = self.stack(name, **{"cooldown_s": 0} | settings)
        stack.tls_port = free_port() if tls else 0
        self.redis(stack)
        stack.make_keys()
        if enrol:
            registry = Registry(stack.redis_port, stack.keys / "broker.secret")
            enrol(registry)
            registry.write()
        stack.start_broker()
        if enrol_stack:
            enrol_stack(stack)
        return stack

    def mosquitto(self, variant):
        stack = self.stack(f"mosquitto {variant}".replace(",", "").replace(" ", "-"))
        lines = {"allow_anonymous": "true", "log_type": "error"} | MOSQUITTO[variant]
        config = stack.folder / "mosquitto.conf"
        config.write_text(f"listener {stack.mqtt_port} 127.0.0.1\n" + "".join(f"{k} {v}\n" for k, v in lines.items()))
        stack.start("mosquitto", ["mosquitto", "-c", config])
        stack.wait_for("mosquitto", lambda: port_open(stack.mqtt_port), "Mosquitto")
        return stack

    def node(self, variant):
        """The Node program with a Mosquitto and a Redis of its own; the Redis has our settings."""
        if not (NODE / "node_modules").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=NODE, check=True)
        stack = self.mosquitto(variant)
        self.redis(stack)
        stack.start("node", ["node", NODE / "pipeline.js", stack.mqtt_port, stack.redis_port])
        stack.wait_for("node", lambda: "ready" in (stack.logs / "node.log").read_text(), "the Node program")
        return stack

    def write_loop(self):
        stack = self.stack("writeloop")
        stack.start("writeloop", [BUILD / "bench_writeloop", stack.mqtt_port])
        stack.wait_for("writeloop", lambda: port_open(stack.mqtt_port), "the write loop")
        return stack


def load_command(stack, *words):
    """The load generator against a stack, with a watch on every process of it."""
    command = [BUILD / "bench_load", "--port", stack.mqtt_port, *words]
    for name, process in stack.processes.items():
        command += ["--watch", f"{name}={process.pid}"]
    if "neighborsd" in stack.processes:
        command += ["--token-key", stack.keys / "token.key"]
    return [str(word) for word in command]


def load(stack, *words, timeout=180):
    done = subprocess.run(load_command(stack, *words), capture_output=True, text=True, timeout=timeout)
    if not done.stdout.strip():
        raise StackError(f"the load generator: exit {done.returncode}\n{done.stderr}")
    result = json.loads(done.stdout.splitlines()[0])
    result["said"] = done.stderr.strip()
    return result


class Bursts:
    """The load generator on connections that stay, publishing when it is told to."""

    def __init__(self, stack, *words):
        self.process = subprocess.Popen(load_command(stack, *words, "--bursts"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.run(1)  # when it is back, all are connected

    def run(self, events):
        """Publishes so many and waits for all that comes of them."""
        print(events, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise StackError(f"the load generator: exit {self.process.wait()}")
        return json.loads(line)

    def close(self):
        self.process.communicate(timeout=60)


def xadd(stack, *words):
    done = subprocess.run([str(w) for w in (BUILD / "bench_xadd", "--port", stack.redis_port, *words)],
                          capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise StackError(f"bare XADD: {done.stderr}")
    return json.loads(done.stdout)


