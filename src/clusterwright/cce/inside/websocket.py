"""The client's half of a WebSocket: what is said to the API server of a real cluster."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from clusterwright.drivers.contract import Unavailable

CONNECTING_SECONDS = 5.0
ANSWER_SECONDS = 30.0
"""How long an API server may take to agree to a WebSocket: it asks a kubelet meanwhile."""
CLOSING_SECONDS = 5.0
MOST_MESSAGE = 4 * 1024 * 1024
"""Bytes of one message, either way. Clients and API servers send some 32 KiB at a time."""
MOST_REFUSAL = 1024 * 1024
"""Bytes of an answer that is no WebSocket."""
_PIECE = 64 * 1024

BROKEN_OFF = 1006
"""The code of a WebSocket that ended without one (RFC 6455): it is never sent."""
TOO_LARGE = 1009


class Closed(Exception):
    """A WebSocket has closed, or must: with a code, and a reason for people."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason or str(code))
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NoWebSocket:
    """An answer of the API server instead of one."""

    code: int
    headers: list[tuple[bytes, bytes]]
    content: bytes


class WebSocket:
    """An open WebSocket. One task may receive while another one sends."""

    def __init__(
        self,
        protocol: WSConnection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        subprotocol: str | None,
    ) -> None:
        self.subprotocol = subprotocol
        """What the API server has chosen of the subprotocols that it was offered."""
        self._protocol = protocol
        self._reader = reader
        self._writer = writer

    async def receive(self) -> bytes | str:
        """The next message, a whole one. Raises Closed."""
        pieces: list[bytes | bytearray | str] = []
        size = 0
        while True:
            event = await _next(self._protocol, self._reader)
            if isinstance(event, Message):
                pieces.append(event.data)
                size += len(event.data)
                if size > MOST_MESSAGE:
                    raise Closed(TOO_LARGE, f"A message has at most {MOST_MESSAGE} bytes.")
                if event.message_finished:
                    text = isinstance(event, TextMessage)
                    return "".join(pieces) if text else b"".join(pieces)  # type: ignore[arg-type]
            elif isinstance(event, Ping):
                self._write(event.response())  # waits for no room: what comes in must go on
            elif isinstance(event, CloseConnection):
                raise Closed(event.code, event.reason or "")

    async def send(self, message: bytes | str) -> None:
        """Send a message, and wait until there is room for the next one. Raises Closed."""
        self._write(BytesMessage(message) if isinstance(message, bytes) else TextMessage(message))
        try:
            await self._writer.drain()
        except OSError as error:
            raise _broken_off() from error

    async def close(self, code: int, reason: str) -> None:
        """Say that it is over, or agree to it. Codes that are never sent become others."""
        with suppress(Closed, OSError):
            self._write(CloseConnection(code, reason))
            await self._writer.drain()

    def _write(self, event: Event) -> None:
        try:
            self._writer.write(self._protocol.send(event))
        except ProtocolError as error:  # one that has closed
            raise _broken_off() from error


@asynccontextmanager
async def opened(
    server: str,
    target: str,
    tls: ssl.SSLContext,
    *,
    headers: list[tuple[bytes, bytes]],
    subprotocols: Sequence[str],
) -> AsyncIterator[WebSocket | NoWebSocket]:
    """A WebSocket inside the block, or what the API server answers instead. Raises Unavailable."""
    url = urlsplit(server)
    assert url.hostname
    try:
        async with asyncio.timeout(CONNECTING_SECONDS):
            reader, writer = await asyncio.open_connection(
                url.hostname,
                url.port or 443,
                ssl=tls,
                ssl_shutdown_timeout=CLOSING_SECONDS,
                limit=_PIECE,
            )
    except (OSError, TimeoutError) as error:
        raise Unavailable(f"The API server does not answer: {type(error).__name__}.") from error
    try:
        protocol = WSConnection(ConnectionType.CLIENT)
        asked = Request(
            host=url.netloc,
            target=target,
            extra_headers=headers,
            subprotocols=list(subprotocols),
        )
        try:
            writer.write(protocol.send(asked))
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await _answer(protocol, reader)
        except (OSError, TimeoutError, ProtocolError, Closed) as error:
            raise Unavailable(f"The API server does not answer: {type(error).__name__}.") from error
        if isinstance(answer, NoWebSocket):
            yield answer
        else:
            yield WebSocket(protocol, reader, writer, answer.subprotocol)
    finally:
        writer.close()  # what was written last goes out first, within CLOSING_SECONDS


def _broken_off() -> Closed:
    return Closed(BROKEN_OFF, "The API server broke off.")


async def _answer(
    protocol: WSConnection, reader: asyncio.StreamReader
) -> AcceptConnection | NoWebSocket:
    """How the API server answers the handshake. Raises Closed, OSError, ProtocolError."""
    content = bytearray()
    refusal: RejectConnection | None = None
    while True:
        event = await _next(protocol, reader)
        if isinstance(event, AcceptConnection):
            return event
        if isinstance(event, RejectConnection):
            refusal = event
        elif isinstance(event, RejectData):
            content += event.data
            if len(content) > MOST_REFUSAL:
                raise Closed(TOO_LARGE)
        if refusal is not None and (
            not refusal.has_body or (isinstance(event, RejectData) and event.body_finished)
        ):
            headers = [(name.lower(), value) for name, value in refusal.headers]
            return NoWebSocket(refusal.status_code, headers, bytes(content))


async def _next(protocol: WSConnection, reader: asyncio.StreamReader) -> Event:
    """What comes next from the other end. Raises Closed when nothing does."""
    while True:
        # Afresh each time: what is left of the events stays with the protocol.
        for event in protocol.events():
            return event
        try:
            received = await reader.read(_PIECE)
        except OSError as error:
            raise _broken_off() from error
        if not received:
            raise _broken_off()
        protocol.receive_data(received)
