"""How records read in the words of each service and of each of its versions (client notes, B12)."""

import base64
import binascii
import hashlib
from typing import Any

from clusterwright import clock
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.surroundings.store import Record
from clusterwright.neighbours.records.around import Around

Json = dict[str, Any]


def _times(record: Record) -> Json:
    created, updated = (clock.rfc3339(at) for at in (record.created_at, record.updated_at))
    return {"created_at": created, "updated_at": updated}


def vpc(seen: Around, record: Record) -> Json:
    """A VPC of v1."""
    return {
        "id": record.id,
        "name": record.name,
        "description": record.document.get("description", ""),
        "cidr": record.document.get("cidr", ""),
        "status": "OK",
        "routes": [],
        "enterprise_project_id": record.document.get("enterprise_project_id", "0"),
        "enable_shared_snat": False,
        "enhanced_local_route": False,
        "tenant_id": seen.project_id,
    } | _times(record)


def vpc_v3(seen: Around, record: Record) -> Json:
    """A VPC of v3."""
    old = vpc(seen, record)
    kept = ("id", "name", "description", "cidr", "enterprise_project_id", "created_at")
    return {key: old[key] for key in kept} | {
        "extend_cidrs": [],
        "status": "ACTIVE",
        "project_id": seen.project_id,
        "tags": record.document.get("tags", []),
    }


def router(seen: Around, record: Record) -> Json:
    """A VPC as Neutron's router."""
    return {
        "id": record.id,
        "name": record.name,
        "status": "ACTIVE",
        "admin_state_up": True,
        "tenant_id": seen.project_id,
        "project_id": seen.project_id,
        "external_gateway_info": None,
        "routes": [],
    }


def subnet(seen: Around, record: Record) -> Json:
    """A subnet of v1. Its id is the network's; pods are given by ``neutron_subnet_id``."""
    asked = record.document
    servers = asked.get("dnsList") or [
        asked[key] for key in ("primary_dns", "secondary_dns") if asked.get(key)
    ]
    return {
        "id": record.id,
        "name": record.name,
        "description": asked.get("description", ""),
        "cidr": asked.get("cidr", ""),
        "gateway_ip": asked.get("gateway_ip", ""),
        "dnsList": servers,
        "primary_dns": servers[0] if servers else "",
        "secondary_dns": servers[1] if len(servers) > 1 else "",
        "status": "ACTIVE",
        "vpc_id": asked.get("vpc_id", ""),
        "dhcp_enable": asked.get("dhcp_enable", True),
        "ipv6_enable": asked.get("ipv6_enable", False),
        "cidr_v6": "",
        "gateway_ip_v6": "",
        "availability_zone": asked.get("availability_zone", ""),
        "neutron_network_id": record.id,
        "neutron_subnet_id": asked.get("neutron_subnet_id", record.id),
        "neutron_subnet_id_v6": "",
        "extra_dhcp_opts": asked.get("extra_dhcp_opts", []),
        "tenant_id": seen.project_id,
    }


def network(seen: Around, record: Record) -> Json:
    """A subnet as Neutron's network."""
    return {
        "id": record.id,
        "name": record.name,
        "status": "ACTIVE",
        "admin_state_up": True,
        "shared": False,
        "router:external": False,
        "subnets": [record.document.get("neutron_subnet_id", record.id)],
        "tenant_id": seen.project_id,
        "project_id": seen.project_id,
    }


def neutron_subnet(seen: Around, record: Record) -> Json:
    """A subnet as Neutron's subnet."""
    return {
        "id": record.document.get("neutron_subnet_id", record.id),
        "name": record.name,
        "network_id": record.id,
        "cidr": record.document.get("cidr", ""),
        "gateway_ip": record.document.get("gateway_ip", ""),
        "ip_version": 4,
        "enable_dhcp": record.document.get("dhcp_enable", True),
        "tenant_id": seen.project_id,
        "project_id": seen.project_id,
    }


def address(seen: Around, record: Record) -> Json:
    """A public address of v1.

    One that is not made here stands for its own id until it is bound: Terraform looks up the id
    before it binds (client notes, B3).
    """
    asked, holder = record.document, seen.holder(record)
    speed = asked["bandwidth"]
    return {
        "id": record.id,
        "status": "ACTIVE" if holder else "DOWN",
        "type": asked.get("type", "5_bgp"),
        "public_ip_address": asked["address"],
        "public_ipv6_address": "",
        "private_ip_address": "",
        "port_id": holder.uid if holder else "",
        "tenant_id": seen.project_id,
        "create_time": clock.rfc3339(record.created_at)[:19].replace("T", " "),
        "bandwidth_id": speed.get("id", ""),
        "bandwidth_name": speed.get("name", ""),
        "bandwidth_size": speed.get("size", 0),
        "bandwidth_share_type": speed.get("share_type", "PER"),
        "enterprise_project_id": "0",
        "ip_version": 4,
        "alias": asked.get("alias", ""),
        "profile": {},
        "tags": [f"{tag['key']}={tag['value']}" for tag in asked.get("tags", [])],
    }


