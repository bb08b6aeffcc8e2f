"""The pure part of a cluster: what was asked becomes what is stored."""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

from clusterwright import errors
from clusterwright.cce import offers
from clusterwright.cce.clusters.wire import Spec, SpecToUpdate
from clusterwright.cce.offers import (
    AUTOPILOT,
    AUTOPILOT_FLAVOR,
    DEFAULT_FLAVOR,
    FLAVORS,
    PLATFORM_VERSION,
    VERSIONS,
    Flavor,
)
from clusterwright.errors import ApiError

SERVICE_RANGE = "10.247.0.0/16"
CONTAINER_RANGE = "172.16.0.0/16"
"""Defaults of the public service (API reference, 4.1); it picks the container range, we keep to
one.
"""
_SECRET = "authenticatingProxy"


def public_address(spec: dict[str, Any]) -> dict[str, str]:
    """The public address to bind from the start, which is its own id."""
    address: str = spec["extendParam"].get("clusterExternalIP") or ""
    return {"id": address, "address": address} if address else {}


def complete(asked: Spec, versions: Sequence[str] = VERSIONS) -> dict[str, Any]:
    """The spec as it is stored and answered: what was sent, and the documented defaults.

    ``versions`` are those that can be run, the default first. Raises ApiError for
    what only the whole spec can tell: an unknown flavor or version, ranges that overlap.
    """
    eni = asked.container_network.mode == "eni"
    _check_choices(asked, versions, eni=eni)
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
        "flavor": DEFAULT_FLAVOR,
        "version": versions[0],
        "platformVersion": PLATFORM_VERSION,
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


def _check_choices(asked: Spec, versions: Sequence[str], *, eni: bool) -> None:
    flavor = asked.flavor or DEFAULT_FLAVOR
    masters = size_of(flavor).masters
    if not versions:
        raise ApiError(
            errors.VERSION_NOT_SUPPORTED,
            "This host has no programs of Kubernetes. Run: clusterwright kubernetes check",
        )
    if asked.version and offers.minor(asked.version) not in versions:
        raise ApiError(
            errors.VERSION_NOT_SUPPORTED,
            f"spec.version: {asked.version} is not one of {', '.join(versions)}.",
        )
    if asked.masters is not None and len(asked.masters) != masters:
        raise invalid("spec.masters", f"Flavor {flavor} has {masters}, so give {masters} or none.")
    if eni and asked.category == "CCE":
        raise invalid("spec.category", "Network mode eni needs category Turbo.")
    subnets = asked.eni_network and (asked.eni_network.subnets or asked.eni_network.eni_subnet_id)
    if eni and not subnets:
        raise invalid("spec.eniNetwork.subnets", "Network mode eni needs at least one subnet.")
    network = asked.container_network
    if network.cidrs and len(network.cidrs) > 1 and network.mode != "vpc-router":
        raise invalid(
            "spec.containerNetwork.cidrs", "Only network mode vpc-router takes several ranges."
        )
    authentication = asked.authentication
    if authentication and authentication.mode == "authenticating_proxy":
        proxy = authentication.authenticating_proxy
        if not (proxy and proxy.ca and proxy.cert and proxy.private_key):
            raise invalid(
                "spec.authentication.authenticatingProxy",
                "Mode authenticating_proxy needs ca, cert and privateKey.",
            )


def size_of(name: str) -> Flavor:
    if name == AUTOPILOT_FLAVOR:
        return AUTOPILOT
    found = FLAVORS.get(name)
    if found is None:
        raise invalid("spec.flavor", f"{name[:64]} is not one of {', '.join(FLAVORS)}.")
    return found


def invalid(field: str, rule: str) -> ApiError:
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


def merged(stored: dict[str, Any], asked: SpecToUpdate) -> dict[str, Any]:
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
            raise invalid(f"spec.{key}", "This field cannot be changed by an update.")
    return merged


def _with_ranges(stored: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """The container network with the new ranges added (API reference, 4.7: only new ones are
    sent).
    """
    network: dict[str, Any] = dict(stored["containerNetwork"])
    ranges = [entry["cidr"] for entry in network.get("cidrs", ())]
    ranges += [e["cidr"] for e in asked.get("cidrs", ()) if e["cidr"] not in ranges]
    if len(ranges) > 1 and network["mode"] != "vpc-router":
        raise invalid(
            "spec.containerNetwork.cidrs", "Only network mode vpc-router takes several ranges."
        )
    _check_ranges((*ranges, stored["serviceNetwork"]["IPv4CIDR"]))
    return network | {"cidrs": [{"cidr": cidr} for cidr in ranges]}
