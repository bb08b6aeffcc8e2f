"""The rows of groups, agencies and the roles that they have: records, which nothing is decided by.

They are read where they are asked for and are no part of a snapshot. A change raises the revision
first all the same, so that all changes of identities take turns.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from clusterwright.iam import store
from clusterwright.iam.store import NameTaken
from clusterwright.storage.database import Tx, metadata

groups = Table(
    "iam_groups",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("domain_id", ForeignKey("domains.id"), nullable=False),
    Column("name", String(128), nullable=False),
    Column("description", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("domain_id", "name"),
)
memberships = Table(
    "iam_memberships",
    metadata,
    Column("group_id", ForeignKey("iam_groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("domain_id", String(64), nullable=False, index=True),
)
agencies = Table(
    "iam_agencies",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("domain_id", ForeignKey("domains.id"), nullable=False),
    Column("name", String(128), nullable=False),
    Column("description", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("trust_domain_id", String(64), nullable=False),
    Column("trust_domain_name", String(64), nullable=False),
    Column("hours", Integer, nullable=False),
    UniqueConstraint("domain_id", "name"),
)
assignments = Table(
    "iam_assignments",
    metadata,
    Column("domain_id", String(64), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("scope", String(16), primary_key=True),
    Column("scope_id", String(64), primary_key=True),
    Column("role_id", String(64), primary_key=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some users of a domain, by a name."""

    id: str
    domain_id: str
    name: str
    description: str
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """Whom a domain trusts to act in its name."""

    id: str
    domain_id: str
    name: str
    description: str
    created_at: int
    trust_domain_id: str
    trust_domain_name: str
    hours: int
    """How long it is meant to last; 0 for ever."""


class Scope(StrEnum):
    """What a role is given on."""

    DOMAIN = "domain"
    PROJECT = "project"
    INHERITED = "inherited"
    """All projects of the domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A role that a group or an agency has."""

    domain_id: str
    subject: str
    kind: str
    """``group`` or ``agency``."""
    scope: Scope
    scope_id: str
    """The id of the domain or of the project."""
    role_id: str


Named = Group | Agency
N = TypeVar("N", Group, Agency)
_TABLES: dict[type[Named], Table] = {Group: groups, Agency: agencies}


async def of_domain(tx: Tx, kind: type[N], domain_id: str) -> list[N]:
    """All groups or agencies of a domain, by name."""
    table = _TABLES[kind]
    mine = select(table).where(table.c.domain_id == domain_id).order_by(table.c.name)
    return [kind(**row) for row in (await tx.execute(mine)).mappings()]


async def get(tx: Tx, kind: type[N], id: str, domain_id: str) -> N | None:
    """A group or an agency of a domain, if it is there."""
    table = _TABLES[kind]
    mine = (table.c.id == id) & (table.c.domain_id == domain_id)
    row = (await tx.execute(select(table).where(mine))).mappings().one_or_none()
    return kind(**row) if row else None


async def add(tx: Tx, record: Named) -> None:
    """Insert a group or an agency. Raises NameTaken."""
    await store.begin_change(tx)
    await _check_name(tx, record, record.name)
    table = _TABLES[type(record)]
    await tx.execute(insert(table).values({c.name: getattr(record, c.name) for c in table.c}))


async def change(tx: Tx, record: Named, **values: Any) -> None:
    """Change columns of a group or an agency. Raises NameTaken."""
    await store.begin_change(tx)
    if "name" in values:
        await _check_name(tx, record, values["name"])
    table = _TABLES[type(record)]
    if values:
        await tx.execute(update(table).where(table.c.id == record.id).values(values))


async def _check_name(tx: Tx, record: Named, name: str) -> None:
    table = _TABLES[type(record)]
    same = (table.c.name == name) & (table.c.id != record.id)
    same &= table.c.domain_id == record.domain_id
    if (await tx.execute(select(exists().where(same)))).scalar_one():
        kind = type(record).__name__.lower()
        raise NameTaken(f"A {kind} named {name} exists. Choose another name.")


async def remove(tx: Tx, record: Named) -> None:
    """Remove a group or an agency, with its members and its roles."""
    await store.begin_change(tx)
    await tx.execute(delete(assignments).where(assignments.c.subject == record.id))
    table = _TABLES[type(record)]
    await tx.execute(delete(table).where(table.c.id == record.id))


async def count(tx: Tx, kind: type[Named], domain_id: str) -> int:
    """How many groups or agencies a domain has."""
    return await _count(tx, _TABLES[kind], domain_id)


async def _count(tx: Tx, table: Table, domain_id: str) -> int:
    mine = select(func.count()).select_from(table).where(table.c.domain_id == domain_id)
    return int((await tx.execute(mine)).scalar_one())


async def members(tx: Tx, group_id: str) -> list[str]:
    """The ids of the users in a group."""
    mine = select(memberships.c.user_id).where(memberships.c.group_id == group_id)
    return list((await tx.execute(mine)).scalars())


async def groups_of(tx: Tx, user_id: str) -> list[Group]:
    """The groups that a user is in, by name."""
    mine = select(groups).join(memberships).where(memberships.c.user_id == user_id)
    return [Group(**row) for row in (await tx.execute(mine.order_by(groups.c.name))).mappings()]


async def join(tx: Tx, group: Group, user_id: str) -> int:
    """Put a user into a group; twice is once. Returns how many members the domain's groups have."""
    await store.begin_change(tx)
    if user_id not in await members(tx, group.id):
        row = {"group_id": group.id, "user_id": user_id, "domain_id": group.domain_id}
        await tx.execute(insert(memberships).values(row))
    return await _count(tx, memberships, group.domain_id)


async def leave(tx: Tx, group_id: str, user_id: str) -> bool:
    """Take a user out of a group. Returns whether it was in it."""
    await store.begin_change(tx)
    mine = (memberships.c.group_id == group_id) & (memberships.c.user_id == user_id)
    gone = await tx.execute(delete(memberships).where(mine).returning(memberships.c.user_id))
    return bool(gone.all())


async def assigned(tx: Tx, domain_id: str, **where: str) -> list[Assignment]:
    """The roles that groups and agencies of a domain have, those with these values."""
    mine = select(assignments).where(assignments.c.domain_id == domain_id)
    for name, value in where.items():
        mine = mine.where(assignments.c[name] == value)
    rows = (await tx.execute(mine.order_by(*assignments.c))).mappings()
    return [Assignment(**{**row, "scope": Scope(row["scope"])}) for row in rows]


def _row(assignment: Assignment) -> dict[str, Any]:
    return {column.name: str(getattr(assignment, column.name)) for column in assignments.c}


async def assign(tx: Tx, assignment: Assignment) -> int:
    """Give a role; twice is once. Returns how many roles the domain's groups and agencies have."""
    await store.begin_change(tx)
    row = _row(assignment)
    if not await assigned(tx, **row):
        await tx.execute(insert(assignments).values(row))
    return await _count(tx, assignments, assignment.domain_id)


async def withdraw(tx: Tx, assignment: Assignment) -> bool:
    """Take a role away. Returns whether it was there."""
    await store.begin_change(tx)
    row = _row(assignment)
    mine = [assignments.c[name] == value for name, value in row.items()]
    gone = await tx.execute(delete(assignments).where(*mine).returning(assignments.c.role_id))
    return bool(gone.all())
