"""Hands requests on to the API server of a real cluster, as the user who has sent them.

The user's own client certificate is what the API server sees: what the user may do there is the
cluster's own affair, and a revoked certificate is refused by it. Nothing that a client says of
itself is handed on: no credentials of ours, no impersonation, no headers of proxies.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from clusterwright.cce.inside import websocket
from clusterwright.cce.inside.operations import Refusal
from clusterwright.cce.inside.websocket import CONNECTING_SECONDS, NoWebSocket, WebSocket
from clusterwright.drivers import certificates
from clusterwright.drivers.certificates import Pair
from clusterwright.drivers.contract import Kubeconfig, Unavailable

MOST_CLIENTS = 64
"""Users of clusters to whom a connection is kept while they ask for nothing."""
MOST_STREAMS = 200
"""Requests of one user of a cluster that are under way at a time, watches included, and as many
WebSockets.
"""
HEAD_SECONDS = 75.0
"""How long an API server may take to begin its answer: it gives up after a minute by itself."""

_HANDED_ON = (
    b"accept",
    b"content-type",
    b"user-agent",
    b"if-match",
    b"if-none-match",
    b"kubectl-command",
    b"kubectl-session",
)
_HANDED_BACK = (b"content-type", b"cache-control", b"etag", b"warning", b"retry-after", b"audit-id")
_CREDENTIALS = "base64url.bearer.authorization.k8s.io."
"""How the name of a subprotocol begins that is none: browsers send Kubernetes' tokens so."""

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Passed:
    """An answer that has begun."""

    code: int
    headers: list[tuple[bytes, bytes]]
    content: AsyncIterator[bytes]


@dataclass(slots=True)
class _User:
    """What requests of one certificate share."""

    tls: ssl.SSLContext
    client: "httpx.AsyncClient"
    asking: int = 0
    """Requests and WebSockets that are under way."""
    sockets: int = 0
    """WebSockets among them."""


class Proxy:
    """Connections to API servers, one kept for each user's certificate."""

    def __init__(self) -> None:
        self._clients: OrderedDict[Kubeconfig, _User] = OrderedDict()
        self._retired: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End every connection."""
        for user in self._clients.values():
            await user.client.aclose()
        self._clients.clear()
        await asyncio.gather(*self._retired, return_exceptions=True)

    @asynccontextmanager
    async def ask(
        self,
        kubeconfig: Kubeconfig,
        method: str,
        target: str,
        headers: Headers,
        body: bytes,
        *,
        begins_late: bool = False,
    ) -> AsyncIterator[Passed]:
        """The answer to a request, which ends with the block.

        One that ``begins_late`` is waited for without a limit. Raises Unavailable, and Refusal for
        an answer that does not begin in time.
        """
        kept = [(name, value) for name, value in headers if name in _HANDED_ON]
        async with self._user(kubeconfig) as user:
            # An answer of unknown end, such as a watch, may take as long as it likes between two
            # bytes.
            request = user.client.build_request(
                method, f"{kubeconfig.server}{target}", headers=kept, content=body
            )
            try:
                async with asyncio.timeout(None if begins_late else HEAD_SECONDS):
                    response = await user.client.send(request, stream=True)
            except TimeoutError as error:
                raise Refusal(
                    504, f"The API server has not begun to answer for {HEAD_SECONDS:g} s."
                ) from error
            except httpx.PoolTimeout as error:
                raise Unavailable(f"{MOST_STREAMS} requests of this user are under way.") from error
            except httpx.HTTPError as error:
                raise Unavailable(
                    f"The API server does not answer: {type(error).__name__}."
                ) from error
            try:
                back = handed_back(response.headers.raw)
                yield Passed(response.status_code, back, _pieces(response))
            finally:
                await response.aclose()

    @asynccontextmanager
    async def connect(
        self, kubeconfig: Kubeconfig, target: str, headers: Headers, subprotocols: Sequence[str]
    ) -> AsyncIterator[WebSocket | NoWebSocket]:
        """A WebSocket, which ends with the block, or what is answered instead.

        Raises Unavailable.
        """
        async with self._user(kubeconfig) as user:
            if user.sockets >= MOST_STREAMS:
                raise Unavailable(f"{MOST_STREAMS} WebSockets of this user are open.")
            user.sockets += 1
            try:
                async with websocket.opened(
                    kubeconfig.server,
                    target,
                    user.tls,
                    headers=[(name, value) for name, value in headers if name in _HANDED_ON],
                    subprotocols=[
                        each for each in subprotocols if not each.startswith(_CREDENTIALS)
                    ],
                ) as found:
                    yield found
            finally:
                user.sockets -= 1

    @asynccontextmanager
    async def _user(self, kubeconfig: Kubeconfig) -> AsyncIterator[_User]:
        """What requests of a certificate share, which stays open inside the block."""
        user = self._clients.get(kubeconfig)
        if user is None:
            tls = await asyncio.to_thread(_context, kubeconfig)
            user = self._clients.get(kubeconfig) or _User(
                tls,
                httpx.AsyncClient(
                    verify=tls,
                    trust_env=False,
                    timeout=httpx.Timeout(
                        None, connect=CONNECTING_SECONDS, pool=CONNECTING_SECONDS
                    ),
                    limits=httpx.Limits(max_connections=MOST_STREAMS, max_keepalive_connections=4),
                ),
            )
            self._clients[kubeconfig] = user
        self._clients.move_to_end(kubeconfig)
        user.asking += 1
        try:
            self._retire()
            yield user
        finally:
            user.asking -= 1
            self._retire()

    def _retire(self) -> None:
        """Close those of the clients above the limit that have been idle for longest."""
        idle = [each for each, user in self._clients.items() if not user.asking]
        for kubeconfig in idle[: max(len(self._clients) - MOST_CLIENTS, 0)]:
            task = asyncio.create_task(self._clients.pop(kubeconfig).client.aclose())
            self._retired.add(task)
            task.add_done_callback(self._retired.discard)


def handed_back(headers: Headers) -> list[tuple[bytes, bytes]]:
    """What clients are told of an answer's headers."""
    lower = ((name.lower(), value) for name, value in headers)
    return [(name, value) for name, value in lower if name in _HANDED_BACK]


async def _pieces(response: "httpx.Response") -> AsyncIterator[bytes]:
    try:
        async for piece in response.aiter_bytes():
            yield piece
    except httpx.HTTPError as error:
        raise Unavailable(f"The API server broke off: {type(error).__name__}.") from error


def _context(kubeconfig: Kubeconfig) -> ssl.SSLContext:
    """Trust the cluster's authority, and show the user's certificate."""
    context = ssl.create_default_context(cadata=kubeconfig.ca)
    certificates.show(context, Pair(kubeconfig.client_certificate, kubeconfig.client_key))
    return context
