"""Webhooks and what is on its way to them, as rows.

A webhook's *position* tells up to where its project's events have become deliveries. It moves in
the transaction that adds them, so each event becomes one delivery whatever dies meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from clusterwright.storage.database import Tx, metadata

MOST = 20
"""Webhooks of one project."""
KEPT = 1000
"""Deliveries of one webhook that are over; of older ones nothing is known."""

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("sealed_secret", sa.Text, nullable=False),
    sa.Column("position", sa.Text, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("paused_until", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("uid", sa.String(36), nullable=False, unique=True),
    sa.Column(
        "webhook_uid",
        sa.String(36),
        sa.ForeignKey("webhooks.uid", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("job_uid", sa.String(36), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # None where nothing is to be done.
    sa.Column("next_at", sa.BigInteger, index=True),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("delivered_at", sa.BigInteger),
    sa.UniqueConstraint("webhook_uid", "event"),
    sa.Index("ix_webhook_deliveries_page", "webhook_uid", "id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver of a project's events."""

    uid: str
    project_id: str
    url: str
    description: str
    sealed_secret: str
    position: str
    failures: int = 0
    paused_until: int = 0
    """When something may be sent again, in ns since 1970."""
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one receiver."""

    uid: str
    webhook_uid: str
    event: str
    job_uid: str
    body: bytes
    state: str = "waiting"
    attempts: int = 0
    next_at: int | None
    status: int | None = None
    error: str = ""
    created_at: int
    delivered_at: int | None = None
    id: int = 0


_COLUMNS = {name: getattr(webhooks.c, name) for name in Webhook.__slots__}
_MINE = (webhooks.c.uid == sa.bindparam("which"), webhooks.c.project_id == sa.bindparam("project"))


def _webhook(row: Any) -> Webhook:
    return Webhook(**row._mapping)


async def insert(tx: Tx, hook: Webhook) -> None:
    """Add a webhook."""
    await tx.execute(sa.insert(webhooks), {name: getattr(hook, name) for name in _COLUMNS})


async def find(tx: Tx, project_id: str) -> list[Webhook]:
    """The webhooks of a project, oldest first."""
    mine = sa.select(*_COLUMNS.values()).where(webhooks.c.project_id == project_id)
    rows = await tx.execute(mine.order_by(webhooks.c.created_at, webhooks.c.uid))
    return [_webhook(row) for row in rows]


async def get(tx: Tx, uid: str, *, project_id: str, lock: bool = False) -> Webhook | None:
    """A webhook of the project, or None; ``lock`` keeps others from it in this transaction."""
    mine = sa.select(*_COLUMNS.values()).where(*_MINE)
    if lock:
        mine = mine.with_for_update()
    row = (await tx.execute(mine, {"which": uid, "project": project_id})).one_or_none()
    return _webhook(row) if row else None


async def remove(tx: Tx, uid: str) -> None:
    """Forget a locked webhook and its deliveries."""
    await tx.execute(sa.delete(webhook_deliveries).where(webhook_deliveries.c.webhook_uid == uid))
    await tx.execute(sa.delete(webhooks).where(webhooks.c.uid == uid))


async def everyone(tx: Tx) -> list[Webhook]:
    """All webhooks."""
    return [_webhook(row) for row in await tx.execute(sa.select(*_COLUMNS.values()))]


async def hold(tx: Tx, uid: str) -> Webhook | None:
    """A webhook, locked; None where it is gone, or where somebody else has it."""
    found = await tx.execute(
        sa.select(*_COLUMNS.values()).where(webhooks.c.uid == uid).with_for_update(skip_locked=True)
    )
    row = found.one_or_none()
    return _webhook(row) if row else None


async def move(tx: Tx, uid: str, position: str) -> None:
    """Note up to where events have become deliveries."""
    await tx.execute(sa.update(webhooks).where(webhooks.c.uid == uid).values(position=position))


async def pause(tx: Tx, uid: str, *, failures: int, until: int) -> None:
    """Note how a receiver fares, and when to send to it again."""
    await tx.execute(
        sa.update(webhooks)
        .where(webhooks.c.uid == uid)
        .values(failures=failures, paused_until=until)
    )


_INSERT_DELIVERY = sa.insert(webhook_deliveries)


async def add(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """Promise deliveries."""
    names = [name for name in Delivery.__slots__ if name != "id"]
    if deliveries:
        rows = [{name: getattr(each, name) for name in names} for each in deliveries]
        await tx.execute(_INSERT_DELIVERY, rows)


_SHOWN = [webhook_deliveries.c[name] for name in Delivery.__slots__]


def _delivery(row: Any) -> Delivery:
    return Delivery(**row._mapping)


async def due(tx: Tx, now: int) -> list[str]:
    """The webhooks for which something is to be sent now."""
    found = await tx.execute(
        sa.select(webhook_deliveries.c.webhook_uid)
        .join(webhooks, webhooks.c.uid == webhook_deliveries.c.webhook_uid)
        .where(webhook_deliveries.c.next_at <= now, webhooks.c.paused_until <= now)
        .distinct()
    )
    return list(found.scalars())


async def claim(tx: Tx, uid: str, *, now: int, until: int, limit: int) -> list[Delivery]:
    """The oldest deliveries of a webhook that are due, ours until a time (ns)."""
    oldest = (
        sa.select(*_SHOWN)
        .where(webhook_deliveries.c.webhook_uid == uid, webhook_deliveries.c.next_at <= now)
        .order_by(webhook_deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [_delivery(row) for row in await tx.execute(oldest)]
    if found:
        await tx.execute(
            sa.update(webhook_deliveries)
            .where(webhook_deliveries.c.id.in_([one.id for one in found]))
            .values(next_at=until)
        )
    return found


async def record(tx: Tx, uid: str, **values: Any) -> None:
    """Note what became of a delivery."""
    await tx.execute(
        sa.update(webhook_deliveries).where(webhook_deliveries.c.uid == uid).values(**values)
    )


async def page(tx: Tx, webhook_uid: str, *, before: int | None, limit: int) -> list[Delivery]:
    """Deliveries of a webhook, newest first."""
    found = sa.select(*_SHOWN).where(webhook_deliveries.c.webhook_uid == webhook_uid)
    if before is not None:
        found = found.where(webhook_deliveries.c.id < before)
    rows = await tx.execute(found.order_by(webhook_deliveries.c.id.desc()).limit(limit))
    return [_delivery(row) for row in rows]


async def delivery(tx: Tx, uid: str, *, webhook_uid: str) -> Delivery | None:
    """A delivery of a webhook, or None."""
    found = await tx.execute(
        sa.select(*_SHOWN).where(
            webhook_deliveries.c.uid == uid, webhook_deliveries.c.webhook_uid == webhook_uid
        )
    )
    row = found.one_or_none()
    return _delivery(row) if row else None


async def sweep(tx: Tx, webhook_uid: str) -> None:
    """Forget all but the newest deliveries of a webhook that are over."""
    over = (
        webhook_deliveries.c.webhook_uid == webhook_uid,
        webhook_deliveries.c.next_at.is_(None),
    )
    newest = (
        sa.select(webhook_deliveries.c.id)
        .where(*over)
        .order_by(webhook_deliveries.c.id.desc())
        .offset(KEPT)
        .limit(1)
        .scalar_subquery()
    )
    await tx.execute(sa.delete(webhook_deliveries).where(*over, webhook_deliveries.c.id <= newest))
