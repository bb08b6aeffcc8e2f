"""The bodies that make and change records; their keys are in snake case."""

import re
from ipaddress import IPv4Address, ip_network
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from clusterwright.cce.clusters.values import Id, PrivateCidr, Short, matching
from clusterwright.document import KEEPS_EMPTY
from clusterwright.neighbours.wire import SnakeCase


def _address(value: str) -> str:
    try:
        return str(IPv4Address(value)) if value else value
    except ValueError as error:
        raise ValueError(f"an IPv4 address is needed: {error}") from None


def _public_key(value: str) -> str:
    if value and not re.match(r"(ssh|ecdsa|sk)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/=]+", value):
        raise ValueError("a public key such as 'ssh-ed25519 AAAA…' is needed")
    return value


def _sources(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError(f"an address or a CIDR is needed: {error}") from None
    return value


Name = Annotated[Short, Field(min_length=1)]
Description = Annotated[str, Field(max_length=255)]
NewDescription = Annotated[Description | None, KEEPS_EMPTY]
"""Clients clear it with the empty text."""
Protocol = Annotated[str, matching("[A-Za-z][A-Za-z0-9-]{0,31}|[0-9]{1,3}", "a protocol is needed")]
Sources = Annotated[str, Field(max_length=64), AfterValidator(_sources)]
Address = Annotated[str, AfterValidator(_address)]
Ports = Annotated[str, Field(max_length=255, pattern=r"^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$")]
Port = Annotated[int, Field(ge=0, le=65535)]


class Envelope(SnakeCase):
    """A body with one object in it, by the service's word for that."""

    @property
    def content(self) -> dict[str, Any]:
        """The object as it was sent."""
        (name,) = type(self).model_fields
        sent: dict[str, Any] = getattr(self, name).as_sent()
        return sent


class VpcToMake(SnakeCase):
    """A new VPC."""

    name: Short | None = None
    cidr: PrivateCidr
    description: Description | None = None
    enterprise_project_id: Id | None = None


class VpcToCreate(Envelope):
    """The body of a request to create a VPC."""

    vpc: VpcToMake


class Vpc(SnakeCase):
    """What may change of a VPC."""

    name: Short | None = None
    cidr: PrivateCidr | None = None
    description: NewDescription = None


class VpcToChange(Envelope):
    """The body of a request to change a VPC."""

    vpc: Vpc


class DhcpOption(SnakeCase):
    """What DHCP tells servers."""

    opt_name: Name
    opt_value: Annotated[str, Field(max_length=255)] | None = None


DhcpOptions = Annotated[list[DhcpOption], Field(max_length=10)]
NameServers = Annotated[list[Address], Field(max_length=5)]


class SubnetToCreate(SnakeCase):
    """A new subnet."""

    name: Name
    cidr: PrivateCidr
    gateway_ip: Address
    vpc_id: Id
    description: Description | None = None
    availability_zone: Short | None = None
    dhcp_enable: bool | None = None
    ipv6_enable: bool | None = None
    primary_dns: Address | None = None
    secondary_dns: Address | None = None
    dns_list: NameServers | None = Field(None, alias="dnsList")
    extra_dhcp_opts: DhcpOptions | None = None


class SubnetEnvelope(Envelope):
    """The body of a request to create a subnet."""

    subnet: SubnetToCreate


class Subnet(SnakeCase):
    """What may change of a subnet."""

    name: Short | None = None
    description: NewDescription = None
    dhcp_enable: bool | None = None
    primary_dns: Annotated[Address | None, KEEPS_EMPTY] = None
    secondary_dns: Annotated[Address | None, KEEPS_EMPTY] = None
    dns_list: NameServers | None = Field(None, alias="dnsList")
    extra_dhcp_opts: DhcpOptions | None = None


class SubnetToChange(Envelope):
    """The body of a request to change a subnet."""

    subnet: Subnet


def _no_port(value: str) -> str:
    raise ValueError("there are no ports here: a node has the address that publicIP.ids names")


NoPort = Annotated[str, AfterValidator(_no_port)]
"""Only nothing, with which clients unbind an address."""


class PublicAddress(SnakeCase):
    """A new public address."""

    type: Short | None = None
    ip_version: Literal[4] | None = None
    alias: Short | None = None
    description: Description | None = None
    port_id: NoPort | None = None


class BandwidthChange(SnakeCase):
    """What may change of a bandwidth."""

    name: Short | None = None
    size: Annotated[int, Field(ge=1, le=2000)] | None = None
    charge_mode: Literal["bandwidth", "traffic", "95peak_plus"] | None = None


class Bandwidth(BandwidthChange):
    """How fast a new public address is; an existing bandwidth can be shared by its id."""

    id: Id | None = None
    share_type: Literal["PER", "WHOLE"] | None = None

    @model_validator(mode="after")
    def _is_shared_by_its_id(self) -> Self:
        if (self.share_type == "WHOLE") is not bool(self.id):
            raise ValueError("share_type WHOLE goes with the id of a bandwidth, and PER without")
        return self


class AddressToCreate(SnakeCase):
    """The body of a request for a public address."""

    publicip: PublicAddress
    bandwidth: Bandwidth | None = None
    enterprise_project_id: Id | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The address with its bandwidth."""
        speed = self.bandwidth.as_sent() if self.bandwidth else {}
        return self.publicip.as_sent() | {"bandwidth": speed}


class AddressChange(SnakeCase):
    """What may change of a public address."""

    ip_version: Literal[4] | None = None
    alias: Annotated[Short | None, KEEPS_EMPTY] = None
    description: NewDescription = None
    port_id: NoPort | None = None


class AddressToChange(Envelope):
    """The body of a request to change a public address."""

    publicip: AddressChange


class BandwidthToChange(SnakeCase):
    """The body of a request to change a bandwidth."""

    bandwidth: BandwidthChange

    @property
    def content(self) -> dict[str, Any]:
        """The part of the address's document that changes."""
        return {"bandwidth": self.bandwidth.as_sent()}


class FloatingIp(SnakeCase):
    """A floating IP, as Neutron calls a public address; which network it is from does not count."""

    floating_network_id: Id | None = None
    port_id: NoPort | None = None


class FloatingIpToCreate(Envelope):
    """The body of a request to create a floating IP."""

    floatingip: FloatingIp


class FloatingIpChange(SnakeCase):
    """What may change of a floating IP: nothing. Clients unbind it, which it is."""

    port_id: NoPort | None = None


class FloatingIpToChange(Envelope):
    """The body of a request to change a floating IP."""

    floatingip: FloatingIpChange


class GroupToMake(SnakeCase):
    """A new security group."""

    name: Name
    description: Description | None = None
    vpc_id: Id | None = None
    enterprise_project_id: Id | None = None


class GroupToCreate(Envelope):
    """The body of a request to create a security group."""

    security_group: GroupToMake


class Group(SnakeCase):
    """What may change of a security group."""

    name: Short | None = None
    description: NewDescription = None


class GroupToChange(Envelope):
    """The body of a request to change a security group."""

    security_group: Group


class Rule(SnakeCase):
    """A rule of a security group."""

    security_group_id: Id
    direction: Literal["ingress", "egress"]
    ethertype: Literal["IPv4", "IPv6", "ipv4", "ipv6"] | None = None
    protocol: Protocol | None = None
    port_range_min: Port | None = None
    port_range_max: Port | None = None
    multiport: Ports | None = None
    remote_ip_prefix: Sources | None = None
    remote_group_id: Id | None = None
    remote_address_group_id: Id | None = None
    action: Literal["allow", "deny"] | None = None
    priority: Annotated[int, Field(ge=1, le=100)] | None = None
    description: Description | None = None


class RuleToCreate(Envelope):
    """The body of a request to create a rule."""

    security_group_rule: Rule


class KeyPair(SnakeCase):
    """A key pair; without a public key the server makes both halves."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    type: Literal["ssh", "x509"] | None = None
    public_key: Annotated[str, Field(max_length=2048), AfterValidator(_public_key)] | None = None
    scope: Literal["user", "domain"] | None = None
    user_id: Id | None = None
    description: Description | None = None


class KeyPairToCreate(Envelope):
    """The body of a request to create a key pair."""

    keypair: KeyPair


class KeyPairChange(SnakeCase):
    """What may change of a key pair."""

    description: NewDescription = None


class KeyPairToChange(Envelope):
    """The body of a request to change a key pair."""

    keypair: KeyPairChange
