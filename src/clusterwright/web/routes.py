"""What routes are made of: the router, what a route may ask for, and the answers it gives."""

import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import parse_qsl

import msgspec
from fastapi import Depends, Request
from fastapi.routing import APIRoute
from pydantic import BeforeValidator
from starlette.responses import Response

from clusterwright import errors
from clusterwright.document import Document
from clusterwright.errors import ApiError
from clusterwright.settings import Settings
from clusterwright.storage.database import Conflict, Database
from clusterwright.turns import parts, unhurried
from clusterwright.web import idempotency
from clusterwright.web.asgi import Receive, Scope, Send
from clusterwright.web.refusals import JSON
from clusterwright.web.server import given

D = TypeVar("D", bound=Document)
Endpoint = Callable[..., Any]
F = TypeVar("F", bound=Endpoint)
CONFLICT_TRIES = 5
"""How often a request is tried that another transaction keeps winning over."""

_CONTENT_TYPES = ("application/json", "application/x-pem-file", "multipart/form-data")


class Route(APIRoute):
    """A route that is answered anew when its transaction lost to another one.

    What is asked for by POST under an ``Idempotency-Key`` is done once.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with patience."""
        handle = super().get_route_handler()
        if "POST" in (self.methods or ()):
            handle = _once(handle)

        async def persist(request: Request) -> Response:
            for _ in range(CONFLICT_TRIES - 1):
                with suppress(Conflict):
                    return await handle(request)
            return await handle(request)

        return persist


def _once(handle: idempotency.Handle) -> idempotency.Handle:
    async def answer(request: Request) -> Response:
        return await idempotency.answer(request, handle)

    return answer


class Declared:
    """A route as a slice declared it: data, until somebody asks for it.

    To analyse what a route asks for and answers takes the framework a millisecond. At the start of
    a server, all of them together took a third of the time and a tenth of the memory.
    """

    def __init__(
        self, kind: type[Route], path: str, endpoint: Endpoint, options: dict[str, Any]
    ) -> None:
        self.path = path
        self.endpoint = endpoint
        self.options = options
        """What the framework is told besides."""
        self.methods = frozenset(options["methods"])
        self._kind = kind

    @cached_property
    def route(self) -> Route:
        """The route, analysed."""
        return self._kind(self.path, self.endpoint, **self.options)


class Router:
    """Where slices declare routes."""

    def __init__(
        self, *, prefix: str = "", tags: Sequence[str] = (), route_class: type[Route] = Route
    ) -> None:
        self.declared: list[Declared] = []
        self._prefix = prefix
        self._tags = tags
        self._kind = route_class

    @property
    def routes(self) -> list[Route]:
        """Every route, analysed: for those who describe them."""
        return [declared.route for declared in self.declared]

    def add(self, method: str | Sequence[str], path: str, route: Endpoint, **options: Any) -> None:
        """Declare a route. The options are the framework's."""
        options["methods"] = [method] if isinstance(method, str) else list(method)
        options["tags"] = list(self._tags)
        self.declared.append(Declared(self._kind, self._prefix + path, route, options))

    def get(self, path: str, **options: Any) -> Callable[[F], F]:
        """Declare the function below as what answers GET."""
        return self._declaring("GET", path, options)

    def head(self, path: str, **options: Any) -> Callable[[F], F]:
        """Declare the function below as what answers HEAD."""
        return self._declaring("HEAD", path, options)

    def post(self, path: str, **options: Any) -> Callable[[F], F]:
        """Declare the function below as what answers POST."""
        return self._declaring("POST", path, options)

    def put(self, path: str, **options: Any) -> Callable[[F], F]:
        """Declare the function below as what answers PUT."""
        return self._declaring("PUT", path, options)

    def patch(self, path: str, **options: Any) -> Callable[[F], F]:
        """Declare the function below as what answers PATCH."""
        return self._declaring("PATCH", path, options)

    def delete(self, path: str, **options: Any) -> Callable[[F], F]:
        """Declare the function below as what answers DELETE."""
        return self._declaring("DELETE", path, options)

    def _declaring(self, method: str, path: str, options: dict[str, Any]) -> Callable[[F], F]:
        def declare(route: F) -> F:
            self.add(method, path, route, **options)
            return route

        return declare

    def both(
        self, method: str, path: str, *, operation_id: str, **options: Any
    ) -> Callable[[F], F]:
        """A route, and its twin for Autopilot clusters: path and name as the official SDK has them.

        ``ListCharts`` has the twin ``ListAutopilotCharts``, at the same path below ``/autopilot``,
        which stands in the place of ``/cce``.
        """
        twin = re.sub("^([A-Z][a-z]+)", r"\1Autopilot", operation_id)

        def declare(route: F) -> F:
            beside = f"/autopilot{path.removeprefix('/cce')}"
            self.add(method, path, route, operation_id=operation_id, **options)
            self.add(method, beside, route, operation_id=twin, **options)
            return route

        return declare


