"""What happens to jobs, as rows that are only ever added: one for each commit of a tree.

A tree's events are numbered by its *revision*, one after the other, under the lock of its row in
``job_trees``; so an event is never seen before the ones that came before it. Events of different
trees have no such order: their ids become visible as their transactions end. Who follows a whole
project must ask by transaction (``written_by``; docs/decisions/0017).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from clusterwright import clock
from clusterwright.jobs import positions
from clusterwright.jobs.positions import Snapshot
from clusterwright.jobs.tree import Job, JobPhase
from clusterwright.storage.database import Tx, metadata

MOST_MESSAGES = 50
"""Messages of one event; what a driver says beyond that within one commit is dropped."""
LONGEST_MESSAGE = 1000
"""Characters of one message."""

Level = Literal["info", "warning", "error"]

job_events = sa.Table(
    "job_events",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("root_uid", sa.String(36), nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    # The transaction on PostgreSQL; 0 on SQLite, where ids are in the order of commits.
    sa.Column("written_by", sa.BigInteger, nullable=False),
    sa.Column("progress", sa.Float, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("root_uid", "revision"),
    # Nothing is in it on SQLite.
    sa.Index("ix_job_events_written_by", "written_by", sqlite_where=sa.text("id < 0")),
    # Whoever remembers the last id that it has seen must never meet it again.
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence about a step, for people."""

    uid: str
    level: Level
    text: str


def _insert(*, written_by: Any, greater: Any) -> sa.Insert:
    mine = job_events.c.root_uid == sa.bindparam("root_uid")
    last = sa.select(sa.func.max(job_events.c.revision)).where(mine).scalar_subquery()
    before = (
        sa.select(job_events.c.progress)
        .where(mine)
        .order_by(job_events.c.revision.desc())
        .limit(1)
        .scalar_subquery()
    )
    share = sa.bindparam("share", type_=sa.Float)
    return sa.insert(job_events).values(
        root_uid=sa.bindparam("root_uid"),
        project_id=sa.bindparam("project_id"),
        revision=sa.func.coalesce(last, 0) + 1,
        written_by=written_by,
        # It never goes back, whoever counts and however steps are weighed meanwhile.
        progress=greater(share, sa.func.coalesce(before, 0.0)),
        document=sa.bindparam("document"),
    )


_INSERT_SQLITE = _insert(written_by=0, greater=sa.func.max)
_INSERT_POSTGRESQL = _insert(
    written_by=sa.cast(sa.cast(sa.func.pg_current_xact_id(), sa.Text), sa.BigInteger),
    greater=sa.func.greatest,
)


async def record(
    tx: Tx,
    root: Job,
    changed: Iterable[Job] = (),
    *,
    share: float = 0.0,
    messages: Iterable[Message] = (),
) -> None:
    """Tell what a transaction changes in a held tree whose top job is ``root`` then.

    ``share`` is how much of the whole has succeeded, as far as the caller knows.
    """
    await add(tx, root, document(root, changed, messages), share=share)


async def add(tx: Tx, root: Job, document: bytes, *, share: float) -> None:
    """As ``record``, of a ``document`` made before."""
    tx.has_news = True
    await tx.execute(
        _INSERT_SQLITE if tx.is_sqlite else _INSERT_POSTGRESQL,
        {
            "root_uid": root.uid,
            "project_id": root.project_id,
            "share": share,
            "document": document,
        },
    )


_IS_KNOWN = (
    sa.select(job_events.c.id)
    .where(
        job_events.c.root_uid == sa.bindparam("which"),
        job_events.c.document == sa.bindparam("document"),
    )
    .limit(1)
)


async def is_known(tx: Tx, root: Job, document: bytes) -> bool:
    """Whether this very document, which tells when it was made, has been added to a held tree."""
    found = await tx.execute(_IS_KNOWN, {"which": root.uid, "document": document})
    return found.first() is not None


def document(root: Job, changed: Iterable[Job], messages: Iterable[Message]) -> bytes:
    """What readers are told now besides the event's numbers."""
    told = {
        "type": root.type,
        "clusterUID": root.cluster_uid,
        "at": clock.rfc3339(clock.now()),
        "phase": root.phase,
        "changes": [
            {
                "uid": job.uid,
                "type": job.type,
                "phase": job.phase,
                "reason": job.reason,
                "startedAt": when(job.started_at),
                "endedAt": when(job.ended_at),
                "attempt": job.attempt,
            }
            for job in changed
        ],
        "messages": [
            {"uid": each.uid, "level": each.level, "text": each.text[:LONGEST_MESSAGE]}
            for each in messages
        ],
    }
    return msgspec.json.encode(told)


