"""The bodies that make and change records; their keys are in snake case."""

import re
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from clusterwright.neighbours.wire import SnakeCase


def _range(value: str) -> str:
    try:
        network = IPv4Network(value) if value.isascii() else None
    except ValueError as error:
        raise ValueError(f"a CIDR such as 192.168.0.0/16 is needed: {error}") from None
    if network is None or not 8 <= network.prefixlen <= 29:
        raise ValueError("a CIDR such as 192.168.0.0/16 is needed, /8 to /29")
    return value


def _address(value: str) -> str:
    try:
        return str(IPv4Address(value)) if value else value
    except ValueError as error:
        raise ValueError(f"an IPv4 address is needed: {error}") from None


def _public_key(value: str) -> str:
    if value and not re.match(r"(ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/=]+", value):
        raise ValueError("a public key such as 'ssh-ed25519 AAAA…' is needed")
    return value


Text = Annotated[str, Field(max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Description = Annotated[str, Field(max_length=255)]
Range = Annotated[str, AfterValidator(_range)]
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


class Vpc(SnakeCase):
    """A VPC."""

    name: Text | None = None
    cidr: Range | None = None
    description: Description | None = None
    enterprise_project_id: Text | None = None


class VpcToWrite(Envelope):
    """The body of a request to create or change a VPC."""

    vpc: Vpc


class SubnetToCreate(SnakeCase):
    """A new subnet."""

    name: Name
    cidr: Range
    gateway_ip: Address
    vpc_id: Name
    description: Description | None = None
    availability_zone: Text | None = None
    dhcp_enable: bool | None = None
    ipv6_enable: bool | None = None
    primary_dns: Address | None = None
    secondary_dns: Address | None = None
    dns_list: Annotated[list[Address], Field(max_length=5)] | None = Field(None, alias="dnsList")
    extra_dhcp_opts: Annotated[list[dict[str, Any]], Field(max_length=10)] | None = None


class SubnetEnvelope(Envelope):
    """The body of a request to create a subnet."""

    subnet: SubnetToCreate


class Subnet(SnakeCase):
    """What may change of a subnet."""

    name: Text | None = None
    description: Description | None = None
    dhcp_enable: bool | None = None
    primary_dns: Address | None = None
    secondary_dns: Address | None = None
    dns_list: Annotated[list[Address], Field(max_length=5)] | None = Field(None, alias="dnsList")
    extra_dhcp_opts: Annotated[list[dict[str, Any]], Field(max_length=10)] | None = None


class SubnetToChange(Envelope):
    """The body of a request to change a subnet."""

    subnet: Subnet


class PublicAddress(SnakeCase):
    """A public address."""

    type: Text | None = None
    ip_version: Literal[4, 6] | None = None
    alias: Text | None = None
    description: Description | None = None
    port_id: Text | None = None


class Bandwidth(SnakeCase):
    """How fast a public address is."""

    id: Text | None = None
    name: Text | None = None
    size: Annotated[int, Field(ge=1, le=2000)] | None = None
    share_type: Literal["PER", "WHOLE"] | None = None
    charge_mode: Literal["bandwidth", "traffic", "95peak_plus"] | None = None


class AddressToCreate(SnakeCase):
    """The body of a request for a public address."""

    publicip: PublicAddress
    bandwidth: Bandwidth | None = None
    enterprise_project_id: Text | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The address with its bandwidth."""
        speed = self.bandwidth.as_sent() if self.bandwidth else {}
        return self.publicip.as_sent() | {"bandwidth": speed}


class AddressToChange(Envelope):
    """The body of a request to change a public address."""

    publicip: PublicAddress


class BandwidthToChange(SnakeCase):
    """The body of a request to change a bandwidth."""

    bandwidth: Bandwidth

    @property
    def content(self) -> dict[str, Any]:
        """The part of the address's document that changes."""
        return {"bandwidth": self.bandwidth.as_sent()}


class FloatingIp(SnakeCase):
    """A floating IP, as Neutron calls a public address; which network it is from does not count."""

    floating_network_id: Text | None = None
    port_id: Text | None = None


class FloatingIpToWrite(Envelope):
    """The body of a request to create or change a floating IP."""

    floatingip: FloatingIp


class Group(SnakeCase):
    """A security group."""

    name: Name | None = None
    description: Description | None = None
    vpc_id: Text | None = None
    enterprise_project_id: Text | None = None


class GroupToWrite(Envelope):
    """The body of a request to create or change a security group."""

    security_group: Group


class Rule(SnakeCase):
    """A rule of a security group."""

    security_group_id: Name
    direction: Literal["ingress", "egress"]
    ethertype: Literal["IPv4", "IPv6", "ipv4", "ipv6"] | None = None
    protocol: Text | None = None
    port_range_min: Port | None = None
    port_range_max: Port | None = None
    multiport: Ports | None = None
    remote_ip_prefix: Text | None = None
    remote_group_id: Text | None = None
    remote_address_group_id: Text | None = None
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
    user_id: Text | None = None
    description: Description | None = None


class KeyPairToCreate(Envelope):
    """The body of a request to create a key pair."""

    keypair: KeyPair


class KeyPairChange(SnakeCase):
    """What may change of a key pair."""

    description: Description | None = None


class KeyPairToChange(Envelope):
    """The body of a request to change a key pair."""

    keypair: KeyPairChange
