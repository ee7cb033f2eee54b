#!/usr/bin/python3
"""Follows a place and prints what concerns it, each state once; goes on where it was when it is started again.

    docs/examples/follow.py HOST PORT ROLE/ID TOKEN-FILE CELL METRES STATE-FILE
"""
import json
import sys
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

host, port, name, token_file, cell, metres, state_file = sys.argv[1:]
state = Path(state_file)
kept = json.loads(state.read_text()) if state.exists() else {}
cursors = kept.get("cursors", {})  # {channel: where we are in it}
shown = kept.get("shown", {})  # {public id: [revision, whether it ended]}


def keep():
    state.write_text(json.dumps({"cursors": cursors, "shown": dict(list(shown.items())[-2000:])}))


def on_connect(client, _userdata, _flags, reason, _properties):
    if reason.value >= 128:
        sys.exit(f"refused: {reason}")
    since = Properties(PacketTypes.SUBSCRIBE)
    since.UserProperty = [("since", f"{channel}:{cursor}") for channel, cursor in cursors.items()]
    options = mqtt.SubscribeOptions(qos=1)
    client.subscribe([(f"nb/v1/json/near/{cell}/{metres}/#", options), ("nb/v1/json/inbox/heartbeat", options)],
                     properties=since)


def show(item):
    if "gap" in item:
        print("not kept any more:", item["gap"]["from"], "to", item["gap"]["to"])
    elif "activity" in item:
        print("seen near by:", item["activity"]["kind"])
    elif "alert" in item:
        alert = item["alert"]
        now = [alert["revision"], alert["state"] == "ENDED"]  # an end may come under the revision that was shown
        if now <= shown.get(alert["publicId"], [0, False]):
            return  # what was shown comes again: when we are back, and after a crash
        shown[alert["publicId"]] = now
        keep()
        if alert["state"] == "ENDED":
            print("over:", alert["publicId"])
        else:
            print(alert["category"], alert["truth"], alert["headline"])


def on_message(_client, _userdata, message):
    content = json.loads(message.payload)
    if message.topic.endswith("/heartbeat"):  # up to here everything was delivered
        cursors.update({each["channel"]: each["cursor"] for each in content.get("cursors", [])})
        keep()
        print("silence proves nothing now" if content.get("stale") else "all heard", flush=True)
        return
    show(content)
    sys.stdout.flush()


client = mqtt.Client(client_id="follow-py", protocol=mqtt.MQTTv5)
client.username_pw_set(name, Path(token_file).read_text().strip())
client.on_connect, client.on_message = on_connect, on_message
client.connect(host, int(port), keepalive=60)
client.loop_forever()
