"""The networks in a body about a cluster: those of its nodes, its pods and its services."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from clusterwright.cce.clusters.values import (
    Cidr,
    CidrV4,
    Id,
    PrivateCidr,
    ServiceCidr,
    ServiceCidrV6,
    each_once,
)
from clusterwright.document import Document

MOST_RANGES = 20
"""Container ranges of a cluster (API reference, 4.1)."""


def _ports(value: str) -> str:
    found = re.fullmatch("([0-9]{1,5})(-([0-9]{1,5}))?", value)
    first, last = (int(found[1]), int(found[3] or found[1])) if found else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise ValueError("a port or a range of ports of 1 to 65535 is needed, such as 4090-4099")
    return value


class Hardening(Document):
    """Ports that the group which is made for a cluster's nodes keeps closed."""

    ports_to_disable: (
        Annotated[list[Annotated[str, Field(max_length=11), AfterValidator(_ports)]], each_once()]
        | None
    ) = None


class HostNetworkFields(Document):
    """What bodies may say about the network of the nodes; ``SecurityGroup`` has capitals."""

    security_group: Id | None = Field(None, alias="SecurityGroup")
    control_plane_security_group: Id | None = None
    auto_generate_security_group_hardening_config: Hardening | None = None


class HostNetwork(HostNetworkFields):
    """Where the nodes of a new cluster are."""

    vpc: Id
    subnet: Id


class HostNetworkToUpdate(HostNetworkFields):
    """``spec.hostNetwork`` of a request to update."""

    vpc: Id | None = None
    subnet: Id | None = None


class ContainerCidr(Document):
    """One entry of ``containerNetwork.cidrs``."""

    cidr: PrivateCidr


Mode = Literal["overlay_l2", "vpc-router", "eni"]


class ContainerNetworkFields(Document):
    """What bodies may say about the network of the pods."""

    cidr: PrivateCidr | None = None
    cidrs: Annotated[list[ContainerCidr], Field(max_length=MOST_RANGES)] | None = None
    enable_container_cidrs_reservation: bool | None = Field(
        None, alias="enableContainerCIDRsReservation"
    )


class ContainerNetwork(ContainerNetworkFields):
    """Where the pods of a new cluster are."""

    mode: Mode

    @property
    def ranges(self) -> tuple[str, ...]:
        """The ranges asked for; ``cidrs`` wins over the deprecated ``cidr``."""
        if self.cidrs:
            return tuple(entry.cidr for entry in self.cidrs)
        return (self.cidr,) if self.cidr else ()


class ContainerNetworkToUpdate(ContainerNetworkFields):
    """``spec.containerNetwork`` of a request to update: new ranges, or the full ordered list."""

    mode: Mode | None = None
    containercidrs: Annotated[list[PrivateCidr], Field(max_length=MOST_RANGES)] | None = None


class EniSubnet(Document):
    """One entry of ``eniNetwork.subnets``."""

    subnet_id: Id = Field(alias="subnetID")


class EniNetwork(Document):
    """Subnets of pods in mode ``eni``; a single one may stand in the deprecated field."""

    subnets: Annotated[list[EniSubnet], Field(max_length=100), each_once("subnet_id")] | None = None
    eni_subnet_id: Id | None = None
    eni_subnet_cidr: CidrV4 | None = Field(None, alias="eniSubnetCIDR")


class ServiceNetwork(Document):
    """Where the services are."""

    ipv4_cidr: ServiceCidr | None = Field(None, alias="IPv4CIDR")
    ipv6_cidr: ServiceCidrV6 | None = Field(None, alias="IPv6CIDR")


class PublicAccess(Document):
    """Who may reach a public endpoint."""

    cidrs: Annotated[list[Cidr], Field(max_length=100), each_once()] | None = None
