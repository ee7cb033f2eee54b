"""Whether the tests of the store called every function of bridge/scripts on a Redis Cluster, where a function that touches keys
of another slot fails. Arguments: the folder of the scripts, then the lists that the test programs left ("<program>.called").
"""
import pathlib
import re
import sys

# nb_version has no keys: each master is asked it. nb_settled, one read of one key, is asked by who was overtaken while settling.
ELSEWHERE = {"nb_version", "nb_settled"}


def registered(folder):
    return {name for path in folder.glob("*.lua") for name in re.findall(r"^\s*register\('(nb_\w+)'", path.read_text(), re.M)}


def called(paths):
    return {name for path in paths if path.exists() for name in path.read_text().split()}


def main(folder, *lists):
    missing = sorted(registered(pathlib.Path(folder)) - called(map(pathlib.Path, lists)) - ELSEWHERE)
    for name in missing:
        print(f"{name}: no test of the store calls it in a cluster")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
