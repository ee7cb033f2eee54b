"""The Debian packages under a real systemd, for deploy/test-packages --boot: units start in their order and within their
sandboxes, reload, are restarted when they die or hang, stop clean, start by themselves at boot, and are upgraded."""
import json
import re
import shutil

from machine import Booted, expect

MORE = ["systemd-sysv", "dbus", "iproute2", "procps", "curl", "ca-certificates", "mosquitto", "mosquitto-clients"]
UNITS = ["neighborsd", "neighbors-redis", "neighbors-edge", "neighbors-bridge", "neighbors-poll", "neighbors-watchdog"]
HOME = "listener 11883 127.0.0.1\nallow_anonymous true\n"  # a Mosquitto beside the broker has another port
HERE = r"""
export NEIGHBORS_KEYS=/etc/neighbors NEIGHBORS_BROKER=localhost:8883 NEIGHBORS_TLS_CA=/etc/neighbors/ca.crt
export NEIGHBORS_REDIS='unix:/run/neighbors-redis/redis.sock?user=neighbors&password-file=/etc/neighbors/redis.password'
cd /root
"""
EVENT = "neighbors publish motion --as device/cam --token-file cam.token --kind person"
ALERT = ("neighbors publish alert --as user/ann --token-file ann.token --category safety --at 34.0768,-118.0316 --headline "
         "'Street light out'")
FOLLOW = "neighbors watch --as user/ann --token-file ann.token --at 34.0768,-118.0316 --radius 1600 --count 1"


def here(booted, script):
    return booted.shell(HERE + script)


def pid(booted, unit):
    return int(booted.shows(unit, "MainPID")[0])


def ready(booted):
    return booted.try_run("curl", "-sf", "http://127.0.0.1:8885/readyz").returncode == 0


def wait_ready(booted):
    booted.until(lambda: ready(booted), lambda: "neighborsd is not ready:\n" + booted.run("journalctl", "-u", "neighborsd", "-n", "30"))


def journal(booted, event):
    """The lines of neighborsd of that event, with their fields."""
    lines = booted.run("journalctl", "-u", "neighborsd", "-o", "json", f"NEIGHBORS_EVENT={event}").splitlines()
    return [json.loads(line) for line in lines]


def metric(booted, pattern):
    """The sum of the metrics whose line the pattern begins."""
    page = booted.run("curl", "-s", "http://127.0.0.1:8885/metrics")
    return sum(float(value) for value in re.findall(rf"^neighbors_{pattern} (\S+)$", page, re.MULTILINE))


def connections(booted):
    return metric(booted, r'connections_open\{[^}]*listener="tls",version="(?:5|3.1.1)"\}')


def requests(booted):
    return metric(booted, r'http_requests_total\{[^}]*route="cap.atom",status="2xx"\}')


def set_up(booted):
    booted.run("neighbors", "setup", "--yes", "--host", "localhost", "--name", "Test town", "--at", "34.0768,-118.0316", "--contact",
               "root@localhost.localdomain")
    wait_ready(booted)
    began, there = booted.shows("neighborsd", "InactiveExitTimestampMonotonic")[0], \
        booted.shows("neighbors-redis", "ActiveEnterTimestampMonotonic")[0]
    expect(int(there) <= int(began), "neighborsd was started before Redis was there")
    here(booted, "neighbors enroll user ann --token-file ann.token; neighbors enroll device cam --household home --at "
                 f"34.0768,-118.0316 --token-file cam.token\n{EVENT}\n{ALERT}")
    expect("Street light out" in here(booted, FOLLOW), "a follower does not see the alert")


