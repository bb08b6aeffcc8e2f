"""The pure part of a pool: what was asked becomes what is stored."""

from collections.abc import Iterable, Mapping
from typing import Any

from clusterwright import errors, ids
from clusterwright.cce import offers
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodepools.wire import (
    POOL_LABEL,
    ExtendParamToUpdate,
    NicSpecToUpdate,
    NicToUpdate,
    PoolSettings,
    PoolSpec,
    PoolSpecToUpdate,
    PoolTemplate,
    PoolToUpdate,
    TemplateToUpdate,
)
from clusterwright.cce.nodes.network import Nic, NodeNicSpec
from clusterwright.cce.nodes.software import NodeExtendParam, Package
from clusterwright.cce.nodes.spec import DEFAULTS, check_spec
from clusterwright.cce.nodes.wire import keepable
from clusterwright.cce.offers import FLAVORS, Components
from clusterwright.document import Document
from clusterwright.errors import ApiError

_RENAMED = {
    "rootVolumeUpdate": "rootVolume",
    "dataVolumesUpdate": "dataVolumes",
    "nodeNicSpecUpdate": "nodeNicSpec",
}
"""Odd names of updates (API reference, 6.1)."""
_MERGED = ("login", "nodeNicSpec", "extendParam")
POLICIES = {
    "k8sTags": ("labelPolicyOnExistingNodes", "refresh"),
    "taints": ("taintPolicyOnExistingNodes", "refresh"),
    "userTags": ("userTagsPolicyOnExistingNodes", "ignore"),
}
"""What existing nodes take over from a changed template, the policy's name and its default."""


def labelled(spec: dict[str, Any], name: str) -> dict[str, Any]:
    """The spec with the label that every node of a pool of this name has."""
    template = spec["nodeTemplate"]
    tags = template.get("k8sTags", {}) | {POOL_LABEL: name}
    return spec | {"nodeTemplate": template | {"k8sTags": tags}}


def check_settings(asked: PoolSettings, cluster: Cluster) -> None:
    """Refuse what only several fields together can tell. Raises ApiError INVALID_REQUEST."""
    size = FLAVORS[cluster.spec["flavor"]].nodes
    for group in asked.extension_scale_groups or ():
        if group.spec.autoscaling and (group.spec.autoscaling.max_node_count or 0) > size:
            raise _wrong(
                f"spec.extensionScaleGroups: maxNodeCount of group {group.metadata.name} must be"
                f" at most {size}, the size of the cluster."
            )
    scaling = asked.autoscaling
    if scaling is None:
        return
    least, most = scaling.min_node_count or 0, scaling.max_node_count or 0
    if not least <= most <= size:
        raise ApiError(
            errors.INVALID_REQUEST,
            "spec.autoscaling: minNodeCount must be at most maxNodeCount,"
            f" and that at most {size}, the size of the cluster.",
        )


def stored(asked: PoolSpec, cluster: Cluster) -> dict[str, Any]:
    """A pool's spec as it is stored. Raises ApiError: INVALID_REQUEST, FIXED_IP, NOT_SUPPORTED."""
    check_settings(asked, cluster)
    sent = asked.as_sent()
    template = keepable(asked.node_template)
    # Of one node only, so a pool does not tell it (SDK: never shown of pools).
    template.pop("count", None)
    extended = template.get("extendParam", {})
    if not template.get("os") and not extended.get("alpha.cce/NodeImageID"):
        raise _wrong("spec.nodeTemplate.os: OS:should not be empty")
    check_template(template, cluster)
    for package in asked.node_template.configurations_override or ():
        check_values(offers.NODE, package)
    _check_passthrough(asked)
    extended.pop("orderID", None)
    groups = [_with_uid(group, ids.new_uid()) for group in sent.get("extensionScaleGroups", ())]
    if groups and template.get("az") == "random":
        raise _wrong("spec.nodeTemplate.az: with scale groups the zone must be named.")
    defaults = {"type": "vm", "autoscaling": {"enable": False}, "nodeManagement": {}}
    spec = defaults | sent | {"nodeTemplate": dict(DEFAULTS) | template}
    return spec | ({"extensionScaleGroups": groups} if groups else {})


def _check_passthrough(asked: PoolSpec) -> None:
    volumes = (asked.node_template.root_volume, *(asked.node_template.data_volumes or ()))
    if asked.type == "ElasticBMS" and not all(volume.passthrough for volume in volumes):
        raise _wrong(
            "spec.nodeTemplate: each volume of an ElasticBMS pool needs hw:passthrough true."
        )


def check_template(template: Mapping[str, Any], cluster: Cluster) -> None:
    """Refuse what only several fields of a pool's template can tell.

    That includes what only one node can have. Raises ApiError: INVALID_REQUEST, FIXED_IP,
    NOT_SUPPORTED.
    """
    check_spec(template, cluster)
    primary = template.get("nodeNicSpec", {}).get("primaryNic", {})
    if primary.get("fixedIps") or primary.get("ipBlock"):
        raise _wrong(
            "spec.nodeTemplate.nodeNicSpec.primaryNic: the addresses of a pool's nodes cannot be"
            " chosen. Leave fixedIps and ipBlock out."
        )
    public = template.get("publicIP", {})
    if public.get("ids") or public.get("count"):
        raise _wrong(
            "spec.nodeTemplate.publicIP: ids and count are for single nodes. Send iptype and"
            " bandwidth."
        )


