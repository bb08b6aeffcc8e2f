"""TLS over a stream, whose certificate is chosen by the name that a client asks for.

The standard library chooses by a callback that cannot wait for a database. So the first message is
read, the name taken out of it by a handshake that ends there, and the real one begun with the same
bytes.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")

CHUNK = 16 * 1024
_LONGEST_HELLO = 64 * 1024


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
        hello = bytearray()
        while (name := _name_in(bytes(hello))) is None:
            data = await self._reader.read(CHUNK)
            hello += data
            if not data or len(hello) > _LONGEST_HELLO:
                raise NotTls
        context = await choose(name)
        if context is None:
            raise NotTls
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(bytes(hello))
        try:
            await self._pump(self._tls.do_handshake)
        except ssl.SSLError as error:
            with contextlib.suppress(OSError):
                await self._flush()  # the alert that tells the client why
            raise NotTls from error
        return name

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


def _name_in(hello: bytes) -> str | None:
    """The name that a first message asks for, None where it is not whole. Raises NotTls."""
    asked: list[str] = []

    def note(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int:
        asked.append(name or "")
        return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = note
    incoming = ssl.MemoryBIO()
    probe = context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
    incoming.write(hello)
    try:
        probe.do_handshake()
    except ssl.SSLWantReadError:
        return None
    except ssl.SSLError:
        pass
    if not asked or not asked[0]:
        raise NotTls
    return asked[0]
