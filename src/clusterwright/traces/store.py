"""Up to where the events of jobs have become traces that were sent, as the only row of its kind.

It is leased to the process that sends: others would send the same, which does no harm but costs.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from clusterwright.storage.database import Tx, metadata

_NAME = "jobs"

sent_traces = sa.Table(
    "sent_traces",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("position", sa.Text, nullable=False),
    sa.Column("leased_until", sa.BigInteger, nullable=False),
)
_MINE = sent_traces.c.name == _NAME


async def position(tx: Tx) -> str:
    """Up to where it is done."""
    found: str = (await tx.execute(sa.select(sent_traces.c.position).where(_MINE))).scalar_one()
    return found


async def begin(tx: Tx, where: str) -> None:
    """Begin at a position, unless somebody has."""
    insert = (sqlite.insert if tx.is_sqlite else postgresql.insert)(sent_traces)
    values = {"name": _NAME, "position": where, "leased_until": 0}
    await tx.execute(insert.on_conflict_do_nothing(), values)


async def lease(tx: Tx, where: str, *, now: int, until: int) -> bool:
    """Have what follows a position to oneself until a time (ns).

    False where somebody else has it or has gone on. On SQLite nobody else is there.
    """
    free = sent_traces.c.leased_until <= now if not tx.is_sqlite else sa.true()
    changed = await tx.execute(
        sa.update(sent_traces)
        .where(_MINE, sent_traces.c.position == where, free)
        .values(leased_until=until)
    )
    return bool(changed.rowcount)


async def release(tx: Tx, before: str, after: str) -> None:
    """Note up to where it is done now, and let others go on from there."""
    await tx.execute(
        sa.update(sent_traces)
        .where(_MINE, sent_traces.c.position == before)
        .values(position=after, leased_until=0)
    )
