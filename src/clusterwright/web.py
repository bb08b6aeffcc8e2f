"""What a route may ask for, and the edge that every request and every answer passes.

The edge is plain ASGI, in front of the framework: it gives each answer its ``X-Request-Id``,
refuses what is too large, and turns whatever goes wrong into a JSON object of the error catalogue,
because every official client parses the body of an error before it looks at anything else (client
notes, section A5).
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from random import getrandbits
from typing import Annotated, Any, Protocol, TypeVar
from urllib.parse import parse_qsl

import msgspec
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from clusterwright import errors
from clusterwright.database import Database, StorageUnavailable
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

    def __init__(self, app: ASGIApp, *, body_limit: int, hot: Iterable[HotRoute] = ()) -> None:
        self._app = app
        self._body_limit = body_limit
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
                    await _send(send, 200, await route.answer(scope, path, receive), request_id)
                except Exception as error:
                    await _refuse(send, error, scope, request_id)
                return
        await self._framework(scope, receive, send, request_id)

    async def _framework(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        scope.setdefault("state", {})["request_id"] = request_id
        started = False
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._body_limit:
                raise ApiError(
                    errors.BODY_TOO_LARGE, f"Send at most {self._body_limit} bytes of body."
                )
            return message

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
            await self._app(scope, bounded, stamped)
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
        if size > MAX_HEADERS:
            raise ApiError(
                errors.HEADERS_TOO_LARGE, f"Send at most {MAX_HEADERS} bytes of headers."
            )


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


def as_refusal(error: Exception, scope: Scope, request_id: str) -> ApiError:
    """The refusal that ``error`` means to a client; what nobody foresaw is logged with its
    trace.
    """
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
            return ApiError(errors.STORAGE_UNAVAILABLE, "Nothing was changed. Try again later.")
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
    """The URL that clients use, without a trailing slash: the configured one or the one just
    used.
    """
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
