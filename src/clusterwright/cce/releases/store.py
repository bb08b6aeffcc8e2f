"""Releases and their revisions as rows; a deleted cluster takes them with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clusterwright.storage import facts, limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.turns import unhurried

releases = sa.Table(
    "releases",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), nullable=False),
    sa.Column("namespace", sa.String(63), nullable=False),
    sa.Column("name", sa.String(53), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("job_uid", sa.String(36), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("cluster_uid", "namespace", "name"),
)

revisions = sa.Table(
    "release_revisions",
    metadata,
    sa.Column("release_uid", sa.ForeignKey("releases.uid", ondelete="CASCADE"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("chart_uid", sa.String(36), nullable=False),
    sa.Column("chart_name", sa.String(64), nullable=False),
    sa.Column("chart_version", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("parameters", BoundedJSON("parameters", limits.LABELS), nullable=False),
    sa.Column("values", BoundedJSON("values"), nullable=False),
    sa.Column("back_to", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("manifests", sa.Text, nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)


class ReleaseStatus(StrEnum):
    """The words of ``status`` (API reference, 12.2)."""

    PENDING_INSTALL = "PENDING_INSTALL"
    PENDING_UPGRADE = "PENDING_UPGRADE"
    PENDING_ROLLBACK = "PENDING_ROLLBACK"
    DEPLOYED = "DEPLOYED"
    SUPERSEDED = "SUPERSEDED"
    FAILED = "FAILED"
    DELETING = "DELETING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release of a cluster."""

    uid: str
    project_id: str
    cluster_uid: str
    namespace: str
    name: str
    revision: int
    """The newest one."""
    job_uid: str
    """The job that last worked, or works, on it."""
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a release was, or should be, at one time."""

    release_uid: str
    revision: int
    chart_uid: str
    chart_name: str
    chart_version: str
    digest: str
    """Of the chart's archive, which may be another one by now."""
    description: str
    parameters: dict[str, Any]
    """As sent."""
    values: dict[str, Any]
    """What replaces the chart's own values."""
    back_to: int
    """The revision that this one goes back to, or 0."""
    number: int
    """The driver's own number of it; 0 before it was there."""
    manifests: str
    status: ReleaseStatus
    reason: str
    updated_at: int


class NameUsed(Exception):
    """The namespace has a release of this name."""


async def insert(tx: Tx, release: Release) -> None:
    """Add a release. Raises NameUsed."""
    try:
        await tx.execute(sa.insert(releases).values(facts.columns(release)))
    except IntegrityError:
        raise NameUsed from None


async def add_revision(tx: Tx, added: Revision, *, job_uid: str) -> None:
    """Make a revision the newest of its release, and forget the oldest."""
    await tx.execute(sa.insert(revisions).values(facts.columns(added)))
    await set_job(tx, added.release_uid, job_uid=job_uid, revision=added.revision)
    await tx.execute(
        sa.delete(revisions).where(
            revisions.c.release_uid == added.release_uid,
            revisions.c.revision <= added.revision - limits.KEPT_REVISIONS,
        )
    )


async def set_job(tx: Tx, uid: str, **values: Any) -> None:
    """Change columns of a release."""
    await tx.execute(sa.update(releases).where(releases.c.uid == uid).values(**values))


async def count(tx: Tx, cluster_uid: str) -> int:
    """How many releases a cluster has."""
    query = sa.select(sa.func.count()).select_from(releases)
    return int((await tx.execute(query.where(releases.c.cluster_uid == cluster_uid))).scalar_one())


async def find(
    tx: Tx, cluster_uid: str, *, project_id: str, namespace: str = "", chart_uid: str = ""
) -> list[tuple[Release, Revision]]:
    """A cluster's releases by namespace and name, each with its newest revision.

    Filtered by what is not empty.
    """
    query = _joined().where(
        releases.c.cluster_uid == cluster_uid,
        releases.c.project_id == project_id,
        revisions.c.revision == releases.c.revision,
    )
    if namespace:
        query = query.where(releases.c.namespace == namespace)
    if chart_uid:
        query = query.where(revisions.c.chart_uid == chart_uid)
    rows = await tx.execute(query.order_by(releases.c.namespace, releases.c.name))
    return [_both(row) async for row in unhurried(rows)]


async def get(
    tx: Tx, cluster_uid: str, namespace: str, name: str, *, project_id: str, lock: bool = False
) -> tuple[Release, Revision] | None:
    """A release and its newest revision, or None; with ``lock`` nobody else changes it."""
    query = _joined().where(
        releases.c.cluster_uid == cluster_uid,
        releases.c.project_id == project_id,
        releases.c.namespace == namespace,
        releases.c.name == name,
        revisions.c.revision == releases.c.revision,
    )
    row = (await tx.execute(query.with_for_update() if lock else query)).one_or_none()
    return _both(row) if row else None


async def current(tx: Tx, uid: str, *, project_id: str) -> tuple[Release, Revision] | None:
    """The release of this uid and its newest revision, or None."""
    query = _joined().where(
        releases.c.uid == uid,
        releases.c.project_id == project_id,
        revisions.c.revision == releases.c.revision,
    )
    row = (await tx.execute(query)).one_or_none()
    return _both(row) if row else None


async def history(tx: Tx, uid: str) -> list[Revision]:
    """The revisions of a release that are kept, the newest first."""
    rows = await tx.execute(
        sa.select(revisions)
        .where(revisions.c.release_uid == uid)
        .order_by(revisions.c.revision.desc())
    )
    return [_revision(row) for row in rows]


async def revision(tx: Tx, uid: str, which: int) -> Revision | None:
    """One revision of a release, or None where it is not kept."""
    query = sa.select(revisions).where(
        revisions.c.release_uid == uid, revisions.c.revision == which
    )
    row = (await tx.execute(query)).one_or_none()
    return _revision(row) if row else None


async def update(tx: Tx, uid: str, which: int, **values: Any) -> None:
    """Change columns of a revision."""
    await tx.execute(
        sa.update(revisions)
        .where(revisions.c.release_uid == uid, revisions.c.revision == which)
        .values(**values)
    )


async def supersede(tx: Tx, uid: str, *, before: int) -> None:
    """Let no earlier revision be the one that is deployed."""
    await tx.execute(
        sa.update(revisions)
        .where(
            revisions.c.release_uid == uid,
            revisions.c.revision < before,
            revisions.c.status == ReleaseStatus.DEPLOYED,
        )
        .values(status=ReleaseStatus.SUPERSEDED)
    )


async def remove(tx: Tx, uid: str) -> None:
    """Forget a release. Forgetting an unknown one does nothing."""
    await tx.execute(sa.delete(releases).where(releases.c.uid == uid))


def _joined() -> sa.Select[Any]:
    # Columns of both tables are called revision.
    named = [releases.c[name].label(f"of_{name}") for name in facts.names(Release)]
    return sa.select(*named, revisions).join(revisions, revisions.c.release_uid == releases.c.uid)


def _both(row: Any) -> tuple[Release, Revision]:
    values = {name: getattr(row, f"of_{name}") for name in facts.names(Release)}
    return Release(**values), _revision(row)


def _revision(row: Any) -> Revision:
    return facts.read(Revision, row, status=ReleaseStatus(row.status))
