"""Cluster documents: what may be asked, rule by rule, and how a cluster reads (API reference,
4.1-4.6).
"""

import re
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    NetmaskValueError,
    ip_network,
)
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from clusterwright.document import Document


def _matching(pattern: str, rule: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(rule)
        return value

    return AfterValidator(check)


def _at_most(size: int) -> AfterValidator:
    def check(value: str) -> str:
        if len(value.encode()) > size:
            raise ValueError(f"at most {size} bytes of UTF-8 are allowed")
        return value

    return AfterValidator(check)


def _unique(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise ValueError("every entry must be given once")
    return values


def _network(value: str) -> str:
    try:
        ip_network(value)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise ValueError(f"a CIDR such as 172.16.0.0/16 is needed: {error}") from None
    return value


def _address(value: str) -> str:
    try:
        return value and str(IPv4Address(value))
    except AddressValueError as error:
        raise ValueError(f"an IPv4 address is needed: {error}") from None


def _network_v4(value: str) -> str:
    try:
        network = IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"an IPv4 CIDR such as 172.16.0.0/16 is needed: {error}") from None
    if not 8 <= network.prefixlen <= 28:
        raise ValueError("the prefix must be between /8 and /28")
    return value


Name = Annotated[
    str,
    _matching(
        r"[a-z][a-z0-9-]{2,126}[a-z0-9]",
        "4 to 128 lower-case letters, digits and hyphens are needed,"
        " starting with a letter and not ending with a hyphen",
    ),
]
Cidr = Annotated[str, Field(max_length=64), AfterValidator(_network)]
CidrV4 = Annotated[str, Field(max_length=64), AfterValidator(_network_v4)]
Id = Annotated[str, Field(min_length=1, max_length=64)]
Version = Annotated[
    str, _matching(r"v\d+\.\d+(\.\d+(-r\d+)?)?", "a version such as v1.31 or v1.31.4-r0 is needed")
]
Description = Annotated[str, _at_most(200)]
Strings = dict[str, str]


DRIVER_ANNOTATION = "clusterwright.io/driver"
"""What a cluster is made of: a new one may ask for a driver by it, and reads always tell it."""


class Metadata(Document):
    """``metadata`` of a request to create; ids and times that clients send are the server's to
    set.
    """

    name: Name
    alias: Name | None = None
    annotations: Strings | None = None
    labels: Strings | None = None
    timezone: Annotated[str, Field(max_length=64)] | None = None


class HostNetwork(Document):
    """Where the nodes are; ``SecurityGroup`` has capitals on the wire."""

    vpc: Id
    subnet: Id
    security_group: Annotated[str, Field(max_length=64)] | None = Field(None, alias="SecurityGroup")


class ContainerCidr(Document):
    """One entry of ``containerNetwork.cidrs``."""

    cidr: CidrV4


class ContainerNetwork(Document):
    """Where the pods are."""

    mode: Literal["overlay_l2", "vpc-router", "eni"]
    cidr: CidrV4 | None = None
    cidrs: Annotated[list[ContainerCidr], Field(max_length=20)] | None = None
    enable_container_cidrs_reservation: bool | None = Field(
        None, alias="enableContainerCIDRsReservation"
    )

    @property
    def ranges(self) -> tuple[str, ...]:
        """The ranges asked for; ``cidrs`` wins over the deprecated ``cidr``."""
        if self.cidrs:
            return tuple(entry.cidr for entry in self.cidrs)
        return (self.cidr,) if self.cidr else ()


class EniSubnet(Document):
    """One entry of ``eniNetwork.subnets``."""

    subnet_id: Id = Field(alias="subnetID")


class EniNetwork(Document):
    """Subnets of pods in mode ``eni``."""

    subnets: Annotated[list[EniSubnet], Field(max_length=100)] | None = None
    eni_subnet_id: str | None = None
    eni_subnet_cidr: str | None = Field(None, alias="eniSubnetCIDR")


class ServiceNetwork(Document):
    """Where the services are."""

    ipv4_cidr: CidrV4 | None = Field(None, alias="IPv4CIDR")
    ipv6_cidr: Cidr | None = Field(None, alias="IPv6CIDR")


class AuthenticatingProxy(Document):
    """Base64 of PEM; taken, never given back."""

    ca: str | None = None
    cert: str | None = None
    private_key: str | None = None


class Authentication(Document):
    """How users of the Kubernetes API are known."""

    mode: Literal["rbac", "authenticating_proxy", "x509"] | None = None
    authenticating_proxy: AuthenticatingProxy | None = None


class PublicAccess(Document):
    """Who may reach a public endpoint."""

    cidrs: list[Cidr] | None = None


class Master(Document):
    """One entry of ``masters``."""

    availability_zone: Annotated[str, Field(max_length=64)] | None = None


class Tag(Document):
    """One entry of ``clusterTags``."""

    key: Annotated[
        str,
        _matching(
            r"(?!_sys_)[\w .:=+@-]{1,128}",
            "1 to 128 letters, digits, spaces and _.:=+-@ are needed, not starting with _sys_",
        ),
    ]
    value: Annotated[
        str,
        _matching(r"[\w .:=+@/-]{0,255}", "at most 255 letters, digits, spaces and _.:/=+-@"),
    ] = ""


class ClusterExtendParam(Document):
    """``spec.extendParam``: strings, but for periodNum."""

    enterprise_project_id: str | None = None
    cluster_az: str | None = Field(None, alias="clusterAZ")
    cluster_external_ip: Annotated[str, AfterValidator(_address)] | None = Field(
        None, alias="clusterExternalIP"
    )
    order_id: str | None = Field(None, alias="orderID")
    period_num: int | None = None


class Spec(Document):
    """``spec`` of a request to create."""

    category: Literal["CCE", "Turbo"] | None = None
    type: Literal["VirtualMachine", "ARM64"] | None = None
    flavor: str | None = None
    version: Version | None = None
    description: Description | None = None
    custom_san: Annotated[list[str], AfterValidator(_unique)] | None = None
    ipv6enable: bool | None = Field(None, alias="ipv6enable")
    host_network: HostNetwork
    container_network: ContainerNetwork
    eni_network: EniNetwork | None = None
    service_network: ServiceNetwork | None = None
    kubernetes_svc_ip_range: CidrV4 | None = None
    authentication: Authentication | None = None
    public_access: PublicAccess | None = None
    billing_mode: Annotated[int, Field(ge=0, le=1)] | None = None
    masters: list[Master] | None = None
    cluster_tags: Annotated[list[Tag], Field(max_length=20)] | None = None
    kube_proxy_mode: Literal["iptables", "ipvs", "nftables"] | None = None
    enable_master_volume_encryption: bool | None = None
    enable_dist_mgt: bool | None = None
    deletion_protection: bool | None = None
    agency_name: Annotated[str, Field(max_length=64)] | None = None
    extend_param: ClusterExtendParam | None = None


class ClusterToCreate(Document):
    """The body of a request to create a cluster."""

    kind: Literal["Cluster", "cluster"]
    api_version: Literal["v3"]
    metadata: Metadata
    spec: Spec


class MetadataToUpdate(Document):
    """``metadata`` of a request to update: only the alias can change."""

    alias: Name | None = None


class HostNetworkToUpdate(Document):
    """``spec.hostNetwork`` of a request to update."""

    security_group: Annotated[str, Field(max_length=64)] | None = Field(None, alias="SecurityGroup")


class ContainerNetworkToUpdate(Document):
    """``spec.containerNetwork`` of a request to update: new ranges, or the full ordered list."""

    cidrs: Annotated[list[ContainerCidr], Field(max_length=20)] | None = None


class SpecToUpdate(Document):
    """``spec`` of a request to update; an absent key means leave as is."""

    description: (
        Annotated[
            Description,
            _matching(r"[^~$%^&*<>\[\]{}()'\"#\\]*", "none of ~$%^&*<>[]{}()'\"#\\ are allowed"),
        ]
        | None
    ) = None
    custom_san: Annotated[list[str], AfterValidator(_unique)] | None = None
    container_network: ContainerNetworkToUpdate | None = None
    eni_network: EniNetwork | None = None
    host_network: HostNetworkToUpdate | None = None
    deletion_protection: bool | None = None
    agency_name: Annotated[str, Field(max_length=64)] | None = None


class ClusterToUpdate(Document):
    """The body of a request to update a cluster."""

    metadata: MetadataToUpdate | None = None
    spec: SpecToUpdate | None = None


class ClusterStatus(Document):
    """``status`` of a cluster."""

    phase: str
    job_id: str | None = Field(None, alias="jobID")
    reason: str | None = None
    message: str | None = None
    endpoints: list[dict[str, str]] | None = None


class ClusterDocument(Document):
    """A cluster as clients read it; declared for the API's own description."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: ClusterStatus


class ClusterList(Document):
    """All clusters of a project; the public service names the list like its items."""

    kind: str
    api_version: str
    items: list[ClusterDocument]
