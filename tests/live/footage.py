"""A neighborhood whose owners may be asked for footage, and agencies that ask; for test_footage.py and the long comparison."""
import json
import subprocess

import mqtt
from case import HERE, Installation, motion, now_ms, unique

INCIDENTS = ["BURGLARY", "ROBBERY"]
ANSWER_BYTES = 65536


class Neighborhood:
    """Households home-1 to home-N with a user, a camera that saw something half an hour ago, and consent; agencies with a
    certificate and an officer."""

    def __init__(self, households, agencies=("pd",), **settings):
        self.home = Installation(footage_release_s=1, **settings)
        self.stack = self.home.stack
        try:
            for agency in agencies:
                self.make_agency(agency)
            for number in range(1, households + 1):
                self.make_household(number)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.home.close()

    def key(self, agency):
        return self.home.folder / f"{agency}.key"

    def make_agency(self, agency):
        certificate = self.home.folder / f"{agency}.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key(agency), "-out", certificate,
                        "-days", "2", "-subj", f"/CN={agency}"], check=True, capture_output=True)
        self.home.token(f"agency/{agency}", "--name", f"Agency {agency}", "--certificate", str(certificate), "--officer", "lee")

    def make_household(self, number):
        place = f"{HERE[0]},{HERE[1]}"
        self.home.token(f"device/cam-{number}", "--household", f"home-{number}", "--at", place, "--verified-since", "-30d")
        self.home.token(f"user/owner-{number}", "--household", f"home-{number}", "--at", place, "--verified-since", "-30d")
        with self.connect(f"device/cam-{number}", unique("cam")) as camera:
            assert camera.publish("nb/v1/motion", motion({"at": str(now_ms() - 1800_000)})).reason == 0
        with self.connect(f"user/owner-{number}", unique("settings")) as owner:
            rules = {"footage": {"rules": [{"incidents": INCIDENTS}]}}
            answer = owner.publish("nb/v1/settings", json.dumps(rules).encode())
            assert answer.reason == 0, answer

    def connect(self, who, client_id, **options):
        connection = mqtt.Client(self.stack.mqtt_port)
        connack = connection.connect(client_id=client_id, username=who, password=self.home.token(who).encode(), **options)
        assert connack.reason == 0, connack
        return connection

    def follower(self, who, client_id):
        """A connection that follows its inbox, in JSON; at QoS 0, so that it has nothing to acknowledge."""
        connection = self.connect(who, client_id, keep_alive=0)
        assert connection.subscribe("nb/v1/json/inbox/#", qos=0)[0] == 0
        return connection


def request(case, open_s=3, **fields):
    """A footage request in JSON: the last hour, 300 m around the neighborhood."""
    circle = {"circle": {"center": {"latE7": round(HERE[0] * 1e7), "lonE7": round(HERE[1] * 1e7)}, "radiusM": 300}}
    return json.dumps({"senderRequestId": unique("request"), "caseNumber": case, "incident": "BURGLARY",
                       "sought": "A white van that left the alley going north", "contact": "desk@police.example", "place": circle,
                       "from": str(now_ms() - 3600_000), "to": str(now_ms() - 60_000),
                       "openUntil": str(now_ms() + round(open_s * 1000))} | fields).encode()


def answer(request_id, *clips):
    """An answer in JSON, of the one size that all have."""
    return json.dumps({"requestId": request_id, "clips": list(clips)}).encode().ljust(ANSWER_BYTES)
