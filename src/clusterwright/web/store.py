"""Keys of requests, and what was answered under them: rows."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from clusterwright.storage.database import Tx, metadata

keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False, index=True),
)
_SWEPT = 500
"""Rows that one transaction forgets; others wait to write meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as one user of one project sent it."""

    project_id: str
    user_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked under a key, in short, and what was answered, sealed."""

    fingerprint: bytes
    answer: bytes


def _is(key: Key) -> sa.ColumnElement[bool]:
    return sa.and_(*(keys.c[name] == value for name, value in asdict(key).items()))


async def get(tx: Tx, key: Key, *, since: int) -> Answered | None:
    """What was answered under a key since a time (ns), or None."""
    wanted = sa.select(keys.c.fingerprint, keys.c.answer).where(_is(key), keys.c.created_at > since)
    row = (await tx.execute(wanted)).one_or_none()
    return None if row is None else Answered(row.fingerprint, row.answer)


async def count(tx: Tx, key: Key) -> int:
    """How many keys the user of this one has in its project."""
    counted = sa.select(sa.func.count()).where(
        keys.c.project_id == key.project_id, keys.c.user_id == key.user_id
    )
    return int((await tx.execute(counted)).scalar_one())


async def claim(tx: Tx, key: Key, fingerprint: bytes, *, now: int, since: int) -> bool:
    """Have a key to oneself until the transaction ends; its answer is still to be written.

    Whoever has it now is waited for. False where it was answered under since a time (ns).
    """
    insert = sqlite.insert if tx.is_sqlite else postgresql.insert
    fresh = {"fingerprint": fingerprint, "answer": b"", "created_at": now}
    claimed = (
        insert(keys)
        .values(**asdict(key), **fresh)
        .on_conflict_do_update(
            index_elements=["project_id", "user_id", "key"],
            set_=fresh,
            where=keys.c.created_at <= since,
        )
        .returning(keys.c.created_at)
    )
    return (await tx.execute(claimed)).one_or_none() is not None


async def keep(tx: Tx, key: Key, answer: bytes) -> None:
    """Write the answer of a claimed key."""
    await tx.execute(sa.update(keys).where(_is(key)).values(answer=answer))


async def purge(tx: Tx, *, until: int) -> bool:
    """Forget some keys of no later than a time (ns); tells whether there may be more."""
    old = (
        await tx.execute(
            sa.select(keys.c.project_id, keys.c.user_id, keys.c.key)
            .where(keys.c.created_at <= until)
            .limit(_SWEPT)
            .with_for_update(skip_locked=True)
        )
    ).all()
    for row in old:
        which = Key(project_id=row.project_id, user_id=row.user_id, key=row.key)
        await tx.execute(sa.delete(keys).where(_is(which)))
    return len(old) == _SWEPT
