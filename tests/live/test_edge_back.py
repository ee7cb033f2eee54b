"""The way back: what neighborsd tells comes into a home's real Mosquitto, on plain topics and as Home Assistant takes it, once
each, whoever is killed; and an owner's answer to a footage request leaves the home sealed, with everybody's."""
import base64
import json
import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

import home_assistant
import mqtt
from case import AWAY, HERE, alert, motion, point, unique
from footage import Neighborhood, answer, request
from home import HomeCase
from stack import BUILD
from test_footage import JPEG

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
SECRET = "open sesame"


class Heard:
    """Everything that is published at home, in order; `retained` is what stands now."""

    def __init__(self, case):
        self.messages, self.retained = [], {}
        client = case.client(case.home.port, "heard")
        client.on_message = self.take
        client.on_connect = lambda *_: client.subscribe("#", qos=1)
        client.subscribe("#", qos=1)

    def take(self, _client, _data, message):
        self.messages.append((message.topic, message.payload, message.retain))
        self.retained[message.topic] = message.payload  # of topics that are retained: what is there now

    def live(self, topic):
        """What came on a topic as it happened."""
        return [json.loads(payload) for at, payload, retained in list(self.messages) if at == topic and not retained and payload]


def setUpModule():
    BackCase.town = Neighborhood(6, ("pd",))
    BackCase.stack = BackCase.town.stack
    BackCase.town.home.token("edge/home-1", "--household", "home-1", "--at", f"{HERE[0]},{HERE[1]}")


def tearDownModule():
    BackCase.town.close()


class BackCase(HomeCase):
    """One neighborhood for all, and for each test a home with an edge that is not started yet."""

    town = stack = None

    def setUp(self):
        super().setUp()
        self.heard = Heard(self)
        self.settings()
        self.posted = []
        self.addCleanup(self.cancel_rest)

    def settings(self, places="", owner=""):
        places = places or f'{{ name = "Home"; at = "{HERE[0]},{HERE[1]}"; metres = 1600; }}'
        (self.folder / "edge.conf").write_text(f"""
            id = "edge/home-1";
            local = {{ host = "127.0.0.1"; port = {self.home.port}; }};
            broker = {{ host = "127.0.0.1"; port = {self.stack.mqtt_port};
                        token_file = "{self.stack.token_file('edge/home-1')}"; }};
            spool = {{ file = "{self.folder}/spool.db"; }};
            places = ( {places} );
            {owner}""")

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                self.fail(f"waited in vain: {what}; edge: {self.log()[-6000:]}; heard: {self.heard.messages[-20:]}")
            time.sleep(0.02)

    def until_heard(self, topic, condition=lambda message: True):
        """The first message that came live on the topic and fulfils the condition."""
        self.until(lambda: any(condition(one) for one in self.heard.live(topic)), topic)
        return next(one for one in self.heard.live(topic) if condition(one))

    def standing(self, topic):
        return json.loads(self.heard.retained.get(topic) or "null")

    def until_feed(self, state):
        self.until(lambda: (self.standing("neighbors/status") or {}).get("feed") == state, f"the feed is {state}")

    def begin(self):
        self.start_edge()
        self.until_feed("ON")

    def publish(self, content, who="agency/pd"):
        with self.town.connect(who, unique("sender")) as sender:
            told = sender.publish("nb/v1/alert", content)
            self.assertEqual(told.reason, 0, told)

    def post(self, headline, severity="SEVERE", **fields):
        """An alert that ends with the test."""
        name = unique("alert")
        self.publish(alert(name, headline=headline, severity=severity, **fields))
        self.posted.append(name)
        return name

    def cancel(self, *names):
        for name in names:
            self.posted.remove(name)
            self.publish(alert(msgType="CANCEL", references=[name], category=None, headline=None, description=None, place=None))

    def cancel_rest(self):
        self.cancel(*list(self.posted))

    def headlines(self, topic, change=None):
        return [one["headline"] for one in self.heard.live(topic) if change in (None, one["change"])]

    def know_acknowledged(self):
        """What was heard so far the edge knows to be heard: it takes the home's acknowledgements before it tells what is next.
        Killed before that, it tells once more."""
        marker = unique("marker")
        self.post(marker, "MINOR")
        self.until(lambda: marker in self.headlines("neighbors/home/alert"), "the marker is told")

    def told(self, topic, change=None):
        return sorted(one for one in self.headlines(topic, change) if not one.startswith("marker"))

    def in_force(self):
        found = [one["headline"] for one in self.standing("neighbors/home/alerts") or []]
        return [one for one in found if not one.startswith("marker")]


