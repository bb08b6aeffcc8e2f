"""Jobs as rows, the truth that every read is served from.

``jobs`` holds one row per node of a tree; ``job_trees`` one per top job, with its rendered document
and what the engine needs. Whoever works on a tree holds its *epoch*: taking the tree over raises
it, and every later write of the old worker is refused, in the same transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult

from clusterwright import clock, errors, ids
from clusterwright.errors import ApiError
from clusterwright.jobs import events, wire
from clusterwright.jobs.plan import Request, unfold
from clusterwright.jobs.tree import CancelMode, Job, JobPhase, Stop, Target, Tree
from clusterwright.storage import limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.turns import parts, unhurried

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("uid", sa.String(36), nullable=False, unique=True),
    sa.Column("root_uid", sa.String(36), nullable=False, index=True),
    sa.Column("parent_uid", sa.String(36)),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("cluster_uid", sa.String(36), nullable=False),
    sa.Column("resource_id", sa.String(64), nullable=False),
    sa.Column("resource_name", sa.String(128), nullable=False),
    sa.Column("extend_param", sa.JSON, nullable=False),
    sa.Column("phase", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="1"),
    sa.Column("cause", sa.JSON(none_as_null=True)),
)


def _history(name: str, *columns: sa.Column[Any]) -> None:
    """An index of the top jobs of a project, newest last, by what they may be asked for."""
    ordered = (jobs.c.project_id, *columns, jobs.c.created_at, jobs.c.id)
    is_top = jobs.c.parent_uid.is_(None)
    sa.Index(f"ix_jobs_top_{name}", *ordered, postgresql_where=is_top, sqlite_where=is_top)


_history("time")
_history("phase", jobs.c.phase)
_history("type", jobs.c.type, jobs.c.phase)
_history("cluster", jobs.c.cluster_uid)
_history("resource", jobs.c.resource_id)

job_trees = sa.Table(
    "job_trees",
    metadata,
    # An integer key keeps a million documents in the order of their making: reads touch fewer
    # pages.
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("uid", sa.String(36), nullable=False, unique=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("cluster_uid", sa.String(36), nullable=False, index=True),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("cancel_reason", sa.Text),
    sa.Column("arguments", sa.JSON, nullable=False),
    sa.Column("finished_at", sa.BigInteger, index=True),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("driver", sa.String(32)),
    sa.Column("continues", sa.String(36)),
    sa.Column("continued_by", sa.String(36)),
    sa.Column("cancel_mode", sa.String(16)),
    sa.Column("cancel_requested_at", sa.BigInteger),
    sa.Index("ix_job_trees_project_id", "project_id", "id"),
)


class Superseded(Exception):
    """Another worker has taken this tree over, or it has ended; stop working on it."""


_INSERT_JOBS = sa.insert(jobs)
_INSERT_TREE = sa.insert(job_trees)
_QUEUE = sa.select(
    sa.func.coalesce(sa.func.max(job_trees.c.sequence), 0).label("last"),
    sa.func.count(
        sa.case((job_trees.c.finished_at.is_(None) & job_trees.c.cancel_reason.is_(None), 1))
    ).label("unfinished"),
    sa.func.max(job_trees.c.driver).label("driver"),
).where(job_trees.c.cluster_uid == sa.bindparam("cluster_uid"))
_TAKE_OVER = (
    sa.update(job_trees)
    .where(job_trees.c.uid == sa.bindparam("which"))
    .values(epoch=job_trees.c.epoch + 1)
    .returning(
        job_trees.c.epoch, job_trees.c.arguments, job_trees.c.finished_at, job_trees.c.driver
    )
)
PAGE = 100
# In the order of their making, which is that of the tree: the index has it, and pages need no sort.
_TREE = (
    sa.select(jobs)
    .where(jobs.c.root_uid == sa.bindparam("root_uid"), jobs.c.id > sa.bindparam("last"))
    .order_by(jobs.c.id)
    .limit(PAGE)
)
_LOOK = sa.select(job_trees.c.epoch, job_trees.c.cancel_reason, job_trees.c.cancel_mode).where(
    job_trees.c.uid == sa.bindparam("which")
)
_HOLD = _LOOK.with_for_update()
_RECORD_JOB = (
    sa.update(jobs)
    .where(jobs.c.uid == sa.bindparam("which"))
    .values(
        phase=sa.bindparam("phase"),
        reason=sa.bindparam("reason"),
        updated_at=sa.bindparam("updated_at"),
        started_at=sa.bindparam("started_at"),
        ended_at=sa.bindparam("ended_at"),
        cause=sa.bindparam("cause"),
    )
)
_RECORD_TREE = (
    sa.update(job_trees)
    .where(
        job_trees.c.uid == sa.bindparam("which"),
        job_trees.c.epoch == sa.bindparam("taken"),
        # Or a commit whose answer was lost would be tried again, and settle what it has settled.
        job_trees.c.finished_at.is_(None),
    )
    .values(
        document=sa.bindparam("document"),
        finished_at=sa.bindparam("finished_at"),
        driver=sa.func.coalesce(sa.bindparam("driver"), job_trees.c.driver),
    )
    .returning(job_trees.c.cancel_reason, job_trees.c.cancel_mode)
)
_LARGE = 200_000
"""Bytes of a document that takes longer to write than one turn of the event loop."""
_NEWEST = (
    sa.select(job_trees.c.id)
    .where(job_trees.c.project_id == sa.bindparam("project"))
    .order_by(job_trees.c.id.desc())
    .limit(sa.bindparam("most"))
)
# One at a time: the document of a large job takes as long as those of a thousand small ones.
_DOCUMENT = sa.select(job_trees.c.document).where(job_trees.c.id == sa.bindparam("number"))


async def submit(tx: Tx, request: Request) -> str:
    """Write the whole tree down and promise it to the engine, in this transaction.

    Returns the top uid. Jobs of one cluster run one at a time, in the order of their submission.
    Raises ApiError TASK_LIMIT when many of them wait already.
    """
    tree = unfold(request, new_uid=ids.new_uid, now=clock.now())
    return await plant(tx, tree, request.arguments, driver=request.driver)


async def plant(
    tx: Tx,
    tree: Iterator[Job],
    arguments: Mapping[str, str],
    *,
    driver: str | None = None,
    continues: str | None = None,
) -> str:
    """As ``submit``, of jobs in stored order; ``continues`` names the tree that failed before."""
    root = next(tree)
    sequence, known_driver = await _queue(tx, root.cluster_uid)
    rendering = wire.Rendering()
    async for part in parts(chain([root], tree)):
        await tx.execute(_INSERT_JOBS, [_row(job) for job in part])
        for job in part:
            rendering.add(job)
    await _write_tree(
        tx,
        _INSERT_TREE,
        uid=root.uid,
        project_id=root.project_id,
        cluster_uid=root.cluster_uid,
        sequence=sequence,
        epoch=0,
        arguments=dict(arguments),
        document=rendering.encode(),
        driver=known_driver or driver,
        continues=continues,
    )
    await events.record(tx, root, [root])
    await tx.promise(uid=root.uid, cluster_uid=root.cluster_uid, sequence=sequence)
    return root.uid


async def _queue(tx: Tx, cluster_uid: str) -> tuple[int, str | None]:
    """The next place in a cluster's queue, and the driver of the jobs before it."""
    queue = (await tx.execute(_QUEUE, {"cluster_uid": cluster_uid})).one()
    if queue.unfinished >= limits.MOST_UNFINISHED_JOBS:
        raise ApiError(
            errors.TASK_LIMIT,
            f"{queue.unfinished} jobs of this cluster have not ended. Try again when some have.",
        )
    return int(queue.last) + 1, queue.driver


