"""Connections to Redis that go after so many bytes, or stand still at a word."""
import contextlib
import select
import signal
import socket
import subprocess
import threading

from stack import ENVIRONMENT


class Cutter:
    """Between a program and Redis: takes the connection away when so many bytes went to Redis."""

    def __init__(self, port, room):
        self.port, self.room = port, room
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.here = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        client, _ = self.listener.accept()
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            other = {client: server, server: client}
            while self.room > 0:
                for one in select.select([client, server], [], [])[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        return
                    if one is client:
                        data, self.room = data[:self.room], self.room - len(data)
                    other[one].sendall(data)

    def close(self):
        self.listener.close()


class Gate(Cutter):
    """Between a program and Redis: holds back what the program says from where it first says the word, until it is opened."""

    def __init__(self, port, word):
        self.word, self.reached, self.opened = word, threading.Event(), threading.Event()
        super().__init__(port, 0)

    def run(self):
        client, _ = self.listener.accept()
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            other, said = {client: server, server: client}, b""
            while True:
                for one in select.select([client, server], [], [])[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        return
                    if one is client and not self.opened.is_set():
                        said = said[-len(self.word):] + data
                        if self.word in said:
                            self.reached.set()
                            self.opened.wait()
                    other[one].sendall(data)


@contextlib.contextmanager
def halted(stack, word, *words):
    """Calls the command line, and halts it where it first says the word to Redis; behind the block it goes on. Gives what its
    end is to be asked of: () -> (exit code, output)."""
    gate, port = Gate(stack.redis_port, word), stack.redis_port
    stack.redis_port = gate.here
    try:
        process = subprocess.Popen(stack.command(*words, "--json"), env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
    finally:
        stack.redis_port = port

    def end():
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    try:
        if not gate.reached.wait(30):
            process.kill()
            raise AssertionError(f"{words} never said {word}: {end()}")
        process.send_signal(signal.SIGSTOP)  # else it would not wait for its answer any longer
        yield end
    finally:
        process.send_signal(signal.SIGCONT)
        gate.opened.set()
        gate.close()
