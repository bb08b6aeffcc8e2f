"""The pure part of a cluster: what was asked becomes what is stored."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

from clusterwright import errors
from clusterwright.cce import offers
from clusterwright.cce.clusters.ranges import ROUTED, check_apart, check_free, free_range
from clusterwright.cce.clusters.wire import Authentication, Spec, SpecToUpdate
from clusterwright.cce.offers import (
    AUTOPILOT,
    AUTOPILOT_FLAVOR,
    DEFAULT_FLAVOR,
    FLAVORS,
    PLATFORM_VERSION,
    VERSIONS,
    Flavor,
)
from clusterwright.cce.surroundings.checks import Named
from clusterwright.cce.surroundings.store import Kind
from clusterwright.errors import ApiError

SERVICE_RANGE = "10.247.0.0/16"
"""The default of the public service (API reference, 4.1)."""
_SERVICE_RANGE_V6 = {"Turbo": "fc00::/112", "CCE": "fd00:1234::/120"}
_NFTABLES_SINCE = (1, 35)
_SECRET = "authenticatingProxy"

_SERVERS = (
    "az",
    "certificateAuthority",
    "enableAutopilot",
    "legacyVersion",
    "platformVersion",
)
"""Keys of the spec that are the server's to set: what clients send there is passed over."""


def public_address(spec: dict[str, Any]) -> dict[str, str]:
    """The public address to bind from the start; empty for none. It stands for its own id."""
    address: str = spec["extendParam"].get("clusterExternalIP") or ""
    return {"id": address, "address": address} if address else {}


def version_fields(version: str) -> dict[str, str | None]:
    """How a version reads: its minor part, and all of it beside that where there is more."""
    short = offers.minor(version)
    return {"version": short, "legacyVersion": version if version != short else None}


def routed_vpc(spec: dict[str, Any]) -> str:
    """The VPC whose routes the container ranges of a stored spec are; empty where they are none."""
    routed = spec["containerNetwork"]["mode"] == ROUTED
    return str(spec["hostNetwork"]["vpc"]) if routed else ""


def ranges_of(spec: dict[str, Any]) -> list[str]:
    """The container ranges of a stored spec."""
    return [entry["cidr"] for entry in spec["containerNetwork"].get("cidrs", ())]


def named(asked: Spec | SpecToUpdate, spec: dict[str, Any]) -> Iterator[Named]:
    """What a request names around a cluster, whose spec as it is stored afterwards is ``spec``."""
    vpc = spec["hostNetwork"]["vpc"]
    apart = (*ranges_of(spec), spec["serviceNetwork"]["IPv4CIDR"])
    if isinstance(asked, Spec) or asked.container_network:
        yield Named(Kind.VPC, vpc, "spec.hostNetwork.vpc", apart=apart)
    host = asked.host_network
    if host and host.subnet:
        yield Named(Kind.SUBNET, host.subnet, "spec.hostNetwork.subnet", vpc=vpc)
    if host and host.security_group:
        yield Named(Kind.GROUP, host.security_group, "spec.hostNetwork.SecurityGroup")
    pods = asked.eni_network
    for place, subnet in enumerate((pods and pods.subnets) or ()):
        field = f"spec.eniNetwork.subnets.{place}.subnetID"
        yield Named(Kind.SUBNET, subnet.subnet_id, field, vpc=vpc)
    if pods and pods.eni_subnet_id:
        yield Named(Kind.SUBNET, pods.eni_subnet_id, "spec.eniNetwork.eniSubnetId", vpc=vpc)
    if isinstance(asked, Spec) and (eip := public_address(spec)):
        yield Named(Kind.ADDRESS, eip["id"], "spec.extendParam.clusterExternalIP")