async def take_over(tx: Tx, root_uid: str) -> Tree | None:
    """The tree, now this worker's: all earlier workers are fenced off. None for an unknown job."""
    taken = (await tx.execute(_TAKE_OVER, {"which": root_uid})).one_or_none()
    if taken is None:
        return None
    return Tree(
        epoch=taken.epoch,
        jobs=await jobs_of(tx, root_uid),
        arguments=taken.arguments,
        finished=taken.finished_at is not None,
        driver=taken.driver or "",
    )


async def jobs_of(tx: Tx, root_uid: str) -> tuple[Job, ...]:
    """The jobs of a tree in stored order."""
    found: list[Job] = []
    last = -1
    while page := (await tx.execute(_TREE, {"root_uid": root_uid, "last": last})).all():
        found += map(_job, page)
        if len(page) < PAGE:
            break
        last = page[-1].id
        await asyncio.sleep(0)
    return tuple(found)


async def hold(tx: Tx, tree: Tree) -> Stop | None:
    """Make sure that ``tree`` is ours until this transaction ends; tells whether to stop.

    Raises Superseded when another worker has taken it over.
    """
    return await _ours(tx, tree, _HOLD)


async def look(tx: Tx, tree: Tree) -> Stop | None:
    """As ``hold``, for those who change nothing here: it may be another worker's a moment later."""
    return await _ours(tx, tree, _LOOK)


