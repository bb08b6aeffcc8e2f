"""Image caches as rows. They outlive the cluster that fetched their images."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clusterwright.storage import facts, limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON

caches = sa.Table(
    "image_caches",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("document", BoundedJSON("", limits.IMAGE_CACHE), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("job_uid", sa.String(36), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("project_id", "name"),
)


class CacheStatus(StrEnum):
    """The words of ``status``."""

    CREATING = "Creating"
    AVAILABLE = "Available"
    UNAVAILABLE = "Unavailable"
    DELETING = "Deleting"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCache:
    """One stored cache."""

    uid: str
    project_id: str
    name: str
    document: dict[str, Any]
    """The cache as it was asked for."""
    status: CacheStatus
    message: str
    job_uid: str
    created_at: int


class NameTaken(Exception):
    """Another cache of the project has this name."""


async def insert(tx: Tx, cache: ImageCache) -> None:
    """Add a cache. Raises NameTaken."""
    try:
        await tx.execute(sa.insert(caches).values(facts.columns(cache)))
    except IntegrityError:
        raise NameTaken from None


async def count(tx: Tx, *, project_id: str) -> int:
    """How many caches a project has."""
    query = sa.select(sa.func.count()).select_from(caches)
    found = await tx.execute(query.where(caches.c.project_id == project_id))
    return int(found.scalar_one())


async def get(tx: Tx, uid: str, *, project_id: str, lock: bool = False) -> ImageCache | None:
    """The cache of this project, or None; with ``lock`` nobody else changes it."""
    query = sa.select(caches).where(caches.c.uid == uid, caches.c.project_id == project_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).one_or_none()
    return _cache(row) if row else None


async def find(tx: Tx, *, project_id: str, name: str = "") -> Sequence[ImageCache]:
    """The caches of a project in the order of their creation, or the one of a name."""
    query = sa.select(caches).where(caches.c.project_id == project_id)
    if name:
        query = query.where(caches.c.name == name)
    rows = await tx.execute(query.order_by(caches.c.created_at, caches.c.uid))
    return [_cache(row) for row in rows]


async def settle(tx: Tx, *, job_uid: str, status: CacheStatus, message: str) -> None:
    """Say what became of the cache that a job fetches, if it still is there."""
    await tx.execute(
        sa.update(caches).where(caches.c.job_uid == job_uid).values(status=status, message=message)
    )


async def retake(tx: Tx, *, job_uid: str, next_job: str) -> bool:
    """Let a cache that a job failed to make be the next job's; tells whether there is one."""
    again = {"job_uid": next_job, "status": CacheStatus.CREATING, "message": ""}
    failed = caches.c.status == CacheStatus.FAILED
    done = await tx.execute(
        sa.update(caches).where(caches.c.job_uid == job_uid, failed).values(**again)
    )
    return done.rowcount > 0


async def remove(tx: Tx, uid: str) -> None:
    """Forget a cache. Forgetting an unknown one does nothing."""
    await tx.execute(sa.delete(caches).where(caches.c.uid == uid))


def _cache(row: Any) -> ImageCache:
    return facts.read(ImageCache, row, status=CacheStatus(row.status))
