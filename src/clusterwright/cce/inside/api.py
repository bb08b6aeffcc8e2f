"""The Kubernetes API of each cluster on a host of its own, ``{cluster_id}.{host}``.

It answers in front of the framework: its answers may have no end, and its refusals are Kubernetes'
own. Where the host names no cluster, the header ``X-Cluster-ID`` may.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, NoReturn
from urllib.parse import quote

from clusterwright.cce.access import operations as access
from clusterwright.cce.clusters.blueprint import blueprint
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.inside.answers import REFUSALS, Answers, Sent
from clusterwright.cce.inside.operations import Refusal
from clusterwright.cce.inside.proxy import Passed, Proxy, handed_back
from clusterwright.cce.inside.relay import GOING_AWAY, NO_LONGER_ALLOWED, ClientEnd, relay
from clusterwright.cce.inside.websocket import Closed, NoWebSocket
from clusterwright.drivers.contract import Drivers, Kubeconfig
from clusterwright.errors import NOT_FOUND, ApiError
from clusterwright.iam.auth import Authenticator
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Database, StorageUnavailable, Tx
from clusterwright.web.asgi import Receive, Scope, Send
from clusterwright.web.edge import read_body, send_whole

log = logging.getLogger(__name__)

LIFETIME = 24 * 3600
"""Seconds that the certificates are good for that the server asks with in the name of a user."""
CONFIRMING_SECONDS = 15.0
"""How often an answer that goes on looks whether its caller's credentials have ended."""

