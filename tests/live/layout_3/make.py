#!/usr/bin/python3
"""Makes what lies beside it anew: an installation as the version with layout 3 left it (its last commit is
92dad79). Run with that version built: NEIGHBORS_BUILD_TREE=<its build folder> tests/live/layout_3/make.py. The keys are for this alone.

dump.rdb is Redis' own snapshot, keys/ what an installation keeps apart from its data, story.json what was said, to be said again.
"""
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE_FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE_FOLDER.parent), str(HERE_FOLDER.parents[2] / "deploy")]

import mqtt  # noqa: E402
from case import AWAY, HERE, SETTINGS, alert, motion, now_ms  # noqa: E402
from footage import request  # noqa: E402
from redis_raw import Redis  # noqa: E402
from stack import Stack  # noqa: E402

AT = f"{HERE[0]},{HERE[1]}"
NEAR = "nb/v1/json/near/9qh1f5/1600/#"
STAYS = {"session_expiry": 30 * 86400}
# A name that is too long to be a field of the repeat state: a digest stands there.
LONG = "cam-" + "l" * 56
SECRETS = ("broker.secret", "token.key", "token.pub", "log.key", "log.pub")
BROWSER = {"endpoint": "https://push.example/secret-browser", "auth": "AAECAwQFBgcICQoLDA0ODw==",
           # The generator of P-256: a point that every one knows.
           "p256dh": "BGsX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU="}


