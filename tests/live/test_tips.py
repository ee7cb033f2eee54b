"""Tips and rewards against a real Redis and by the command line: a resident tells an agency something, and the agency never
learns who; a programme gives what it has, a tip gets one, a voucher is good once, with its code alone."""
import base64
import hashlib
import json
import subprocess
import threading
import unittest
import urllib.request

import mqtt
from case import Installation, unique
from stack import BUILD, ENVIRONMENT

EARNING = ("xaverius", "yolanda", "wenceslas")
CRIMES = "A man with a red cap broke the window of the pharmacy"


class Tips(unittest.TestCase):
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.home = Installation(tree_head_s=1)
        try:
            cls.people()
        except BaseException:
            cls.home.close()
            raise

    @classmethod
    def people(cls):
        cls.stack = cls.home.stack
        cls.folder = cls.home.folder
        cls.key = cls.folder / "pd.key"
        cls.certificate = cls.folder / "pd.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", cls.key, "-out", cls.certificate,
                        "-days", "2", "-subj", "/CN=pd"], check=True, capture_output=True)
        for agency in ("pd", "sheriff", "fire"):
            cls.home.token(f"agency/{agency}", "--name", f"Agency {agency}", "--officer", "lee")
        for resident in ("zebulon", "quentin", "rosalind", *EARNING):
            cls.home.token(f"user/{resident}", "--household", f"house-of-{resident}")

    @classmethod
    def tearDownClass(cls):
        cls.home.close()

    # ---- people at work ----

    def run_as(self, who, *words, code=0):
        command = [str(BUILD / "neighbors"), *map(str, words), "--json", "--data", str(self.folder), "--as", who, "--token-file",
                   str(self.stack.token_file(who)), "--broker", f"127.0.0.1:{self.stack.mqtt_port}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def check(self, voucher, code, *words, fails=None):
        """`neighbors reward check`, by somebody who has the voucher, the code and the key alone: no broker is there."""
        done = subprocess.run([str(BUILD / "neighbors"), "reward", "check", "--json", "--voucher", voucher, "--code", code, "--log-key",
                               self.stack.keys / "log.pub", "--broker", "127.0.0.1:1", "--data", "/nonexistent", *words],
                              capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        said = json.loads(done.stdout)
        self.assertEqual((done.returncode, said["ok"]), (1, False) if fails else (0, True), done.stdout + done.stderr)
        self.assertIn(fails or "", said.get("error", ""))
        return said

    def client(self, who, client_id=None, follows=False):
        connection = mqtt.Client(self.stack.mqtt_port)
        self.addCleanup(connection.close)
        session = {"session_expiry": 3600} if follows else {}
        connack = connection.connect(client_id=client_id or unique("client"), username=who, password=self.home.token(who).encode(),
                                     clean=not follows, keep_alive=0, props=session)
        self.assertEqual(connack.reason, 0, connack)
        if follows:
            self.assertLessEqual(connection.subscribe("nb/v1/json/inbox/#")[0], 1)
        return connection

    @staticmethod
    def says(connection, topic, **fields):
        return connection.publish(f"nb/v1/{topic}", json.dumps(fields).encode())

    def tips(self, connection, **fields):
        answer = self.says(connection, "tip", **({"senderTipId": unique("tip"), "text": CRIMES} | fields))
        self.assertEqual(answer.reason, 0, answer)
        return dict(answer.props["user"])["conversation-id"]

    @staticmethod
    def hears(connection, suffix, accept=lambda message: True):
        """The next message of that kind, as bytes of the packet and as what it says."""
        packet = connection.until(mqtt.PUBLISH, 60, lambda p: p.topic == f"nb/v1/json/inbox/{suffix}" and accept(json.loads(p.payload)))
        return packet, json.loads(packet.payload)

    def all_before_a_refusal(self, connection, suffix):
        """Every message of that kind that came before one that the connection brings about itself."""
        connection.send(mqtt.publish("nb/v1/tip", b"{}", 0, 0))
        came = []

        def look(packet):
            if packet.topic.endswith(f"/inbox/{suffix}"):
                came.append(json.loads(packet.payload))
            return packet.topic.endswith("/inbox/refused")
        connection.until(mqtt.PUBLISH, 60, look)
        return came

    def http(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.stack.http_port}{path}", timeout=30) as answer:
            return answer.read()

    def says_nothing_of(self, data, *words):
        for word in words:
            self.assertNotIn(word.encode(), data)

    @staticmethod
    def files_with(words, *folders):
        return subprocess.run(["grep", "-rlF", words, *folders], capture_output=True, text=True).stdout

    # ---- conversations ----

    def test_a_conversation_in_which_nobody_learns_who(self):
        desks = [self.client("agency/pd", unique("desk"), follows=True) for _ in range(2)]
        begun = self.run_as("user/zebulon", "tip", "--to", "pd", "--text", CRIMES, "--case", "24-31", "--id", "names-of-mine")[0]
        conversation, code = begun["conversation_id"], begun["code"]
        self.assertRegex(code, "^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){3}$")
        claim = hashlib.sha256(code.encode()).digest()
        tells = ["zebulon", "house-of", "names-of-mine", code, code.replace("-", ""), base64.b64encode(claim).decode(), claim.hex(), "cli-"]
        for desk in desks:
            packet, tip = self.hears(desk, "tip", lambda m: m["conversationId"] == conversation)
            self.assertEqual((tip["text"], tip["caseNumber"], tip.get("fromAgency", False)), (CRIMES, "24-31", False))
            self.assertEqual(set(tip), {"version", "conversationId", "caseNumber", "text", "at", "tipId"})
            self.says_nothing_of(packet.body, *tells)
        self.run_as("agency/pd", "tip", "--conversation", conversation, "--text", "Which way?", "--id", "of-the-desk")
        told = self.run_as("user/zebulon", "tips", "--count", "1", "--for", "90s")[0]
        self.assertEqual((told["text"], told["fromAgency"], told["conversationId"]), ("Which way?", True, conversation))
        self.assertNotIn("of-the-desk", json.dumps(told))
        self.run_as("user/zebulon", "tip", "--conversation", conversation, "--text", "North", "--id", "names-of-mine")
        for desk in desks:
            packet, tip = self.hears(desk, "tip", lambda m: m["conversationId"] == conversation)
            self.assertEqual((tip["text"], tip["fromAgency"]), ("Which way?", True))  # said by another desk of the agency
            packet, tip = self.hears(desk, "tip", lambda m: m["conversationId"] == conversation)
            self.assertEqual(tip["text"], "North")
            self.says_nothing_of(packet.body, *tells)
        self.one_name_in_two_conversations(desks[0])
        for path in ("/v1/agencies", "/v1/log/leaves"):
            self.says_nothing_of(self.http(path), conversation, *tells[:5])
        self.assertNotEqual(self.files_with(CRIMES, self.folder / "redis"), "")  # so the search finds what is there
        logs = b"".join(path.read_bytes() for path in self.stack.logs.iterdir())
        self.says_nothing_of(logs, code, claim.hex(), CRIMES)
        self.assertEqual(self.files_with(code, self.folder / "redis"), "")

    def one_name_in_two_conversations(self, desk):
        """What a resident calls the same in two conversations is two messages."""
        ann = self.client("user/rosalind")
        for conversation in (self.tips(ann, agency="pd"), self.tips(ann, agency="pd")):
            self.tips(ann, senderTipId="same", conversationId=conversation, text="more")
            self.hears(desk, "tip", lambda m: (m["conversationId"], m["text"]) == (conversation, "more"))

    def test_only_the_two_go_on(self):
        conversation = self.tips(self.client("user/zebulon"), agency="pd")
        answers = set()
        for who in ("user/quentin", "agency/sheriff"):
            stranger = self.client(who)
            for identifier in (conversation, "0" * 24, "f" * 23 + "0"):
                answer = self.says(stranger, "tip", senderTipId=unique("x"), conversationId=identifier, text="hello")
                answers.add((answer.reason, json.dumps(answer.props, sort_keys=True)))
        self.assertEqual(len(answers), 1, answers)
        self.assertEqual(answers.pop()[0], 0x83)
        unknown = self.says(self.client("user/quentin"), "tip", senderTipId="x", agency="nobody", text="hello")
        self.assertEqual((unknown.reason, unknown.props["reason_string"]), (0x83, "agency: no partner agency has this id"))
        self.run_as("user/quentin", "tip", "--conversation", conversation, "--text", "hello", code=1)

    def test_under_seal(self):
        self.run_as("user/quentin", "tip", "--to", "fire", "--text", "It was my brother", "--certificate", self.certificate, "--case", "sealed")
        kept = self.folder / "kept"
        came = self.run_as("agency/fire", "tips", "--key", self.key, "--folder", kept, "--count", "1", "--for", "90s")
        sealed = came[0]
        self.assertEqual(sealed["opened"], "It was my brother")
        self.assertNotIn("text", sealed)
        plain = subprocess.run(["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", sealed["file"], "-inkey", self.key],
                               check=True, capture_output=True).stdout
        self.assertEqual(plain, b"It was my brother")
        self.assertEqual(self.files_with("It was my brother", self.folder / "redis", self.stack.logs), "")

    def test_nothing_is_lost_or_doubled_when_the_broker_is_killed(self):
        desk = unique("desk")
        self.client("agency/pd", desk, follows=True).close()
        # In the order in which tips() writes them: the same bytes are a repeat.
        fields = {"senderTipId": "once", "text": "killed in between", "agency": "pd", "claimHash": base64.b64encode(bytes(32)).decode()}
        conversations = set()
        for _ in range(3):
            ann = self.client("user/quentin")
            ann.send(mqtt.publish("nb/v1/tip", json.dumps(fields).encode(), 1, 1))
            self.stack.kill("neighborsd")  # it has it, or has it not
            self.stack.start_broker()
            conversations.add(self.tips(self.client("user/quentin"), **fields))
        self.assertEqual(len(conversations), 1)
        other = self.says(self.client("user/quentin"), "tip", **(fields | {"text": "another"}))
        self.assertEqual((other.reason, other.props["reason_string"].split(":")[0]), (0x83, "sender_tip_id"))
        came = self.all_before_a_refusal(self.client("agency/pd", desk, follows=True), "tip")
        self.assertEqual([tip["conversationId"] for tip in came if tip.get("text") == "killed in between"], list(conversations))

    def test_what_is_forgotten_leaves_the_agency_too(self):
        for resident, how in (("leaver", "--alerts"), ("mover", "--account")):
            self.home.token(f"user/{resident}", "--household", f"house-of-{resident}")
            said, answered = f"Never tell that {resident} said it", f"We shall not, {resident}"
            desk = self.client("agency/pd", unique("desk"), follows=True)
            left = self.client("agency/pd", unique("desk"), follows=True)  # and looks no more
            conversation = self.tips(self.client(f"user/{resident}"), agency="pd", text=said)
            for number in range(12):  # more than go at once
                self.tips(self.client("agency/pd"), conversationId=conversation, text=f"{answered} {number}")
            for each in (desk, left):
                self.hears(each, "tip", lambda m: m.get("text") == said)
            left.send(mqtt.unsubscribe(["nb/v1/json/inbox/#"], 9))
            left.until(mqtt.UNSUBACK, 60)
            self.assertNotEqual(self.files_with(said, self.folder / "redis"), "")
            self.run_as(f"user/{resident}", "forget", how, "--for", "90s", "--log-key", self.stack.keys / "log.pub")
            self.assertEqual(self.files_with(said, self.folder / "redis"), "")
            self.assertEqual(self.files_with(answered, self.folder / "redis"), "")
            again = self.says(self.client("agency/pd"), "tip", senderTipId=unique("x"), conversationId=conversation, text="hello")
            self.assertEqual((again.reason, again.props["reason_string"]), (0x83, "conversation_id: no such conversation of yours"))

    # ---- rewards ----

    def grants(self, connection, programme, conversation, **fields):
        return self.says(connection, "reward", **({"senderRewardId": unique("grant"), "programme": programme, "caseNumber": "24-99",
                                                   "conversationId": conversation} | fields))

    def test_a_programme_gives_what_it_has(self):
        programme = unique("cams")
        stocked = self.run_as("agency/pd", "reward", "stock", "--programme", programme, "--stock", "2", "--reward", "a doorbell camera")[0]
        self.assertIn(["left", "2"], stocked["properties"])
        begun = [self.run_as(f"user/{name}", "tip", "--to", "pd", "--text", CRIMES)[0] for name in EARNING]
        desks = [self.client("agency/pd") for _ in range(2)]
        answers = self.at_once([(desks[0], programme, begun[0]), (desks[1], programme, begun[1])])
        self.assertEqual(sorted((a.reason, dict(a.props["user"])["left"]) for a in answers), [(0, "0"), (0, "1")])
        third = self.grants(desks[0], programme, begun[2]["conversation_id"])
        self.assertEqual((third.reason, third.props["reason_string"]), (0x97, "programme: none are left"))
        again = self.at_once([(desk, programme, begun[0]) for desk in desks])
        self.assertEqual([a.reason for a in again], [0, 0])
        vouchers = [self.vouchers(name, programme) for name in EARNING]
        self.assertEqual([len(each) for each in vouchers], [1, 1, 0], vouchers)
        given = [each[0] for each in vouchers[:2]]
        self.assertEqual(sorted(each["number"] for each in given), [1, 2])
        self.assertEqual({(each["reward"], each["agencyName"], each["programme"]) for each in given},
                         {("a doorbell camera", "Agency pd", programme)})
        self.assertFalse({"senderRewardId", "stock", "redeem"} & set(given[0]), given[0])
        self.offline(given, begun)
        self.hands_in(programme, given)
        self.other_agency(programme, begun[0]["conversation_id"])
        self.on_record(programme, begun)

    def at_once(self, grants):
        """Grants that are under way together, each on a connection of its own."""
        answers = [None] * len(grants)
        gate = threading.Barrier(len(grants))

        def grant(n, desk, programme, tip):
            gate.wait()
            answers[n] = self.grants(desk, programme, tip["conversation_id"])
        threads = [threading.Thread(target=grant, args=(n, *each)) for n, each in enumerate(grants)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def vouchers(self, name, programme):
        follower = self.client(f"user/{name}", unique("phone"), follows=True)
        return [reward for reward in self.all_before_a_refusal(follower, "reward") if reward["programme"] == programme]

    def offline(self, given, begun):
        kept = self.folder / "vouchers"
        mine = [reward for reward in self.run_as(f"user/{EARNING[0]}", "tips", "--folder", kept, "--count", "1", "--for", "90s")
                if reward.get("voucher") == given[0]["voucher"]]
        voucher, code = mine[0]["file"], begun[0]["code"]
        used = self.folder / unique("used")
        good = self.check(voucher, code.lower().replace("-", " "), "--agency", "pd")
        self.assertEqual((good["agency"], good["number"], good["reward"], good["case"]),
                         ("agency/pd", given[0]["number"], "a doorbell camera", "24-99"))
        self.check(voucher, begun[1]["code"], fails="not the code")
        self.check(voucher, code, "--agency", "sheriff", fails="is of agency/pd")
        self.check(voucher, begun[1]["code"], "--used", used, fails="not the code")
        self.check(voucher, code, "--used", used)
        self.check(voucher, code, "--used", used, fails="handed in before")
        other = self.folder / "other.voucher"
        other.write_text(given[1]["voucher"] + "\n")
        self.check(other, begun[1]["code"], "--used", used)
        body = given[0]["voucher"].split(".")
        other.write_text(".".join((body[0], given[1]["voucher"].split(".")[1], body[2])))
        self.check(other, begun[1]["code"], fails="no good")
        self.says_nothing_of(base64.urlsafe_b64decode(body[1] + "=="), "xaverius", "house-of", begun[0]["conversation_id"])

    def hands_in(self, programme, given):
        first = str(given[0]["number"])
        self.run_as("agency/pd", "reward", "redeem", "--programme", programme, "--number", first, "--id", unique("in"))
        twice = self.run_as("agency/pd", "reward", "redeem", "--programme", programme, "--number", first, code=1)[0]
        self.assertEqual((twice["reason"], twice["text"]), (0x83, "redeem: this voucher was handed in before"))
        unknown = self.run_as("agency/pd", "reward", "redeem", "--programme", programme, "--number", "3", code=1)[0]
        self.assertEqual(unknown["reason"], 0x83)

    def other_agency(self, programme, conversation):
        sheriff = self.client("agency/sheriff")
        self.assertEqual(self.says(sheriff, "reward", senderRewardId="s", programme=programme, stock=5, reward="x").reason, 0)
        answers = {(a.reason, json.dumps(a.props, sort_keys=True)) for a in
                   (self.grants(sheriff, programme, conversation), self.grants(sheriff, programme, "0" * 24))}
        self.assertEqual(len(answers), 1, answers)
        self.assertEqual(answers.pop()[0], 0x83)

    def on_record(self, programme, begun):
        """The acts are there, each once, and say nothing of the conversation or the resident."""
        self.stack.wait_for("neighborsd", lambda: self.rewards_on_record() >= 2, "the public record has both", 60)
        self.assertEqual(self.rewards_on_record(), 2)
        leaves = self.http("/v1/log/leaves")
        self.assertIn(b"a doorbell camera", leaves)
        self.says_nothing_of(leaves, programme, *EARNING, "house-of", *(each["conversation_id"] for each in begun))

    def rewards_on_record(self):
        leaves = json.loads(self.http("/v1/log/leaves"))["leaves"]
        return sum(json.dumps(leaf).count('"a doorbell camera"') for leaf in leaves)


if __name__ == "__main__":
    unittest.main()
