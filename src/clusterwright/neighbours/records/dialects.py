"""Which services and versions tell of records, as data: paths, words, bodies and success codes.

One store serves them all: a VPC is a router, a subnet's id is a network's, a public address is a
floating IP. The codes are those that the Terraform providers insist on (client notes, B12).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clusterwright.cce.surroundings.store import Kind, Record
from clusterwright.neighbours.records import readings, wire
from clusterwright.neighbours.records.around import Around
from clusterwright.neighbours.wire import SnakeCase

Reading = Callable[[Around, Record], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one version of one service speaks of one kind of record."""

    kind: Kind
    noun: str
    """Names the operations, between a verb and ``suffix``."""
    path: str
    """Where all are listed and new ones are made."""
    one: str
    many: str
    """The words around one object and around a list."""
    read: Reading
    service: str = "Vpc"
    suffix: str = ""
    create: type[SnakeCase] | None = None
    created: int = 200
    change: type[SnakeCase] | None = None
    deletes: bool = False
    gone: int = 204
    inner: str = ""
    """Where one is changed and deleted, if not below ``path``."""
    filters: tuple[str, ...] = ("id", "name")
    trusted: str = ""
    """The filter by which what was made elsewhere is believed in."""
    wrapped: bool = False
    """Whether each object of a list is in ``one`` again."""

    @property
    def item(self) -> str:
        """Where one is shown."""
        return f"{self.path}/{{id}}"


_V1, _V2, _V3 = "/v1/{project_id}", "/v2.0", "/v3/{project_id}"

