"""What can be done with records: each operation is one transaction and refuses with the catalogue.

Whoever changes records holds the project, so that nothing comes into use while it goes.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clusterwright import clock, errors
from clusterwright.cce.access.operations import public_address
from clusterwright.cce.catalog import store as catalog_store
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes import references
from clusterwright.cce.surroundings import store
from clusterwright.cce.surroundings.checks import WORDS
from clusterwright.cce.surroundings.store import Kind, Record
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.neighbours import tags
from clusterwright.neighbours.records import around
from clusterwright.neighbours.records.around import Around
from clusterwright.neighbours.wire import TagAction
from clusterwright.storage import limits, projects
from clusterwright.storage.database import Tx

Json = dict[str, Any]

_TRIES = 1000
"""Ids that are drawn until one has an address that the project has not."""


def unknown(kind: str, id: str) -> ApiError:
    """The refusal of what is not there."""
    return ApiError(errors.NOT_FOUND, f"There is no {kind} {id[:64]} in this project.")


async def show(tx: Tx, caller: Caller, kind: Kind, id: str) -> tuple[Around, Record]:
    """One record, known or believed. Raises ApiError NOT_FOUND."""
    seen = await around.look(tx, caller)
    found = seen.find(kind, id)
    if found is None:
        raise unknown(WORDS[kind], id)
    return seen, found


async def add(tx: Tx, caller: Caller, kind: Kind, content: Json) -> tuple[Around, Record]:
    """Keep a new record. A security group comes with the rules that every new one has.

    Raises ApiError: QUOTA, INVALID_REQUEST, ALREADY_EXISTS.
    """
    await projects.hold(tx, caller.project_id)
    seen = await around.look(tx, caller)
    if sum(record.kind == kind for record in seen.records) >= limits.MOST_RECORDS:
        raise ApiError(
            errors.QUOTA,
            f"A project has at most {limits.MOST_RECORDS} of each kind. Delete a {WORDS[kind]}.",
        )
    now = clock.now()
    made = Record(
        project_id=caller.project_id,
        kind=kind,
        id=store.new_id(),
        name=content.get("name", ""),
        document={key: value for key, value in content.items() if key != "name"},
        created_at=now,
        updated_at=now,
    )
    if kind in _COMPLETE:
        made = _COMPLETE[kind](seen, made)
    rows = (made, *_default_rules(made)) if kind is Kind.GROUP else (made,)
    await store.insert(tx, *rows)
    return replace(seen, records=(*seen.records, *rows)), made


async def change(
    tx: Tx, caller: Caller, kind: Kind, id: str, content: Json, *, vpc: str = ""
) -> tuple[Around, Record]:
    """Keep what is new in a record that was made here, in ``vpc`` where one is named.

    Raises ApiError: NOT_FOUND, INVALID_REQUEST.
    """
    await projects.hold(tx, caller.project_id)
    seen = await around.look(tx, caller)
    found = seen.made(kind, id)
    if found is None or not _is_in(found, vpc):
        raise unknown(WORDS[kind], id)
    speed = found.document.get("bandwidth", {}) | content.get("bandwidth", {})
    changed = replace(
        found,
        name=content.get("name", found.name),
        document=found.document
        | {key: value for key, value in content.items() if key != "name"}
        | ({"bandwidth": speed} if speed else {}),
        updated_at=clock.now(),
    )
    if kind is Kind.VPC:
        _check_range(seen, changed)
    await store.update(tx, changed)
    others = tuple(record for record in seen.records if record != found)
    return replace(seen, records=(*others, changed)), changed


async def change_tags(tx: Tx, caller: Caller, kind: Kind, id: str, asked: TagAction) -> None:
    """Set or remove some of the tags of a record that was made here.

    Raises ApiError: NOT_FOUND, INVALID_REQUEST.
    """
    await projects.hold(tx, caller.project_id)
    _, record = await show(tx, caller, kind, id)
    kept = tags.changed(record.document.get("tags", []), asked)
    await change(tx, caller, kind, id, {"tags": kept})


def _is_in(found: Record, vpc: str) -> bool:
    """Whether a record is in a VPC; in none that is named, every one is."""
    return vpc in ("", found.document.get("vpc_id"))


async def remove(tx: Tx, caller: Caller, kind: Kind, id: str, *, vpc: str = "") -> None:
    """Forget a record that nothing uses; a security group's rules go with it.

    Where ``vpc`` names one, the record must be in that.

    Raises ApiError: NOT_FOUND, IN_USE.
    """
    await projects.hold(tx, caller.project_id)
    # Whoever begins to use a record keeps it until it is done, so users are looked for only now.
    await store.hold(tx, kind, project_id=caller.project_id)
    seen = await around.look(tx, caller)
    found = seen.made(kind, id)
    if found and not _is_in(found, vpc):
        raise unknown(WORDS[kind], id)
    user = _user(seen, kind, id if found is None else found.id, found)
    if found and not user:
        user = await _inner_user(tx, kind, store.names(found), project_id=caller.project_id)
    if user:
        raise ApiError(errors.IN_USE, f"The {WORDS[kind]} is used by {user}. Delete that first.")
    if found is None:
        raise unknown(WORDS[kind], id)
    for rule in seen.rules(found.id) if kind is Kind.GROUP else ():
        await store.remove(tx, rule)
    await store.remove(tx, found)


def _user(seen: Around, kind: Kind, id: str, found: Record | None) -> str:
    """What uses a record, in words, or empty."""
    ids = {id, str(found.document.get("neutron_subnet_id", id)) if found else id}
    if kind is Kind.ADDRESS:
        holder = found and seen.holder(found)
        word = "cluster" if isinstance(holder, Cluster) else "node"
        return f"the {word} {holder.name}" if holder else ""
    for cluster in seen.clusters:
        host = cluster.spec["hostNetwork"]
        pods = (cluster.spec.get("eniNetwork") or {}).get("subnets") or ()
        used = {
            Kind.VPC: {host["vpc"]},
            Kind.SUBNET: {host["subnet"], *(pod.get("subnetID") for pod in pods)},
            Kind.GROUP: {host.get("SecurityGroup")},
        }
        if ids & used.get(kind, set()):
            return f"the cluster {cluster.name}"
    if kind is Kind.VPC:
        within = (one for one in seen.records if one.document.get("vpc_id") == id)
        return next((f"the subnet {one.name}" for one in within if one.kind == Kind.SUBNET), "")
    return ""


async def _inner_user(tx: Tx, kind: Kind, names: Collection[str], *, project_id: str) -> str:
    """What uses a record inside a cluster, in words, or empty."""
    if kind is Kind.SUBNET and (
        name := await catalog_store.partition_with(tx, names, project_id=project_id)
    ):
        return f"the partition {name}"
    return await references.user_of(tx, kind, names, project_id=project_id)


def _check_range(seen: Around, vpc: Record) -> None:
    """Make sure that a VPC has its subnets in its range. Raises ApiError INVALID_REQUEST."""
    network = IPv4Network(vpc.document["cidr"])
    for subnet in seen.records:
        if subnet.kind != Kind.SUBNET or subnet.document["vpc_id"] != vpc.id:
            continue
        if not IPv4Network(subnet.document["cidr"]).subnet_of(network):
            rule = f"The subnet {subnet.name} has {subnet.document['cidr']}, which must be in it."
            raise ApiError(errors.INVALID_REQUEST, f"vpc.cidr: {rule}")


def _subnet(seen: Around, made: Record) -> Record:
    asked = made.document
    network, gateway = IPv4Network(asked["cidr"]), IPv4Address(asked["gateway_ip"] or "0.0.0.0")
    vpc = seen.made(Kind.VPC, asked["vpc_id"])
    if vpc is None and store.is_ours(asked["vpc_id"]):
        raise ApiError(errors.INVALID_REQUEST, "subnet.vpc_id: This VPC does not exist any more.")
    if gateway not in network or gateway in (network[0], network[-1]):
        rule = f"It must be an address of a host in {network}."
        raise ApiError(errors.INVALID_REQUEST, f"subnet.gateway_ip: {rule}")
    if vpc and not network.subnet_of(IPv4Network(vpc.document["cidr"])):
        rule = f"It must be in the range of the VPC, {vpc.document['cidr']}."
        raise ApiError(errors.INVALID_REQUEST, f"subnet.cidr: {rule}")
    subnets = (other for other in seen.records if other.kind == Kind.SUBNET)
    for other in (one for one in subnets if one.document["vpc_id"] == asked["vpc_id"]):
        if network.overlaps(IPv4Network(other.document["cidr"])):
            rule = f"It overlaps with that of the subnet {other.name}."
            raise ApiError(errors.INVALID_REQUEST, f"subnet.cidr: {rule}")
    return replace(made, document=asked | {"neutron_subnet_id": store.new_id()})


def _address(seen: Around, made: Record) -> Record:
    """A public address has the address that its id stands for when it is bound to a cluster."""
    taken = {each.document["address"] for each in seen.all(Kind.ADDRESS)}
    ids = (store.new_id() for _ in range(_TRIES))
    free = next(((id, public_address(id)) for id in ids if public_address(id) not in taken), None)
    if free is None:
        raise ApiError(errors.QUOTA, "No public address is free. Delete one first.")
    id, address = free
    speed = {"id": store.new_id(), "size": 5, "share_type": "PER", "charge_mode": "bandwidth"}
    speed |= {"name": f"bandwidth-{id[:4]}"} | made.document.get("bandwidth", {})
    document = made.document | {"address": address, "bandwidth": speed}
    return replace(made, id=id, name=made.document.get("alias", ""), document=document)


def _rule(seen: Around, made: Record) -> Record:
    asked = made.document
    if seen.find(Kind.GROUP, asked["security_group_id"]) is None:
        rule = "There is no such security group in this project."
        raise ApiError(errors.INVALID_REQUEST, f"security_group_rule.security_group_id: {rule}")
    other = asked.get("remote_group_id", "")
    if store.is_ours(other) and seen.find(Kind.GROUP, other) is None:
        rule = "This security group does not exist any more."
        raise ApiError(errors.INVALID_REQUEST, f"security_group_rule.remote_group_id: {rule}")
    return made


def _key_pair(seen: Around, made: Record) -> Record:
    if seen.made(Kind.KEY_PAIR, made.name):
        raise ApiError(errors.ALREADY_EXISTS, f"A key pair named {made.name} exists.")
    return replace(made, id=made.name)


_COMPLETE: Mapping[Kind, Callable[[Around, Record], Record]] = {
    Kind.SUBNET: _subnet,
    Kind.ADDRESS: _address,
    Kind.RULE: _rule,
    Kind.KEY_PAIR: _key_pair,
}
"""What some kinds need besides what was asked for. Raises ApiError."""


def _default_rules(group: Record) -> list[Record]:
    """What a new security group lets through: everything out, and in what comes from itself."""
    return [
        replace(
            group,
            kind=Kind.RULE,
            id=store.new_id(),
            name="",
            document={
                "security_group_id": group.id,
                "direction": direction,
                "ethertype": family,
                **({"remote_group_id": group.id} if direction == "ingress" else {}),
            },
        )
        for direction in ("egress", "ingress")
        for family in ("IPv4", "IPv6")
    ]


def new_key_pair() -> tuple[str, str]:
    """A new private key in OpenSSH's form, and its public half."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return private.decode(), public.decode()
