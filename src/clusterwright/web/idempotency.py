"""``Idempotency-Key``: what a client asks for twice under one key is done once, and answered alike.

The key's row is written in the transaction that does what was asked, and that transaction ends when
the answer is there: a process may die on any line, and either both were kept or neither. A second
request with the key waits for the first. What was refused is not kept, for it has changed nothing.
"""

import hashlib
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import Request
from starlette.responses import Response

from clusterwright import clock, errors
from clusterwright.errors import ApiError
from clusterwright.storage.database import Database, Tx
from clusterwright.storage.limits import MOST_KEYS
from clusterwright.web import store
from clusterwright.web.server import given
from clusterwright.web.store import Answered, Key

HEADER = "idempotency-key"
LONGEST = 255
"""Characters of a key."""
HOURS = 24
"""How long an answer is kept."""
REPLAYED = (b"idempotent-replayed", b"true")
"""What an answer says in a header that was given before."""

_KEPT_NS = HOURS * 3600 * 1_000_000_000
_VISIBLE = re.compile(f"[!-~]{{1,{LONGEST}}}")
_BOUNDARY = re.compile(r"boundary=\"?([^\";]+)")
_ATTEMPT = "attempt"
Handle = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Keys:
    """Where answers are kept. They hold kubeconfigs and keys, so they are sealed."""

    database: Database
    seal: Callable[[bytes], bytes]
    open: Callable[[bytes], bytes]

    async def purge(self) -> None:
        """Forget answers that are older than a day."""
        more = True
        while more:
            async with self.database.transaction() as tx:
                more = await store.purge(tx, until=clock.now() - _KEPT_NS)


keys = given(Keys)


