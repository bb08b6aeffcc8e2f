"""The pure part of a node: what was asked becomes what is stored."""

from collections.abc import Mapping
from typing import Any

from clusterwright import errors
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes.wire import (
    ReinstallSpec,
    keepable,
)
from clusterwright.errors import ApiError

DEFAULTS: Mapping[str, Any] = {
    "os": "Huawei Cloud EulerOS 2.0",
    "billingMode": 0,
    "runtime": {"name": "containerd"},
}
"""What a node is where nothing is asked."""


def complete(sent: dict[str, Any], cluster: Cluster, *, zone: str) -> dict[str, Any]:
    """The spec of one node as it is stored: what was sent, and the documented defaults.

    Raises ApiError NOT_SUPPORTED for a prepaid node.
    """
    check_spec(sent)
    spec = dict(DEFAULTS) | sent
    spec.pop("count", None)
    if spec.get("az", "") in ("", "random"):
        spec["az"] = zone
    nic = spec.get("nodeNicSpec", {})
    subnet = {"subnetId": cluster.spec["hostNetwork"]["subnet"]}
    primary = {key: value for key, value in nic.get("primaryNic", {}).items() if value != ""}
    return spec | {"nodeNicSpec": nic | {"primaryNic": subnet | primary}}


def check_spec(sent: Mapping[str, Any]) -> None:
    """Refuse what only several fields together can tell. Raises ApiError."""
    if sent.get("billingMode", 0) != 0:
        raise ApiError(
            errors.NOT_SUPPORTED, "spec.billingMode: this server has no prepaid nodes. Send 0."
        )
    least = 10 if "storage" in sent else 100
    if any(volume["size"] < least for volume in sent.get("dataVolumes", ())):
        raise ApiError(
            errors.INVALID_REQUEST,
            f"spec.dataVolumes: without spec.storage, a data disk has at least {least} GiB.",
        )


def installed(asked: ReinstallSpec) -> dict[str, Any]:
    """The part of a node's spec that an installation on an existing server decides."""
    spec = {key: value for key, value in keepable(asked).items() if key in ("os", "login")}
    options, runtime = asked.k8s_options, asked.runtime_config and asked.runtime_config.runtime
    extend_param = dict(asked.extend_param or {})
    if runtime is not None:
        spec["runtime"] = runtime.as_sent()
    if asked.server_config is not None and asked.server_config.user_tags is not None:
        spec["userTags"] = [tag.as_sent() for tag in asked.server_config.user_tags]
    if options is not None and options.labels is not None:
        spec["k8sTags"] = options.labels
    if options is not None and options.taints is not None:
        spec["taints"] = [taint.as_sent() for taint in options.taints]
    if options is not None and options.max_pods is not None:
        extend_param["maxPods"] = options.max_pods
    return spec | ({"extendParam": extend_param} if extend_param else {})
