"""The sample's CAP documents: moved to now, and posted as an agency posts them."""
import datetime
import json
import re
import urllib.error
import urllib.request
from pathlib import Path

TIMES = re.compile(rb"(<(?:\w+:)?(?:sent|effective|onset|expires)>\s*)([0-9T:-]{19})([+-][0-9]{2}:[0-9]{2})")


def element(document, name):
    """The text of the first element of that name; "" when there is none."""
    found = re.search(rb"<(?:\w+:)?" + name + rb">\s*([^<]*?)\s*</", document)
    return found[1].decode() if found else ""


def moved(text, zone, by):
    """A CAP time, later by so many seconds, in the zone that it was told in."""
    return (datetime.datetime.fromisoformat(text) + datetime.timedelta(seconds=by)).isoformat(timespec="seconds") + zone


class Document:
    """One document. `body` is what is posted; `answer` what came back: {"public_id", "revision"}, or why not."""

    def __init__(self, file, now, run):
        """now: seconds, when it is sent; run: what its identifier ends in."""
        original = file.read_bytes()
        sent = element(original, b"sent")
        by = round(now - datetime.datetime.fromisoformat(sent).timestamp())
        self.name, self.run = file.stem, run
        self.identifier, self.sent, self.moved_sent = element(original, b"identifier"), sent, moved(sent[:19], sent[19:], by)
        self.body = TIMES.sub(lambda m: m[1] + moved(m[2].decode(), m[3].decode(), by).encode(), original)
        self.body = self.body.replace(b">" + self.identifier.encode() + b"<", f">{self.identifier}{run}<".encode(), 1)
        self.answer, self.refusal = {}, ""

    def refer_to(self, other):
        """What names the other document names it as it is sent now."""
        self.body = self.body.replace(f"{other.identifier},{other.sent}".encode(),
                                      f"{other.identifier}{other.run},{other.moved_sent}".encode())

    def point(self):
        """(latitude, longitude) of a point that its area certainly touches; None when only a code tells it."""
        shape = re.search(rb"<(?:\w+:)?(?:polygon|circle)>\s*([0-9.+-]+),([0-9.+-]+)", self.body)
        return (float(shape[1]), float(shape[2])) if shape else None

    def post(self, url, token):
        """True when it was taken."""
        request = urllib.request.Request(url + "/v1/alerts", self.body, {"Content-Type": "application/cap+xml",
                                                                         "Authorization": "Bearer " + token})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self.answer = json.load(answer)
                return True
        except urllib.error.HTTPError as error:
            self.refusal = f"{error.code} {error.read().decode(errors='replace').strip()}"
        except OSError as error:
            self.refusal = str(error)
        return False


def read_documents(folder, now, run):
    """All documents of a folder, in order of their names, a second apart."""
    documents = [Document(file, now + number, run) for number, file in enumerate(sorted(Path(folder).glob("*.xml")))]
    for document in documents:
        for other in documents:
            document.refer_to(other)
    return documents