class _Known(Exception):
    """The request was answered before."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class _Abandoned(Exception):
    """A transaction is not to be kept."""


class Attempt:
    """One try at one request that has a key."""

    def __init__(self, request: Request, kept: Keys) -> None:
        """Raises ApiError for a key that is none."""
        self._request = request
        self._kept = kept
        self._text = _checked(request.headers.getlist(HEADER))
        self._key: Key | None = None
        self._fingerprint = b""
        self._opened: AbstractAsyncContextManager[Tx] | None = None
        self._tx: Tx | None = None
        self.then: list[Callable[[], Awaitable[None]]] = []
        """What is to be done once all this is committed."""

    async def answer(self, handle: Handle) -> Response:
        """What ``handle`` answers, or what was answered before. Raises what ``handle`` raises."""
        self._request.scope["state"][_ATTEMPT] = self
        try:
            return await self._keep(await handle(self._request))
        except _Known as known:
            return known.response
        finally:
            await self._close(_Abandoned())

    async def begin(self, *, project_id: str, user_id: str) -> None:
        """Know who is asking.

        Raises _Known where this was answered before, and ApiError KEY_REUSED where something else
        was asked under the key.
        """
        self._fingerprint = await _fingerprint(self._request)
        self._key = Key(project_id=project_id, user_id=user_id, key=self._text)
        async with self._kept.database.reading() as tx:
            await self._look(tx, self._key)

    async def _look(self, tx: Tx, key: Key) -> None:
        found = await store.get(tx, key, since=clock.now() - _KEPT_NS)
        if found is not None:
            raise self._known(found)

    def _known(self, found: Answered) -> Exception:
        if found.fingerprint != self._fingerprint:
            return ApiError(
                errors.KEY_REUSED,
                f"Idempotency-Key {self._text}: something else was asked under this key in the"
                f" last {HOURS} hours. Send a new key with a new request.",
            )
        status, headers, body = msgspec.msgpack.decode(
            zlib.decompress(self._kept.open(found.answer)),
            type=tuple[int, list[tuple[bytes, bytes]], bytes],
        )
        response = Response(body, status)
        response.raw_headers = [*headers, REPLAYED]
        return _Known(response)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """The transaction of this request, which ends with its answer, or with an error in it."""
        try:
            yield await self._own()
        except BaseException as error:
            await self._close(error)
            raise

    async def _own(self) -> Tx:
        if self._tx is None:
            opened = self._kept.database.transaction()
            self._tx = await opened.__aenter__()
            self._opened = opened  # only now: what never began cannot be ended
            await self._claim(self._tx)
        return self._tx

    @property
    def open(self) -> Tx | None:
        """The transaction of this request while it lasts."""
        return self._tx

    async def _claim(self, tx: Tx) -> None:
        assert self._key is not None, "A route that writes asks who is calling first."
        now = clock.now()
        since = now - _KEPT_NS
        if not await store.claim(tx, self._key, self._fingerprint, now=now, since=since):
            await self._look(tx, self._key)
        if await store.count(tx, self._key) > MOST_KEYS:
            raise ApiError(
                errors.KEY_LIMIT,
                f"A user can send {MOST_KEYS} keys in {HOURS} hours. Send none, or wait.",
            )

    async def _keep(self, response: Response) -> Response:
        if self._key is None:  # nobody was asked for: what is answered to anybody is not kept
            return response
        async with self.transaction() as tx:
            answer = (response.status_code, response.raw_headers, bytes(response.body))
            packed = zlib.compress(msgspec.msgpack.encode(answer), 1)
            await store.keep(tx, self._key, self._kept.seal(packed))
        await self._close(None)
        for act in self.then:
            await act()
        return response

    async def _close(self, error: BaseException | None) -> None:
        """Commit what is open, or take it back because of an error."""
        opened, self._opened, self._tx = self._opened, None, None
        if opened is None:
            return
        if error is None:
            await opened.__aexit__(None, None, None)
            return
        try:
            await opened.__aexit__(type(error), error, error.__traceback__)
        except _Abandoned:
            return


async def _fingerprint(request: Request) -> bytes:
    path, query = request.scope["path"].encode(), request.scope["query_string"]
    body = await request.body()
    # Parts are kept apart by a word that clients draw anew whenever they send them.
    if word := _BOUNDARY.search(request.headers.get("content-type", "")):
        body = body.replace(word[1].encode("latin-1"), b"")
    return hashlib.sha256(b"\0".join((path, query, body))).digest()


def _checked(sent: list[str]) -> str:
    if len(sent) == 1 and _VISIBLE.fullmatch(sent[0]):
        return sent[0]
    raise ApiError(
        errors.INVALID_REQUEST,
        f"header.Idempotency-Key: Send one key of 1 to {LONGEST} visible ASCII characters.",
    )


class Joined(Database):
    """The database as a route sees it whose request has a key: one transaction, not yet over."""

    def __init__(self, around: Database, attempt: Attempt) -> None:
        self.__dict__ |= around.__dict__
        self._attempt = attempt

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        """The request's transaction, which may go on after this block."""
        return self._attempt.transaction()

    def deferred(self) -> AbstractAsyncContextManager[Tx]:
        """As ``transaction``: there is but one."""
        return self.transaction()

    def reading(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction that only reads, or the request's own while that lasts."""
        if self._attempt.open is not None:
            return self._attempt.transaction()
        return super().reading()


async def answer(request: Request, handle: Handle) -> Response:
    """What a route answers, now or before where the request has a key."""
    if HEADER not in request.headers:
        return await handle(request)
    return await Attempt(request, await keys(request)).answer(handle)


def _attempt(request: Request) -> Attempt | None:
    found: Attempt | None = request.scope.get("state", {}).get(_ATTEMPT)
    return found


async def begin(request: Request, *, project_id: str, user_id: str) -> None:
    """Say who is asking, once that is known. Ends a request that was answered before."""
    if (attempt := _attempt(request)) is not None:
        await attempt.begin(project_id=project_id, user_id=user_id)


async def afterwards(request: Request, act: Callable[[], Awaitable[None]]) -> None:
    """Act once what the request has written is committed: at once, or with its answer."""
    attempt = _attempt(request)
    if attempt is None:
        await act()
    else:
        attempt.then.append(act)


def joined(request: Request, database: Database) -> Database:
    """``database``, or what stands for it where the request has a key."""
    attempt = _attempt(request)
    return database if attempt is None else Joined(database, attempt)
