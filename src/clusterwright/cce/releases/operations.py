"""What can be done with releases: one transaction each, refusals from the catalogue."""

from dataclasses import replace
from typing import Any

from clusterwright import clock, errors, ids
from clusterwright.cce.charts import operations as charts
from clusterwright.cce.charts import store as charts_store
from clusterwright.cce.charts.store import Chart
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.operations import check_phase
from clusterwright.cce.clusters.store import STEADY, Cluster, ClusterPhase
from clusterwright.cce.releases import store
from clusterwright.cce.releases.job_types import (
    INSTALL_RELEASE,
    ROLLBACK_RELEASE,
    UNINSTALL_RELEASE,
    UPGRADE_RELEASE,
)
from clusterwright.cce.releases.store import NameUsed, Release, ReleaseStatus, Revision
from clusterwright.cce.releases.wire import Parameters, ReleaseToCreate, ReleaseToUpdate
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs import store as jobs
from clusterwright.jobs.plan import JobType, Request
from clusterwright.jobs.tree import Target
from clusterwright.storage import limits
from clusterwright.storage.database import Tx

Found = tuple[Release, Revision, Cluster]

_BROKEN = (ClusterPhase.ERROR, ClusterPhase.UNAVAILABLE)
_GONE_BACK_TO = (ReleaseStatus.DEPLOYED, ReleaseStatus.SUPERSEDED)


async def draft(
    tx: Tx, caller: Caller, cluster_uid: str, asked: ReleaseToCreate, *, lock: bool = False
) -> tuple[Found, Chart]:
    """The release that a request asks for, and its chart; nothing is kept.

    With ``lock`` nobody else changes its cluster meanwhile. Raises ApiError: NOT_FOUND for the
    cluster or the chart, WRONG_STATE, INVALID_REQUEST for another version than the chart's.
    """
    cluster = await _steady(tx, caller, cluster_uid, lock=lock)
    chart = await charts.show(tx, caller, asked.chart_id)
    if asked.version != chart.version:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"version: This chart is {chart.name} {chart.version}. Name the chart of the version.",
        )
    now = clock.now()
    release = Release(
        uid=ids.new_uid(),
        project_id=caller.project_id,
        cluster_uid=cluster.uid,
        namespace=asked.namespace,
        name=asked.name,
        revision=1,
        job_uid="",
        created_at=now,
    )
    revision = _of_chart(chart, release, asked.parameters, asked.values or {}, now)
    revision = replace(
        revision, description=asked.description or "", status=ReleaseStatus.PENDING_INSTALL
    )
    return (release, revision, cluster), chart


async def create(tx: Tx, caller: Caller, cluster_uid: str, asked: ReleaseToCreate) -> Found:
    """Promise that a chart is installed.

    Raises ApiError as ``draft`` does, and ALREADY_EXISTS, QUOTA, TASK_LIMIT.
    """
    (release, revision, cluster), _ = await draft(tx, caller, cluster_uid, asked, lock=True)
    if await store.count(tx, cluster.uid) >= limits.MOST_RELEASES:
        raise ApiError(
            errors.QUOTA,
            f"A cluster may have {limits.MOST_RELEASES} releases. Delete one first.",
        )
    job_uid = await _submit(tx, INSTALL_RELEASE, release)
    release = replace(release, job_uid=job_uid)
    try:
        await store.insert(tx, release)
    except NameUsed:
        raise ApiError(
            errors.ALREADY_EXISTS,
            f"The namespace {asked.namespace} has a release {asked.name} already. Choose another"
            " name, or upgrade it.",
        ) from None
    await store.add_revision(tx, revision, job_uid=job_uid)
    return release, revision, cluster


async def update(
    tx: Tx,
    caller: Caller,
    cluster_uid: str,
    namespace: str,
    name: str,
    asked: ReleaseToUpdate,
) -> Found:
    """Promise another chart, other values, or an earlier revision again.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST, TASK_LIMIT.
    """
    await _steady(tx, caller, cluster_uid)
    release, before, cluster = await show(tx, caller, cluster_uid, namespace, name, lock=True)
    if before.status not in (ReleaseStatus.DEPLOYED, ReleaseStatus.FAILED):
        raise ApiError(
            errors.WRONG_STATE,
            f"The release is {before.status}. Change it when it is DEPLOYED or FAILED.",
        )
    if asked.action == "rollback":
        job_type, revision = ROLLBACK_RELEASE, await _earlier(tx, release, asked)
    else:
        job_type, revision = UPGRADE_RELEASE, await _newer(tx, caller, release, before, asked)
    job_uid = await _submit(tx, job_type, release)
    await store.add_revision(tx, revision, job_uid=job_uid)
    return replace(release, revision=revision.revision, job_uid=job_uid), revision, cluster


