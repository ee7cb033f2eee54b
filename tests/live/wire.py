"""Protobuf by hand: what a well-behaved library would not write."""
import struct


def variable(value):
    """A varint; negative numbers take ten bytes, as int64 does."""
    out, value = bytearray(), value & (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return variable(value << 1 if value >= 0 else (-value << 1) - 1)


def number(field, value):
    return variable(field << 3) + variable(value)


def signed(field, value):
    return variable(field << 3) + zigzag(value)


def fixed(field, value):
    return variable(field << 3 | 1) + struct.pack("<d", value)


def block(field, content):
    content = content.encode() if isinstance(content, str) else content
    return variable(field << 3 | 2) + variable(len(content)) + content


VERSION = number(1, 1)


def position(latitude, longitude):
    return signed(1, round(latitude * 1e7)) + signed(2, round(longitude * 1e7))


def motion_event(at, seq=0, device="", activity="", phase=4, kind=2, more=b""):
    return ((number(1, seq) if seq else b"") + (block(2, device) if device else b"")
            + (block(3, activity) if activity else b"") + number(4, phase) + number(5, kind) + more + number(6, at))


def motion(*events):
    return VERSION + b"".join(block(3, event) for event in events)


def alert(identifier, expires, place=None, headline="Sample headline"):
    """What is required comes last, so that no truncation of it is whole."""
    place = block(1, position(34.0768, -118.0316)) if place is None else place
    return VERSION + number(16, expires) + block(10, "What happened") + number(5, 1) + block(9, headline) + block(
        2, identifier) + block(14, place)
