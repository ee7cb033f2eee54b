"""Redis as somebody with a shell on its machine has it: any command, any bytes. What changes the store behind the broker."""
import socket


class Redis:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def __call__(self, *words):
        encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
        return self.read()

    def read(self):
        line = self.file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        return rest

    def keys(self, pattern):
        return sorted(self("KEYS", pattern))

    def keep(self, pattern):
        """Everything below that pattern as it is, to be put back by `put_back`."""
        return {key: self("DUMP", key) for key in self.keys(pattern)}

    def put_back(self, pattern, kept):
        """In one step: nobody sees it half-way."""
        self("MULTI")
        for key in self.keys_now(pattern):
            self("DEL", key)
        for key, value in kept.items():
            self("RESTORE", key, 0, value, "REPLACE")
        self("EXEC")

    def keys_now(self, pattern):
        other = Redis(self.socket.getpeername()[1])
        try:
            return other.keys(pattern)
        finally:
            other.close()