async def _ours(tx: Tx, tree: Tree, statement: sa.Select[Any]) -> Stop | None:
    row = (await tx.execute(statement, {"which": tree.root.uid})).one_or_none()
    if row is None or row.epoch != tree.epoch:
        raise Superseded(tree.root.uid)
    return _stop(row)


async def record(tx: Tx, before: Tree, after: Tree) -> None:
    """Store what has changed between two states of a held tree, and its document with it."""
    changed = [new for old, new in zip(before.jobs, after.jobs, strict=True) if old != new]
    await hold_and_show(tx, before, after.root, wire.encode(after.jobs))
    await record_jobs(tx, changed)
    await events.record(tx, after.root, changed)


async def record_jobs(tx: Tx, changed: Iterable[Job]) -> None:
    """Store the phases of jobs of a held tree."""
    async for part in parts(changed):
        await tx.execute(
            _RECORD_JOB,
            [
                {
                    "which": job.uid,
                    "phase": job.phase,
                    "reason": job.reason,
                    "updated_at": job.updated_at,
                    "started_at": job.started_at,
                    "ended_at": job.ended_at,
                    "cause": job.cause,
                }
                for job in part
            ],
        )


async def hold_and_show(
    tx: Tx, tree: Tree, root: Job, document: bytes, *, driver: str = ""
) -> Stop | None:
    """As ``hold``, and store the document, whose top job is ``root``, and the driver once known.

    Raises Superseded as well for a tree that has ended.
    """
    finished_at = root.updated_at if root.phase.is_final else None
    tx.change(root.uid)
    written = await _write_tree(
        tx,
        _RECORD_TREE,
        which=root.uid,
        taken=tree.epoch,
        document=document,
        finished_at=finished_at,
        driver=driver or None,
    )
    row = written.one_or_none()
    if row is None:
        raise Superseded(root.uid)
    return _stop(row)


async def _write_tree(
    tx: Tx, statement: sa.Executable, *, document: bytes, **values: Any
) -> CursorResult[Any]:
    execute = tx.execute_large if len(document) > _LARGE else tx.execute
    return await execute(statement, values | {"document": document})


def _stop(row: Any) -> Stop | None:
    if row.cancel_reason is None:
        return None
    return Stop(row.cancel_reason, CancelMode(row.cancel_mode or CancelMode.NOW))


async def newest(tx: Tx, *, project_id: str, limit: int) -> AsyncIterator[bytes]:
    """The documents of a project's newest top jobs, newest first."""
    found = await tx.execute(_NEWEST, {"project": project_id, "most": limit})
    async for number in unhurried(found.scalars().all()):
        yield (await tx.execute(_DOCUMENT, {"number": number})).scalar_one()


async def document(tx: Tx, uid: str, *, project_id: str) -> bytes | None:
    """The document of a job of this project, top job or sub-job, or None."""
    found: bytes | None = (
        await tx.execute(
            sa.select(job_trees.c.document)
            .join(jobs, jobs.c.root_uid == job_trees.c.uid)
            .where(jobs.c.uid == uid, jobs.c.project_id == project_id)
        )
    ).scalar_one_or_none()
    return wire.find(found, uid) if found else None


_ROOT = sa.select(jobs.c.root_uid).where(
    jobs.c.uid == sa.bindparam("which"), jobs.c.project_id == sa.bindparam("project")
)


async def root_of(tx: Tx, uid: str, *, project_id: str) -> str | None:
    """The top uid of a job of this project, or None."""
    found = await tx.execute(_ROOT, {"which": uid, "project": project_id})
    return found.scalar_one_or_none()


def _row(job: Job) -> dict[str, Any]:
    return {
        "uid": job.uid,
        "root_uid": job.root_uid,
        "parent_uid": job.parent_uid,
        "position": job.position,
        "type": job.type,
        "project_id": job.project_id,
        "cluster_uid": job.cluster_uid,
        "resource_id": job.target.resource_id,
        "resource_name": job.target.resource_name,
        "extend_param": dict(job.target.extend_param),
        "phase": job.phase,
        "reason": job.reason,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "attempt": job.attempt,
        "cause": job.cause,
    }


def _job(row: Any) -> Job:
    return Job(
        uid=row.uid,
        root_uid=row.root_uid,
        parent_uid=row.parent_uid,
        position=row.position,
        type=row.type,
        project_id=row.project_id,
        cluster_uid=row.cluster_uid,
        target=Target(row.resource_id, row.resource_name, row.extend_param),
        phase=JobPhase(row.phase),
        reason=row.reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        attempt=row.attempt,
        cause=row.cause,
    )
