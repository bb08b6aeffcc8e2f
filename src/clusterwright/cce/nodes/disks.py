"""The disks of a node and how they are divided (API reference, 5.4).

These are the rules of ``rootVolume``, ``dataVolumes`` and ``storage``.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from clusterwright.cce.clusters.values import Id, Short, matching
from clusterwright.document import Document

VolumeType = Literal["SATA", "SAS", "SSD", "GPSSD", "ESSD", "GPSSD2", "ESSD2", "co-p1", "uh-l1"]
"""The closed list of kinds of disk; the last two are the Open Telekom Cloud's."""
Name = Annotated[Short, Field(min_length=1)]
Number = Annotated[str, Field(pattern="^[0-9]{0,10}$")]
"""A number as text; empty for any."""

MANAGED_GROUP = "vgpaas"
"""The name of the one group that holds what Kubernetes itself needs."""
_PERCENT = re.compile("[1-9][0-9]?%|100%")
_SPEEDS: Mapping[str, Mapping[str, range]] = {
    "GPSSD2": {"iops": range(3000, 128_001), "throughput": range(125, 1001)},
    "ESSD2": {"iops": range(100, 256_001)},
}
"""What must be said of disks whose speed is chosen; of others it must not be said."""


class VolumeMetadata(Document):
    """Whether a disk is encrypted, and with which key."""

    encrypted: Literal["", "0", "1"] | None = Field(None, alias="__system__encrypted")
    key_id: Id | None = Field(None, alias="__system__cmkid")

    @model_validator(mode="after")
    def _has_its_key(self) -> Self:
        if self.encrypted == "1" and not self.key_id:
            raise ValueError("an encrypted disk needs __system__cmkid, the id of its key")
        return self


class Volume(Document):
    """A disk."""

    size: Annotated[int, Field(ge=10, le=32768)]
    volumetype: VolumeType = Field(alias="volumetype")
    iops: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    throughput: Annotated[int, Field(ge=0, le=100_000)] | None = None
    extend_param: dict[str, Any] | None = None
    cluster_id: Id | None = Field(None, alias="cluster_id")
    cluster_type: Literal["", "dss"] | None = Field(None, alias="cluster_type")
    passthrough: bool | None = Field(None, alias="hw:passthrough")
    metadata: VolumeMetadata | None = None

    @model_validator(mode="after")
    def _has_the_speed_of_its_type(self) -> Self:
        needed = _SPEEDS.get(self.volumetype, {})
        for name in ("iops", "throughput"):
            given = getattr(self, name)
            if given and name not in needed:
                raise ValueError(f"a disk of type {self.volumetype} takes no {name}")
            if name in needed and given not in needed[name]:
                least, most = needed[name][0], needed[name][-1]
                raise ValueError(
                    f"a disk of type {self.volumetype} needs {name}, {least} to {most}"
                )
        return self


class RootVolume(Volume):
    """The system disk."""

    size: Annotated[int, Field(ge=20, le=1024)]


class MatchLabels(Document):
    """Which disks a selector takes."""

    size: Number | None = None
    volume_type: Literal["", VolumeType] | None = None
    iops: Number | None = None
    throughput: Number | None = None
    metadata_encrypted: Literal["", "0", "1"] | None = None
    metadata_cmkid: Id | None = None
    count: Number | None = None


class Selector(Document):
    """Disks under one name."""

    name: Name
    storage_type: Literal["evs", "local", "system"]
    match_labels: MatchLabels | None = None

    @model_validator(mode="after")
    def _takes_all_local_disks(self) -> Self:
        labels = self.match_labels
        if self.storage_type == "local" and labels and any(labels.as_sent().values()):
            raise ValueError("local disks are taken all together: send no matchLabels")
        return self


class LvmConfig(Document):
    """How a space is written to, and where it is mounted."""

    lv_type: Literal["linear", "striped"]
    path: Annotated[str, Field(max_length=256, pattern=r"^(/[A-Za-z0-9._-]+)*/?$")] | None = None


class RuntimeSpaceConfig(Document):
    """How the runtime's space is written to."""

    lv_type: Literal["linear", "striped"]


def _percentage(value: str) -> str:
    if not _PERCENT.fullmatch(value):
        raise ValueError("a whole percentage from 1% to 100% is needed")
    return value


class VirtualSpace(Document):
    """A share of a group."""

    name: Literal["share", "kubernetes", "runtime", "user"]
    size: Annotated[str, AfterValidator(_percentage)]
    lvm_config: LvmConfig | None = None
    runtime_config: RuntimeSpaceConfig | None = None

    @model_validator(mode="after")
    def _has_the_config_of_its_kind(self) -> Self:
        if self.name == "runtime" and self.lvm_config is not None:
            raise ValueError("the space runtime takes runtimeConfig instead of lvmConfig")
        if self.name != "runtime" and self.runtime_config is not None:
            raise ValueError(f"the space {self.name} takes lvmConfig instead of runtimeConfig")
        if self.name != "user" and self.lvm_config is not None and self.lvm_config.path:
            raise ValueError("a path in lvmConfig is for the space user alone")
        return self


class Group(Document):
    """Disks that are one volume group, and its shares."""

    name: Annotated[str, matching("[A-Za-z0-9_.+-]{1,64}", "the name of a volume group is needed")]
    cce_managed: bool | None = None
    selector_names: Annotated[list[Name], Field(min_length=1)]
    virtual_spaces: Annotated[list[VirtualSpace], Field(min_length=1)]

    @model_validator(mode="after")
    def _can_be_divided(self) -> Self:
        _unique("virtualSpaces", (space.name for space in self.virtual_spaces))
        if sum(int(space.size[:-1]) for space in self.virtual_spaces) > 100:
            raise ValueError(f"the virtualSpaces of group {self.name} are more than 100%")
        names = {space.name for space in self.virtual_spaces}
        if "share" in names and names & {"kubernetes", "runtime"}:
            raise ValueError("the space share takes the place of kubernetes and runtime")
        if self.cce_managed and self.name != MANAGED_GROUP:
            raise ValueError(f"the group with cceManaged must be called {MANAGED_GROUP}")
        return self


class Storage(Document):
    """How the disks are divided."""

    storage_selectors: list[Selector] | None = None
    storage_groups: list[Group] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        selectors, groups = self.storage_selectors or [], self.storage_groups or []
        if not selectors and not groups:
            return self
        types = {selector.name: selector.storage_type for selector in selectors}
        _unique("storageSelectors", (selector.name for selector in selectors))
        _unique("storageGroups", (group.name for group in groups))
        if list(types.values()).count("local") > 1:
            raise ValueError("only one storageSelector may have the type local")
        taken = [name for group in groups for name in group.selector_names]
        if unknown := [name for name in taken if name not in types]:
            raise ValueError(f"there is no storageSelector {unknown[0]} for selectorNames")
        if len(set(taken)) < len(taken):
            raise ValueError(
                "a storageSelector may be in one group only, once in its selectorNames"
            )
        for group in groups:
            if len(group.selector_names) > 1 and "system" in map(types.get, group.selector_names):
                raise ValueError("a group on the system disk has no other storageSelector")
        if sum(bool(group.cce_managed) for group in groups) != 1:
            raise ValueError("exactly one storageGroup must have cceManaged true")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said, as some clients do who mean no ``storage`` at all."""
        return not self.storage_selectors and not self.storage_groups


def _unique(field: str, names: Iterable[str]) -> None:
    known: set[str] = set()
    for name in names:
        if name in known:
            raise ValueError(f"the name {name} is given twice in {field}")
        known.add(name)
