"""Objects that clients make inside simulated clusters; a deleted cluster takes them with it."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clusterwright.storage import limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.turns import unhurried

objects = sa.Table(
    "kubernetes_objects",
    metadata,
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), primary_key=True),
    sa.Column("kind", sa.String(32), primary_key=True),
    # Of a namespace, itself: so that all that is in one is found, and goes, at once.
    sa.Column("namespace", sa.String(63), primary_key=True),
    sa.Column("name", sa.String(253), primary_key=True),
    sa.Column("uid", sa.String(36), nullable=False),
    sa.Column("document", BoundedJSON("", limits.NODE_SPEC), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)


class Kind(StrEnum):
    """What is kept."""

    NAMESPACE = "Namespace"
    CLAIM = "PersistentVolumeClaim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One object."""

    cluster_uid: str
    kind: Kind
    namespace: str
    name: str
    uid: str
    document: dict[str, Any]
    """As sent."""
    created_at: int


class Exists(Exception):
    """There is an object of this kind and name."""


async def insert(tx: Tx, kept: Kept) -> None:
    """Keep an object. Raises Exists."""
    try:
        await tx.execute(sa.insert(objects).values(asdict(kept)))
    except IntegrityError:
        raise Exists from None


async def count(tx: Tx, cluster_uid: str) -> int:
    """How many objects of a cluster are kept."""
    query = sa.select(sa.func.count()).select_from(objects)
    return int((await tx.execute(query.where(objects.c.cluster_uid == cluster_uid))).scalar_one())


async def find(tx: Tx, cluster_uid: str, kind: Kind, *, namespace: str = "") -> list[Kept]:
    """The objects of a kind, in one namespace where one is named, by namespace and name."""
    query = sa.select(objects).where(objects.c.cluster_uid == cluster_uid, objects.c.kind == kind)
    if namespace:
        query = query.where(objects.c.namespace == namespace)
    rows = await tx.execute(query.order_by(objects.c.namespace, objects.c.name))
    return [_kept(row) async for row in unhurried(rows)]


async def get(tx: Tx, cluster_uid: str, kind: Kind, namespace: str, name: str) -> Kept | None:
    """An object, or None."""
    row = (
        await tx.execute(
            sa.select(objects).where(
                objects.c.cluster_uid == cluster_uid,
                objects.c.kind == kind,
                objects.c.namespace == namespace,
                objects.c.name == name,
            )
        )
    ).one_or_none()
    return _kept(row) if row else None


async def remove(tx: Tx, kept: Kept) -> None:
    """Forget an object, and with a namespace all that is in it."""
    mine = [objects.c.cluster_uid == kept.cluster_uid, objects.c.namespace == kept.namespace]
    if kept.kind is not Kind.NAMESPACE:
        mine += [objects.c.kind == kept.kind, objects.c.name == kept.name]
    await tx.execute(sa.delete(objects).where(*mine))


def _kept(row: Any) -> Kept:
    return Kept(**dict(row._mapping) | {"kind": Kind(row.kind)})
