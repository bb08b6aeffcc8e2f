"""Jobs as they are read by people: one in full, and the history of a project."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from clusterwright.jobs.events import job_events
from clusterwright.jobs.store import job_trees, jobs
from clusterwright.jobs.tree import JobPhase
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried

_ONE_SNAPSHOT = sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
_ROOT = sa.select(jobs.c.root_uid, jobs.c.position).where(
    jobs.c.uid == sa.bindparam("which"), jobs.c.project_id == sa.bindparam("project")
)
_LAST = (
    sa.select(job_events.c.revision, job_events.c.progress)
    .where(job_events.c.root_uid == sa.bindparam("which"))
    .order_by(job_events.c.revision.desc())
    .limit(1)
)
_TREE = sa.select(
    job_trees.c.uid,
    job_trees.c.driver,
    job_trees.c.continues,
    job_trees.c.continued_by,
    job_trees.c.cancel_mode,
    job_trees.c.cancel_reason,
    job_trees.c.cancel_requested_at,
    job_trees.c.finished_at,
    jobs.c.type,
).where(jobs.c.uid == job_trees.c.uid, job_trees.c.uid == sa.bindparam("which"))
PAGE = 500
_JOBS = (
    sa.select(jobs)
    .where(jobs.c.root_uid == sa.bindparam("which"), jobs.c.id > sa.bindparam("last"))
    .order_by(jobs.c.id)
    .limit(PAGE)
)


@dataclass(frozen=True, slots=True)
class Found:
    """A tree as it was in one moment."""

    tree: Any
    """Its row of ``job_trees``, without the document."""
    jobs: Sequence[Any]
    """Rows of ``jobs``, depth first: the job that was asked for, and those below it."""
    revision: int
    progress: float | None
    """Of the whole tree; None where that was not counted yet."""


async def find(tx: Tx, uid: str, *, project_id: str) -> Found | None:
    """A job of the project, top or sub, with all below it, as of one moment; or None.

    It must be the first that the transaction reads.
    """
    if not tx.is_sqlite:
        await tx.execute(_ONE_SNAPSHOT)
    place = (await tx.execute(_ROOT, {"which": uid, "project": project_id})).one_or_none()
    if place is None:
        return None
    which = {"which": place.root_uid}
    tree = (await tx.execute(_TREE, which)).one_or_none()
    if tree is None:
        return None
    last = (await tx.execute(_LAST, which)).one_or_none()
    found = [row async for row in unhurried(await _jobs(tx, place.root_uid))]
    return Found(
        tree=tree,
        jobs=_below(found, place.position) if place.position else found,
        revision=last.revision if last else 0,
        progress=last.progress if last else None,
    )


async def _jobs(tx: Tx, root_uid: str) -> list[Any]:
    found: list[Any] = []
    last = -1
    while page := (await tx.execute(_JOBS, {"which": root_uid, "last": last})).all():
        found += page
        if len(page) < PAGE:
            break
        last = page[-1].id
    return found


def _below(found: list[Any], position: int) -> list[Any]:
    """The part of a tree from a job on."""
    inside = {found[position].uid}
    part = [found[position]]
    for row in found[position + 1 :]:
        if row.parent_uid not in inside:
            break
        inside.add(row.uid)
        part.append(row)
    return part


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which top jobs of a project are asked for; what is empty is not asked for."""

    project_id: str
    phase: str = ""
    type: str = ""
    cluster_uid: str = ""
    resource_id: str = ""
    since: int | None = None
    until: int | None = None
    limit: int = 50
    before: tuple[int, int] | None = None
    """Time and id of the last one on the page before."""


async def history(tx: Tx, asked: Asked) -> list[Any]:
    """The newest top jobs that are asked for, newest first.

    An index has them in this order whatever is asked for: a page costs the same at a million jobs.
    """
    phases = [asked.phase]
    if asked.type and not (asked.phase or asked.cluster_uid or asked.resource_id):
        # The index of types is ordered within each phase.
        phases = [phase.value for phase in JobPhase]
    pages = [_page(asked, phase) for phase in phases]
    if len(pages) == 1:
        page = pages[0].subquery()
    else:
        page = sa.union_all(*(sa.select(each.subquery()) for each in pages)).subquery()
    progress = (
        sa.select(job_events.c.progress)
        .where(job_events.c.root_uid == page.c.uid)
        .order_by(job_events.c.revision.desc())
        .limit(1)
        .scalar_subquery()
    )
    newest = page.c.created_at.desc(), page.c.id.desc()
    statement = sa.select(page, progress.label("progress")).order_by(*newest).limit(asked.limit)
    return list((await tx.execute(statement)).all())


_SHOWN = (
    jobs.c.id,
    jobs.c.uid,
    jobs.c.type,
    jobs.c.phase,
    jobs.c.reason,
    jobs.c.cause,
    jobs.c.cluster_uid,
    jobs.c.resource_id,
    jobs.c.resource_name,
    jobs.c.created_at,
    jobs.c.started_at,
    jobs.c.ended_at,
    jobs.c.attempt,
)


def _page(asked: Asked, phase: str) -> sa.Select[Any]:
    wanted = {
        jobs.c.type: asked.type,
        jobs.c.phase: phase,
        jobs.c.cluster_uid: asked.cluster_uid,
        jobs.c.resource_id: asked.resource_id,
    }
    found = sa.select(*_SHOWN).where(
        jobs.c.parent_uid.is_(None),
        jobs.c.project_id == asked.project_id,
        *(column == value for column, value in wanted.items() if value),
    )
    if asked.since is not None:
        found = found.where(jobs.c.created_at >= asked.since)
    if asked.until is not None:
        found = found.where(jobs.c.created_at < asked.until)
    if asked.before is not None:
        at, last = asked.before
        # Said twice, so that SQLite begins at the place in the index.
        found = found.where(
            jobs.c.created_at <= at, sa.or_(jobs.c.created_at < at, jobs.c.id < last)
        )
    return found.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(asked.limit)
