"""neighbors-bridge between brokers that exist (Mosquitto, ejabberd) and a real neighborsd: events in, stored once, whatever
is killed in between, acknowledged only when stored; the feed of chosen cells out, in both encodings."""
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from collections import Counter
from pathlib import Path

import paho.mqtt.client as paho
import redis

from case import alert, now_ms
from home import BUILD, Mosquitto, Neighborhood, PATIENCE, die_with_parent, free_port, schema, wait_until
from watched import read_metrics

BRIDGE = BUILD / "neighbors-bridge"
LAMPS = ("lamp-1", "lamp-2", "lamp-3")
PREFIX = "neighbors/feed"
_numbers = itertools.count(1)


class Ejabberd:
    """A private one, as a broker of MQTT 5. What it keeps for who is away, it keeps in memory."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        folder.mkdir()
        (folder / "ejabberd.yml").write_text(
            "hosts: [localhost]\nloglevel: warning\nauth_method: [anonymous]\nanonymous_protocol: login_anon\n"
            f'allow_multiple_connections: true\nlisten:\n  - port: {self.port}\n    ip: "127.0.0.1"\n    module: mod_mqtt\n'
            "modules:\n  mod_mqtt: {}\n")

    def start(self):
        environment = os.environ | {"EJABBERD_CONFIG_PATH": str(self.folder / "ejabberd.yml"), "HOME": str(self.folder),
                                    "EJABBERD_LOG_PATH": str(self.folder / "ejabberd.log"),
                                    "ERL_LIBS": "/usr/lib/" + os.uname().machine + "-linux-gnu"}
        self.process = subprocess.Popen(["erl", "-noinput", "-mnesia", "dir", f'"{self.folder}/db"', "-s", "ejabberd"],
                                        env=environment, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=die_with_parent)
        wait_until(self.answers, "ejabberd answers", 180)

    def answers(self):
        """It listens before it serves."""
        return subprocess.run(["mosquitto_pub", "-V", "5", "-p", str(self.port), "-u", "probe@localhost", "-P", "x", "-q", "1",
                               "-t", "probe", "-m", "x"], capture_output=True).returncode == 0

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


class Listener:
    """Somebody at the other broker who keeps all that comes under the prefix."""

    def __init__(self, port):
        self.heard = []
        self.client = paho.Client(f"listener-{next(_numbers)}", protocol=paho.MQTTv5)
        self.client.username_pw_set("listener@localhost", "x")
        self.client.on_connect = lambda client, *_: client.subscribe(PREFIX + "/#", qos=1)
        self.subscribed = False
        self.client.on_subscribe = lambda *_: setattr(self, "subscribed", True)
        self.client.on_message = lambda _, __, message: self.heard.append(message)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        wait_until(lambda: self.subscribed, "the listener has subscribed")

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class BridgeCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.town_folder = Path(tempfile.mkdtemp(prefix="neighbors-bridge-"))
        cls.addClassCleanup(shutil.rmtree, cls.town_folder, True)
        cls.town = Neighborhood(cls.town_folder, (), clock_past_s=3600)
        cls.stack = cls.town.stack
        cls.stack.stop_one("neighborsd")
        cls.stack.metrics_port = free_port()
        cls.stack.start_broker()
        cls.addClassCleanup(cls.stack.stop)
        cls.schema = schema(cls.town_folder)
        for number, lamp in enumerate((*LAMPS, "gate-1")):
            cls.stack.enroll(f"device/{lamp}", "--household", f"home-{number}", "--at", "34.0768,-118.0316",
                             "--share", "person", "--verified-since", "-30d")
        cls.stack.enroll("node/city", "--devices", "lamp-*")
        cls.token = cls.stack.enroll("user/ann", "--household", "home-ann", "--at", "34.0768,-118.0316")

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="neighbors-bridge-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.bridges = {}
        self.run_name = f"v{next(_numbers)}"
        if "neighborsd" not in self.stack.processes:
            self.stack.start_broker()

    def outside(self, broker):
        self.broker = broker
        broker.start()
        self.addCleanup(broker.kill)

    def mosquitto(self, autosave=False):
        self.outside(Mosquitto(self.folder / "outside", autosave))

    # ---- the bridge ----

    def configure(self, name="1", inward='rules = ( { topic = "city/+/{dev}/motion"; } );', encoding="json", mqtt=5):
        path = self.folder / f"bridge-{name}.conf"
        path.write_text(f"""
