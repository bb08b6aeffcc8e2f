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
POST /api/v1/namespaces/{namespace}/cloudpersistentvolumeclaims CreateCloudPersistentVolumeClaims
DELETE /api/v1/namespaces/{namespace}/cloudpersistentvolumeclaims/{name} DeleteCloudPersistentVolumeClaims
GET /api/v3/projects/{project_id}/clusters/{cluster_id}/hypernodes ListHyperNodes
GET /api/v3/projects/{project_id}/clusters/{cluster_id}/labels GetLabels
GET /api/v3/projects/{project_id}/clusters/{cluster_id}/longaksk/config GetClusterLongAkskConfig
PUT /api/v3/projects/{project_id}/clusters/{cluster_id}/longaksk/config UpdateClusterLongAkskConfig
POST /api/v3/projects/{project_id}/clusters/{cluster_id}/nodes/operation/in-place-migrateto/{target_cluster_id} InplaceMigrateNode  Move the nodes with operation/migrateto, which installs them again.
POST /api/v3/projects/{project_id}/clusters/{cluster_id}/nodes/rotate-cert RotateNodeCert  Reset the nodes, which gives them new certificates.
POST /api/v3/projects/{project_id}/clusters/{cluster_id}/nodes/toperiod BatchChangeNodeToPeriod  This server has no prepaid nodes.
GET /api/v3/projects/{project_id}/longaksk/config GetLongAkskConfig
PUT /api/v3/projects/{project_id}/longaksk/config UpdateLongAkskConfig
GET /cce/v1/{project_id}/{resource_type}/tags GetCustomizeTags
GET /cce/v1/{project_id}/{resource_type}/{resource_id}/tags GetResourceTags

GET /autopilot/v3.1/feature-gates ShowAutopilotFeatureGates
POST /autopilot/v3.1/projects/{project_id}/clusters/{cluster_id}/operation/snapshot CreateAutopilotClusterMasterSnapshot
GET /autopilot/v3.1/projects/{project_id}/clusters/{cluster_id}/operation/snapshot/tasks ListAutopilotClusterMasterSnapshotTasks
POST /autopilot/v3/addons CreateAutopilotAddonInstance
GET /autopilot/v3/addons ListAutopilotAddonInstances
DELETE /autopilot/v3/addons/{id} DeleteAutopilotAddonInstance
GET /autopilot/v3/addons/{id} ShowAutopilotAddonInstance
PUT /autopilot/v3/addons/{id} UpdateAutopilotAddonInstance
POST /autopilot/v3/addons/{id}/operation/rollback RollbackAutopilotAddonInstance
GET /autopilot/v3/addontemplates ListAutopilotAddonTemplates
GET /autopilot/v3/clusterupgradefeaturegates ListAutopilotClusterUpgradeFeatureGates
GET /autopilot/v3/clusterupgradepaths ListAutopilotClusterUpgradePaths
GET /autopilot/v3/projects/{project_id}/cluster/{cluster_id}/log-configs ShowAutopilotClusterConfig
POST /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/clustercert CreateAutopilotKubernetesClusterCert
POST /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/maintenancewindows CreateAutopilotMaintenanceWindow
DELETE /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/maintenancewindows DeleteAutopilotMaintenanceWindow
GET /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/maintenancewindows ShowAutopilotMaintenanceWindow
PUT /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/maintenancewindows UpdateAutopilotMaintenanceWindow
PUT /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/mastereip UpdateAutopilotClusterEip
GET /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/openapi ShowAutopilotClusterEndpoints
POST /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/postcheck CreateAutopilotPostCheck
POST /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/precheck CreateAutopilotPreCheck
GET /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/precheck/tasks ListAutopilotPreCheckTasks
GET /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/precheck/tasks/{task_id} ShowAutopilotPreCheck
POST /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/upgrade UpgradeAutopilotCluster
POST /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/upgrade/retry RetryAutopilotUpgradeClusterTask
GET /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/upgrade/tasks ListAutopilotUpgradeClusterTasks
GET /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/upgrade/tasks/{task_id} ShowAutopilotUpgradeClusterTask
POST /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/upgradeworkflows CreateAutopilotUpgradeWorkFlow
GET /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/upgradeworkflows ListAutopilotUpgradeWorkFlows
GET /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/upgradeworkflows/{upgrade_workflow_id} ShowAutopilotUpgradeWorkFlow
PATCH /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/operation/upgradeworkflows/{upgrade_workflow_id} UpgradeAutopilotWorkFlowUpdate
POST /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/tags/create BatchCreateAutopilotClusterTags
POST /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/tags/delete BatchDeleteAutopilotClusterTags
GET /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/upgradeinfo ShowAutopilotClusterUpgradeInfo
GET /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/upgradeplans ListAutopilotUpgradePlans
PUT /autopilot/v3/projects/{project_id}/clusters/{cluster_id}/upgradeplans/{upgrade_plan_id} UpdateAutopilotUpgradePlan
GET /autopilot/v3/projects/{project_id}/quotas ShowAutopilotQuotas

POST /v1.0/enterprise-projects/{enterprise_project_id}/resources-migrate EpsMigrateResource
POST /v3/{project_id}/keypairs/associate KpsAssociateKeypair
POST /v3/{project_id}/keypairs/disassociate KpsDisassociateKeypair
GET /v2/orders/customer-orders/details/{order_id} BssShowOrder
POST /v2/orders/subscriptions/resources/unsubscribe BssUnsubscribeResources

GET /v5/imagecaches ListImageCaches
POST /v5/imagecaches CreateImageCache
GET /v5/imagecaches/{id} ShowImageCache
DELETE /v5/imagecaches/{id} DeleteImageCache
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
