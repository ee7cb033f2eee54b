"""A connection to Redis that goes after so many bytes."""
import select
import socket
import threading


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
