"""Documents of the catalog: quotas, offers, log configurations and partitions."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from clusterwright.document import Document

_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,62}[a-zA-Z0-9])?")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("1 to 64 letters, digits, hyphens, underscores and dots are needed")
    return value


Name = Annotated[str, AfterValidator(_name)]
Id = Annotated[str, Field(min_length=1, max_length=64)]


class LogType(Document):
    """One component whose logs may be collected."""

    name: Name
    enable: bool = False
    type: Literal["control", "audit", "system-addon"] | None = None


class LogConfig(Document):
    """Which logs are collected, and for how long they are kept; keys are in snake case."""

    ttl_in_days: Annotated[int, Field(ge=0, le=30)] | None = Field(None, alias="ttl_in_days")
    log_configs: Annotated[list[LogType], Field(max_length=100)] | None = Field(
        None, alias="log_configs"
    )


class Subnet(Document):
    """A subnet by its id."""

    subnet_id: Id = Field(alias="subnetID")


class PartitionMetadata(Document):
    """``metadata`` of a partition."""

    name: Name


class PartitionSpec(Document):
    """``spec`` of a partition."""

    host_network: Subnet | None = None
    container_network: Annotated[list[Subnet], Field(max_length=20)] | None = None
    public_border_group: Annotated[str, Field(max_length=64)] | None = None
    category: Literal["Default", "IES", "HomeZone"] | None = None


class PartitionToWrite(Document):
    """The body of a request to create or change a partition."""

    kind: Literal["Partition"]
    api_version: Literal["v3"]
    metadata: PartitionMetadata
    spec: PartitionSpec


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
