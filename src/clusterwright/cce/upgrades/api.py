"""The routes of upgrades: they translate and commit, and decide nothing."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from clusterwright.cce import offers
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.api import AllDrivers
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.offers import VERSIONS
from clusterwright.cce.upgrades import documents, operations, paths
from clusterwright.cce.upgrades.store import TaskType
from clusterwright.cce.upgrades.wire import (
    ClusterToUpgrade,
    PostCheckToMake,
    PreCheckToMake,
    Promised,
    SnapshotAnswer,
    TaskDocument,
    TaskList,
    UpgradeFeatureGates,
    UpgradePaths,
    WorkflowToCreate,
    WorkflowToUpdate,
)
from clusterwright.iam.auth import Anyone, Member
from clusterwright.iam.caller import Caller
from clusterwright.web.openapi import Nothing, described
from clusterwright.web.routes import Body, Data, Router, json_response

router = Router(tags=["Upgrade"])

CLUSTER = "/api/v3/projects/{project_id}/clusters/{cluster_id}"
UPGRADE = f"{CLUSTER}/operation/upgrade"
WORKFLOWS = f"{CLUSTER}/operation/upgradeworkflows"
SNAPSHOT = "/api/v3.1/projects/{project_id}/clusters/{cluster_id}/operation/snapshot"


@router.post(
    UPGRADE,
    operation_id="UpgradeCluster",
    summary="Upgrade a cluster",
    **described(Promised),
)
async def upgrade_cluster(
    caller: Member,
    data: Data,
    drivers: AllDrivers,
    cluster_id: str,
    asked: Annotated[ClusterToUpgrade, Depends(Body(ClusterToUpgrade))],
) -> Response:
    """Promise a newer version; the task tells how far it is."""
    runnable = await _runnable(await _shown(caller, data, cluster_id), drivers)
    async with data.transaction() as tx:
        task = await operations.upgrade(tx, caller, cluster_id, asked, runnable=runnable)
    return json_response(documents.promised(task))


@router.post(
    f"{UPGRADE}/pause",
    operation_id="PauseUpgradeClusterTask",
    summary="Pause an upgrade",
    **described(Nothing),
)
async def pause_upgrade(caller: Member, data: Data, cluster_id: str) -> Response:
    """Make the upgrade wait before its next step."""
    async with data.transaction() as tx:
        await operations.pause(tx, caller, cluster_id)
    return json_response({})


@router.post(
    f"{UPGRADE}/continue",
    operation_id="ContinueUpgradeClusterTask",
    summary="Continue a paused upgrade",
    **described(Nothing),
)
async def continue_upgrade(caller: Member, data: Data, cluster_id: str) -> Response:
    """Let the upgrade go on."""
    async with data.transaction() as tx:
        await operations.go_on(tx, caller, cluster_id)
    return json_response({})


@router.post(
    f"{UPGRADE}/retry",
    operation_id="RetryUpgradeClusterTask",
    summary="Try a failed upgrade again",
    **described(Nothing),
)
async def retry_upgrade(caller: Member, data: Data, cluster_id: str) -> Response:
    """Work on the same task again."""
    async with data.transaction() as tx:
        await operations.retry(tx, caller, cluster_id)
    return json_response({})


@router.get(
    f"{UPGRADE}/tasks",
    operation_id="ListUpgradeClusterTasks",
    summary="List upgrade tasks",
    **described(TaskList),
)
async def list_upgrades(caller: Member, data: Data, cluster_id: str) -> Response:
    """The upgrades of a cluster, the newest first."""
    async with data.reading() as tx:
        found = await operations.list_tasks(tx, caller, cluster_id, TaskType.CLUSTER)
    return json_response(documents.listed([documents.upgrade_task(task) for task in found]))


@router.get(
    f"{UPGRADE}/tasks/{{task_id}}",
    operation_id="ShowUpgradeClusterTask",
    summary="Show an upgrade task",
    **described(TaskDocument),
)
async def show_upgrade(caller: Member, data: Data, cluster_id: str, task_id: str) -> Response:
    """One upgrade."""
    async with data.reading() as tx:
        task = await operations.show_task(tx, caller, cluster_id, TaskType.CLUSTER, task_id)
    return json_response(documents.upgrade_task(task))


@router.post(
    f"{CLUSTER}/operation/precheck",
    operation_id="CreatePreCheck",
    summary="Check a cluster before an upgrade",
    **described(TaskDocument),
)
async def create_pre_check(
    caller: Member,
    data: Data,
    drivers: AllDrivers,
    cluster_id: str,
    asked: Annotated[PreCheckToMake, Depends(Body(PreCheckToMake))],
) -> Response:
    """Look whether an upgrade may begin."""
    cluster = await _shown(caller, data, cluster_id)
    ready = await operations.is_ready(drivers.get(cluster.driver), cluster)
    runnable = await _runnable(cluster, drivers)
    async with data.transaction() as tx:
        task = await operations.check_before(
            tx, caller, cluster_id, asked.spec, control_plane_ready=ready, runnable=runnable
        )
    return json_response(documents.pre_check(task))


async def _shown(caller: Caller, data: Data, cluster_id: str) -> Cluster:
    async with data.reading() as tx:
        return await clusters.show(tx, caller, cluster_id)


async def _runnable(cluster: Cluster, drivers: AllDrivers) -> Sequence[str]:
    """The versions that the cluster's driver can run now."""
    return await drivers.get(cluster.driver).versions(VERSIONS)


