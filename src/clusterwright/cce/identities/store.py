"""Associations of service accounts with agencies, as rows; a deleted cluster takes them with it."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clusterwright.storage import facts, limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.turns import unhurried

associations = sa.Table(
    "pod_identities",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), nullable=False),
    sa.Column("namespace", sa.String(63), nullable=False),
    sa.Column("service_account", sa.String(253), nullable=False),
    sa.Column("agency_name", sa.String(64), nullable=False),
    sa.Column("tags", BoundedJSON("tags", 2 * limits.LABELS), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("cluster_uid", "namespace", "service_account"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """Which agency the pods of a service account may act as."""

    uid: str
    project_id: str
    cluster_uid: str
    namespace: str
    service_account: str
    agency_name: str
    tags: list[dict[str, str]]
    created_at: int
    updated_at: int


class Associated(Exception):
    """The service account has an agency already."""


async def insert(tx: Tx, added: Association) -> None:
    """Keep an association. Raises Associated."""
    try:
        await tx.execute(sa.insert(associations).values(facts.columns(added)))
    except IntegrityError:
        raise Associated from None


async def count(tx: Tx, cluster_uid: str) -> int:
    """How many associations a cluster has."""
    query = sa.select(sa.func.count()).select_from(associations)
    found = await tx.execute(query.where(associations.c.cluster_uid == cluster_uid))
    return int(found.scalar_one())


async def get(
    tx: Tx, uid: str, cluster_uid: str, *, project_id: str, lock: bool = False
) -> Association | None:
    """An association of a cluster, or None; with ``lock`` nobody else changes it meanwhile."""
    query = sa.select(associations).where(
        associations.c.uid == uid,
        associations.c.cluster_uid == cluster_uid,
        associations.c.project_id == project_id,
    )
    row = (await tx.execute(query.with_for_update() if lock else query)).one_or_none()
    return facts.read(Association, row) if row else None


async def of_account(
    tx: Tx, cluster_uid: str, namespace: str, service_account: str
) -> Association | None:
    """The association of a service account, or None."""
    row = (
        await tx.execute(
            sa.select(associations).where(
                associations.c.cluster_uid == cluster_uid,
                associations.c.namespace == namespace,
                associations.c.service_account == service_account,
            )
        )
    ).one_or_none()
    return facts.read(Association, row) if row else None


async def find(tx: Tx, cluster_uid: str, *, project_id: str) -> list[Association]:
    """The associations of a cluster by namespace and service account."""
    rows = await tx.execute(
        sa.select(associations)
        .where(associations.c.cluster_uid == cluster_uid, associations.c.project_id == project_id)
        .order_by(associations.c.namespace, associations.c.service_account)
    )
    return [facts.read(Association, row) async for row in unhurried(rows)]


async def update(tx: Tx, uid: str, **values: Any) -> None:
    """Change columns of an association."""
    await tx.execute(sa.update(associations).where(associations.c.uid == uid).values(**values))


async def remove(tx: Tx, uid: str) -> None:
    """Forget an association. Forgetting an unknown one does nothing."""
    await tx.execute(sa.delete(associations).where(associations.c.uid == uid))
