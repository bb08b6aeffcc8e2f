"""Jobs that are no longer wanted: asked for one by one, or ended long ago.

A tree's own row is locked before its jobs, as whoever works on it does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import sqlalchemy as sa

from clusterwright import clock
from clusterwright.jobs.events import job_events
from clusterwright.jobs.store import PAGE, job_trees, jobs
from clusterwright.settings import Settings
from clusterwright.storage.database import Database, Tx
from clusterwright.turns import unhurried

_REMOVE_JOBS = sa.delete(jobs).where(
    jobs.c.id.in_(sa.select(jobs.c.id).where(jobs.c.root_uid == sa.bindparam("which")).limit(PAGE))
)
_REMOVE_EVENTS = sa.delete(job_events).where(
    job_events.c.id.in_(
        sa.select(job_events.c.id).where(job_events.c.root_uid == sa.bindparam("which")).limit(PAGE)
    )
)
_REMOVE_TREE = sa.delete(job_trees).where(job_trees.c.uid == sa.bindparam("which"))
_MOST_SWEPT = 10_000
"""Jobs that one transaction forgets, about: others wait to write meanwhile."""
_LOOKED_AT = 500
"""Workflows of the engine that one round looks at."""


def _left_over(table: str) -> sa.TextClause:
    return sa.text(
        "SELECT workflow_uuid, status NOT IN ('ENQUEUED', 'PENDING', 'DELAYED') AND NOT EXISTS"
        " (SELECT 1 FROM job_trees WHERE job_trees.uid = workflow_uuid) AS is_left_over"
        f" FROM {table} WHERE workflow_uuid > :last ORDER BY workflow_uuid LIMIT :most"
    )


# The engine's own table.
_LEFT_OVER_SQLITE = _left_over("workflow_status")
_LEFT_OVER_POSTGRESQL = _left_over("dbos.workflow_status")


class StillRunning(Exception):
    """The job has not ended."""


class PartOfTree(Exception):
    """The job is not a top job; the text is the uid of its top job."""


async def forget(tx: Tx, uid: str, *, project_id: str) -> bool:
    """Forget a top job that has ended; tells whether it was there.

    Raises StillRunning, or PartOfTree for a sub-job.
    """
    row = (
        await tx.execute(
            sa.select(job_trees.c.uid, job_trees.c.finished_at)
            .join(jobs, jobs.c.root_uid == job_trees.c.uid)
            .where(jobs.c.uid == uid, jobs.c.project_id == project_id)
        )
    ).one_or_none()
    if row is None:
        return False
    if row.uid != uid:
        raise PartOfTree(row.uid)
    if row.finished_at is None:
        raise StillRunning
    await remove(tx, uid)
    return True


async def remove(tx: Tx, root_uid: str) -> int:
    """Forget a tree, ended or not, whose row is locked first; tells how many jobs it had."""
    tx.change(root_uid)
    await tx.execute(_REMOVE_TREE, {"which": root_uid})
    await _all(tx, _REMOVE_EVENTS, root_uid)
    return await _all(tx, _REMOVE_JOBS, root_uid)


async def _all(tx: Tx, statement: sa.Delete, root_uid: str) -> int:
    """Remove all rows of a tree, page by page."""
    removed = 0
    while count := (await tx.execute(statement, {"which": root_uid})).rowcount:
        removed += count
        if count < PAGE:
            break
        await asyncio.sleep(0)
    return removed


async def sweep(tx: Tx, *, finished_before: int, limit: int = 500) -> list[str]:
    """Forget up to ``limit`` jobs that ended before a time (ns), and return their top uids.

    They are fewer where they have many sub-jobs.
    """
    old = (
        await tx.execute(
            sa.select(job_trees.c.uid)
            .where(job_trees.c.finished_at < finished_before)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).scalars()
    swept: list[str] = []
    removed = 0
    async for uid in unhurried(old.all()):
        removed += await remove(tx, uid)
        swept.append(uid)
        if removed > _MOST_SWEPT:
            break
    return swept


async def left_over(tx: Tx, *, last: str) -> tuple[list[str], str]:
    """The engine's workflows that have ended and whose job is forgotten, by their uids.

    They are looked for among the next few after the uid ``last``. Returns where to go on, too.
    """
    statement = _LEFT_OVER_SQLITE if tx.is_sqlite else _LEFT_OVER_POSTGRESQL
    rows = (await tx.execute(statement, {"last": last, "most": _LOOKED_AT})).all()
    found = [row.workflow_uuid for row in rows if row.is_left_over]
    return found, rows[-1].workflow_uuid if len(rows) == _LOOKED_AT else ""


class Sweeper:
    """Forgets what nobody wants any more, here and at the engine."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        forget: Callable[[list[str]], Awaitable[object]],
    ) -> None:
        """``forget`` deletes the engine's workflows of jobs, by their uids."""
        self._database = database
        self._retention = timedelta(days=settings.job_retention_days).total_seconds()
        self._forget = forget
        self._last = ""

    async def sweep(self) -> None:
        """Forget the jobs that ended long ago, and a part of what the engine keeps of others."""
        await self._sweep_jobs()
        async with self._database.reading() as tx:
            left, self._last = await left_over(tx, last=self._last)
        if left:
            await self._forget(left)

    async def _sweep_jobs(self) -> None:
        while True:
            async with self._database.transaction() as tx:
                old = await sweep(tx, finished_before=clock.now() - int(self._retention * 1e9))
            if not old:
                return
            await self._forget(old)
