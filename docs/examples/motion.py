#!/usr/bin/python3
"""A device that tells of a person, in protobuf. What `protoc -I proto --python_out=FOLDER proto/neighbors.proto` makes is
looked for in the folder of PYTHONPATH.

    docs/examples/motion.py HOST PORT ROLE/ID TOKEN-FILE
"""
import sys
import time
from pathlib import Path

import neighbors_pb2 as messages
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

host, port, name, token_file = sys.argv[1:]
now = int(time.time() * 1000)
batch = messages.MotionBatch(version=1, session=now)  # a session and a number: what is sent again is stored once
batch.events.add(seq=1, phase=messages.Phase.START, kind=messages.MotionKind.PERSON, at=now, activity_id="visit-1", confidence=87)
batch.events.add(seq=2, phase=messages.Phase.END, kind=messages.MotionKind.PERSON, at=now + 1, activity_id="visit-1")


def on_connect(client, _userdata, _flags, reason, _properties):
    if reason.value >= 128:
        sys.exit(f"refused: {reason}")
    protobuf = Properties(PacketTypes.PUBLISH)
    protobuf.ContentType = "application/x-protobuf"
    client.publish("nb/v1/motion", batch.SerializeToString(), qos=1, properties=protobuf)


def on_publish(client, *_):
    print("stored")
    client.disconnect()


client = mqtt.Client(client_id="motion-py", protocol=mqtt.MQTTv5)
client.username_pw_set(name, Path(token_file).read_text().strip())
client.on_connect, client.on_publish = on_connect, on_publish
client.connect(host, int(port))
client.loop_forever()
