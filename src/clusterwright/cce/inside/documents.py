"""How objects of a simulated cluster read, in Kubernetes' own words."""

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from clusterwright import clock, errors
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.inside.store import Kept
from clusterwright.cce.nodes.store import Node, NodePhase

Json = dict[str, Any]

BUILT_IN = ("default", "kube-node-lease", "kube-public", "kube-system")
"""The namespaces that every cluster has."""
_VERSION = "1"


def status(code: int, message: str) -> Json:
    """A refusal."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": errors.reason(code),
        "code": code,
    }


def listed(kind: str, items: list[Json]) -> Json:
    """A list of objects."""
    return {
        "kind": f"{kind}List",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": _VERSION},
        "items": items,
    }


def node(found: Node) -> Json:
    """A node, with the labels and taints that were asked for alone.

    Each other label would make the OpenTelekomCloud provider replace the node (client notes, B9).
    """
    ready = "True" if found.phase is NodePhase.ACTIVE else "Unknown"
    return {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {
            "name": found.private_ip,
            "selfLink": "",
            "uid": found.uid,
            "resourceVersion": _VERSION,
            "creationTimestamp": clock.seconds(found.created_at),
            "labels": dict(found.spec.get("k8sTags") or {}),
            "annotations": {},
        },
        "spec": {"providerID": found.server_id, "taints": list(found.spec.get("taints") or ())},
        "status": {
            "capacity": {},
            "allocatable": {},
            "conditions": [
                {
                    "type": "Ready",
                    "status": ready,
                    "reason": "KubeletReady" if ready == "True" else "NodeStatusUnknown",
                    "message": "",
                    "lastTransitionTime": clock.seconds(found.updated_at),
                    "lastHeartbeatTime": clock.seconds(found.updated_at),
                }
            ],
            "addresses": [{"type": "InternalIP", "address": found.private_ip}],
            "daemonEndpoints": {},
            "nodeInfo": {},
            "images": [],
        },
    }


def built_in(cluster: Cluster) -> list[Json]:
    """The namespaces that the cluster has from the beginning."""
    return [
        _namespace(name, str(uuid5(NAMESPACE_URL, f"{cluster.uid}/{name}")), cluster.created_at, {})
        for name in BUILT_IN
    ]


def namespace(kept: Kept) -> Json:
    """A namespace that a client has made."""
    return _namespace(kept.name, kept.uid, kept.created_at, kept.document.get("metadata") or {})


def _namespace(name: str, uid: str, created_at: int, sent: Json) -> Json:
    labels = {**(sent.get("labels") or {}), "kubernetes.io/metadata.name": name}
    return {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": _metadata(name, uid, created_at, sent | {"labels": labels}),
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def claim(kept: Kept) -> Json:
    """A claim, which is bound to a volume that nobody has made."""
    sent = kept.document["metadata"]
    metadata = _metadata(kept.name, kept.uid, kept.created_at, sent)
    spec = dict(kept.document["spec"])
    volume = spec.get("volumeName") or f"pvc-{kept.uid}"
    return {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "metadata": metadata | {"namespace": kept.namespace},
        "spec": {"volumeMode": "Filesystem"} | spec | {"volumeName": volume},
        "status": {
            "phase": "Bound",
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
        },
    }


def account(cluster: Cluster, namespace: str, name: str = "default") -> Json:
    """A service account."""
    uid = str(uuid5(NAMESPACE_URL, f"{cluster.uid}/{namespace}/{name}"))
    metadata = _metadata(name, uid, cluster.created_at, {})
    return {
        "kind": "ServiceAccount",
        "apiVersion": "v1",
        "metadata": metadata | {"namespace": namespace},
    }


def _metadata(name: str, uid: str, created_at: int, sent: Json) -> Json:
    found: Json = {
        "name": name,
        "uid": uid,
        "resourceVersion": _VERSION,
        "creationTimestamp": clock.seconds(created_at),
    }
    return found | {key: sent[key] for key in ("labels", "annotations") if sent.get(key)}


_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "Node": (("Status", "status"), ("Roles", "roles"), ("Age", "age"), ("Version", "version")),
    "Namespace": (("Status", "status"), ("Age", "age")),
    "PersistentVolumeClaim": (
        ("Status", "status"),
        ("Volume", "volume"),
        ("Capacity", "capacity"),
        ("Access Modes", "modes"),
        ("StorageClass", "class"),
        ("Age", "age"),
    ),
    "ServiceAccount": (("Age", "age"),),
}


def table(kind: str, items: Sequence[Json], cluster: Cluster) -> Json:
    """What ``kubectl get`` prints of objects: rows and columns (meta.k8s.io/v1)."""
    columns = [("Name", "name"), *_COLUMNS[kind]]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": _VERSION},
        "columnDefinitions": [
            {"name": title, "type": "string", "format": "", "description": title, "priority": 0}
            for title, _ in columns
        ],
        "rows": [
            {
                "cells": [_cell(item, what, cluster) for _, what in columns],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": item["metadata"],
                },
            }
            for item in items
        ],
    }


def _cell(item: Json, what: str, cluster: Cluster) -> str:
    spec, found = item.get("spec", {}), item.get("status", {})
    match what:
        case "name":
            return str(item["metadata"]["name"])
        case "status" if item["kind"] == "Node":
            return "Ready" if found["conditions"][0]["status"] == "True" else "NotReady"
        case "status":
            return str(found["phase"])
        case "roles":
            return "<none>"
        case "version":
            return f"{cluster.version}.0"
        case "volume":
            return str(spec["volumeName"])
        case "capacity":
            return str(found["capacity"]["storage"])
        case "modes":
            return ",".join(spec["accessModes"])
        case "class":
            return str(spec.get("storageClassName", ""))
        case _:
            return _age(item["metadata"]["creationTimestamp"])


def _age(created: str) -> str:
    """How long ago, as kubectl shortens it."""
    then = clock.since(created)
    for unit, seconds in (("d", 86_400), ("h", 3600), ("m", 60)):
        if then >= 2 * seconds:
            return f"{then // seconds}{unit}"
    return f"{then}s"


def versions(cluster: Cluster) -> Json:
    """What version the API server acts as."""
    _, _, minor = cluster.version.partition(".")
    return {
        "major": "1",
        "minor": minor.split(".")[0],
        "gitVersion": f"{cluster.version}.0+simulated",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": clock.seconds(cluster.created_at),
        "goVersion": "",
        "compiler": "",
        "platform": "",
    }


def _resource(name: str, kind: str, *verbs: str, namespaced: bool = True, short: str = "") -> Json:
    found: Json = {
        "name": name,
        "singularName": "" if "/" in name else kind.lower(),
        "namespaced": namespaced,
        "kind": kind,
        "verbs": list(verbs),
    }
    return found | ({"shortNames": [short]} if short else {})


_READ = ("get", "list")
_ALL = ("create", "delete", "get", "list")
GROUPS: dict[str, list[Json]] = {
    "v1": [
        _resource("namespaces", "Namespace", *_ALL, namespaced=False, short="ns"),
        _resource("nodes", "Node", *_READ, namespaced=False, short="no"),
        _resource("persistentvolumeclaims", "PersistentVolumeClaim", *_ALL, short="pvc"),
        _resource("serviceaccounts", "ServiceAccount", *_READ, short="sa"),
        _resource("serviceaccounts/token", "TokenRequest", "create")
        | {"group": "authentication.k8s.io", "version": "v1"},
    ],
    "authorization.k8s.io/v1": [
        _resource("selfsubjectaccessreviews", "SelfSubjectAccessReview", "create", namespaced=False)
    ],
    "authentication.k8s.io/v1": [
        _resource("selfsubjectreviews", "SelfSubjectReview", "create", namespaced=False)
    ],
}
"""What is there, by group and version."""


def resources(group_version: str) -> Json:
    """What a group has."""
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": GROUPS[group_version],
    }


def api_versions() -> Json:
    """The versions of the core group."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups() -> Json:
    """The named groups."""
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [
            {
                "name": each.split("/")[0],
                "versions": [{"groupVersion": each, "version": "v1"}],
                "preferredVersion": {"groupVersion": each, "version": "v1"},
            }
            for each in GROUPS
            if "/" in each
        ],
    }