class Alerts(BackCase):
    def documents(self):
        return {topic: home_assistant.check(topic, payload) for topic, payload in self.heard.retained.copy().items()
                if topic.startswith("homeassistant/") and payload}

    def shows(self, component):
        """What the entity shows, by its own template, out of what stands at its own topic; None while nothing does."""
        document = self.documents().get("homeassistant/device/neighbors_home-1_home/config")
        entity = document and document["components"][component]
        state = entity and self.heard.retained.get(entity.get("state_topic", document["state_topic"]))
        return state and home_assistant.value(entity["value_template"], state)

    def until_shows(self, **wanted):
        """Each topic has its own message: what stands at one may be newer than at the next."""
        self.until(lambda: {component: self.shows(component) for component in wanted} == wanted, f"it shows {wanted}")

    def test_an_alert_comes_changes_and_ends(self):
        self.begin()
        self.until_shows(alerts="0", severe="OFF", connection="ON", headline="No alerts")
        name = self.post("Gas leak at Tyler Avenue", category="hazard")
        new = self.until_heard("neighbors/home/new_alert")
        event = self.documents()["homeassistant/device/neighbors_home-1_home/config"]["components"]["new_alert"]
        self.assertEqual((event["state_topic"], new["event_type"]), ("neighbors/home/new_alert", "hazard"))
        self.assertIn("hazard", event["event_types"])
        self.assertEqual((new["headline"], new["severity"], new["truth"], new["sender"], new["change"], new["state"]),
                         ("Gas leak at Tyler Avenue", "severe", new["truth"], "Agency pd", "new", "in_force"))
        self.assertLess(new["distance_m"], 50)
        self.until(lambda: self.in_force() == ["Gas leak at Tyler Avenue"], "it is in force")
        self.until_shows(alerts="1", severe="ON", headline="Gas leak at Tyler Avenue")
        listed = json.loads(self.heard.retained["neighbors/home/state"])["attributes"]["alerts"][0]
        self.assertEqual({"headline", "severity", "category", "truth", "distance_m", "age_s", "expires", "public_id"} - set(listed), set())
        self.publish(alert(msgType="UPDATE", references=[name], headline="Gas leak closed", severity="MINOR", category="hazard"))
        self.until_heard("neighbors/home/alert", lambda one: one["change"] == "update" and one["headline"] == "Gas leak closed")
        self.until(lambda: self.shows("severe") == "OFF", "it is severe no more")
        self.cancel(name)
        self.until_heard("neighbors/home/alert", lambda one: one["change"] == "ended" and one["public_id"] == new["public_id"])
        self.until(lambda: self.in_force() == [], "nothing is in force")
        self.until_shows(alerts="0")
        self.assertEqual(len(self.heard.live("neighbors/home/new_alert")), 1)
        self.kill_edge(signal.SIGTERM)
        self.until(lambda: self.standing("neighbors/status")["state"] == "offline", "who leaves says so")

    def test_an_alert_expires_though_nobody_says_so(self):
        self.begin()
        self.publish(alert(headline="Short", severity="MINOR", lives=8))
        self.until_heard("neighbors/home/new_alert", lambda one: one["headline"] == "Short")
        self.stack.kill("neighborsd")
        try:
            self.until_heard("neighbors/home/alert", lambda one: one["headline"] == "Short" and one["change"] == "ended")
            self.assertEqual(self.in_force(), [])
        finally:
            self.stack.start_broker()

    def test_what_happened_while_the_edge_was_dead_is_told_once(self):
        self.begin()
        self.post("Stays")
        goes = self.post("Goes")
        self.until(lambda: sorted(self.in_force()) == ["Goes", "Stays"], "both are in force")
        self.until(lambda: self.told("neighbors/home/alert") == ["Goes", "Stays"], "both were told")
        self.know_acknowledged()
        self.kill_edge()
        self.until(lambda: self.standing("neighbors/status")["state"] == "offline", "the will says that the edge is gone")
        self.assertEqual(self.shows("connection"), "OFF")
        self.cancel(goes, self.post("Passing"))
        self.post("Came")
        self.begin()
        self.until(lambda: sorted(self.in_force()) == ["Came", "Stays"], "what is in force now")
        self.until(lambda: self.told("neighbors/home/alert", "ended") == ["Goes"], "the end is told")
        self.know_acknowledged()
        self.kill_edge()
        self.begin()
        self.post("Last")
        self.until(lambda: "Last" in self.headlines("neighbors/home/new_alert"), "the last one")
        self.assertEqual(self.told("neighbors/home/new_alert"), ["Came", "Goes", "Last", "Stays"])
        self.assertEqual(self.told("neighbors/home/alert", "ended"), ["Goes"])

    def test_what_happened_while_the_homes_broker_was_dead_is_told_afterwards(self):
        self.begin()
        goes = self.post("Before")
        self.until(lambda: self.headlines("neighbors/home/alert") == ["Before"], "it is told")
        self.know_acknowledged()
        self.home.kill()
        self.cancel(goes, self.post("Unseen"))
        self.post("During")
        self.home.start()
        self.until(lambda: "During" in self.headlines("neighbors/home/new_alert"), "it is told afterwards")
        self.until(lambda: self.in_force() == ["During"], "what is in force")
        self.until(lambda: "Before" in self.headlines("neighbors/home/alert", "ended"), "the end too")
        self.assertEqual(self.told("neighbors/home/new_alert"), ["Before", "During"])

    def test_silence_is_proved(self):
        self.begin()
        self.stack.kill("neighborsd")
        self.until_feed("OFF")
        self.assertEqual(self.standing("neighbors/status")["state"], "online")
        self.assertFalse(self.status()[1]["way_back"]["live"])
        self.stack.start_broker()
        self.until_feed("ON")
        self.post("After")
        self.until_heard("neighbors/home/new_alert", lambda one: one["headline"] == "After")
        self.assertEqual({"live": True, "places": 1, "connected": True}.items() - self.status()[1]["way_back"].items(), set())

    def test_home_assistant_begins_anew(self):
        self.begin()
        before = sum(topic.endswith("/config") for topic, _, _ in self.heard.messages)
        self.assertEqual(before, 2)
        self.say("homeassistant/status", "online")
        self.until(lambda: sum(topic.endswith("/config") for topic, _, _ in self.heard.messages) == 2 * before, "discovery again")

    def test_a_place_that_is_followed_no_more_leaves_nothing(self):
        two = f'{{ name = "Home"; cell = "9qh1f5"; metres = 800; }}, {{ name = "Grandma\'s house"; at = "{AWAY[0]},{AWAY[1]}"; metres = 400; }}'
        self.settings(two)
        self.begin()
        self.post("Far away", place=point(*AWAY))
        self.until_heard("neighbors/grandma_s_house/new_alert", lambda one: one["headline"] == "Far away")
        self.assertEqual(self.heard.live("neighbors/home/new_alert"), [])
        self.kill_edge()
        self.settings()
        self.begin()
        gone = ["homeassistant/device/neighbors_home-1_grandma_s_house/config", "neighbors/grandma_s_house/alerts",
                "neighbors/grandma_s_house/state"]
        self.until(lambda: not any(self.heard.retained[topic] for topic in gone), "its topics are empty")
        self.assertEqual(len(self.documents()), 2)

    def test_only_what_was_wished_for(self):
        self.settings(f'{{ name = "Home"; at = "{HERE[0]},{HERE[1]}"; categories = [ "fire", "crime" ]; least = "moderate"; }}')
        self.begin()
        names = [self.post("Minor fire", "MINOR", category="fire"), self.post("Severe weather", category="weather"),
                 self.post("A fire", "MODERATE", category="fire")]
        self.until(lambda: self.headlines("neighbors/home/alert"), "something is told")
        self.assertEqual(self.headlines("neighbors/home/alert"), ["A fire"])
        self.publish(alert(msgType="UPDATE", references=[names[2]], headline="A fire", severity="MINOR", category="fire"))
        self.until_heard("neighbors/home/alert", lambda one: one["change"] == "ended")

    def test_activity_of_the_neighborhood(self):
        place = ["--at", f"{HERE[0]},{HERE[1]}", "--share", "person", "--verified-since", "-30d"]
        cameras = [f"device/shared-{unique('cam')}" for _ in range(2)]
        for camera in cameras:
            self.town.home.token(camera, "--household", f"house-{camera[7:]}", *place)
        self.begin()
        for camera in cameras:
            with self.town.connect(camera, unique("cam")) as sender:
                self.assertEqual(sender.publish("nb/v1/motion", motion({"phase": "START"})).reason, 0)
        activity = self.until_heard("neighbors/home/activity", lambda one: one["event_type"] == "person")
        self.assertEqual(activity["phase"], "start")
        document = self.documents()["homeassistant/device/neighbors_home-1_home/config"]
        self.assertIn(activity["event_type"], document["components"]["activity"]["event_types"])
        self.assertEqual(document["components"]["activity"]["state_topic"], "neighbors/home/activity")

    @unittest.skipIf(b"__asan_init" in (BUILD / "neighbors-edge").read_bytes(), "sanitizers need more")
    def test_memory_stays_small(self):
        self.begin()
        for number in range(20):
            self.post(f"Alert {number}", description="x" * 4000)
        self.until(lambda: len(self.in_force()) == 20, "all are in force")
        self.assertLess(self.peak_kib(), 16 * 1024)


