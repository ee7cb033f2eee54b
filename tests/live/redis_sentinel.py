"""A stack whose Redis is a master with two replicas, watched by a sentinel that wants a password, on loopback in one folder."""
import shutil
import subprocess
import time

from stack import ENVIRONMENT, ROOT, Stack, StackError, free_port

PASSWORD, NAME = "quiet-street", "town"
CALM_MS, CLOSE_MS = 600000, 1000  # so long a master says nothing before it is held to be dead: a busy machine is no reason


class SentinelStack(Stack):
    """nodes: name -> port; who of them is the master the sentinel says."""

    def __init__(self, folder, **options):
        super().__init__(folder, **options)
        self.nodes = {f"redis-{number}": free_port() for number in range(3)}
        self.sentinel_port = free_port()
        self.sentinel_password = self.folder / "sentinel.password"

    @property
    def redis_url(self):
        return (f"redis+sentinel://neighbors@127.0.0.1:{self.sentinel_port}/{NAME}?password-file={self.keys}/redis.password"
                f"&sentinel-password-file={self.sentinel_password}")

    def ask(self, port, *words, password=None):
        """What redis-cli prints; the user is who looks in by hand and may do all."""
        environment = ENVIRONMENT | ({"REDISCLI_AUTH": password} if password else {})
        return subprocess.run(["redis-cli", "-p", str(port), *map(str, words)], capture_output=True, text=True, timeout=30,
                              env=environment).stdout.strip()

    def until(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise StackError(f"not in time: {what}")
            time.sleep(0.05)

    # ---- the servers ----

    def start_redis(self, preload=None, fsync="always"):
        self.users = self.redis_users()
        first = next(iter(self.nodes.values()))
        for name, port in self.nodes.items():
            folder = self.folder / name
            folder.mkdir(exist_ok=True)
            config = shutil.copy(ROOT / "deploy/redis.conf", folder / "redis.conf")  # the sentinel has it written anew
            follows = () if port == first else ("--replicaof", f"127.0.0.1 {first}")
            self.start(name, ["redis-server", config, "--port", port, "--bind", "127.0.0.1", "--aclfile", self.users,
                              "--appendfsync", fsync, "--dir", folder, "--daemonize", "no", "--logfile", "", "--pidfile",
                              folder / "pid", "--repl-diskless-sync-delay", 0, *follows])
        for name, port in self.nodes.items():
            link = "role:master" if port == first else "master_link_status:up"
            self.wait_for(name, lambda: link in self.ask(port, "INFO", "replication"), f"{name}: {link}")
        self.start_sentinel(first)

    def start_sentinel(self, master):
        self.sentinel_password.write_text(PASSWORD + "\n")
        self.sentinel_password.chmod(0o600)
        folder = self.folder / "sentinel"
        folder.mkdir(exist_ok=True)
        config = folder / "sentinel.conf"  # it writes into it
        config.write_text(f"port {self.sentinel_port}\nbind 127.0.0.1\ndir {folder}\nrequirepass {PASSWORD}\n"
                          f"sentinel monitor {NAME} 127.0.0.1 {master} 1\nsentinel down-after-milliseconds {NAME} {CALM_MS}\n"
                          f"sentinel failover-timeout {NAME} 5000\n")
        self.start("sentinel", ["redis-server", config, "--sentinel"])
        self.wait_for("sentinel", lambda: "slaves=2" in self.ask(self.sentinel_port, "INFO", "sentinel", password=PASSWORD),
                      "the sentinel knows of both replicas")
        # One that stood still for two seconds does nothing for thirty: on a busy machine it need not.
        self.ask(self.sentinel_port, "SENTINEL", "DEBUG", "tilt-trigger", CALM_MS, password=PASSWORD)

    # ---- what happens to it ----

    def master(self):
        """The port of the master that the sentinel names."""
        return int(self.ask(self.sentinel_port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME, password=PASSWORD).split()[-1])

    def held_dead_after(self, milliseconds):
        said = self.ask(self.sentinel_port, "SENTINEL", "SET", NAME, "down-after-milliseconds", milliseconds, password=PASSWORD)
        if said != "OK":
            raise StackError(f"the sentinel says {said}")

    def kill_master(self):
        """Its port; nobody has taken over yet, and somebody will."""
        port = self.master()
        self.held_dead_after(CLOSE_MS)
        self.kill(next(name for name, its in self.nodes.items() if its == port))
        return port

    def wait_for_heir(self, fallen, seconds=120):
        """Until the sentinel names another; to that one it gives time again."""
        self.until(lambda: self.master() != fallen, "another master is named", seconds)
        self.held_dead_after(CALM_MS)