_BEGINNINGS = ("/api/v1/", "/apis/", "/openid/", "/openapi/", "/healthz", "/livez", "/readyz")
_WHOLE = ("/api", "/api/", "/api/v1", "/apis", "/version", "/version/")
_DISCOVERY = "/.well-known/openid-configuration"
_UID = re.compile(rb"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.")
# Below the same beginning, and of CCE.
_NOT_KUBERNETES = "/cloudpersistentvolumeclaims"
_ONE_NODE = re.compile(r"/api/v1/nodes/[^/]+")
# They replace a node that shows a label which nobody has asked for (client notes, B9).
_SENSITIVE = (b"golangsdk", b"terraform")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
# As Kubernetes reads them: whatever is not false is true.
_ENDLESS, _FOLLOWED = (
    re.compile(rb"(?:^|&)(?:%b)(?:=(?!(?:false|0)(?:&|$))[^&]*)?(?:&|$)" % names, re.IGNORECASE)
    for names in (b"watch|follow", b"follow")
)


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request for a real cluster, and where its answer goes."""

    scope: Scope
    receive: Receive
    send: Send
    request_id: str

    @property
    def target(self) -> str:
        """Path and query, with nothing in it but printable ASCII."""
        path: bytes = self.scope["raw_path"].partition(b"?")[0]
        query: bytes = self.scope["query_string"]
        return quote(b"%b?%b" % (path, query) if query else path, safe=_PRINTABLE)

    @property
    def is_endless(self) -> bool:
        """Whether the answer has no end of its own: a watch, or a log that is followed."""
        return _ENDLESS.search(self.scope["query_string"]) is not None

    @property
    def begins_late(self) -> bool:
        """Whether the answer may have no beginning for long: a log has none before its first line.

        A watch has, before anything happens.
        """
        return _FOLLOWED.search(self.scope["query_string"]) is not None


class KubernetesApi:
    """Answers for the clusters of this server."""

    most_body = 3 * 1024 * 1024
    """As much as API servers take themselves."""

    def __init__(
        self, data: Database, drivers: Drivers, authenticator: Authenticator, answers: Answers
    ) -> None:
        self._data = data
        self._answers = answers
        self._drivers = drivers
        self._authenticator = authenticator
        self._proxy = Proxy()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End the answers that would go on for as long as this process lives."""
        self._stopping.set()

    async def close(self) -> None:
        """End what is kept open to API servers."""
        await self._proxy.close()

    def matches(self, scope: Scope) -> bool:
        """Whether a request is for the Kubernetes API of a cluster."""
        path: str = scope["path"]
        if not path.startswith(_BEGINNINGS) and path not in (*_WHOLE, _DISCOVERY):
            return False
        return _NOT_KUBERNETES not in path and bool(_cluster_of(scope))

    async def answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Send the whole answer, refusals included."""
        try:
            await self._answer(scope, receive, send, request_id)
        except REFUSALS as error:
            await _send(send, self._answers.refused(error), request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        headers = dict(scope["headers"])
        body: bytes | None = None

        async def read() -> bytes:
            nonlocal body
            if scope["type"] == "websocket":
                return b""
            if body is None:  # once: after the body, whoever asks waits until the client has gone
                body = await read_body(receive, limit=self.most_body)
            return body

        caller = await self._authenticator.authenticate(scope, read)
        async with self._data.reading() as tx:
            cluster, generation = await _held(tx, caller, _cluster_of(scope))
        driver = self._drivers.get(cluster.driver)
        sensitive = any(each in headers.get(b"user-agent", b"").lower() for each in _SENSITIVE)
        as_asked = sensitive and _ONE_NODE.fullmatch(scope["path"]) is not None
        if driver.serves_kubernetes and not as_asked:
            kubeconfig = await driver.kubeconfig(
                blueprint(cluster),
                user=caller.user_id,
                lifetime_seconds=LIFETIME,
                generation=generation,
            )
            visit = _Visit(scope, receive, send, request_id)
            if scope["type"] == "websocket":
                await self._connect(visit, kubeconfig)
            else:
                await self._hand_on(visit, kubeconfig, await read())
            return

        async def come_in() -> tuple[Caller, Cluster]:
            return caller, cluster

        sent = await self._answers.give(
            come_in,
            method=scope["method"],
            path=scope["raw_path"].partition(b"?")[0].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=await read(),
        )
        await _send(send, sent, request_id)

    async def _hand_on(self, visit: _Visit, kubeconfig: Kubeconfig, body: bytes) -> None:
        scope = visit.scope
        async with self._proxy.ask(
            kubeconfig,
            scope["method"],
            visit.target,
            scope["headers"],
            body,
            begins_late=visit.begins_late,
        ) as passed:
            if passed.code == 400 and _asks_for_spdy(scope):
                passed = await _with_advice(passed)
            await _pass_back(passed, visit, self._over(visit))

    async def _connect(self, visit: _Visit, kubeconfig: Kubeconfig) -> None:
        """Agree to a WebSocket if the API server does, and stand between both until it is over."""
        scope = visit.scope
        if self._stopping.is_set():
            raise Refusal(503, "The server stops.")
        async with self._proxy.connect(
            kubeconfig, visit.target, scope["headers"], scope["subprotocols"]
        ) as found:
            if isinstance(found, NoWebSocket):
                headers = [
                    *handed_back(found.headers),
                    (b"x-request-id", visit.request_id.encode()),
                ]
                start = {"type": "http.response.start", "status": found.code, "headers": headers}
                await visit.send(start)
                await visit.send({"type": "http.response.body", "body": found.content})
                return
            client = ClientEnd(visit.receive, visit.send)
            await client.accept(found.subprotocol)
            closed = await relay(client, found, self._over(visit))
        facts = {"request": visit.request_id, "code": closed.code, "reason": closed.reason}
        log.debug("closed a WebSocket", extra=facts)

    async def _over(self, visit: _Visit) -> NoReturn:
        """Wait until an answer must not go on. Raises Closed."""
        may_be_cut = visit.is_endless or visit.scope["type"] == "websocket"
        stopping = self._stopping if may_be_cut else asyncio.Event()
        while True:
            try:
                async with asyncio.timeout(CONFIRMING_SECONDS):
                    await stopping.wait()
                raise Closed(GOING_AWAY, "The server stops.")
            except TimeoutError:
                pass
            try:
                self._authenticator.confirm(visit.scope)
            except (ApiError, StorageUnavailable) as error:
                raise Closed(NO_LONGER_ALLOWED, "The caller's credentials have ended.") from error


async def _held(tx: Tx, caller: Caller, uid: str) -> tuple[Cluster, int]:
    """As ``access.get_held``, of whichever kind the cluster is: no path tells. Raises ApiError."""
    try:
        return await access.get_held(tx, caller, uid)
    except ApiError as refusal:
        if refusal.error is not NOT_FOUND:
            raise
        return await access.get_held(tx, replace(caller, autopilot=True), uid)


_NO_SPDY = (
    "This server hands on WebSockets, and no SPDY: use kubectl 1.31 or newer. Of kubectl 1.30 and"
    " 1.29, exec and attach do with KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true. The cluster's own"
    " address, which is in its kubeconfig, takes both."
)


def _asks_for_spdy(scope: Scope) -> bool:
    return any(
        name == b"upgrade" and value.lower().startswith(b"spdy/")
        for name, value in scope["headers"]
    )


async def _with_advice(refusal: Passed) -> Passed:
    """A refusal of the API server, ours instead where all that it misses is an upgrade.

    What else is wrong is told as it is: kubectl tries SPDY after whatever else has failed.
    """
    content = b"".join([piece async for piece in refusal.content])
    if b"pgrade request required" in content:
        raise Refusal(501, _NO_SPDY)

    async def once() -> AsyncIterator[bytes]:
        yield content

    return replace(refusal, content=once())


def _cluster_of(scope: Scope) -> str:
    """The cluster that a request names, by its host or by a header; empty for none."""
    named = b""
    for name, value in scope["headers"]:
        if name == b"host" and (found := _UID.match(value)):
            return found[1].decode()
        if name == b"x-cluster-id":
            named = value
    found = _UID.match(named + b".")
    return found[1].decode() if found else ""


async def _pass_back(passed: Passed, visit: _Visit, over: Awaitable[NoReturn]) -> None:
    """Send what comes until it ends, whoever asked has gone, or ``over`` says so."""

    async def forward() -> None:
        async with aclosing(passed.content) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                await visit.send({"type": "http.response.body", "body": piece, "more_body": True})
        await visit.send(_END)

    async def gone() -> None:
        while (await visit.receive())["type"] != "http.disconnect":
            pass

    headers = [*passed.headers, (b"x-request-id", visit.request_id.encode())]
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(over)]
    try:
        await visit.send({"type": "http.response.start", "status": passed.code, "headers": headers})
        if visit.is_endless:  # granian keeps the head back until there is some body
            await visit.send({"type": "http.response.body", "body": b"", "more_body": True})
        tasks += [asyncio.create_task(forward()), asyncio.create_task(gone())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                # The answer has begun: all that can be told is that it breaks off.
                facts = {"request": visit.request_id, "reason": error}
                log.info("breaking off an answer", extra=facts)
    if visit.is_endless and isinstance(ended[0], Closed):
        await visit.send(_END)  # clients ask again, and are told


_END = {"type": "http.response.body", "body": b""}


async def _send(send: Send, sent: Sent, request_id: str) -> None:
    code, kind, content = sent
    await send_whole(send, code, content, request_id, kind.encode())
