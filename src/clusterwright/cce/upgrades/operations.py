"""What can be done with a cluster's version: one transaction each, refusals from the catalogue."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from clusterwright import clock, errors, ids
from clusterwright.cce import offers
from clusterwright.cce.addons import operations as addons
from clusterwright.cce.addons import store as addon_store
from clusterwright.cce.addons.store import Addon, AddonStatus
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.blueprint import blueprint
from clusterwright.cce.clusters.store import STEADY, Cluster, ClusterPhase
from clusterwright.cce.upgrades import paths, store, workflows
from clusterwright.cce.upgrades.job_types import ADDONS, TARGET, TASK, UPGRADE_CLUSTER
from clusterwright.cce.upgrades.store import Task, TaskPhase, TaskType, Workflow
from clusterwright.cce.upgrades.wire import ClusterToUpgrade, Hop
from clusterwright.drivers.contract import Driver, DriverError, Unavailable
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs.tree import Target
from clusterwright.storage.database import Tx

_RETRYABLE = (ClusterPhase.ERROR, ClusterPhase.AVAILABLE)
_AT_REST = (*STEADY, ClusterPhase.UNAVAILABLE, ClusterPhase.ERROR, ClusterPhase.ROLLBACK_FAILED)
"""Phases that a check may find: an upgrade that has failed leaves some of them."""


async def upgrade(
    tx: Tx, caller: Caller, uid: str, asked: ClusterToUpgrade, *, runnable: Sequence[str]
) -> Task:
    """Promise a newer version, of add-ons too: the task, and the job that works on it.

    Raises ApiError: NOT_FOUND, WRONG_STATE, VERSION_NOT_SUPPORTED for a version off the path and
    for one that is not ``runnable`` by the cluster's driver, ADDON_INVALID.
    """
    cluster = await clusters.get_in_phase(tx, caller, uid, (ClusterPhase.AVAILABLE,))
    action = asked.spec.action
    target = action.target_version
    _check_path(cluster, target, runnable)
    field = f"spec.{asked.spec.action_name}.addons"
    planned = await addons.planned(tx, cluster, action.addons or (), kubernetes=target, field=field)
    task = await _new_task(
        tx, cluster, TaskType.CLUSTER, target, {"clusterUpgradeAction": action.as_sent()}
    )
    task = replace(task, phase=TaskPhase.INIT, progress=0)
    task = replace(task, job_uid=await _begin(tx, cluster, task, planned))
    await store.insert_task(tx, task)
    return task


def _check_path(cluster: Cluster, target: str, runnable: Sequence[str]) -> None:
    if offers.minor(target) not in paths.targets(cluster.version):
        known = paths.targets(cluster.version, runnable)
        choice = f"Choose one of {', '.join(known)}" if known else "It has the newest one"
        raise ApiError(
            errors.VERSION_NOT_SUPPORTED,
            f"targetVersion: {target} does not follow {cluster.version}. {choice}.",
        )
    if offers.minor(target) not in runnable:
        raise ApiError(
            errors.VERSION_NOT_SUPPORTED,
            f"targetVersion: this host has no programs that run {target}. It can run"
            f" {', '.join(runnable) or 'no version'}. Run: clusterwright kubernetes check",
        )


async def _new_task(
    tx: Tx, cluster: Cluster, type: TaskType, target: str, spec: dict[str, Any]
) -> Task:
    """A task that has succeeded already, of the workflow that is under way."""
    current = await _open_workflow(tx, cluster.uid)
    now = clock.now()
    return Task(
        uid=ids.new_uid(),
        cluster_uid=cluster.uid,
        type=type,
        workflow_uid=current.uid if current else "",
        phase=TaskPhase.SUCCESS,
        version=cluster.version,
        target_version=target,
        spec=spec,
        created_at=now,
        updated_at=now,
    )


async def _begin(tx: Tx, cluster: Cluster, task: Task, planned: Sequence[Addon]) -> str:
    job_uid = await clusters.begin(
        tx,
        cluster,
        UPGRADE_CLUSTER,
        ClusterPhase.UPGRADING,
        {TASK: task.uid, TARGET: task.target_version},
        {ADDONS: tuple(Target(addon.uid, addon.name) for addon in planned)},
    )
    await addons.begin_with_cluster(tx, planned, job_uid=job_uid)
    return job_uid


async def _last_upgrade(tx: Tx, cluster: Cluster) -> Task:
    """The newest upgrade task, locked by its cluster's row. Raises ApiError WRONG_STATE."""
    found = await store.find_tasks(tx, cluster_uid=cluster.uid, type=TaskType.CLUSTER)
    if not found:
        raise ApiError(errors.WRONG_STATE, "The cluster was never upgraded.")
    return found[0]


async def pause(tx: Tx, caller: Caller, uid: str) -> None:
    """Make the upgrade wait before its next step, until it may go on.

    Raises ApiError: NOT_FOUND, WRONG_STATE, the latter also where no step is left to wait.
    """
    await _set_paused(tx, caller, uid, paused=True)