def complete(
    asked: Spec,
    taken: Sequence[str] = (),
    versions: Sequence[str] = VERSIONS,
    subnets: Sequence[str] = (),
) -> dict[str, Any]:
    """The spec as it is stored and answered: what was sent, and the documented defaults.

    ``asked`` passed ``check``; ``taken`` are the container ranges that other clusters have in the
    VPC, ``versions`` those that can be run, the default first, ``subnets`` the ranges of the VPC's
    subnets, of which a range that is chosen here keeps out. Raises ApiError for ranges that
    overlap.
    """
    eni = asked.container_network.mode == "eni"
    category = "Turbo" if eni else "CCE"
    service = _service_range(asked)
    ranges = asked.container_network.ranges
    if not ranges and not eni:
        ranges = (free_range(service, (*taken, *subnets)),)
    check_apart((*ranges, service))
    check_free(ranges, taken)
    sent = asked.as_sent()
    for key in _SERVERS:
        sent.pop(key, None)
    network = sent["containerNetwork"]
    if ranges:
        network |= {"cidr": ranges[0], "cidrs": [{"cidr": cidr} for cidr in ranges]}
    host = sent["hostNetwork"]
    host.setdefault("SecurityGroup", str(uuid4()))
    host["controlPlaneSecurityGroup"] = str(uuid4())
    # Never given back (API reference, 4.1), so never stored either.
    authentication = {"mode": "rbac"} | sent.get("authentication", {}) | {_SECRET: {}}
    services = sent.get("serviceNetwork", {}) | {"IPv4CIDR": service}
    if asked.ipv6enable:
        services.setdefault("IPv6CIDR", _SERVICE_RANGE_V6[category])
    extend_param = {"enterpriseProjectId": "0"} | sent.get("extendParam", {}) | {"orderID": ""}
    extend_param.pop("upgradefrom", None)
    defaults: dict[str, Any] = {
        "category": category,
        "type": "VirtualMachine",
        "flavor": DEFAULT_FLAVOR,
        "platformVersion": PLATFORM_VERSION,
        "ipv6enable": False,
        "supportIstio": True,
        "eniNetwork": {},
        "publicAccess": {},
        "billingMode": 0,
        # The older place of this option is still honoured (API reference, 4.1).
        "kubeProxyMode": extend_param.get("kubeProxyMode", "iptables"),
        "deletionProtection": False,
    }
    document = (
        defaults
        | sent
        | {
            "authentication": authentication,
            "enableAutopilot": asked.flavor == AUTOPILOT_FLAVOR,
            "encryptionConfig": _encryption(sent.get("encryptionConfig", {})),
            "serviceNetwork": services,
            "kubernetesSvcIpRange": service,
            "extendParam": extend_param,
        }
        | version_fields(asked.version or versions[0])
    )
    return {key: value for key, value in document.items() if value is not None}


def _service_range(asked: Spec) -> str:
    newer = asked.service_network.ipv4_cidr if asked.service_network else None
    older = asked.kubernetes_svc_ip_range
    if newer and older and newer != older:
        raise invalid(
            "spec.kubernetesSvcIpRange",
            "spec.serviceNetwork.IPv4CIDR is another range. Send one of the two.",
        )
    return newer or older or SERVICE_RANGE


def _encryption(sent: dict[str, Any]) -> dict[str, Any]:
    encryption = {"mode": "Default"} | sent
    if encryption["mode"] == "Default":
        encryption.pop("kmsKeyID", None)
    return encryption


def check(asked: Spec, versions: Sequence[str] = VERSIONS) -> None:
    """Refuse what only the whole spec can tell, but for its ranges. Raises ApiError.

    That is an unknown flavor, a version that is none of those that can be run, and choices that do
    not go together.
    """
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
    if asked.enable_autopilot not in (None, flavor == AUTOPILOT_FLAVOR):
        raise invalid(
            "spec.enableAutopilot", "Clusters without nodes have paths of their own, /autopilot/v3."
        )
    if asked.billing_mode:
        raise invalid("spec.billingMode", "Prepaid billing is not offered. Send 0.")
    if asked.authentication:
        _check_authentication(asked.authentication)
    _check_networks(asked, eni=asked.container_network.mode == "eni")
    _check_extend_param(asked, masters)
    for place, package in enumerate(asked.configurations_override or ()):
        for item in package.configurations or ():
            rule = offers.rule_broken_by(
                item.value, offers.CONTROL_PLANE, package.name or "", item.name or ""
            )
            if rule:
                raise invalid(
                    f"spec.configurationsOverride.{place}", f"{package.name} {item.name}: {rule}"
                )


