"""What can be done with add-ons: one transaction each, refusals from the catalogue."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from clusterwright import clock, errors, ids
from clusterwright.cce.addons import documents, store
from clusterwright.cce.addons.job_types import (
    INSTALL_ADDON,
    ROLLBACK_ADDON,
    UNINSTALL_ADDON,
    UPGRADE_ADDON,
)
from clusterwright.cce.addons.spec import (
    called,
    changed,
    invalid,
    new,
    template_of,
    values_of,
    version_of,
)
from clusterwright.cce.addons.store import Addon, AddonStatus, Check, Installed
from clusterwright.cce.addons.templates import KNOWN, built_in, offered
from clusterwright.cce.addons.wire import (
    AddonsAtCreation,
    AddonToCheck,
    AddonToInstall,
    AddonToUpdate,
    UpgradeAddon,
)
from clusterwright.cce.clusters import store as clusters
from clusterwright.cce.clusters.extensions import Counts
from clusterwright.cce.clusters.operations import check_phase
from clusterwright.cce.clusters.store import STEADY, Cluster, ClusterPhase
from clusterwright.cce.nodes.documents import census as count_nodes
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs import store as jobs
from clusterwright.jobs.plan import JobType, Request
from clusterwright.jobs.tree import Target
from clusterwright.storage import limits
from clusterwright.storage.database import Tx

CHOICE = "cluster.install.addons/install"
"""Names the add-ons of a new cluster, in the place of the built-in ones (API reference, 7)."""
MORE = "cluster.install.addons.external/install"
"""Names add-ons that a new cluster has besides (API reference, 4.1)."""

_BROKEN = (ClusterPhase.ERROR, ClusterPhase.UNAVAILABLE)
_AT_REST = (
    AddonStatus.RUNNING,
    AddonStatus.AVAILABLE,
    AddonStatus.ABNORMAL,
    AddonStatus.UPGRADE_FAILED,
    AddonStatus.ROLLBACK_FAILED,
    AddonStatus.DELETE_FAILED,
)


async def cluster_of(tx: Tx, caller: Caller, uid: str, *, lock: bool = False) -> Cluster:
    """The cluster. Raises ApiError ADDON_NOT_FOUND for one that the caller's project has not."""
    found = await clusters.get(tx, uid, project_id=caller.project_id, lock=lock)
    if found is None or found.autopilot is not caller.autopilot:
        raise ApiError(errors.ADDON_NOT_FOUND, f"There is no cluster {uid[:64]} in this project.")
    return found


async def _steady_cluster(
    tx: Tx, caller: Caller, uid: str, *, phases: tuple[ClusterPhase, ...] = STEADY
) -> Cluster:
    cluster = await cluster_of(tx, caller, uid, lock=True)
    check_phase(cluster, phases, "Change its add-ons when it is Available.")
    return cluster


async def census(tx: Tx, cluster_uids: Sequence[str], *, project_id: str) -> Mapping[str, Counts]:
    """What many clusters tell of their nodes and add-ons; those without are left out."""
    if not cluster_uids:
        return {}
    found = dict(await count_nodes(tx, cluster_uids, project_id=project_id))
    for uid, name, version, status in await store.installed(
        tx, cluster_uids, project_id=project_id
    ):
        counts = found.get(uid, Counts())
        addon = {"addonTemplateName": name, "version": version, "status": str(status)}
        found[uid] = replace(counts, addons=(*counts.addons, addon))
    return found


async def show(
    tx: Tx, caller: Caller, uid: str, *, cluster_uid: str = "", lock: bool = False
) -> Addon:
    """The add-on.

    Raises ApiError ADDON_NOT_FOUND for one that the caller's project, or the cluster where one is
    named, has not.
    """
    found = await store.get(tx, uid, project_id=caller.project_id, lock=lock)
    if found is None or cluster_uid not in ("", found.cluster_uid):
        where = f"cluster {cluster_uid[:64]}" if cluster_uid else "this project"
        raise ApiError(errors.ADDON_NOT_FOUND, f"There is no add-on {uid[:64]} in {where}.")
    return found


