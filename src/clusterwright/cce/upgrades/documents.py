"""How upgrade tasks, checks and snapshots read, each in the words of its own page."""

from collections.abc import Sequence
from typing import Any

from clusterwright import clock
from clusterwright.cce import offers
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.upgrades import paths
from clusterwright.cce.upgrades.store import Task, TaskPhase

CHECK_LIFETIME = 60 * 60 * 1_000_000_000
"""Nanoseconds that the findings of a check before an upgrade are worth something."""


def listed(items: Sequence[dict[str, Any]], version: str = "v3", **more: Any) -> dict[str, Any]:
    """A list as the upgrade pages answer it."""
    return {"kind": "List", "apiVersion": version, "metadata": {}, "items": list(items)} | more


def _metadata(task: Task) -> dict[str, str]:
    return {
        "uid": task.uid,
        "creationTimestamp": clock.timestamp(task.created_at),
        "updateTimestamp": clock.timestamp(task.updated_at),
    }


def _status(task: Task) -> dict[str, str]:
    status = {"phase": str(task.shown_phase), "progress": str(task.progress)}
    if task.phase.is_final:
        status["completionTime"] = clock.timestamp(task.updated_at)
    return status


def promised(task: Task) -> dict[str, Any]:
    """The answer to a request to upgrade."""
    action = {
        "version": task.version,
        "targetVersion": task.target_version,
        "targetPlatformVersion": offers.PLATFORM_VERSION,
        "strategy": task.spec["clusterUpgradeAction"]["strategy"],
        "config": {},
    }
    return {"metadata": {"uid": task.uid}, "spec": {"clusterUpgradeAction": action}}


def upgrade_task(task: Task) -> dict[str, Any]:
    """An upgrade task."""
    return {
        "kind": "UpgradeTask",
        "apiVersion": "v3",
        "metadata": _metadata(task),
        "spec": {"version": task.version, "targetVersion": task.target_version, "items": {}},
        "status": _status(task),
    }


def pre_check(task: Task) -> dict[str, Any]:
    """A check before an upgrade. It looks at no node and no add-on, and says nothing of them."""
    return {
        "kind": "PreCheckTask",
        "apiVersion": "v3",
        "metadata": _metadata(task),
        "spec": task.spec,
        "status": {
            "phase": task.phase,
            "expireTimeStamp": clock.timestamp(task.created_at + CHECK_LIFETIME),
            "clusterCheckStatus": {"phase": task.phase, "itemsStatus": task.findings},
        },
    }


def post_check(task: Task) -> dict[str, Any]:
    """A check after an upgrade."""
    return {
        "kind": "PostCheckTask",
        "apiVersion": "v3",
        "metadata": {"uid": task.uid},
        "spec": task.spec,
        "status": {"phase": task.phase},
    }


def snapshot_answer(task: Task) -> dict[str, Any]:
    """The answer to a request for a snapshot."""
    return {"uid": task.uid, "metadata": {"apiVersion": "v3.1", "kind": "SnapshotTask"}}


def snapshot_list(tasks: Sequence[Task]) -> dict[str, Any]:
    """The snapshots of a cluster, which come newest first."""
    status = {"latestBackupTime": clock.timestamp(tasks[0].created_at)} if tasks else {}
    return listed([_snapshot(task) for task in tasks], "v3.1", status=status)


def _snapshot(task: Task) -> dict[str, Any]:
    metadata = _metadata(task)
    item = {
        "id": metadata["uid"],
        "type": "master-backup",
        "status": task.phase,
        "creationTimestamp": metadata["creationTimestamp"],
        "updateTimestamp": metadata["updateTimestamp"],
        "message": "",
    }
    return {
        "kind": "SnapshotTask",
        "apiVersion": "v3.1",
        "metadata": metadata,
        "spec": {"items": [item]},
        "status": _status(task),
    }


def info(cluster: Cluster, last: Task | None, *, runnable: Sequence[str]) -> dict[str, Any]:
    """What may become of a cluster's version where these can be run, and its last upgrade."""
    release, _, patch = cluster.version.partition("-")
    status = _status(last) if last else {"phase": str(TaskPhase.INIT), "progress": "0"}
    return {
        "kind": "UpgradeInfo",
        "apiVersion": "v3",
        "metadata": {"uid": cluster.uid, "name": cluster.name},
        "spec": {
            "lastUpgradeInfo": _status(last) if last else {},
            "versionInfo": {
                "release": release,
                "patch": patch or "r0",
                "suggestPatch": patch or "r0",
                "targetVersions": list(paths.targets(cluster.version, runnable)),
            },
            "upgradeFeatureGates": {"supportUpgradePageV4": False},
        },
        "status": status,
    }
