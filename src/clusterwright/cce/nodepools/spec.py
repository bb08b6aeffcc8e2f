"""The pure part of a pool: what was asked becomes what is stored."""

from typing import Any

from clusterwright import errors
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodepools.wire import (
    POOL_LABEL,
    PoolSettings,
    PoolToUpdate,
    TemplateToUpdate,
)
from clusterwright.cce.nodes.spec import check_spec
from clusterwright.cce.nodes.wire import keepable
from clusterwright.cce.offers import FLAVORS
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
    template = spec["nodeTemplate"]
    tags = template.get("k8sTags", {}) | {POOL_LABEL: name}
    return spec | {"nodeTemplate": template | {"k8sTags": tags}}


def check_settings(asked: PoolSettings, cluster: Cluster) -> None:
    """Refuse what only several fields together can tell. Raises ApiError INVALID_REQUEST."""
    scaling = asked.autoscaling
    if scaling is None:
        return
    least, most = scaling.min_node_count or 0, scaling.max_node_count or 0
    size = FLAVORS[cluster.spec["flavor"]].nodes
    if not least <= most <= size:
        raise ApiError(
            errors.INVALID_REQUEST,
            "spec.autoscaling: minNodeCount must be at most maxNodeCount,"
            f" and that at most {size}, the size of the cluster.",
        )


def merged(stored: dict[str, Any], asked: PoolToUpdate) -> dict[str, Any]:
    """The stored spec with the changes of an update."""
    sent = asked.spec.as_sent()
    for key in ("initialNodeCount", "ignoreInitialNodeCount", "nodeTemplate"):
        sent.pop(key, None)
    if "nodeManagementUpdate" in sent:
        sent["nodeManagement"] = sent.pop("nodeManagementUpdate")
    if "autoscaling" in sent:
        sent["autoscaling"] = stored["autoscaling"] | sent["autoscaling"]
    template = stored["nodeTemplate"]
    if asked.spec.node_template is not None:
        template = _merged_template(template, asked.spec.node_template)
    return stored | sent | {"nodeTemplate": template}


def _merged_template(stored: dict[str, Any], asked: TemplateToUpdate) -> dict[str, Any]:
    sent = {_RENAMED.get(key, key): value for key, value in keepable(asked).items()}
    for key in ("flavor", "az"):
        if sent.get(key, stored.get(key)) != stored.get(key):
            raise ApiError(
                errors.INVALID_REQUEST, f"spec.nodeTemplate.{key}: this field cannot be changed."
            )
    for key in _MERGED:
        if key in sent:
            sent[key] = stored.get(key, {}) | sent[key]
    if asked.login is not None and asked.login.remove_ssh_key:
        sent["login"].pop("sshKey", None)
    template = stored | sent
    check_spec(template)
    return template
