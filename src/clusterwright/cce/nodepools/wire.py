"""Node pool documents: what may be asked, rule by rule, and how a pool reads (API reference, 6)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from clusterwright.cce.nodes.wire import (
    MOST_NODES,
    DataVolume,
    Id,
    Labels,
    Login,
    NodeNicSpec,
    NodeTemplate,
    RootVolume,
    Runtime,
    Short,
    Strings,
    Taints,
    UserTags,
)
from clusterwright.document import Document

PoolName = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$")]
Count = Annotated[int, Field(ge=0, le=2000)]
Policy = Literal["refresh", "ignore"]

_LONGEST = 2**31 - 1
MOST_MIGRATED = 50
"""Nodes that one request may move into a pool (API reference, 9)."""


class Autoscaling(Document):
    """When the pool may change its size by itself; kept for whoever scales."""

    enable: bool | None = None
    min_node_count: Count | None = None
    max_node_count: Count | None = None
    scale_down_cooldown_time: Annotated[int, Field(ge=0, le=_LONGEST)] | None = None
    priority: int | None = None
    scale_down_unneeded_time: Annotated[int, Field(ge=-1, le=_LONGEST)] | None = None
    scale_down_utilization_threshold: Annotated[float, Field(ge=-1, le=1)] | None = None


class NodeManagement(Document):
    """Where the servers of the pool are placed."""

    server_group_reference: Short = ""


class PoolMetadata(Document):
    """``metadata`` of a request to create."""

    name: PoolName
    annotations: Strings | None = None


class PoolSettings(Document):
    """What requests to create and to update have in common."""

    autoscaling: Autoscaling | None = None
    node_management: NodeManagement | None = None
    repair_policy: dict[str, Any] | None = None
    custom_security_groups: list[str] | None = None
    taint_policy_on_existing_nodes: Policy | None = None
    label_policy_on_existing_nodes: Policy | None = None
    user_tags_policy_on_existing_nodes: Policy | None = None
    extension_scale_groups: list[dict[str, Any]] | None = None


class PoolSpec(PoolSettings):
    """``spec`` of a request to create."""

    type: Literal["vm", "ElasticBMS", "pm"] | None = None
    node_template: NodeTemplate
    initial_node_count: Count = 0
    pod_security_groups: Annotated[list[dict[str, Any]], Field(max_length=5)] | None = None


class PoolToCreate(Document):
    """The body of a request to create a pool."""

    kind: Literal["NodePool", "nodepool"]
    api_version: Literal["v3"]
    metadata: PoolMetadata
    spec: PoolSpec


class TemplateToUpdate(Document):
    """``nodeTemplate`` of a request to update; an absent key means leave as is, an empty list
    clear.
    """

    flavor: Short | None = None
    az: Short | None = None
    os: Short | None = None
    login: Login | None = None
    root_volume: RootVolume | None = None
    root_volume_update: RootVolume | None = None
    data_volumes: list[DataVolume] | None = None
    data_volumes_update: list[DataVolume] | None = None
    storage: dict[str, Any] | None = None
    node_nic_spec: NodeNicSpec | None = None
    node_nic_spec_update: NodeNicSpec | None = None
    runtime: Runtime | None = None
    k8s_tags: Labels | None = None
    taints: Taints | None = None
    user_tags: UserTags | None = None
    extend_param: dict[str, Any] | None = None


class PoolSpecToUpdate(PoolSettings):
    """``spec`` of a request to update. A missing size means zero, unless it is to be ignored."""

    node_template: TemplateToUpdate | None = None
    initial_node_count: Count = 0
    ignore_initial_node_count: bool = False
    node_management_update: NodeManagement | None = None


class PoolMetadataToUpdate(Document):
    """``metadata`` of a request to update: only the name can change."""

    name: PoolName | None = None


class PoolToUpdate(Document):
    """The body of a request to update a pool."""

    metadata: PoolMetadataToUpdate = Field(default_factory=PoolMetadataToUpdate)
    spec: PoolSpecToUpdate


class ScaleSpec(Document):
    """``spec`` of a request to scale: the size to reach; missing means zero."""

    desired_node_count: Count = 0
    scale_groups: list[str] | None = None
    options: dict[str, Any] | None = None


class PoolToScale(Document):
    """The body of a request to scale a pool."""

    spec: ScaleSpec


class PoolServer(Document):
    """One server to accept."""

    server_id: Id = Field(alias="serverID")


class PoolServers(Document):
    """The body of a request to accept existing servers into a pool."""

    node_list: Annotated[list[PoolServer], Field(min_length=1, max_length=MOST_NODES)]


class PoolNode(Document):
    """One node to move."""

    node_id: Id = Field(alias="nodeID")


class PoolNodes(Document):
    """The body of a request to move nodes into a pool."""

    node_list: Annotated[list[PoolNode], Field(min_length=1, max_length=MOST_MIGRATED)]


class UpgradeSpec(Document):
    """``spec`` of a request to bring nodes up to date with their pool."""

    max_unavailable: Annotated[int, Field(ge=1, le=20)] | None = None
    node_ids: list[Id] | None = Field(None, alias="nodeIDs")
    skipped_nodes: list[Id] | None = None


class PoolToUpgrade(Document):
    """The body of a request to bring nodes up to date with their pool."""

    spec: UpgradeSpec = Field(default_factory=UpgradeSpec)


class ConfigurationItem(Document):
    """One setting of a component."""

    name: Id
    value: Any = None


class Package(Document):
    """The settings of one component."""

    name: Id
    configurations: Annotated[list[ConfigurationItem], Field(max_length=200)]


class ConfigurationSpec(Document):
    """``spec`` of a configuration."""

    packages: Annotated[list[Package], Field(max_length=50)]


class Configuration(Document):
    """The settings of the components on the nodes of a pool, or of the control plane."""

    kind: Literal["Configuration", "configuration"]
    api_version: Literal["v3"]
    metadata: dict[str, Any] | None = None
    spec: ConfigurationSpec


class PoolStatus(Document):
    """``status`` of a pool; an empty phase means ready."""

    current_node: int
    creating_node: int
    deleting_node: int
    phase: str
    job_id: str | None = None


class PoolDocument(Document):
    """A pool as clients read it; declared for the API's own description."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: PoolStatus


class PoolList(Document):
    """The pools of a cluster."""

    kind: str
    api_version: str
    items: list[PoolDocument]


POOL_LABEL = "cce.cloud.com/cce-nodepool"
