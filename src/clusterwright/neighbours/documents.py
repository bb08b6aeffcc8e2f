"""What the services beside this one answer, derived from clusters and nodes (client notes, B3, B8
and B9).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from clusterwright import clock
from clusterwright.cce import offers
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes.store import Node

Json = dict[str, Any]

VOLUME_TYPES = ("SATA", "SAS", "SSD", "GPSSD", "ESSD")
"""Types of volume that nodes may have, in every zone."""

DEFAULT_ENTERPRISE_PROJECT = {
    "id": "0",
    "name": "default",
    "description": "",
    "status": 1,
    "type": "prod",
}
"""The one enterprise project there is; every cluster is in it unless it names another."""


def tags(node: Node) -> list[dict[str, str]]:
    """The tags of a node's server."""
    return [
        {"key": tag["key"], "value": tag.get("value", "")} for tag in node.spec.get("userTags", ())
    ]


def server(node: Node, region: str) -> Json:
    """A node's server. Terraform takes its key pair and its tags from here (client notes, B4)."""
    zone = node.spec.get("az") or offers.zones(region)[0]
    address = {
        "addr": node.private_ip,
        "version": "4",
        "OS-EXT-IPS:type": "fixed",
        "OS-EXT-IPS-MAC:mac_addr": "",
        "OS-EXT-IPS:port_id": "",
    }
    return {
        "server": {
            "id": node.server_id,
            "name": node.name,
            "status": "ACTIVE",
            "tenant_id": node.project_id,
            "key_name": node.spec.get("login", {}).get("sshKey", ""),
            "flavor": {"id": node.flavor, "name": node.flavor},
            "addresses": {node.cluster_uid: [address]},
            "OS-EXT-AZ:availability_zone": zone,
            "enterprise_project_id": "0",
            "metadata": {},
            "tags": [f"{tag['key']}={tag['value']}" for tag in tags(node)],
            "created": clock.rfc3339(node.created_at),
            "updated": clock.rfc3339(node.updated_at),
        }
    }


def vpc(id: str) -> Json:
    """A VPC. Any is believed in, as in a request to create a cluster."""
    return {
        "vpc": {
            "id": id,
            "name": id,
            "cidr": "",
            "status": "OK",
            "routes": [],
            "enterprise_project_id": "0",
        }
    }


def subnet(clusters: Iterable[Cluster], id: str) -> Json:
    """A subnet, with its VPC where a cluster tells it. Any is believed in, as a VPC is."""
    hosts = [_host(cluster) for cluster in clusters]
    return {
        "subnet": {
            "id": id,
            "name": id,
            "cidr": "",
            "gateway_ip": "",
            "dhcp_enable": True,
            "status": "ACTIVE",
            "vpc_id": next((host["vpc"] for host in hosts if host["subnet"] == id), ""),
            "neutron_network_id": id,
            "neutron_subnet_id": id,
        }
    }


def security_groups(clusters: Iterable[Cluster], project_id: str) -> list[Json]:
    """The security groups of clusters, each once; the first cluster's name makes the group's.

    The OpenTelekomCloud provider knows the group of a cluster's nodes by its description.
    """
    users: dict[str, list[Cluster]] = {}
    for cluster in clusters:
        users.setdefault(_host(cluster)["SecurityGroup"], []).append(cluster)
    return [
        {
            "id": id,
            "name": f"{sharing[0].name}-cce-node-{id[:5]}",
            "description": f"For each node of {', '.join(cluster.uid for cluster in sharing)}.",
            "tenant_id": project_id,
            "security_group_rules": [],
        }
        for id, sharing in users.items()
    ]


def _host(cluster: Cluster) -> Mapping[str, Any]:
    network: Mapping[str, Any] = cluster.spec["hostNetwork"]
    return network


def public_addresses(
    clusters: Iterable[Cluster], asked: Iterable[str], project_id: str
) -> list[Json]:
    """The public addresses asked for, or those that are bound to clusters.

    Any address is believed in, as a VPC is. One that is not bound is its own id: Terraform looks
    up the id before it binds (client notes, B3).
    """
    bound = {cluster.eip["address"]: cluster.eip["id"] for cluster in clusters if cluster.eip}
    return [
        {
            "id": bound.get(address, address),
            "public_ip_address": address,
            "status": "ACTIVE" if address in bound else "DOWN",
            "type": "5_bgp",
            "tenant_id": project_id,
            "enterprise_project_id": "0",
        }
        for address in asked or bound
    ]


def volume_types(zones: Iterable[str]) -> list[Json]:
    """The types of volume, with the zones that have them."""
    known = ",".join(zones)
    return [
        {
            "id": name,
            "name": name,
            "is_public": True,
            "extra_specs": {
                "volume_backend_name": name,
                "availability-zone": known,
                "RESKEY:availability_zones": known,
            },
        }
        for name in VOLUME_TYPES
    ]
