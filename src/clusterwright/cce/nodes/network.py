"""The network of a node: its interfaces and its public addresses (API reference, 5.5)."""

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from clusterwright.cce.clusters.values import Id, each_once, is_written_plainly
from clusterwright.document import Document

MOST_NICS = 16
"""Further interfaces of one server."""
_OF_SUBNETS = tuple(
    map(IPv4Network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))
)
"""The ranges that subnets can have."""


def _block(value: str) -> str:
    try:
        network = IPv4Network(is_written_plainly(value))
    except ValueError as error:
        raise ValueError(f"an IPv4 CIDR such as 192.168.0.0/24 is needed: {error}") from None
    if network.prefixlen > 30 or not any(map(network.subnet_of, _OF_SUBNETS)):
        raise ValueError("the range must be in that of a subnet, and be /30 or larger")
    return value


def is_of_a_subnet(address: IPv4Address) -> bool:
    """Whether a node may have the address, as far as that can be told without its subnet."""
    return any(address in network for network in _OF_SUBNETS)


class Nic(Document):
    """A network interface. ``fixedIps`` are looked at with the whole node."""

    subnet_id: Id | None = None
    fixed_ips: list[str] | None = None
    ip_block: Annotated[str, AfterValidator(_block)] | None = None
    subnet_list: Annotated[list[Id], Field(max_length=20), each_once()] | None = None


class ExtensionNic(Nic):
    """A further network interface."""

    @model_validator(mode="after")
    def _has_a_subnet_and_no_fixed_address(self) -> Self:
        if self.fixed_ips or self.ip_block:
            raise ValueError("only the primary interface can have fixedIps or ipBlock")
        if not self.subnet_id:
            raise ValueError("a further interface needs subnetId")
        return self


class NodeNicSpec(Document):
    """The network interfaces; Terraform sends an empty primary one."""

    primary_nic: Nic | None = None
    ext_nics: Annotated[list[ExtensionNic], Field(max_length=MOST_NICS)] | None = None


class Bandwidth(Document):
    """The bandwidth of a public address, in Mbit/s."""

    chargemode: Literal["", "bandwidth", "traffic"] | None = Field(None, alias="chargemode")
    size: Annotated[int, Field(ge=0, le=2000)] | None = None
    sharetype: Literal["", "PER"] | None = Field(None, alias="sharetype")


class Eip(Document):
    """A public address that is made with the node; Terraform sends an empty one for none."""

    iptype: Id | None = Field(None, alias="iptype")
    bandwidth: Bandwidth | None = None


class PublicIp(Eip):
    """The public addresses of nodes: existing ones, or so many new ones.

    The fields of ``Eip`` are those of a pool's template.
    """

    ids: list[Id] | None = None
    count: Annotated[int, Field(ge=0, le=2000)] | None = None
    eip: Eip | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.ids:
            if len(set(self.ids)) < len(self.ids):
                raise ValueError("a public address is given twice in ids")
            return self
        if self.count and (self.eip is None or not self.eip.iptype):
            raise ValueError("a count needs eip, with its iptype")
        if not self.count and self.eip is not None and self.eip.iptype:
            raise ValueError("an eip needs count, how many public addresses to make")
        return self