def when(nanoseconds: int | None) -> str | None:
    """A time of a job as people read it, or None."""
    return None if nanoseconds is None else clock.rfc3339(nanoseconds)


@dataclass(frozen=True, slots=True)
class Event:
    """One commit of a tree, as it is told."""

    id: int
    root_uid: str
    project_id: str
    revision: int
    data: bytes
    """The JSON object that clients read."""
    phase: JobPhase
    """The top job's."""


class _Phase(msgspec.Struct):
    phase: JobPhase


_phase = msgspec.json.Decoder(_Phase)


def _event(row: Any) -> Event:
    head = msgspec.json.encode(
        {
            "id": f"{row.root_uid}.{row.revision}",
            "job": row.root_uid,
            "revision": row.revision,
            "progress": round(row.progress, 4),
        }
    )
    return Event(
        row.id,
        row.root_uid,
        row.project_id,
        row.revision,
        head[:-1] + b"," + row.document[1:],
        _phase.decode(row.document).phase,
    )


_OF_TREE = (
    sa.select(job_events)
    .where(
        job_events.c.root_uid == sa.bindparam("which"),
        job_events.c.revision > sa.bindparam("last"),
    )
    .order_by(job_events.c.revision)
    .limit(sa.bindparam("most"))
)


async def of_tree(tx: Tx, root_uid: str, *, after: int, limit: int) -> list[Event]:
    """The events of a tree after a revision, oldest first."""
    found = await tx.execute(_OF_TREE, {"which": root_uid, "last": after, "most": limit})
    return [_event(row) for row in found]


_NEWEST = sa.select(sa.func.coalesce(sa.func.max(job_events.c.id), 0))
_NOW = sa.select(sa.cast(sa.func.pg_current_snapshot(), sa.Text))


async def now(tx: Tx) -> Snapshot:
    """What can be seen now: events that are committed later are not in it."""
    if tx.is_sqlite:
        return positions.at((await tx.execute(_NEWEST)).scalar_one())
    return positions.parse((await tx.execute(_NOW)).scalar_one())


def _between(number: sa.Column[int], *, of_project: bool) -> sa.Select[Any]:
    def given(name: str, *, many: bool = False) -> sa.BindParameter[Any]:
        return sa.bindparam(name, type_=sa.BigInteger, expanding=many)

    mine = (job_events.c.project_id == sa.bindparam("project"),) if of_project else ()
    return (
        sa.select(job_events)
        .where(
            *mine,
            number >= given("since_least"),
            sa.or_(number >= given("since_most"), number.in_(given("since_at_work", many=True))),
            number < given("upto_most"),
            number.not_in(given("upto_at_work", many=True)),
            job_events.c.id > given("last"),
        )
        .order_by(job_events.c.id)
        .limit(sa.bindparam("most"))
    )


_BETWEEN = {
    (is_sqlite, of_project): _between(
        job_events.c.id if is_sqlite else job_events.c.written_by, of_project=of_project
    )
    for is_sqlite in (True, False)
    for of_project in (True, False)
}


async def between(
    tx: Tx, since: Snapshot, upto: Snapshot, *, project_id: str = "", last: int = 0, limit: int
) -> list[Event]:
    """The events that ``upto`` sees and ``since`` does not, with ids above ``last``.

    ``project_id`` leaves out those of other projects. Those of one tree come in their order.
    """
    found = await tx.execute(
        _BETWEEN[tx.is_sqlite, bool(project_id)],
        {
            "since_least": since.least,
            "since_most": since.most,
            "since_at_work": since.at_work,
            "upto_most": upto.most,
            "upto_at_work": upto.at_work,
            "last": last,
            "most": limit,
        }
        | ({"project": project_id} if project_id else {}),
    )
    return [_event(row) for row in found]


async def settle_restored(tx: Tx) -> None:
    """Make events old whose transactions are still to come: they were restored from elsewhere."""
    if not tx.is_sqlite:
        seen = await now(tx)
        await tx.execute(
            sa.update(job_events).where(job_events.c.written_by >= seen.most).values(written_by=0)
        )
