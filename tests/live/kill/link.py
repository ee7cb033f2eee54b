"""One MQTT connection on asyncio, for many at once in one process. It reads packets into a queue of its owner's making
and never hides that the connection is gone: everything raises Gone then."""
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import mqtt  # noqa: E402


class Gone(Exception):
    """The connection was refused, closed, or did not answer in time."""


class Link:
    def __init__(self, version):
        self.version = version
        self.reader = self.writer = None
        self.buffer = bytearray()

    async def open(self, port, timeout=3, receive_buffer=None, **connect):
        """Connects and returns the CONNACK. receive_buffer: bytes that the socket may hold, for a slow reader."""
        try:
            async with asyncio.timeout(timeout):
                self.reader, self.writer = await asyncio.open_connection(
                    "127.0.0.1", port, limit=receive_buffer or 65536)
                self.send(mqtt.connect(version=self.version, **connect))
                connack = await self.receive()
        except (OSError, TimeoutError) as error:
            self.abandon()
            raise Gone(f"connect: {error!r}") from error
        if connack.kind != mqtt.CONNACK or connack.reason:
            self.abandon()
            raise Gone(f"CONNACK {connack.reason:#x} {connack.props}")
        return connack

    def send(self, data):
        if self.writer is None or self.writer.is_closing():
            raise Gone("closed here")
        self.writer.write(data)

    async def drain(self):
        try:
            await self.writer.drain()
        except OSError as error:
            raise Gone(repr(error)) from error

    async def receive(self):
        """The next packet. Cancelling it loses nothing."""
        while True:
            whole = mqtt.split(self.buffer)
            if whole is not None:
                return mqtt.parse(*whole, self.version)
            try:
                data = await self.reader.read(65536)
            except OSError as error:
                raise Gone(repr(error)) from error
            if not data:
                raise Gone("closed by the peer")
            self.buffer += data

    def abandon(self):
        """Drops the connection without a word, as a dead battery does."""
        if self.writer is not None:
            self.writer.transport.abort()
        self.buffer.clear()
