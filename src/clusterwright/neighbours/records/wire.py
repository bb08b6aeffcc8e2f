"""The bodies that make and change records; their keys are in snake case."""

import re
from ipaddress import IPv4Address, ip_network
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from clusterwright.cce.clusters.values import (
    Id,
    PrivateCidr,
    Short,
    each_once,
    is_of_a_host,
    is_written_plainly,
)
from clusterwright.document import KEEPS_EMPTY
from clusterwright.neighbours.wire import SnakeCase


def _address(value: str) -> str:
    try:
        return str(IPv4Address(value)) if value else value
    except ValueError as error:
        raise ValueError(f"an IPv4 address is needed: {error}") from None


def _name_server(value: str) -> str:
    if value and not is_of_a_host(IPv4Address(value)):
        raise ValueError(f"an IPv4 address is needed that a server can have, not {value}")
    return value


def _public_key(value: str) -> str:
    # One line: a second one would be a second key to whoever installs it.
    kind, blob = r"(ssh|ecdsa|sk)-[A-Za-z0-9@.-]+", "[A-Za-z0-9+/]+={0,2}"
    if value and not re.fullmatch(rf"{kind} {blob}( [^\r\n]*)?\n?", value):
        raise ValueError("one public key such as 'ssh-ed25519 AAAA…' is needed")
    return value


def _sources(value: str) -> str:
    try:
        ip_network(is_written_plainly(value) if "/" in value else value, strict=False)
    except ValueError as error:
        raise ValueError(f"an address or a CIDR is needed: {error}") from None
    if "%" in value:
        raise ValueError("an address without a zone is needed")
    return value


def _protocol(value: str) -> str:
    is_number = value.isascii() and value.isdigit() and int(value) <= 255
    if not is_number and value.lower() not in _PROTOCOLS:
        raise ValueError(f"a number of 0 to 255 is needed, or one of {', '.join(_PROTOCOLS)}")
    return value


def _ports(value: str) -> str:
    for part in value.split(","):
        first, _, last = part.partition("-")
        if not 1 <= int(first) <= int(last or first) <= 65535:
            raise ValueError("ports of 1 to 65535 are needed, such as 80,8000-8080")
    return value


_PROTOCOLS = (
    *("tcp", "udp", "icmp", "icmpv6", "any", "ah", "dccp", "egp", "esp", "gre", "igmp", "ipip"),
    *("ipv6-encap", "ipv6-frag", "ipv6-icmp", "ipv6-nonxt", "ipv6-opts", "ipv6-route", "ospf"),
    *("pgm", "rsvp", "sctp", "udplite", "vrrp"),
)
_OF_TYPES = ("icmp", "1", "icmpv6", "ipv6-icmp", "58")
_LAST_TYPE = 255


Name = Annotated[Short, Field(min_length=1)]
Description = Annotated[str, Field(max_length=255)]
NewDescription = Annotated[Description | None, KEEPS_EMPTY]
"""Clients clear it with the empty text."""
Protocol = Annotated[str, Field(max_length=32), AfterValidator(_protocol)]
Sources = Annotated[str, Field(max_length=64), AfterValidator(_sources)]
Address = Annotated[str, AfterValidator(_address)]
Ports = Annotated[
    str,
    Field(max_length=255, pattern=r"^[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*$"),
    AfterValidator(_ports),
]
Port = Annotated[int, Field(ge=0, le=65535)]


def _no_trial(value: bool) -> bool:
    if value:
        raise ValueError("nothing is only tried here: send the request without it")
    return value


class Envelope(SnakeCase):
    """A body with one object in it, by the service's word for that."""

    dry_run: Annotated[bool, AfterValidator(_no_trial)] | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The object as it was sent."""
        (name,) = type(self).model_fields.keys() - Envelope.model_fields.keys()
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


DhcpOptions = Annotated[list[DhcpOption], Field(max_length=10), each_once("opt_name")]
NameServer = Annotated[Address, AfterValidator(_name_server)]
NameServers = Annotated[list[NameServer], Field(max_length=5), each_once()]


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
    primary_dns: NameServer | None = None
    secondary_dns: NameServer | None = None
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
    primary_dns: Annotated[NameServer | None, KEEPS_EMPTY] = None
    secondary_dns: Annotated[NameServer | None, KEEPS_EMPTY] = None
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

    @model_validator(mode="after")
    def _has_one_other_side(self) -> Self:
        others = (self.remote_ip_prefix, self.remote_group_id, self.remote_address_group_id)
        if sum(map(bool, others)) > 1:
            raise ValueError(
                "remote_ip_prefix, remote_group_id and remote_address_group_id exclude each other"
            )
        family = (self.ethertype or "IPv4").lower()
        if self.remote_ip_prefix and (":" in self.remote_ip_prefix) is not (family == "ipv6"):
            raise ValueError(f"the remote_ip_prefix is not of the ethertype {family}")
        return self

    @model_validator(mode="after")
    def _has_ports_or_a_type(self) -> Self:
        low, high = self.port_range_min, self.port_range_max
        if (self.protocol or "").lower() in _OF_TYPES:
            if max(low or 0, high or 0) > _LAST_TYPE:
                raise ValueError(
                    "of ICMP, port_range_min is the type and port_range_max the code, each of 0 to"
                    f" {_LAST_TYPE}"
                )
        elif (low or 0) > (65535 if high is None else high):
            raise ValueError(f"give a port_range_max that is not less than port_range_min, {low}")
        return self


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
