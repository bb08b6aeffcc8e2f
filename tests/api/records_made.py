"""Records of every kind, as clients make them."""

from typing import Any

from clusterwright.cce.surroundings.store import Kind
from clusterwright.neighbours.records.dialects import Dialect
from tests.api.cloud import Cloud, unique

Json = dict[str, Any]


def at(cloud: Cloud, path: str, **names: str) -> str:
    """A path of this cloud's project."""
    return path.format(project_id=cloud.account["project_id"], **names)


async def make(cloud: Cloud, path: str, body: Json, *, expect: int = 200) -> Json:
    """Create something by an enveloped body; what is in the answer's envelope."""
    (document,) = (await cloud.call("POST", at(cloud, path), body, expect=expect)).values()
    found: Json = document
    return found


async def vpc(cloud: Cloud, cidr: str = "10.0.0.0/16") -> Json:
    """A new VPC."""
    return await make(cloud, "/v1/{project_id}/vpcs", {"vpc": {"name": unique("v"), "cidr": cidr}})


def subnet_body(vpc_id: str, cidr: str = "10.0.1.0/24", gateway: str = "10.0.1.1") -> Json:
    """The body of a request to create a subnet."""
    asked = {"name": unique("s"), "cidr": cidr, "gateway_ip": gateway, "vpc_id": vpc_id}
    return {"subnet": asked | {"dnsList": ["100.125.1.250"], "availability_zone": "cn-north-4a"}}


async def subnet(cloud: Cloud, vpc_id: str, **given: str) -> Json:
    """A new subnet of a VPC."""
    return await make(cloud, "/v1/{project_id}/subnets", subnet_body(vpc_id, **given))


async def address(cloud: Cloud) -> Json:
    """A new public address."""
    body = {
        "publicip": {"type": "5_bgp"},
        "bandwidth": {"name": "b", "size": 8, "share_type": "PER", "charge_mode": "traffic"},
    }
    return await make(cloud, "/v1/{project_id}/publicips", body)


async def group(cloud: Cloud) -> Json:
    """A new security group."""
    body = {"security_group": {"name": unique("g")}}
    return await make(cloud, "/v3/{project_id}/vpc/security-groups", body, expect=201)


async def rule(cloud: Cloud) -> Json:
    """A new rule of a new group."""
    asked = {
        "security_group_id": (await group(cloud))["id"],
        "direction": "ingress",
        "protocol": "tcp",
        "port_range_min": 80,
        "port_range_max": 90,
        "remote_ip_prefix": "0.0.0.0/0",
    }
    path = "/v1/{project_id}/security-group-rules"
    return await make(cloud, path, {"security_group_rule": asked}, expect=201)


async def key_pair(cloud: Cloud) -> Json:
    """A new key pair."""
    made = await make(cloud, "/v3/{project_id}/keypairs", {"keypair": {"name": unique("k")}})
    return made | {"id": made["name"]}


async def one_of(cloud: Cloud, kind: Kind) -> Json:
    """A new record of a kind."""
    if kind is Kind.SUBNET:
        return await subnet(cloud, (await vpc(cloud))["id"])
    made: Json = await {
        Kind.VPC: vpc,
        Kind.ADDRESS: address,
        Kind.GROUP: group,
        Kind.RULE: rule,
        Kind.KEY_PAIR: key_pair,
    }[kind](cloud)
    return made


def label(dialect: Dialect) -> str:
    """What tests of a dialect are called."""
    return f"{dialect.service}{dialect.noun}{dialect.suffix}"


async def network(cloud: Cloud) -> Json:
    """A new network in which a cluster can be: ``spec.hostNetwork``."""
    around = await vpc(cloud)
    return {"vpc": around["id"], "subnet": (await subnet(cloud, around["id"]))["id"]}


async def home(cloud: Cloud, **spec: Any) -> str:
    """The URL of a new cluster in a new network."""
    host = await network(cloud)
    return f"{cloud.project}/clusters/{await cloud.cluster(hostNetwork=host, **spec)}"


async def refusal(cloud: Cloud, method: str, path: str, body: Json) -> str:
    """What a request is refused with."""
    answer = await cloud.call(method, path, body, expect=400)
    return str(answer["message"])
