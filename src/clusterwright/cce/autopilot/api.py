"""The routes below ``/autopilot``: those of the other slices again, under other names.

Same endpoint, same rules, same answers. What differs is data: the table below says which operations
these clusters have, and the caller says which kind of clusters is known (``Caller.autopilot``).
"""

from fastapi.routing import APIRoute

from clusterwright.cce.access import api as access
from clusterwright.cce.addons import api as addons
from clusterwright.cce.catalog import api as catalog
from clusterwright.cce.clusters import api as clusters
from clusterwright.cce.lifecycle import api as lifecycle
from clusterwright.cce.upgrades import api as upgrades
from clusterwright.web.routes import Router

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


def _repeat(route: APIRoute, name: str) -> None:
    """Answer below ``/autopilot`` what ``route`` answers, under the twin's name."""
    extra = dict(route.openapi_extra or {})
    if "parameters" in extra:
        without = WITHOUT.get(name, ())
        extra["parameters"] = [p for p in extra["parameters"] if p["name"] not in without]
    router.add_api_route(
        PREFIX + route.path.removeprefix("/api"),
        route.endpoint,
        methods=list(route.methods or ()),
        operation_id=name,
        summary=f"{route.summary} (cluster without nodes)",
        status_code=route.status_code,
        response_class=route.response_class,
        response_model=None,
        responses=route.responses,
        openapi_extra=extra or None,
    )


_BY_ORDINARY = {name.replace(KIND, "", 1): name for name in TWINS}

for _slice in _SLICES:
    for _route in _slice.router.routes:
        if isinstance(_route, APIRoute) and _route.operation_id in _BY_ORDINARY:
            _repeat(_route, _BY_ORDINARY[_route.operation_id])
