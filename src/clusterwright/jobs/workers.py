"""Which workers are alive, on PostgreSQL: who may be gone is decided by watching, never by a clock.

A worker's sessions carry its executor id as their name, and its row counts *beats*. A dead worker
has no session and beats no more; a frozen one, or one whose loop hangs, keeps its sessions and
beats no more. Both are told by a counter that stood still for as long as the observer watched.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from clusterwright.storage.database import Tx, metadata

BEAT_PERIOD = 2.0
"""Seconds between two beats of a worker, and between two looks at the others."""
DEAD_AFTER = 6.0
"""Seconds without a beat and without a session."""
FROZEN_AFTER = 20.0
"""Seconds without a beat, sessions or not."""

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("executor_id", sa.String(128), primary_key=True),
    sa.Column("beats", sa.BigInteger, nullable=False),
)

_BEAT = (
    insert(workers)
    .values(executor_id=sa.bindparam("me"), beats=1)
    .on_conflict_do_update(index_elements=["executor_id"], set_={"beats": workers.c.beats + 1})
)
_FORGET = sa.delete(workers).where(workers.c.executor_id == sa.bindparam("who"))
_FORGET_IDLE = sa.text(
    "DELETE FROM workers w WHERE executor_id = :who AND NOT EXISTS (SELECT FROM"
    " dbos.workflow_status s WHERE s.executor_id = w.executor_id AND s.status = 'PENDING')"
)
_END_TRANSACTIONS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = left(:who, 63) AND usename = current_user"
    " AND xact_start IS NOT NULL"
)
# The engine's own table: whoever has claimed a job stands there.
_OTHERS = sa.text(
    "SELECT w.executor_id, b.beats, EXISTS"
    " (SELECT FROM pg_stat_activity a WHERE a.application_name = left(w.executor_id, 63))"
    " AS connected FROM (SELECT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'"
    " UNION SELECT executor_id FROM workers) w"
    " LEFT JOIN workers b ON b.executor_id = w.executor_id WHERE w.executor_id <> :me"
)


@dataclass(frozen=True, slots=True)
class Sign:
    """One worker as seen in one look."""

    executor_id: str
    beats: int | None
    """None once it has said that it ends, or when somebody took its jobs."""
    connected: bool


async def beat(tx: Tx, executor_id: str) -> None:
    """Show that this worker is alive."""
    await tx.execute(_BEAT, {"me": executor_id})


async def forget(tx: Tx, executor_id: str) -> None:
    """Say that a worker has ended: its jobs may be taken at once."""
    await tx.execute(_FORGET, {"who": executor_id})


async def forget_idle(tx: Tx, executor_id: str) -> None:
    """Forget a worker unless it still has jobs, which could not be taken: they are tried again."""
    await tx.execute(_FORGET_IDLE, {"who": executor_id})


async def end_transactions(tx: Tx, executor_id: str) -> None:
    """End the sessions of a frozen worker that are in a transaction, and so release its locks.

    PostgreSQL does so by itself where the session is idle (``IDLE_IN_TRANSACTION``), but one whose
    client froze with a statement prepared and not executed is waited for without end.
    """
    await tx.execute(_END_TRANSACTIONS, {"who": executor_id})


async def look(tx: Tx, *, me: str) -> list[Sign]:
    """All other workers that beat or that have jobs."""
    rows = await tx.execute(_OTHERS, {"me": me})
    return [Sign(row.executor_id, row.beats, row.connected) for row in rows]


@dataclass
class Watch:
    """What one observer has seen of the others. Forget everything when it could not look."""

    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[Sign, float]] = field(default_factory=dict)

    def gone(self, signs: list[Sign]) -> list[str]:
        """The workers that are certainly dead, ended or frozen, as of this look."""
        now = self.clock()
        self._seen = {sign.executor_id: self._since(sign, now) for sign in signs}
        return [
            sign.executor_id
            for sign, since in self._seen.values()
            if now - since >= self._patience(sign)
        ]

    def _since(self, sign: Sign, now: float) -> tuple[Sign, float]:
        """Since when the worker shows this very sign."""
        before, since = self._seen.get(sign.executor_id, (sign, now))
        return sign, since if before == sign else now

    @staticmethod
    def _patience(sign: Sign) -> float:
        if sign.beats is None:  # it has ended, lost its jobs or is of a release without beats
            return math.inf if sign.connected else 0.0
        return FROZEN_AFTER if sign.connected else DEAD_AFTER

    def forget(self) -> None:
        """Begin to watch anew: what was not seen cannot be held against anybody."""
        self._seen.clear()