DIALECTS = (
    Dialect(
        kind=Kind.VPC,
        noun="Vpc",
        path=f"{_V1}/vpcs",
        one="vpc",
        many="vpcs",
        read=readings.vpc,
        create=wire.VpcToCreate,
        change=wire.VpcToChange,
        deletes=True,
    ),
    Dialect(
        kind=Kind.VPC,
        noun="Vpc",
        suffix="V3",
        path=f"{_V3}/vpc/vpcs",
        one="vpc",
        many="vpcs",
        read=readings.vpc_v3,
    ),
    Dialect(
        kind=Kind.VPC,
        service="Neutron",
        noun="Router",
        path=f"{_V2}/routers",
        one="router",
        many="routers",
        read=readings.router,
        trusted="name",
    ),
    Dialect(
        kind=Kind.SUBNET,
        noun="Subnet",
        path=f"{_V1}/subnets",
        one="subnet",
        many="subnets",
        read=readings.subnet,
        create=wire.SubnetEnvelope,
        change=wire.SubnetToChange,
        deletes=True,
        inner=f"{_V1}/vpcs/{{vpc_id}}/subnets/{{id}}",
        filters=("id", "name", "vpc_id"),
    ),
    Dialect(
        kind=Kind.SUBNET,
        service="Neutron",
        noun="Network",
        path=f"{_V2}/networks",
        one="network",
        many="networks",
        read=readings.network,
        trusted="name",
    ),
    Dialect(
        kind=Kind.SUBNET,
        service="Neutron",
        noun="Subnet",
        path=f"{_V2}/subnets",
        one="subnet",
        many="subnets",
        read=readings.neutron_subnet,
        filters=("id", "name", "network_id"),
    ),
    Dialect(
        kind=Kind.ADDRESS,
        noun="Publicip",
        path=f"{_V1}/publicips",
        one="publicip",
        many="publicips",
        read=readings.address,
        create=wire.AddressToCreate,
        change=wire.AddressToChange,
        deletes=True,
        filters=("id", "public_ip_address", "port_id"),
        trusted="public_ip_address",
    ),
    Dialect(
        kind=Kind.ADDRESS,
        noun="Publicip",
        suffix="V3",
        path=f"{_V3}/eip/publicips",
        one="publicip",
        many="publicips",
        read=readings.address_v3,
        change=wire.AddressToChange,
        filters=("id", "public_ip_address"),
        trusted="public_ip_address",
    ),
    Dialect(
        kind=Kind.ADDRESS,
        service="Neutron",
        noun="Floatingip",
        path=f"{_V2}/floatingips",
        one="floatingip",
        many="floatingips",
        read=readings.floating_ip,
        create=wire.FloatingIpToCreate,
        created=201,
        change=wire.FloatingIpToChange,
        deletes=True,
        filters=("id", "floating_ip_address", "port_id"),
        trusted="floating_ip_address",
    ),
    Dialect(
        kind=Kind.ADDRESS,
        noun="Bandwidth",
        path=f"{_V1}/bandwidths",
        one="bandwidth",
        many="bandwidths",
        read=readings.bandwidth,
        change=wire.BandwidthToChange,
    ),
    Dialect(
        kind=Kind.GROUP,
        noun="SecurityGroup",
        path=f"{_V1}/security-groups",
        one="security_group",
        many="security_groups",
        read=readings.group,
        create=wire.GroupToCreate,
        deletes=True,
    ),
    Dialect(
        kind=Kind.GROUP,
        noun="SecurityGroup",
        suffix="V3",
        path=f"{_V3}/vpc/security-groups",
        one="security_group",
        many="security_groups",
        read=readings.group_v3,
        create=wire.GroupToCreate,
        created=201,
        change=wire.GroupToChange,
        deletes=True,
    ),
    Dialect(
        kind=Kind.GROUP,
        service="Neutron",
        noun="SecurityGroup",
        path=f"{_V2}/security-groups",
        one="security_group",
        many="security_groups",
        read=readings.group,
        create=wire.GroupToCreate,
        created=201,
        change=wire.GroupToChange,
        deletes=True,
    ),
    Dialect(
        kind=Kind.RULE,
        noun="SecurityGroupRule",
        path=f"{_V1}/security-group-rules",
        one="security_group_rule",
        many="security_group_rules",
        read=readings.rule,
        create=wire.RuleToCreate,
        created=201,
        deletes=True,
        filters=("id", "security_group_id"),
    ),
    Dialect(
        kind=Kind.RULE,
        noun="SecurityGroupRule",
        suffix="V3",
        path=f"{_V3}/vpc/security-group-rules",
        one="security_group_rule",
        many="security_group_rules",
        read=readings.rule_v3,
        create=wire.RuleToCreate,
        created=201,
        deletes=True,
        filters=("id", "security_group_id"),
    ),
    Dialect(
        kind=Kind.RULE,
        service="Neutron",
        noun="SecurityGroupRule",
        path=f"{_V2}/security-group-rules",
        one="security_group_rule",
        many="security_group_rules",
        read=readings.rule,
        create=wire.RuleToCreate,
        created=201,
        deletes=True,
        filters=("id", "security_group_id"),
    ),
    Dialect(
        kind=Kind.KEY_PAIR,
        service="Kps",
        noun="Keypair",
        path=f"{_V3}/keypairs",
        one="keypair",
        many="keypairs",
        read=readings.key_pair,
        create=wire.KeyPairToCreate,
        change=wire.KeyPairToChange,
        deletes=True,
        filters=("name",),
        wrapped=True,
    ),
    Dialect(
        kind=Kind.KEY_PAIR,
        service="Nova",
        noun="Keypair",
        path="/v2.1/{project_id}/os-keypairs",
        one="keypair",
        many="keypairs",
        read=readings.nova_key_pair,
        create=wire.KeyPairToCreate,
        deletes=True,
        gone=202,
        filters=("name",),
        wrapped=True,
    ),
)
"""Every dialect that is spoken here."""

TAGGED = {
    "vpcs": Kind.VPC,
    "subnets": Kind.SUBNET,
    "publicips": Kind.ADDRESS,
    "security-groups": Kind.GROUP,
}
"""Kinds that have tags, by their word in a path."""
