"""Charts as rows, and their archives in pieces beside them (decision 0015)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clusterwright.storage import facts
from clusterwright.storage.database import Tx, metadata
from clusterwright.turns import unhurried

PIECE = 256 * 1024
"""Bytes of an archive in one row: what is read or written at a time."""

charts = sa.Table(
    "charts",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("icon_url", sa.Text, nullable=False),
    sa.Column("values", sa.Text, nullable=False),
    sa.Column("has_readme", sa.Boolean, nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("project_id", "name", "version"),
)

pieces = sa.Table(
    "chart_pieces",
    metadata,
    sa.Column("chart_uid", sa.ForeignKey("charts.uid", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One version of a chart that a project keeps."""

    uid: str
    project_id: str
    name: str
    version: str
    description: str
    icon_url: str
    values: str
    """The text of a JSON object."""
    has_readme: bool
    source: str
    digest: str
    """SHA-256 of the archive, in hexadecimal digits."""
    created_at: int
    updated_at: int


class Kept(Exception):
    """The project keeps this version of the chart already."""


async def insert(tx: Tx, chart: Chart, archive: bytes) -> None:
    """Keep a chart and its archive. Raises Kept."""
    values = facts.columns(chart)
    try:
        await tx.execute(sa.insert(charts).values(values))
    except IntegrityError:
        raise Kept from None
    await _write(tx, chart.uid, archive)


async def replace(tx: Tx, chart: Chart, archive: bytes) -> None:
    """Keep other contents under the same uid. Raises Kept where another one is that version."""
    values = {name: value for name, value in facts.columns(chart).items() if name != "uid"}
    try:
        await tx.execute(sa.update(charts).where(charts.c.uid == chart.uid).values(values))
    except IntegrityError:
        raise Kept from None
    await tx.execute_large(sa.delete(pieces).where(pieces.c.chart_uid == chart.uid))
    await _write(tx, chart.uid, archive)


async def _write(tx: Tx, uid: str, archive: bytes) -> None:
    rows = [
        {"chart_uid": uid, "number": number, "content": archive[start : start + PIECE]}
        for number, start in enumerate(range(0, len(archive), PIECE))
    ]
    await tx.execute_large(sa.insert(pieces), rows)


async def count(tx: Tx, *, project_id: str) -> int:
    """How many charts a project keeps, each version counted."""
    query = sa.select(sa.func.count()).select_from(charts)
    return int((await tx.execute(query.where(charts.c.project_id == project_id))).scalar_one())


async def get(tx: Tx, uid: str, *, project_id: str, lock: bool = False) -> Chart | None:
    """The chart of this project, or None; with ``lock`` nobody else changes it meanwhile."""
    query = sa.select(charts).where(charts.c.uid == uid, charts.c.project_id == project_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).one_or_none()
    return _chart(row) if row else None


async def find(tx: Tx, name: str, version: str, *, project_id: str) -> Chart | None:
    """That version of a project's chart, held, or None."""
    query = sa.select(charts).where(
        charts.c.project_id == project_id, charts.c.name == name, charts.c.version == version
    )
    row = (await tx.execute(query.with_for_update())).one_or_none()
    return _chart(row) if row else None


async def every(tx: Tx, *, project_id: str) -> list[Chart]:
    """The charts of a project by name, the versions of each in the order of their uploads."""
    query = sa.select(charts).where(charts.c.project_id == project_id)
    rows = await tx.execute(query.order_by(charts.c.name, charts.c.created_at, charts.c.uid))
    return [_chart(row) async for row in unhurried(rows)]


async def archive(tx: Tx, uid: str) -> AsyncIterator[bytes]:
    """The archive of a chart, piece by piece."""
    number = 0
    while True:
        query = sa.select(pieces.c.content)
        found = await tx.execute(query.where(pieces.c.chart_uid == uid, pieces.c.number == number))
        piece = found.scalar_one_or_none()
        if piece is None:
            return
        yield bytes(piece)
        number += 1


async def remove(tx: Tx, uid: str) -> None:
    """Forget a chart and its archive. Forgetting an unknown one does nothing."""
    await tx.execute_large(sa.delete(charts).where(charts.c.uid == uid))


def _chart(row: Any) -> Chart:
    return facts.read(Chart, row)
