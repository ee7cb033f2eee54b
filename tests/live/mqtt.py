"""MQTT 3.1.1 and 5 packets, byte by byte, and a plain client on them.

Made for tests that must say things that no well-behaved library would: every field of a packet can be set, also wrongly.
"""
import socket
import ssl
import struct
import time
from dataclasses import dataclass, field

(CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP,
 DISCONNECT, AUTH) = range(1, 16)

# The properties of MQTT 5 (section 2.2.2.2): name -> (identifier, type).
PROPERTIES = {
    "payload_format": (0x01, "byte"), "message_expiry": (0x02, "four"), "content_type": (0x03, "text"),
    "response_topic": (0x08, "text"), "correlation_data": (0x09, "binary"), "subscription_id": (0x0B, "variable"),
    "session_expiry": (0x11, "four"), "assigned_client_id": (0x12, "text"), "server_keep_alive": (0x13, "two"),
    "auth_method": (0x15, "text"), "auth_data": (0x16, "binary"), "request_problem_info": (0x17, "byte"),
    "will_delay": (0x18, "four"), "request_response_info": (0x19, "byte"), "response_info": (0x1A, "text"),
    "server_reference": (0x1C, "text"), "reason_string": (0x1F, "text"), "receive_maximum": (0x21, "two"),
    "topic_alias_maximum": (0x22, "two"), "topic_alias": (0x23, "two"), "maximum_qos": (0x24, "byte"),
    "retain_available": (0x25, "byte"), "user": (0x26, "pair"), "maximum_packet_size": (0x27, "four"),
    "wildcard_available": (0x28, "byte"), "subscription_id_available": (0x29, "byte"), "shared_available": (0x2A, "byte"),
}
NAMES = {identifier: (name, kind) for name, (identifier, kind) in PROPERTIES.items()}


class Closed(Exception):
    """The peer closed the connection."""


def variable(value):
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def binary(value):
    return struct.pack(">H", len(value)) + value


def text(value):
    return binary(value.encode() if isinstance(value, str) else value)


def properties(values):
    """{"receive_maximum": 3, "user": [("a", "b")]} as a property block. A list gives a property more than once."""
    block = b""
    for name, value in (values.items() if isinstance(values, dict) else values):
        identifier, kind = PROPERTIES[name] if isinstance(name, str) else name
        for one in value if isinstance(value, list) else [value]:
            block += variable(identifier) + {
                "byte": lambda v: bytes([v]), "two": lambda v: struct.pack(">H", v),
                "four": lambda v: struct.pack(">I", v), "variable": variable, "text": text, "binary": binary,
                "pair": lambda v: text(v[0]) + text(v[1])}[kind](one)
    return variable(len(block)) + block


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + variable(len(body)) + body


def connect(version=5, client_id="", clean=True, keep_alive=60, username=None, password=None, props=None, will=None,
            name="MQTT", level=None, flags=None):
    """will: (topic, payload, qos, retain, properties)."""
    bits = 0x02 if clean else 0
    payload = text(client_id)
    if will is not None:
        topic, content, qos, retain, will_props = will
        bits |= 0x04 | qos << 3 | (0x20 if retain else 0)
        payload += (properties(will_props or {}) if version == 5 else b"") + text(topic) + binary(content)
    if username is not None:
        bits |= 0x80
        payload += text(username)
    if password is not None:
        bits |= 0x40
        payload += text(password)
    head = text(name) + bytes([version if level is None else level, bits if flags is None else flags])
    head += struct.pack(">H", keep_alive) + (properties(props or {}) if version == 5 else b"")
    return packet(CONNECT, 0, head + payload)


def publish(topic, payload, qos=1, packet_id=1, version=5, props=None, retain=False, dup=False, flags=None):
    bits = (8 if dup else 0) | qos << 1 | (1 if retain else 0)
    body = text(topic) + (struct.pack(">H", packet_id) if qos else b"")
    body += (properties(props or {}) if version == 5 else b"") + payload
    return packet(PUBLISH, bits if flags is None else flags, body)


def ack(kind, packet_id, version=5, reason=0, props=None, flags=None):
    body = struct.pack(">H", packet_id)
    if version == 5 and (reason or props):
        body += bytes([reason]) + (properties(props) if props else b"")
    return packet(kind, (2 if kind == PUBREL else 0) if flags is None else flags, body)


