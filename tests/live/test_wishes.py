"""A follower's wishes over a real broker and a real client library (paho): set in JSON, applied at delivery, and still so
after neighborsd was killed and started again."""
import datetime
import json
import queue
import signal
import unittest

import case
from case import AWAY, alert, unique
from watched import Broker

try:
    import paho.mqtt.client as paho
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
except ImportError:
    paho = None

HERE_FEED, AWAY_FEED = "nb/v1/json/near/9qh1f5/1600/#", "nb/v1/json/near/9q5g0s/1600/#"


class Phone:
    """Somebody's phone: comes back by itself, and keeps what it is told."""

    def __init__(self, test, who, port, feed):
        self.items, self.acknowledged, self.subscribed = queue.Queue(), queue.Queue(), queue.Queue()
        self.client = paho.Client(unique("phone"), protocol=paho.MQTTv5)
        credentials = test.credentials(who)
        self.client.username_pw_set(credentials["username"], credentials["password"])
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(feed, qos=1)
        self.client.on_subscribe = lambda *_: self.subscribed.put(True)
        self.client.on_publish = lambda client, userdata, mid: self.acknowledged.put(mid)
        self.client.on_message = lambda client, userdata, message: self.items.put(json.loads(message.payload))
        props = Properties(PacketTypes.CONNECT)
        props.SessionExpiryInterval = 3600
        self.client.connect("127.0.0.1", port, clean_start=False, properties=props)
        self.client.loop_start()
        test.addCleanup(self.close)
        self.subscribed.get(timeout=30)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def wishes(self, **settings):
        sent = self.client.publish("nb/v1/settings", json.dumps(settings), qos=1)
        assert self.acknowledged.get(timeout=30) == sent.mid

    def next_alert(self, timeout=30):
        """Of those of this test's agency: others may have left alerts in force here."""
        while True:
            item = self.items.get(timeout=timeout)
            if item.get("alert", {}).get("senderName") == "Agency wishes":
                return item["alert"]


@unittest.skipIf(paho is None, "paho is not installed")
class Wishes(case.LiveCase):
    def setUp(self):
        super().setUp()
        self.broker = Broker(self.home, unique("wishes"), **case.SETTINGS)
        self.addCleanup(lambda: self.broker.stop())
        self.port = self.broker.mqtt_port
        self.agency = None

    def publish(self, **fields):
        """An agency's alert, stored; gives back its id at the sender."""
        name = unique("alert")
        if self.agency is None:
            self.agency = self.client("agency/wishes")
        answer = self.agency.publish("nb/v1/alert", alert(name, **fields))
        self.assertEqual(answer.reason, 0, answer)
        return name

    def killed_and_started(self, phone):
        """neighborsd is killed and comes back on the same port; the phone follows."""
        self.broker.process.send_signal(signal.SIGKILL)
        self.broker.process.wait()
        port = self.broker.mqtt_port
        self.broker = Broker(self.home, unique("wishes"), **case.SETTINGS, mqtt_port=port)
        self.broker.mqtt_port, self.agency = port, None
        phone.subscribed.get(timeout=30)

    def test_severity_and_language_hold_over_a_crash(self):
        phone = Phone(self, "user/wanda", self.port, HERE_FEED)
        phone.wishes(least=[{"severity": "SEVERE"}], language="es")
        texts = [{"language": "es-US", "headline": "fuego"}]
        self.publish(severity="MINOR", headline="lesser")
        shown = self.publish(severity="SEVERE", headline="fire", language="en", texts=texts)
        told = phone.next_alert()
        self.assertEqual((told["headline"], told["language"]), ("fuego", "es-US"))
        self.killed_and_started(phone)
        self.publish(severity="MINOR", headline="lesser again")
        self.publish(severity="MINOR", headline="it was nothing", msgType="UPDATE", references=[shown])
        told = phone.next_alert()  # a correction of what was shown
        while told["revision"] == 1:  # a few seconds may come twice
            told = phone.next_alert()
        self.assertEqual((told["headline"], told["revision"]), ("it was nothing", 2))
        self.publish(severity="SEVERE", headline="the next", language="en", texts=texts)
        self.assertEqual(phone.next_alert()["headline"], "fuego")

    def test_what_waits_is_there_after_a_crash(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        minute = now.hour * 60 + now.minute
        quiet = [{"fromMinute": (minute - 5) % 1440, "toMinute": (minute + 60) % 1440}]
        phone = Phone(self, "user/willy", self.port, AWAY_FEED)
        phone.wishes(quiet=quiet, quietPasses="SEVERE")
        self.publish(severity="MODERATE", headline="it waits", where=AWAY)
        self.publish(severity="SEVERE", headline="it passes", where=AWAY)
        self.assertEqual(phone.next_alert()["headline"], "it passes")
        self.killed_and_started(phone)
        self.publish(severity="SEVERE", headline="it passes too", where=AWAY)
        told = phone.next_alert()["headline"]
        while told == "it passes":
            told = phone.next_alert()["headline"]
        self.assertEqual(told, "it passes too")
        phone.wishes()
        self.assertEqual(phone.next_alert()["headline"], "it waits")

    def test_what_breaks_a_rule_says_which(self):
        someone = self.client("user/wanda")
        for settings, reason, words in (({"timeZone": "Mars/Olympus"}, 0x99, "time_zone: "),
                                        ({"quiet": [{"fromMinute": 1440}]}, 0x99, "from_minute: "),
                                        ({"least": [{"category": "noise"}]}, 0x99, "category"),
                                        ({"sharing": [{}]}, 0x99, "sharing: an object")):
            answer = someone.publish("nb/v1/settings", json.dumps(settings).encode())
            self.assertEqual(answer.reason, reason)
            self.assertIn(words, answer.props["reason_string"])
