"""Speaks to the API server of one cluster: the few requests that the driver needs, typed."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from clusterwright.drivers import causes, certificates
from clusterwright.drivers.certificates import Pair
from clusterwright.drivers.contract import DriverError, Unavailable
from clusterwright.uninterrupted import in_thread

SECONDS = 5.0
"""How long an answer may take."""
_MERGE = "application/merge-patch+json"


class ApiServer:
    """A connection as the driver's own administrator, which the cluster's clients never get."""

    def __init__(self, client: "httpx.AsyncClient") -> None:
        self._client = client
        self._under_way: set[asyncio.Task[httpx.Response]] = set()

    @classmethod
    async def connect(cls, url: str, pki: Path, pair: Pair | None = None) -> Self:
        """Prepare to speak, as somebody else where a ``pair`` is given; nothing is sent.

        Raises Unavailable where there are no certificates.
        """
        context = await in_thread(_context, pki, pair)
        return cls(
            httpx.AsyncClient(base_url=url, verify=context, timeout=SECONDS, trust_env=False)
        )

    async def close(self) -> None:
        """End the connection, once what is under way has been answered or given up."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self._client.aclose()

    async def is_ready(self) -> bool:
        """Whether the API server says that it is ready. False where nobody answers."""
        try:
            return (await self._send("GET", "/readyz")).status_code == httpx.codes.OK
        except Unavailable:
            return False

    async def is_known(self) -> bool:
        """Whether the API server takes our certificate. Raises Unavailable."""
        answer = await self._send("GET", "/version")
        return answer.status_code != httpx.codes.UNAUTHORIZED

    async def version(self) -> str:
        """The version that it acts as, such as ``v1.31``. Raises Unavailable."""
        told = await self.get("/version") or {}
        minor = told.get("emulationMinor") or told["minor"]
        return f"v{told.get('emulationMajor') or told['major']}.{minor.rstrip('+')}"

    async def get(self, path: str) -> dict[str, Any] | None:
        """An object or a list; None where there is none. Raises Unavailable."""
        return await self._ask("GET", path)

    async def create(self, path: str, body: Mapping[str, Any]) -> bool:
        """Create an object; False where one of its name exists. Raises Unavailable."""
        answer = await self._send("POST", path, json=body)
        if answer.status_code == httpx.codes.CONFLICT:
            return False
        self._check(answer)
        return True

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """What is answered to a body; None where there is no such place. Raises Unavailable."""
        return await self._ask("POST", path, json=body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Merge a change into an object; None where there is none. Raises Unavailable."""
        return await self._ask("PATCH", path, json=body, headers={"Content-Type": _MERGE})

    async def evict(self, namespace: str, pod: str) -> bool:
        """Ask a pod to leave its node; False while a disruption budget refuses that.

        Raises Unavailable.
        """
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
        }
        answer = await self._send("POST", path, json=body)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return False
        if answer.status_code != httpx.codes.NOT_FOUND:
            self._check(answer)
        return True

    async def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        """Delete an object; one that does not exist is deleted already. Raises Unavailable."""
        body = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        await self._ask("DELETE", path, json=body)

    async def _ask(self, method: str, path: str, **sent: Any) -> dict[str, Any] | None:
        answer = await self._send(method, path, **sent)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        self._check(answer)
        document: dict[str, Any] = answer.json()
        return document

    async def _send(self, method: str, path: str, **sent: Any) -> "httpx.Response":
        # Whoever asks may be cancelled, what was sent may not: the client's library leaves a
        # connection open that is cancelled while it is being made.
        asking = asyncio.create_task(self._client.request(method, path, **sent))
        self._under_way.add(asking)
        asking.add_done_callback(self._ended)
        try:
            return await asyncio.shield(asking)
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise Unavailable(f"The API server does not answer: {error!r}") from error

    def _ended(self, asked: "asyncio.Task[httpx.Response]") -> None:
        self._under_way.discard(asked)
        if not asked.cancelled():
            asked.exception()  # whoever still waits is told; of one that is gone nobody need hear

    @staticmethod
    def _check(answer: "httpx.Response") -> None:
        """Raises DriverError for what will never be accepted, Unavailable for the rest."""
        if answer.is_success:
            return
        text = f"The API server answers {answer.status_code}: {answer.text[:300]}"
        if answer.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY):
            raise DriverError(text, causes.REFUSED)
        raise Unavailable(text)


def _context(pki: Path, pair: Pair | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(pki / "servers.crt"))
        if pair is None:
            context.load_cert_chain(pki / "admin.pem")
        else:
            certificates.show(context, pair)
    except OSError as error:  # an SSLError too
        raise Unavailable(f"The cluster's certificates cannot be read: {error}") from error
    return context
