"""Bodies of upgrades, and how tasks and workflows read (API reference, 4.11)."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from clusterwright.cce.addons.wire import UpgradeAddon
from clusterwright.cce.clusters.values import Id, Short, Text, Version, each_once
from clusterwright.document import Document

Priority = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""The larger, the sooner; clients read it into 32 bits."""


class RollingUpdate(Document):
    """How many nodes at a time, at most."""

    user_defined_step: Annotated[int, Field(ge=1, le=120)]
    scope: Literal["Cluster", "NodePool"] | None = None


class Strategy(Document):
    """The one way to upgrade that there is."""

    type: Literal["inPlaceRollingUpdate"]
    in_place_rolling_update: RollingUpdate


class NodeSelector(Document):
    """Which nodes of a pool come together."""

    key: Text | None = None
    value: Annotated[list[Text], Field(max_length=2000)] | None = None
    # Kubernetes' own words for it; Terraform configurations have =, which the SDK's list has not.
    operator: Literal["!", "=", "==", "!=", "in", "notin", "exists", "gt", "lt"] | None = None


class NodePriority(Document):
    """When some nodes of a pool come."""

    node_selector: NodeSelector | None = None
    priority: Priority | None = None


class UpgradeAction(Document):
    """``spec.clusterUpgradeAction`` of a request to upgrade."""

    addons: (
        Annotated[list[UpgradeAddon], Field(max_length=100), each_once("addon_template_name")]
        | None
    ) = None
    node_order: dict[Short, Annotated[list[NodePriority], Field(max_length=100)]] | None = None
    node_pool_order: dict[Short, Priority] | None = None
    target_version: Version
    strategy: Strategy
    is_only_upgrade: bool | None = None
    agency_name: Short | None = None


class UpgradeSpec(Document):
    """``spec`` of a request to upgrade: the action under the one name or the other.

    Terraform sends the second for clusters without nodes, where the official model has the first.
    That wins where both are there.
    """

    cluster_upgrade_action: UpgradeAction | None = None
    autopilot_cluster_upgrade_action: UpgradeAction | None = None

    @model_validator(mode="after")
    def _has_action(self) -> Self:
        if not self._actions:
            raise ValueError("clusterUpgradeAction is needed")
        return self

    @property
    def action(self) -> UpgradeAction:
        """What is to be done."""
        return next(iter(self._actions.values()))

    @property
    def action_name(self) -> str:
        """The field that says it."""
        return next(iter(self._actions))

    @property
    def _actions(self) -> dict[str, UpgradeAction]:
        sent = {
            "clusterUpgradeAction": self.cluster_upgrade_action,
            "autopilotClusterUpgradeAction": self.autopilot_cluster_upgrade_action,
        }
        return {name: action for name, action in sent.items() if action is not None}


class UpgradeMetadata(Document):
    """``metadata`` of a request to upgrade."""

    api_version: Literal["v3"]
    kind: Literal["UpgradeTask"]


class ClusterToUpgrade(Document):
    """The body of a request to upgrade."""

    metadata: UpgradeMetadata
    spec: UpgradeSpec


class Hop(Document):
    """From which version to which: ``spec`` of checks and workflows."""

    cluster_id: Id | None = Field(None, alias="clusterID")
    cluster_version: Version | None = None
    target_version: Version


class ResourceSelector(Document):
    """For which nodes a check is left out."""

    key: Text | None = None
    values: Annotated[list[Text], Field(max_length=2000)] | None = None
    operator: Literal["In"] | None = None


class SkippedCheck(Document):
    """One check that is left out."""

    name: Text | None = None
    resource_selector: ResourceSelector | None = None


class PreCheckHop(Hop):
    """``spec`` of a check before an upgrade."""

    skipped_check_item_list: Annotated[list[SkippedCheck], Field(max_length=200)] | None = None


class PreCheckToMake(Document):
    """The body of a request to check before an upgrade."""

    api_version: Literal["v3"]
    kind: Literal["PreCheckTask"]
    spec: PreCheckHop


class PostCheckToMake(Document):
    """The body of a request to check after an upgrade."""

    api_version: Literal["v3"]
    kind: Literal["PostCheckTask"]
    spec: Hop


class WorkflowToCreate(Document):
    """The body of a request to begin an upgrade workflow."""

    api_version: Literal["v3"]
    kind: Literal["WorkFlowTask"]
    spec: Hop


class WorkflowStatusToSet(Document):
    """``status`` of a request about a workflow: it can only be cancelled."""

    phase: Literal["Cancel"]


class WorkflowToUpdate(Document):
    """The body of a request about a workflow."""

    status: WorkflowStatusToSet


class TaskDocument(Document):
    """An upgrade task, a check or a workflow as clients read it."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: dict[str, Any]


class TaskList(Document):
    """Several of them."""

    kind: str
    api_version: str
    items: list[TaskDocument]


class Promised(Document):
    """The answer to a request to upgrade."""

    metadata: dict[str, str]
    spec: dict[str, Any]


class SnapshotAnswer(Document):
    """The answer to a request for a snapshot."""

    uid: str
    metadata: dict[str, str]


class UpgradePaths(Document):
    """Which version may follow which."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    upgrade_paths: list[dict[str, Any]]


class UpgradeFeatureGates(Document):
    """What upgrades can do."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    upgrade_feature_gates: dict[str, str]
