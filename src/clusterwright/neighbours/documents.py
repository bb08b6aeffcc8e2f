"""What the services beside this one answer (client notes, B3, B8 and B9)."""

from collections.abc import Iterable
from typing import Any

from clusterwright import clock
from clusterwright.cce import offers
from clusterwright.cce.machines import SERVER_FLAVORS
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
            "flavor": _size(node.flavor),
            "addresses": {node.cluster_uid: [address]},
            "OS-EXT-AZ:availability_zone": zone,
            "enterprise_project_id": "0",
            "metadata": {},
            "tags": [f"{tag['key']}={tag['value']}" for tag in tags(node)],
            "user_id": "",
            "hostId": "",
            "image": {"id": ""},
            "security_groups": [],
            "sys_tags": [],
            "config_drive": "",
            "description": "",
            "progress": 0,
            "os:scheduler_hints": {},
            "os-extended-volumes:volumes_attached": [],
            "OS-EXT-STS:vm_state": "active",
            "OS-EXT-STS:power_state": 1,
            "created": clock.rfc3339(node.created_at),
            "updated": clock.rfc3339(node.updated_at),
        }
    }


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


def _size(name: str) -> Json:
    """A server's flavor; here every number is a text."""
    known = SERVER_FLAVORS.get(name)
    cpus, memory = (known.cpus, known.memory) if known else (0, 0)
    return {"id": name, "name": name, "vcpus": f"{cpus}", "ram": f"{memory}", "disk": "0"}


def flavors(zones: Iterable[str]) -> list[Json]:
    """The flavors that zones have.

    Numbers are texts but for memory, and ``rxtx_factor`` must be an integer (client notes, B12).
    """
    open_in = ",".join(f"{zone}(normal)" for zone in zones)
    return [
        {
            "id": flavor.name,
            "name": flavor.name,
            "vcpus": f"{flavor.cpus}",
            "ram": flavor.memory,
            "disk": "0",
            "swap": "",
            "links": [],
            "OS-FLV-EXT-DATA:ephemeral": 0,
            "OS-FLV-DISABLED:disabled": False,
            "rxtx_factor": 1,
            "rxtx_quota": None,
            "rxtx_cap": None,
            "os-flavor-access:is_public": True,
            "os_extra_specs": {
                "ecs:performancetype": flavor.performance,
                "ecs:generation": flavor.generation,
                "resource_type": "IOoptimized",
                "cond:operation:status": "normal",
                "cond:operation:az": open_in,
            },
        }
        for flavor in SERVER_FLAVORS.values()
        if open_in
    ]


def zones(region: str) -> Json:
    """The zones in Nova's words."""
    return {
        "availabilityZoneInfo": [
            {"zoneName": zone, "zoneState": {"available": True}, "hosts": None}
            for zone in offers.zones(region)
        ]
    }
