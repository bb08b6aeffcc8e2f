"""The cluster's own DNS: CoreDNS as a Deployment, so that pods find Services by their names."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from ipaddress import ip_network
from typing import Any

from clusterwright.drivers.contract import Cluster
from clusterwright.drivers.local import images

PROGRAM = "coredns"
ADDON = "coredns"
"""What the API calls the add-on that it is."""
DOMAIN = "cluster.local"
NAME = "coredns"

_NAMESPACE = "kube-system"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{_NAMESPACE}/deployments/{NAME}"
"""Where its Deployment is."""

_LABELS = {"k8s-app": "kube-dns"}
_CORE = f"/api/v1/namespaces/{_NAMESPACE}"
CONFIGURATION = f"{_CORE}/configmaps/{NAME}"
"""Where its configuration is."""
_OURS = "clusterwright.io/corefile"
"""The annotation that tells what we wrote: whoever writes something else keeps it."""
_COREFILE = f"""
.:53 {{
    errors
    health {{
        lameduck 5s
    }}
    ready
    kubernetes {DOMAIN} in-addr.arpa ip6.arpa {{
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }}
    OUTSIDE
    cache 30
    loop
    reload
    loadbalance
}}
"""
_READ = [
    {
        "apiGroups": [""],
        "resources": ["endpoints", "services", "pods", "namespaces"],
        "verbs": ["list", "watch"],
    },
    {
        "apiGroups": ["discovery.k8s.io"],
        "resources": ["endpointslices"],
        "verbs": ["list", "watch"],
    },
]


def address(cluster: Cluster) -> str:
    """Where it answers: the tenth address of the cluster's Services."""
    return str(ip_network(cluster.service_cidr)[10])


def corefile(resolvers: Sequence[str]) -> str:
    """What it is told: to ask these about names outside the cluster, or nobody."""
    outside = f"    forward . {' '.join(resolvers)}\n" if resolvers else ""
    return _COREFILE.lstrip().replace("    OUTSIDE\n", outside)


def change(found: Mapping[str, Any], resolvers: Sequence[str]) -> dict[str, Any] | None:
    """What brings its configuration up to date; None where it is, or is somebody else's."""
    known = found.get("data", {}).get("Corefile", "")
    wanted = _configuration(resolvers)
    ours = found["metadata"].get("annotations", {}).get(_OURS) == _digest(known)
    if not ours or known == wanted["data"]["Corefile"]:
        return None
    return {"metadata": {"annotations": wanted["metadata"]["annotations"]}, "data": wanted["data"]}


def _configuration(resolvers: Sequence[str]) -> dict[str, Any]:
    text = corefile(resolvers)
    made = _object("v1", "ConfigMap", NAME, data={"Corefile": text})
    made["metadata"]["annotations"] = {_OURS: _digest(text)}
    return made


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def objects(cluster: Cluster, resolvers: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """What it consists of: objects, each with the path where it is created."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    role = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": "system:coredns",
    }
    subject = {"kind": "ServiceAccount", "name": "coredns", "namespace": _NAMESPACE}
    return [
        (f"{_CORE}/serviceaccounts", _object("v1", "ServiceAccount", "coredns")),
        (
            f"{rbac}/clusterroles",
            _object("rbac.authorization.k8s.io/v1", "ClusterRole", "system:coredns", rules=_READ),
        ),
        (
            f"{rbac}/clusterrolebindings",
            _object(
                "rbac.authorization.k8s.io/v1",
                "ClusterRoleBinding",
                "system:coredns",
                roleRef=role,
                subjects=[subject],
            ),
        ),
        (f"{_CORE}/configmaps", _configuration(resolvers)),
        (f"{_CORE}/services", _object("v1", "Service", "kube-dns", spec=_service(cluster))),
        (
            f"/apis/apps/v1/namespaces/{_NAMESPACE}/deployments",
            _object("apps/v1", "Deployment", "coredns", spec=_deployment()),
        ),
    ]


def _object(version: str, kind: str, name: str, **content: object) -> dict[str, Any]:
    metadata = {"name": name, "labels": _LABELS}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def _service(cluster: Cluster) -> dict[str, object]:
    return {
        "selector": _LABELS,
        "clusterIP": address(cluster),
        "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
        ],
    }


def _deployment() -> dict[str, object]:
    container = {
        "name": "coredns",
        "image": images.COREDNS,
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
        ],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 2},
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}, "failureThreshold": 5},
        "resources": {"requests": {"cpu": "50m", "memory": "40Mi"}, "limits": {"memory": "170Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }
    return {
        "replicas": 2,
        "selector": {"matchLabels": _LABELS},
        "template": {
            "metadata": {"labels": _LABELS},
            "spec": {
                "serviceAccountName": "coredns",
                "priorityClassName": "system-cluster-critical",
                "dnsPolicy": "Default",
                "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
                "containers": [container],
                "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
            },
        },
    }