def json_response(
    document: Any, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """An answer whose body is ``document`` as JSON."""
    return Response(msgspec.json.encode(document), status, headers, JSON.decode())


class JsonPieces(Response):
    """An answer of many megabytes, its JSON still in pieces, which is sent in turns.

    Joining and sending it at once would keep everybody waiting for tens of milliseconds.
    """

    media_type = JSON.decode()

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        super().__init__(headers={"Content-Length": str(sum(map(len, pieces)))})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for part in parts(self._pieces, _PIECES):
            await send({"type": "http.response.body", "body": b"".join(part), "more_body": True})
        await send({"type": "http.response.body", "body": b""})


_PIECES = 500
"""Pieces that are sent together: some hundred kilobytes."""


async def array(items: Iterable[Any]) -> msgspec.Raw:
    """``items`` as a list for ``json_response``: made and encoded one by one, in turns.

    So a long list keeps nobody waiting. Give a generator where making an item is work, too.
    """
    encoded = [msgspec.json.encode(item) async for item in unhurried(items)]
    return msgspec.Raw(b"[%b]" % b",".join(encoded))


database_at_once = given(Database)
settings = given(Settings)


async def database(request: Request) -> Database:
    """The database. Under an ``Idempotency-Key`` a transaction lasts until the route answers."""
    return idempotency.joined(request, await database_at_once(request))


Data = Annotated[Database, Depends(database)]
DataAtOnce = Annotated[Database, Depends(database_at_once)]
"""The same for a route that goes on when its transaction has ended: under a key it may be done
again if the process dies in between, so doing it twice must be as good as doing it once.
"""
Setup = Annotated[Settings, Depends(settings)]
"""What routes write to ask for the database and for the settings."""


def _digits(value: Any) -> Any:
    # Python reads 1_0, " 5" and +5 as whole numbers too; a URL's plus sign is a blank by then.
    if isinstance(value, str) and not re.fullmatch("-?[0-9]{1,18}", value):
        raise ValueError("A whole number is needed")
    return value


Whole = Annotated[int, BeforeValidator(_digits)]
"""A whole number in a query, written in digits and nothing else."""


async def base_url(request: Request) -> str:
    """The URL that clients use, configured or just used, without a trailing slash."""
    configured = (await settings(request)).public_url
    return (configured or str(request.base_url)).rstrip("/")


class Body(Generic[D]):
    """A dependency that gives the request's body as a document."""

    def __init__(self, model: type[D]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> D:
        """The document. Raises ApiError, naming field and rule."""
        # Missing is accepted: some clients send a body-less POST without it (API reference, 1.3).
        sent = request.headers.get("content-type", JSON.decode())
        if sent.split(";")[0].strip().lower() not in _CONTENT_TYPES:
            raise ApiError(errors.CONTENT_TYPE, f"Send application/json, not {sent[:100]!r}.")
        return self.model.parse(await request.body())


def raw_query(scope: Scope) -> list[tuple[str, str]]:
    """The query as decoded pairs, in the order sent, values without ``=`` included."""
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