@router.get(
    f"{CLUSTER}/operation/precheck/tasks",
    operation_id="ListPreCheckTasks",
    summary="List the checks before upgrades",
    **described(TaskList),
)
async def list_pre_checks(caller: Member, data: Data, cluster_id: str) -> Response:
    """The checks of a cluster, the newest first."""
    async with data.reading() as tx:
        found = await operations.list_tasks(tx, caller, cluster_id, TaskType.PRE_CHECK)
    return json_response(documents.listed([documents.pre_check(task) for task in found]))


@router.get(
    f"{CLUSTER}/operation/precheck/tasks/{{task_id}}",
    operation_id="ShowPreCheck",
    summary="Show a check before an upgrade",
    **described(TaskDocument),
)
async def show_pre_check(caller: Member, data: Data, cluster_id: str, task_id: str) -> Response:
    """One check."""
    async with data.reading() as tx:
        task = await operations.show_task(tx, caller, cluster_id, TaskType.PRE_CHECK, task_id)
    return json_response(documents.pre_check(task))


@router.post(
    f"{CLUSTER}/operation/postcheck",
    operation_id="CreatePostCheck",
    summary="Check a cluster after an upgrade",
    **described(TaskDocument),
)
async def create_post_check(
    caller: Member,
    data: Data,
    drivers: AllDrivers,
    cluster_id: str,
    asked: Annotated[PostCheckToMake, Depends(Body(PostCheckToMake))],
) -> Response:
    """Look whether an upgrade has led where it should."""
    cluster = await _shown(caller, data, cluster_id)
    ready = await operations.is_ready(drivers.get(cluster.driver), cluster)
    async with data.transaction() as tx:
        task = await operations.check_after(
            tx, caller, cluster_id, asked.spec, control_plane_ready=ready
        )
    return json_response(documents.post_check(task))


@router.post(
    SNAPSHOT,
    operation_id="CreateClusterMasterSnapshot",
    summary="Keep a cluster's description",
    **described(SnapshotAnswer),
)
async def create_snapshot(caller: Member, data: Data, cluster_id: str) -> Response:
    """Keep the cluster as it is described now."""
    async with data.transaction() as tx:
        task = await operations.snapshot(tx, caller, cluster_id)
    return json_response(documents.snapshot_answer(task))


@router.get(
    f"{SNAPSHOT}/tasks",
    operation_id="ListClusterMasterSnapshotTasks",
    summary="List the snapshots of a cluster",
    **described(TaskList),
)
async def list_snapshots(caller: Member, data: Data, cluster_id: str) -> Response:
    """The snapshots of a cluster, the newest first."""
    async with data.reading() as tx:
        found = await operations.list_tasks(tx, caller, cluster_id, TaskType.SNAPSHOT)
    return json_response(documents.snapshot_list(found))


