"""The people of matrix.tsv, what they show for themselves, and what they say."""
import base64
import json
import subprocess

import mqtt
from case import AWAY, HERE, alert, motion, now_ms, point

HOME = ["--at", f"{HERE[0]},{HERE[1]}", "--verified-since", "-30d"]
# west, south, east, north
COUNTY, STATE, ELSEWHERE = (-118.3, 33.5, -116.5, 35.3), (-125, 33, -112, 40), (-75, 39, -73, 41)
STRANGERS = {"nobody": None, "nonsense": "a.b.c"}


def encode(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


class People:
    def __init__(self, home):
        self.home, self.tokens = home, {}
        for name, options in self.enrolments().items():
            self.tokens[name] = home.token(name, *options)
        for name in ("user/gone", "device/gone", "agency/gone"):
            home.stack.neighbors("revoke", name)
        self.other_key = home.folder / "other.key"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(self.other_key)], check=True,
                       capture_output=True)
        self.signed = {}
        self.bobs = self.bobs_alert()

    def enrolments(self):
        ann, bob = ["--household", "home-ann", *HOME], ["--household", "home-bob", *HOME]
        far = ["--household", "home-far", "--at", f"{AWAY[0]},{AWAY[1]}", "--verified-since", "-30d"]
        agency = {"police": COUNTY, "state": STATE, "else": ELSEWHERE, "land": None, "gone": None}
        return {name: ann for name in ("device/cam", "device/porch", "device/gone", "edge/hub", "user/ann")} | {
            name: bob for name in ("device/foreign", "device/foreign-online", "edge/foreign", "user/bob")} | {
            "user/far": far, "user/homeless": [], "user/gone": [], "operator/op": [], "node/city": ["--devices", "porch*,foreign,gone"]} | {
            f"agency/{name}": ["--name", name, *self.jurisdiction(name, box)] for name, box in agency.items()}

    def jurisdiction(self, name, box):
        if not box:
            return ["--jurisdiction", "everywhere"]
        west, south, east, north = box
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        path = self.home.folder / f"{name}.geojson"
        path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
        return ["--jurisdiction", str(path)]

    # ---- what they show ----

    def token(self, who):
        return self.tokens[who]

    def sign(self, who, ends_s=3600, key=None):
        """A token as the operator's key, or another, would sign it."""
        if (who, ends_s, key) not in self.signed:
            now = now_ms() // 1000
            text = encode({"alg": "EdDSA", "typ": "JWT"}) + "." + encode({"sub": who, "iat": now - 7200, "exp": now + ends_s})
            message = self.home.folder / "message"
            message.write_text(text)
            done = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(key or self.home.stack.keys / "token.key"),
                                   "-in", str(message)], capture_output=True, check=True)
            self.signed[who, ends_s, key] = text + "." + encode(done.stdout)
        return self.signed[who, ends_s, key]

    def credential(self, who, what):
        """What is given as the password of a CONNECT; None: nothing."""
        if what.startswith("token of "):
            return self.tokens[what.removeprefix("token of ")]
        return {"own token": lambda: self.tokens[who], "no token": lambda: None, "nonsense": lambda: STRANGERS["nonsense"],
                "expired": lambda: self.sign(who, -3600), "another key": lambda: self.sign(who, key=self.other_key),
                "well signed": lambda: self.sign(who)}[what]()

    def bearer(self, who):
        """What stands in the header Authorization; None: there is none."""
        if who in STRANGERS:
            return STRANGERS[who]
        return {"revoked": lambda: self.tokens["agency/gone"], "unknown": lambda: self.sign("agency/nobody")}.get(
            who, lambda: self.tokens[who])()

    # ---- what they say ----

    def bobs_alert(self):
        """The public id of an alert of bob's, which the others speak of."""
        with mqtt.Client(self.home.stack.mqtt_port) as bob:
            bob.connect(client_id="bob", username="user/bob", password=self.tokens["user/bob"].encode())
            answer = bob.publish("nb/v1/alert", alert())
            assert answer.reason == 0, answer
            return dict(answer.props["user"])["public-id"]

    def payload(self, who, name):
        """(payload, properties) by its name in the table."""
        word, _, about = name.partition(" of ")
        if word == "motion":
            return motion({"device": about} if about else {}), None
        if word == "alert":
            place = {"polygons": {"polygons": [{"rings": [{"points": [
                point(*corner)["point"] for corner in ((34, -118), (34, -117.9), (34.1, -117.9), (34, -118))]}]}]}}
            return alert(category="safety", **({"place": place} if about else {})), None
        if word.startswith("history"):
            topic = word.removeprefix("history").removeprefix(" to ")
            return json.dumps({"cells": [about or "9qh1f"]}).encode(), {"response_topic": topic} if topic else None
        return json.dumps(self.opinion(word, "x" * 24 if about == "none" else self.bobs)).encode() if word in OPINIONS else TEXTS[
            name], None

    @staticmethod
    def opinion(word, public_id):
        return {"publicId": public_id} | OPINIONS[word]


OPINIONS = {"witness": {}, "flag": {"reason": "SPAM"}} | {
    word: {"decision": word.upper(), "reason": "because", "revision": 1} for word in
    ("confirmed", "refuted", "approved", "released", "removed")}
TEXTS = {"broken": b'{"x":', "near": b'{"near": {"cell": "9qh1f5", "metres": 1600}}', "cells 9qh": b'{"cells": ["9qh"]}',
         "near with a point": b'{"near": {"lat": 34.0768, "lon": -118.0316, "metres": 1600}}'}
