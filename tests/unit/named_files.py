"""Every source file that a document or a comment names is there: a file that is moved or cut takes along what is said of it.
Argument: the root of the sources."""
import os
import pathlib
import re
import sys

SKIPPED = {".git", ".data", "node_modules", "generated", "dist", "built", "corpus", "__pycache__"}
SOURCE = "c|h|lua|py|mjs|tsx?|cmake|tsv|proto|md"
NAME = re.compile(rf"(?<![\w./…<*@-])(?:…/|(?:\.\./)+)?([\w-][\w./-]*\.(?:{SOURCE}))(?![\w*/])")
QUOTED = re.compile(r"`[^`\n]+`")
COMMENTS = {
    (".c", ".h", ".ts", ".tsx", ".mjs"): re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.S),
    (".py", ".cmake", ""): re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""|(?:^|(?<=\s))#[^\n]*', re.S | re.M),
    (".lua",): re.compile(r"--[^\n]*"),
    (".md",): QUOTED,
}
# What the build makes, what others have, and what a text makes up: x.c.
OTHERS = re.compile(r"generated/.*|geo_functions\.h|descriptor\.proto|(?:\w+/)*\w\.\w+")
FEWEST = 500  # names that are told of: with fewer, comments are not read any more


def tree(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith("build")]
        for name in names:
            yield pathlib.Path(folder, name).relative_to(root)


def told(path, text):
    """(line, name) of every source file that its comments name."""
    pattern = next((found for endings, found in COMMENTS.items() if path.suffix in endings), None)
    for comment in pattern.finditer(text) if pattern else ():
        for name in NAME.finditer(comment[0]):
            yield text.count("\n", 0, comment.start() + name.start()) + 1, name[1]


def main(root):
    paths = list(tree(root))
    # whatever part of its path it is called by
    known = {"/".join(path.parts[start:]) for path in paths for start in range(len(path.parts))}
    found, count = [], 0
    for path in paths:
        try:
            text = pathlib.Path(root, path).read_text()
        except UnicodeDecodeError:
            continue
        for line, name in told(path, text):
            count += 1
            if name not in known and not OTHERS.fullmatch(name):
                found.append(f"{path}:{line}: there is no {name}")
    if count < FEWEST:
        found.append(f"only {count} names were read")
    print("\n".join(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
