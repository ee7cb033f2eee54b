"""A private installation in one folder, on loopback: Redis, neighborsd, a home's Mosquitto. For ./run and the live tests.

What is started here is stopped here, newest first, and dies with the program that started it."""
import ctypes
import json
import os
import queue
import random
import signal
import socket
import subprocess
import threading
import time
import weakref
from concurrent.futures import Future
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("NEIGHBORS_BUILD_TREE", ROOT / "build"))
# All is on loopback, where whatever proxy this machine has for the outside reaches nobody: neither we nor what we start asks it.
for _name in ("no_proxy", "NO_PROXY"):
    os.environ[_name] = ",".join(filter(None, [os.environ.get(_name), "127.0.0.1", "localhost"]))
# Debian has Mosquitto where only root looks.
os.environ["PATH"] = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin"
# The CONTRACT's variables configure neighborsd; a stray one must not leak into a private installation.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("NEIGHBORS_")}


class StackError(Exception):
    """Something could not be started or refused to work; the text is for the user."""


_prctl = ctypes.CDLL(None).prctl  # looked up here: between fork and exec another thread may have had the linker's lock for ever


def die_with_parent():
    """For the child to call. To the kernel the parent is the thread that started it: see by_a_thread_that_lasts."""
    _prctl(1, signal.SIGTERM)


_lasting = {}  # process: its queue of (call, Future), which a thread works through; a fork has none
_lasting_lock = threading.Lock()


def by_a_thread_that_lasts(call):
    """What the call gives back, done by a thread that ends with the program: the main one, or one that is there for it."""
    if threading.current_thread() is threading.main_thread():
        return call()
    with _lasting_lock:
        if os.getpid() not in _lasting:
            _lasting[os.getpid()] = queue.SimpleQueue()
            threading.Thread(target=do_all, args=(_lasting[os.getpid()],), daemon=True).start()
    done = Future()
    _lasting[os.getpid()].put((call, done))
    return done.result()


def do_all(calls):
    while True:
        call, done = calls.get()
        try:
            done.set_result(call())
        except Exception as error:  # for whoever asked for it
            done.set_exception(error)


# Below those that the kernel gives to outgoing connections, which would take one between two starts of a server.
PORTS = range(20000, 28000)
_reserved = []  # sockets that only hold a name: a port is nobody else's as long as this program runs


