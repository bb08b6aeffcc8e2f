"""Claims as rows; a deleted cluster takes them with it."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

# This insert compiles for SQLite too: "on conflict" is the same sentence there.
from sqlalchemy.dialects.postgresql import insert

from clusterwright.storage import facts, limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON

claims = sa.Table(
    "volume_claims",
    metadata,
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), primary_key=True),
    sa.Column("namespace", sa.String(63), primary_key=True),
    sa.Column("name", sa.String(253), primary_key=True),
    sa.Column("document", BoundedJSON("", limits.NODE_SPEC), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One stored claim."""

    cluster_uid: str
    namespace: str
    name: str
    document: dict[str, Any]
    """The claim as it was sent."""


class NameTaken(Exception):
    """The namespace has a claim of this name."""


async def add(tx: Tx, claim: Claim) -> None:
    """Add a claim. Raises NameTaken."""
    added = insert(claims).values(facts.columns(claim)).on_conflict_do_nothing()
    if (await tx.execute(added.returning(claims.c.name))).one_or_none() is None:
        raise NameTaken


async def count(tx: Tx, cluster_uid: str) -> int:
    """How many claims a cluster has."""
    query = sa.select(sa.func.count()).select_from(claims)
    found = await tx.execute(query.where(claims.c.cluster_uid == cluster_uid))
    return int(found.scalar_one())


async def take(tx: Tx, cluster_uid: str, namespace: str, name: str) -> Claim | None:
    """Forget a claim and return it; None where there is none."""
    gone = await tx.execute(
        sa.delete(claims)
        .where(
            claims.c.cluster_uid == cluster_uid,
            claims.c.namespace == namespace,
            claims.c.name == name,
        )
        .returning(claims)
    )
    row = gone.one_or_none()
    return facts.read(Claim, row) if row else None
