"""(tls) what TLS costs: throughput on long connections against plain ones, and handshakes against OpenSSL's own server."""
import json
import subprocess

from stack import free_port, port_open

from . import pairs
from .servers import BUILD, load

CONNECTIONS, WINDOW = 50, 20


def throughput(servers, rounds):
    """The same events to the same process, through the plain port and through that with TLS."""
    words = ["--publishers", CONNECTIONS, "--window", WINDOW, "--channels", 1, "--seconds", 3]
    ours = servers.ours(enrol=lambda registry: registry.publishers(CONNECTIONS, 1, 0), tls=True)
    tls = ["--tls-ca", ours.keys / "ca.crt", "--port", ours.tls_port]
    results = pairs.interleave(rounds, {"tls": lambda: load(ours, *words, *tls), "plain": lambda: load(ours, *words)})
    own, plain = ([r["acknowledged_per_s"] for r in results[name]] for name in ("tls", "plain"))
    note = f"us CPU/event: TLS {pairs.processor(results['tls'])}; plain {pairs.processor(results['plain'])}"
    yield pairs.row("tls.throughput", "events/s", "the plain port", own, plain, (">=", 0.7), note)
    servers.stop(ours)


def handshake(port, stack, kind, count, pid):
    words = [BUILD / "bench_handshake", port, stack.keys / "ca.crt", kind, count, pid]
    return json.loads(subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=120, check=True).stdout)


def handshakes(servers, rounds):
    """Full and resumed ones, a second of the server's processor time: `openssl s_server` with the same certificate."""
    ours = servers.ours(tls=True)
    port = free_port()
    peer = ours.start("s_server", ["openssl", "s_server", "-accept", port, "-cert", ours.keys / "server.crt", "-key",
                                   ours.keys / "server.key", "-quiet"])
    ours.wait_for("s_server", lambda: port_open(port), "openssl s_server")
    own_pid = ours.processes["neighborsd"].pid
    for kind, count in (("full", 500), ("resumed", 500)):
        results = pairs.interleave(rounds, {
            "ours": lambda: handshake(ours.tls_port, ours, kind, count, own_pid),
            "openssl": lambda: handshake(port, ours, kind, count, peer.pid)})
        own, theirs = ([r["per_core_s"] for r in results[name]] for name in ("ours", "openssl"))
        yield pairs.row(f"tls.handshakes.{kind}", "/core s", "openssl s_server, the same certificate", own, theirs, (">=", 0.9))
    servers.stop(ours)


def all_of_it(servers, rounds):
    yield from throughput(servers, rounds)
    yield from handshakes(servers, rounds)
