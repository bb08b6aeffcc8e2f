"""Upgrades as rows: one per task of any kind, and one per workflow that holds tasks together."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from clusterwright.storage import facts, limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON

tasks = sa.Table(
    "upgrade_tasks",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column(
        "cluster_uid",
        sa.ForeignKey("clusters.uid", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("workflow_uid", sa.String(36), nullable=False),
    sa.Column("job_uid", sa.String(36), nullable=False),
    sa.Column("phase", sa.String(16), nullable=False),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("progress", sa.Integer, nullable=False),
    sa.Column("version", sa.String(32), nullable=False),
    sa.Column("target_version", sa.String(32), nullable=False),
    sa.Column("spec", BoundedJSON("spec"), nullable=False),
    sa.Column("findings", sa.JSON, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

workflows = sa.Table(
    "upgrade_workflows",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column(
        "cluster_uid",
        sa.ForeignKey("clusters.uid", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("cancelled", sa.Boolean, nullable=False),
    sa.Column("spec", BoundedJSON("spec"), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

CONFIRMED = 95
"""The progress of an upgrade whose cluster has its new version: it only has to end."""


class TaskType(StrEnum):
    """The stations of an upgrade workflow, in their order."""

    PRE_CHECK = "PreCheck"
    SNAPSHOT = "Snapshot"
    CLUSTER = "Cluster"
    POST_CHECK = "PostCheck"


class TaskPhase(StrEnum):
    """The words of a task's ``status.phase`` (API reference, 4.11)."""

    INIT = "Init"
    RUNNING = "Running"
    PAUSE = "Pause"
    SUCCESS = "Success"
    FAILED = "Failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows this phase, unless somebody tries again."""
        return self in (TaskPhase.SUCCESS, TaskPhase.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One stored task."""

    uid: str
    cluster_uid: str
    type: TaskType
    workflow_uid: str
    """The workflow that was under way when the task began; empty without one."""
    job_uid: str = ""
    """The job that works on an upgrade, the last one where it was tried again."""
    phase: TaskPhase
    """Never Pause: that is what an unfinished task shows while ``paused``."""
    paused: bool = False
    progress: int = 100
    """Percent."""
    version: str
    target_version: str
    spec: dict[str, Any] = field(default_factory=dict)
    """What was asked, as it was sent; of a snapshot, what it holds."""
    findings: list[dict[str, Any]] = field(default_factory=list)
    """What a check has found."""
    created_at: int
    updated_at: int

    @property
    def shown_phase(self) -> TaskPhase:
        """The phase that clients see."""
        return TaskPhase.PAUSE if self.paused and not self.phase.is_final else self.phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One stored workflow; how far it is, its tasks tell."""

    uid: str
    cluster_uid: str
    cancelled: bool = False
    spec: dict[str, Any]
    created_at: int
    updated_at: int


async def insert_task(tx: Tx, task: Task) -> None:
    """Add a task, and forget the oldest of its type where there are many."""
    await tx.execute(sa.insert(tasks).values(facts.columns(task)))
    await _forget_oldest(
        tx, tasks, tasks.c.cluster_uid == task.cluster_uid, tasks.c.type == task.type
    )


async def _forget_oldest(tx: Tx, table: sa.Table, *mine: sa.ColumnElement[bool]) -> None:
    newest = (
        sa.select(table.c.uid)
        .where(*mine)
        .order_by(table.c.created_at.desc(), table.c.uid.desc())
        .limit(limits.KEPT_TASKS)
    )
    await tx.execute(sa.delete(table).where(*mine, table.c.uid.not_in(newest)))


async def get_task(tx: Tx, uid: str, *, cluster_uid: str, type: TaskType) -> Task | None:
    """The cluster's task of this type, or None."""
    query = sa.select(tasks).where(
        tasks.c.uid == uid, tasks.c.cluster_uid == cluster_uid, tasks.c.type == type
    )
    row = (await tx.execute(query)).one_or_none()
    return _task(row) if row else None


async def find_tasks(
    tx: Tx, *, cluster_uid: str, type: TaskType | None = None, workflow_uid: str = ""
) -> list[Task]:
    """The tasks of a cluster, the newest first, of one type or one workflow where asked."""
    query = sa.select(tasks).where(tasks.c.cluster_uid == cluster_uid)
    if type is not None:
        query = query.where(tasks.c.type == type)
    if workflow_uid:
        query = query.where(tasks.c.workflow_uid == workflow_uid)
    rows = await tx.execute(query.order_by(tasks.c.created_at.desc(), tasks.c.uid.desc()))
    return [_task(row) for row in rows]


async def update_task(tx: Tx, uid: str, **values: Any) -> None:
    """Change columns of a task."""
    await tx.execute(sa.update(tasks).where(tasks.c.uid == uid).values(**values))


async def advance(tx: Tx, uid: str, *, progress: int, now: int) -> None:
    """Show that an upgrade has come this far. What was said before is not said again."""
    await tx.execute(
        sa.update(tasks)
        .where(tasks.c.uid == uid, tasks.c.progress < progress)
        .values(phase=TaskPhase.RUNNING, progress=progress, updated_at=now)
    )


async def is_paused(tx: Tx, uid: str) -> bool:
    """Whether a task was asked to wait."""
    found = await tx.execute(sa.select(tasks.c.paused).where(tasks.c.uid == uid))
    return bool(found.scalar_one_or_none())


async def settle(tx: Tx, *, job_uid: str, **values: Any) -> None:
    """Change columns of the task that a job works on; a task tried again is another job's."""
    await tx.execute(sa.update(tasks).where(tasks.c.job_uid == job_uid).values(**values))


async def retake(tx: Tx, *, job_uid: str, next_job: str, **values: Any) -> None:
    """Let the task that a job worked on be the next job's, and change columns of it."""
    await settle(tx, job_uid=job_uid, **values)
    await tx.execute(sa.update(tasks).where(tasks.c.job_uid == job_uid).values(job_uid=next_job))


async def insert_workflow(tx: Tx, workflow: Workflow) -> None:
    """Add a workflow, and forget the oldest of its cluster where there are many."""
    await tx.execute(sa.insert(workflows).values(facts.columns(workflow)))
    await _forget_oldest(tx, workflows, workflows.c.cluster_uid == workflow.cluster_uid)


async def find_workflows(tx: Tx, *, cluster_uid: str) -> list[Workflow]:
    """The workflows of a cluster, the newest first."""
    query = sa.select(workflows).where(workflows.c.cluster_uid == cluster_uid)
    rows = await tx.execute(query.order_by(workflows.c.created_at.desc(), workflows.c.uid.desc()))
    return [facts.read(Workflow, row) for row in rows]


async def cancel_workflow(tx: Tx, uid: str, *, now: int) -> None:
    """End a workflow before its time."""
    await tx.execute(
        sa.update(workflows)
        .where(workflows.c.uid == uid, ~workflows.c.cancelled)
        .values(cancelled=True, updated_at=now)
    )


def _task(row: Any) -> Task:
    return facts.read(Task, row, type=TaskType(row.type), phase=TaskPhase(row.phase))
