"""A private neighborhood on loopback: Redis, neighborsd, a home's Mosquitto with neighbors-edge beside it, people, and the
sample, replayed through the real path. ./run builds and calls this."""
import argparse
import fcntl
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

from cap_sample import read_documents
from sample import DEVICES, LEAF, SAMPLE, Sample
from stack import BUILD, ENVIRONMENT, ROOT, Stack, StackError, die_with_parent, port_open, tail

PLACE = "34.0768,-118.0316"  # in the leaf cell of the sample neighborhood
HOUSEHOLDS = 6
HOME_TOPICS = ["frigate", "ring", "zigbee2mqtt", "shellies"]
MAPS = ["frigate", "ring-mqtt", "zigbee2mqtt", "shelly"]
# Whoever tries it out says more in an hour than a neighbor does.
# The sample replays in seconds what its devices saw in minutes: each event is to be seen, so none is one with another.
LIMITS = {"resident_alerts_hour": 200, "cell_alerts_hour": 600, "cooldown_s": 0}
RESIDENTS = ["ann", "ben", "cara", "dan", "eve"]
# What they may be asked for footage of; and how often what was shared is given out, for whoever tries that.
INCIDENTS = ["BURGLARY", "ROBBERY", "VEHICLE_THEFT", "HIT_AND_RUN", "MISSING_PERSON"]
BATCH_S = 10
COUNTY = SAMPLE / "geocodes/same-los-angeles-county.geojson"
POLICE = "el-monte-police"
# What they are called, and where they may warn. Nobody sits here to approve as their second officer.
AGENCIES = {"el-monte-police": ["El Monte Police (sample)", "--jurisdiction", COUNTY],
            "el-monte-fire": ["El Monte Fire (sample)"],
            "weather-service": ["Weather Service (sample)"]}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./run", description="Starts a private neighborhood on loopback and replays the "
                                     "sample. Ctrl-C stops everything that it started.")
    parser.add_argument("--once", action="store_true", help="stop after the sample; exit 0 when all of it was seen")
    parser.add_argument("--data", default=str(ROOT / ".data"), metavar="DIR", help="where state is kept (./.data)")
    parser.add_argument("--port-base", type=int, default=18830, metavar="P", help="MQTT; P+1 TLS, P+2 HTTP and WebSocket, "
                        "P+3 Redis, P+4 the home's Mosquitto, P+5 metrics, P+6 HTTP and WebSocket over TLS (18830)")
    arguments = parser.parse_args()
    if not 1 <= arguments.port_base <= 65529:
        parser.error("argument --port-base: from 1 to 65529, for seven ports")
    return arguments


def say(text=""):
    print(text, flush=True)


# ---- the installation --------------------------------------------------------------------------------------------