@router.post(
    WORKFLOWS,
    operation_id="CreateUpgradeWorkFlow",
    summary="Begin an upgrade workflow",
    **described(TaskDocument, status=201),
)
async def create_workflow(
    caller: Member,
    data: Data,
    drivers: AllDrivers,
    cluster_id: str,
    asked: Annotated[WorkflowToCreate, Depends(Body(WorkflowToCreate))],
) -> Response:
    """Begin a workflow, to which the tasks that follow belong."""
    runnable = await _runnable(await _shown(caller, data, cluster_id), drivers)
    async with data.transaction() as tx:
        document = await operations.create_workflow(
            tx, caller, cluster_id, asked.spec, runnable=runnable
        )
    return json_response(document, 201)


@router.get(
    WORKFLOWS,
    operation_id="ListUpgradeWorkFlows",
    summary="List upgrade workflows",
    **described(TaskList),
)
async def list_workflows(caller: Member, data: Data, cluster_id: str) -> Response:
    """The workflows of a cluster, the newest first."""
    async with data.reading() as tx:
        found = await operations.list_workflows(tx, caller, cluster_id)
    return json_response(documents.listed(found))


@router.get(
    f"{WORKFLOWS}/{{upgrade_workflow_id}}",
    operation_id="ShowUpgradeWorkFlow",
    summary="Show an upgrade workflow",
    **described(TaskDocument),
)
async def show_workflow(
    caller: Member, data: Data, cluster_id: str, upgrade_workflow_id: str
) -> Response:
    """One workflow."""
    async with data.reading() as tx:
        document = await operations.show_workflow(tx, caller, cluster_id, upgrade_workflow_id)
    return json_response(document)


@router.patch(
    f"{WORKFLOWS}/{{upgrade_workflow_id}}",
    operation_id="UpgradeWorkFlowUpdate",
    summary="Cancel an upgrade workflow",
    **described(TaskDocument),
)
async def update_workflow(
    caller: Member,
    data: Data,
    cluster_id: str,
    upgrade_workflow_id: str,
    asked: Annotated[WorkflowToUpdate, Depends(Body(WorkflowToUpdate))],
) -> Response:
    """End a workflow before its time: the one change that there is."""
    async with data.transaction() as tx:
        document = await operations.cancel_workflow(tx, caller, cluster_id, upgrade_workflow_id)
    return json_response(document)


@router.get(
    f"{CLUSTER}/upgradeinfo",
    operation_id="ShowClusterUpgradeInfo",
    summary="Show what a cluster may be upgraded to",
    **described(TaskDocument),
)
async def show_info(caller: Member, data: Data, drivers: AllDrivers, cluster_id: str) -> Response:
    """The versions that may follow, and the last upgrade."""
    async with data.reading() as tx:
        cluster = await clusters.show(tx, caller, cluster_id)
        found = await operations.list_tasks(tx, caller, cluster_id, TaskType.CLUSTER)
    runnable = await _runnable(cluster, drivers)
    last = found[0] if found else None
    return json_response(documents.info(cluster, last, runnable=runnable))


@router.get(
    "/api/v3/clusterupgradepaths",
    operation_id="ListClusterUpgradePaths",
    summary="List upgrade paths",
    **described(UpgradePaths),
)
async def list_paths(_caller: Anyone) -> Response:
    """Which version may follow which."""
    found = [
        {
            "version": version,
            "platformVersion": offers.PLATFORM_VERSION,
            "targetVersions": list(paths.targets(version)),
        }
        for version in VERSIONS
    ]
    head = {"kind": "ClusterUpgradePaths", "apiVersion": "v3", "metadata": {}}
    return json_response(head | {"upgradePaths": found})


@router.get(
    "/api/v3/clusterupgradefeaturegates",
    operation_id="ListClusterUpgradeFeatureGates",
    summary="List what upgrades can do",
    **described(UpgradeFeatureGates),
)
async def list_feature_gates(_caller: Anyone) -> Response:
    """The abilities of this server's upgrades."""
    head = {"kind": "ClusterUpgradeFeatureGates", "apiVersion": "v3", "metadata": {}}
    return json_response(head | {"upgradeFeatureGates": dict(paths.FEATURE_GATES)})
