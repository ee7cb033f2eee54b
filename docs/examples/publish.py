#!/usr/bin/python3
"""Publishes an alert, and says whether it is stored or why it was refused.

    docs/examples/publish.py HOST PORT ROLE/ID TOKEN-FILE LAT,LON CATEGORY HEADLINE [DESCRIPTION]
"""
import json
import sys
import uuid
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

host, port, name, token_file, place, category, headline, *description = sys.argv[1:]
latitude, longitude = (round(float(part) * 1e7) for part in place.split(","))
alert = {"senderAlertId": str(uuid.uuid4()),  # sent again under the same name it is the same alert
         "category": category, "headline": headline, "description": " ".join(description),
         "place": {"point": {"latE7": latitude, "lonE7": longitude}}}


class Client(mqtt.Client):
    """Paho 1.6, which Debian 12 has, shows nobody what a PUBACK says. From paho 2 on, on_publish is given it."""

    refusal = None

    def _handle_pubackcomp(self, cmd):
        packet = bytes(self._in_packet["packet"])  # packet id, reason code, properties
        if len(packet) > 2 and packet[2] >= 128:
            said = Properties(PacketTypes.PUBACK)
            if len(packet) > 3:
                said.unpack(packet[3:])
            self.refusal = getattr(said, "ReasonString", f"reason code {packet[2]:#x}")  # field: rule
        return super()._handle_pubackcomp(cmd)


def on_connect(client, _userdata, _flags, reason, _properties):
    if reason.value >= 128:
        sys.exit(f"refused: {reason}")
    client.publish("nb/v1/alert", json.dumps(alert), qos=1)


def on_publish(client, *_):
    client.disconnect()


client = Client(client_id="publish-py", protocol=mqtt.MQTTv5)
client.username_pw_set(name, Path(token_file).read_text().strip())
client.on_connect, client.on_publish = on_connect, on_publish
client.connect(host, int(port))
client.loop_forever()
if client.refusal:
    sys.exit(f"refused: {client.refusal}")
print("stored")
