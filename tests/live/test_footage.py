"""Footage from end to end, against a real Redis and by the command line: an agency asks, one owner shares, one declines, one
ignores; the agency opens what was shared with its key, and so does openssl; what is taken back is gone."""
import base64
import json
import select
import subprocess
import unittest

import mqtt
from case import unique
from footage import Neighborhood, answer, request
from stack import BUILD, ENVIRONMENT, die_with_parent

JPEG = base64.b64decode("/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8Q"
                        "EBEQCgwSExIQEw8QEBD/yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k=")
NOTE = "He carried a ladder and went north"


class Footage(unittest.TestCase):
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.town = Neighborhood(6, ("pd", "sheriff", "harbor"))
        cls.home = cls.town.home

    @classmethod
    def tearDownClass(cls):
        cls.town.close()

    # ---- the command line, each person with a folder of its own ----

    def command(self, who, *words):
        folder = self.home.folder / "own" / who.replace("/", "-")
        folder.mkdir(parents=True, exist_ok=True)
        self.home.token(who)
        return [str(BUILD / "neighbors"), *map(str, words), "--json", "--data", str(folder), "--as", who, "--token-file",
                str(self.home.stack.token_file(who)), "--broker", f"127.0.0.1:{self.home.stack.mqtt_port}"]

    def run_as(self, who, *words, code=0):
        done = subprocess.run(self.command(who, *words), capture_output=True, text=True, timeout=120, env=ENVIRONMENT,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def stays_as(self, who, *words):
        process = subprocess.Popen(self.command(who, *words), stdout=subprocess.PIPE, text=True, env=ENVIRONMENT,
                                   stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        return process

    # ---- stories ----

    def test_one_shares_one_declines_one_ignores(self):
        owners = {number: self.stays_as(f"user/owner-{number}", "footage-requests") for number in (1, 2, 3)}
        asked = self.run_as("agency/pd", "footage-request", "--case", "24-1187", "--incident", "burglary", "--sought",
                            "A man with a ladder", "--contact", "desk@police.example", "--at", "34.0768,-118.0316", "--radius", "300",
                            "--from", "-1h", "--to", "-1m", "--open", "20s")[0]
        self.assertTrue(asked["ok"], asked)
        self.assertEqual(set(map(tuple, asked["properties"])), {("request-id", asked["request_id"])}, "and nothing more")
        for number, owner in owners.items():
            self.assertTrue(select.select([owner.stdout], [], [], 60)[0], f"owner-{number} is not asked")
            came = json.loads(owner.stdout.readline())
            self.assertEqual(came["requestId"], asked["request_id"])
            self.assertEqual(came["devices"], [f"cam-{number}"])
            self.assertEqual(came["agencyName"], "Agency pd")
        still = self.home.folder / "still.jpg"
        still.write_bytes(JPEG)
        kept = self.run_as("user/owner-1", "footage-answer", asked["request_id"], "--still", still, "--note", NOTE, "--device",
                           "cam-1", "--delete-after", "7d")[0]
        self.assertEqual(kept["answer"], "kept")
        self.run_as("user/owner-2", "footage-answer", asked["request_id"], "--decline")
        folder = self.home.folder / "received"
        shared = self.run_as("agency/pd", "footage-received", "--key", self.town.key("pd"), "--folder", folder, "--count", "1",
                             "--for", "90s")[0]
        self.opens(shared, folder)
        for number in owners:  # all have sent one answer of one size, at the time that the request named
            self.sent(number, asked["request_id"])
        self.takes_back(asked["request_id"], folder, shared["clipId"])
        self.run_as("agency/pd", "resolve", "--case", "24-1187", "--outcome", "solved")

    def opens(self, shared, folder):
        clip = shared["opened"]
        self.assertEqual((clip["note"], clip["device"], base64.b64decode(clip["still"])), (NOTE, "cam-1", JPEG))
        self.assertIn("24-1187", clip["purpose"])
        self.assertEqual(clip["deleteBy"], shared["deleteBy"])
        self.assertEqual((folder / f"{shared['clipId']}.jpg").read_bytes(), JPEG)
        plain = subprocess.run(["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", folder / f"{shared['clipId']}.cms",
                                "-inkey", self.town.key("pd")], check=True, capture_output=True).stdout
        self.assertEqual(json.loads(plain), clip)
        words = json.dumps({name: value for name, value in shared.items() if name not in ("opened", "sealed")})
        for word in ("owner", "home-", "cam-"):
            self.assertNotIn(word, words)

    def sent(self, number, request_id):
        folder = self.home.folder / "own" / f"user-owner-{number}" / "footage"
        self.assertTrue((folder / f"{request_id}.sent").exists(), sorted(folder.iterdir()))

    def takes_back(self, request_id, folder, clip_id):
        self.assertEqual(self.run_as("user/owner-1", "footage-answer", request_id, "--withdraw")[0]["answer"], "sent")
        told = self.run_as("agency/pd", "footage-received", "--folder", folder, "--count", "1", "--for", "90s")[0]
        self.assertEqual((told["clipId"], told["withdrawn"], "sealed" in told), (clip_id, True, False))
        self.assertEqual([path.name for path in folder.iterdir()], [])

    def test_who_has_a_token_of_one_instance_listens_as_that_one(self):
        who = "user/owner-6"
        self.home.token(who, "--household", "home-6", "--instance", "phone-2")
        for words in (("footage-requests",), ("tips",)):
            self.run_as(who, *words, "--for", "1s")

    def test_what_waits_for_its_reader_is_not_taken_by_a_second_request(self):
        ask = ("footage-request", "--incident", "burglary", "--sought", "A man with a ladder", "--contact", "desk@police.example",
               "--at", "34.0768,-118.0316", "--radius", "300", "--from", "-1h", "--to", "-1m", "--open", "20s")
        read = ("footage-received", "--key", self.town.key("harbor"))
        desk = self.town.follower("agency/harbor", unique("desk"))
        owner = self.town.follower("user/owner-5", unique("phone"))
        self.begins_to_follow("agency/harbor", *read)
        request_id = self.run_as("agency/harbor", *ask, "--case", unique("case"))[0]["request_id"]
        came = owner.until(mqtt.PUBLISH, 60, lambda p: p.topic == "nb/v1/json/inbox/footage-request" and
                           json.loads(p.payload)["requestId"] == request_id)
        clip = {"clipId": "a", "decision": "SHARE", "sealed": base64.b64encode(self.sealed()).decode(),
                "deleteBy": str(int(json.loads(came.payload)["openUntil"]) + 86400_000)}
        self.assertEqual(owner.publish("nb/v1/footage-answer", answer(request_id, clip)).reason, 0)
        self.footage_of(desk, request_id)  # so it is in every inbox of the agency
        self.run_as("agency/harbor", *ask, "--case", unique("case"))
        read_later = self.run_as("agency/harbor", *read, "--count", "1", "--for", "60s")
        self.assertEqual([shared["requestId"] for shared in read_later], [request_id])

    def test_the_other_agency_and_who_was_not_asked_get_nothing(self):
        sheriff = self.town.follower("agency/sheriff", unique("desk"))
        police = self.town.follower("agency/pd", unique("desk"))
        owner = self.town.follower("user/owner-4", unique("phone"))
        stranger = self.home.token("user/stranger", "--household", "home-stranger")
        self.assertTrue(stranger)
        other = self.town.follower("user/stranger", unique("phone"))
        asked = police.publish("nb/v1/footage-request", request(unique("case"), open_s=30))
        request_id = dict(asked.props["user"])["request-id"]
        came = owner.until(mqtt.PUBLISH, 60, lambda p: p.topic == "nb/v1/json/inbox/footage-request" and
                           json.loads(p.payload)["requestId"] == request_id)
        sealed = base64.b64encode(self.sealed()).decode()
        clip = {"clipId": "a", "decision": "SHARE", "sealed": sealed, "deleteBy": str(int(json.loads(came.payload)["openUntil"]) + 86400_000)}
        # who was not asked is acknowledged alike, and nothing comes of it
        self.assertEqual(other.publish("nb/v1/footage-answer", answer(request_id, clip | {"clipId": "x"})).reason, 0)
        self.assertEqual(owner.publish("nb/v1/footage-answer", answer(request_id, clip)).reason, 0)
        shared = self.footage_of(police, request_id)
        self.assertEqual(json.loads(shared.payload)["sealed"], sealed)
        # A second one of the police tells when the batch of the stranger's would have come.
        self.assertEqual(owner.publish("nb/v1/footage-answer", answer(request_id, clip | {"clipId": "b"})).reason, 0)
        later = self.footage_of(police, request_id)
        self.assertNotEqual(json.loads(later.payload)["clipId"], json.loads(shared.payload)["clipId"])
        self.hears_no_footage(other)
        self.hears_no_footage(sheriff)

    def begins_to_follow(self, who, *read):
        """For a moment, and for longer where a moment is not enough."""
        for seconds in (1, 5, 25):
            self.run_as(who, *read, "--for", f"{seconds}s")
            if self.home.stack.redis_command("EXISTS", f"nb:{{p:{who}}}:s:footage") == "1":
                return
        self.fail(f"the command line has no session as {who}")

    @staticmethod
    def footage_of(police, request_id):
        return police.until(mqtt.PUBLISH, 60, lambda p: p.topic == "nb/v1/json/inbox/footage" and
                            json.loads(p.payload)["requestId"] == request_id)

    def sealed(self):
        done = subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-aes256", "-outform", "DER", str(self.home.folder / "pd.pem")],
                              input=b'{"note":"x"}', check=True, capture_output=True)
        return done.stdout

    def hears_no_footage(self, connection):
        """Of all that came before a refusal of its own."""
        connection.send(mqtt.publish("nb/v1/motion", b"{}", 0, 0))
        seen = []
        connection.until(mqtt.PUBLISH, 60, lambda p: seen.append(p.topic) or p.topic == "nb/v1/json/inbox/refused")
        self.assertFalse([topic for topic in seen if "footage" in topic], seen)


if __name__ == "__main__":
    unittest.main()
