"""The edge: what every request and every answer passes, in front of the framework.

It is plain ASGI: it gives each answer its ``X-Request-Id``, refuses what is too large, too slow or
broken, and turns whatever goes wrong into a JSON object of the error catalogue, because every
official client parses the body of an error before it looks at anything else (client notes, A5).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import chain
from random import getrandbits
from typing import Protocol

from clusterwright import errors
from clusterwright.errors import ApiError
from clusterwright.web.asgi import ASGIApp, Message, Receive, Scope, Send
from clusterwright.web.refusals import JSON, REFUSED, as_refusal, error_body, log

MAX_TARGET = 8 * 1024
"""Bytes of path and query. The server itself refuses targets over 64 KiB without a body."""
MAX_HEADERS = 64 * 1024
"""Bytes of all header names and values; a token may take 16,384 of them (API reference, 1.3)."""
BODY_SECONDS = 30.0
"""How long a body may stand still."""
LEAST_RATE = 1024
"""Bytes a second: a body that is slower on the whole has BODY_SECONDS of grace, and no more."""
_USUAL = MAX_TARGET
"""Bytes of path and headers of a request that may be answered at once."""
_UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"upgrade", b"expect", b"prefer"})
"""Headers of requests that may not."""


class HotRoute(Protocol):
    """A route that answers in front of the framework, for the few reads that must be fast."""

    def matches(self, method: str, path: str) -> bool:
        """Whether this route answers the request."""

    async def answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Send the whole answer, at once or bit by bit. Raises only before the first message."""


class AtHand(Protocol):
    """What may know the whole answer to a request without waiting for anything."""

    def at_hand(self, scope: Scope, headers: dict[bytes, bytes]) -> bytes | None:
        """The JSON text of the answer to a GET; None where it must be asked for in the usual way.

        It is called in another thread. The request is within the edge's limits, has no query and no
        body, and none of its ``headers`` twice.
        """


