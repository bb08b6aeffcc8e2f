"""How what is asked of an add-on becomes what is stored of it. Nothing here knows a database."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clusterwright import clock, errors, ids
from clusterwright.cce.addons.store import Addon, AddonStatus
from clusterwright.cce.addons.templates import KNOWN, Template
from clusterwright.cce.addons.wire import AddonMetadata
from clusterwright.cce.clusters.store import Cluster
from clusterwright.errors import ApiError


def new(cluster: Cluster, template: Template, version: str) -> Addon:
    """An add-on of a cluster, as it runs in that version without values of its own."""
    now = clock.now()
    return Addon(
        uid=ids.new_uid(),
        project_id=cluster.project_id,
        cluster_uid=cluster.uid,
        name=template.name,
        version=version,
        installed_version=version,
        previous_version="",
        status=AddonStatus.RUNNING,
        reason="",
        job_uid="",
        annotations={},
        labels={},
        parameters={},
        previous_parameters={},
        created_at=now,
        updated_at=now,
    )


def template_of(
    name: str, choice: Mapping[str, Template], field: str = "spec.addonTemplateName"
) -> Template:
    """The template of that name. Raises ApiError ADDON_INVALID for one that is no choice."""
    found = choice.get(name)
    if found is None:
        raise invalid(field, f"{name[:64]} is not one of {', '.join(choice)}.")
    return found


def version_of(
    template: Template, kubernetes: str, asked: str | None = None, field: str = "spec.version"
) -> str:
    """The version that is asked for, or the newest that a cluster of a Kubernetes version can have.

    Raises ApiError ADDON_INVALID for one that it cannot have.
    """
    fit = [known.version for known in template.for_cluster(kubernetes)]
    if asked and asked not in fit:
        raise invalid(
            field,
            f"{asked} of {template.name} is not for {kubernetes}: choose {' or '.join(fit)}.",
        )
    return asked or fit[0]


def values_of(template: Template, sent: Mapping[str, Any] | None, field: str) -> dict[str, Any]:
    """The values to install with. Some templates cannot do without what only the user knows.

    Raises ApiError ADDON_INVALID.
    """
    for name in ("basic", "custom", "flavor"):
        if not isinstance((sent or {}).get(name, {}), dict | None):
            raise invalid(f"{field}.{name}", "Send an object.")
    if template.content.needs_custom and (sent or {}).get("custom") is None:
        raise invalid(
            f"{field}.custom",
            f"custom values are not defined. Send those of the template {template.name}.",
        )
    return dict(sent or {})


def invalid(field: str, rule: str) -> ApiError:
    """The refusal of what a field says."""
    return ApiError(errors.ADDON_INVALID, f"{field}: {rule}")


def changed(
    addon: Addon,
    kubernetes: str,
    *,
    version: str | None,
    values: Mapping[str, Any] | None,
    field: str,
) -> Addon:
    """The add-on in another version, in a cluster of a Kubernetes version, or with other values.

    ``field`` is where the request says so. Raises ApiError ADDON_INVALID, also for an older one.
    """
    template = KNOWN[addon.name]
    versions = [known.version for known in template.versions]
    wanted = version_of(template, kubernetes, version, f"{field}.version")
    if versions.index(wanted) > versions.index(addon.version):
        raise invalid(f"{field}.version", f"{wanted} is older than {addon.version}. Roll back.")
    after = replace(addon, version=wanted)
    if wanted != addon.installed_version:
        after = replace(
            after,
            previous_version=addon.installed_version,
            previous_parameters=addon.parameters,
        )
    if values is not None:
        after = replace(after, parameters=values_of(template, values, f"{field}.values"))
    return after


def called(addon: Addon, asked: AddonMetadata | None) -> Addon:
    """The add-on with the names, annotations and labels that are asked for."""
    if asked is None:
        return addon
    return replace(
        addon,
        given_name=asked.name or addon.given_name,
        alias=asked.alias or addon.alias,
        annotations=addon.annotations | (asked.annotations or {}),
        labels=addon.labels | (asked.labels or {}),
    )