id = "node/city";
instance = "{self.run_name}-{name}";
broker = {{ host = "127.0.0.1"; port = {self.stack.mqtt_port}; token_file = "{self.stack.token_file('node/city')}"; }};
outside = {{ host = "127.0.0.1"; port = {self.broker.port}; username = "bridge@localhost"; mqtt = {mqtt};
            password_file = "{self.stack.token_file('user/ann')}"; }};
inward = {{ {inward} }};
outward = {{ cells = [ "9qh1f" ]; prefix = "{PREFIX}"; encoding = "{encoding}"; }};
""")
        return path

    def start_bridge(self, name="1", **more):
        path = self.configure(name, **more)
        before = self.log(name).count("outside (in): subscribed")
        with open(self.folder / f"bridge-{name}.log", "ab") as log:
            self.bridges[name] = subprocess.Popen([BRIDGE, "--config", path], stderr=log, preexec_fn=die_with_parent)
        self.addCleanup(self.kill_bridge, name)
        if "neighborsd" in self.stack.processes:
            wait_until(lambda: self.log(name).count("outside (in): subscribed") > before, lambda: self.log(name))

    def kill_bridge(self, name="1", how=signal.SIGKILL):
        process = self.bridges.pop(name, None)
        if process:
            process.send_signal(how)
            process.wait(PATIENCE)

    def log(self, name="1"):
        path = self.folder / f"bridge-{name}.log"
        return path.read_text() if path.exists() else ""

    def totals(self, way, name="1"):
        """What a bridge that is stopped told of that way at its end, of the last that ran."""
        return {word: int(number) for word, number in re.findall(r"(\w+) (\d+)", re.findall(rf": {way}: (taken .*)", self.log(name))[-1])}

    # ---- devices at the other broker ----

    def device(self):
        client = paho.Client(f"device-{next(_numbers)}", clean_session=False)
        client.username_pw_set("device@localhost", "x")
        client.max_inflight_messages_set(100)
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()

        def close():
            client.disconnect()
            client.loop_stop()
        self.addCleanup(close)
        return client

    def event(self, number, seq=0, **more):
        return {"seq": seq, "phase": "PULSE", "kind": "PERSON", "at": str(now_ms()), "activityId": f"{self.run_name}-{number}."} | more

    def batch(self, *events, session=None):
        return json.dumps({"version": 1, "events": events} | ({"session": str(session)} if session else {})).encode()

    def protobuf(self, *events, session=0):
        batch = self.schema.MotionBatch(version=1, session=session)
        for event in events:
            batch.events.add(seq=event["seq"], phase=event["phase"], kind=event["kind"], at=int(event["at"]),
                             activity_id=event["activityId"])
        return batch.SerializeToString()

    def publish(self, client, lamp, *payloads, wait=True, street="elm-street-12", **more):
        told = [client.publish(f"city/{street}/{lamp}/motion", payload, qos=1, **more) for payload in payloads]
        for one in told if wait else ():
            one.wait_for_publish(PATIENCE)
            self.assertTrue(one.is_published())
        return told

    # ---- what is kept ----

    def received(self):
        """How many events neighborsd has decoded since it started."""
        return sum(read_metrics(self.stack.metrics_port)["events_received"].values())

    def stored(self):
        """How often each numbered event of this test is in a household's log: {(household, number): times}"""
        found = Counter()
        with redis.Redis(port=self.stack.redis_port) as store:
            for key in store.scan_iter("nb:{*}:log:*"):
                household = key.decode().rsplit(":", 1)[1]
                for _, fields in store.xrange(key):
                    for value in fields.values():
                        found.update((household, int(number)) for number in re.findall(rb"%s-(\d+)\." % self.run_name.encode(), value))
        return found

    def wait_stored(self, wanted):
        wait_until(lambda: len(self.stored()) >= len(wanted), lambda: f"{len(self.stored())} of {len(wanted)}: {self.log()}")
        self.assertEqual(self.stored(), Counter(wanted))

    def post(self, headline):
        done = subprocess.run(["mosquitto_pub", "-V", "5", "-p", str(self.stack.mqtt_port), "-u", "user/ann", "-P", self.token,
                               "-q", "1", "-t", "nb/v1/alert", "-m", alert(headline=headline).decode()], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Inward(BridgeCase):
    def test_both_encodings_are_stored_once_and_refusals_are_told(self):
        self.mosquitto()
        client = self.device()
        client.publish("city/elm-street-12/lamp-1/motion", self.batch(self.event(1)), qos=1, retain=True).wait_for_publish(PATIENCE)
        self.start_bridge()
        session = now_ms()
        numbered = [self.batch(self.event(n, seq=n), session=session) for n in range(10, 20)]
        plain = [self.protobuf(self.event(n)) for n in range(20, 30)]
        packed = [self.protobuf(*(self.event(n, seq=n) for n in range(1030, 1040)), session=session)]
        # Each comes for a second time, as a broker delivers again what it got no acknowledgement for.
        self.publish(client, "lamp-1", *numbered, *numbered)
        self.publish(client, "lamp-2", *plain, *plain)
        self.publish(client, "lamp-3", *packed, *packed)
        # Not on the node's list, unknown, another's name, nothing that can be read, the far future; of two the good one is kept.
        self.publish(client, "gate-1", self.batch(self.event(50)))
        self.publish(client, "lamp-nobody", self.batch(self.event(51)))
        self.publish(client, "lamp-2", self.batch(self.event(52, device="lamp-1")), b"<xml/>", b'{"version":1',
                     self.batch(self.event(53, at=str(now_ms() + 10**8)), self.event(54)))
        self.wait_stored([*(("home-0", n) for n in range(10, 20)), *(("home-1", n) for n in range(20, 30)),
                          *(("home-2", n) for n in range(1030, 1040)), ("home-1", 54)])
        self.kill_bridge(how=signal.SIGTERM)
        totals = self.totals("inward")
        self.assertEqual((totals["taken"], totals["refused"], totals["skipped"], totals["returned"]), (49, 6, 1, 0), self.log())
        self.assertNotIn("elm-street", self.log(), "a topic may name a place")
        self.assertEqual(len(re.findall(r"refused gate-1: 0x87 .*not a device of yours", self.log())), 1, self.log())

    def test_a_message_is_acknowledged_only_when_it_is_stored(self):
        self.mosquitto()
        client = self.device()
        self.start_bridge()
        # Redis stands still: neighborsd has the events and cannot keep them, so nothing of them is acknowledged.
        store = self.stack.processes["redis"]
        store.send_signal(signal.SIGSTOP)
        try:
            before = self.received()
            self.publish(client, "lamp-1", *(self.batch(self.event(n)) for n in range(10)))
            wait_until(lambda: self.received() > before, "neighborsd has what the bridge took")
            self.kill_bridge()
            self.stack.kill("neighborsd")
        finally:
            store.send_signal(signal.SIGCONT)
        self.stack.start_broker()  # what neighborsd had said to Redis already it may carry out: then it comes again as a repeat
        self.start_bridge()
        self.wait_stored([("home-0", n) for n in range(10)])
        self.kill_bridge(how=signal.SIGTERM)
        self.assertEqual(self.totals("inward")["taken"], 10, "the other broker delivered all of them again")

    def test_killed_in_between_nothing_is_lost_or_doubled(self):
        self.mosquitto(autosave=True)
        client, session, wanted = self.device(), now_ms(), []
        self.start_bridge()

        def more(count=40):
            """As fast as it goes, without waiting for the bridge; every other device gives no numbers."""
            first = len(wanted)
            payloads = [[], []]
            for n in range(first, first + count):
                payloads[n % 2].append(self.batch(self.event(n, seq=n // 2 + 1), session=session) if n % 2 == 0
                                       else self.batch(self.event(n)))
                wanted.append((f"home-{n % 2}", n))
            self.publish(client, "lamp-1", *payloads[0], wait=False)
            return [*payloads[0]], self.publish(client, "lamp-2", *payloads[1])

        for _ in range(3):
            more()
            self.kill_bridge()
            more()
            self.start_bridge()
        more()
        self.stack.kill("neighborsd")
        more()
        self.stack.start_broker()
        more()
        self.wait_stored(wanted)

    def test_over_mqtt_3_1_1(self):
        self.mosquitto(autosave=True)
        client = self.device()
        self.start_bridge(mqtt=4)
        self.publish(client, "lamp-1", *(self.batch(self.event(n)) for n in range(20)))
        self.kill_bridge()
        self.publish(client, "lamp-1", *(self.batch(self.event(n)) for n in range(20, 40)))
        self.start_bridge(mqtt=4)
        self.wait_stored([("home-0", n) for n in range(40)])
        self.kill_bridge(how=signal.SIGTERM)
        self.assertEqual(self.totals("inward")["refused"], 0, self.log())

    def test_a_broker_that_loses_its_memory_doubles_nothing(self):
        """Its devices publish anew what they cannot know to have arrived."""
        self.mosquitto(autosave=True)
        client = self.device()
        payloads = [self.batch(self.event(n)) for n in range(30)]
        self.start_bridge()
        self.publish(client, "lamp-3", *payloads[:20])
        self.broker.kill()
        self.broker.start()
        self.publish(self.device(), "lamp-3", *payloads)
        self.wait_stored([("home-2", n) for n in range(30)])

    def test_a_shared_subscription_is_shared(self):
        self.mosquitto()
        client = self.device()
        inward = f'share = "{self.run_name}"; rules = ( {{ topic = "city/+/{{dev}}/motion"; }} );'
        self.start_bridge("a", inward=inward)
        self.start_bridge("b", inward=inward)
        self.publish(client, "lamp-1", *(self.batch(self.event(n)) for n in range(40)))
        self.wait_stored([("home-0", n) for n in range(40)])
        for name in "ab":
            self.kill_bridge(name, signal.SIGTERM)
            self.assertGreater(self.totals("inward", name)["done"], 0)
        self.assertEqual(sum(self.totals("inward", name)["taken"] for name in "ab"), 40)
        # One is killed: what the broker deals to it meanwhile waits for it under its name.
        self.start_bridge("a", inward=inward)
        self.start_bridge("b", inward=inward)
        self.kill_bridge("b")
        self.publish(client, "lamp-1", *(self.batch(self.event(n)) for n in range(40, 80)))
        self.start_bridge("b", inward=inward)
        self.wait_stored([("home-0", n) for n in range(80)])

    def test_settings_that_are_wrong_are_refused(self):
        self.broker = Mosquitto(self.folder / "outside")
        good = self.configure().read_text()
        for wrong, told in (("city/+/{dev}/motion", None), ("city/+/lamp/motion", "{dev}"), ("{dev}/{dev}", "once"),
                            ("a+/{dev}", "whole levels"), ("#/{dev}", "whole levels")):
            if told:
                path = self.folder / "wrong.conf"
                path.write_text(good.replace("city/+/{dev}/motion", wrong))
                done = subprocess.run([BRIDGE, "--config", path], capture_output=True, text=True, timeout=PATIENCE)
                self.assertEqual((done.returncode, told in done.stderr), (1, True), (wrong, done.stderr))
        for there, instead in (('id = "node/city"', 'id = "edge/city"'), ("9qh1f", "9qh"), ("cells =", "cell ="),
                               ('"json"', '"xml"'), ("mqtt = 5", "mqtt = 3"), (PREFIX, "a/#")):
            path.write_text(good.replace(there, instead, 1))
            done = subprocess.run([BRIDGE, "--config", path], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 1, (instead, done.stderr))
            self.assertIn("wrong.conf:", done.stderr)


class Outward(BridgeCase):
    def listener(self):
        listener = Listener(self.broker.port)
        self.addCleanup(listener.close)
        return listener

    def alerts(self, listener):
        """{headline: public ids} of what was heard in JSON."""
        found = {}
        for message in listener.heard:
            item = json.loads(message.payload).get("alert")
            if item:
                found.setdefault(item["headline"], set()).add(item["publicId"])
        return found

    def wait_alert(self, listener, headline):
        wait_until(lambda: headline in self.alerts(listener), lambda: f"{headline} in {self.alerts(listener)}: {self.log()}")

    def activities(self, listener):
        return [message for message in listener.heard if "/activity/" in message.topic]

    def test_the_feed_is_mirrored_in_both_encodings(self):
        self.mosquitto()
        self.start_bridge()
        listener, headline = self.listener(), f"Lamp out {self.run_name}"
        self.post(headline)
        self.publish(self.device(), "lamp-1", self.batch(self.event(1)))
        self.wait_alert(listener, headline)
        wait_until(lambda: self.activities(listener), lambda: self.log())
        message = next(m for m in listener.heard if headline.encode() in m.payload)
        self.assertRegex(message.topic, rf"^{PREFIX}/cell/9qh1f\w*/incident/crime/\w+$")
        self.assertFalse(message.retain)
        self.assertEqual(message.properties.ContentType, "application/json")
        self.assertNotIn(b"lamp-1", b"".join(m.payload for m in self.activities(listener)), "what is mirrored is the public feed")
        # What happens while the bridge or the other broker is away comes later.
        self.kill_bridge()
        self.post(headline + " II")
        self.start_bridge()
        self.wait_alert(listener, headline + " II")
        listener.close()
        self.broker.kill()
        self.post(headline + " III")
        self.broker.start()
        listener = self.listener()
        self.post(headline + " IV")
        self.wait_alert(listener, headline + " IV")
        self.kill_bridge()
        # The same in protobuf, over MQTT 3.1.1, for a bridge that comes new: what is in force comes first.
        listener = self.listener()
        self.start_bridge("2", encoding="protobuf", mqtt=4)
        wait_until(lambda: any(headline.encode() in m.payload for m in listener.heard), lambda: self.log("2"))
        item = self.schema.FeedItem.FromString(next(m for m in listener.heard if headline.encode() in m.payload).payload)
        self.assertTrue(item.alert.headline.startswith(headline))


@unittest.skipUnless(shutil.which("erl") and Path("/usr/sbin/ejabberdctl").exists(), "SKIPPED: ejabberd is not installed")
class OtherBroker(BridgeCase):
    """ejabberd: another that speaks MQTT 5."""

    def test_events_in_and_the_feed_out(self):
        self.outside(Ejabberd(self.folder / "ejabberd"))
        client = self.device()
        self.start_bridge()
        listener, headline = Listener(self.broker.port), f"Lamp out {self.run_name}"
        self.addCleanup(listener.close)
        payloads = [self.batch(self.event(n)) for n in range(60)]
        self.publish(client, "lamp-1", *payloads[:20])
        self.kill_bridge()
        self.publish(client, "lamp-1", *payloads[20:40])
        self.start_bridge()
        self.stack.kill("neighborsd")
        self.publish(client, "lamp-1", *payloads[40:])
        self.stack.start_broker()
        self.wait_stored([("home-0", n) for n in range(60)])
        self.post(headline)
        wait_until(lambda: any(headline.encode() in m.payload for m in listener.heard), lambda: self.log())
        wait_until(lambda: any("/activity/" in m.topic for m in listener.heard), lambda: self.log())


if __name__ == "__main__":
    unittest.main()
