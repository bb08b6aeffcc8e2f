"""Documents of the lifecycle: resizing, rotation of credentials and tags (API reference, 4.10 and
4.11).
"""

from typing import Annotated, Literal

from pydantic import Field

from clusterwright.cce.clusters.wire import Tag
from clusterwright.document import Document

INGRESS_CHECKER = "IngressChecker"
"""The check that must be skipped to resize a cluster that is not available."""


class ClusterToResize(Document):
    """The body of a request to resize."""

    flavor_resize: Annotated[str, Field(max_length=64)]
    skipped_tasks: Annotated[list[str], Field(max_length=20)] | None = None


class ResizeAnswer(Document):
    """Which job resizes."""

    job_id: str = Field(alias="jobID")


class CredentialsToRotate(Document):
    """The body of a request to rotate credentials."""

    component: Literal["all", "service-account-controller", "custom"]
    certificate_expiration_time: Annotated[int, Field(ge=0, le=8784)] | None = None


class RotationAnswer(Document):
    """Which job rotates; the key is in lower case (API reference, 4)."""

    jobid: str


class TagsToSet(Document):
    """The body of a request to set tags."""

    tags: Annotated[list[Tag], Field(min_length=1, max_length=20)]


class TagToRemove(Document):
    """One entry of a request to remove tags; a value is ignored."""

    key: Annotated[str, Field(min_length=1, max_length=128)]


class TagsToRemove(Document):
    """The body of a request to remove tags."""

    tags: Annotated[list[TagToRemove], Field(min_length=1, max_length=20)]