def reserve(port):
    """True when no other program that uses this has the port."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0neighbors-port-{port}")
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


def free_port():
    while True:
        port = random.choice(PORTS)
        if not reserve(port) or port_open(port):  # in this order: somebody else's server may be one that counts who comes
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass  # a server that does not answer yet, or no more


def port_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def tail(path, lines=15):
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def born(pid):
    """When a process began, in the kernel's ticks: with its pid, a name that is never used twice. None: there is no such."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def stopped(pid):
    """Whether it is frozen by a signal."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


class Stack:
    """settings: of neighborsd, over what deploy/neighborsd.conf and this folder say."""

    checks = []  # of who tests: each is called with a stack that has stopped, and raises StackError
    alive = weakref.WeakSet()  # those of this program that have not stopped

    def __init__(self, folder, mqtt_port=0, tls_port=0, http_port=0, redis_port=0, home_port=0, metrics_port=0,
                 https_port=0, settings=None):
        self.folder = Path(folder).resolve()
        self.mqtt_port = mqtt_port or free_port()
        self.redis_port = redis_port or free_port()
        self.home_port = home_port or free_port()
        self.tls_port, self.http_port, self.metrics_port = tls_port, http_port, metrics_port
        self.https_port = https_port
        self.settings = settings or {}
        self.keys = self.folder / "keys"
        self.logs = self.folder / "log"
        self.processes, self.programs = {}, {}  # programs: what each is, by the same name
        self.places = set()  # "LAT,LON" that somebody was enrolled at
        for path in (self.folder, self.logs, self.folder / "redis", self.folder / "tokens",
                     self.folder / "certificates"):
            path.mkdir(parents=True, exist_ok=True)
        (self.folder / "tokens").chmod(0o700)
        Stack.alive.add(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- processes ----

    def start(self, name, command, environment=None):
        """Starts a program in a process group of its own, so that Ctrl-C reaches only us."""
        with open(self.logs / f"{name}.log", "ab") as log:
            process = by_a_thread_that_lasts(lambda: subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=ENVIRONMENT | (environment or {}), preexec_fn=die_with_parent, process_group=0))
        self.processes[name] = process
        self.programs[name] = Path(str(command[0])).name
        with open(self.folder / "processes", "a") as record:
            record.write(f"{process.pid} {born(process.pid)}\n")
        return process

    def stop_stale(self):
        """Ends what an earlier run in this folder left behind when it was killed."""
        record = self.folder / "processes"
        for line in record.read_text().splitlines() if record.exists() else []:
            pid, began = line.split()
            deadline = time.monotonic() + 8
            while born(pid) == began:
                os.kill(int(pid), signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
                time.sleep(0.1)
        record.unlink(missing_ok=True)

    def wait_for(self, name, ready, what, seconds=60):
        """Until ready() is true. StackError with the end of the log when the program ends or the time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            ended = self.processes[name].poll()
            if ended is not None or time.monotonic() > deadline:
                raise StackError(f"{what}: " + (f"it ended with {ended}" if ended is not None else "not ready in time")
                                 + "\n" + tail(self.logs / f"{name}.log"))
            time.sleep(0.02)

    def kill(self, name, sign=signal.SIGKILL):
        process = self.processes.pop(name)
        process.send_signal(sign)
        if sign == signal.SIGKILL:
            process.send_signal(signal.SIGCONT)
        process.wait()

    def stop_one(self, name, seconds=20):
        process = self.processes.pop(name, None)
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self):
        for name in reversed(list(self.processes)):
            self.stop_one(name)
        (self.folder / "processes").unlink(missing_ok=True)
        Stack.alive.discard(self)
        for check in self.checks:
            check(self)

    def broker_logs(self, lines=25):
        """The ends of what its neighborsd have said, for whoever has to find out why something went wrong."""
        return "".join(f"---- {name}, the end of its log:\n{tail(self.logs / f'{name}.log', lines)}\n"
                       for name, program in self.programs.items() if program == "neighborsd")

    # ---- the store ----

    def redis_command(self, name, *words):
        return subprocess.run(["redis-cli", "-h", "127.0.0.1", "-p", str(self.redis_port), name, *words],
                              capture_output=True, text=True, timeout=30, env=ENVIRONMENT).stdout.strip()

    def redis_users(self):
        """The programs log in as a user that may do only what they do. Whoever looks in by hand on loopback may do all."""
        if not (self.keys / "redis.password").exists():
            self.neighbors("ca", "redis")
        users = (self.keys / "redis-users.acl").read_text()
        path = self.folder / "redis" / "users.acl"
        path.write_text(users.replace("user default off resetpass", "user default on nopass"))
        return path

    def start_redis(self, preload=None, fsync="always"):
        self.start("redis", ["redis-server", ROOT / "deploy/redis.conf", "--port", self.redis_port, "--bind", "127.0.0.1",
                             "--aclfile", self.redis_users(), "--appendfsync", fsync, "--dir", self.folder / "redis", "--daemonize", "no", "--logfile", "", "--pidfile",
                             self.folder / "redis.pid"], {"LD_PRELOAD": str(preload)} if preload else None)
        self.wait_for("redis", lambda: self.redis_command("PING") == "PONG", f"Redis on port {self.redis_port}")

    @property
    def redis_url(self):
        return f"redis://neighbors@127.0.0.1:{self.redis_port}?password-file={self.keys}/redis.password"

    # ---- keys and people ----

    def command(self, *words):
        """A call of the command line that means this installation."""
        return [str(BUILD / "neighbors"), *map(str, words), "--data", str(self.folder), "--redis", self.redis_url,
                "--broker", f"127.0.0.1:{self.mqtt_port}"]

    def secure_command(self, *words):
        """The same over TLS."""
        return [str(BUILD / "neighbors"), *map(str, words), "--data", str(self.folder), "--redis", self.redis_url,
                "--broker", f"127.0.0.1:{self.tls_port}", "--tls-ca", str(self.keys / "ca.crt")]

    def make_keys(self):
        if not (self.keys / "token.key").exists():
            self.neighbors("ca", "init")

    def enroll(self, name, *options):
        """Enrols `<role>/<id>` and gives back its token, which is kept in the folder too. Agencies need no drill unless
        the options say so."""
        role, identifier = name.split("/")
        if role == "agency" and "--drill" not in options:
            options += ("--drill", "no")
        self.places.update(place for option, place in zip(options, options[1:]) if option == "--at")
        return self.neighbors("enroll", role, identifier, "--token-file", self.token_file(name), *options)[-1]["token"]

    def certificate(self, name):
        """Where the key and the certificate of `<role>/<id>` are, without .key and .crt."""
        return self.folder / "certificates" / name.replace("/", "-")

    def token_file(self, name):
        return self.folder / "tokens" / (name.replace("/", "-") + ".token")

    def neighbors(self, *words, check=True, timeout=120):
        """Runs the command line with --json and gives back the objects that it printed."""
        done = subprocess.run(self.command(*words, "--json"), capture_output=True, text=True, timeout=timeout,
                              env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise StackError(f"neighbors {' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr}{done.stdout}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    # ---- the broker ----

    def write_settings(self, name, **more):
        """The configuration file of one neighborsd."""
        values = {"node": name, "redis_url": self.redis_url, "token_public_key": str(self.keys / "token.pub"),
                  "secret_file": str(self.keys / "broker.secret"), "mqtt_address": "127.0.0.1", "mqtt_port": self.mqtt_port,
                  "tls_address": "127.0.0.1", "tls_port": self.tls_port, "http_port": self.http_port,
                  "metrics_port": self.metrics_port} | self.settings | more
        if (self.keys / "log.key").exists():  # keys of before have none: their record is not signed
            values = {"log_key_file": str(self.keys / "log.key")} | values
        if (self.keys / "push.key").exists():
            values = {"push_key_file": str(self.keys / "push.key"), "push_contact": "mailto:operator@example.org"} | values
        if self.tls_port or self.https_port:
            values = {"tls_certificate": str(self.keys / "server.crt"), "tls_key": str(self.keys / "server.key"),
                      "tls_client_ca": str(self.keys / "ca.crt"),
                      "tls_client_crl": str(self.keys / "ca.crl") if (self.keys / "ca.crl").exists() else "",
                      "https_address": "127.0.0.1", "https_port": self.https_port} | values
        path = self.folder / f"{name}.conf"
        path.write_text("".join(f"{key} = {json.dumps(value, ensure_ascii=False)};\n" for key, value in values.items()))
        return path

    def start_broker(self, name="neighborsd", wait=True, **more):
        config = self.write_settings(name, **more)
        before = self.times_ready(name)
        self.start(name, [BUILD / "neighborsd", "--config", config])
        if wait:  # for itself: another may serve the same port already
            self.wait_for(name, lambda: self.times_ready(name) > before, f"neighborsd on port {self.mqtt_port}")

    def times_ready(self, name):
        """How often the log says that a process serves."""
        log = self.logs / f"{name}.log"
        return sum(line.startswith("ready ") or '"event":"ready"' in line for line in log.read_text().splitlines()) if log.exists() else 0

    # ---- the sample home ----

    def start_home(self):
        """The home's own Mosquitto, and nothing of ours in it."""
        config = self.folder / "home.conf"
        stays = "user root\n" if os.getuid() == 0 else ""  # who becomes another user does not die with its parent any more
        config.write_text((ROOT / "deploy/mosquitto-home.conf").read_text() + f"listener {self.home_port} 127.0.0.1\n" + stays)
        self.start("home", ["mosquitto", "-c", config])
        self.wait_for("home", lambda: port_open(self.home_port), f"Mosquitto on port {self.home_port}")
