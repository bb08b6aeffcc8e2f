"""What people do with a job that is there: they cancel it, or resume it where it failed.

A job's document is final once the job has ended, for clients believe that (client notes, section
B5). So resuming makes another job, which continues the tree of the first: what was Success there is
Success here and does not run again (docs/decisions/0018).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from clusterwright import clock, errors, ids
from clusterwright.drivers import causes
from clusterwright.errors import ApiError
from clusterwright.jobs import events, store
from clusterwright.jobs.events import Message
from clusterwright.jobs.plan import Closed, JobType
from clusterwright.jobs.progress import Progress
from clusterwright.jobs.store import job_trees, jobs
from clusterwright.jobs.tree import CancelMode, Change, Job, JobPhase, failure
from clusterwright.jobs.wire import Rendering
from clusterwright.storage.database import Tx
from clusterwright.turns import parts, unhurried

_ROOT = sa.select(jobs.c.root_uid).where(
    jobs.c.uid == sa.bindparam("which"), jobs.c.project_id == sa.bindparam("project")
)
_HOLD = (
    sa.select(
        job_trees.c.finished_at,
        job_trees.c.cancel_reason,
        job_trees.c.cancel_mode,
        job_trees.c.continued_by,
        job_trees.c.arguments,
    )
    .where(job_trees.c.uid == sa.bindparam("which"))
    .with_for_update()
)

Types = Mapping[str, JobType]


async def _hold(tx: Tx, uid: str, project_id: str) -> Any:
    """The row of a top job's tree, locked. Raises ApiError: NOT_FOUND, JOB_STATE."""
    root = (await tx.execute(_ROOT, {"which": uid, "project": project_id})).scalar_one_or_none()
    if root is not None and root != uid:
        raise ApiError(errors.JOB_STATE, f"The job is part of job {root}. Name that one.")
    row = (await tx.execute(_HOLD, {"which": uid})).one_or_none() if root else None
    if row is None:
        raise ApiError(errors.NOT_FOUND, f"There is no job {uid[:64]} in this project.")
    return row


def may_cancel(job_type: JobType | None, phase: JobPhase) -> bool:
    """Whether a top job in this phase can be cancelled."""
    return not phase.is_final and job_type is not None and not job_type.stays


def may_resume(job_type: JobType | None, phase: JobPhase, continued_by: str | None) -> bool:
    """Whether a top job can be resumed, as far as the job itself tells."""
    resumable = job_type is not None and job_type.reopen is not None
    return phase is JobPhase.FAILED and resumable and continued_by is None


async def cancel(
    tx: Tx, types: Types, uid: str, *, project_id: str, mode: CancelMode, reason: str
) -> None:
    """Ask a top job to stop, and to fail with ``reason``: at once where it has not begun.

    Asking again changes nothing, but for asking to stop now where it was to end its steps. Raises
    ApiError: NOT_FOUND, JOB_STATE for a job that has ended otherwise and for one that stays.
    """
    row = await _hold(tx, uid, project_id)
    root = (await store.jobs_of(tx, uid))[0]
    if row.finished_at is not None:
        if row.cancel_mode is not None and root.phase is JobPhase.FAILED:
            return
        raise ApiError(
            errors.JOB_STATE, f"The job has ended in phase {root.phase}: there is nothing to stop."
        )
    job_type = types.get(root.type)
    if job_type is None or job_type.stays:
        why = job_type.stays if job_type else "This server does not know its type."
        raise ApiError(errors.JOB_STATE, f"A job {root.type} cannot be cancelled. {why}")
    values: dict[str, Any] = {}
    if row.cancel_reason is None:
        now = clock.now()
        values = {"cancel_reason": reason, "cancel_mode": mode, "cancel_requested_at": now}
    elif mode is CancelMode.NOW and row.cancel_mode == CancelMode.AFTER_STEP:
        values = {"cancel_mode": mode}
    if values:
        await tx.execute(sa.update(job_trees).where(job_trees.c.uid == uid).values(**values))
        await events.record(tx, root, messages=[_asked(uid, mode, reason)])
    if root.phase is JobPhase.INITIALIZING:
        await _end(tx, job_type, uid, row.cancel_reason or reason)


def _asked(uid: str, mode: CancelMode, reason: str) -> Message:
    told = {CancelMode.NOW: "now", CancelMode.AFTER_STEP: "when its running steps have ended"}
    return Message(uid, "warning", f"Asked to stop {told[mode]}: {reason}")


