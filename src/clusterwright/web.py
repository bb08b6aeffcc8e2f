"""What a route may ask for, and the edge that every request and every answer passes.

The edge is plain ASGI, in front of the framework: it gives each answer its ``X-Request-Id``,
refuses what is too large, too slow or broken, and turns whatever goes wrong into a JSON object of
the error catalogue, because every official client parses the body of an error before it looks at
anything else (client notes, section A5).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from contextlib import suppress
from random import getrandbits
from typing import Annotated, Any, Protocol, TypeVar
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from clusterwright import errors
from clusterwright.database import Conflict, Database, StorageUnavailable
from clusterwright.errors import ApiError, ErrorCode
from clusterwright.settings import Settings
from clusterwright.turns import unhurried
from clusterwright.wire import Document, Malformed

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

D = TypeVar("D", bound=Document)

MAX_TARGET = 8 * 1024
"""Bytes of path and query. The server itself refuses targets over 64 KiB without a body."""
MAX_HEADERS = 64 * 1024
"""Bytes of all header names and values; a token may take 16,384 of them (API reference, 1.3)."""
BODY_SECONDS = 30.0
"""How long a body may stand still."""
LEAST_RATE = 1024
"""Bytes a second: a body that is slower on the whole has BODY_SECONDS of grace, and no more."""

CONFLICT_TRIES = 5
"""How often a request is tried that another transaction keeps winning over."""

JSON = b"application/json"
_CONTENT_TYPES = ("application/json", "application/x-pem-file", "multipart/form-data")


class HotRoute(Protocol):
    """A route that answers in front of the framework, for the few reads that must be fast."""

    def matches(self, method: str, path: str) -> bool:
        """Whether this route answers the request."""

    async def answer(self, scope: Scope, path: str, receive: Receive) -> bytes:
        """The JSON body of a 200. Raises ApiError."""


class Edge:
    """The outermost ASGI application: limits, request ids, hot routes and errors."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit: int,
        body_seconds: float = BODY_SECONDS,
        hot: Iterable[HotRoute] = (),
    ) -> None:
        self._app = app
        self.body_limit = body_limit
        self.body_seconds = body_seconds
        self._hot = tuple(hot)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # No secret, only a name: a tenth of uuid4's 2 microseconds, 5 % of a hot read.
        request_id = f"{getrandbits(128):032x}"
        method, path = scope["method"], scope["path"]
        for route in self._hot:
            if route.matches(method, path):
                try:
                    self._check_head(scope)
                    sent = _Body(self, receive, request_id)
                    await _send(send, 200, await route.answer(scope, path, sent), request_id)
                except Exception as error:
                    await _refuse(send, error, scope, request_id)
                return
        await self._framework(scope, receive, send, request_id)

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
            await self._app(scope, _Body(self, receive, request_id), stamped)
        except Exception as error:
            if not started:
                await _refuse(send, error, scope, request_id)

    def _check_head(self, scope: Scope) -> None:
        # No database column and no log line should ever meet U+0000.
        if b"%00" in scope["raw_path"] or b"%00" in scope["query_string"]:
            raise ApiError(errors.NO_SUCH_API, "A URL cannot hold U+0000.")
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET:
            raise ApiError(errors.URI_TOO_LARGE, f"Send at most {MAX_TARGET} bytes of URL.")
        size = 0
        for name, value in scope["headers"]:  # a third less than sum() over a generator
            size += len(name) + len(value)
            if name == b"upgrade" and value.lower() == b"websocket":
                raise ApiError(errors.BAD_HEADER, "This server has no WebSockets.")
        if size > MAX_HEADERS:
            raise ApiError(
                errors.HEADERS_TOO_LARGE, f"Send at most {MAX_HEADERS} bytes of headers."
            )


