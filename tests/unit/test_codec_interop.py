"""Our codec against Google's: random messages made with python protobuf go through ours, in both encodings and both
directions, and come back equal. Exits 77 (skipped) where protoc or python3-protobuf is missing.

Usage: test_codec_interop.py CODEC_CONVERT
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile

PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "proto")
PROTOBUF, JSON = 1, 2
ROUNDS = 60


def generated():
    """The module that protoc makes of the schema, or None."""
    if not shutil.which("protoc"):
        return None
    try:
        import google.protobuf  # noqa: F401
    except ImportError:
        return None
    folder = tempfile.mkdtemp()
    try:
        subprocess.run(["protoc", f"--proto_path={PROTO}", f"--python_out={folder}", "neighbors.proto"], check=True)
        sys.path.insert(0, folder)
        import neighbors_pb2
        return neighbors_pb2
    finally:
        shutil.rmtree(folder)


class Codec:
    """Ours, as a filter."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def convert(self, message, source, target, payload):
        self.process.stdin.write(f"{message} {source} {target} {payload.hex()}\n")
        self.process.stdin.flush()
        word, _, rest = self.process.stdout.readline().rstrip("\n").partition(" ")
        if word != "ok":
            raise AssertionError(f"{message}: refused {rest}: {payload!r}")
        return bytes.fromhex(rest)


def text(most):
    letters = "abcXYZ 019.,-'\"\\/<&äñ中🐈\n\t"
    return "".join(random.choice(letters) for _ in range(random.randint(1, most // 4)))


def word(most=64):
    return "".join(random.choice("abcXYZ019._-") for _ in range(random.randint(1, most)))


def position(p):
    p.lat_e7 = random.randint(-900000000, 900000000)
    p.lon_e7 = random.randint(-1800000000, 1800000000)


def time():
    return random.randint(1, 2**53 - 1)


def ring(points):
    for _ in range(random.randint(3, 9)):
        position(points.add())
    points.add().CopyFrom(points[0])


def place(p):
    shape = random.choice(["point", "circle", "polygons"])
    if shape == "point":
        position(p.point)
    elif shape == "circle":
        position(p.circle.center)
        p.circle.radius_m = random.randint(1, 500000)
    else:
        for _ in range(random.randint(1, 3)):
            polygon = p.polygons.polygons.add()
            for _ in range(random.randint(1, 3)):
                ring(polygon.rings.add().points)


def motion_batch(pb):
    batch = pb.MotionBatch(version=1, session=random.randint(0, 2**53 - 1))
    for _ in range(random.randint(1, 64)):
        event = batch.events.add(phase=random.randint(1, 4), kind=random.randint(1, 7), at=time() // 2)
        for name, value in (("seq", time()), ("device", word()), ("first_device", word()), ("activity_id", text(64).replace("\n", " ")),
                            ("until", event.at + random.randint(0, 9999)), ("confidence", random.randint(0, 100)),
                            ("clip", random.randbytes(random.randint(0, 128)))):
            if random.random() < 0.5:
                setattr(event, name, value)
        if random.random() < 0.3:
            position(event.position)
            event.position.lat_e7 *= random.randint(0, 1)
    return batch


def published_alert(pb):
    alert = pb.Alert(version=1, msg_type=random.randint(1, 3), severity=random.randint(1, 5),
                     urgency=random.randint(1, 5), certainty=random.randint(1, 5))
    for name, value in (("sender_alert_id", word()), ("category", random.randint(1, 10)), ("headline", text(360)),
                        ("description", text(4096)), ("instruction", text(4096)), ("web", "https://example.org/x"),
                        ("language", "es-US"), ("effective", time()), ("expires", time()),
                        ("case_number", text(64)), ("reward_offer", text(360)), ("public_id", word()),
                        ("revision", random.randint(0, 2**32 - 1)), ("state", random.randint(1, 2)),
                        ("sender_kind", random.randint(1, 2)), ("truth", random.randint(1, 4)),
                        ("merged", random.randint(1, 9)), ("sender_name", text(256))):
        if random.random() < 0.6:
            setattr(alert, name, value)
    for number in range(random.choice([0, 0, 1, 16])):
        alert.texts.add(language="es-419", headline=text(360), description=text(4096), event=text(64))
    if random.random() < 0.5:
        alert.status, alert.event, alert.has_document = random.randint(1, 5), text(64), True
    alert.references.extend(word() for _ in range(random.randint(0, 16)))
    if random.random() < 0.8:
        place(alert.place)
    return alert


def feed_item(pb):
    item = pb.FeedItem(version=1, channel=word(12), cell=word(12), cursor=word())
    kind = random.choice(["activity", "alert", "gap"])
    if kind == "activity":
        item.activity.CopyFrom(pb.Activity(kind=random.randint(0, 7), phase=random.randint(0, 4), at=time(),
                                           confidence=random.randint(0, 100)))
    elif kind == "alert":
        item.alert.CopyFrom(published_alert(pb))
    else:
        item.gap.SetInParent()
        if random.random() < 0.5:
            item.gap.CopyFrom(pb.Gap(to=time()))
            setattr(item.gap, "from", time())
    return item


def history_page(pb):
    page = pb.HistoryPage(version=1, to=time(), complete=random.random() < 0.5, next=word())
    page.items.extend(feed_item(pb) for _ in range(random.randint(0, 20)))
    return page


def history_query(pb):
    if random.random() < 0.5:
        return pb.HistoryQuery(version=1, near_cell="9q5csy", metres=1600, limit=random.randint(0, 500))
    return pb.HistoryQuery(version=1, cells=["9q5c", "9q5d"], to=time(), page=word())


def heartbeat(pb):
    beat = pb.Heartbeat(version=1, as_of=time(), stale=random.random() < 0.5, items_sent=random.randint(0, 2**64 - 1))
    for _ in range(random.randint(0, 40)):
        beat.cursors.add(channel=word(), cursor=word())
    return beat


def refused(pb):
    return pb.Refused(version=1, topic="nb/v1/motion", packet_id=random.randint(0, 65535), seq=time(), code=0x99,
                      field="events[3].at", rule=text(256), retry_after_s=random.randint(0, 60))


def info(pb):
    return pb.Info(version=1, channel_precision=5, leaf_precision=6, radii_m=[400, 800, 1600, 3200, 8000],
                   max_batch=64, max_filters=100, max_packet_bytes=1 << 20, durability="always",
                   log_public_key=random.randbytes(32), software_version="1.2.3")


def main():
    pb = generated()
    if not pb:
        print("skipped: needs protoc and python3-protobuf")
        return 77
    from google.protobuf import json_format
    codec = Codec(sys.argv[1])
    seed = random.randrange(2**32)
    print("seed", seed)
    random.seed(seed)
    count = 0
    for make in (motion_batch, published_alert, feed_item, history_page, history_query, heartbeat, refused, info):
        for round_number in range(ROUNDS):
            message, name = make(pb), make.__name__
            binary = message.SerializeToString()
            json = json_format.MessageToJson(message, preserving_proto_field_name=round_number % 2 == 0,
                                             use_integers_for_enums=round_number % 3 == 0).encode()
            for source, payload in ((PROTOBUF, binary), (JSON, json)):
                assert type(message).FromString(codec.convert(name, source, PROTOBUF, payload)) == message, name
                back = json_format.Parse(codec.convert(name, source, JSON, payload), type(message)())
                assert back == message, name
                count += 2
    print(count, "conversions equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
