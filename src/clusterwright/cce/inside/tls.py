"""TLS over a stream, whose certificate is chosen by the name that a client asks for.

The standard library chooses by a callback that cannot wait for a database. So the first message is
read, the name taken out of it by a handshake that ends there, and the real one begun with the same
bytes.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import TypeVar

T = TypeVar("T")

CHUNK = 16 * 1024
_LONGEST_HELLO = 64 * 1024
_HANDSHAKE = b"\x16\x03"
"""How every record of a first message begins: its type, and the major version."""
_RECORD_HEAD = 5
_MESSAGE_HEAD = 4


class NotTls(Exception):
    """What came is no TLS, or of nobody known."""


class TlsStream:
    """A stream under TLS, server side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject

    async def accept(self, choose: Callable[[str], Awaitable[ssl.SSLContext | None]]) -> str:
        """Shake hands; returns the name that was asked for. Raises NotTls and OSError."""
        hello = await self._hello()
        name = _name_in(hello)
        context = await choose(name)
        if context is None:
            raise NotTls
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(hello)
        try:
            await self._pump(self._tls.do_handshake)
        except ssl.SSLError as error:
            with contextlib.suppress(OSError):
                await self._flush()  # the alert that tells the client why
            raise NotTls from error
        return name

    async def _hello(self) -> bytes:
        """The records of the first message, as many as it tells by its length. Raises NotTls.

        Nobody is known yet: pieces, however small, cost no more than being put together.
        """
        hello, message = bytearray(), bytearray()
        while len(message) < _MESSAGE_HEAD or len(message) < _whole(message):
            try:
                head = await self._reader.readexactly(_RECORD_HEAD)
                length = int.from_bytes(head[3:])
                if not head.startswith(_HANDSHAKE) or not 0 < length <= CHUNK:
                    raise NotTls
                piece = await self._reader.readexactly(length)
            except asyncio.IncompleteReadError as error:
                raise NotTls from error
            hello += head + piece
            message += piece
            if len(hello) > _LONGEST_HELLO or _whole(message) > _LONGEST_HELLO:
                raise NotTls
        return bytes(hello)

    def shown(self) -> bytes | None:
        """The certificate that the client has shown and holds, in DER."""
        return self._tls.getpeercert(binary_form=True)

    async def read(self) -> bytes:
        """What comes next; nothing at the end. Raises OSError."""
        try:
            return await self._pump(lambda: self._tls.read(CHUNK))
        except ssl.SSLError:  # the client has closed, or broken what it sends
            return b""

    async def write(self, data: bytes) -> None:
        """Send all of it. Raises OSError."""
        view = memoryview(data)
        while view:
            view = view[await self._pump(partial(self._tls.write, view)) :]

    async def _pump(self, call: Callable[[], T]) -> T:
        while True:
            try:
                result = call()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._reader.read(CHUNK)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if self._outgoing.pending:
            self._writer.write(self._outgoing.read())
            await self._writer.drain()


def _whole(message: bytearray) -> int:
    """How many bytes a handshake message has, as far as its head is there."""
    return _MESSAGE_HEAD + int.from_bytes(message[1:_MESSAGE_HEAD])


class _Probe(ssl.SSLObject):
    """A handshake that ends when the name is known."""

    name: str | None = None


def _note(probe: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int:
    assert isinstance(probe, _Probe)
    probe.name = name
    return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR


@cache
def _probing() -> ssl.SSLContext:
    """What all probes share: making it costs many times what a probe costs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = _Probe
    context.sni_callback = _note
    return context


def _name_in(hello: bytes) -> str:
    """The name that a first message asks for. Raises NotTls."""
    incoming = ssl.MemoryBIO()
    probe = _probing().wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
    assert isinstance(probe, _Probe)
    incoming.write(hello)
    with contextlib.suppress(ssl.SSLError):
        probe.do_handshake()
    if not probe.name:
        raise NotTls
    return probe.name