async def go_on(tx: Tx, caller: Caller, uid: str) -> None:
    """Let a paused upgrade go on. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    await _set_paused(tx, caller, uid, paused=False)


async def _set_paused(tx: Tx, caller: Caller, uid: str, *, paused: bool) -> None:
    cluster = await clusters.get_alive(tx, caller, uid)
    task = await _last_upgrade(tx, cluster)
    if task.phase.is_final or task.paused == paused:
        raise ApiError(errors.WRONG_STATE, f"The upgrade is in phase {task.shown_phase}.")
    if task.progress >= store.CONFIRMED:
        raise ApiError(
            errors.WRONG_STATE, "The cluster has its new version: nothing is left to do."
        )
    await store.update_task(tx, task.uid, paused=paused, updated_at=clock.now())


async def retry(tx: Tx, caller: Caller, uid: str) -> Task:
    """Try a failed upgrade again, under the same task. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    cluster = await clusters.show(tx, caller, uid, lock=True)
    task = await _last_upgrade(tx, cluster)
    if task.phase is not TaskPhase.FAILED or cluster.phase not in _RETRYABLE:
        raise ApiError(
            errors.WRONG_STATE,
            f"The upgrade is in phase {task.shown_phase} and the cluster is {cluster.phase}.",
        )
    left = await addon_store.of_job(tx, task.job_uid, status=AddonStatus.UPGRADE_FAILED)
    job_uid = await _begin(tx, cluster, task, left)
    begun = {"phase": TaskPhase.INIT, "progress": 0, "job_uid": job_uid}
    await store.update_task(tx, task.uid, updated_at=clock.now(), **begun)
    return task


async def list_tasks(tx: Tx, caller: Caller, uid: str, type: TaskType) -> list[Task]:
    """The cluster's tasks of one type, the newest first. Raises ApiError NOT_FOUND."""
    await clusters.show(tx, caller, uid)
    return await store.find_tasks(tx, cluster_uid=uid, type=type)


async def show_task(tx: Tx, caller: Caller, uid: str, type: TaskType, task_uid: str) -> Task:
    """One task of the cluster. Raises ApiError NOT_FOUND."""
    await clusters.show(tx, caller, uid)
    task = await store.get_task(tx, task_uid, cluster_uid=uid, type=type)
    if task is None:
        raise ApiError(errors.NOT_FOUND, f"There is no task {task_uid[:64]} in this cluster.")
    return task


async def is_ready(driver: Driver, cluster: Cluster) -> bool:
    """Whether the control plane answers its driver and is ready; changes nothing."""
    try:
        return (await driver.observe_control_plane(blueprint(cluster))).ready
    except (Unavailable, DriverError):
        return False


async def check_before(
    tx: Tx,
    caller: Caller,
    uid: str,
    asked: Hop,
    *,
    control_plane_ready: bool,
    runnable: Sequence[str],
) -> Task:
    """Look whether an upgrade may begin, and keep what was found.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST for a body about another cluster or
    another version of it.
    """
    cluster = await clusters.get_in_phase(tx, caller, uid, _AT_REST)
    _check_names_cluster(asked, uid)
    _check_names_version(asked, cluster)
    known = paths.targets(cluster.version, runnable)
    available = cluster.phase is ClusterPhase.AVAILABLE
    follows = offers.minor(asked.target_version) in known
    choice = f"{cluster.version} may be upgraded to {', '.join(known) or 'nothing newer'}."
    findings = [
        _finding("LimitCheck", "ClusterPhase", f"It is {cluster.phase}.", passed=available),
        _finding("LimitCheck", "UpgradePath", choice, passed=follows),
        _control_plane(ready=control_plane_ready),
    ]
    return await _keep_check(tx, cluster, TaskType.PRE_CHECK, asked, findings)


