"""Access as rows: how often each holder's certificates were revoked, and the access policies."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

# This insert compiles for SQLite too: "on conflict do update" is the same sentence there.
from sqlalchemy.dialects.postgresql import insert

from clusterwright.storage import facts
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.turns import unhurried

revocations = sa.Table(
    "certificate_revocations",
    metadata,
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), primary_key=True),
    sa.Column("holder", sa.String(64), primary_key=True),
    sa.Column("generation", sa.Integer, nullable=False),
)

policies = sa.Table(
    "access_policies",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("document", BoundedJSON(""), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """One stored access policy."""

    uid: str
    project_id: str
    document: dict[str, Any]
    """The policy as it was sent."""
    created_at: int
    updated_at: int


async def generation(tx: Tx, cluster_uid: str, holder: str) -> int:
    """How often the certificates of a user or an agency were revoked."""
    found = sa.select(revocations.c.generation).where(
        revocations.c.cluster_uid == cluster_uid, revocations.c.holder == holder
    )
    return (await tx.execute(found)).scalar_one_or_none() or 0


async def count_revoked(tx: Tx, cluster_uid: str) -> int:
    """Of how many users and agencies certificates of a cluster were ever revoked."""
    query = sa.select(sa.func.count()).select_from(revocations)
    found = await tx.execute(query.where(revocations.c.cluster_uid == cluster_uid))
    return int(found.scalar_one())


async def revoke(tx: Tx, cluster_uid: str, holder: str) -> None:
    """Count one more revocation of a holder's certificates."""
    counted = insert(revocations).values(cluster_uid=cluster_uid, holder=holder, generation=1)
    await tx.execute(
        counted.on_conflict_do_update(
            index_elements=[revocations.c.cluster_uid, revocations.c.holder],
            set_={"generation": revocations.c.generation + 1},
        )
    )


async def insert_policy(tx: Tx, policy: AccessPolicy) -> None:
    """Add an access policy."""
    await tx.execute(sa.insert(policies).values(facts.columns(policy)))


async def count_policies(tx: Tx, *, project_id: str) -> int:
    """How many access policies a project has."""
    query = sa.select(sa.func.count()).select_from(policies)
    found = await tx.execute(query.where(policies.c.project_id == project_id))
    return int(found.scalar_one())


async def get_policy(
    tx: Tx, uid: str, *, project_id: str, lock: bool = False
) -> AccessPolicy | None:
    """The access policy of this project, or None; with ``lock`` nobody else changes it."""
    query = sa.select(policies).where(policies.c.uid == uid, policies.c.project_id == project_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).one_or_none()
    return facts.read(AccessPolicy, row) if row else None


async def find_policies(tx: Tx, *, project_id: str) -> list[AccessPolicy]:
    """The access policies of a project in the order of their creation."""
    query = sa.select(policies).where(policies.c.project_id == project_id)
    rows = await tx.execute(query.order_by(policies.c.created_at, policies.c.uid))
    return [facts.read(AccessPolicy, row) async for row in unhurried(rows)]


async def update_policy(tx: Tx, uid: str, **values: Any) -> None:
    """Change columns of an access policy."""
    await tx.execute(sa.update(policies).where(policies.c.uid == uid).values(**values))


async def remove_policy(tx: Tx, uid: str) -> None:
    """Forget an access policy. Forgetting an unknown one does nothing."""
    await tx.execute(sa.delete(policies).where(policies.c.uid == uid))
