"""The routes below ``/autopilot``: those of other slices under other names, and a few more.

Same endpoint, same rules, same answers. What differs is data: the table below says which operations
these clusters have, and the caller says which kind of clusters is known (``Caller.autopilot``).
"""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from clusterwright.cce.access import api as access
from clusterwright.cce.addons import api as addons
from clusterwright.cce.autopilot import operations
from clusterwright.cce.autopilot.wire import MaintenanceWindow, PlanDocument, PlanList, PlanToDelay
from clusterwright.cce.catalog import api as catalog
from clusterwright.cce.clusters import api as clusters
from clusterwright.cce.clusters import operations as cluster_operations
from clusterwright.cce.lifecycle import api as lifecycle
from clusterwright.cce.upgrades import api as upgrades
from clusterwright.iam.auth import Member
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Declared, Router, json_response

PREFIX = "/autopilot"
KIND = "Autopilot"
"""The word that an operation's name has more than its twin's."""

# The official SDK's, but those of jobs, which are told apart by no kind of cluster.
_TWINS = """
    CreateAutopilotCluster ListAutopilotClusters ShowAutopilotCluster UpdateAutopilotCluster
    DeleteAutopilotCluster BatchCreateAutopilotClusterTags BatchDeleteAutopilotClusterTags
    CreateAutopilotKubernetesClusterCert ShowAutopilotClusterEndpoints UpdateAutopilotClusterEip
    ShowAutopilotClusterConfig ShowAutopilotQuotas ShowAutopilotFeatureGates
    CreateAutopilotAddonInstance ListAutopilotAddonInstances ShowAutopilotAddonInstance
    UpdateAutopilotAddonInstance DeleteAutopilotAddonInstance RollbackAutopilotAddonInstance
    ListAutopilotAddonTemplates
    UpgradeAutopilotCluster RetryAutopilotUpgradeClusterTask ListAutopilotUpgradeClusterTasks
    ShowAutopilotUpgradeClusterTask CreateAutopilotPreCheck ListAutopilotPreCheckTasks
    ShowAutopilotPreCheck CreateAutopilotPostCheck CreateAutopilotUpgradeWorkFlow
    ListAutopilotUpgradeWorkFlows ShowAutopilotUpgradeWorkFlow UpgradeAutopilotWorkFlowUpdate
    CreateAutopilotClusterMasterSnapshot ListAutopilotClusterMasterSnapshotTasks
    ShowAutopilotClusterUpgradeInfo ListAutopilotClusterUpgradePaths
    ListAutopilotClusterUpgradeFeatureGates
"""
TWINS = frozenset(_TWINS.split())
"""Every operation here that is another one's twin."""

WITHOUT = {
    "DeleteAutopilotCluster": (
        "delete_evs",
        "delete_sfs",
        "ondemand_node_policy",
        "periodic_node_policy",
        "tobedeleted",
    ),
}
"""What the description of a twin leaves out of its query: it concerns nodes, or is older."""

_SLICES = (clusters, access, lifecycle, upgrades, catalog, addons)


router = Router(tags=["Autopilot"])

CLUSTER = f"{PREFIX}/v3/projects/{{project_id}}/clusters/{{cluster_id}}"
WINDOW = f"{CLUSTER}/maintenancewindows"
PLANS = f"{CLUSTER}/upgradeplans"


def _repeat(ordinary: Declared, name: str) -> None:
    """Answer below ``/autopilot`` what another route answers, under the twin's name."""
    options = dict(ordinary.options)
    extra = dict(options.get("openapi_extra") or {})
    if "parameters" in extra:
        without = WITHOUT.get(name, ())
        extra["parameters"] = [p for p in extra["parameters"] if p["name"] not in without]
    options |= {
        "operation_id": name,
        "summary": f"{options['summary']} (cluster without nodes)",
        "openapi_extra": extra or None,
    }
    router.add(
        options.pop("methods"),
        PREFIX + ordinary.path.removeprefix("/api"),
        ordinary.endpoint,
        **options,
    )


_BY_ORDINARY = {name.replace(KIND, "", 1): name for name in TWINS}

for _slice in _SLICES:
    for _declared in _slice.router.declared:
        if _twin := _BY_ORDINARY.get(_declared.options["operation_id"]):
            _repeat(_declared, _twin)


@router.post(
    WINDOW,
    operation_id="CreateAutopilotMaintenanceWindow",
    summary="Say when a cluster may be upgraded by itself",
    **described(MaintenanceWindow, status=201),
)
async def create_window(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[MaintenanceWindow, Depends(Body(MaintenanceWindow))],
) -> Response:
    """Keep the first window of a cluster."""
    async with data.transaction() as tx:
        window = await operations.create_window(tx, caller, cluster_id, asked)
    return json_response(window, 201)


@router.get(
    WINDOW,
    operation_id="ShowAutopilotMaintenanceWindow",
    summary="Show when a cluster may be upgraded by itself",
    **described(MaintenanceWindow),
)
async def show_window(caller: Member, data: Data, cluster_id: str) -> Response:
    """The window of a cluster."""
    async with data.reading() as tx:
        window = await operations.show_window(tx, caller, cluster_id)
    return json_response(window)


@router.put(
    WINDOW,
    operation_id="UpdateAutopilotMaintenanceWindow",
    summary="Say when else a cluster may be upgraded by itself",
    **described(MaintenanceWindow),
)
async def update_window(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[MaintenanceWindow, Depends(Body(MaintenanceWindow))],
) -> Response:
    """Keep another window in the place of the one that there is."""
    async with data.transaction() as tx:
        window = await operations.update_window(tx, caller, cluster_id, asked)
    return json_response(window)


@router.delete(
    WINDOW,
    operation_id="DeleteAutopilotMaintenanceWindow",
    summary="Upgrade a cluster by hand only",
    **described(MaintenanceWindow),
)
async def delete_window(caller: Member, data: Data, cluster_id: str) -> Response:
    """Forget the window of a cluster, and answer it."""
    async with data.transaction() as tx:
        window = await operations.delete_window(tx, caller, cluster_id)
    return json_response(window)


@router.get(
    PLANS,
    operation_id="ListAutopilotUpgradePlans",
    summary="List upgrades to come",
    **described(PlanList),
)
async def list_plans(caller: Member, data: Data, cluster_id: str) -> Response:
    """Windows are for patches of a version, and here each version has one: nothing is planned."""
    async with data.reading() as tx:
        await cluster_operations.show(tx, caller, cluster_id)
    return json_response({"kind": "List", "apiVersion": "v3"})


@router.put(
    f"{PLANS}/{{upgrade_plan_id}}",
    operation_id="UpdateAutopilotUpgradePlan",
    summary="Delay an upgrade to come",
    **described(PlanDocument),
)
async def delay_plan(
    caller: Member,
    data: Data,
    cluster_id: str,
    upgrade_plan_id: str,
    asked: Annotated[PlanToDelay, Depends(Body(PlanToDelay))],
) -> Response:
    """No upgrade is ever planned here, so none is found."""
    async with data.reading() as tx:
        await operations.check_plan(tx, caller, cluster_id, upgrade_plan_id)