def _check_networks(asked: Spec, *, eni: bool) -> None:
    if asked.category and (asked.category == "Turbo") is not eni:
        raise invalid(
            "spec.category",
            f"Cluster type and network mode not match: {asked.category} does not go with"
            f" {asked.container_network.mode}. Mode eni is the one of Turbo.",
        )
    subnets = asked.eni_network and (asked.eni_network.subnets or asked.eni_network.eni_subnet_id)
    check_subnets(asked.container_network.mode, bool(subnets))
    network = asked.container_network
    if network.cidrs and len(network.cidrs) > 1 and network.mode != ROUTED:
        raise invalid(
            "spec.containerNetwork.cidrs", "Only network mode vpc-router takes several ranges."
        )
    if asked.enable_dist_mgt and not eni:
        raise invalid("spec.enableDistMgt", "Only clusters of category Turbo have this.")
    services = asked.service_network
    if services and services.ipv6_cidr and not asked.ipv6enable:
        raise invalid("spec.serviceNetwork.IPv6CIDR", "This range needs spec.ipv6enable.")


def check_subnets(mode: str, given: bool) -> None:
    """Make sure that subnets of pods are given where the mode has them, and in no other.

    Raises ApiError INVALID_REQUEST.
    """
    if (mode == "eni") is not given:
        raise invalid(
            "spec.eniNetwork.subnets",
            "Network mode eni needs at least one subnet, and other modes have none.",
        )


def _check_authentication(asked: Authentication) -> None:
    # The OTC provider sends this mode beside an empty proxy where its user says nothing, and plans
    # the cluster anew if another comes back (client notes, B9).
    if asked.mode == "x509" and asked.authenticating_proxy is None:
        raise invalid(
            "spec.authentication.mode", "x509 ended with v1.11. Send rbac or authenticating_proxy."
        )
    proxy = asked.authenticating_proxy
    if asked.mode == "authenticating_proxy" and not (proxy and proxy.is_complete):
        raise invalid(
            "spec.authentication.authenticatingProxy",
            "Mode authenticating_proxy needs ca, cert and privateKey.",
        )


def _check_extend_param(asked: Spec, masters: int) -> None:
    extra = asked.extend_param
    if extra and extra.cluster_az == "multi_az" and masters < 3:
        raise invalid(
            "spec.extendParam.clusterAZ", "Only flavors with three masters take multi_az."
        )
    if extra and extra.fix_pool_mask and asked.container_network.mode != ROUTED:
        raise invalid(
            "spec.extendParam.alpha.cce/fixPoolMask", "Only network mode vpc-router has this pool."
        )
    older = extra.kube_proxy_mode if extra else None
    place = "spec.kubeProxyMode" if asked.kube_proxy_mode else "spec.extendParam.kubeProxyMode"
    version = asked.version or VERSIONS[0]
    since = tuple(int(part) for part in offers.minor(version)[1:].split("."))
    if (asked.kube_proxy_mode or older) == "nftables" and since < _NFTABLES_SINCE:
        raise invalid(place, f"Version {version} has no nftables. Send iptables or ipvs.")


def size_of(name: str) -> Flavor:
    if name == AUTOPILOT_FLAVOR:
        return AUTOPILOT
    found = FLAVORS.get(name)
    if found is None:
        raise invalid("spec.flavor", f"{name[:64]} is not one of {', '.join(FLAVORS)}.")
    return found


def invalid(field: str, rule: str) -> ApiError:
    return ApiError(errors.INVALID_REQUEST, f"{field}: {rule}")
