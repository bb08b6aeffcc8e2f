"""Bodies of the lifecycle: resizing, credentials, tags (API reference, 4.10 and 4.11)."""

from typing import Annotated, Literal

from pydantic import Field

from clusterwright.cce.clusters.values import Flag, ServerTagKey, Short, each_once
from clusterwright.cce.clusters.wire import AuthenticatingProxy, Tag
from clusterwright.document import Document

INGRESS_CHECKER = "IngressChecker"
"""The check that must be skipped to resize a cluster that is not available."""


class ResizeExtendParam(Document):
    """``extendParam`` of a request to resize."""

    dec_master_flavor: Short | None = None
    is_auto_pay: Flag | None = None


class ClusterToResize(Document):
    """The body of a request to resize."""

    flavor_resize: Short
    skipped_tasks: Annotated[list[Short], Field(max_length=20)] | None = None
    extend_param: ResizeExtendParam | None = None


class ResizeAnswer(Document):
    """Which job resizes."""

    job_id: str = Field(alias="jobID")


class CredentialsToRotate(Document):
    """The body of a request to rotate credentials."""

    component: Literal["all", "service-account-controller", "custom"]
    certificate_expiration_time: Annotated[int, Field(ge=0, le=8784)] | None = None
    cert_content: AuthenticatingProxy | None = None


class RotationAnswer(Document):
    """Which job rotates; the key is in lower case (API reference, 4)."""

    jobid: str


class TagsToSet(Document):
    """The body of a request to set tags."""

    tags: Annotated[list[Tag], Field(min_length=1, max_length=20), each_once("key")]


class ChangeOfTags(Document):
    """The body of a request to set or remove tags of a resource.

    System tags are the server's own; clients that send back what they have read send them too.
    """

    action: Literal["create", "delete"]
    tags: Annotated[list[Tag], Field(min_length=1, max_length=20), each_once("key")]
    sys_tags: Annotated[list[Tag], Field(max_length=20)] | None = Field(None, alias="sys_tags")


class TagValues(Document):
    """A key of tags, and the values that it has in a project."""

    key: str
    values: list[str]


class TagsOfProject(Document):
    """The tags of all resources of a kind."""

    tags: list[TagValues]


class TagsOfResource(Document):
    """The tags of one resource."""

    tags: list[Tag]
    sys_tags: list[Tag] = Field(alias="sys_tags")


class TagToRemove(Document):
    """One entry of a request to remove tags; a value is ignored."""

    key: ServerTagKey


class TagsToRemove(Document):
    """The body of a request to remove tags."""

    tags: Annotated[list[TagToRemove], Field(min_length=1, max_length=20), each_once("key")]
