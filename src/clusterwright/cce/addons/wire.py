"""Add-on bodies: what may be asked, and how answers read (API reference, 7)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from clusterwright.cce.clusters.values import Id, Short, Strings, Text, each_once
from clusterwright.document import Document

Name = Annotated[Text, Field(min_length=1, max_length=128)]


def _moment(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("a time such as 2026-01-02T03:04:05Z is needed") from None
    return value


Moment = Annotated[str, Field(max_length=64), AfterValidator(_moment)]


class AddonMetadata(Document):
    """``metadata`` of a request; TF tells in an annotation whether it installs or upgrades.

    Clients that send back what they have read send the rest too: the server sets it.
    """

    uid: Id | None = None
    name: Name | None = None
    alias: Name | None = None
    annotations: Strings | None = None
    labels: Strings | None = None
    creation_timestamp: Moment | None = None
    update_timestamp: Moment | None = None


class AddonSpec(Document):
    """``spec`` of a request to install."""

    cluster_id: Id = Field(alias="clusterID")
    addon_template_name: Name
    version: Short | None = None
    values: dict[str, Any] | None = None


class AddonToInstall(Document):
    """The body of a request to install."""

    kind: Literal["Addon"] | None = None
    api_version: Literal["v3"] | None = None
    metadata: AddonMetadata | None = None
    spec: AddonSpec


class AddonSpecToUpdate(Document):
    """``spec`` of a request to upgrade or to edit."""

    cluster_id: Id = Field(alias="clusterID")
    addon_template_name: Name
    version: Short
    values: dict[str, Any] | None = None


class AddonToUpdate(Document):
    """The body of a request to upgrade or to edit."""

    kind: Literal["Addon"] | None = None
    api_version: Literal["v3"] | None = None
    metadata: AddonMetadata | None = None
    spec: AddonSpecToUpdate


class Rollback(Document):
    """The body of a request to roll back."""

    cluster_id: Id = Field(alias="clusterID")


class AddonToCheck(Document):
    """One entry of ``spec.addonList``."""

    # The Go SDK sends an empty one when none is meant.
    addon_template_name: Name | None = None
    addon_instance_id: Id = Field(alias="addonInstanceID")
    target_version: Short | None = None
    type: Literal["addonStatic", "addonUpgrade"]
    values: dict[str, Any] | None = None


class AddonAtCreation(Document):
    """One entry of an annotation that names add-ons of a new cluster."""

    addon_template_name: Name
    version: Short | None = None
    values: dict[str, Any] | None = None
    extend_param: Strings | None = None


class UpgradeAddon(Document):
    """What becomes of an add-on when its cluster is upgraded: another version, or other values."""

    addon_template_name: Name
    operation: Literal["patch"] | None = None
    version: Short | None = None
    values: dict[str, Any] | None = None


class AddonsAtCreation(Document):
    """Such an annotation, as an object."""

    addons: Annotated[list[AddonAtCreation], Field(max_length=50), each_once("addon_template_name")]


class CheckSpec(Document):
    """``spec`` of a request to check add-ons."""

    cluster_id: Id | None = Field(None, alias="clusterID")
    addon_list: Annotated[list[AddonToCheck], Field(min_length=1, max_length=50)]


class CheckToCreate(Document):
    """The body of a request to check add-ons."""

    kind: str | None = None
    api_version: str | None = None
    spec: CheckSpec


class AddonDocument(Document):
    """An add-on as clients read it; declared for the API's own description."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: dict[str, Any]


class AddonList(Document):
    """The add-ons of a cluster."""

    kind: str
    api_version: str
    items: list[AddonDocument]


class TemplateDocument(Document):
    """A template as clients read it."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    spec: dict[str, Any]


class TemplateList(Document):
    """The templates."""

    kind: str
    api_version: str
    items: list[TemplateDocument]


class CheckDocument(Document):
    """The answer to a request to check."""

    kind: str
    api_version: str
    spec: dict[str, Any]
    status: dict[str, Any]


class CheckList(Document):
    """The checks of a cluster."""

    kind: str
    api_version: str
    page_info: dict[str, int]
    items: list[dict[str, Any]]