class Neighborhood(Stack):
    def __init__(self, folder, base):
        super().__init__(folder, base, base + 1, base + 2, base + 3, base + 4, base + 5, base + 6,
                         LIMITS | {"footage_release_s": BATCH_S, "tree_head_s": 5, "portal_directory": str(BUILD / "portal"), "portal_center": PLACE,
                                   "portal_name": "El Monte"})
        self.base = base
        self.lock = open(self.folder / "run.lock", "w")

    def claim(self):
        """Nobody else may use the folder or the ports."""
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError(f"another ./run uses {self.folder}; give this one another --data and --port-base") from None
        self.stop_stale()
        for old in self.logs.glob("*.log"):
            old.unlink()
        for port in range(self.base, self.base + 7):
            if port_open(port):
                raise StackError(f"something listens on port {port} already; choose others with --port-base")

    def enroll_everybody(self):
        for number in range(1, HOUSEHOLDS):
            self.enroll(f"device/porch-{number}", "--household", f"sample-{number}", "--at", PLACE, "--share", "all",
                        "--verified-since", "-30d")
        for identifier in DEVICES.values():
            self.enroll(f"device/{identifier}", "--household", "sample-home", "--at", PLACE, "--share", "all",
                        "--verified-since", "-30d")
        self.enroll("edge/sample-home", "--household", "sample-home", "--at", PLACE, "--certificate-out",
                    self.certificate("edge/sample-home"))
        for identifier, about in AGENCIES.items():
            desk = ["--officer", "lee", "--certificate", self.make_certificate()] if identifier == POLICE else []
            self.enroll(f"agency/{identifier}", "--second-officer", "no", "--certificate-out",
                        self.certificate(f"agency/{identifier}"), *desk, "--name", *about)
        self.neighbors("geocodes", "import", COUNTY, "--scheme", "SAME")
        for identifier in RESIDENTS:
            self.enroll(f"user/{identifier}", "--household", f"sample-{identifier}", "--at", PLACE, "--verified-since", "-30d")
            self.enroll(f"device/{identifier}-door", "--household", f"sample-{identifier}", "--at", PLACE)
        self.enroll("user/sample-follower")

    def make_certificate(self):
        """To which what residents share with the police is sealed."""
        folder = self.folder / "desk"
        folder.mkdir(exist_ok=True)
        if not (folder / "police.pem").exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "police.key", "-out",
                            folder / "police.pem", "-days", "3650", "-subj", "/CN=el-monte-police"], check=True, capture_output=True)
        return folder / "police.pem"

    def open_to_requests(self):
        """The residents' cameras saw something, and they may be asked for it: off until they say so."""
        rules = json.dumps({"footage": {"rules": [{"incidents": INCIDENTS}]}})
        for identifier in RESIDENTS:
            self.neighbors("publish", "motion", "--as", f"device/{identifier}-door", "--kind", "person", "--when", "-10m")
            user = f"user/{identifier}"
            subprocess.run(["mosquitto_pub", "-V", "5", "-h", "127.0.0.1", "-p", str(self.mqtt_port), "-u", user, "-P",
                            self.token_file(user).read_text().strip(), "-q", "1", "-t", "nb/v1/settings", "-m", rules], check=True,
                           capture_output=True)

    def start_edge(self):
        # The sample is compared with a dry run, in which the edge meets its devices for the first time.
        for old in self.folder.glob("home-spool.db*"):
            old.unlink()
        certificate = self.certificate("edge/sample-home")
        (self.folder / "edge.conf").write_text("together_s = 0;\nhold_off_s = 0;\n")  # as cooldown_s in LIMITS
        words = [BUILD / "neighbors-edge", "run", "--config", self.folder / "edge.conf", "--id", "edge/sample-home", "--local", f"127.0.0.1:{self.home_port}",
                 "--broker", f"127.0.0.1:{self.tls_port}", "--broker-ca", self.keys / "ca.crt", "--broker-cert",
                 f"{certificate}.crt", "--broker-key", f"{certificate}.key", "--spool", self.folder / "home-spool.db", "--assume-quiet"]
        for name in MAPS:
            words += ["--map", name]
        for source, identifier in DEVICES.items():
            words += ["--device", f"{source}={identifier}:all"]
        self.start("edge", words)
        self.wait_for("edge", lambda: all(f" {prefix}/" in tail(self.logs / "home.log", 500) for prefix in HOME_TOPICS),
                      "neighbors-edge")

    def broker_log(self):
        return (self.logs / "neighborsd.log").read_text(errors="replace")

    def store_known(self):
        """neighborsd has met its Redis, and can use what is there or cannot."""
        return "store_ready" in self.broker_log() or "store_layout" in self.broker_log()

    def start_all(self):
        self.claim()
        self.start_redis()
        self.make_keys()
        self.start_broker()
        self.wait_for("neighborsd", self.store_known, "the store")
        if "store_ready" not in self.broker_log():
            raise StackError(f"{self.folder} holds the data of another version; remove it, or choose another folder with --data")
        self.enroll_everybody()
        self.open_to_requests()
        self.start_home()
        self.start_edge()


# ---- for the newcomer ----------------------------------------------------------------------------------------------

