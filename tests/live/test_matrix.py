"""matrix.tsv: who may do what, tried line by line with real clients. Each test takes the lines of its acts, on as few
connections as they allow, and names every line that came out otherwise."""
import http.client
import itertools
import json
import time
import unittest
from pathlib import Path

import mqtt
from case import Installation, alert, unique
from matrix_people import People
from tunnel import TunnelClient
from watched import read_metrics

FILE = Path(__file__).with_name("matrix.tsv")
COLUMNS = ("over", "who", "act", "what", "with", "expect", "alike", "why")
# What the contract has and this broker does not serve yet: lines about these are not judged.
PENDING_TOPICS = set()
PENDING_PATHS = ()
ALERT = "nb/v1/alert"
NOWHERE = "nb/v1/info"  # refused to everybody: what comes back of it comes behind all that was said before


class Row(dict):
    def __str__(self):
        return f"line {self['line']}: " + " ".join(self[column] for column in COLUMNS[:5] if self[column] != "-")

    @property
    def version(self):
        return int(self["over"][0])


def rows():
    lines = enumerate(FILE.read_text().splitlines(), 1)
    told = [(number, line.split("\t")) for number, line in lines if line and not line.startswith("#")]
    assert tuple(told[0][1]) == COLUMNS
    return [Row(zip(COLUMNS, cells, strict=True), line=number) for number, cells in told[1:]]


def pending(row):
    if row["over"] == "http":
        return row["what"].startswith(PENDING_PATHS)
    return row["what"].removeprefix("nb/v1/") in PENDING_TOPICS and row["expect"] in ("0x99", "refused")


def code(number):
    return f"0x{number:02x}"


