"""What can be done with clusters: one transaction each, refusals from the catalogue."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import uuid4

from clusterwright import clock, errors, ids
from clusterwright.cce.clusters import store
from clusterwright.cce.clusters.changes import merged
from clusterwright.cce.clusters.extensions import AddressHolder
from clusterwright.cce.clusters.job_types import CREATE_CLUSTER, DELETE_CLUSTER, MASTERS
from clusterwright.cce.clusters.ranges import ROUTED
from clusterwright.cce.clusters.spec import (
    check,
    complete,
    invalid,
    named,
    public_address,
    ranges_of,
    routed_vpc,
    size_of,
)
from clusterwright.cce.clusters.store import STEADY, Cluster, ClusterPhase, NameTaken
from clusterwright.cce.clusters.wire import ClusterToCreate, ClusterToUpdate, Spec
from clusterwright.cce.offers import AUTOPILOT_FLAVOR, DEFAULT_FLAVOR, VERSIONS
from clusterwright.cce.surroundings import checks
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs import actions
from clusterwright.jobs import store as jobs
from clusterwright.jobs.plan import JobType, Request
from clusterwright.jobs.tree import Target
from clusterwright.storage import projects
from clusterwright.storage.database import Tx

DELETE_CHOICES = ("true", "block", "try", "false", "skip")


async def create(
    tx: Tx,
    caller: Caller,
    asked: ClusterToCreate,
    *,
    driver: str,
    versions: Sequence[str] = VERSIONS,
    quota: int,
    trusting: bool,
) -> Cluster:
    """Promise a new cluster: its row in phase Creating and its whole job, or nothing.

    ``trusting`` says whether networks that were not made here are believed in.

    ``versions`` are those that the driver can run, the default first. Raises ApiError:
    INVALID_REQUEST, VERSION_NOT_SUPPORTED, CIDR_CONFLICT, ALREADY_EXISTS, CLUSTER_QUOTA.
    """
    if caller.autopilot and asked.spec.flavor is None:
        asked.spec.flavor = AUTOPILOT_FLAVOR
    if (asked.spec.flavor == AUTOPILOT_FLAVOR) is not caller.autopilot:
        raise invalid(
            "spec.flavor", f"Paths below /autopilot take {AUTOPILOT_FLAVOR}, all others do not."
        )
    check(asked.spec, versions)
    flavor = asked.spec.flavor or DEFAULT_FLAVOR
    masters = [str(uuid4()) for _ in range(size_of(flavor).masters)]
    uid = ids.new_uid()
    job_uid = await jobs.submit(
        tx,
        Request(
            job_type=CREATE_CLUSTER,
            project_id=caller.project_id,
            cluster_uid=uid,
            target=Target(uid, asked.metadata.name, {"serverID": masters[0]}),
            groups={MASTERS: tuple(Target(m, "", {"serverID": m}) for m in masters)},
            driver=driver,
        ),
    )
    # After the job and before the cluster: the order of locks. Nobody else chooses a range now.
    used = await projects.hold(tx, caller.project_id, adding=1)
    taken = await _taken(tx, caller.project_id, asked.spec)
    vpc = asked.spec.host_network.vpc
    subnets = await checks.ranges(tx, vpc, project_id=caller.project_id)
    name, alias = asked.metadata.name, asked.metadata.alias or asked.metadata.name
    try:
        spec = complete(asked.spec, taken, versions, subnets)
    except ApiError as refusal:
        # Whoever asks again after a lost answer learns that the cluster is there.
        if refusal.error is errors.CIDR_CONFLICT and await store.are_taken(
            tx, caller.project_id, (name, alias)
        ):
            raise _name_taken(name, alias) from None
        raise
    now = clock.now()
    cluster = Cluster(
        uid=uid,
        project_id=caller.project_id,
        name=name,
        alias=alias,
        type=spec["type"],
        version=spec["version"],
        phase=ClusterPhase.CREATING,
        reason="",
        job_uid=job_uid,
        driver=driver,
        masters=masters,
        endpoint="",
        timezone=asked.metadata.timezone or "",
        spec=spec,
        eip=public_address(spec),
        created_at=now,
        updated_at=now,
    )
    if used > quota:
        detail = f"This project may have {quota} clusters. Delete one first."
        raise ApiError(errors.CLUSTER_QUOTA, detail)
    try:
        await store.insert(tx, cluster)
    except NameTaken:
        raise _name_taken(name, alias) from None
    if routed_vpc(spec):
        await store.add_ranges(tx, cluster, vpc, ranges_of(spec))
    around = named(asked.spec, spec)
    await checks.check(tx, around, project_id=caller.project_id, trusting=trusting)
    return cluster


async def check_address(
    tx: Tx, cluster: Cluster, address: str, holder: AddressHolder, field: str
) -> None:
    """Make sure that no node and no other cluster has a public address.

    Raises ApiError INVALID_REQUEST.
    """
    user = await holder(tx, address, project_id=cluster.project_id)
    for other in await store.find(tx, project_id=cluster.project_id):
        if other.uid != cluster.uid and other.eip and address in other.eip.values():
            user = f"the cluster {other.name}"
    if user:
        raise invalid(field, f"{address} is in use by {user}. Release it first.")


async def _taken(tx: Tx, project_id: str, asked: Spec) -> list[str]:
    """The container ranges that a new cluster must keep out of."""
    if asked.container_network.mode != ROUTED:
        return []
    return await store.ranges_in_vpc(tx, asked.host_network.vpc, project_id=project_id)


def _name_taken(name: str, alias: str) -> ApiError:
    names = " or ".join(dict.fromkeys((name, alias)))
    return ApiError(
        errors.ALREADY_EXISTS,
        f"A cluster with the name or alias {names} exists in this project. Choose another.",
    )


async def show(tx: Tx, caller: Caller, uid: str, *, lock: bool = False) -> Cluster:
    """The cluster. Raises ApiError NOT_FOUND when the project has none, or one of the other kind.

    Clusters without nodes are known to those alone who ask below ``/autopilot``, and others there
    to nobody.
    """
    cluster = await store.get(tx, uid, project_id=caller.project_id, lock=lock)
    if cluster is None or cluster.autopilot is not caller.autopilot:
        raise ApiError(errors.NOT_FOUND, f"There is no cluster {uid[:64]} in this project.")
    return cluster


async def get_in_phase(
    tx: Tx, caller: Caller, uid: str, allowed: Collection[ClusterPhase]
) -> Cluster:
    """The cluster, locked, in one of these phases. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    cluster = await show(tx, caller, uid, lock=True)
    check_phase(cluster, allowed, f"This needs it to be {' or '.join(allowed)}.")
    return cluster