class Story:
    def __init__(self, stack):
        self.stack, self.said = stack, {"tokens": {}}

    def enroll(self, who, *options):
        self.said["tokens"][who] = self.stack.enroll(who, *options)

    def connect(self, who, client_id, **options):
        connection = mqtt.Client(self.stack.mqtt_port)
        connack = connection.connect(client_id=client_id, username=who, password=self.said["tokens"][who].encode(), **options)
        assert connack.reason == 0, (who, connack)
        return connection

    def say(self, who, topic, content, client_id=None, **options):
        """One message of that session, which ends its connection and goes on."""
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        with self.connect(who, client_id or who.replace("/", "-"), clean=False, props=STAYS) as connection:
            answer = connection.publish(f"nb/v1/{topic}", content, **options)
            assert answer.reason == 0, (who, topic, answer)
            connection.send(mqtt.disconnect())
        return dict(answer.props.get("user", []))

    # ---- people

    def people(self):
        for number in range(1, 7):
            home = ("--household", f"home-{number}", "--at", AT, "--verified-since", "-30d")
            self.enroll(f"user/owner-{number}", *home)
            self.enroll(f"device/cam-{number}", *home, "--share", "person")
        self.enroll(f"device/{LONG}", "--household", "home-1", "--at", AT)
        self.enroll("edge/hub", "--household", "home-2")
        self.enroll("node/city", "--devices", "cam-*")
        self.enroll("user/new", "--household", "home-new", "--at", AT)
        self.enroll("user/troll", "--household", "home-troll", "--at", AT)
        self.enroll("user/follower")
        self.enroll("operator/desk")
        certificate = self.stack.folder / "pd.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.stack.folder / "pd.key", "-out",
                        certificate, "-days", "3650", "-subj", "/CN=pd"], check=True, capture_output=True)
        self.enroll("agency/pd", "--name", "Agency pd", "--certificate", str(certificate), "--officer", "lee", "--kind", "police")

    def operator(self):
        square = {"type": "Feature", "properties": {"id": "1"}, "geometry": {"type": "Polygon", "coordinates": [
            [[-118.1, 34.0], [-118.0, 34.0], [-118.0, 34.1], [-118.1, 34.1], [-118.1, 34.0]]]}}
        areas = self.stack.folder / "areas.geojson"
        areas.write_text(json.dumps({"type": "FeatureCollection", "features": [square]}))
        self.stack.neighbors("geocodes", "import", "--scheme", "zones", "--property", "id", areas)
        self.stack.neighbors("moderate", "ban", "user/troll", "--as", "operator/desk", "--for", "3650d", "--reason", "false reports")
        self.said["used_code"] = self.stack.neighbors("household", "verify", "home-new", "--way", "post")[-1]["code"]
        self.stack.neighbors("household", "verify", "home-new", "--code", self.said["used_code"])
        self.said["verified"] = self.stack.neighbors("household", "show", "home-new")[-1]["verified"]

    # ---- what is said

    def follow(self):
        with self.connect("user/follower", "phone", clean=False, props=STAYS) as phone:
            assert phone.subscribe(NEAR)[0] <= 2
            self.said["seen"] = self.say("agency/pd", "alert", alert("seen", headline="Seen before", lives=7 * 86400))["public-id"]
            while True:
                packet = phone.until(mqtt.PUBLISH, 30)
                if packet.qos:
                    phone.send(mqtt.ack(mqtt.PUBACK, packet.packet_id))
                if "Seen before" in packet.payload.decode():
                    break
            self.wait("HGET", "nb:{p:user/follower}:s:phone", "cursors")
            time.sleep(1)  # the cursor is saved lazily
            phone.send(mqtt.disconnect())

    def wait(self, *words):
        deadline = time.monotonic() + 30
        redis = Redis(self.stack.redis_port)
        while not redis(*words):
            assert time.monotonic() < deadline, words
            time.sleep(0.05)
        redis.close()

    def events(self):
        events = [{"seq": str(n), "at": str(now_ms() - 1800_000 + n), "activityId": f"a-{n}", "kind": "PERSON", "phase": "PULSE"}
                  for n in (1, 2, 4, 5)]
        session = now_ms() - 3600_000
        batch = json.loads(motion(*events, session=session))
        hub = batch | {"events": [event | {"device": "cam-2"} for event in events]}
        node = json.loads(motion(*[{"at": str(now_ms() - 1700_000 + n), "activityId": f"n-{n}", "device": "cam-4"} for n in range(3)]))
        self.said["numbered"] = {"device/cam-1": ["cam-1", batch], f"device/{LONG}": [LONG, batch], "edge/hub": ["hub", hub],
                                 "node/city": ["city", node]}
        for who, (client_id, content) in self.said["numbered"].items():
            self.say(who, "motion", content, client_id)
        for number in (2, 3, 4, 5, 6):
            self.say(f"device/cam-{number}", "motion", motion({"at": str(now_ms() - 1600_000)}))

    def under_way(self):
        """A packet of QoS 2 that was stored, and is not released."""
        content = motion({"at": str(now_ms() - 1500_000), "activityId": "twice"})
        self.said["under_way"] = ["device/cam-3", "qos2", 7, content.decode()]
        with self.connect("device/cam-3", "qos2", clean=False, props=STAYS) as camera:
            camera.send(mqtt.publish("nb/v1/motion", content, 2, 7))
            assert camera.until(mqtt.PUBREC, 30).reason == 0

    def alerts(self):
        parts = [self.say(f"user/owner-{n}", "alert", alert(f"crowbar-{n}", lives=7 * 86400, headline="A man with a crowbar",
                                                            description="He tries the doors, one after the other."))
                 for n in (1, 2)]
        self.said["merged"] = parts[0]["public-id"]
        self.said["missed"] = self.say("agency/pd", "alert", alert("missed", headline="Missed meanwhile", lives=7 * 86400))["public-id"]
        self.say("agency/pd", "alert", alert("over", headline="Over soon", lives=7 * 86400))
        self.say("agency/pd", "alert", {"senderAlertId": "over-2", "msgType": "CANCEL", "references": ["over"]})

    def talk(self):
        for number in range(1, 7):  # of fewer households nobody is asked
            self.say(f"user/owner-{number}", "settings", {"footage": {"rules": [{"incidents": ["BURGLARY"]}]}})
        self.say("user/owner-4", "settings", {"sharing": {"rules": [{"kinds": ["PERSON", "VEHICLE"]}]}})
        with self.connect("user/owner-4", "owner-4-app", clean=False, props=STAYS) as owner:
            assert owner.subscribe("nb/v1/json/inbox/#")[0] <= 2
            self.said["request"] = self.say("agency/pd", "footage-request", request("24-1187", open_s=6 * 86400))["request-id"]
            owner.until(mqtt.PUBLISH, 60, lambda p: self.said["request"] in p.payload.decode())
        self.said["tip"] = self.say("user/owner-1", "tip", {"senderTipId": "tip-1", "agency": "pd", "text": "A red cap"})
        self.say("user/owner-1", "push", BROWSER | {"places": [{"cell": "9q5g0s", "metres": 1600}]})

    def forget(self):
        """Nobody begins with it: neighborsd has ended. Of one household everything is to go, of another it has begun."""
        redis = Redis(self.stack.redis_port)
        for home, user in (("home-6", "user/owner-6"), ("home-5", "user/owner-5")):
            redis("FCALL", "nb_forget_add", 0, home, user, user.replace("/", "-"), "", 0, 9999999999999, 1, 1, 1, "all", now_ms())
        redis("FCALL", "nb_forget_step", 0, "nobody", now_ms(), 86400000)
        redis("DEL", "nb:lease:forget")
        redis.close()


def main():
    folder = Path(tempfile.mkdtemp(prefix="neighbors-layout-3-"))
    settings = SETTINGS | {"release_households": 2, "merge_minutes": 30, "tree_head_s": 1,
                           "push_hosts": "push.example", "footage_release_s": 1}
    try:
        with Stack(folder, settings=settings) as stack:
            stack.start_redis()
            stack.make_keys()
            stack.start_broker()
            story = Story(stack)
            story.said["at"] = now_ms()
            story.people()
            story.operator()
            story.follow()
            story.events()
            story.under_way()
            story.alerts()
            story.talk()
            story.wait("HGET", "nb:{log}:tree", "head")
            time.sleep(3)  # what waits is released, heads are signed
            stack.kill("neighborsd")  # as after a crash: leases and all
            story.forget()
            story.said["at"] = now_ms()
            stack.redis_command("SAVE")
            shutil.copy(folder / "redis" / "dump.rdb", HERE_FOLDER / "dump.rdb")
            (HERE_FOLDER / "keys").mkdir(exist_ok=True)
            for name in SECRETS:
                shutil.copy(folder / "keys" / name, HERE_FOLDER / "keys" / name)
            (HERE_FOLDER / "story.json").write_text(json.dumps(story.said, indent=1) + "\n")
            print(stack.redis_command("DBSIZE"), "keys")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
