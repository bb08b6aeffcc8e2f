"""The scale groups of a pool: further kinds of node in it (API reference, 6.6)."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from clusterwright.cce.clusters.values import Id
from clusterwright.cce.nodes.wire import Flavor, Zone
from clusterwright.document import Document

DEFAULT_GROUP = "default"
"""The group that the template describes; no other may have its name."""


def _not_the_default(value: str) -> str:
    if value == DEFAULT_GROUP:
        raise ValueError("the name default is taken by the group that the template describes")
    return value


class GroupMetadata(Document):
    """``metadata`` of a group. The uid is the server's to give: in an update it names a group."""

    uid: Id | None = None
    name: Annotated[
        str, Field(pattern="^[a-z]([a-z0-9-]{0,54}[a-z0-9])?$"), AfterValidator(_not_the_default)
    ]


class CapacityReservation(Document):
    """Which reserved capacity the servers are taken from."""

    id: Id | None = None
    preference: Literal["", "none", "targeted"] | None = None

    @model_validator(mode="after")
    def _names_its_target(self) -> Self:
        if self.preference == "targeted" and not self.id:
            raise ValueError("the preference targeted needs id")
        return self


class GroupAutoscaling(Document):
    """When the group may change its size by itself; kept for whoever scales."""

    enable: bool | None = None
    extension_priority: Annotated[int, Field(ge=-(2**31), le=2**31 - 1)] | None = None
    min_node_count: Annotated[int, Field(ge=0, le=2000)] | None = None
    max_node_count: Annotated[int, Field(ge=0, le=2000)] | None = None

    @model_validator(mode="after")
    def _has_bounds_in_order(self) -> Self:
        if self.max_node_count and (self.min_node_count or 0) > self.max_node_count:
            raise ValueError("the minNodeCount must be at most maxNodeCount")
        return self


class GroupSpec(Document):
    """``spec`` of a group; without a zone, that of the template."""

    flavor: Flavor
    az: Zone | None = None
    capacity_reservation_specification: CapacityReservation | None = None
    autoscaling: GroupAutoscaling | None = None


class ScaleGroup(Document):
    """A scale group."""

    metadata: GroupMetadata
    spec: GroupSpec
