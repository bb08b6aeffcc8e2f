"""Which nodes and pools use what is around them: networks, addresses, groups and key pairs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from clusterwright.cce.nodes.leases import leases
from clusterwright.cce.nodes.pools import nodepools
from clusterwright.cce.nodes.spec import named, named_by_pool
from clusterwright.cce.nodes.store import nodes
from clusterwright.cce.surroundings.store import Kind
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried


@dataclass(frozen=True, slots=True)
class Holder:
    """A node that holds something."""

    uid: str
    name: str


async def address_holder(tx: Tx, id: str, *, project_id: str) -> str:
    """The node that holds a public address, in words; empty for none."""
    query = (
        sa.select(nodes.c.name)
        .join(leases, leases.c.node_uid == nodes.c.uid)
        .where(leases.c.project_id == project_id, leases.c.name == f"eip/{id}")
    )
    name = (await tx.execute(query)).scalar_one_or_none()
    return f"the node {name}" if name else ""


async def addresses(tx: Tx, *, project_id: str) -> Mapping[str, Holder]:
    """Which node holds which public address, by the address' id."""
    query = (
        sa.select(leases.c.name, nodes.c.uid, nodes.c.name.label("node"))
        .join(nodes, leases.c.node_uid == nodes.c.uid)
        .where(leases.c.project_id == project_id, leases.c.name.startswith("eip/"))
    )
    rows = await tx.execute(query)
    return {row.name.removeprefix("eip/"): Holder(row.uid, row.node) for row in rows}


async def user_of(tx: Tx, kind: Kind, names: Collection[str], *, project_id: str) -> str:
    """A pool or a node that uses what has one of these names, in words; empty for none."""
    if kind is Kind.ADDRESS:
        for name in names:
            if holder := await address_holder(tx, name, project_id=project_id):
                return holder
        return ""
    for table, word, names_in in ((nodepools, "node pool", named_by_pool), (nodes, "node", named)):
        text = sa.cast(table.c.spec, sa.Text)
        # The names as JSON writes them, so that few rows are read in vain.
        somewhere = sa.or_(*(text.contains(f'"{name}"', autoescape=True) for name in names))
        rows = await tx.execute(
            sa.select(table.c.name, table.c.spec).where(table.c.project_id == project_id, somewhere)
        )
        async for row in unhurried(rows):
            if any(each.kind is kind and each.id in names for each in names_in(row.spec)):
                return f"the {word} {row.name}"
    return ""
