"""Server-sent events: what happens to a job, or in a project, as it happens.

They answer in front of the framework, because thousands of them are open at a time: a stream is one
coroutine that sleeps. What notices that a client has left is no second one, but a callback of what
the HTTP server waits for anyway.
"""

import asyncio
import logging
from collections.abc import AsyncIterator

from clusterwright import clock, errors
from clusterwright.errors import ApiError
from clusterwright.iam.auth import CREDENTIALS, Authenticator, check_project
from clusterwright.jobs import events
from clusterwright.jobs import store as jobs
from clusterwright.jobs.durations import Durations
from clusterwright.jobs.events import Event
from clusterwright.jobs.feed import Closed, Feed, Listener, Told
from clusterwright.jobs.plan import Registry
from clusterwright.jobs.positions import Position, Snapshot
from clusterwright.live import documents, store
from clusterwright.storage.database import Database, StorageUnavailable
from clusterwright.web.asgi import Message, Receive, Scope, Send
from clusterwright.web.edge import read_body

log = logging.getLogger(__name__)

PREFIX = "/clusterwright/v1/projects/"
HEARTBEAT = 15.0
"""Seconds after which a stream without events shows that it lives: proxies close silent ones."""
_RETRY = b"retry: 1000\n\n"
_PAGE = 200
"""Events of one query."""
_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)

Chunks = AsyncIterator[bytes]


class Streams:
    """The streams of one process."""

    def __init__(
        self,
        data: Database,
        feed: Feed,
        authenticator: Authenticator,
        durations: Durations,
        registry: Registry,
    ) -> None:
        self._durations = durations
        self._data = data
        self._registry = registry
        self._feed = feed
        self._authenticator = authenticator

    def matches(self, method: str, path: str) -> bool:
        """Whether the request asks for a stream."""
        if method != "GET" or not path.startswith(PREFIX):
            return False
        match path.split("/")[5:]:
            case ["events"]:
                return True
            case ["jobs", uid, "stream"]:
                return bool(uid)
        return False

    async def answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Send events until the job has ended, the client leaves or the server ends.

        Raises ApiError before the first message only.
        """
        # Of what is made here little is kept: thousands of streams wait below.
        await self._check(scope, receive)
        project_id, *below = scope["path"].removeprefix(PREFIX).split("/")
        root_uid = await self._root(below[1], project_id) if below[0] == "jobs" else ""
        with self._feed.listening(tree=root_uid, project=project_id) as listener:
            chunks = (
                self._of_job(listener, root_uid, project_id, _last_seen(scope))
                if root_uid
                else self._of_project(listener, project_id, _last_seen(scope))
            )
            chunk = await anext(chunks)  # a refusal comes here
            # A browser sends kilobytes, of which heartbeats need these.
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] in CREDENTIALS]
            await send(_start(request_id))
            leaving = _Leaving(receive, listener)
            try:
                await _send(send, _RETRY + chunk)
                async for chunk in chunks:
                    await _send(send, chunk or self._heartbeat(scope))
                    del chunk
            except Closed:
                pass
            except (ApiError, StorageUnavailable) as error:  # the client asks again, and is told
                log.info("ending a stream", extra={"request": request_id, "reason": str(error)})
            except Exception:
                log.exception("breaking off a stream", extra={"request": request_id})
            finally:
                leaving.forget()
            await send({"type": "http.response.body", "body": b""})

    async def _check(self, scope: Scope, receive: Receive) -> None:
        """Make sure that the caller may read the project. Raises ApiError."""
        project_id = scope["path"].removeprefix(PREFIX).partition("/")[0]
        caller = await self._authenticator.authenticate(scope, lambda: read_body(receive))
        check_project(caller, project_id)

    def _heartbeat(self, scope: Scope) -> bytes:
        """A comment that tells the time. Raises ApiError when the caller has lost the right."""
        self._authenticator.confirm(scope)
        return f": {clock.rfc3339(clock.now())}\n\n".encode()

    async def _root(self, uid: str, project_id: str) -> str:
        async with self._data.reading() as tx:
            root_uid = await jobs.root_of(tx, uid, project_id=project_id)
        if root_uid is None:
            raise unknown(uid)
        return root_uid

    async def _of_job(
        self, listener: Listener, root_uid: str, project_id: str, last: str
    ) -> Chunks:
        """A job from a snapshot, or from the revision ``last`` on, to its end."""
        await self._feed.begin()
        async with self._data.reading() as tx:
            found = await store.find(tx, root_uid, project_id=project_id)
        if found is None:
            raise unknown(root_uid)
        seen = _revision(last, found.revision) if last else found.revision
        is_over = seen == found.revision and found.tree.finished_at is not None
        if last:
            yield b": resumed\n\n"
        else:
            document = await documents.in_full(found, self._durations, self._registry)
            yield b"id: %d\nevent: snapshot\ndata: %b\n\n" % (seen, document)
            del document
        del found
        if is_over:
            yield _end(seen)
            return
        happened = await self._after(root_uid, seen)
        while True:
            for event in happened:
                if event.revision <= seen:
                    continue
                seen = event.revision
                yield _shown(b"%d" % seen, event)
                if event.phase.is_final:
                    yield _end(seen)
                    return
            told = await listener.next(HEARTBEAT)
            if not told:
                yield b""
            happened = [each.event for each in told]
            if happened and happened[0].revision > seen + 1:
                happened = await self._after(root_uid, seen)

    async def _after(self, root_uid: str, revision: int) -> list[Event]:
        found: list[Event] = []
        while True:
            async with self._data.reading() as tx:
                page = await events.of_tree(tx, root_uid, after=revision, limit=_PAGE)
            found += page
            if len(page) < _PAGE:
                return found
            revision = page[-1].revision

    async def _of_project(self, listener: Listener, project_id: str, last: str) -> Chunks:
        """Everything that happens in a project, from now on or from the position ``last``."""
        now = await self._feed.begin()
        position = Position.after(now)
        if last:
            position = _position(last)
            if position.upto.most > now.most:  # another process of this database may know more
                now = await self._feed.refresh()
                listener.forget()
            if position.upto.most > now.most:
                raise _bad_position()
        yield b": %b\n\n" % (b"resumed" if last else b"open")
        if last:
            async for told in self._missed(position, now, project_id):
                yield _shown(str(told.position).encode(), told.event)
        while True:
            happened = await listener.next(HEARTBEAT)
            if not happened:
                yield b""
            for told in happened:
                yield _shown(str(told.position).encode(), told.event)

    async def _missed(
        self, position: Position, now: Snapshot, project_id: str
    ) -> AsyncIterator[Told]:
        """What a listener has missed that was at ``position`` and listens from ``now`` on."""
        for before, upto, last in (
            (position.before, position.upto, position.last),
            (position.upto, now, 0),
        ):
            while before != upto:
                async with self._data.reading() as tx:
                    page = await events.between(
                        tx, before, upto, project_id=project_id, last=last, limit=_PAGE
                    )
                for event in page:
                    yield Told(event, Position(before, upto, event.id))
                if len(page) < _PAGE:
                    break
                last = page[-1].id


def _position(text: str) -> Position:
    """The position that a client was at. Raises ApiError."""
    try:
        return Position.parse(text)
    except ValueError:
        raise _bad_position() from None


def _last_seen(scope: Scope) -> str:
    """What the client says that it has seen last."""
    for name, value in scope["headers"]:
        if name == b"last-event-id":
            found: str = value.strip().decode("latin-1")
            return found
    return ""


def _start(request_id: str) -> Message:
    headers = [*_HEADERS, (b"x-request-id", request_id.encode())]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def _revision(text: str, newest: int) -> int:
    """The revision that a client has seen last. Raises ApiError."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= newest):
        raise _bad_position()
    return int(text)


