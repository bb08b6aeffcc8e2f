"""What can be done with clusters: each operation is one transaction and refuses with the
catalogue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

from clusterwright import clock, errors, ids
from clusterwright.cce.clusters import store
from clusterwright.cce.clusters.job_types import CREATE_CLUSTER, DELETE_CLUSTER, MASTERS
from clusterwright.cce.clusters.store import Cluster, ClusterPhase, NameTaken, QuotaUsed
from clusterwright.cce.clusters.wire import (
    AUTOPILOT_FLAVOR,
    ClusterToCreate,
    ClusterToUpdate,
    Spec,
    SpecToUpdate,
)
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs import store as jobs
from clusterwright.jobs.plan import Request, Target
from clusterwright.storage.database import Tx

VERSIONS = ("v1.34", "v1.33", "v1.32", "v1.31", "v1.30", "v1.29", "v1.28")
"""Supported Kubernetes versions, newest first; the first is the default."""

SERVICE_RANGE = "10.247.0.0/16"
CONTAINER_RANGE = "172.16.0.0/16"
"""Defaults of the public service (API reference, 4.1); it picks the container range, we keep to
one.
"""


@dataclass(frozen=True, slots=True)
class Flavor:
    """A size of control plane."""

    masters: int
    nodes: int


# API reference, 4.2.
FLAVORS: Mapping[str, Flavor] = {
    "cce.s1.small": Flavor(1, 50),
    "cce.s1.medium": Flavor(1, 200),
    "cce.s1.large": Flavor(1, 1000),
    "cce.s2.small": Flavor(3, 50),
    "cce.s2.medium": Flavor(3, 200),
    "cce.s2.large": Flavor(3, 1000),
    "cce.s2.xlarge": Flavor(3, 2000),
}

AUTOPILOT = Flavor(3, 0)
"""The size of a cluster without nodes of its own."""

DELETE_CHOICES = ("true", "block", "try", "false", "skip")

_STEADY = (ClusterPhase.AVAILABLE, ClusterPhase.SCALING_UP, ClusterPhase.SCALING_DOWN)
_SECRET = "authenticatingProxy"


async def create(
    tx: Tx,
    caller: Caller,
    asked: ClusterToCreate,
    *,
    driver: str,
    quota: int,
    autopilot: bool = False,
) -> Cluster:
    """Promise a new cluster: its row in phase Creating and its whole job, or nothing.

    Raises ApiError: INVALID_REQUEST, VERSION_NOT_SUPPORTED, CIDR_CONFLICT, ALREADY_EXISTS,
    CLUSTER_QUOTA.
    """
    if (asked.spec.flavor == AUTOPILOT_FLAVOR) is not autopilot:
        raise _invalid(
            "spec.flavor", f"Paths below /autopilot take {AUTOPILOT_FLAVOR}, all others do not."
        )
    spec = complete(asked.spec)
    masters = [str(uuid4()) for _ in range(_flavor(spec["flavor"]).masters)]
    uid = ids.new_uid()
    now = clock.now()
    cluster = Cluster(
        uid=uid,
        project_id=caller.project_id,
        name=asked.metadata.name,
        alias=asked.metadata.alias or asked.metadata.name,
        type=spec["type"],
        version=spec["version"],
        phase=ClusterPhase.CREATING,
        reason="",
        job_uid="",
        driver=driver,
        masters=masters,
        endpoint="",
        timezone=asked.metadata.timezone or "",
        spec=spec,
        eip=_public_address(spec),
        created_at=now,
        updated_at=now,
    )
    job_uid = await jobs.submit(
        tx,
        Request(
            job_type=CREATE_CLUSTER,
            project_id=cluster.project_id,
            cluster_uid=uid,
            target=Target(uid, cluster.name, {"serverID": masters[0]}),
            groups={MASTERS: tuple(Target(m, "", {"serverID": m}) for m in masters)},
        ),
    )
    cluster = replace(cluster, job_uid=job_uid)
    try:
        await store.insert(tx, cluster, quota=quota)
    except NameTaken:
        raise _name_taken(cluster) from None
    except QuotaUsed:
        detail = f"This project may have {quota} clusters. Delete one first."
        raise ApiError(errors.CLUSTER_QUOTA, detail) from None
    return cluster


def _name_taken(cluster: Cluster) -> ApiError:
    names = " or ".join(dict.fromkeys((cluster.name, cluster.alias)))
    return ApiError(
        errors.ALREADY_EXISTS,
        f"A cluster with the name or alias {names} exists in this project. Choose another.",
    )


def _public_address(spec: dict[str, Any]) -> dict[str, str]:
    """The public address to bind from the start, which is its own id."""
    address: str = spec["extendParam"].get("clusterExternalIP") or ""
    return {"id": address, "address": address} if address else {}


def complete(asked: Spec) -> dict[str, Any]:
    """The spec as it is stored and answered: what was sent, and the documented defaults.

    Raises ApiError for what only the whole spec can tell: an unknown flavor or version, ranges that
    overlap.
    """
    eni = asked.container_network.mode == "eni"
    _check_choices(asked, eni=eni)
    service = SERVICE_RANGE
    if asked.service_network and asked.service_network.ipv4_cidr:
        service = asked.service_network.ipv4_cidr
    elif asked.kubernetes_svc_ip_range:
        service = asked.kubernetes_svc_ip_range
    ranges = asked.container_network.ranges or (() if eni else (_free_range(service),))
    _check_ranges((*ranges, service))
    sent = asked.as_sent()
    network = sent["containerNetwork"]
    if ranges:
        network |= {"cidr": ranges[0], "cidrs": [{"cidr": cidr} for cidr in ranges]}
    host = sent["hostNetwork"]
    host.setdefault("SecurityGroup", str(uuid4()))
    # Never given back (API reference, 4.1), so never stored either.
    authentication = {"mode": "rbac"} | sent.get("authentication", {}) | {_SECRET: {}}
    defaults: dict[str, Any] = {
        "category": "Turbo" if eni else "CCE",
        "type": "VirtualMachine",
        "flavor": "cce.s1.small",
        "version": VERSIONS[0],
        "platformVersion": "cce.1.0",
        "ipv6enable": False,
        "eniNetwork": {},
        "publicAccess": {},
        "billingMode": 0,
        "kubeProxyMode": "iptables",
        "deletionProtection": False,
    }
    extend_param = {"enterpriseProjectId": "0"} | sent.get("extendParam", {}) | {"orderID": ""}
    return (
        defaults
        | sent
        | {
            "authentication": authentication,
            "enableAutopilot": asked.flavor == AUTOPILOT_FLAVOR,
            "serviceNetwork": sent.get("serviceNetwork", {}) | {"IPv4CIDR": service},
            "kubernetesSvcIpRange": service,
            "extendParam": extend_param,
        }
    )


def _check_choices(asked: Spec, *, eni: bool) -> None:
    flavor = asked.flavor or "cce.s1.small"
    masters = _flavor(flavor).masters
    if asked.version and not _is_supported(asked.version):
        raise ApiError(
            errors.VERSION_NOT_SUPPORTED,
            f"spec.version: {asked.version} is not one of {', '.join(VERSIONS)}.",
        )
    if asked.masters is not None and len(asked.masters) != masters:
        raise _invalid("spec.masters", f"Flavor {flavor} has {masters}, so give {masters} or none.")
    if eni and asked.category == "CCE":
        raise _invalid("spec.category", "Network mode eni needs category Turbo.")
    subnets = asked.eni_network and (asked.eni_network.subnets or asked.eni_network.eni_subnet_id)
    if eni and not subnets:
        raise _invalid("spec.eniNetwork.subnets", "Network mode eni needs at least one subnet.")
    network = asked.container_network
    if network.cidrs and len(network.cidrs) > 1 and network.mode != "vpc-router":
        raise _invalid(
            "spec.containerNetwork.cidrs", "Only network mode vpc-router takes several ranges."
        )
    authentication = asked.authentication
    if authentication and authentication.mode == "authenticating_proxy":
        proxy = authentication.authenticating_proxy
        if not (proxy and proxy.ca and proxy.cert and proxy.private_key):
            raise _invalid(
                "spec.authentication.authenticatingProxy",
                "Mode authenticating_proxy needs ca, cert and privateKey.",
            )


def _flavor(name: str) -> Flavor:
    if name == AUTOPILOT_FLAVOR:
        return AUTOPILOT
    found = FLAVORS.get(name)
    if found is None:
        raise _invalid("spec.flavor", f"{name[:64]} is not one of {', '.join(FLAVORS)}.")
    return found


def _is_supported(version: str) -> bool:
    return ".".join(version.split(".")[:2]) in VERSIONS


def _invalid(field: str, rule: str) -> ApiError:
    return ApiError(errors.INVALID_REQUEST, f"{field}: {rule}")


def _free_range(service: str) -> str:
    """The default container range, or another private one where the services are in its way."""
    taken = ip_network(service)
    candidates = (CONTAINER_RANGE, "10.0.0.0/16", "192.168.0.0/16")
    return next(c for c in candidates if not ip_network(c).overlaps(taken))


def _check_ranges(ranges: Sequence[str]) -> None:
    networks = [ip_network(cidr) for cidr in ranges]
    for index, network in enumerate(networks):
        for other in networks[:index]:
            if network.overlaps(other):
                raise ApiError(
                    errors.CIDR_CONFLICT,
                    f"spec.containerNetwork: {network} overlaps {other}. Choose ranges apart.",
                )


async def show(
    tx: Tx, caller: Caller, uid: str, *, lock: bool = False, autopilot: bool = False
) -> Cluster:
    """The cluster. Raises ApiError NOT_FOUND for one that the caller's project has not, or has as
    the other kind.
    """
    cluster = await store.get(tx, uid, project_id=caller.project_id, lock=lock)
    if cluster is None or cluster.autopilot is not autopilot:
        raise ApiError(errors.NOT_FOUND, f"There is no cluster {uid[:64]} in this project.")
    return cluster


async def update(
    tx: Tx, caller: Caller, uid: str, asked: ClusterToUpdate, *, autopilot: bool = False
) -> Cluster:
    """Change what may change: the alias and a few fields of the spec. An absent key means leave as
    is.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST for a field that cannot change,
    ALREADY_EXISTS.
    """
    alias = asked.metadata.alias if asked.metadata is not None else None
    if alias is not None:
        await store.hold_project(tx, caller.project_id)
    cluster = await show(tx, caller, uid, lock=True, autopilot=autopilot)
    changed = replace(cluster, updated_at=clock.now())
    if asked.spec is not None and asked.spec.model_fields_set | set(asked.spec.model_extra or ()):
        if cluster.phase not in _STEADY:
            raise ApiError(
                errors.WRONG_STATE,
                f"The cluster is {cluster.phase}. Change its spec when it is Available.",
            )
        changed = replace(changed, spec=_merged(cluster.spec, asked.spec))
    elif cluster.phase is ClusterPhase.DELETING:
        raise ApiError(errors.WRONG_STATE, "The cluster is being deleted.")
    if alias is not None:
        changed = replace(changed, alias=alias)
        try:
            await store.rename(tx, changed)
        except NameTaken:
            raise _name_taken(changed) from None
    await store.update(
        tx, uid, alias=changed.alias, spec=changed.spec, updated_at=changed.updated_at
    )
    return changed


def _merged(stored: dict[str, Any], asked: SpecToUpdate) -> dict[str, Any]:
    """``stored`` with the changes of an update."""
    merged = dict(stored)
    may_change = {field.alias for field in SpecToUpdate.model_fields.values()}
    for key, value in asked.as_sent().items():
        if key == "containerNetwork":
            merged[key] = _with_ranges(stored, value)
        elif key in may_change and isinstance(value, dict):
            merged[key] = stored.get(key, {}) | value
        elif key in may_change or key not in stored:
            merged[key] = value
        elif value != stored[key]:
            raise _invalid(f"spec.{key}", "This field cannot be changed by an update.")
    return merged


def _with_ranges(stored: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """The container network with the new ranges added (API reference, 4.7: only new ones are
    sent).
    """
    network: dict[str, Any] = dict(stored["containerNetwork"])
    ranges = [entry["cidr"] for entry in network.get("cidrs", ())]
    ranges += [e["cidr"] for e in asked.get("cidrs", ()) if e["cidr"] not in ranges]
    if len(ranges) > 1 and network["mode"] != "vpc-router":
        raise _invalid(
            "spec.containerNetwork.cidrs", "Only network mode vpc-router takes several ranges."
        )
    _check_ranges((*ranges, stored["serviceNetwork"]["IPv4CIDR"]))
    return network | {"cidrs": [{"cidr": cidr} for cidr in ranges]}


async def delete(
    tx: Tx, caller: Caller, uid: str, *, options: Mapping[str, str], autopilot: bool = False
) -> tuple[Cluster, str]:
    """Promise the end of a cluster, from any state. Returns it as it was, and the job's uid.

    Raises ApiError: NOT_FOUND, DELETION_PROTECTED, WRONG_STATE for a hibernated cluster; and
    AlreadyDeleting, which carries the job to answer with.
    """
    await show(tx, caller, uid, autopilot=autopilot)
    # Before the cluster's row is locked: a worker locks the job first and the cluster then.
    await jobs.cancel(tx, uid, "The cluster is being deleted.")
    cluster = await show(tx, caller, uid, lock=True, autopilot=autopilot)
    if cluster.phase is ClusterPhase.DELETING:
        raise AlreadyDeleting(cluster)
    if cluster.spec.get("deletionProtection"):
        raise ApiError(
            errors.DELETION_PROTECTED, "Set spec.deletionProtection to false before deleting it."
        )
    if cluster.phase is ClusterPhase.SCALING_UP:
        raise ApiError(
            errors.NODE_BEING_CREATED, "Delete the cluster when its nodes are made or have failed."
        )
    if cluster.phase is ClusterPhase.HIBERNATION:
        raise ApiError(
            errors.WRONG_STATE, "The cluster is hibernated. Awake it before deleting it."
        )
    job_uid = await jobs.submit(
        tx,
        Request(
            job_type=DELETE_CLUSTER,
            project_id=cluster.project_id,
            cluster_uid=uid,
            target=Target(uid, cluster.name),
            arguments=options,
        ),
    )
    await store.update(
        tx,
        uid,
        phase=ClusterPhase.DELETING,
        reason="",
        job_uid=job_uid,
        updated_at=clock.now(),
    )
    return cluster, job_uid


class AlreadyDeleting(Exception):
    """The cluster is on its way out; the transaction that found out must change nothing."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.uid)
        self.cluster = cluster
