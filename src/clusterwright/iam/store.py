"""The rows of the identity service, and the account that the first start makes.

Every change starts by raising the revision. That tells other processes to read again, and on
PostgreSQL the row's lock makes writers take turns, so looking first and then inserting is safe.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    exists,
    insert,
    select,
    text,
    update,
)

from clusterwright.database import Database, Tx, metadata
from clusterwright.errors import ALREADY_EXISTS, ApiError
from clusterwright.iam import tokens, vault
from clusterwright.settings import Settings
from clusterwright.wire import new_id, now

domains = Table(
    "domains",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("enabled", Boolean, nullable=False),
)
projects = Table(
    "projects",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("domain_id", ForeignKey("domains.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("enabled", Boolean, nullable=False),
    UniqueConstraint("domain_id", "name"),
)
users = Table(
    "users",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("domain_id", ForeignKey("domains.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("password_changed_at", BigInteger, nullable=False),
    Column("enabled", Boolean, nullable=False),
    UniqueConstraint("domain_id", "name"),
)
access_keys = Table(
    "access_keys",
    metadata,
    Column("access_key", String(128), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("sealed_secret", Text, nullable=False),
    Column("security_token_hash", String(64), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("enabled", Boolean, nullable=False),
)
revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("token_id", String(64), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a program. May use every project of its domain."""

    id: str
    domain_id: str
    name: str
    password_hash: str
    password_changed_at: int
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A key that signs requests. A temporary one has a security token and an end."""

    access_key: str
    user_id: str
    sealed_secret: str
    security_token_hash: str = ""
    expires_at: int = 0
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All rows as of one revision, or newer. Never changed after it is made."""

    revision: int
    domains: dict[str, Domain]
    projects: dict[str, Project]
    users: dict[str, User]
    access_keys: dict[str, AccessKey]
    revoked: frozenset[str]


Record = Domain | Project | User | AccessKey
_TABLES: dict[type[Record], Table] = {
    Domain: domains,
    Project: projects,
    User: users,
    AccessKey: access_keys,
}


async def revision(tx: Tx) -> int:
    """A number that every change raises."""
    return (await tx.execute(select(iam_revision.c.revision))).scalar_one_or_none() or 0


async def load(tx: Tx) -> Snapshot:
    """Everything. The revision is read first, so that the rows are never older than it says."""
    as_of = await revision(tx)
    found: dict[type[Record], dict[str, Any]] = {}
    for record, table in _TABLES.items():
        key = table.primary_key.columns[0].name
        rows = (await tx.execute(select(table))).mappings()
        found[record] = {row[key]: record(**row) for row in rows}
    revoked = (await tx.execute(select(revoked_tokens.c.token_id))).scalars()
    return Snapshot(
        revision=as_of,
        domains=found[Domain],
        projects=found[Project],
        users=found[User],
        access_keys=found[AccessKey],
        revoked=frozenset(revoked),
    )


async def add(tx: Tx, record: Record) -> None:
    """Insert a record. Raises ApiError when its domain has one of that name already."""
    await _begin_change(tx)
    table = _TABLES[type(record)]
    values = {column.name: getattr(record, column.name) for column in table.columns}
    if not isinstance(record, AccessKey):
        same = table.c.name == record.name
        if not isinstance(record, Domain):
            same &= table.c.domain_id == record.domain_id
        if (await tx.execute(select(exists().where(same)))).scalar_one():
            kind = type(record).__name__.lower()
            raise ApiError(
                ALREADY_EXISTS, f"A {kind} named {record.name} exists. Choose another name."
            )
    await tx.execute(insert(table).values(values))


async def set_enabled(tx: Tx, record: Record, *, enabled: bool) -> None:
    """Let a record be used, or not."""
    await _begin_change(tx)
    table = _TABLES[type(record)]
    key = table.primary_key.columns[0]
    mine = key == getattr(record, key.name)
    await tx.execute(update(table).where(mine).values(enabled=enabled))


async def set_password(tx: Tx, user_id: str, password_hash: str, changed_at: int) -> None:
    """Change a password. Tokens issued before ``changed_at`` are good no more."""
    await _begin_change(tx)
    changed = {"password_hash": password_hash, "password_changed_at": changed_at}
    await tx.execute(update(users).where(users.c.id == user_id).values(changed))


async def revoke(tx: Tx, token_id: str, expires_at: int) -> None:
    """Make a token good no more. Revoking twice is revoking once."""
    await _begin_change(tx)
    mine = revoked_tokens.c.token_id == token_id
    if not (await tx.execute(select(exists().where(mine)))).scalar_one():
        row = {"token_id": token_id, "expires_at": expires_at}
        await tx.execute(insert(revoked_tokens).values(row))


async def purge(tx: Tx, at: int) -> None:
    """Forget revocations and temporary keys that ended before ``at``."""
    temporary = access_keys.c.expires_at > 0
    ended_keys = temporary & (access_keys.c.expires_at < at)
    ended_tokens = revoked_tokens.c.expires_at < at
    if (
        await tx.execute(select(exists().where(ended_keys) | exists().where(ended_tokens)))
    ).scalar():
        await _begin_change(tx)
        await tx.execute(delete(access_keys).where(ended_keys))
        await tx.execute(delete(revoked_tokens).where(ended_tokens))


async def _begin_change(tx: Tx) -> None:
    # One statement that both databases read alike, also for the very first change.
    await tx.execute(
        text(
            "INSERT INTO iam_revision (id, revision) VALUES (1, 1)"
            " ON CONFLICT (id) DO UPDATE SET revision = iam_revision.revision + 1"
        )
    )


def new_user(domain_id: str, name: str, password: str, id: str = "") -> User:
    """A user to add. Hashes the password: never call it on the event loop."""
    return User(
        id=id or new_id(),
        domain_id=domain_id,
        name=name,
        password_hash=vault.hash_password(password),
        password_changed_at=now(),
    )


async def bootstrap(database: Database, settings: Settings) -> bool:
    """Make the first account in a database without domains; tell whether this call made it.

    ``credentials.json`` in the data folder is written first and believed ever after, so a start
    that died at any line is finished by the next.
    """
    async with database.reading() as tx:
        if await _has_domain(tx):
            return False
    names = {"domain_name": "clusterwright", "user_name": "admin"}
    region = {"project_name": settings.region, "region": settings.region}
    ids = {name: new_id() for name in ("domain_id", "project_id", "user_id")}
    secrets = {
        "password": vault.new_password(),
        "access_key": vault.new_access_key(),
        "secret_key": vault.new_secret_key(),
    }
    fresh = json.dumps(names | region | ids | secrets, indent=2).encode() + b"\n"
    chosen = json.loads(vault.private_file(settings.data / "credentials.json", fresh))
    sealed = vault.Vault(tokens.load_key(settings)).seal(chosen["secret_key"])
    user = await asyncio.to_thread(
        new_user, chosen["domain_id"], chosen["user_name"], chosen["password"], chosen["user_id"]
    )
    domain_id = user.domain_id
    async with database.transaction() as tx:
        await _begin_change(tx)
        if await _has_domain(tx):
            return False
        await add(tx, Domain(id=domain_id, name=chosen["domain_name"]))
        await add(
            tx,
            Project(id=chosen["project_id"], domain_id=domain_id, name=chosen["project_name"]),
        )
        await add(tx, user)
        await add(
            tx,
            AccessKey(access_key=chosen["access_key"], user_id=user.id, sealed_secret=sealed),
        )
    return True


async def _has_domain(tx: Tx) -> bool:
    return bool((await tx.execute(select(exists().select_from(domains)))).scalar_one())
