"""What only one node of a project can have: an address in a subnet, a public address.

Whoever asks for one by its name holds it until the node is gone; rows go with their nodes.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from clusterwright.cce.nodes.store import nodes
from clusterwright.storage.database import Tx, metadata
from clusterwright.turns import parts

leases = sa.Table(
    "node_leases",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    # What is held: the address with its subnet before it, or the id of a public address.
    sa.Column("name", sa.String(160), primary_key=True),
    sa.Column(
        "node_uid", sa.ForeignKey("nodes.uid", ondelete="CASCADE"), nullable=False, index=True
    ),
)


_TAKE = insert(leases).on_conflict_do_nothing().returning(leases.c.name)
_LOOKED_THROUGH = 4096
"""Addresses of a block that are all looked at for free ones; of a larger one, some."""


@dataclass(frozen=True, slots=True, order=True)
class Lease:
    """What one node is to hold."""

    name: str
    """As it is stored; no two nodes of a project may have the same."""
    told: str
    """As clients know it."""


class Taken(Exception):
    """Another node holds it, as clients know it."""


def subnet(spec: Mapping[str, Any]) -> str:
    """The subnet of a node's primary interface."""
    found: str = spec.get("nodeNicSpec", {}).get("primaryNic", {}).get("subnetId", "")
    return found


def of(spec: Mapping[str, Any], private_ip: str) -> Sequence[Lease]:
    """What a node of this spec is to hold, with its private address where that was asked for."""
    public = [Lease(f"eip/{id}", id) for id in spec.get("publicIP", {}).get("ids", ())]
    return [*(address(subnet(spec), one) for one in ([private_ip] if private_ip else ())), *public]


def address(subnet: str, private_ip: str) -> Lease:
    """An address of a subnet."""
    return Lease(f"{subnet}/{private_ip}", private_ip)


async def taken(tx: Tx, wanted: Iterable[Lease], *, project_id: str) -> set[Lease]:
    """Those that some node of the project holds, or has got from its driver."""
    held: set[Lease] = set()
    async for part in parts(wanted):
        asked = {lease.name: lease for lease in part}
        rows = await tx.execute(
            sa.select(leases.c.name).where(
                leases.c.project_id == project_id, leases.c.name.in_(asked)
            )
        )
        held |= {asked[name] for name in rows.scalars()}
        drawn = await tx.execute(
            sa.select(nodes.c.private_ip, nodes.c.spec).where(
                nodes.c.project_id == project_id,
                nodes.c.private_ip.in_([lease.told for lease in part]),
            )
        )
        names = {address(subnet(row.spec), row.private_ip).name for row in drawn}
        held |= {lease for name, lease in asked.items() if name in names}
    return held


async def free(tx: Tx, block: str, subnet: str, *, count: int, project_id: str) -> Sequence[str]:
    """So many addresses of a block that nobody has, or fewer where there are not so many.

    Its first address is the gateway's, and the outermost are nobody's.
    """
    network = IPv4Network(block)
    lowest, most = int(network.network_address) + 2, network.num_addresses - 3
    if most <= _LOOKED_THROUGH:
        numbers = list(range(most))
        secrets.SystemRandom().shuffle(numbers)
    else:
        numbers = [secrets.randbelow(most) for _ in range(4 * count + 100)]
    candidates = dict.fromkeys(
        address(subnet, str(IPv4Address(lowest + number))) for number in numbers
    )
    held = await taken(tx, candidates, project_id=project_id)
    return [lease.told for lease in candidates if lease not in held][:count]


async def take(tx: Tx, wanted: Mapping[str, Sequence[Lease]], *, project_id: str) -> None:
    """Let new nodes, given by their uids, hold what nobody holds. Raises Taken."""
    asked = sorted((lease, uid) for uid, each in wanted.items() for lease in each)
    # In one order, so that two who want the same never wait for each other.
    async for part in parts(asked):
        rows = [
            {"project_id": project_id, "name": lease.name, "node_uid": uid} for lease, uid in part
        ]
        got = set((await tx.execute(_TAKE.values(rows))).scalars())
        for lease, _ in part:
            if lease.name not in got:
                raise Taken(lease.told)
            got.remove(lease.name)
