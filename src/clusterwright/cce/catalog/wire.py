"""Documents of the catalog: quotas, offers, log configurations and partitions."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from clusterwright.cce.clusters.values import Id, each_once
from clusterwright.document import Document

_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,62}[a-zA-Z0-9])?")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("1 to 64 letters, digits, hyphens, underscores and dots are needed")
    return value


Name = Annotated[str, AfterValidator(_name)]


class LogType(Document):
    """One component whose logs may be collected."""

    name: Name
    enable: bool = False
    type: Literal["control", "audit", "system-addon"] | None = None


class LogConfig(Document):
    """Which logs are collected, and for how long they are kept; keys are in snake case."""

    ttl_in_days: Annotated[int, Field(ge=0, le=30)] | None = Field(None, alias="ttl_in_days")
    log_configs: Annotated[list[LogType], Field(max_length=100), each_once("name")] | None = Field(
        None, alias="log_configs"
    )


class Subnet(Document):
    """A subnet by its id."""

    subnet_id: Id = Field(alias="subnetID")


Subnets = Annotated[list[Subnet], Field(max_length=20), each_once("subnet_id")]


class PartitionMetadata(Document):
    """``metadata`` of a partition."""

    name: Name


class PartitionSpec(Document):
    """``spec`` of a partition."""

    host_network: Subnet | None = None
    container_network: Subnets | None = None
    public_border_group: Id | None = None
    category: Literal["Default", "IES", "HomeZone"] | None = None


class PartitionHead(Document):
    """The beginning of a partition's body; nothing in it is mandatory."""

    kind: Literal["Partition"] = "Partition"
    api_version: Literal["v3"] = "v3"


class PartitionToCreate(PartitionHead):
    """The body of a request to create a partition."""

    metadata: PartitionMetadata
    spec: PartitionSpec


class PartitionMetadataToUpdate(Document):
    """``metadata`` of a request to update; Terraform puts the new subnets here."""

    name: Name | None = None
    container_network: Subnets | None = None


class PartitionToUpdate(PartitionHead):
    """The body of a request to change a partition; an absent key means leave as is."""

    metadata: PartitionMetadataToUpdate | None = None
    spec: PartitionSpec | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """What the spec of the partition gets."""
        sent = self.metadata and self.metadata.as_sent().get("containerNetwork")
        moved = {"containerNetwork": sent} if sent else {}
        return moved | (self.spec.as_sent() if self.spec else {})


class PartitionDocument(Document):
    """A partition as clients read it."""

    kind: str
    api_version: str
    metadata: dict[str, str]
    spec: dict[str, Any]


class PartitionList(Document):
    """The partitions of a cluster."""

    kind: str
    api_version: str
    items: list[PartitionDocument]


class ZoneDocument(Document):
    """An availability zone as clients read it."""

    id: str
    name: str
    display_name: str
    az_group_ids: list[str]
    public_border_group: str
    category: str
    alias: str


class OptionDocument(Document):
    """An option of a component as clients read it."""

    name: str
    default: str | int | bool
    valid_at: str
    empty: bool
    # The API's word for the component that it is an option of.
    component: str = Field(alias="schema")
    type: str


ComponentOptions = dict[str, list[OptionDocument]]
"""What can be configured, by component."""


class QuotaList(Document):
    """How much of each resource a project may have, and has."""

    quotas: list[dict[str, Any]]


class NestedQuotas(Document):
    """The same in the older shape."""

    quotas: dict[str, list[dict[str, Any]]]


class FlavorSpecifications(Document):
    """The sizes of clusters that can be had."""

    cluster_flavor_specs: list[dict[str, Any]]


class FeatureGates(Document):
    """What this server can do."""

    kind: str
    api_version: str
    spec: dict[str, Any]