class Footage(BackCase):
    def setUp(self):
        super().setUp()
        self.clips = self.folder / "clips"
        self.clips.mkdir()
        (self.folder / "secret").write_text(SECRET + "\n")
        (self.clips / "front.jpg").write_bytes(JPEG)
        (self.clips / "notes.txt").write_text("not a picture")
        (self.clips / "large.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40000))
        (self.folder / "private.jpg").write_bytes(JPEG)
        (self.clips / "link.jpg").symlink_to(self.folder / "private.jpg")
        half_an_hour_ago = time.time() - 1800
        for picture in self.clips.iterdir():
            os.utime(picture, (half_an_hour_ago, half_an_hour_ago), follow_symlinks=False)
        self.settings(owner=f"""owner = {{ user = "user/owner-1"; token_file = "{self.stack.token_file('user/owner-1')}";
            clips_folder = "{self.clips}"; answer_secret_file = "{self.folder}/secret"; }};""")
        self.got = []
        self.desk = self.town.follower("agency/pd", unique("desk"))
        self.addCleanup(self.desk.close)

    def ask(self, open_s=60):
        asked = self.desk.publish("nb/v1/footage-request", request(unique("case"), open_s=open_s))
        self.assertEqual(asked.reason, 0, asked)
        request_id = dict(asked.props["user"])["request-id"]
        return request_id, self.until_heard("neighbors/footage/request", lambda one: one["request_id"] == request_id)

    def say_answer(self, request_id, decision, **more):
        """As a script at home would; gives back what the edge replies."""
        before = len(self.heard.live("neighbors/footage/reply"))
        words = {"request_id": request_id, "decision": decision, "secret": SECRET} | more
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.home.port), "-q", "1", "-t", "neighbors/footage/answer",
                        "-m", json.dumps({name: value for name, value in words.items() if value is not None})],
                       check=True, timeout=PATIENCE)
        self.until(lambda: len(self.heard.live("neighbors/footage/reply")) > before, "a reply")
        return self.heard.live("neighbors/footage/reply")[before]

    def until_sent(self, request_id):
        return self.until_heard("neighbors/footage/reply", lambda one: one["request_id"] == request_id and one.get("answer") == "sent")

    def footage(self, wanted):
        """The first that the agency got and is wanted; what else came on the way is kept in `got`."""
        while not any(map(wanted, self.got)):
            packet = self.desk.until(mqtt.PUBLISH, 60, lambda p: p.topic == "nb/v1/json/inbox/footage")
            self.got.append(json.loads(packet.payload))
        return next(filter(wanted, self.got))

    def opened(self, footage):
        done = subprocess.run(["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", self.town.key("pd")],
                              input=base64.b64decode(footage["sealed"]), check=True, capture_output=True)
        return json.loads(done.stdout)

    def neighbor_shares(self, request_id):
        """The neighbor with an app, for the same request."""
        with self.town.follower("user/owner-2", unique("phone")) as neighbor:
            came = json.loads(neighbor.until(mqtt.PUBLISH, 60, lambda p: p.topic == "nb/v1/json/inbox/footage-request" and
                                             json.loads(p.payload)["requestId"] == request_id).payload)
            sealed = subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-aes256", "-outform", "DER",
                                     self.town.home.folder / "pd.pem"], input=b'{"note":"neighbor"}', check=True, capture_output=True).stdout
            clip = {"clipId": "a", "decision": "SHARE", "sealed": base64.b64encode(sealed).decode(),
                    "deleteBy": str(int(came["openUntil"]) + 86400_000)}
            self.assertEqual(neighbor.publish("nb/v1/footage-answer", answer(request_id, clip)).reason, 0)

    def test_an_owner_answers_from_home(self):
        """One request is answered with a picture, which is taken back later; another is declined, which is silence."""
        self.begin()
        document = home_assistant.check("homeassistant/device/neighbors_home-1/config",
                                        self.heard.retained["homeassistant/device/neighbors_home-1/config"])
        request_id, asked = self.ask(open_s=15)
        declined, _ = self.ask(open_s=15)
        event = document["components"]["footage_request"]
        self.assertEqual(event["state_topic"], "neighbors/footage/request")
        self.assertIn(asked["event_type"], event["event_types"])
        self.assertEqual((asked["agency"], asked["incident"], asked["cameras"], asked["files"]),
                         ("Agency pd", "burglary", ["cam-1"], ["front.jpg"]))
        kept = self.say_answer(request_id, "share", files=["front.jpg"], note="He went north", device="cam-1")
        self.assertEqual((kept["ok"], kept["answer"], kept["at"]), (True, "kept", asked["answers_leave_at"]))
        self.assertTrue(self.say_answer(declined, "share", note="Not this")["ok"])
        self.assertTrue(self.say_answer(declined, "decline")["ok"])
        self.kill_edge()  # the answers wait in the spool
        self.begin()
        shared = self.footage(lambda one: one["requestId"] == request_id)
        clip = self.opened(shared)
        self.assertEqual((clip["note"], clip["device"], base64.b64decode(clip["still"]), clip["mediaType"]),
                         ("He went north", "cam-1", JPEG, "image/jpeg"))
        self.assertIn(asked["case"], clip["purpose"])
        self.until_sent(request_id)
        self.until_sent(declined)
        self.neighbor_shares(declined)
        self.assertEqual(self.say_answer(request_id, "withdraw")["answer"], "kept")
        taken = self.footage(lambda one: one["requestId"] == request_id and one.get("withdrawn"))
        self.assertEqual(taken["clipId"], shared["clipId"])
        # What is heard of the declined one is the neighbor's alone.
        self.footage(lambda one: one["requestId"] == declined)
        self.assertEqual([self.opened(one) for one in self.got if one["requestId"] == declined], [{"note": "neighbor"}])
        self.assertEqual(len([one for one in self.heard.live("neighbors/footage/request") if one["request_id"] == request_id]), 1)

    def test_a_wrong_answer_gets_a_reason_and_counts_for_nothing(self):
        self.begin()
        request_id, _ = self.ask()
        for why, words in (("secret", {"secret": None, "note": "x"}), ("secret", {"secret": "guess", "note": "x"}),
                           ("note, a reference or files", {}), ("bare names", {"files": ["../private.jpg"]}),
                           ("bare names", {"files": [".hidden.jpg"]}), ("no such file", {"files": ["link.jpg"]}),
                           ("no such file", {"files": ["nothing.jpg"]}), ("JPEG and PNG", {"files": ["notes.txt"]}),
                           ("30 kB", {"files": ["large.png"]}), ("array of names", {"files": [7]}),
                           ("1 to 180", {"note": "x", "delete_after_days": 400}), ("nothing else", {"note": "x", "notes": "y"})):
            told = self.say_answer(request_id, "share", **words)
            self.assertFalse(told["ok"], words)
            self.assertIn(why, told["reason"])
        self.assertIn("share, decline or withdraw", self.say_answer(request_id, "perhaps")["reason"])
        self.assertIn("only with share", self.say_answer(request_id, "decline", note="x")["reason"])
        self.assertIn("nothing was shared", self.say_answer(request_id, "withdraw")["reason"])
        self.assertIn("no request", self.say_answer("0" * 24, "decline")["reason"])
        before = len(self.heard.live("neighbors/footage/reply"))
        self.say("neighbors/footage/answer", "share!")
        self.until(lambda: len(self.heard.live("neighbors/footage/reply")) > before, "a reply to what is no JSON")
        self.assertIn("JSON object", self.heard.live("neighbors/footage/reply")[-1]["reason"])
        self.assertNotIn(SECRET, self.log())

    def blueprint_says(self, asked, button, typed=None):
        """What the shipped automation does with a request, whose owner presses that button: the notification, the answer."""
        blueprint = home_assistant.Blueprint(ROOT / "deploy/home-assistant/footage_request.yaml", phone="a phone", secret=SECRET)
        document, variables = blueprint.document, blueprint.renders(blueprint.document["trigger_variables"], {})
        for trigger, topic in zip(document["triggers"], ("request", "reply"), strict=True):
            self.assertEqual((trigger["trigger"], blueprint.render(trigger["topic"], variables)), ("mqtt", f"neighbors/footage/{topic}"))
        first = document["triggers"][0]
        self.assertEqual(blueprint.render(first["value_template"], {"value_json": asked}), first["payload"])
        variables = blueprint.renders(document["variables"], variables | {"trigger": {"payload_json": asked}})
        notify, wait, answered, publish = document["actions"][0]["default"]
        shown = blueprint.render(notify, variables)
        pressed = next(one["action"] for one in shown["data"]["actions"] if one["title"] == button)
        self.assertIn(pressed, [blueprint.render(one["event_data"]["action"], variables) for one in wait["wait_for_trigger"]])
        self.assertGreaterEqual(blueprint.render(wait["timeout"], variables)["seconds"], 60)
        event = {"event": {"data": {"action": pressed} | ({"reply_text": typed} if typed else {})}}
        variables = blueprint.renders(answered["variables"], variables | {"wait": {"trigger": event}})
        self.assertEqual(publish["action"], "mqtt.publish")
        return shown, blueprint.render(publish["data"], variables)

    def test_the_blueprint_asks_and_answers(self):
        self.begin()
        request_id, asked = self.ask(open_s=60)
        shown, said = self.blueprint_says(asked, "Share", "I\'ll \"call\" you")
        self.assertEqual(shown["title"], "Agency pd asks for footage")
        for words in ("burglary", asked["case"], "cam-1", "front.jpg", "desk@police.example"):
            self.assertIn(words, shown["message"])
        payload = said["payload"] if isinstance(said["payload"], str) else json.dumps(said["payload"])
        self.assertEqual(json.loads(payload), {"request_id": request_id, "decision": "share", "note": "I'll \"call\" you",
                                               "files": ["front.jpg"], "secret": SECRET})
        self.say(said["topic"], payload)
        reply = self.until_heard("neighbors/footage/reply", lambda one: one["request_id"] == request_id)
        self.assertEqual((reply["ok"], reply.get("answer")), (True, "kept"), reply)
        _, said = self.blueprint_says(asked, "Decline")
        payload = said["payload"] if isinstance(said["payload"], str) else json.dumps(said["payload"])
        self.assertEqual(json.loads(payload), {"request_id": request_id, "decision": "decline", "secret": SECRET})

    def test_home_assistant_that_was_away_hears_of_an_open_request_again(self):
        self.begin()
        request_id, _ = self.ask(open_s=60)
        self.say("homeassistant/status", "online")
        self.until(lambda: len([one for one in self.heard.live("neighbors/footage/request") if one["request_id"] == request_id]) == 2,
                   "it is told again")
        self.assertTrue(self.say_answer(request_id, "decline")["ok"])
        self.say("homeassistant/status", "online")
        other, _ = self.ask(open_s=60)
        self.assertEqual(len([one for one in self.heard.live("neighbors/footage/request") if one["request_id"] == request_id]), 2)


if __name__ == "__main__":
    unittest.main()
