"""Every official operation that this server does not have, as one table, each answering so.

The names are the official SDK's; those of other services carry the service's name in front. Two
spaces and a sentence behind a name tell what to do instead. Generated pages and tests read the
table, so an operation that gets built is moved, not added.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from fastapi import Depends
from starlette.responses import Response

from clusterwright.errors import NOT_SUPPORTED, ApiError
from clusterwright.iam.auth import caller, project_caller
from clusterwright.web import routes

# ruff: noqa: E501  # one operation per line reads better than any wrapping
_TABLE = """

POST /v1.0/enterprise-projects/{enterprise_project_id}/resources-migrate EpsMigrateResource
POST /v3/{project_id}/keypairs/associate KpsAssociateKeypair
POST /v3/{project_id}/keypairs/disassociate KpsDisassociateKeypair
GET /v2/orders/customer-orders/details/{order_id} BssShowOrder
POST /v2/orders/subscriptions/resources/unsubscribe BssUnsubscribeResources

GET /openid/v1/jwks ShowOpenidJwks  Ask on {cluster_id}.{host}.

GET,POST,PUT,PATCH,DELETE /api/v1/{path:path} ProxyKubernetesCore  Name the cluster: ask on {cluster_id}.{host}, or send X-Cluster-ID.
GET,POST,PUT,PATCH,DELETE /apis/{path:path} ProxyKubernetesGroups  Name the cluster: ask on {cluster_id}.{host}, or send X-Cluster-ID.
"""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """An operation that is known and refused."""

    methods: tuple[str, ...]
    path: str
    name: str
    advice: str


def _rows() -> Iterator[Unsupported]:
    for line in _TABLE.split("\n"):
        if line:
            operation, _, advice = line.partition("  ")
            methods, path, name = operation.split(" ")
            advice = advice or "see docs/reference/coverage.md for what this server has."
            yield Unsupported(tuple(methods.split(",")), path, name, f"{name}: {advice}")


UNSUPPORTED = tuple(_rows())
"""The table's rows, in the order in which paths are tried."""


def _refusing(advice: str) -> Callable[[], Awaitable[Response]]:
    async def refuse() -> Response:
        raise ApiError(NOT_SUPPORTED, advice)

    return refuse


router = routes.Router(tags=["Unsupported"])
for _row in UNSUPPORTED:
    router.add_api_route(
        _row.path,
        _refusing(_row.advice),
        methods=list(_row.methods),
        operation_id=_row.name,
        summary="Not supported",
        dependencies=[Depends(project_caller if "{project_id}" in _row.path else caller)],
        include_in_schema=False,
    )
