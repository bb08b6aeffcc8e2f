"""Bodies of image caches, whose keys are in snake case (API reference, 12.7)."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from clusterwright.cce.clusters.values import Id, Text, each_once, matching
from clusterwright.document import Document

DEFAULT_SIZE = 20
"""GiB of a cache whose size nobody asks for."""

Name = Annotated[
    str,
    Field(max_length=128),
    matching(
        "[a-z]([a-z0-9-]*[a-z0-9])?",
        "lower-case letters, digits and hyphens are needed, a letter first and no hyphen last",
    ),
]
Image = Annotated[Text, Field(min_length=1, max_length=1024)]
Secret = Annotated[
    str,
    Field(max_length=320),
    matching("[a-z0-9][a-z0-9-]*:[a-z0-9][a-z0-9.-]*", "namespace:secret is needed"),
]


def _size(value: int) -> int:
    if value and not 20 <= value <= 400:
        raise ValueError("20 to 400 GiB are needed, or 0 for 20")
    return value


class BuildingConfig(Document):
    """In which cluster images are fetched, and with which secrets."""

    cluster: Id
    image_pull_secrets: Annotated[list[Secret], Field(max_length=20), each_once()] | None = Field(
        None, alias="image_pull_secrets"
    )


class CacheToCreate(Document):
    """The body of a request for a cache. Terraform sends 0 for a size that nobody chose."""

    name: Name
    images: Annotated[list[Image], Field(min_length=1, max_length=20), each_once()]
    image_cache_size: Annotated[int, AfterValidator(_size)] | None = Field(
        None, alias="image_cache_size"
    )
    retention_days: Annotated[int, Field(ge=0, le=10000)] | None = Field(
        None, alias="retention_days"
    )
    building_config: BuildingConfig = Field(alias="building_config")


class CacheDocument(Document):
    """A cache as clients read it."""

    id: str
    name: str
    created_at: str = Field(alias="created_at")
    images: list[str]
    image_cache_size: int = Field(alias="image_cache_size")
    retention_days: int = Field(alias="retention_days")
    building_config: dict[str, Any] = Field(alias="building_config")
    status: str
    message: str


class OneCache(Document):
    """A cache in the service's envelope."""

    image_cache: CacheDocument = Field(alias="image_cache")


class CacheList(Document):
    """The caches of a project."""

    image_caches: list[CacheDocument] = Field(alias="image_caches")