class Only:
    """An application reduced to a few paths; nothing else exists there."""

    def __init__(self, app: ASGIApp, paths: Iterable[str]) -> None:
        self._app = app
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._paths:
            await self._app(scope, receive, send)
            return
        missing = ApiError(
            errors.NO_SUCH_API, f"Only {' and '.join(sorted(self._paths))} are here."
        )
        await _refuse(send, missing, scope, f"{getrandbits(128):032x}")


class _Body:
    """The ``receive`` of one request, its body held to the limits of size, pace and shape."""

    # Defaults of the class, because most requests have no body and should not pay for one.
    _received = 0
    _began = 0.0
    _complete = False

    def __init__(self, edge: Edge, receive: Receive, request_id: str) -> None:
        self._edge = edge
        self._receive = receive
        self._request_id = request_id

    async def __call__(self) -> Message:
        """The next message. Raises ApiError for a body that is too large, too slow or broken."""
        if self._complete:  # what comes now tells that the client has gone, whenever that is
            return await self._receive()
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
        if self._received > self._edge.body_limit:
            raise ApiError(
                errors.BODY_TOO_LARGE, f"Send at most {self._edge.body_limit} bytes of body."
            )
        self._complete = not message.get("more_body", False)
        return message

    def _patience(self) -> float:
        """Seconds until the next message must be here."""
        now = time.monotonic()
        self._began = self._began or now
        slowest = self._began + self._edge.body_seconds + self._received / LEAST_RATE
        return min(self._edge.body_seconds, max(slowest - now, 0))


