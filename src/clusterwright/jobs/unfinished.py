"""The top jobs that have not ended: what the engine must have in its queue, or at work."""

from dataclasses import dataclass

import sqlalchemy as sa

from clusterwright.jobs.store import job_trees, jobs
from clusterwright.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A top job that has not ended, as the engine must know it to queue it again."""

    uid: str
    cluster_uid: str
    sequence: int


async def find(tx: Tx, *, submitted_before: int) -> list[Unfinished]:
    """The top jobs submitted before a time (ns) that have not ended."""
    rows = await tx.execute(
        sa.select(job_trees.c.uid, job_trees.c.cluster_uid, job_trees.c.sequence)
        .join(jobs, jobs.c.uid == job_trees.c.uid)
        .where(job_trees.c.finished_at.is_(None), jobs.c.created_at < submitted_before)
    )
    return [Unfinished(row.uid, row.cluster_uid, row.sequence) for row in rows]