async def _end(tx: Tx, job_type: JobType, uid: str, reason: str) -> None:
    """Let a job of a held tree fail in which nothing was begun, and settle its resource.

    Whoever has just claimed it is fenced off. The engine finds it ended when it is its turn.
    """
    tree = await store.take_over(tx, uid)
    assert tree is not None, "its row is held"
    progress, rendering = Progress(), Rendering()
    async for job in unhurried(tree.jobs):
        progress.add(job)
        rendering.add(job)
    first, *rest = (leaf for leaf in tree.leaves() if not leaf.phase.is_final)
    undone = "Not started, because the job was cancelled."
    now = clock.now()
    changes = [
        failure(first, reason, causes.CANCELLED),
        *(Change(leaf.uid, JobPhase.FAILED, undone) for leaf in rest),
    ]
    async for part in parts(changes):
        advance = progress.after(part, now)
        changed = progress.in_new_phases(advance)
        progress.take(advance)
        for job in advance.jobs:
            rendering.replace(job)
        await store.record_jobs(tx, advance.jobs)
        await events.record(tx, progress.root, changed)
    await store.hold_and_show(tx, tree, progress.root, rendering.encode())
    await job_type.settle(tx, progress.root)


async def cancel_all(tx: Tx, cluster_uid: str, reason: str) -> None:
    """Ask every unfinished job of a cluster to stop soon, and to fail with ``reason``."""
    unfinished = (job_trees.c.cluster_uid == cluster_uid, job_trees.c.finished_at.is_(None))
    found = await tx.execute(
        sa.select(job_trees.c.uid, job_trees.c.cancel_mode)
        .where(*unfinished)
        .order_by(job_trees.c.id)
        .with_for_update()
    )
    for row in found.all():
        if row.cancel_mode != CancelMode.NOW:
            root = (await store.jobs_of(tx, row.uid))[0]
            await events.record(tx, root, messages=[_asked(row.uid, CancelMode.NOW, reason)])
    await tx.execute(
        sa.update(job_trees)
        .where(*unfinished)
        .values(
            cancel_reason=sa.func.coalesce(job_trees.c.cancel_reason, reason),
            cancel_mode=CancelMode.NOW,
            cancel_requested_at=sa.func.coalesce(job_trees.c.cancel_requested_at, clock.now()),
        )
    )


async def resume(tx: Tx, types: Types, uid: str, *, project_id: str) -> str:
    """Promise a job that continues a failed top job. Returns its uid, the same one each time.

    Raises ApiError: NOT_FOUND, JOB_STATE for a job that has not failed, and where the resource is
    not as the job left it; TASK_LIMIT.
    """
    row = await _hold(tx, uid, project_id)
    if row.continued_by is not None:
        return str(row.continued_by)
    before = await store.jobs_of(tx, uid)
    root = before[0]
    if root.phase is not JobPhase.FAILED:
        raise ApiError(
            errors.JOB_STATE, f"The job is {root.phase}: only a job that is Failed can be resumed."
        )
    job_type = types.get(root.type)
    if job_type is None or job_type.reopen is None:
        raise ApiError(errors.JOB_STATE, f"A job {root.type} cannot be resumed. Ask for a new one.")
    after = await store.plant(tx, _continued(before), row.arguments, continues=uid)
    await tx.execute(sa.update(job_trees).where(job_trees.c.uid == uid).values(continued_by=after))
    told = Message(uid, "info", f"Resumed: job {after} continues this one.")
    await events.record(tx, root, messages=[told])
    try:
        await job_type.reopen(tx, root, after)
    except Closed as closed:
        raise ApiError(errors.JOB_STATE, f"The job cannot be resumed. {closed}") from None
    return after


def _continued(before: Sequence[Job]) -> Iterator[Job]:
    """The jobs of a failed tree as they are to be done again, with uids of their own.

    What was Success stays as it was.
    """
    now = clock.now()
    uids = {job.uid: ids.new_uid() for job in before}
    for job in before:
        known = replace(
            job,
            uid=uids[job.uid],
            root_uid=uids[job.root_uid],
            parent_uid=uids[job.parent_uid] if job.parent_uid else None,
        )
        if job.phase is JobPhase.SUCCESS:
            yield known
            continue
        yield replace(
            known,
            phase=JobPhase.INITIALIZING,
            reason="",
            created_at=now,
            updated_at=now,
            started_at=None,
            ended_at=None,
            attempt=job.attempt + 1,
            cause=None,
        )


async def is_newest_of_kind(tx: Tx, job: Job, *, but: str) -> bool:
    """Whether no later top job did the same with the same resource; one aside, named by its uid."""
    later = sa.select(jobs.c.uid).where(
        jobs.c.parent_uid.is_(None),
        jobs.c.project_id == job.project_id,
        jobs.c.resource_id == job.target.resource_id,
        jobs.c.cluster_uid == job.cluster_uid,
        jobs.c.type == job.type,
        jobs.c.id > sa.select(jobs.c.id).where(jobs.c.uid == job.uid).scalar_subquery(),
        jobs.c.uid != but,
    )
    return (await tx.execute(later.limit(1))).one_or_none() is None
