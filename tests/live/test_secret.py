"""The secret of an installation is replaced: places, sharing and what sessions follow go over to the new one."""
import json

import mqtt
from case import HERE, Installation, LiveCase, StackError, alert, motion

KEPT = {"session_expiry": 3600}
NEAR = "nb/v1/json/near/9qh1f5/1600/#"


class Secret(LiveCase):
    def setUp(self):
        self.home = Installation()
        self.addCleanup(self.home.close)
        self.stack, self.port = self.home.stack, self.home.stack.mqtt_port

    def follow(self):
        return self.client("user/ann", client_id="phone", clean=False, props=KEPT)

    def activity(self, follower):
        packet = follower.until(mqtt.PUBLISH, 60, lambda p: "/activity/" in p.topic)
        return json.loads(packet.payload)

    def test_all_goes_on_under_another_secret(self):
        path = self.stack.keys / "broker.secret"
        before, modes = path.read_bytes(), path.stat().st_mode
        ann = self.follow()
        ann.subscribe(NEAR)
        cameras = [f"device/cam-{number}" for number in range(3)]
        for camera in cameras:
            self.home.token(camera, *self.options(camera))
        ann.close()
        (self.stack.keys / "broker.secret.new.new").write_bytes(b"half")  # of a run that was killed while it made the next
        with self.assertRaises(StackError) as refused:
            self.stack.neighbors("ca", "rotate-secret")
        self.assertIn("stop it first", str(refused.exception))
        self.stack.stop_one("neighborsd")

        told = self.stack.neighbors("ca", "rotate-secret")[-1]
        self.assertEqual((told["principals"], told["households"], told["sessions"], told["unreadable"]), (3, 3, 1, 0))
        self.assertNotEqual(path.read_bytes(), before)
        self.assertEqual(path.stat().st_mode, modes)
        self.assertEqual([path.name for path in self.stack.keys.glob("broker.secret*")], ["broker.secret"])
        self.stack.start_broker()

        ann = self.follow()
        self.assertTrue(ann.connack.session_present)
        self.assertEqual(self.stack.neighbors("household", "show", "home-cam-0")[-1]["cell"], "9qh1f5")
        for camera in cameras:  # tokens are as they were
            self.assertEqual(self.client(camera).publish("nb/v1/motion", motion()).reason, 0)
        self.assertEqual(self.activity(ann)["activity"]["kind"], "PERSON")
        self.assertEqual(self.client("agency/pd").publish("nb/v1/alert", alert(headline="Behind it", where=HERE)).reason, 0)
        self.headline(ann, "Behind it")
        log = (self.stack.logs / "neighborsd.log").read_text()
        self.assertNotIn("unreadable", log)
