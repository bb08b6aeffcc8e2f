"""What clients make around a cluster, as records: networks, addresses, groups, rules, key pairs.

A record is what was asked for and nothing else: no network is built. One table holds them all,
because they only differ in their documents.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from secrets import token_hex
from typing import Any

import sqlalchemy as sa

from clusterwright.storage import facts, limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.turns import unhurried


class Kind(StrEnum):
    """What a record is of."""

    VPC = "vpc"
    SUBNET = "subnet"
    ADDRESS = "address"
    GROUP = "group"
    RULE = "rule"
    KEY_PAIR = "keypair"


records = sa.Table(
    "neighbour_records",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("document", BoundedJSON("body", limits.LABELS), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing beside clusters."""

    project_id: str
    kind: Kind
    id: str
    name: str
    document: dict[str, Any]
    """What was asked for, in the words of the service's first version."""
    created_at: int = 0
    updated_at: int = 0


_VERSION = 14
"""Where a UUID says its version."""


def new_id() -> str:
    """A new id of a record: a UUID of version 8, which nobody else makes.

    So what was made here and is gone can be told from what was never here, which is believed in.
    """
    digits = token_hex(16)
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-b{digits[17:20]}-{digits[20:]}"


def is_ours(id: str) -> bool:
    """Whether an id was made by ``new_id``."""
    return len(id) == 36 and id[_VERSION] == "8"


async def insert(tx: Tx, *rows: Record) -> None:
    """Add records."""
    await tx.execute(sa.insert(records), [facts.columns(row) for row in rows])


@cache
def _finding(kinds: tuple[Kind, ...], *, keep: bool) -> sa.Select[Any]:
    """The statement for these kinds, built once: every new cluster asks."""
    query = (
        sa.select(records)
        .where(
            records.c.project_id == sa.bindparam("project"),
            sa.or_(*(records.c.kind == kind for kind in kinds)),
        )
        .order_by(records.c.created_at, records.c.id)
    )
    return query.with_for_update(read=True) if keep else query


async def find(
    tx: Tx, kinds: Iterable[Kind], *, project_id: str, keep: bool = False
) -> list[Record]:
    """The records of a project, oldest first.

    With ``keep`` none of them goes before the transaction ends.
    """
    query = _finding(tuple(sorted(kinds)), keep=keep)
    rows = await tx.execute(query, {"project": project_id})
    return [_record(row) async for row in unhurried(rows)]


async def hold(tx: Tx, kind: Kind, *, project_id: str) -> None:
    """Lock the records of a kind: nobody begins to use one of them before the transaction ends."""
    of_kind = sa.and_(records.c.project_id == project_id, records.c.kind == kind)
    query = sa.select(records.c.id).where(of_kind).order_by(records.c.created_at, records.c.id)
    await tx.execute(query.with_for_update())


def names(record: Record) -> set[str]:
    """Everything that names a record.

    A subnet has an id in each version of its service, and a public address is named by itself and
    by its bandwidth too.
    """
    asked = record.document
    others = (
        asked.get("neutron_subnet_id"),
        asked.get("address"),
        asked.get("bandwidth", {}).get("id"),
    )
    return {record.id, *(str(other) for other in others if other)}


async def update(tx: Tx, record: Record) -> None:
    """Keep what is new in a record."""
    await tx.execute(
        sa.update(records)
        .where(_is(record))
        .values(name=record.name, document=record.document, updated_at=record.updated_at)
    )


async def remove(tx: Tx, record: Record) -> None:
    """Forget a record. Forgetting an unknown one does nothing."""
    await tx.execute(sa.delete(records).where(_is(record)))


def _is(record: Record) -> sa.ColumnElement[bool]:
    return sa.and_(
        records.c.project_id == record.project_id,
        records.c.kind == record.kind,
        records.c.id == record.id,
    )


def _record(row: Any) -> Record:
    return facts.read(Record, row, kind=Kind(row.kind))