async def check_after(
    tx: Tx, caller: Caller, uid: str, asked: Hop, *, control_plane_ready: bool
) -> Task:
    """Look whether an upgrade has led where it should. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    cluster = await clusters.get_in_phase(tx, caller, uid, _AT_REST)
    _check_names_cluster(asked, uid)
    there = offers.minor(cluster.version) == offers.minor(asked.target_version)
    available = cluster.phase is ClusterPhase.AVAILABLE
    findings = [
        _finding("LimitCheck", "ClusterPhase", f"It is {cluster.phase}.", passed=available),
        _finding("LimitCheck", "Version", f"It is {cluster.version}.", passed=there),
        _control_plane(ready=control_plane_ready),
    ]
    return await _keep_check(tx, cluster, TaskType.POST_CHECK, asked, findings)


def _check_names_cluster(asked: Hop, uid: str) -> None:
    if asked.cluster_id not in (None, "", uid):
        raise ApiError(errors.INVALID_REQUEST, "spec.clusterID: The path names another cluster.")


def _check_names_version(asked: Hop, cluster: Cluster) -> None:
    """An upgrade begins at the version that the cluster has; an empty one stands for it."""
    named, has = asked.cluster_version, cluster.spec.get("legacyVersion") or cluster.version
    if named and named != has and not has.startswith((f"{named}.", f"{named}-")):
        raise ApiError(
            errors.INVALID_REQUEST, f"spec.clusterVersion: The cluster has {has}, not {named}."
        )


def _control_plane(*, ready: bool) -> dict[str, Any]:
    message = "It is ready." if ready else "It is not ready."
    return _finding("MasterCheck", "ControlPlane", message, passed=ready)


def _finding(group: str, name: str, message: str, *, passed: bool) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "Exception",
        "group": group,
        "level": "Info" if passed else "Fatal",
        "phase": TaskPhase.SUCCESS if passed else TaskPhase.FAILED,
        "message": message,
    }


async def _keep_check(
    tx: Tx, cluster: Cluster, type: TaskType, asked: Hop, findings: list[dict[str, Any]]
) -> Task:
    task = await _new_task(tx, cluster, type, asked.target_version, asked.as_sent())
    if any(finding["phase"] is TaskPhase.FAILED for finding in findings):
        task = replace(task, phase=TaskPhase.FAILED)
    task = replace(task, findings=findings)
    await store.insert_task(tx, task)
    return task


async def snapshot(tx: Tx, caller: Caller, uid: str) -> Task:
    """Keep the cluster's description as it is now. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    cluster = await clusters.get_in_phase(tx, caller, uid, (ClusterPhase.AVAILABLE,))
    task = await _new_task(tx, cluster, TaskType.SNAPSHOT, cluster.version, cluster.spec)
    await store.insert_task(tx, task)
    return task


async def create_workflow(
    tx: Tx, caller: Caller, uid: str, asked: Hop, *, runnable: Sequence[str]
) -> dict[str, Any]:
    """Begin a workflow, to which the tasks that follow belong.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST unless the body names the cluster and
    no version that it has not, VERSION_NOT_SUPPORTED, ALREADY_EXISTS while another is under way.
    """
    if not asked.cluster_id:
        raise ApiError(
            errors.INVALID_REQUEST,
            "spec.clusterID: Invalid field cluster ID. Send the id of the cluster in the path.",
        )
    cluster = await clusters.get_in_phase(tx, caller, uid, _AT_REST)
    _check_names_cluster(asked, uid)
    _check_names_version(asked, cluster)
    _check_path(cluster, asked.target_version, runnable)
    if await _open_workflow(tx, uid) is not None:
        raise ApiError(
            errors.ALREADY_EXISTS, "An upgrade workflow is under way. Finish or cancel it first."
        )
    now = clock.now()
    # The Terraform provider sends an empty clusterVersion and goes on with the one that it reads.
    spec = asked.as_sent() | {"clusterID": uid, "clusterVersion": cluster.version}
    workflow = Workflow(
        uid=ids.new_uid(), cluster_uid=uid, spec=spec, created_at=now, updated_at=now
    )
    await store.insert_workflow(tx, workflow)
    return workflows.document(workflow, [])


async def _open_workflow(tx: Tx, cluster_uid: str) -> Workflow | None:
    for newest in (await store.find_workflows(tx, cluster_uid=cluster_uid))[:1]:
        if not workflows.is_over(newest, await _tasks_of(tx, newest)):
            return newest
    return None


async def _tasks_of(tx: Tx, workflow: Workflow) -> list[Task]:
    return await store.find_tasks(tx, cluster_uid=workflow.cluster_uid, workflow_uid=workflow.uid)


async def list_workflows(tx: Tx, caller: Caller, uid: str) -> list[dict[str, Any]]:
    """The cluster's workflows as clients read them, the newest first. Raises ApiError NOT_FOUND."""
    await clusters.show(tx, caller, uid)
    found = await store.find_workflows(tx, cluster_uid=uid)
    return [workflows.document(each, await _tasks_of(tx, each)) for each in found]


async def show_workflow(tx: Tx, caller: Caller, uid: str, workflow_uid: str) -> dict[str, Any]:
    """One workflow as clients read it. Raises ApiError NOT_FOUND."""
    for document in await list_workflows(tx, caller, uid):
        if document["metadata"]["uid"] == workflow_uid:
            return document
    raise ApiError(errors.NOT_FOUND, f"There is no workflow {workflow_uid[:64]} in this cluster.")


async def cancel_workflow(tx: Tx, caller: Caller, uid: str, workflow_uid: str) -> dict[str, Any]:
    """End a workflow before its time; cancelling it again changes nothing.

    Raises ApiError: NOT_FOUND, WRONG_STATE for a finished one and while the cluster is upgrading.
    """
    cluster = await clusters.get_alive(tx, caller, uid)
    known = await show_workflow(tx, caller, uid, workflow_uid)
    if known["status"]["phase"] == workflows.Phase.SUCCESS:
        raise ApiError(errors.WRONG_STATE, "The workflow has succeeded already.")
    if cluster.phase is ClusterPhase.UPGRADING:
        raise ApiError(errors.WRONG_STATE, "The cluster is Upgrading. Wait until that has ended.")
    await store.cancel_workflow(tx, workflow_uid, now=clock.now())
    return await show_workflow(tx, caller, uid, workflow_uid)