def check_values(options: Components, package: Package) -> None:
    """Refuse values that the options of a component cannot have.

    Options that this server does not know may have any. Raises ApiError INVALID_REQUEST.
    """
    for item in package.configurations:
        if rule := offers.rule_broken_by(item.value, options, package.name, item.name):
            raise ApiError(errors.INVALID_REQUEST, f"{package.name} {item.name}: {rule}")


def _with_uid(group: Mapping[str, Any], uid: str) -> dict[str, Any]:
    return {**group, "metadata": group["metadata"] | {"uid": uid}}


def merged(stored: dict[str, Any], asked: PoolToUpdate, cluster: Cluster) -> dict[str, Any]:
    """The stored spec with the changes of an update.

    What the official definition of an update does not know is fixed at creation and stays as it
    is. Raises ApiError: INVALID_REQUEST, FIXED_IP, NOT_SUPPORTED.
    """
    sent = _changeable(asked.spec.as_sent(), PoolSpecToUpdate, PoolSpec)
    for key in ("initialNodeCount", "ignoreInitialNodeCount", "nodeTemplate"):
        sent.pop(key, None)
    if "nodeManagementUpdate" in sent:
        sent["nodeManagement"] = sent.pop("nodeManagementUpdate")
    if "autoscaling" in sent:
        sent["autoscaling"] = stored["autoscaling"] | sent["autoscaling"]
    if "extensionScaleGroups" in sent:
        known = stored.get("extensionScaleGroups", ())
        sent["extensionScaleGroups"] = _merged_groups(known, sent["extensionScaleGroups"])
    template = stored["nodeTemplate"]
    if asked.spec.node_template is not None:
        template = _merged_template(template, asked.spec.node_template)
        check_template(template, cluster)
    return stored | sent | {"nodeTemplate": template}


def _changeable(
    sent: Mapping[str, Any], update: type[Document], creation: type[Document]
) -> dict[str, Any]:
    """What was sent of what may be changed; names that nobody knows stay."""
    fixed = _names(creation) - _names(update)
    return {key: value for key, value in sent.items() if key.lower() not in fixed}


def _names(model: type[Document]) -> set[str]:
    return {(field.alias or name).lower() for name, field in model.model_fields.items()}


def _merged_groups(
    known: Iterable[Mapping[str, Any]], sent: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """A group that is named by its uid stays the same one; any other is a new one."""
    uids = {group["metadata"]["uid"] for group in known if "uid" in group["metadata"]}
    groups = []
    for group in sent:
        uid = group["metadata"].get("uid")
        if uid in uids:
            uids.remove(uid)
        else:
            uid = ids.new_uid()
        groups.append(_with_uid(group, uid))
    return groups


def renamed_groups(before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, str]:
    """The new names of groups whose nodes are to be another's.

    Of renamed groups that is their own, of groups that are gone the default one's, which is empty.
    """
    old, new = _group_names(before), _group_names(after)
    names = set(new.values())
    return {
        name: new.get(uid, "")
        for uid, name in old.items()
        if new.get(uid, "") != name and (uid in new or name not in names)
    }


def _group_names(spec: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        group["metadata"].get("uid", ""): group["metadata"]["name"]
        for group in spec.get("extensionScaleGroups", ())
        if "name" in group.get("metadata", {})
    }


def _merged_template(stored: dict[str, Any], asked: TemplateToUpdate) -> dict[str, Any]:
    sent = _changeable(keepable(asked), TemplateToUpdate, PoolTemplate)
    for key in ("flavor", "az"):
        if (sent.pop(key, None) or stored.get(key)) != stored.get(key):
            raise _wrong(f"spec.nodeTemplate.{key}: this field cannot be changed.")
    if "extendParam" in sent:
        sent["extendParam"] = _changeable(sent["extendParam"], ExtendParamToUpdate, NodeExtendParam)
    if "nodeNicSpecUpdate" in sent:
        nic = _changeable(sent["nodeNicSpecUpdate"], NicSpecToUpdate, NodeNicSpec)
        if "primaryNic" in nic:
            own = stored.get("nodeNicSpec", {}).get("primaryNic", {})
            nic["primaryNic"] = own | _changeable(nic["primaryNic"], NicToUpdate, Nic)
        sent["nodeNicSpecUpdate"] = nic
    sent = {_RENAMED.get(key, key): value for key, value in sent.items()}
    for key in _MERGED:
        if key in sent:
            sent[key] = stored.get(key, {}) | sent[key]
    if asked.login is not None and asked.login.remove_ssh_key:
        sent["login"].pop("sshKey", None)
    if not sent.get("os", True):
        del sent["os"]
    return stored | sent


def _wrong(detail: str) -> ApiError:
    return ApiError(errors.INVALID_REQUEST, detail)
