"""The bodies of requests about many nodes at once (API reference, 5.3)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from clusterwright.cce.clusters.values import Id, Short, each_once, matching
from clusterwright.cce.nodes.disks import Storage
from clusterwright.cce.nodes.software import (
    MOST_SCRIPT,
    BaseSize,
    Conditions,
    HostnameConfig,
    Labels,
    Login,
    LvmText,
    MaxPods,
    NewLogin,
    Reinforcement,
    Runtime,
    Script,
    Scripts,
    System,
    Taints,
    UserTags,
)
from clusterwright.cce.nodes.wire import NodeNameOrNone
from clusterwright.document import Document

MOST_NODES = 200
"""Nodes that one request may add, reset, remove or migrate (API reference, 9)."""


class Batch(Document):
    """What says of what kind a body is; clients may leave it out."""

    kind: Short | None = None
    api_version: Literal["v3"] | None = None


class RuntimeConfig(Document):
    """The runtime in requests about existing servers."""

    docker_base_size: BaseSize | None = None
    container_base_size: BaseSize | None = None
    runtime: Runtime | None = None


class ReinstallVolume(Document):
    """The system disk of an existing server."""

    image_id: Id | None = Field(None, alias="imageID")
    cmk_id: Id | None = Field(None, alias="cmkID")


class ServerConfig(Document):
    """The server's part in requests about existing servers."""

    user_tags: UserTags | None = None
    root_volume: ReinstallVolume | None = None


class VolumeConfig(Document):
    """What becomes of the disks."""

    lvm_config: LvmText | None = None
    storage: Storage | None = None
    volume_reset_policy: Literal["", "reset_managed_volumes", "retain_custom_volumes"] | None = None


class K8sOptions(Document):
    """Kubernetes' part in requests about existing servers."""

    labels: Labels | None = None
    taints: Taints | None = None
    max_pods: MaxPods | None = None
    nic_multiqueue: (
        Annotated[
            str,
            Field(max_length=256),
            matching(
                r'\[(\{ *"queue" *: *[0-9]{1,3} *\},? *)+\]',
                'a list such as [{"queue":4}] is needed',
            ),
        ]
        | None
    ) = None
    nic_threshold: (
        Annotated[str, Field(pattern=r"^((0(\.[0-9])?|1(\.0)?):(0(\.[0-9])?|1(\.0)?))?$")] | None
    ) = None


class Lifecycle(Document):
    """What is run before and after an installation."""

    pre_install: Script | None = None
    post_install: Script | None = None
    wait_post_install_finish: bool | None = None

    @model_validator(mode="after")
    def _are_short_enough(self) -> Self:
        if len(self.pre_install or "") + len(self.post_install or "") > MOST_SCRIPT:
            raise ValueError(f"both scripts together may have {MOST_SCRIPT} characters")
        return self


class ReinstallExtendParam(Document):
    """``extendParam`` of an existing server."""

    image_id: Id | None = Field(None, alias="alpha.cce/NodeImageID")


class ReinstallSpec(Document):
    """What an existing server becomes when it is accepted or reset."""

    os: System
    login: NewLogin | None = None
    name: NodeNameOrNone | None = None
    server_config: ServerConfig | None = None
    volume_config: VolumeConfig | None = None
    runtime_config: RuntimeConfig | None = None
    k8s_options: K8sOptions | None = None
    lifecycle: Lifecycle | None = None
    initialized_conditions: Conditions | None = None
    extend_param: ReinstallExtendParam | None = None
    hostname_config: HostnameConfig | None = None
    security_reinforcement_type: Reinforcement | None = None


class ServerToAdd(Document):
    """One server to accept."""

    server_id: Id = Field(alias="serverID")
    spec: ReinstallSpec


class ServersToAdd(Batch):
    """The body of a request to accept existing servers."""

    node_list: Annotated[
        list[ServerToAdd], Field(min_length=1, max_length=MOST_NODES), each_once("server_id")
    ]


class NodeToReset(Document):
    """One node to install again; the nodes of a pool follow their pool instead of ``spec``."""

    node_id: Id = Field(alias="nodeID")
    spec: ReinstallSpec | None = None


class NodesToReset(Batch):
    """The body of a request to reset nodes."""

    node_list: Annotated[
        list[NodeToReset], Field(min_length=1, max_length=MOST_NODES), each_once("node_id")
    ]


class NodeItem(Document):
    """A node of a task."""

    uid: Id


class SentStatus(Document):
    """``status`` of a task that a client sends along; the server's to set."""

    job_id: Id | None = Field(None, alias="jobID")


class RemovalSpec(Document):
    """``spec`` of a task that takes nodes out of a cluster."""

    login: Login | None = None
    nodes: Annotated[list[NodeItem], Field(min_length=1, max_length=MOST_NODES), each_once("uid")]


class RemoveNodesTask(Batch):
    """The body of a request to take nodes out of a cluster and to keep their servers."""

    spec: RemovalSpec
    status: SentStatus | None = None


class MigrationExtendParam(Scripts):
    """``extendParam`` of nodes that move."""

    max_pods: MaxPods | None = None
    docker_lvm_config_override: LvmText | None = Field(None, alias="DockerLVMConfigOverride")
    image_id: Id | None = Field(None, alias="alpha.cce/NodeImageID")


class MigrationVolume(Document):
    """The system disk of a node that moves."""

    cmk_id: Id | None = Field(None, alias="cmkID")


class MigrationServerConfig(Document):
    """The server's part when a node moves."""

    root_volume: MigrationVolume | None = None


class MigrationSpec(RemovalSpec):
    """``spec`` of a task that moves nodes to another cluster."""

    os: System
    runtime: Runtime | None = None
    server_config: MigrationServerConfig | None = None
    extend_param: MigrationExtendParam | None = None


class MigrateNodesTask(Batch):
    """The body of a request to move nodes to another cluster."""

    spec: MigrationSpec
    status: SentStatus | None = None


class NodeUids(Batch):
    """The body of a request that only names nodes."""

    node_list: Annotated[list[Id], Field(min_length=1, max_length=2000), each_once()]
