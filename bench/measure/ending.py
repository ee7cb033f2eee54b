"""How long who may not speak any more still can: from the command, or the end of the token, to the last DISCONNECT, on two
neighborsd with some hundred connections each."""
import base64
import json
import select
import sys
import time

from stack import ROOT, free_port

from . import pairs

sys.path.append(str(ROOT / "tests/live"))
import mqtt  # noqa: E402

USERS, OF_EACH, GOAL_MS = 20, 10, 1000


class Town:
    """Two nodes, and users that are connected to both of them."""

    def __init__(self, servers):
        self.stack = servers.ours(heartbeat_ms=3600000)
        self.ports = [self.stack.mqtt_port, free_port()]
        self.stack.start_broker("second", mqtt_port=self.ports[1], http_port=0, metrics_port=0)
        self.serial = 0

    def come(self, name, *options, client_id=None, count=OF_EACH):
        role, identifier = name.split("/")
        token = self.stack.neighbors("enroll", role, identifier, *options)[-1]["token"]
        connections = []
        for i in range(count):
            self.serial += 1
            connections.append(mqtt.Client(self.ports[i % 2]))
            answer = connections[-1].connect(username=name, password=token.encode(), keep_alive=0,
                                             client_id=client_id or f"bench-{self.serial}")
            if answer.reason:
                raise RuntimeError(f"not connected: {answer}")
        return connections, json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["exp"]

    def crowd(self, *options):
        found = [self.come(f"user/crowd-{i}", *options) for i in range(USERS)]
        return [connection for connections, _ in found for connection in connections], [exp for _, exp in found]


def last_end(connections, seconds=30):
    """When the last of them was told DISCONNECT 0x87, time.time()."""
    left, until = {c.socket.fileno(): c for c in connections}, time.time() + seconds
    while left:
        ready, _, _ = select.select(list(left), [], [], max(0, until - time.time()))
        if not ready:
            raise RuntimeError(f"{len(left)} connections stayed open")
        for number in ready:
            said = left[number].receive()
            if (said.kind, said.reason) != (mqtt.DISCONNECT, 0x87):
                raise RuntimeError(f"heard {said}")
            left.pop(number).close()
    return time.time()


def milliseconds(connections, act):
    began = time.time()
    act()
    return (last_end(connections) - began) * 1000


def one_round(town, number):
    """{what: ms}"""
    name, took = f"user/ann-{number}", {}
    ann, _ = town.come(name)
    phone, _ = town.come(name, "--instance", "phone", client_id="phone", count=1)
    took["instance_revoked"] = milliseconds(phone, lambda: town.stack.neighbors("revoke", name, "--instance", "phone"))
    took["revoked"] = milliseconds(ann, lambda: town.stack.neighbors("revoke", name))
    brief, ends = town.crowd("--ttl", "8s")
    if min(ends) < time.time():
        raise RuntimeError("connecting took longer than the tokens live")
    took["expired"] = max(0, last_end(brief) - max(ends)) * 1000
    crowd, _ = town.crowd()
    took["key_taken_out"] = milliseconds(crowd, lambda: town.stack.neighbors("ca", "rotate-token-key", "--keep", "0s"))
    return took


def of_the_barred(servers, rounds):
    town = Town(servers)
    results = []
    for number in range(rounds):
        results.append(one_round(town, number))
        print(f"  round {number + 1}/{rounds}", file=sys.stderr, flush=True)
    for what in results[0]:
        yield pairs.row(f"ending.{what}", "ms", "the goal itself", [r[what] for r in results], None, ("<=", GOAL_MS))
    servers.stop(town.stack)
