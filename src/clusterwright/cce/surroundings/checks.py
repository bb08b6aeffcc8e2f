"""Whether what a request names around a cluster is there, and whether its addresses lie in it.

Records tell of what was made here; that it is gone is known too. What was made elsewhere has no
record: it is believed in, unless the server is told not to (docs/limits.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from clusterwright import errors
from clusterwright.cce.surroundings import store
from clusterwright.cce.surroundings.store import Kind, Record
from clusterwright.errors import ApiError
from clusterwright.storage.database import Tx

WORDS: Mapping[Kind, str] = {
    Kind.VPC: "VPC",
    Kind.SUBNET: "subnet",
    Kind.ADDRESS: "public address",
    Kind.GROUP: "security group",
    Kind.RULE: "security group rule",
    Kind.KEY_PAIR: "key pair",
}


@dataclass(frozen=True, slots=True)
class Named:
    """One thing that a request names, and the field that names it."""

    kind: Kind
    id: str
    field: str
    vpc: str = ""
    """The VPC that a subnet must be in, if it is known."""
    apart: tuple[str, ...] = ()
    """Ranges that must not overlap any subnet of a VPC."""


async def check(tx: Tx, named: Iterable[Named], *, project_id: str, trusting: bool) -> None:
    """Make sure that everything named is there, or is believed in, and that it fits together.

    Nothing of it goes before the transaction ends. Raises ApiError: INVALID_REQUEST, CIDR_CONFLICT.
    """
    wanted = [each for each in named if each.id]
    kinds = {each.kind for each in wanted} | {Kind.SUBNET}
    known = await store.find(tx, kinds, project_id=project_id, keep=True) if wanted else []
    for each in wanted:
        same = (one for one in known if one.kind == each.kind)
        found = next((one for one in same if each.id in store.names(one)), None)
        if found is None and (store.is_ours(each.id) or not trusting):
            raise ApiError(
                errors.INVALID_REQUEST,
                f"{each.field}: There is no {WORDS[each.kind]} {each.id} in this project.",
            )
        if found and each.vpc and found.document["vpc_id"] != each.vpc:
            raise ApiError(
                errors.INVALID_REQUEST,
                f"{each.field}: The subnet is in the VPC {found.document['vpc_id']}, not in"
                f" {each.vpc}.",
            )
        if each.apart:
            _check_apart(each, [one for one in known if one.kind is Kind.SUBNET])


def _check_apart(vpc: Named, subnets: Iterable[Record]) -> None:
    for subnet in subnets:
        if subnet.document["vpc_id"] != vpc.id:
            continue
        network = IPv4Network(subnet.document["cidr"])
        for cidr in vpc.apart:
            if network.overlaps(IPv4Network(cidr)):
                raise ApiError(
                    errors.CIDR_CONFLICT,
                    f"spec.containerNetwork: {cidr} overlaps {network}, the subnet {subnet.name}"
                    " of this VPC. Choose ranges apart.",
                )


async def ranges(tx: Tx, vpc: str, *, project_id: str) -> Sequence[str]:
    """The ranges of the subnets of a VPC, as far as they are known."""
    subnets = await store.find(tx, [Kind.SUBNET], project_id=project_id)
    return [one.document["cidr"] for one in subnets if one.document["vpc_id"] == vpc]


@dataclass(frozen=True, slots=True)
class Hosts:
    """The addresses that servers in a subnet can have."""

    cidr: str
    gateway: str

    def has(self, address: str) -> bool:
        """Whether a server can have an address."""
        network, found = IPv4Network(self.cidr), IPv4Address(address)
        outermost = (network.network_address, network.broadcast_address)
        return found in network and found not in outermost and address != self.gateway

    def has_range(self, block: str) -> bool:
        """Whether a range is in the subnet."""
        return IPv4Network(block).subnet_of(IPv4Network(self.cidr))


async def hosts(tx: Tx, subnet: str, *, project_id: str) -> Hosts | None:
    """What servers in a subnet can have; None for a subnet without a record."""
    known = await store.find(tx, [Kind.SUBNET], project_id=project_id)
    found = next((one for one in known if subnet in store.names(one)), None)
    return Hosts(found.document["cidr"], found.document["gateway_ip"]) if found else None