async def _send(send: Send, status: int, body: bytes, request_id: str) -> None:
    headers = [
        (b"content-type", JSON),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse(send: Send, error: Exception, scope: Scope, request_id: str) -> None:
    refusal = as_refusal(error, scope, request_id)
    await _send(send, refusal.error.status, error_body(refusal, request_id), request_id)


def error_body(refusal: ApiError, request_id: str) -> bytes:
    """The JSON text of a refusal."""
    return msgspec.json.encode(errors.body(refusal.error, refusal.detail, request_id))


_KEPT = "Nothing was changed. Try again later."
_IN_DOUBT = "The connection was lost during the change. Look whether it was made, then try again."


def as_refusal(error: Exception, scope: Scope, request_id: str) -> ApiError:
    """The refusal that ``error`` means to a client. Logs the trace of what nobody foresaw."""
    match error:
        case ApiError():
            return error
        case Malformed():
            return ApiError(errors.INVALID_REQUEST, str(error))
        case RequestValidationError():
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            return ApiError(errors.INVALID_REQUEST, f"{field}: {first['msg']}.")
        case HTTPException():
            return _of_status(error, scope)
        case StorageUnavailable():
            log.error(
                "answering without a database",
                extra={"request": request_id, "reason": str(error).partition("\n")[0]},
            )
            return ApiError(errors.STORAGE_UNAVAILABLE, _IN_DOUBT if error.in_doubt else _KEPT)
        case _:
            log.error("answering an internal error", extra={"request": request_id}, exc_info=error)
            return ApiError(errors.INTERNAL, f"Look for request {request_id} in the server's log.")


def _of_status(error: HTTPException, scope: Scope) -> ApiError:
    where = f"{scope['method']} {scope['path']}"
    if error.status_code == 404:
        return ApiError(errors.NO_SUCH_API, f"There is no {where}.")
    if error.status_code == 405:
        return ApiError(errors.METHOD_NOT_ALLOWED, f"There is no {where}.")
    unknown: ErrorCode = errors.INTERNAL if error.status_code >= 500 else errors.INVALID_REQUEST
    return ApiError(unknown, str(error.detail))


def answer_errors(app: FastAPI) -> None:
    """Make the framework answer its own refusals and ours from the catalogue."""

    async def refuse(request: Request, error: Exception) -> Response:
        request_id: str = request.state.request_id
        refusal = as_refusal(error, request.scope, request_id)
        allow = error.headers if isinstance(error, HTTPException) else None
        return Response(error_body(refusal, request_id), refusal.error.status, allow, JSON.decode())

    # Exception too: the framework would answer what nobody foresaw in plain text.
    foreseen = (ApiError, Malformed, RequestValidationError, HTTPException, StorageUnavailable)
    for kind in (*foreseen, Exception):
        app.add_exception_handler(kind, refuse)


class Route(APIRoute):
    """A route that is answered anew when its transaction lost to another one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with patience."""
        handle = super().get_route_handler()

        async def persist(request: Request) -> Response:
            for _ in range(CONFLICT_TRIES - 1):
                with suppress(Conflict):
                    return await handle(request)
            return await handle(request)

        return persist


class Router(APIRouter):
    """Where slices declare routes."""

    def __init__(self, *, route_class: type[Route] = Route, **options: Any) -> None:
        super().__init__(route_class=route_class, **options)


def json_response(
    document: Any, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """An answer whose body is ``document`` as JSON."""
    return json_bytes(msgspec.json.encode(document), status, headers)


def json_bytes(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer whose body is JSON already."""
    return Response(body, status, headers, JSON.decode())


async def array(items: Iterable[Any]) -> msgspec.Raw:
    """``items`` as a list for ``json_response``: made and encoded one by one, in turns, so that a
    long list keeps nobody waiting. Give a generator where making an item is work, too.
    """
    encoded = [msgspec.json.encode(item) async for item in unhurried(items)]
    return msgspec.Raw(b"[%b]" % b",".join(encoded))


# Dependencies are coroutines even where they await nothing: FastAPI sends plain functions to a
# thread.


async def database(request: Request) -> Database:
    """The server's database."""
    found: Database = request.app.state.database
    return found


async def settings(request: Request) -> Settings:
    """The server's settings."""
    found: Settings = request.app.state.settings
    return found


Data = Annotated[Database, Depends(database)]
Setup = Annotated[Settings, Depends(settings)]
"""What routes write to ask for the database and for the settings."""


async def base_url(request: Request) -> str:
    """The URL that clients use, configured or just used, without a trailing slash."""
    configured = (await settings(request)).public_url
    return (configured or str(request.base_url)).rstrip("/")


def body(model: type[D]) -> Callable[[Request], Awaitable[D]]:
    """A dependency that gives the request's body as a document. Raises ApiError, naming field and
    rule.
    """

    async def read(request: Request) -> D:
        # Missing is accepted: some clients send a body-less POST without it (API reference, 1.3).
        sent = request.headers.get("content-type", JSON.decode())
        if sent.split(";")[0].strip().lower() not in _CONTENT_TYPES:
            raise ApiError(errors.CONTENT_TYPE, f"Send application/json, not {sent[:100]!r}.")
        return model.parse(await request.body())

    read.document = model  # type: ignore[attr-defined]  # the OpenAPI page reads it
    return read


async def read_body(receive: Receive, limit: int = 64 * 1024) -> bytes:
    """The body of a request that should have none; the Node SDK signs and sends ``{}`` with its
    reads.
    """
    chunks = bytearray()
    while True:
        message = await receive()
        chunks += message.get("body", b"")
        if len(chunks) > limit:
            raise ApiError(errors.BODY_TOO_LARGE, f"Send at most {limit} bytes of body.")
        if not message.get("more_body"):
            return bytes(chunks)


def described(
    answer: type[Document] | None, *, status: int = 200, body: type[Document] | None = None
) -> Any:
    """How an operation is described: its answer and its body; ``openapi`` adds the errors."""
    success: dict[str, Any] = {"description": "Done"}
    if answer is not None:
        success["model"] = answer
    extra = {"x-body": body.full_name()} if body is not None else None
    return {
        "status_code": status,
        "response_model": None,
        # The framework describes the content of this class; a plain Response has none.
        "response_class": Response if answer is None else JSONResponse,
        "responses": {status: success},
        "openapi_extra": extra,
    }


def raw_query(scope: Scope) -> list[tuple[str, str]]:
    """The query as decoded pairs, in the order sent, values without ``=`` included."""
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
