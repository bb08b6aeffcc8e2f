"""Hands requests on to the API server of a real cluster, as the user who has sent them.

The user's own client certificate is what the API server sees: what the user may do there is the
cluster's own affair, and a revoked certificate is refused by it. Nothing that a client says of
itself is handed on: no credentials of ours, no impersonation, no headers of proxies.
"""

import asyncio
import os
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from clusterwright.drivers.contract import Kubeconfig, Unavailable

MOST_CLIENTS = 64
"""Users of clusters to whom a connection is kept."""
MOST_STREAMS = 200
"""Requests of one user of a cluster that are under way at a time, watches included."""
CONNECTING_SECONDS = 5.0

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

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Passed:
    """An answer that has begun."""

    code: int
    headers: list[tuple[bytes, bytes]]
    content: AsyncIterator[bytes]


class Proxy:
    """Connections to API servers, one kept for each user's certificate."""

    def __init__(self) -> None:
        self._clients: OrderedDict[Kubeconfig, httpx.AsyncClient] = OrderedDict()
        self._retired: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End every connection."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()
        await asyncio.gather(*self._retired, return_exceptions=True)

    @asynccontextmanager
    async def ask(
        self, kubeconfig: Kubeconfig, method: str, target: str, headers: Headers, body: bytes
    ) -> AsyncIterator[Passed]:
        """The answer to a request, which ends with the block. Raises Unavailable."""
        client = await self._client(kubeconfig)
        kept = [(name, value) for name, value in headers if name in _HANDED_ON]
        # An answer of unknown end, such as a watch, may take as long as it likes between two bytes.
        request = client.build_request(
            method, f"{kubeconfig.server}{target}", headers=kept, content=body
        )
        try:
            response = await client.send(request, stream=True)
        except httpx.PoolTimeout as error:
            raise Unavailable(f"{MOST_STREAMS} requests of this user are under way.") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"The API server does not answer: {type(error).__name__}.") from error
        try:
            back = [(name.lower(), value) for name, value in response.headers.raw]
            back = [(name, value) for name, value in back if name in _HANDED_BACK]
            yield Passed(response.status_code, back, _pieces(response))
        finally:
            await response.aclose()

    async def _client(self, kubeconfig: Kubeconfig) -> "httpx.AsyncClient":
        client = self._clients.get(kubeconfig)
        if client is None:
            context = await asyncio.to_thread(_context, kubeconfig)
            client = self._clients.get(kubeconfig) or httpx.AsyncClient(
                verify=context,
                trust_env=False,
                timeout=httpx.Timeout(None, connect=CONNECTING_SECONDS, pool=CONNECTING_SECONDS),
                limits=httpx.Limits(max_connections=MOST_STREAMS, max_keepalive_connections=4),
            )
            self._clients[kubeconfig] = client
        self._clients.move_to_end(kubeconfig)
        while len(self._clients) > MOST_CLIENTS:
            _, old = self._clients.popitem(last=False)
            task = asyncio.create_task(old.aclose())
            self._retired.add(task)
            task.add_done_callback(self._retired.discard)
        return client


async def _pieces(response: "httpx.Response") -> AsyncIterator[bytes]:
    try:
        async for piece in response.aiter_bytes():
            yield piece
    except httpx.HTTPError as error:
        raise Unavailable(f"The API server broke off: {type(error).__name__}.") from error


def _context(kubeconfig: Kubeconfig) -> ssl.SSLContext:
    """Trust the cluster's authority, and show the user's certificate."""
    context = ssl.create_default_context(cadata=kubeconfig.ca)
    # The library reads files only: this one is in memory, and gone with the block.
    with os.fdopen(os.memfd_create("certificate"), "w") as file:
        file.write(kubeconfig.client_certificate + kubeconfig.client_key)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    return context