class OwnHost(Protocol):
    """What answers on hosts of its own, refusals included, in front of the framework."""

    most_body: int
    """Bytes that the body of a request may have there."""

    def matches(self, scope: Scope) -> bool:
        """Whether this answers the request."""

    async def answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Send the whole answer. Who asks for a WebSocket comes here too: it is made or refused."""


class Edge:
    """The outermost ASGI application: limits, request ids, hot routes and errors."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit: int,
        body_seconds: float = BODY_SECONDS,
        hot: Iterable[HotRoute] = (),
        larger: Mapping[str, int] | None = None,
        hosts: OwnHost | None = None,
        quick: Iterable[AtHand] = (),
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        """``larger`` tells where bodies may be larger, by the beginning of the path."""
        self.stop = on_stop
        """Ends the answers that would go on for as long as this process lives."""
        self._app = app
        self._body_limit = body_limit
        self._hosts = hosts
        self._larger = tuple((larger or {}).items())
        self.body_seconds = body_seconds
        self._hot = tuple(hot)
        self._quick = tuple(quick)

    def at_hand(self, scope: Scope) -> tuple[Message, Message] | None:
        """The answer to a request where it is at hand, for ``web.listener``.

        Whatever is not quite usual goes the long way, where it is refused if it must be.
        """
        if scope.get("method") != "GET" or scope["query_string"]:
            return None
        fields = scope["headers"]
        headers = dict(fields)
        if (
            len(headers) != len(fields)
            or not _UNUSUAL.isdisjoint(headers)
            or len(scope["raw_path"]) + len(b"".join(chain.from_iterable(fields))) > _USUAL
        ):
            return None
        for each in self._quick:
            if (body := each.at_hand(scope, headers)) is not None:
                # The server adds the length.
                answer = [(b"content-type", JSON), (b"x-request-id", b"%032x" % getrandbits(128))]
                start = {"type": "http.response.start", "status": 200, "headers": answer}
                return start, {"type": "http.response.body", "body": body}
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._shake_hands(scope, receive, send)
            return
        # No secret, only a name: a tenth of uuid4's 2 microseconds, 5 % of a hot read.
        request_id = f"{getrandbits(128):032x}"
        method, path = scope["method"], scope["path"]
        for route in self._hot:
            if route.matches(method, path):
                try:
                    self._check_head(scope)
                    await route.answer(
                        scope, _Body(self, receive, path, request_id), send, request_id
                    )
                except Exception as error:
                    await _refuse(send, error, scope, request_id)
                return
        if self._hosts is not None and self._hosts.matches(scope):
            await self._on_own_host(self._hosts, scope, receive, send, request_id)
            return
        await self._framework(scope, receive, send, request_id)

    async def _shake_hands(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a WebSocket: only hosts of their own may take one."""
        request_id = f"{getrandbits(128):032x}"
        scope["method"] = "GET"
        answer = _answering(scope, send)
        if self._hosts is not None and self._hosts.matches(scope):
            await self._on_own_host(self._hosts, scope, receive, answer, request_id)
            return
        missing = ApiError(errors.BAD_HEADER, "This server has no WebSockets here.")
        await _refuse(answer, missing, scope, request_id)

    async def _on_own_host(
        self, hosts: OwnHost, scope: Scope, receive: Receive, send: Send, request_id: str
    ) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            self._check_head(scope, upgrades=True)
            if scope["type"] == "http":
                receive = _Body(self, receive, scope["path"], request_id, hosts.most_body)
            await hosts.answer(scope, receive, noted, request_id)
        except Exception as error:
            if started:
                log.error("breaking off an answer", extra={"request": request_id}, exc_info=error)
            else:
                await _refuse(send, error, scope, request_id)

    def body_limit(self, path: str) -> int:
        """Bytes that the body of a request to this path may have."""
        for begin, most in self._larger:
            if path == begin or path.startswith(f"{begin}/"):
                return max(most, self._body_limit)
        return self._body_limit

    async def _framework(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            self._check_head(scope)
            await self._app(scope, _Body(self, receive, scope["path"], request_id), stamped)
        except Exception as error:
            if not started:
                await _refuse(send, error, scope, request_id)
            elif not scope["state"].get(REFUSED):  # the framework raises what it has answered too
                log.error("breaking off an answer", extra={"request": request_id}, exc_info=error)

    def _check_head(self, scope: Scope, *, upgrades: bool = False) -> None:
        # No database column and no log line should ever meet U+0000.
        if b"%00" in scope["raw_path"] or b"%00" in scope["query_string"]:
            raise ApiError(errors.NO_SUCH_API, "A URL cannot hold U+0000.")
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET:
            raise ApiError(errors.URI_TOO_LARGE, f"Send at most {MAX_TARGET} bytes of URL.")
        headers = scope["headers"]
        if sum(map(len, chain.from_iterable(headers))) > MAX_HEADERS:
            raise ApiError(
                errors.HEADERS_TOO_LARGE, f"Send at most {MAX_HEADERS} bytes of headers."
            )
        for name, value in headers:
            if name == b"upgrade" and value.lower() == b"websocket" and not upgrades:
                raise ApiError(errors.BAD_HEADER, "This server has no WebSockets.")


class Only:
    """An application reduced to a few paths; nothing else exists there."""

    def __init__(self, app: ASGIApp, paths: Iterable[str]) -> None:
        self._app = app
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in self._paths:
            await self._app(scope, receive, send)
            return
        missing = ApiError(
            errors.NO_SUCH_API, f"Only {' and '.join(sorted(self._paths))} are here."
        )
        await _refuse(_answering(scope, send), missing, scope, f"{getrandbits(128):032x}")


class _Body:
    """The ``receive`` of one request, its body held to the limits of size, pace and shape."""

    # Defaults of the class, because most requests have no body and should not pay for one.
    _received = 0
    _began = 0.0
    _complete = False

    def __init__(
        self, edge: Edge, receive: Receive, path: str, request_id: str, most: int = 0
    ) -> None:
        """``most`` is how many bytes it may have, 0 for as many as the path may."""
        self._edge = edge
        self._most = most
        self._receive = receive
        self._path = path
        self._request_id = request_id

    def __call__(self) -> Awaitable[Message]:
        """The next message. Raises ApiError for a body that is too large, too slow or broken."""
        # When the body is complete, what comes tells that the client has gone, whenever that is.
        return self._receive() if self._complete else self._part()

    async def _part(self) -> Message:
        try:
            async with asyncio.timeout(self._patience()):
                message = await self._receive()
        except TimeoutError:
            log.debug("giving up a slow body", extra={"request": self._request_id})
            raise ApiError(
                errors.BODY_TOO_SLOW,
                f"Send {LEAST_RATE} B/s, and no break of {self._edge.body_seconds:g} s in a body.",
            ) from None
        if message["type"] == "http.disconnect":
            # The server tells both alike: a client that has gone hears nothing of the refusal.
            log.debug("giving up a broken body", extra={"request": self._request_id})
            raise ApiError(
                errors.BODY_BROKEN, "The body broke off, or its chunks are not as HTTP wants them."
            )
        self._received += len(message.get("body", b""))
        if self._received > (most := self._most or self._edge.body_limit(self._path)):
            raise ApiError(errors.BODY_TOO_LARGE, f"Send at most {most} bytes of body.")
        self._complete = not message.get("more_body", False)
        return message

    def _patience(self) -> float:
        """Seconds until the next message must be here."""
        now = time.monotonic()
        self._began = self._began or now
        slowest = self._began + self._edge.body_seconds + self._received / LEAST_RATE
        return min(self._edge.body_seconds, max(slowest - now, 0))


def _answering(scope: Scope, send: Send) -> Send:
    """Like ``send``, where the handshake of a WebSocket may be answered as any request is."""
    if scope["type"] == "http":
        return send

    async def renamed(message: Message) -> None:
        if message["type"].startswith("http."):
            message = {**message, "type": f"websocket.{message['type']}"}
        await send(message)

    return renamed


async def send_whole(
    send: Send,
    status: int,
    body: bytes,
    request_id: str,
    kind: bytes = JSON,
    more: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Answer with a body at once, a JSON text unless ``kind`` says otherwise."""
    headers = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse(send: Send, error: Exception, scope: Scope, request_id: str) -> None:
    refusal = as_refusal(error, scope, request_id)
    body = error_body(refusal, request_id, scope)
    await send_whole(send, refusal.error.status, body, request_id)


async def read_body(receive: Receive, limit: int = 64 * 1024) -> bytes:
    """The body of a request that should have none.

    The Node SDK signs and sends ``{}`` with its reads.
    """
    chunks = bytearray()
    while True:
        message = await receive()
        chunks += message.get("body", b"")
        if len(chunks) > limit:
            raise ApiError(errors.BODY_TOO_LARGE, f"Send at most {limit} bytes of body.")
        if not message.get("more_body"):
            return bytes(chunks)
