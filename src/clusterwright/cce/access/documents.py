"""How access reads: addresses, policies and the kubeconfig that a cluster's users get."""

from base64 import b64encode
from typing import Any

from clusterwright import clock
from clusterwright.cce.access.store import AccessPolicy
from clusterwright.cce.clusters.store import Cluster
from clusterwright.drivers.contract import Kubeconfig


def addresses(cluster: Cluster, action: str = "") -> dict[str, Any]:
    """The addresses of a cluster; ``action`` is what was just done to them, if anything was."""
    spec: dict[str, Any] = {"action": action} if action else {}
    if cluster.eip:
        bandwidth = {"size": 5, "sharetype": "PER"}
        eip = {"id": cluster.eip["id"], "eip": {"bandwidth": bandwidth}, "IsDynamic": False}
        spec["spec"] = eip
        if action:
            spec["elasticIp"] = cluster.eip["address"]
    status = {
        "privateEndpoint": cluster.endpoint,
        "publicEndpoint": cluster.public_endpoint,
    }
    known = {key: endpoint for key, endpoint in status.items() if endpoint}
    return {"metadata": {}, "spec": spec, "status": known}


def policy_document(policy: AccessPolicy) -> dict[str, Any]:
    """The access policy as clients read it; the SDKs parse its times as date-times."""
    fixed: dict[str, Any] = {
        "kind": "AccessPolicy",
        "apiVersion": "v3",
        "policyId": policy.uid,
        "createTime": clock.rfc3339(policy.created_at),
        "updateTime": clock.rfc3339(policy.updated_at),
    }
    return policy.document | fixed


def render(cluster: Cluster, granted: Kubeconfig) -> dict[str, Any]:
    """The kubeconfig of a cluster: internal, and both external ways where an address is bound."""
    authority = {"certificate-authority-data": _base64(granted.ca)}
    internal = {"server": granted.server} | authority
    if granted.server_name:
        internal["tls-server-name"] = granted.server_name
    servers: dict[str, dict[str, Any]] = {"internal": internal}
    if public := cluster.public_endpoint:
        servers["external"] = {"server": public, "insecure-skip-tls-verify": True}
        # Public controllers look this pair up by its name (API reference, 4.8).
        servers["externalTLSVerify"] = {"server": public} | authority
    names = {context: _cluster_name(context) for context in servers}
    user = {
        "client-certificate-data": _base64(granted.client_certificate),
        "client-key-data": _base64(granted.client_key),
    }
    return {
        "kind": "Config",
        "apiVersion": "v1",
        "preferences": {},
        "clusters": [{"name": names[key], "cluster": server} for key, server in servers.items()],
        "users": [{"name": "user", "user": user}],
        "contexts": [
            {"name": context, "context": {"cluster": name, "user": "user"}}
            for context, name in names.items()
        ],
        "current-context": "external" if public else "internal",
    }


def _cluster_name(context: str) -> str:
    kind = "TLSVerify" if context.endswith("TLSVerify") else ""
    return f"{context.removesuffix('TLSVerify')}Cluster{kind}"


def _base64(pem: str) -> str:
    return b64encode(pem.encode()).decode()