async def _newer(
    tx: Tx, caller: Caller, release: Release, before: Revision, asked: ReleaseToUpdate
) -> Revision:
    chart = await charts.show(tx, caller, asked.chart_id or before.chart_uid)
    if chart.name != before.chart_name:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"chart_id: This is {chart.name}, the release is of {before.chart_name}.",
        )
    sent, how = asked.values or {}, asked.parameters or Parameters()
    if how.replace and not how.reset_values:
        sent = _merged(before.values, sent)
    elif not sent and not how.reset_values:
        sent = before.values
    revision = _of_chart(chart, release, asked.parameters, sent, clock.now())
    return replace(
        revision,
        revision=release.revision + 1,
        description=before.description,
        status=ReleaseStatus.PENDING_UPGRADE,
    )


async def _earlier(tx: Tx, release: Release, asked: ReleaseToUpdate) -> Revision:
    which = asked.parameters.release_version if asked.parameters else None
    if not which:
        raise ApiError(
            errors.INVALID_REQUEST, "parameters.release_version: Name the revision to go back to."
        )
    found = await store.revision(tx, release.uid, which)
    if found is None or found.status not in _GONE_BACK_TO:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"parameters.release_version: {which} is no revision that was deployed and is kept.",
        )
    return replace(
        found,
        revision=release.revision + 1,
        parameters=asked.parameters.as_sent() if asked.parameters else {},
        back_to=which,
        number=0,
        manifests="",
        status=ReleaseStatus.PENDING_ROLLBACK,
        reason="",
        updated_at=clock.now(),
    )


def _of_chart(
    chart: Chart, release: Release, how: Parameters | None, values: dict[str, Any], now: int
) -> Revision:
    return Revision(
        release_uid=release.uid,
        revision=release.revision,
        chart_uid=chart.uid,
        chart_name=chart.name,
        chart_version=chart.version,
        digest=chart.digest,
        description="",
        parameters=how.as_sent() if how else {},
        values=values,
        back_to=0,
        number=0,
        manifests="",
        status=ReleaseStatus.PENDING_INSTALL,
        reason="",
        updated_at=now,
    )


def _merged(before: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """``sent`` over ``before``, objects merged, as Helm does."""
    found = dict(before)
    for key, value in sent.items():
        old = found.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _merged(old, value)
        found[key] = value
    return found


async def delete(tx: Tx, caller: Caller, cluster_uid: str, namespace: str, name: str) -> None:
    """Promise a release's end, whatever state it is in. One that is being deleted is left alone.

    Raises ApiError: NOT_FOUND, WRONG_STATE, TASK_LIMIT.
    """
    await _steady(tx, caller, cluster_uid, phases=STEADY + _BROKEN)
    release, revision, _ = await show(tx, caller, cluster_uid, namespace, name, lock=True)
    if revision.status is not ReleaseStatus.DELETING:
        hooks = "false" if revision.parameters.get("no_hooks") else "true"
        job_uid = await _submit(tx, UNINSTALL_RELEASE, release, hooks=hooks)
        await store.set_job(tx, release.uid, job_uid=job_uid)
        await store.update(
            tx,
            release.uid,
            revision.revision,
            status=ReleaseStatus.DELETING,
            reason="",
            updated_at=clock.now(),
        )


async def show(
    tx: Tx,
    caller: Caller,
    cluster_uid: str,
    namespace: str,
    name: str,
    *,
    lock: bool = False,
) -> Found:
    """A release at its newest revision. Raises ApiError NOT_FOUND."""
    cluster = await clusters.show(tx, caller, cluster_uid)
    found = await store.get(
        tx, cluster.uid, namespace, name, project_id=caller.project_id, lock=lock
    )
    if found is None:
        raise ApiError(
            errors.NOT_FOUND,
            f"There is no release {name[:64]} in the namespace {namespace[:64]} of this cluster.",
        )
    return (*found, cluster)


async def _steady(
    tx: Tx,
    caller: Caller,
    uid: str,
    *,
    phases: tuple[ClusterPhase, ...] = STEADY,
    lock: bool = True,
) -> Cluster:
    cluster = await clusters.show(tx, caller, uid, lock=lock)
    check_phase(cluster, phases, "Change its releases when it is Available.")
    return cluster


async def archive_of(tx: Tx, chart: Chart) -> bytes:
    """The archive of a chart."""
    return b"".join([piece async for piece in charts_store.archive(tx, chart.uid)])


async def _submit(tx: Tx, job_type: JobType, release: Release, **arguments: str) -> str:
    return await jobs.submit(
        tx,
        Request(
            job_type=job_type,
            project_id=release.project_id,
            cluster_uid=release.cluster_uid,
            target=Target(release.uid, release.name),
            arguments=arguments,
        ),
    )
