"""One story told with Eclipse Paho's Python library (libmosquitto.c beside it has the arguments)."""
import os
import sys

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

command, port, version, client_id, user, token, qos, topic = sys.argv[1:9]
last = sys.argv[9] if len(sys.argv) > 9 else ""
five, durable = version == "5", command == "follow" and last == "durable"


def say(*words):
    print(*words, flush=True)


def on_connect(client, _userdata, flags, reason, _properties=None):
    code = reason.value if five else reason
    say("connected", code, flags["session present"])
    if code:
        os._exit(1)
    if command == "publish":
        client.publish(topic, last, int(qos))
    else:
        client.subscribe(topic, int(qos))


def on_publish(client, _userdata, _identifier):
    say("acknowledged", 0)  # the library does not hand the reason code out
    client.disconnect()


def on_subscribe(_client, _userdata, _identifier, granted, _properties=None):
    say("subscribed", granted[0].value if five else granted[0])


def on_message(_client, _userdata, message):
    say("message", int(message.retain), message.qos, message.topic, message.payload.decode())


protocol = paho.MQTTv5 if five else paho.MQTTv311
client = paho.Client(client_id, protocol=protocol, **({} if five else {"clean_session": not durable}))
client.username_pw_set(user, token)
client.on_connect, client.on_publish = on_connect, on_publish
client.on_subscribe, client.on_message = on_subscribe, on_message
if five:
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 60 if durable else 0
    client.connect("127.0.0.1", int(port), 30, clean_start=not durable, properties=properties)
else:
    client.connect("127.0.0.1", int(port), 30)
client.loop_forever(retry_first_connection=False)
