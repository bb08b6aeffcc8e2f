"""The Kubernetes API of each cluster on a host of its own, ``{cluster_id}.{host}``.

It answers in front of the framework: its answers may have no end, and its refusals are Kubernetes'
own. Where the host names no cluster, the header ``X-Cluster-ID`` may.
"""

import asyncio
import logging
import re
from contextlib import aclosing
from dataclasses import replace

from clusterwright.cce.access import operations as access
from clusterwright.cce.clusters.blueprint import blueprint
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.inside.answers import REFUSALS, Answers, Sent
from clusterwright.cce.inside.operations import Refusal
from clusterwright.cce.inside.proxy import Passed, Proxy
from clusterwright.drivers.contract import Drivers
from clusterwright.errors import NOT_FOUND, ApiError
from clusterwright.iam.auth import Authenticator
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Database, Tx
from clusterwright.web.asgi import Receive, Scope, Send
from clusterwright.web.edge import read_body, send_whole

log = logging.getLogger(__name__)

LIFETIME = 24 * 3600
"""Seconds that the certificates are good for that the server asks with in the name of a user."""

_BEGINNINGS = ("/api/v1/", "/apis/", "/openid/", "/openapi/", "/healthz", "/livez", "/readyz")
_WHOLE = ("/api", "/api/", "/api/v1", "/apis", "/version", "/version/")
_DISCOVERY = "/.well-known/openid-configuration"
_UID = re.compile(rb"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.")
# Below the same beginning, and of CCE.
_NOT_KUBERNETES = "/cloudpersistentvolumeclaims"
_ONE_NODE = re.compile(r"/api/v1/nodes/[^/]+")
# They replace a node that shows a label which nobody has asked for (client notes, B9).
_SENSITIVE = (b"golangsdk", b"terraform")


class KubernetesApi:
    """Answers for the clusters of this server."""

    def __init__(
        self, data: Database, drivers: Drivers, authenticator: Authenticator, answers: Answers
    ) -> None:
        self._data = data
        self._answers = answers
        self._drivers = drivers
        self._authenticator = authenticator
        self._proxy = Proxy()

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
            if body is None:  # once: after the body, whoever asks waits until the client has gone
                body = await read_body(receive, limit=_MOST_BODY)
            return body

        caller = await self._authenticator.authenticate(scope, read)
        if b"upgrade" in headers:
            raise Refusal(501, _NO_UPGRADE)
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
            target = scope["raw_path"].partition(b"?")[0].decode("latin-1")
            if scope["query_string"]:
                target += f"?{scope['query_string'].decode('latin-1')}"
            async with self._proxy.ask(
                kubeconfig, scope["method"], target, scope["headers"], await read()
            ) as passed:
                await _pass_back(passed, receive, send, request_id)
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


async def _held(tx: Tx, caller: Caller, uid: str) -> tuple[Cluster, int]:
    """As ``access.get_held``, of whichever kind the cluster is: no path tells. Raises ApiError."""
    try:
        return await access.get_held(tx, caller, uid)
    except ApiError as refusal:
        if refusal.error is not NOT_FOUND:
            raise
        return await access.get_held(tx, replace(caller, autopilot=True), uid)


_MOST_BODY = 3 * 1024 * 1024
_NO_UPGRADE = (
    "This server hands on requests and answers, and no upgraded connections: exec, attach and"
    " port-forward need the cluster's own address, which is in its kubeconfig."
)


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


async def _pass_back(passed: Passed, receive: Receive, send: Send, request_id: str) -> None:
    """Send what comes until it ends, or until whoever asked has gone."""
    headers = [*passed.headers, (b"x-request-id", request_id.encode())]
    await send({"type": "http.response.start", "status": passed.code, "headers": headers})

    async def forward() -> None:
        async with aclosing(passed.content) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.create_task(forward()), asyncio.create_task(gone())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                # The answer has begun: all that can be told is that it breaks off.
                log.info("breaking off an answer", extra={"request": request_id, "reason": error})


async def _send(send: Send, sent: Sent, request_id: str) -> None:
    code, kind, content = sent
    await send_whole(send, code, content, request_id, kind.encode())