async def install(tx: Tx, caller: Caller, asked: AddonToInstall) -> tuple[Addon, Cluster]:
    """Promise an add-on: the newest version that the cluster can have, unless one is asked for.

    Raises ApiError: ADDON_NOT_FOUND, ADDON_INVALID, ADDON_INSTALLED, WRONG_STATE.
    """
    cluster = await _steady_cluster(tx, caller, asked.spec.cluster_id)
    template = template_of(asked.spec.addon_template_name, offered(autopilot=cluster.autopilot))
    version = version_of(template, cluster.version, asked.spec.version)
    addon = called(new(cluster, template, version), asked.metadata)
    addon = replace(
        addon,
        status=AddonStatus.INSTALLING,
        installed_version="",
        parameters=values_of(template, asked.spec.values, "spec.values"),
    )
    addon = replace(addon, job_uid=await _submit(tx, INSTALL_ADDON, addon))
    try:
        await store.insert(tx, addon)
    except Installed:
        raise ApiError(
            errors.ADDON_INSTALLED,
            f"The cluster has {template.name} already. Update it, or uninstall it first.",
        ) from None
    return addon, cluster


async def add_built_in(tx: Tx, cluster: Cluster, annotations: Mapping[str, str]) -> None:
    """Give a new cluster the built-in add-ons, or those it chooses, and those it names.

    They need no job: they run as soon as their cluster is Available. Raises ApiError ADDON_INVALID
    for a name or a version that is not offered, and for an annotation that is no list of names.
    """
    chosen = {row.name: row for row in _named(cluster, annotations, CHOICE)}
    if CHOICE not in annotations:
        chosen = {
            each.name: new(cluster, each, version_of(each, cluster.version))
            for each in built_in(autopilot=cluster.autopilot)
        }
    chosen |= {row.name: row for row in _named(cluster, annotations, MORE)}
    if chosen:
        await store.insert(tx, *chosen.values())


def _named(cluster: Cluster, annotations: Mapping[str, str], annotation: str) -> Iterator[Addon]:
    """The add-ons that an annotation of a new cluster names."""
    where = f"metadata.annotations.{annotation}"
    known = offered(autopilot=True) if cluster.autopilot else KNOWN
    try:
        listed = json.loads(annotations.get(annotation, "[]"))
        asked = AddonsAtCreation.parse(json.dumps({"addons": listed}).encode())
    except (ValueError, RecursionError):
        raise invalid(where, 'Send [{"addonTemplateName":"…"}].') from None
    for place, entry in enumerate(asked.addons):
        here = f"{where}.{place}"
        template = template_of(entry.addon_template_name, known, f"{here}.addonTemplateName")
        version = version_of(template, cluster.version, entry.version, f"{here}.version")
        sent = {"custom": entry.extend_param} if entry.extend_param else entry.values
        values = values_of(template, sent, f"{here}.values")
        yield replace(new(cluster, template, version), parameters=values)


async def _submit(tx: Tx, job_type: JobType, addon: Addon) -> str:
    return await jobs.submit(
        tx,
        Request(
            job_type=job_type,
            project_id=addon.project_id,
            cluster_uid=addon.cluster_uid,
            target=Target(addon.uid, addon.name),
        ),
    )


async def _begin(tx: Tx, job_type: JobType, addon: Addon, status: AddonStatus) -> Addon:
    """Store the add-on in ``status`` with the job that works on it."""
    return await _keep(tx, addon, status, job_uid=await _submit(tx, job_type, addon))


async def _keep(tx: Tx, addon: Addon, status: AddonStatus, *, job_uid: str) -> Addon:
    begun = replace(addon, status=status, reason="", job_uid=job_uid, updated_at=clock.now())
    await store.update(
        tx,
        begun.uid,
        version=begun.version,
        previous_version=begun.previous_version,
        status=begun.status,
        reason=begun.reason,
        job_uid=begun.job_uid,
        given_name=begun.given_name,
        alias=begun.alias,
        annotations=begun.annotations,
        labels=begun.labels,
        parameters=begun.parameters,
        previous_parameters=begun.previous_parameters,
        updated_at=begun.updated_at,
    )
    return begun


async def update(tx: Tx, caller: Caller, uid: str, asked: AddonToUpdate) -> tuple[Addon, Cluster]:
    """Promise another version or other values.

    Raises ApiError: ADDON_NOT_FOUND, ADDON_INVALID, WRONG_STATE.
    """
    spec = asked.spec
    cluster = await _steady_cluster(tx, caller, spec.cluster_id)
    addon = _at_rest(await show(tx, caller, uid, cluster_uid=cluster.uid, lock=True))
    if spec.addon_template_name != addon.name:
        raise invalid("spec.addonTemplateName", f"The add-on is {addon.name}.")
    after = changed(addon, cluster.version, version=spec.version, values=spec.values, field="spec")
    after = called(after, asked.metadata)
    return await _begin(tx, UPGRADE_ADDON, after, AddonStatus.UPGRADING), cluster


def _at_rest(addon: Addon) -> Addon:
    if addon.status not in _AT_REST:
        raise ApiError(
            errors.WRONG_STATE,
            f"The add-on is {addon.status}. Change it when it is running, or uninstall it.",
        )
    return addon


