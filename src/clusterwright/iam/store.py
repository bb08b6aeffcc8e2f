"""The rows of the identity service.

Every change starts by raising the revision. That tells other processes to read again, and on
PostgreSQL the row's lock makes writers take turns, so looking first and then inserting is safe.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    update,
)

from clusterwright.clock import now
from clusterwright.storage import limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON


def _changed_in() -> Column[int]:
    # Which revision last changed the row: who has seen an earlier one reads the rest.
    return Column("revision", BigInteger, nullable=False, server_default="0", index=True)


domains = Table(
    "domains",
    metadata,
    _changed_in(),
    Column("id", String(64), primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("enabled", Boolean, nullable=False),
)
projects = Table(
    "projects",
    metadata,
    _changed_in(),
    Column("id", String(64), primary_key=True),
    Column("domain_id", ForeignKey("domains.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("parent_id", String(64), nullable=False, server_default=text("''")),
    Column("description", String(255), nullable=False, server_default=text("''")),
    UniqueConstraint("domain_id", "name"),
)
users = Table(
    "users",
    metadata,
    _changed_in(),
    Column("id", String(64), primary_key=True),
    Column("domain_id", ForeignKey("domains.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("password_changed_at", BigInteger, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("administrator", Boolean),
    Column("profile", BoundedJSON("user", limits.LABELS)),
    Column("created_at", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("domain_id", "name"),
)
access_keys = Table(
    "access_keys",
    metadata,
    _changed_in(),
    Column("access_key", String(128), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("sealed_secret", Text, nullable=False),
    Column("security_token_hash", String(64), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("chain", String(64), nullable=False, server_default=text("''")),
    Column("description", String(255), nullable=False, server_default=text("''")),
    Column("created_at", BigInteger, nullable=False, server_default="0"),
)
revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    _changed_in(),
    Column("token_id", String(64), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
)
removed_identities = Table(
    "removed_identities",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("id", String(128), nullable=False),
)
iam_revision = Table(
    "iam_revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """An account: it owns projects and users."""

    id: str
    name: str
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What owns clusters. The built-in one is named after the region (API reference, 2.2)."""

    id: str
    domain_id: str
    name: str
    enabled: bool = True
    parent_id: str = ""
    """The project that it was made under; empty where that is the domain itself."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a program. May use every project of its domain."""

    id: str
    domain_id: str
    name: str
    password_hash: str
    password_changed_at: int
    enabled: bool = True
    administrator: bool | None = None
    """Whether it may change who may use its domain; a domain's first user may."""
    profile: dict[str, Any] | None = None
    """What else was said of it: description, address, telephone."""
    created_at: int = 0
    """0 where it was made by a release that did not note it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A key that signs requests. A temporary one has a security token and an end.

    ``chain`` is that of the token it was made with, empty for a key that no token has made.
    """

    access_key: str
    user_id: str
    sealed_secret: str
    security_token_hash: str = ""
    expires_at: int = 0
    enabled: bool = True
    chain: str = ""
    description: str = ""
    created_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All rows as of one revision, or newer. Never changed after it is made."""

    revision: int
    domains: Mapping[str, Domain]
    projects: Mapping[str, Project]
    users: Mapping[str, User]
    access_keys: Mapping[str, AccessKey]
    revoked: Mapping[str, int]
    """The chains of tokens that were revoked, and when the last token of each ends."""


NOTHING = Snapshot(revision=-1, domains={}, projects={}, users={}, access_keys={}, revoked={})
"""What is known before anything was read."""


KEPT = 24 * 3600 * 1_000_000_000
"""Nanoseconds that what has ended is kept, so that a clock set back revives nothing."""

Record = Domain | Project | User | AccessKey
R = TypeVar("R", Domain, Project, User, AccessKey)
_TABLES: dict[type[Record], Table] = {
    Domain: domains,
    Project: projects,
    User: users,
    AccessKey: access_keys,
}


def _names(table: Table) -> list[str]:
    """The columns that a record has."""
    return [column.name for column in table.columns if column.name != "revision"]


async def revision(tx: Tx) -> int:
    """A number that every change raises."""
    return (await tx.execute(select(iam_revision.c.revision))).scalar_one_or_none() or 0


def _newer(table: Table, known: Snapshot) -> Select[Any]:
    columns = [table.c[name] for name in _names(table)]
    return select(*columns).where(table.c.revision > known.revision)


async def load(tx: Tx, known: Snapshot = NOTHING) -> Snapshot:
    """Everything, of which only what has changed since ``known`` is read.

    The revision is read first, so that the rows are never older than it says. What has ended is
    forgotten as ``purge`` forgets it, so rows that vanish need not be told; those of what was
    removed are told by ``removed_identities``, as long as it remembers.
    """
    as_of = await revision(tx)
    if as_of - known.revision > limits.KEPT_REMOVALS:
        known = NOTHING
    found: dict[type[Record], dict[str, Any]] = {}
    for record, table in reversed(_TABLES.items()):  # owners last, so that none is missing
        key = table.primary_key.columns[0].name
        rows = await tx.execute(_newer(table, known))
        found[record] = {row[key]: record(**row) for row in rows.mappings()}
    ended = await tx.execute(_newer(revoked_tokens, known))
    revoked = {row.token_id: row.expires_at for row in ended}
    gone = await tx.execute(
        select(removed_identities).where(removed_identities.c.revision > known.revision)
    )
    removed = {(row.kind, row.id) for row in gone}

    def merged(kind: type[R], before: Mapping[str, R]) -> dict[str, R]:
        name = _TABLES[kind].name
        left = {id: one for id, one in before.items() if (name, id) not in removed}
        return left | found[kind]

    kept_since = now() - KEPT
    keys = merged(AccessKey, known.access_keys)
    return Snapshot(
        revision=as_of,
        domains=merged(Domain, known.domains),
        projects=merged(Project, known.projects),
        users=merged(User, known.users),
        access_keys={
            name: key
            for name, key in keys.items()
            if not 0 < key.expires_at < kept_since and ("users", key.user_id) not in removed
        },
        revoked={
            chain: ends
            for chain, ends in {**known.revoked, **revoked}.items()
            if ends >= kept_since
        },
    )


class NameTaken(Exception):
    """Another record of the domain has this name; the text says which."""


async def add(tx: Tx, record: Record) -> None:
    """Insert a record. Raises NameTaken when its domain has one of that name already.

    The first user of a domain is its administrator.
    """
    changed_in = await begin_change(tx)
    table = _TABLES[type(record)]
    values = {name: getattr(record, name) for name in _names(table)}
    if not isinstance(record, AccessKey):
        await _check_name(tx, record, record.name)
    if isinstance(record, User):
        others = select(exists().where(users.c.domain_id == record.domain_id))
        if not (await tx.execute(others)).scalar_one():
            values["administrator"] = True
    await tx.execute(insert(table).values(values | {"revision": changed_in}))


async def _check_name(tx: Tx, record: Domain | Project | User, name: str) -> None:
    """Raises NameTaken when another record has a name that is wanted for this one."""
    table = _TABLES[type(record)]
    same = (table.c.name == name) & (table.c.id != record.id)
    if not isinstance(record, Domain):
        same &= table.c.domain_id == record.domain_id
    if (await tx.execute(select(exists().where(same)))).scalar_one():
        kind = type(record).__name__.lower()
        raise NameTaken(f"A {kind} named {name} exists. Choose another name.")


async def get(tx: Tx, kind: type[R], id: str) -> R | None:
    """A record as it is now, if it is there."""
    table = _TABLES[kind]
    found = _newer(table, NOTHING).where(table.primary_key.columns[0] == id)
    row = (await tx.execute(found)).mappings().one_or_none()
    return kind(**row) if row else None


async def change(tx: Tx, record: Record, **values: Any) -> None:
    """Change columns of a record. Raises NameTaken for the name of another one."""
    changed_in = await begin_change(tx)
    if "name" in values and not isinstance(record, AccessKey):
        await _check_name(tx, record, values["name"])
    table = _TABLES[type(record)]
    key = table.primary_key.columns[0]
    mine = key == getattr(record, key.name)
    await tx.execute(update(table).where(mine).values(values | {"revision": changed_in}))


async def remove(tx: Tx, record: User | AccessKey) -> None:
    """Remove a user with its keys, or a key. Other processes are told."""
    changed_in = await begin_change(tx)
    table = _TABLES[type(record)]
    key = table.primary_key.columns[0]
    id = getattr(record, key.name)
    if isinstance(record, User):
        await tx.execute(delete(access_keys).where(access_keys.c.user_id == id))
    await tx.execute(delete(table).where(key == id))
    row = {"revision": changed_in, "kind": table.name, "id": id}
    await tx.execute(insert(removed_identities).values(row))
    outdated = removed_identities.c.revision <= changed_in - limits.KEPT_REMOVALS
    await tx.execute(delete(removed_identities).where(outdated))


async def count(tx: Tx, kind: type[Record], **where: Any) -> int:
    """How many records have these values."""
    table = _TABLES[kind]
    same = [table.c[name] == value for name, value in where.items()]
    counted = await tx.execute(select(func.count()).select_from(table).where(*same))
    return int(counted.scalar_one())


async def temporary_keys(tx: Tx, user_id: str, at: int) -> int:
    """How many temporary keys of a user have not ended at a time (ns)."""
    mine = (access_keys.c.user_id == user_id) & (access_keys.c.expires_at > at)
    counted = await tx.execute(select(func.count()).select_from(access_keys).where(mine))
    return int(counted.scalar_one())


async def set_password(tx: Tx, user_id: str, password_hash: str, changed_at: int) -> None:
    """Change a password. Tokens issued for the one before stop working."""
    changed = {
        "password_hash": password_hash,
        "password_changed_at": changed_at,
        "revision": await begin_change(tx),
    }
    await tx.execute(update(users).where(users.c.id == user_id).values(changed))


async def rehash(tx: Tx, user_id: str, old_hash: str, new_hash: str) -> None:
    """Keep the same password under another hash, unless it was changed meanwhile.

    Tokens stay valid: nothing has changed for them.
    """
    changed = {"password_hash": new_hash, "revision": await begin_change(tx)}
    same = (users.c.id == user_id) & (users.c.password_hash == old_hash)
    await tx.execute(update(users).where(same).values(changed))


async def revoke(tx: Tx, chain: str, expires_at: int) -> None:
    """End a chain of tokens, of which the last ends at a time (ns). Twice is once."""
    changed_in = await begin_change(tx)
    mine = revoked_tokens.c.token_id == chain
    if not (await tx.execute(select(exists().where(mine)))).scalar_one():
        row = {"token_id": chain, "expires_at": expires_at, "revision": changed_in}
        await tx.execute(insert(revoked_tokens).values(row))


async def purge(tx: Tx, at: int) -> None:
    """Forget revocations and temporary keys that ended ``KEPT`` before a time (ns).

    Nobody needs to be told: whoever has them in memory forgets them likewise.
    """
    temporary = access_keys.c.expires_at > 0
    await tx.execute(delete(access_keys).where(temporary, access_keys.c.expires_at < at - KEPT))
    await tx.execute(delete(revoked_tokens).where(revoked_tokens.c.expires_at < at - KEPT))


async def has_domain(tx: Tx) -> bool:
    """Whether there is any account."""
    return bool((await tx.execute(select(exists().select_from(domains)))).scalar_one())


async def begin_change(tx: Tx) -> int:
    """Raise the revision and return it; on PostgreSQL, all other writers wait for this one."""
    # One statement that both databases read alike, also for the very first change.
    raised = await tx.execute(
        text(
            "INSERT INTO iam_revision (id, revision) VALUES (1, 1)"
            " ON CONFLICT (id) DO UPDATE SET revision = iam_revision.revision + 1"
            " RETURNING revision"
        )
    )
    return int(raised.scalar_one())
