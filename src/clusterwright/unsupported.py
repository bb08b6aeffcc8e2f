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
POST /api/v3/projects/{project_id}/clusters/{cluster_id}/assume-agency-for-pod-identity AssumeAgencyForPodIdentity
POST /api/v3/projects/{project_id}/clusters/{cluster_id}/pod-identity-associations CreatePodIdentityAssociation
GET /api/v3/projects/{project_id}/clusters/{cluster_id}/pod-identity-associations ListPodIdentityAssociations
DELETE /api/v3/projects/{project_id}/clusters/{cluster_id}/pod-identity-associations/{association_id} DeletePodIdentityAssociation
GET /api/v3/projects/{project_id}/clusters/{cluster_id}/pod-identity-associations/{association_id} ShowPodIdentityAssociation
PUT /api/v3/projects/{project_id}/clusters/{cluster_id}/pod-identity-associations/{association_id} UpdatePodIdentityAssociation
DELETE /cce/cam/v3/clusters/{cluster_id}/namespace/{namespace}/releases/{name} DeleteRelease
GET /cce/cam/v3/clusters/{cluster_id}/namespace/{namespace}/releases/{name} ShowRelease
PUT /cce/cam/v3/clusters/{cluster_id}/namespace/{namespace}/releases/{name} UpdateRelease
GET /cce/cam/v3/clusters/{cluster_id}/namespace/{namespace}/releases/{name}/history ShowReleaseHistory
POST /cce/cam/v3/clusters/{cluster_id}/releases CreateRelease
GET /cce/cam/v3/clusters/{cluster_id}/releases ListReleases
GET /v2/charts ListCharts
POST /v2/charts UploadChart
DELETE /v2/charts/{chart_id} DeleteChart
GET /v2/charts/{chart_id} ShowChart
PUT /v2/charts/{chart_id} UpdateChart
GET /v2/charts/{chart_id}/archive DownloadChart
GET /v2/charts/{chart_id}/values ShowChartValues
GET /v2/charts/{project_id}/quotas ShowUserChartsQuotas

DELETE /autopilot/cam/v3/clusters/{cluster_id}/namespace/{namespace}/releases/{name} DeleteAutopilotRelease
GET /autopilot/cam/v3/clusters/{cluster_id}/namespace/{namespace}/releases/{name} ShowAutopilotRelease
PUT /autopilot/cam/v3/clusters/{cluster_id}/namespace/{namespace}/releases/{name} UpdateAutopilotRelease
GET /autopilot/cam/v3/clusters/{cluster_id}/namespace/{namespace}/releases/{name}/history ShowAutopilotReleaseHistory
POST /autopilot/cam/v3/clusters/{cluster_id}/releases CreateAutopilotRelease
GET /autopilot/cam/v3/clusters/{cluster_id}/releases ListAutopilotReleases
GET /autopilot/v2/charts ListAutopilotCharts
POST /autopilot/v2/charts UploadAutopilotChart
DELETE /autopilot/v2/charts/{chart_id} DeleteAutopilotChart
GET /autopilot/v2/charts/{chart_id} ShowAutopilotChart
PUT /autopilot/v2/charts/{chart_id} UpdateAutopilotChart
GET /autopilot/v2/charts/{chart_id}/archive DownloadAutopilotChart
GET /autopilot/v2/charts/{chart_id}/values ShowAutopilotChartValues
GET /autopilot/v2/charts/{project_id}/quotas ShowAutopilotUserChartsQuotas

POST /v1.0/enterprise-projects/{enterprise_project_id}/resources-migrate EpsMigrateResource
POST /v3/{project_id}/keypairs/associate KpsAssociateKeypair
POST /v3/{project_id}/keypairs/disassociate KpsDisassociateKeypair
GET /v2/orders/customer-orders/details/{order_id} BssShowOrder
POST /v2/orders/subscriptions/resources/unsubscribe BssUnsubscribeResources

GET /openid/v1/jwks ShowOpenidJwks

GET,POST,PUT,PATCH,DELETE /api/v1/{path:path} ProxyKubernetesCore
GET,POST,PUT,PATCH,DELETE /apis/{path:path} ProxyKubernetesGroups
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
