"""The door that kubeconfigs of simulated clusters lead to: TLS, and a certificate to come in.

One port serves all of them: the name that a client asks for in TLS begins with the cluster's id,
as the host of its kubeconfig does, or else its ``tls-server-name``. Whoever shows a certificate
that the cluster gave, and has not revoked, is its user; nobody else is anybody.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import h11

from clusterwright.cce.clusters import store as clusters
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.inside.answers import Answers
from clusterwright.cce.inside.operations import Refusal
from clusterwright.cce.inside.tls import NotTls, TlsStream
from clusterwright.iam.caller import Caller
from clusterwright.iam.directory import Directory
from clusterwright.storage.database import Database, StorageUnavailable

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 256
"""At a time; more of them are closed at once."""
HANDSHAKE_SECONDS = 10.0
IDLE_SECONDS = 60.0
"""How long a connection may wait for the next request, or for the rest of one."""
MOST_BODY = 1024 * 1024
_MOST_HEAD = 64 * 1024
_UNKNOWN = "The certificate is none that this cluster gave, or it was revoked."


class DoorTaken(Exception):
    """Another process has the port of the door, or this one may not have it."""


class Doors(Protocol):
    """What a driver knows of certificates."""

    async def context(self, name: str) -> ssl.SSLContext | None:
        """How to speak TLS by a name that begins with a cluster's id; None for an unknown one."""

    async def holder(self, uid: str, shown: bytes) -> str | None:
        """The user whose certificate was shown; None where it is not known."""


class Door:
    """One port, and whoever comes in there."""

    def __init__(
        self, data: Database, doors: Doors, directory: Directory, answers: Answers
    ) -> None:
        self._data = data
        self._doors = doors
        self._directory = directory
        self._answers = answers
        self._visits: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[None]:
        """Be open inside the block, unless the port is 0. Raises DoorTaken."""
        if not port:
            yield
            return
        try:
            server = await asyncio.start_server(self._visited, host, port)
        except OSError as error:
            raise DoorTaken(
                f"Cannot listen on {host}:{port}, the port of simulated clusters:"
                f" {error.strerror or error}."
            ) from error
        try:
            yield
        finally:
            server.close()
            for visit in self._visits:
                visit.cancel()
            await asyncio.gather(*self._visits, return_exceptions=True)

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._visits) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._visits.add(task)
        try:
            await self._serve(TlsStream(reader, writer))
        except (NotTls, OSError, StorageUnavailable, h11.RemoteProtocolError) as error:
            log.debug("closing a door", extra={"reason": repr(error)})
        finally:
            self._visits.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, stream: TlsStream) -> None:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            uid = (await stream.accept(self._doors.context)).partition(".")[0]
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST_HEAD)
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                request, body = await _request(connection, stream)
            if request is None:
                return
            code, kind, content = await self._answer(uid, stream, request, body)
            headers = [("content-type", kind), ("content-length", str(len(content)))]
            async with asyncio.timeout(IDLE_SECONDS):
                for event in (
                    h11.Response(status_code=code, headers=headers),
                    h11.Data(data=content),
                    h11.EndOfMessage(),
                ):
                    await stream.write(connection.send(event) or b"")
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    async def _answer(
        self, uid: str, stream: TlsStream, request: "h11.Request", body: bytes | None
    ) -> tuple[int, str, bytes]:
        headers = dict(request.headers)

        async def come_in() -> tuple[Caller, Cluster]:
            shown = stream.shown()
            user = await self._doors.holder(uid, shown) if shown else None
            return await self._user(uid, user or "")

        if body is None:
            return self._answers.refused(Refusal(413, f"Send at most {MOST_BODY} bytes of body."))
        path, _, query = request.target.decode("latin-1").partition("?")
        return await self._answers.give(
            come_in,
            method=request.method.decode("latin-1"),
            path=path,
            query=query,
            headers=headers,
            body=body,
        )

    async def _user(self, uid: str, user_id: str) -> tuple[Caller, Cluster]:
        """The holder of a certificate as a caller. Raises Refusal, ApiError."""
        user = self._directory.snapshot.users.get(user_id)
        if user is None:
            raise Refusal(401, _UNKNOWN)
        async with self._data.reading() as tx:
            for project in self._directory.projects(user.domain_id):
                cluster = await clusters.get(tx, uid, project_id=project.id)
                if cluster is not None:
                    return self._directory.caller(user, project.id, 0), cluster
        raise Refusal(401, _UNKNOWN)


async def _request(
    connection: "h11.Connection", stream: TlsStream
) -> "tuple[h11.Request | None, bytes | None]":
    """The next request and its body, None for one that is too large; no request at the end."""
    request: h11.Request | None = None
    body: bytearray | None = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                await stream.write(connection.send(go_on) or b"")
            connection.receive_data(await stream.read())
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data) and body is not None:
            body += event.data
            if len(body) > MOST_BODY:
                return request, None
        elif isinstance(event, h11.EndOfMessage):
            return request, bytes(body or b"")
        elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            return None, None