def check_phase(cluster: Cluster, allowed: Collection[ClusterPhase], advice: str) -> None:
    """Make sure that a cluster is in one of these phases. Raises ApiError WRONG_STATE."""
    if cluster.phase not in allowed:
        raise ApiError(errors.WRONG_STATE, f"The cluster is {cluster.phase}. {advice}")


async def get_alive(tx: Tx, caller: Caller, uid: str) -> Cluster:
    """The cluster, locked and not on its way out. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    cluster = await show(tx, caller, uid, lock=True)
    if cluster.phase is ClusterPhase.DELETING:
        raise ApiError(errors.WRONG_STATE, "The cluster is being deleted.")
    return cluster


async def begin(
    tx: Tx,
    cluster: Cluster,
    job_type: JobType,
    phase: ClusterPhase,
    arguments: Mapping[str, str] | None = None,
    groups: Mapping[str, tuple[Target, ...]] | None = None,
) -> str:
    """Promise a job that holds the whole cluster, and show it in the cluster's phase."""
    job_uid = await submit(tx, cluster, job_type, arguments or {}, groups)
    await store.update(
        tx, cluster.uid, phase=phase, reason="", job_uid=job_uid, updated_at=clock.now()
    )
    return job_uid


async def submit(
    tx: Tx,
    cluster: Cluster,
    job_type: JobType,
    arguments: Mapping[str, str],
    groups: Mapping[str, tuple[Target, ...]] | None = None,
) -> str:
    """Promise a job on the cluster, whose phase does not show it. Returns the job's uid."""
    request = Request(
        job_type=job_type,
        project_id=cluster.project_id,
        cluster_uid=cluster.uid,
        target=Target(cluster.uid, cluster.name),
        groups=groups or {},
        arguments=arguments,
    )
    return await jobs.submit(tx, request)