def _bad_position() -> ApiError:
    return ApiError(
        errors.INVALID_REQUEST,
        "Last-Event-ID: Send the id of an event of this stream, or leave the header out and begin"
        " anew.",
    )


def unknown(uid: str) -> ApiError:
    """The refusal of a job that the project does not have."""
    return ApiError(errors.NOT_FOUND, f"There is no job {uid[:64]} in this project.")


def _shown(number: bytes, event: Event) -> bytes:
    return b"id: %b\nevent: job\ndata: %b\n\n" % (number, event.data)


def _end(revision: int) -> bytes:
    return b'id: %d\nevent: end\ndata: {"revision":%d}\n\n' % (revision, revision)


async def _send(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})


class _Leaving:
    """Closes a listener when its client has left."""

    __slots__ = ("_listener", "_next", "_receive")

    def __init__(self, receive: Receive, listener: Listener) -> None:
        self._receive = receive
        self._listener = listener
        self._wait()

    def _wait(self) -> None:
        # Once the body is over, this is a future of granian's own, and no task is made of it.
        self._next = asyncio.ensure_future(self._receive())
        self._next.add_done_callback(self._look)

    def _look(self, message: asyncio.Future[Message]) -> None:
        if message.cancelled():
            return
        if message.exception() is None and message.result()["type"] != "http.disconnect":
            self._wait()  # it was a part of the body
        else:
            self._listener.close()

    def forget(self) -> None:
        """Wait no longer."""
        self._next.cancel()