def address_v3(seen: Around, record: Record) -> Json:
    """A public address of v3."""
    holder = seen.holder(record)
    kind = "CCE" if isinstance(holder, Cluster) else "PORT"
    return {
        "id": record.id,
        "alias": record.document.get("alias", ""),
        "description": record.document.get("description", ""),
        "public_ip_address": record.document["address"],
        "status": "ACTIVE" if holder else "DOWN",
        "project_id": seen.project_id,
        "associate_instance_type": kind if holder else None,
        "associate_instance_id": holder.uid if holder else None,
        "vnic": None,
    } | _times(record)


def floating_ip(seen: Around, record: Record) -> Json:
    """A public address as Neutron's floating IP; otcextensions wants its address as name."""
    holder, of = seen.holder(record), record.document["address"]
    return {
        "id": record.id,
        "name": of,
        "floating_ip_address": of,
        "floating_network_id": record.document.get("floating_network_id"),
        "port_id": holder.uid if holder else None,
        "fixed_ip_address": None,
        "router_id": None,
        "status": "ACTIVE" if holder else "DOWN",
        "tenant_id": seen.project_id,
        "project_id": seen.project_id,
    }


def bandwidth(seen: Around, record: Record) -> Json:
    """The bandwidth of a public address."""
    speed: Json = record.document["bandwidth"]
    return speed | {
        "bandwidth_type": "bgp",
        "tenant_id": seen.project_id,
        "billing_info": "",
        "enterprise_project_id": "0",
        "publicip_info": [
            {
                "publicip_id": record.id,
                "publicip_address": record.document["address"],
                "ip_version": 4,
                "publicip_type": record.document.get("type", "5_bgp"),
            }
        ],
    }


def group(seen: Around, record: Record) -> Json:
    """A security group of v1, and as Neutron's."""
    return {
        "id": record.id,
        "name": record.name,
        "description": record.document.get("description", ""),
        "vpc_id": record.document.get("vpc_id", ""),
        "enterprise_project_id": record.document.get("enterprise_project_id", "0"),
        "tenant_id": seen.project_id,
        "security_group_rules": [rule(seen, each) for each in seen.rules(record.id)],
    }


def group_v3(seen: Around, record: Record) -> Json:
    """A security group of v3."""
    old = group(seen, record)
    kept = ("id", "name", "description", "enterprise_project_id")
    return (
        {key: old[key] for key in kept}
        | {
            "project_id": seen.project_id,
            "security_group_rules": [rule_v3(seen, each) for each in seen.rules(record.id)],
        }
        | _times(record)
    )


_OF_RULES = (
    *("security_group_id", "direction", "ethertype", "protocol"),
    *("remote_ip_prefix", "remote_group_id", "remote_address_group_id", "description"),
)


def _rule(record: Record) -> Json:
    asked = {"ethertype": "IPv4", "description": ""} | record.document
    return {"id": record.id} | {key: asked.get(key) for key in _OF_RULES}


def rule(seen: Around, record: Record) -> Json:
    """A rule of v1, and as Neutron's."""
    ends = ("port_range_min", "port_range_max")
    ports = {key: record.document.get(key) for key in ends}
    return _rule(record) | ports | {"tenant_id": seen.project_id}


def rule_v3(seen: Around, record: Record) -> Json:
    """A rule of v3, with its ports in one text."""
    asked = record.document
    ends = [str(asked[key]) for key in ("port_range_min", "port_range_max") if key in asked]
    ports = asked.get("multiport") or "-".join(dict.fromkeys(ends)) or None
    return (
        _rule(record)
        | {
            "multiport": ports,
            "action": asked.get("action", "allow"),
            "priority": asked.get("priority", 1),
            "project_id": seen.project_id,
        }
        | _times(record)
    )


def _fingerprint(public_key: str) -> str:
    try:
        blob = base64.b64decode(public_key.split(" ")[1], validate=True)
    except (binascii.Error, IndexError):
        blob = public_key.encode()
    digits = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digits[place : place + 2] for place in range(0, 32, 2))


def key_pair(seen: Around, record: Record) -> Json:
    """A key pair of v3. ``create_time`` must be a number, ``scope`` a text."""
    asked = record.document
    return {
        "name": record.name,
        "id": record.id,
        "type": asked.get("type", "ssh"),
        "scope": asked.get("scope", "user"),
        "public_key": asked["public_key"],
        "fingerprint": _fingerprint(asked["public_key"]),
        "is_key_protection": False,
        "deleted": False,
        "description": asked.get("description", ""),
        "user_id": asked.get("user_id", ""),
        "create_time": record.created_at // 1_000_000,
        "update_time": None,
        "delete_time": None,
        "frozen_state": 0,
    }


def nova_key_pair(seen: Around, record: Record) -> Json:
    """A key pair as Nova's."""
    new = key_pair(seen, record)
    return {key: new[key] for key in ("name", "type", "public_key", "fingerprint", "user_id")}
