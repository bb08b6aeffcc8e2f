"""Bodies of requests about the upkeep of nodes, and how answers read (API reference, 5.3)."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from clusterwright.cce.clusters.values import Id, each_once
from clusterwright.cce.nodes.batch_wire import MOST_NODES, NodeItem, SentStatus
from clusterwright.cce.nodes.software import Scripts
from clusterwright.document import Document

_MOST_PERIODS = {"month": 9, "year": 3}


class NodeById(Document):
    """A node whose certificates are renewed."""

    node_id: Id = Field(alias="nodeID")


class CertificatesToRotate(Document):
    """The body of a request to renew the certificates of nodes."""

    api_version: Literal["v3"]
    kind: Literal["List"]
    node_list: Annotated[
        list[NodeById], Field(min_length=1, max_length=MOST_NODES), each_once("node_id")
    ]


class CleanUp(Document):
    """What becomes of a node's data disks when it moves."""

    enable: bool | None = None
    on_failure: Literal["ignore", "abort"] | None = None


class InPlaceExtendParam(Scripts):
    """``extendParam`` of nodes that move and keep their system."""

    wait_post_install_finish: bool | None = None


class InPlaceSpec(Document):
    """``spec`` of a task that moves nodes and keeps their system."""

    nodes: Annotated[list[NodeItem], Field(min_length=1, max_length=MOST_NODES), each_once("uid")]
    data_disk_clean_up_option: CleanUp | None = None
    extend_param: InPlaceExtendParam | None = None


class InPlaceTask(Document):
    """The body of a request to move nodes to another cluster as they are."""

    kind: Literal["InPlaceMigrateNodesTask"] = "InPlaceMigrateNodesTask"
    api_version: Literal["v3"] = "v3"
    spec: InPlaceSpec
    status: SentStatus | None = None


class InPlaceAnswer(Document):
    """That task as it was promised."""

    kind: str
    api_version: str
    spec: dict[str, Any]
    status: dict[str, str]


class Period(Document):
    """How long nodes should be paid for in advance."""

    period_type: Literal["month", "year"]
    period_num: Annotated[int, Field(ge=1, le=9)]
    is_auto_pay: bool | None = None
    is_auto_renew: bool | None = None

    @model_validator(mode="after")
    def _is_offered(self) -> "Period":
        most = _MOST_PERIODS[self.period_type]
        if self.period_num > most:
            raise ValueError(f"periodNum may be 1 to {most} where periodType is {self.period_type}")
        return self


class NodesToPrepay(Document):
    """The body of a request to pay for nodes in advance."""

    kind: Literal["Node"] | None = None
    api_version: Literal["v3"] | None = None
    node_list: Annotated[list[Id], Field(max_length=MOST_NODES), each_once()]
    period_order_param: Period
    include_resources: Annotated[list[Literal["eip"]], Field(max_length=1)] | None = None


class Order(Document):
    """Which order was made."""

    order_id: str


class LabelsDocument(Document):
    """The labels of nodes, by pool and key."""

    kind: str
    api_version: str
    spec: dict[str, dict[str, list[str]]]


class HyperNode(Document):
    """A group of servers that are bought as one, as clients would read it."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: dict[str, Any]
