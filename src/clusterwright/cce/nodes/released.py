"""What is remembered of servers that were taken out of clusters, until they are accepted again.

The system of such a server is installed anew; what the server is stays the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from clusterwright.storage import facts, limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.turns import parts

released_servers = sa.Table(
    "released_servers",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("server_id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("private_ip", sa.String(64), nullable=False),
    sa.Column("spec", BoundedJSON("spec", limits.NODE_SPEC), nullable=False),
    sa.Column("released_at", sa.BigInteger, nullable=False),
    sa.Index("ix_released_servers_age", "project_id", "released_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedServer:
    """A server that was a node."""

    project_id: str
    server_id: str
    name: str
    private_ip: str
    spec: Mapping[str, Any]
    """The part of the node's spec that tells of the server."""
    released_at: int


async def remember(tx: Tx, servers: Sequence[ReleasedServer], *, project_id: str) -> None:
    """Keep servers of a project, in place of what was known of them.

    The oldest beyond the bound are forgotten.
    """
    await forget(tx, [each.server_id for each in servers], project_id=project_id)
    async for part in parts(servers):
        await tx.execute(sa.insert(released_servers), [facts.columns(each) for each in part])
    of_project = released_servers.c.project_id == project_id
    surplus = (
        sa.select(released_servers.c.server_id)
        .where(of_project)
        .order_by(released_servers.c.released_at.desc(), released_servers.c.server_id)
        .offset(limits.KEPT_SERVERS)
    )
    found = (await tx.execute(surplus)).scalars().all()
    # Another transaction that forgets the same ones does not wait for this one, nor this for it.
    free = (
        sa.select(released_servers.c.server_id)
        .where(of_project, released_servers.c.server_id.in_(found))
        .with_for_update(skip_locked=True)
    )
    if found:
        await tx.execute(
            sa.delete(released_servers).where(of_project, released_servers.c.server_id.in_(free))
        )


async def find(
    tx: Tx, server_ids: Iterable[str], *, project_id: str
) -> Mapping[str, ReleasedServer]:
    """Those of the servers of which something is known, by their ids."""
    found: dict[str, ReleasedServer] = {}
    async for part in parts(server_ids):
        rows = await tx.execute(
            sa.select(released_servers).where(
                released_servers.c.project_id == project_id,
                released_servers.c.server_id.in_(part),
            )
        )
        for row in rows:
            found[row.server_id] = facts.read(ReleasedServer, row)
    return found


async def forget(tx: Tx, server_ids: Iterable[str], *, project_id: str) -> None:
    """Forget servers. Forgetting an unknown one does nothing."""
    async for part in parts(sorted(server_ids)):
        await tx.execute(
            sa.delete(released_servers).where(
                released_servers.c.project_id == project_id,
                released_servers.c.server_id.in_(part),
            )
        )
