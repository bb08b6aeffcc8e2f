"""A WebSocket client for tests: what it sends, and what it hears."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

PATIENCE = 30.0


class Refused(Exception):
    """An answer that is no WebSocket."""

    def __init__(self, code: int, headers: Mapping[str, str], content: bytes) -> None:
        super().__init__(f"{code} {content!r}")
        self.code = code
        self.headers = headers
        self.content = content

    @property
    def json(self) -> Any:
        """The body of the answer."""
        return json.loads(self.content)


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.subprotocol: str | None = None
        self.writer = writer
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._reader = reader

    async def ask(self, asked: Request) -> None:
        """Shake hands. Raises Refused."""
        await self.say(asked)
        refusal, content = RejectConnection(), b""
        while True:
            match await self.next():
                case AcceptConnection() as accepted:
                    self.subprotocol = accepted.subprotocol
                    return
                case RejectConnection() as refusal:
                    pass
                case RejectData() as data:
                    content += data.data
                    if data.body_finished:
                        headers = {
                            name.decode().lower(): value.decode() for name, value in refusal.headers
                        }
                        raise Refused(refusal.status_code, headers, content)
                case other:
                    raise AssertionError(other)

    async def say(self, event: Event) -> None:
        """Send something, and wait until there is room."""
        self.writer.write(self._protocol.send(event))
        async with asyncio.timeout(PATIENCE):
            await self.writer.drain()

    async def send(self, message: bytes | str) -> None:
        """Send a message."""
        await self.say(
            BytesMessage(message) if isinstance(message, bytes) else TextMessage(message)
        )

    async def receive(self) -> bytes | str:
        """The next message, a whole one."""
        found: bytes | str | None = None
        while True:
            event = await self.next()
            assert isinstance(event, Message), event
            data = event.data if isinstance(event.data, str) else bytes(event.data)
            found = data if found is None else found + data  # type: ignore[operator]
            if event.message_finished:
                return found

    async def ended(self) -> tuple[int, str]:
        """Pass over messages until the server closes: its code and reason."""
        while True:
            event = await self.next()
            if isinstance(event, CloseConnection):
                return int(event.code), event.reason or ""

    async def pong(self) -> None:
        """Ask whether the server is there, and wait until it is."""
        await self.say(Ping(b"?"))
        assert isinstance(await self.next(), Pong)

    async def next(self) -> Event:
        """What comes next; CloseConnection 1006 where nothing does."""
        while True:
            for event in self._protocol.events():
                return event
            async with asyncio.timeout(PATIENCE):
                received = await self._reader.read(65536)
            self._protocol.receive_data(received or None)


@asynccontextmanager
async def connected(
    port: int, target: str, *subprotocols: str, headers: Mapping[str, str]
) -> AsyncIterator[Client]:
    """A WebSocket to a port of this host. Raises Refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65536)
    try:
        client = Client(reader, writer)
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        host = headers.get("Host", "cce.example.test")
        asked = Request(
            host=host,
            target=target,
            extra_headers=[each for each in extra if each[0] != b"Host"],
            subprotocols=list(subprotocols),
        )
        await client.ask(asked)
        yield client
    finally:
        writer.transport.abort()
