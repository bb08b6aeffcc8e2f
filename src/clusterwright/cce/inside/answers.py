"""Answers of simulated clusters to whoever has come in, by whichever door."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, unquote

import msgspec

from clusterwright.cce.clusters.store import Cluster, ClusterPhase
from clusterwright.cce.inside import documents, operations
from clusterwright.cce.inside.operations import Asked, Here, Refusal
from clusterwright.document import Malformed
from clusterwright.drivers.contract import DriverError, Drivers, Unavailable
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Database, StorageUnavailable

Sent = tuple[int, str, bytes]
"""Status, content type and content."""

REFUSALS = (Refusal, ApiError, Malformed, Unavailable, DriverError, StorageUnavailable)
_JSON = "application/json"
_CONNECTIONS = (b"websocket", b"spdy/")
"""What Kubernetes upgrades to. Other offers, such as HTTP/2, are passed over."""
_NO_ANSWER = (ClusterPhase.CREATING, ClusterPhase.HIBERNATION, ClusterPhase.DELETING)


class Answers:
    """What simulated clusters answer."""

    def __init__(self, data: Database, drivers: Drivers) -> None:
        self._data = data
        self._drivers = drivers

    async def give(
        self,
        come_in: Callable[[], Awaitable[tuple[Caller, Cluster]]],
        *,
        method: str,
        path: str,
        query: str,
        headers: Mapping[bytes, bytes],
        body: bytes,
    ) -> Sent:
        """An answer, refusals included."""
        try:
            caller, cluster = await come_in()
            if cluster.phase in _NO_ANSWER:
                raise Refusal(503, f"The cluster is {cluster.phase}.")
            if headers.get(b"upgrade", b"").lower().startswith(_CONNECTIONS):
                raise Refusal(501, "This cluster is simulated: there is nothing to connect to.")
            asked = Asked(
                method=method,
                path=unquote(path),
                query=dict(parse_qsl(query)),
                accept=headers.get(b"accept", b"").decode("latin-1"),
                body=body,
            )
            accounts = self._drivers.get(cluster.driver).accounts
            found = await operations.answer(Here(cluster, caller, accounts, self._data), asked)
        except REFUSALS as error:
            return self.refused(error)
        kind = "text/plain" if isinstance(found.content, str) else _JSON
        return found.code, kind, operations.encoded(found.content)

    @staticmethod
    def refused(error: Exception) -> Sent:
        """What is wrong, as a Status."""
        code = _code(error)
        return code, _JSON, msgspec.json.encode(documents.status(code, _message(error)))


def _code(error: Exception) -> int:
    match error:
        case Refusal():
            return error.code
        case ApiError():
            return error.error.status
        case Malformed():
            return 400
        case DriverError():
            return 500
        case _:
            return 503


def _message(error: Exception) -> str:
    if isinstance(error, ApiError):
        return error.detail or error.error.message
    if isinstance(error, StorageUnavailable):
        return "The database does not answer. Try again later."
    return str(error)