def sandboxes(booted):
    """What the units ask for is in force."""
    booted.run("systemd-analyze", "verify", *(f"{unit}.service" for unit in UNITS))
    for unit, capabilities in {"neighborsd": 1 << 10, "neighbors-redis": 0}.items():  # 10: ports below 1024
        booted.run("systemd-analyze", "security", "--threshold=20", "--no-pager", unit)
        status = dict(line.split(":\t", 1) for line in booted.run("cat", f"/proc/{pid(booted, unit)}/status").splitlines())
        expect((status["NoNewPrivs"], status["Seccomp"], int(status["CapBnd"], 16)) == ("1", "2", capabilities), f"{unit}: {status}")
        inside = booted.try_run("nsenter", "--target", pid(booted, unit), "--mount", "touch", "/etc/neighbors/x")
        expect("Read-only file system" in inside.stderr, f"{unit} may write in /etc: {inside.stderr}")


def reload_and_journal(booted):
    before = pid(booted, "neighborsd")
    booted.shell("echo 'log_level = \"debug\";' >> /etc/neighbors/neighborsd.conf; systemctl reload neighborsd")
    found = booted.until(lambda: journal(booted, "reloaded"), "nothing was reloaded")[-1]
    expect((found["NEIGHBORS_CHANGED"], found["NEIGHBORS_RESTART"], found["PRIORITY"], found["_TRANSPORT"]) == ("1", "0", "6", "journal"),
           f"a line of the journal: {found}")
    expect(journal(booted, "store_ready")[-1]["NEIGHBORS_DURABILITY"] == "always", "what the store tells has no fields")
    expect(pid(booted, "neighborsd") == before, "a reload is a restart")


def restarts(booted):
    """Whoever dies or hangs is there again, and nothing is lost."""
    for count, sign in enumerate(("KILL", "STOP"), 1):  # the second is found out by the watchdog
        before = pid(booted, "neighborsd")
        booted.run("kill", f"-{sign}", before)
        booted.until(lambda: pid(booted, "neighborsd") not in (0, before), f"not restarted after SIG{sign}", 120)
        wait_ready(booted)
        expect(booted.shows("neighborsd", "NRestarts") == [str(count)], f"restarted another number of times than {count}")
    expect("Watchdog timeout" in booted.run("journalctl", "-u", "neighborsd"), "it was not the watchdog")
    before = pid(booted, "neighbors-redis")
    booted.run("kill", "-KILL", before)
    booted.until(lambda: pid(booted, "neighbors-redis") not in (0, before), "Redis is not restarted")
    wait_ready(booted)
    expect("Street light out" in here(booted, FOLLOW), "Redis lost the alert")
    here(booted, EVENT)


def beside(booted):
    """The other programs run in their sandboxes, and do what they are for."""
    here(booted, r"""
neighbors enroll user watchdog --token-file /etc/neighbors/neighbors-watchdog.token
printf '%s\n' NEIGHBORS_BROKER=localhost:8883 NEIGHBORS_TLS_CA=/etc/neighbors/ca.crt NEIGHBORS_AS=user/watchdog WATCHDOG_RUN=true \
    > /etc/neighbors/neighbors-watchdog.env
neighbors enroll agency nws --drill no --name Weather --token-file /etc/neighbors/agency-nws.token
chown neighbors-poll /etc/neighbors/agency-nws.token
cat > /etc/neighbors/neighbors-poll.conf <<'END'
post = "http://127.0.0.1:8080/v1/alerts";
token_file = "/etc/neighbors/agency-nws.token";
state = "/var/lib/neighbors-poll/state.db";
feeds = ( { url = "http://127.0.0.1:8080/v1/cap.atom?cells=9qh1f5"; allow_http = true; allow_private = true; } );
END
neighbors enroll node city --devices 'lamp-*' --token-file /etc/neighbors/bridge.token
chown neighbors-bridge /etc/neighbors/bridge.token
cat > /etc/neighbors/neighbors-bridge.conf <<'END'
id = "node/city";
broker = { host = "localhost"; port = 8883; ca = "/etc/neighbors/ca.crt"; token_file = "/etc/neighbors/bridge.token"; };
outside = { host = "127.0.0.1"; port = 11883; };
inward = { rules = ( { topic = "city/{dev}/motion"; } ); };
END
mosquitto_pub -p 11883 -r -t frigate/front_door/detect/state -m ON
code=$(neighbors household invite home-10 --at 34.0768,-118.0316 --json | sed 's/.*"code": *"\([^"]*\)".*/\1/')
neighbors-edge setup --yes --start --broker https://localhost --ca /etc/neighbors/ca.crt --code "$code" --local 127.0.0.1:11883 --listen 1 \
    --share front_door:person --no-way-back
systemctl enable --now neighbors-bridge neighbors-poll neighbors-watchdog
""")
    booted.until(lambda: connections(booted) >= 3, lambda: f"edge, bridge and watchdog: {connections(booted)} connections")
    booted.until(lambda: booted.try_run("test", "-s", "/var/lib/neighbors-poll/state.db").returncode == 0, "the poller has no state")
    booted.until(lambda: requests(booted), "the poller asks for no feed")
    for unit in UNITS[2:]:
        booted.until(lambda: booted.shows(unit, "ActiveState", "NRestarts") == ["active", "0"],
                     lambda: f"{unit}:\n{booted.run('journalctl', '-u', unit, '-n', '30')}")