def shown(path):
    """A path as one would type it here."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def options(stack):
    """What the command line needs beyond its defaults."""
    return "" if stack.folder == (Path.cwd() / ".data").resolve() else f" --data {shown(stack.folder)}"


def documents_to_try(stack):
    """Documents that nobody has sent yet, for whoever wants to be the fire desk."""
    folder = stack.folder / "try"
    folder.mkdir(exist_ok=True)
    for document in read_documents(SAMPLE / "try", time.time(), f"-{int(time.time())}"):
        (folder / f"{document.name}.xml").write_bytes(document.body)
    return folder


def portal_link(stack, who):
    """The portal with somebody signed in; what stands behind "#" stays in the browser."""
    words = urlencode({"name": who, "token": stack.token_file(who).read_text().strip()})
    return f"http://127.0.0.1:{stack.http_port}/#/sign-in?{words}"


def greet(stack):
    neighbors, token = shown(BUILD / "neighbors"), shown(stack.token_file("user/ann"))
    login = f"-V 5 -h 127.0.0.1 -p {stack.mqtt_port} -u user/ann -P \"$(cat {token})\""
    hello = ('{"senderAlertId":"hello-1","category":"safety","headline":"Street light out",'
             '"place":{"point":{"latE7":340768000,"lonE7":-1180316000}}}')
    fire, attempts = shown(stack.token_file("agency/el-monte-fire")), shown(documents_to_try(stack))
    say(f"""
The neighborhood is up. In a browser, as the resident ann and as the police:

  {portal_link(stack, "user/ann")}
  {portal_link(stack, "agency/" + POLICE)}

In another terminal:

  follow it       {neighbors} watch --as user/ann --at {PLACE}{options(stack)}
  or so           mosquitto_sub {login} -t 'nb/v1/json/near/{LEAF}/1600/#'
  warn it         {neighbors} publish alert --as user/ann --category safety --at {PLACE} --headline 'Street light out'{options(stack)}
  or so           mosquitto_pub {login} -q 1 -t nb/v1/alert -m '{hello}'
  as an agency    curl -d @{attempts}/water-main-1-alert.xml -H "Authorization: Bearer $(cat {fire})" http://127.0.0.1:{stack.http_port}/v1/alerts
  end that        curl -d @{attempts}/water-main-2-cancel.xml -H "Authorization: Bearer $(cat {fire})" http://127.0.0.1:{stack.http_port}/v1/alerts

  MQTT 127.0.0.1:{stack.mqtt_port}, TLS {stack.tls_port} (authority {shown(stack.keys / 'ca.crt')}), WebSocket ws://127.0.0.1:{stack.http_port}/mqtt
  HTTP and WebSocket over TLS {stack.https_port}; the sample home's edge and agencies have certificates in {shown(stack.folder / 'certificates')}
  Portal http://127.0.0.1:{stack.http_port}/   Metrics http://127.0.0.1:{stack.metrics_port}/metrics
  State and logs in {shown(stack.folder)}; Ctrl-C stops everything that was started here.
""")


def watch(stack):
    """The feed of the sample neighborhood, in this terminal, as it arrives."""
    return subprocess.Popen(stack.secure_command("watch", "--at", PLACE, "--radius", "8000", "--as", "user/ben"),
                            stdin=subprocess.DEVNULL, env=ENVIRONMENT, process_group=0, preexec_fn=die_with_parent)


def main():
    arguments = parse_arguments()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    feed = None
    try:
        with Neighborhood(arguments.data, arguments.port_base) as stack:
            try:
                stack.start_all()
                greet(stack)
                feed = watch(stack)
                sample = Sample(stack)
                sample.replay()
                sample.wait()
                sample.follower.close()
                if arguments.once:
                    feed.terminate()
                    feed.wait()
                    return sample.report()
                sample.report()
                say("The sample is over; the feed goes on. Ctrl-C stops.")
                while stack.processes["neighborsd"].poll() is None:
                    time.sleep(0.5)
                raise StackError("neighborsd ended by itself\n" + tail(stack.logs / "neighborsd.log"))
            finally:
                if feed and feed.poll() is None:
                    feed.terminate()
                    feed.wait()
    except KeyboardInterrupt:
        say("stopped")
        return 0 if not arguments.once else 1
    except (StackError, subprocess.SubprocessError, OSError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
