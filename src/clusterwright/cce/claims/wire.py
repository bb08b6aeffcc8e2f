"""Bodies of claims of cloud volumes (API reference, 12.6)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from clusterwright.cce.clusters.values import Id, Short, Strings, each_once, matching
from clusterwright.document import Document

StorageType = Literal["bs", "nfs", "obs", "efs"]
Access = Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"]
NAME = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
NAMESPACE = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
CLOSED = ("kube-system", "kube-public")
"""Namespaces in which nobody may claim a volume so."""


class ClaimMetadata(Document):
    """``metadata`` of a claim."""

    name: Annotated[
        str,
        Field(max_length=253),
        matching(NAME, "lower-case letters, digits, hyphens and dots are needed"),
    ]
    labels: Strings | None = None


class Resources(Document):
    """How much is asked for, which the volume decides."""

    limits: Strings | None = None
    requests: Strings | None = None


class ClaimSpec(Document):
    """``spec`` of a claim; of the ways of access only the first one counts."""

    volume_id: Id = Field(alias="volumeID")
    storage_type: StorageType
    access_modes: Annotated[list[Access], Field(min_length=1, max_length=3), each_once()]
    storage_class_name: Short | None = None
    volume_name: Short | None = None
    resources: Resources | None = None
    volume_mode: Literal["Filesystem", "Block"] | None = None


class ClaimStatus(Document):
    """``status`` of a claim that a client sends back; the server's to set."""

    access_modes: Annotated[list[Access], each_once()] | None = None
    capacity: Short | None = None
    phase: Short | None = None


class ClaimToCreate(Document):
    """The body of a claim."""

    api_version: Literal["v1"]
    kind: Literal["PersistentVolumeClaim"]
    metadata: ClaimMetadata
    spec: ClaimSpec
    status: ClaimStatus | None = None


class ClaimDocument(Document):
    """A claim as clients read it."""

    api_version: str
    kind: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: dict[str, Any]