def stop_clean(booted):
    booted.run("systemctl", "stop", *UNITS)
    for unit in UNITS:
        state = booted.shows(unit, "ActiveState", "Result", "ExecMainCode", "ExecMainStatus")
        expect(state == ["inactive", "success", "1", "0"], f"{unit} stopped as {state}:\n{booted.run('journalctl', '-u', unit, '-n', '30')}")


def upgrade(booted, packages):
    redis = pid(booted, "neighbors-redis")
    before = pid(booted, "neighborsd")
    booted.run("dpkg", "--install", *packages)
    wait_ready(booted)
    expect(pid(booted, "neighborsd") != before and pid(booted, "neighbors-redis") == redis, "not the broker alone was restarted")
    expect('version="99.0.0"' in booted.run("curl", "-s", "http://127.0.0.1:8885/metrics"), "the former version runs")
    for unit in UNITS:
        booted.until(lambda: booted.shows(unit, "ActiveState") == ["active"], f"{unit} does not run any more")
    here(booted, EVENT)


def story(machine, next_packages, say):
    """machine: with the packages installed, and MORE."""
    (machine.root / "usr/sbin/policy-rc.d").unlink()
    (machine.root / "etc/mosquitto/conf.d/home.conf").write_text(HOME)
    packages = machine.bring(next_packages)
    with Booted(machine) as booted:
        say("booted")
        set_up(booted)
        say("set up: the first event and alert over TLS")
        sandboxes(booted)
        reload_and_journal(booted)
        say("the sandboxes are in force; reloaded; the journal has the fields")
        restarts(booted)
        say("who died or hung was restarted, and nothing was lost")
        beside(booted)
        say("edge, bridge, poller and watchdog run")
        stop_clean(booted)
        say("all stopped clean")
    with Booted(machine) as booted:
        wait_ready(booted)
        expect("Street light out" in here(booted, FOLLOW), "after a reboot the alert is gone")
        for unit in UNITS:
            booted.until(lambda: booted.shows(unit, "ActiveState") == ["active"], f"{unit} does not run after a reboot")
        say("booted again: all run by themselves, and have what they had")
        upgrade(booted, packages)
        say("upgraded: what ran was restarted, Redis not")
        booted.run("apt-get", "purge", "-y", "neighbors-broker", "neighbors-edge", "neighbors-tools")
        left = booted.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "neighbors*")
        expect("active running" not in left, f"after a purge there run\n{left}")
        secret = [name for name in ("edge.token", "owner.token", "broker-ca.pem", "token.key", "ca.key", "broker.secret", "redis.password")
                  if machine.has(f"/etc/neighbors/{name}")]
        expect(not secret, f"a purge leaves {secret}")
        say("purged: nothing runs")
    shutil.rmtree(machine.root / "root/packages", ignore_errors=True)