async def update(
    tx: Tx,
    caller: Caller,
    uid: str,
    asked: ClusterToUpdate,
    *,
    trusting: bool,
) -> Cluster:
    """Change what may change: the alias and a few fields of the spec.

    An absent key means leave as is. ``trusting`` says whether networks that were not made here are
    believed in.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST for a field that cannot change,
    ALREADY_EXISTS.
    """
    alias = asked.metadata.alias if asked.metadata is not None else None
    network = asked.spec.container_network if asked.spec is not None else None
    if alias is not None or network is not None:
        await projects.hold(tx, caller.project_id)
    cluster = await show(tx, caller, uid, lock=True)
    changed = replace(cluster, updated_at=clock.now())
    if asked.spec is not None and asked.spec.model_fields_set | set(asked.spec.model_extra or ()):
        if cluster.phase not in STEADY:
            raise ApiError(
                errors.WRONG_STATE,
                f"The cluster is {cluster.phase}. Change its spec when it is Available.",
            )
        vpc = routed_vpc(cluster.spec) if network is not None else ""
        taken = await store.ranges_in_vpc(tx, vpc, project_id=caller.project_id, but=uid)
        changed = replace(changed, spec=merged(cluster.spec, asked.spec, taken))
        if vpc and ranges_of(changed.spec) != ranges_of(cluster.spec):
            await store.keep_ranges(tx, changed, vpc, ranges_of(changed.spec))
        around = named(asked.spec, changed.spec)
        await checks.check(tx, around, project_id=caller.project_id, trusting=trusting)
    elif cluster.phase is ClusterPhase.DELETING:
        raise ApiError(errors.WRONG_STATE, "The cluster is being deleted.")
    if alias is not None:
        changed = replace(changed, alias=alias)
        try:
            await store.rename(tx, changed)
        except NameTaken:
            raise _name_taken(changed.name, changed.alias) from None
    await store.update(
        tx, uid, alias=changed.alias, spec=changed.spec, updated_at=changed.updated_at
    )
    return changed


async def delete(
    tx: Tx, caller: Caller, uid: str, *, options: Mapping[str, str]
) -> tuple[Cluster, str]:
    """Promise the end of a cluster, from any state. Returns it as it was, and the job's uid.

    Raises ApiError: NOT_SUPPORTED, NOT_FOUND, DELETION_PROTECTED, WRONG_STATE for a cluster that
    sleeps or is about to; and AlreadyDeleting, which carries the job to answer with.
    """
    if options.get("tobedeleted") == "true":
        raise ApiError(
            errors.NOT_SUPPORTED,
            "query.tobedeleted concerns prepaid clusters, which this server does not have.",
        )
    await show(tx, caller, uid)
    # Before the cluster's row is locked: a worker locks the job first and the cluster then.
    await actions.cancel_all(tx, uid, "The cluster is being deleted.")
    cluster = await show(tx, caller, uid, lock=True)
    if cluster.phase is ClusterPhase.DELETING:
        raise AlreadyDeleting(cluster)
    if cluster.spec.get("deletionProtection"):
        raise ApiError(
            errors.DELETION_PROTECTED, "Set spec.deletionProtection to false before deleting it."
        )
    if cluster.phase is ClusterPhase.SCALING_UP:
        raise ApiError(
            errors.NODE_BEING_CREATED, "Delete the cluster when its nodes are made or have failed."
        )
    if cluster.phase in (ClusterPhase.HIBERNATING, ClusterPhase.HIBERNATION):
        raise ApiError(
            errors.WRONG_STATE,
            f"The cluster is in {cluster.phase}. Awake it before deleting it.",
        )
    return cluster, await begin(tx, cluster, DELETE_CLUSTER, ClusterPhase.DELETING, options)


class AlreadyDeleting(Exception):
    """The cluster is on its way out; the transaction that found out must change nothing."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.uid)
        self.cluster = cluster