def subscribe(filters, packet_id=1, version=5, props=None, flags=2):
    """filters: [(filter, options)]"""
    body = struct.pack(">H", packet_id) + (properties(props or {}) if version == 5 else b"")
    return packet(SUBSCRIBE, flags, body + b"".join(text(f) + bytes([options]) for f, options in filters))


def unsubscribe(filters, packet_id=1, version=5, props=None, flags=2):
    body = struct.pack(">H", packet_id) + (properties(props or {}) if version == 5 else b"")
    return packet(UNSUBSCRIBE, flags, body + b"".join(text(f) for f in filters))


def disconnect(version=5, reason=0, props=None):
    return packet(DISCONNECT, 0, b"" if version != 5 or not (reason or props) else bytes([reason]) + properties(props or {}))


PING = packet(PINGREQ, 0, b"")


@dataclass
class Packet:
    """A packet that the server sent, read as strictly as the standard allows."""
    kind: int
    flags: int
    body: bytes
    packet_id: int = 0
    reason: int = 0
    reasons: bytes = b""
    session_present: bool = False
    topic: str = ""
    payload: bytes = b""
    props: dict = field(default_factory=dict)

    @property
    def qos(self):
        return self.flags >> 1 & 3

    @property
    def retain(self):
        return bool(self.flags & 1)

    @property
    def dup(self):
        return bool(self.flags & 8)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("packet is shorter than its fields")
        self.at += count
        return self.data[self.at - count:self.at]

    def byte(self):
        return self.take(1)[0]

    def two(self):
        return struct.unpack(">H", self.take(2))[0]

    def four(self):
        return struct.unpack(">I", self.take(4))[0]

    def variable(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value
            if shift > 21:
                raise ValueError("variable byte integer of more than four bytes")

    def binary(self):
        return self.take(self.two())

    def text(self):
        return self.binary().decode()

    def rest(self):
        return self.take(len(self.data) - self.at)

    def properties(self):
        inner = Reader(self.take(self.variable()))
        out = {}
        while inner.at < len(inner.data):
            name, kind = NAMES[inner.variable()]
            value = {"byte": inner.byte, "two": inner.two, "four": inner.four, "variable": inner.variable,
                     "text": inner.text, "binary": inner.binary, "pair": lambda: (inner.text(), inner.text())}[kind]()
            if name in ("user", "subscription_id"):
                out.setdefault(name, []).append(value)
            elif name in out:
                raise ValueError(f"property {name} comes twice")
            else:
                out[name] = value
        return out


def parse(kind, flags, body, version):
    """A server's packet. ValueError when it breaks the standard."""
    p, r, five = Packet(kind, flags, body), Reader(body), version == 5
    if flags and kind not in (PUBLISH, PUBREL):
        raise ValueError(f"reserved flags {flags:#x} in packet {kind}")
    if kind == CONNACK:
        p.session_present, p.reason = bool(r.byte() & 1), r.byte()
        if five and r.at < len(body):
            p.props = r.properties()
    elif kind == PUBLISH:
        p.topic = r.text()
        if p.qos == 3 or (p.dup and not p.qos):
            raise ValueError("impossible flags of a PUBLISH")
        if p.qos:
            p.packet_id = r.two()
        if five:
            p.props = r.properties()
        p.payload = r.rest()
    elif kind in (PUBACK, PUBREC, PUBREL, PUBCOMP):
        p.packet_id = r.two()
        if r.at < len(body):
            if not five:
                raise ValueError("an acknowledgement of 3.1.1 has two bytes")
            p.reason = r.byte()
            if r.at < len(body):
                p.props = r.properties()
    elif kind in (SUBACK, UNSUBACK):
        p.packet_id = r.two()
        if five:
            p.props = r.properties()
        p.reasons = r.rest()
    elif kind == DISCONNECT:
        if not five:
            raise ValueError("a server of 3.1.1 sends no DISCONNECT")
        if body:
            p.reason = r.byte()
            if r.at < len(body):
                p.props = r.properties()
    elif kind != PINGRESP:
        raise ValueError(f"packet {kind} from a server")
    if r.at != len(body):
        raise ValueError(f"packet {kind} has bytes left")
    return p


def split(buffer):
    """Takes the first whole packet off a bytearray: (kind, flags, body), or None while it has not all come."""
    if len(buffer) < 2:
        return None
    length = shift = 0
    for at in range(1, 5):
        if at >= len(buffer):
            return None
        length |= (buffer[at] & 0x7F) << shift
        shift += 7
        if not buffer[at] & 0x80:
            break
    else:
        raise ValueError("remaining length of more than four bytes")
    end = at + 1 + length
    if len(buffer) < end:
        return None
    kind, flags, body = buffer[0] >> 4, buffer[0] & 15, bytes(buffer[at + 1:end])
    del buffer[:end]
    return kind, flags, body


class Client:
    """A blocking connection. receive() gives the next packet of the server or None after `timeout` seconds."""

    def __init__(self, port, version=5, host="127.0.0.1", tls=None, timeout=30, source=None):
        self.version, self.buffer, self.next_id = version, bytearray(), 0
        self.passed = []  # PUBLISHes that came before the answer to the last publish()
        self.socket = socket.create_connection((host, port), timeout=timeout, source_address=source and (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.timeout = timeout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.settimeout(self.timeout)
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed from error

    def receive(self, timeout=None):
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            whole = split(self.buffer)
            if whole is not None:
                return parse(*whole, self.version)
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except (socket.timeout, ssl.SSLWantReadError):
                return None
            except ConnectionResetError as error:
                raise Closed from error
            if not data:
                raise Closed
            self.buffer += data

    def expect(self, kind, timeout=None):
        """The next packet, which must be of that kind."""
        p = self.receive(timeout)
        if p is None:
            raise AssertionError(f"no packet came where {kind} was expected")
        if p.kind != kind:
            raise AssertionError(f"expected packet {kind}, got {p}")
        return p

    def until(self, kind, timeout=None, accept=lambda p: True):
        """Skips packets up to the first of that kind that is accepted; PUBLISHes at QoS 1 are acknowledged."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            p = self.receive(max(0.001, deadline - time.monotonic()))
            if p is None:
                raise AssertionError(f"no packet of kind {kind} came")
            if p.kind == PUBLISH and p.qos == 1:
                self.send(ack(PUBACK, p.packet_id, self.version))
            if p.kind == kind and accept(p):
                return p
            if p.kind == PUBLISH:
                self.passed.append(p)

    def heard(self, accept, timeout=None):
        """The first PUBLISH that is accepted, of those that came since the last publish() began: what it brings about may come
        before its acknowledgement or behind it."""
        return next(filter(accept, self.passed), None) or self.until(PUBLISH, timeout, accept)

    def closed(self, timeout=None):
        """Waits for the server to close; returns what it said before."""
        said = []
        try:
            while True:
                p = self.receive(timeout)
                if p is None:
                    raise AssertionError(f"the connection stayed open; it said {said}")
                said.append(p)
        except Closed:
            return said

    def connect(self, **options):
        self.send(connect(version=self.version, **options))
        return self.expect(CONNACK)

    def identifier(self):
        self.next_id = self.next_id % 65535 + 1
        return self.next_id

    def subscribe(self, *filters, qos=1, props=None):
        """Subscribes and returns the reason codes; PUBLISHes that come before SUBACK stay to be received."""
        identifier = self.identifier()
        self.send(subscribe([(f, qos) for f in filters], identifier, self.version, props))
        before = []
        while True:
            p = self.receive()
            if p is None:
                raise AssertionError("no SUBACK")
            if p.kind == SUBACK:
                assert p.packet_id == identifier
                self.buffer[:0] = b"".join(packet(q.kind, q.flags, q.body) for q in before)
                return list(p.reasons)
            before.append(p)

    def publish(self, topic, payload, qos=1, props=None, **options):
        """Publishes and returns the PUBACK or the PUBCOMP (a PUBREC that refuses)."""
        identifier = self.identifier() if qos else 0
        self.passed = []
        self.send(publish(topic, payload, qos, identifier, self.version, props, **options))
        if qos == 1:
            return self.until(PUBACK, accept=lambda p: p.packet_id == identifier)
        if qos == 2:
            received = self.until(PUBREC, accept=lambda p: p.packet_id == identifier)
            if received.reason >= 0x80:
                return received
            self.send(ack(PUBREL, identifier, self.version))
            return self.until(PUBCOMP, accept=lambda p: p.packet_id == identifier)
        return None