class Matrix(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.home = Installation(heartbeat_ms=3600000, flags_enough=100, witnesses_enough=100,
                                cell_alerts_hour=0)
        cls.addClassCleanup(cls.home.close)
        cls.people = People(cls.home)
        cls.rows = rows()

    # ---- the verdicts ----

    def judge(self, acts, tried):
        """tried(rows) gives (row, verdict, answer) for each; alike rows must have one answer."""
        chosen = [row for row in self.rows if row["act"] in acts]
        self.assertTrue(chosen)
        wrong, alike, count = [], {}, 0
        for row, verdict, answer in tried([row for row in chosen if not pending(row)]):
            count += 1
            if verdict != row["expect"]:
                wrong.append(f"{row}\n    expected {row['expect']}, got {verdict}: {answer}")
            elif row["alike"] != "-":
                first = alike.setdefault(row["alike"], (row, answer))
                if first[1] != answer:
                    wrong.append(f"{row}\n    not answered like line {first[0]['line']}: {answer}\n    but {first[1]}")
        self.assertEqual(count, sum(not pending(row) for row in chosen), "every line is tried")
        if wrong:
            self.fail(f"{len(wrong)} of {len(chosen)} lines differ:\n" + "\n".join(wrong))

    @staticmethod
    def groups(rows, *columns):
        def key(row):
            return tuple(row[column] for column in columns)
        return itertools.groupby(sorted(rows, key=key), key)

    def connection(self, over):
        connection = (TunnelClient(self.home.stack.http_port, int(over[0])) if over.endswith("ws")
                      else mqtt.Client(self.home.stack.mqtt_port, int(over[0])))
        self.addCleanup(connection.close)
        return connection

    def client(self, over, who, **options):
        connection = self.connection(over)
        options = {"client_id": unique("matrix")} | options
        answer = connection.connect(username=who, password=self.people.token(who).encode(), **options)
        self.assertEqual(answer.reason, 0, (who, answer))
        return connection

    # ---- CONNECT ----

    def test_connect(self):
        self.judge({"connect"}, lambda rows: map(self.try_connect, rows))

    def try_connect(self, row):
        connection = self.connection(row["over"])
        password = self.people.credential(row["who"], row["what"])
        answer = connection.connect(client_id=unique("matrix"), username=row["who"],
                                    password=None if password is None else password.encode())
        connection.close()
        return row, code(answer.reason), answer.body

    # ---- PUBLISH ----

    def test_publish(self):
        self.judge({"publish", "publish2", "publish0", "retain"}, self.try_publish)

    def try_publish(self, rows):
        online = self.client("5", "device/foreign-online")
        for (over, who), lines in self.groups(rows, "over", "who"):
            publisher = Publisher(self.client(over, who))
            lines = [(row, publisher.say(row, self.people)) for row in lines]
            publisher.gather()
            for row, ticket in lines:
                yield (row, *publisher.verdict(ticket))
        online.close()

    # ---- wills ----

    def test_wills(self):
        self.judge({"will", "will retained"}, lambda rows: map(self.try_will, rows))

    WILLS = {"wills_dropped": "dropped", "publishes_acknowledged": "stored", "publishes_refused": "refused"}

    def counters(self):
        found = read_metrics(self.home.stack.metrics_port)
        return {name: sum(found[name].values()) for name in self.WILLS}

    def try_will(self, row):
        payload = self.people.payload(row["who"], row["with"])[0]
        before = self.counters()
        connection = self.client(row["over"], row["who"],
                                 will=(row["what"], payload, 1, row["act"] == "will retained", None))
        connection.close()
        deadline, risen = time.monotonic() + 30, []
        while not risen and time.monotonic() < deadline:
            now = self.counters()
            risen = [verdict for name, verdict in self.WILLS.items() if now[name] > before[name]]
            time.sleep(0 if risen else 0.005)
        return row, " ".join(risen) or "nothing", risen

    # ---- SUBSCRIBE ----

    def test_subscribe(self):
        self.judge({"subscribe"}, self.try_subscribe)

    def try_subscribe(self, rows):
        for (over, who), lines in self.groups(rows, "over", "who"):
            connection = self.client(over, who)
            for row in lines:
                reasons = connection.subscribe(row["what"])
                if reasons == [1]:
                    connection.send(mqtt.unsubscribe([row["what"]], 1, connection.version))
                    connection.until(mqtt.UNSUBACK)
                yield row, " ".join(map(code, reasons)), reasons
            connection.close()

    # ---- what is heard ----

    def test_hear(self):
        self.judge({"hear"}, self.try_hear)

    def try_hear(self, rows):
        listeners = [(row, Listener(self.client(row["over"], row["who"]), row["what"])) for row in rows]
        headline = unique("heard")
        bob = self.client("4", "user/bob")
        self.assertEqual(bob.subscribe("nb/v1/json/inbox/#", "nb/v1/json/near/9qh1f5/1600/#"), [1, 1])
        for number, (topic, payload) in enumerate({ALERT: alert(headline=headline), "nb/v1/witness": b"bob's secret",
                                                   "nb/v1/history": b'{"cells": ["9qh1f"], "from": "1"}'}.items(), 1):
            bob.send(mqtt.publish(topic, payload, 1, number, 4))
        waits = {"refused", "history", "feed"}
        while waits:  # once bob has it all, whoever else is to have it has it, or has it underway
            packet = bob.until(mqtt.PUBLISH)
            waits.discard(packet.topic.rsplit("/", 1)[1])
            if headline.encode() in packet.payload:
                waits.discard("feed")
        for row, listener in listeners:
            verdict = listener.verdict(headline, row["expect"] == "heard")
            yield row, verdict, listener.heard

    # ---- sessions ----

    def test_sessions(self):
        self.judge({"take over"}, lambda rows: map(self.try_session, rows))

    def try_session(self, row):
        name = unique("bobs-phone")
        bob = self.client("5", "user/bob", client_id=name, props={"session_expiry": 60})
        bob.subscribe("nb/v1/inbox/#")
        other = self.connection(row["over"])
        token = self.people.credential(row["who"], "own token" if row["who"] in self.people.tokens else "well signed")
        answer = other.connect(client_id=name, username=row["who"], password=token.encode(), clean=False)
        bob.send(mqtt.PING)
        bob.until(mqtt.PINGRESP)
        bob.close()
        other.close()
        return row, "refused" if answer.reason else "bob's" if answer.session_present else "own", answer

    # ---- HTTP ----

    def test_http(self):
        self.judge({"GET", "POST", "PUT", "PATCH", "DELETE"}, self.try_http)

    def try_http(self, rows):
        for row in rows:
            connection = http.client.HTTPConnection("127.0.0.1", self.home.stack.http_port, timeout=30)
            headers = {"Content-Type": "application/json"} if row["with"] != "-" else {}
            token = self.people.bearer(row["who"])
            if token is not None:
                headers["Authorization"] = f"Bearer {token}"
            body = None if row["with"] == "-" else self.people.payload(row["who"], row["with"])[0]
            connection.request(row["act"], row["what"], body, headers)
            answer = connection.getresponse()
            told = sorted((name.lower(), value) for name, value in answer.getheaders() if name.lower() != "date")
            yield row, str(answer.status), (told, answer.read())
            connection.close()


class Publisher:
    """Publishes the lines of one connection and learns what became of each: from the acknowledgement, or from the inbox."""

    def __init__(self, connection):
        self.connection, self.notices, self.acks = connection, {}, {}
        connection.subscribe("nb/v1/json/inbox/#")

    def until(self, kind, packet_id):
        """The acknowledgement; notices that come before it are kept."""
        return self.connection.until(kind, accept=lambda p: not self.keep(p) and p.kind == kind and p.packet_id == packet_id)

    def keep(self, packet):
        if packet.kind == mqtt.PUBLISH and packet.topic.endswith("/refused"):
            notice = json.loads(packet.payload)
            self.notices.setdefault(notice.get("packetId", 0), []).append(
                (notice["topic"], {name: notice.get(name) for name in ("code", "field", "rule")}))
            return True
        return packet.kind == mqtt.PUBLISH

    def say(self, row, people):
        payload, props = people.payload(row["who"], row["with"])
        c, act = self.connection, row["act"]
        if act == "publish0":
            c.send(mqtt.publish(row["what"], payload, 0, version=c.version))
            c.send(mqtt.publish(NOWHERE, b"{", 0, version=c.version))
            self.hear(lambda: len(self.notices.get(0, [])) > 1)
            # The notice of NOWHERE, which is no topic, may come first.
            return "notice", sorted(self.notices.pop(0), key=lambda notice: notice[0] == "-")
        qos, identifier = 2 if act == "publish2" else 1, c.identifier()
        c.send(mqtt.publish(row["what"], payload, qos, identifier, c.version, props, retain=act == "retain"))
        answer = self.hear_ack(mqtt.PUBREC if qos == 2 else mqtt.PUBACK, identifier)
        if qos == 2 and answer.reason < 0x80:
            c.send(mqtt.ack(mqtt.PUBREL, identifier, c.version))
            self.hear_ack(mqtt.PUBCOMP, identifier)
        return identifier, answer

    def hear(self, true):
        while not true():
            packet = self.connection.receive(30)
            assert packet is not None, "nothing comes any more"
            self.take(packet)

    def take(self, packet):
        if packet.kind == mqtt.PUBLISH and packet.qos:
            self.connection.send(mqtt.ack(mqtt.PUBACK, packet.packet_id, self.connection.version))
        if packet.kind in (mqtt.PUBACK, mqtt.PUBREC, mqtt.PUBCOMP):
            self.acks[packet.kind, packet.packet_id] = packet
        self.keep(packet)

    def hear_ack(self, kind, identifier):
        self.hear(lambda: (kind, identifier) in self.acks)
        return self.acks.pop((kind, identifier))

    def gather(self):
        """Waits for the notices of all that was said: the last is that of a PUBLISH behind them."""
        if self.connection.version != 5:
            identifier = self.connection.identifier()
            self.connection.send(mqtt.publish(NOWHERE, b"{", 1, identifier, self.connection.version))
            self.hear(lambda: identifier in self.notices)
        self.connection.close()

    def verdict(self, ticket):
        identifier, answer = ticket
        if identifier == "notice":
            return code(answer[0][1]["code"]), answer[0][1]
        if self.connection.version == 5:
            return code(answer.reason), {name: value for name, value in answer.props.items() if answer.reason}
        notices = self.notices.get(identifier)
        return (code(notices[0][1]["code"]), notices[0][1]) if notices else (code(0), {})


class Listener:
    """Follows a filter, and hears out what came by it."""

    def __init__(self, connection, filter_):
        self.connection, self.heard = connection, []
        connection.subscribe(filter_)
        connection.subscribe("nb/v1/json/inbox/refused")

    def verdict(self, headline, hopes):
        """Its own refusal ends the silence: what was underway before that has come."""
        c, marker = self.connection, "-"
        c.send(mqtt.publish(NOWHERE, b"{", 0, version=c.version))
        while hopes or marker is not None:
            packet = c.receive(30)
            if packet is None:
                break
            if packet.kind != mqtt.PUBLISH:
                continue
            if packet.qos:
                c.send(mqtt.ack(mqtt.PUBACK, packet.packet_id, c.version))
            if packet.topic == "nb/v1/json/inbox/refused" and json.loads(packet.payload).get("topic") == "-" and marker:
                marker = None
                continue
            if "/cell/" in packet.topic or "/near/" in packet.topic:
                hopes = hopes and headline.encode() not in packet.payload
                if headline.encode() not in packet.payload:
                    continue
            self.heard.append((packet.topic, packet.payload))
        c.close()
        return "heard" if self.heard else "silent"
