"""How a document is read: its fenced blocks with the mark before each, its links, and what headings they may name.

Marks are HTML comments on the line before a block:
    <!-- not run: WHY -->            a shell block that no test can run; the test counts them
    <!-- run by: PATH -->            run by that test, from the repository's folder
    <!-- goes on, shows: TEXT -->    a program that does not end by itself: started, and stopped when TEXT came
    <!-- after: TEXT -->             run when one of those programs has said TEXT
    <!-- prints: TEXT -->           what it prints holds that
    <!-- saved as: NAME -->         settings that the shell blocks behind it read
    <!-- file: PATH -->              the block is that file, whole; PATH is from the document's folder
"""
import re
from dataclasses import dataclass

from stack import ROOT

FENCE = re.compile(r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass
class Block:
    language: str
    mark: str
    text: str
    line: int


def blocks(path):
    text = path.read_text()
    return [Block(found["language"], found["mark"] or "", found["text"], text.count("\n", 0, found.start("language")) + 1)
            for found in FENCE.finditer(text)]


def prose(path):
    """The document without its blocks and without what stands in code."""
    text = FENCE.sub("", path.read_text())
    return re.sub(r"`[^`\n]*`", lambda found: " " * len(found[0]), text)


def calls(path):
    """Calls of the command line, each in a line, to where the shell reads something else: those to be typed, and those in code."""
    typed = "".join(block.text for block in blocks(path) if block.language == "sh").replace("\\\n", " ")
    spoken = re.findall(r"`(neighbors [^`]+)`", FENCE.sub("", path.read_text()))
    for call in re.findall(r"(?m)^ *(?:sudo )?(?:build/)?(neighbors .*)$", typed) + [" ".join(words.split()) for words in spoken]:
        yield re.split(r"[|;&#>]| -- ", call)[0]


def links(path):
    """Targets within the repository: (path, heading or "")."""
    for target in LINK.findall(prose(path)):
        if not re.match(r"[a-z]+:", target):
            name, _, heading = target.partition("#")
            yield (path.parent / name).resolve() if name else path, heading


def headings(path):
    """What GitHub calls the headings of a document."""
    for title in re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text()), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()).replace(" ", "-")


def all_documents():
    """Every document that the repository keeps."""
    skipped = {"node_modules", "build", ".data", ".git"}
    return sorted(path for path in ROOT.rglob("*.md") if not skipped & set(path.relative_to(ROOT).parts))
