"""An API server of nobody's cluster: it speaks WebSockets, and does as the pod's name says."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

from clusterwright.drivers import certificates
from clusterwright.drivers.contract import Kubeconfig

KNOWN = ("v5.channel.k8s.io", "SPDY/3.1+portforward.k8s.io")
LARGE = b"x" * (1024 * 1024)
_STATUS = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}


class ApiServer:
    """What was asked of it, and how connections ended."""

    def __init__(self) -> None:
        self.kubeconfig: Kubeconfig
        self.asked: list[Request] = []
        self.users: list[str] = []
        self.closed: list[CloseConnection] = []
        self.pongs = 0
        self.flooded = 0
        """Messages that there was room for."""
        self.lines: asyncio.Queue[bytes] = asyncio.Queue()
        """What the log of the pod ``told`` will tell; nothing ends it."""
        self.visits: set[asyncio.Task[None]] = set()
        """One for each connection that is there."""

    @asynccontextmanager
    async def serving(self, folder: Path) -> AsyncIterator["ApiServer"]:
        """Be there inside the block, with certificates made in a folder."""
        context, config = _certificates(folder)
        server = await asyncio.start_server(self._visited, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        self.kubeconfig = Kubeconfig(server=f"https://127.0.0.1:{port}", **config)
        try:
            yield self
        finally:
            server.close()
            for visit in self.visits:
                visit.cancel()
            await asyncio.gather(*self.visits, return_exceptions=True)

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.visits.add(task)
        shown = writer.get_extra_info("peercert")
        self.users += [
            value for part in shown["subject"] for key, value in part if key == "commonName"
        ]
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._serve(_Talk(reader, writer))
        finally:
            self.visits.discard(task)
            writer.close()

    async def _serve(self, talk: "_Talk") -> None:
        try:
            asked = await talk.next()
        except RemoteProtocolError:
            await talk.answer_without_upgrade(self.lines)
            return
        assert isinstance(asked, Request)
        self.asked.append(asked)
        pod = asked.target.split("/pods/")[-1].split("/")[0]
        chosen = next((each for each in KNOWN if each in asked.subprotocols), None)
        if pod == "missing":
            await talk.refuse(404, f'pods "{pod}" not found')
        elif pod == "silent":
            await talk.until_gone()
        elif chosen is None:
            await talk.refuse(400, f"unable to negotiate protocol: {asked.subprotocols}")
        else:
            await talk.say(AcceptConnection(subprotocol=chosen))
            await getattr(self, pod)(talk)

    async def echo(self, talk: "_Talk") -> None:
        """Send everything back."""
        while True:
            event = await talk.next()
            if isinstance(event, CloseConnection):
                self.closed.append(event)
                return
            await talk.say(event.response() if isinstance(event, Ping) else event)

    async def leave(self, talk: "_Talk") -> None:
        """Say a word, and that it is over."""
        await talk.say(TextMessage("bye"))
        await talk.say(CloseConnection(4321, "served"))
        await talk.next()

    async def break_off(self, talk: "_Talk") -> None:
        """End without a word."""
        await talk.say(BytesMessage(b"half"))

    async def ping(self, talk: "_Talk") -> None:
        """Wait until a ping is answered, and tell."""
        await talk.say(Ping(b"1"))
        event = await talk.next()
        assert isinstance(event, Pong)
        await talk.say(BytesMessage(bytes(event.payload)))
        await self.echo(talk)

    async def flood(self, talk: "_Talk") -> None:
        """Send without an end."""
        while True:
            await talk.say(BytesMessage(LARGE))
            self.flooded += 1

    async def swell(self, talk: "_Talk") -> None:
        """Send a message that is too large, in pieces."""
        for _ in range(5):
            await talk.say(BytesMessage(LARGE, message_finished=False))
        await self.echo(talk)


class _Talk:
    """One connection, as events."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._reader = reader
        self._writer = writer
        self._head = b""

    async def next(self) -> Event:
        """What comes next; CloseConnection where nothing does."""
        while True:
            for event in self._protocol.events():
                return event
            received = await self._reader.read(65536)
            self._head = self._head or received
            self._protocol.receive_data(received or None)

    async def until_gone(self) -> None:
        """Wait until nobody is at the other end."""
        while await self._reader.read(65536):
            pass

    async def say(self, event: Event) -> None:
        """Send something, and wait until there is room."""
        self._writer.write(self._protocol.send(event))
        await self._writer.drain()

    async def refuse(self, code: int, message: str) -> None:
        """Answer a Status instead of a WebSocket."""
        body = _status(code, message)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        headers.append((b"x-secret", b"1"))
        await self.say(RejectConnection(status_code=code, headers=headers, has_body=True))
        await self.say(RejectData(data=body))

    async def answer_without_upgrade(self, lines: asyncio.Queue[bytes]) -> None:
        """Answer a request for no WebSocket: a followed log has a line, or none, and no end."""
        if b"/pods/frozen/" in self._head:
            await self.until_gone()
            return
        if b"follow=true" in self._head:
            self._writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
            self._writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
            while b"/pods/told/" in self._head:
                line = await lines.get()
                self._writer.write(b"%x\r\n%b\r\n" % (len(line), line))
                if not line:
                    return
            if b"/pods/quiet/" not in self._head:
                self._writer.write(b"5\r\nline\n\r\n")
            await self.until_gone()
            return
        missing = b"/pods/missing" in self._head
        code, message = (404, "not found") if missing else (400, "Upgrade request required")
        body = _status(code, message)
        head = f"HTTP/1.1 {code} No\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        await self._writer.drain()


def _status(code: int, message: str) -> bytes:
    return json.dumps(_STATUS | {"code": code, "message": message}).encode()


def _certificates(folder: Path) -> tuple[ssl.SSLContext, dict[str, Any]]:
    now, lifetime = datetime.now(UTC), timedelta(days=1)
    authority = certificates.new_authority("nobody's", now=now, lifetime=lifetime)
    names = ("127.0.0.1",)
    server = certificates.new_server(authority, names=names, now=now, lifetime=lifetime)
    client = certificates.new_client(authority, user="mina", now=now, lifetime=lifetime)
    (folder / "server").write_text(server.certificate + server.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.certificate)
    context.load_cert_chain(folder / "server")
    context.verify_mode = ssl.CERT_REQUIRED
    return context, {
        "ca": authority.certificate,
        "client_certificate": client.certificate,
        "client_key": client.key,
    }
