"""What becomes of nodes when a job on them ends, or when another one continues it."""

from clusterwright import clock
from clusterwright.cce.clusters import store as clusters
from clusterwright.cce.clusters.job_types import hold_steady
from clusterwright.cce.clusters.store import STEADY, ClusterPhase
from clusterwright.cce.nodes import store
from clusterwright.cce.nodes.store import CREATING, NodePhase
from clusterwright.jobs.plan import Closed, Reopen
from clusterwright.jobs.tree import Job
from clusterwright.storage.database import Tx


async def show_scaling(tx: Tx, cluster_uid: str, *, project_id: str) -> None:
    """Make a steady cluster's phase tell what becomes of its nodes (API reference, 4.5).

    The cluster's row is locked from here on: who locks clusters and nodes does so in this order.
    """
    cluster = await clusters.get(tx, cluster_uid, project_id=project_id, lock=True)
    if cluster is None or cluster.phase not in STEADY:
        return
    nodes = await store.count(tx, project_id=project_id, cluster_uid=cluster_uid)
    if any(nodes[phase] for phase in CREATING):
        phase = ClusterPhase.SCALING_UP
    elif nodes[NodePhase.DELETING]:
        phase = ClusterPhase.SCALING_DOWN
    else:
        phase = ClusterPhase.AVAILABLE
    if phase is not cluster.phase:
        await clusters.update(tx, cluster_uid, phase=phase, updated_at=clock.now())


async def ended(tx: Tx, job: Job) -> None:
    """Nodes that the job has not brought to an end are in Error with its reason.

    They can be deleted; clusters show what remains to be done.
    """
    touched = await store.clusters_of(tx, job.uid, project_id=job.project_id)
    concerned = sorted(touched | {job.cluster_uid})
    for uid in concerned:
        await clusters.get(tx, uid, project_id=job.project_id, lock=True)
    await store.fail(tx, job_uid=job.uid, reason=job.reason, updated_at=clock.now())
    for uid in concerned:
        await show_scaling(tx, uid, project_id=job.project_id)


def works_again(phase: NodePhase) -> Reopen:
    """Nodes that a failed job left in Error are in ``phase`` while the one after it runs.

    One that is being made and has no server yet is in Build.
    """

    async def reopen(tx: Tx, job: Job, job_uid: str) -> None:
        if not await retake(tx, job, job_uid, phase):
            raise Closed("Its nodes are other jobs' by now, or are gone.")

    return reopen


async def retake(tx: Tx, job: Job, job_uid: str, phase: NodePhase) -> int:
    """Give the nodes that a failed job left in Error to another job, and let clusters show it.

    Tells how many there are. Raises Closed where a cluster of them must not change now.
    """
    touched = await store.clusters_of(tx, job.uid, project_id=job.project_id)
    concerned = sorted(touched | {job.cluster_uid})
    for uid in concerned:
        await hold_steady(tx, uid, project_id=job.project_id)
    found = await store.retake(
        tx, job_uid=job.uid, phase=phase, next_job=job_uid, updated_at=clock.now()
    )
    for uid in concerned:
        await show_scaling(tx, uid, project_id=job.project_id)
    return found