async def planned(
    tx: Tx, cluster: Cluster, asked: Sequence[UpgradeAddon], *, kubernetes: str, field: str
) -> list[Addon]:
    """The add-ons that are to be upgraded with their cluster, locked, as they will be.

    ``kubernetes`` is the version that the cluster will have, ``field`` where the request names
    them. Raises ApiError: ADDON_INVALID, WRONG_STATE.
    """
    installed = await store.find(tx, cluster.uid, project_id=cluster.project_id, lock=True)
    known = {addon.name: addon for addon in installed}
    found = []
    for place, entry in enumerate(asked):
        here = f"{field}.{place}"
        addon = known.get(entry.addon_template_name)
        if addon is None:
            name = entry.addon_template_name[:64]
            raise invalid(f"{here}.addonTemplateName", f"The cluster has no add-on {name}.")
        found.append(
            changed(
                _at_rest(addon),
                kubernetes,
                version=entry.version,
                values=entry.values,
                field=here,
            )
        )
    return found


async def begin_with_cluster(tx: Tx, addons: Sequence[Addon], *, job_uid: str) -> None:
    """Show that a job of their cluster upgrades add-ons."""
    for addon in addons:
        await _keep(tx, addon, AddonStatus.UPGRADING, job_uid=job_uid)


async def rollback(tx: Tx, caller: Caller, uid: str, *, cluster_uid: str) -> tuple[Addon, Cluster]:
    """Promise the version and the values from before the last upgrade.

    Raises ApiError: ADDON_NOT_FOUND, WRONG_STATE.
    """
    cluster = await _steady_cluster(tx, caller, cluster_uid)
    addon = await show(tx, caller, uid, cluster_uid=cluster.uid, lock=True)
    if not documents.is_rollbackable(addon):
        raise ApiError(
            errors.WRONG_STATE, "There is no earlier version to go back to, or not at this moment."
        )
    after = replace(addon, version=addon.previous_version, parameters=addon.previous_parameters)
    return await _begin(tx, ROLLBACK_ADDON, after, AddonStatus.ROLLING_BACK), cluster


async def uninstall(
    tx: Tx, caller: Caller, uid: str, *, cluster_uid: str = ""
) -> tuple[Addon, Cluster]:
    """Promise the end of an add-on. One that is being uninstalled already is left alone.

    Raises ApiError: ADDON_NOT_FOUND, WRONG_STATE.
    """
    named = await show(tx, caller, uid, cluster_uid=cluster_uid)
    cluster = await _steady_cluster(tx, caller, named.cluster_uid, phases=STEADY + _BROKEN)
    addon = await show(tx, caller, uid, lock=True)
    if addon.status is not AddonStatus.DELETING:
        addon = await _begin(tx, UNINSTALL_ADDON, addon, AddonStatus.DELETING)
    return addon, cluster


async def check(tx: Tx, caller: Caller, cluster_uid: str, asked: list[AddonToCheck]) -> list[Check]:
    """Look at add-ons and keep what was found for a day.

    Raises ApiError: ADDON_NOT_FOUND, ADDON_INVALID.
    """
    cluster = await cluster_of(tx, caller, cluster_uid, lock=True)
    found = []
    for entry in asked:
        addon = await show(tx, caller, entry.addon_instance_id, cluster_uid=cluster_uid)
        if entry.type == "addonUpgrade" and not entry.target_version:
            raise invalid("spec.addonList.targetVersion", "Say which version to upgrade to.")
        found.append(
            Check(
                uid=ids.new_uid(),
                project_id=caller.project_id,
                cluster_uid=cluster_uid,
                addon_uid=addon.uid,
                name=addon.name,
                type=entry.type,
                target_version=entry.target_version or "",
                risk=_risk(cluster, addon, entry.target_version or ""),
                created_at=clock.now(),
            )
        )
    await store.insert_checks(tx, found)
    await store.forget_checks(
        tx,
        cluster_uid,
        before=clock.now() - documents.CHECK_LIFETIME,
        keep=limits.KEPT_ADDON_CHECKS,
    )
    return found


def _risk(cluster: Cluster, addon: Addon, target_version: str) -> str:
    if cluster.phase not in STEADY:
        return f"The cluster is {cluster.phase}."
    if addon.status is not AddonStatus.RUNNING:
        return f"The add-on is {addon.status}."
    fit = [known.version for known in KNOWN[addon.name].for_cluster(cluster.version)]
    if target_version and target_version not in fit:
        return f"Version {target_version} is not for {cluster.version}."
    return ""
