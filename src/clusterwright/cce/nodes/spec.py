"""The pure part of a node: what was asked becomes what is stored."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from clusterwright import errors
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.machines import SERVER_FLAVORS, SYSTEMS
from clusterwright.cce.nodes.batch_wire import ReinstallSpec
from clusterwright.cce.nodes.network import is_of_a_subnet
from clusterwright.cce.nodes.software import MOST_PODS
from clusterwright.cce.nodes.wire import keepable
from clusterwright.cce.surroundings.checks import Named
from clusterwright.cce.surroundings.store import Kind
from clusterwright.errors import ApiError

DEFAULTS: Mapping[str, Any] = {
    "os": "Huawei Cloud EulerOS 2.0",
    "billingMode": 0,
    "runtime": {"name": "containerd"},
}
"""What a node is where nothing is asked."""

# The families whose servers bring their own disks: dense storage, fast storage, bare metal.
_LOCAL_DISKS = re.compile(r"(k?d|k?ir?|hi)[0-9]\w*\.|physical\.|.+\.physical")

_OF_THE_SERVER = (
    *("flavor", "az", "rootVolume", "dataVolumes", "nodeNicSpec", "publicIP", "userTags"),
    *("billingMode", "ecsGroupId", "dedicatedHostId", "faultDomain", "partition"),
    "serverEnterpriseProjectID",
)
"""What a node's spec tells of its server, whatever is installed on it."""
_EXTENDED_OF_THE_SERVER = (
    *("ecs:performancetype", "orderID", "productID", "chargingMode", "marketType", "spotPrice"),
    *("periodType", "periodNum", "isAutoRenew", "isAutoPay", "agency_name"),
    "serverMetadataHttpTokens",
)
"""The same of ``extendParam``."""


def complete(sent: Mapping[str, Any], cluster: Cluster, *, zone: str) -> dict[str, Any]:
    """The spec of one node as it is stored: what was sent, and the documented defaults."""
    spec: dict[str, Any] = {**DEFAULTS, **sent}
    spec.pop("count", None)
    if not spec.get("os"):
        spec["os"] = DEFAULTS["os"]
    if spec.get("az", "") in ("", "random"):
        spec["az"] = zone
    nic = spec.get("nodeNicSpec", {})
    if not spec.get("serverEnterpriseProjectID"):
        spec["serverEnterpriseProjectID"] = cluster.spec["extendParam"]["enterpriseProjectId"]
    subnet = {"subnetId": cluster.spec["hostNetwork"]["subnet"]}
    primary = {key: value for key, value in nic.get("primaryNic", {}).items() if value != ""}
    return spec | {"nodeNicSpec": nic | {"primaryNic": subnet | primary}}


def named(spec: Mapping[str, Any], vpc: str = "", field: str = "spec") -> Iterator[Named]:
    """What the spec of a node, or the template of a pool at ``field``, names around a cluster.

    ``vpc`` is the one that its subnets must be in, if they are to be looked at.
    """
    nic = spec.get("nodeNicSpec", {})
    interfaces = {"primaryNic": nic.get("primaryNic", {})}
    interfaces |= {f"extNics.{place}": one for place, one in enumerate(nic.get("extNics", ()))}
    for place, one in interfaces.items():
        where = f"{field}.nodeNicSpec.{place}"
        yield Named(Kind.SUBNET, one.get("subnetId", ""), f"{where}.subnetId", vpc=vpc)
        for subnet in one.get("subnetList", ()):
            yield Named(Kind.SUBNET, subnet, f"{where}.subnetList", vpc=vpc)
    yield Named(Kind.KEY_PAIR, spec.get("login", {}).get("sshKey", ""), f"{field}.login.sshKey")
    for eip in spec.get("publicIP", {}).get("ids", ()):
        yield Named(Kind.ADDRESS, eip, f"{field}.publicIP.ids")


def named_by_pool(spec: Mapping[str, Any], vpc: str = "") -> Iterator[Named]:
    """What the spec of a pool names around a cluster."""
    yield from named(spec.get("nodeTemplate", {}), vpc, "spec.nodeTemplate")
    for group in spec.get("customSecurityGroups", ()):
        yield Named(Kind.GROUP, group, "spec.customSecurityGroups")
    for pods in spec.get("podSecurityGroups", ()):
        yield Named(Kind.GROUP, pods.get("id", ""), "spec.podSecurityGroups")


_CHOSEN = ("az", "flavor", "os")
_CLIENTS_OWN = ("annotations", "k8sTags", "labels")
"""Maps whose keys mean nothing here."""


def check_offered(sent: Any, zones: Collection[str], path: str = "") -> None:
    """Refuse zones, flavors and systems in a body that are not listed. Raises INVALID_REQUEST."""
    offered = {"az": {*zones, "", "random"}, "flavor": SERVER_FLAVORS, "os": {*SYSTEMS, ""}}
    items = sent.items() if isinstance(sent, dict) else ()
    for key, value in enumerate(sent) if isinstance(sent, list) else items:
        place = f"{path}.{key}".removeprefix(".")
        if key in _CHOSEN and isinstance(value, str) and value not in offered[key]:
            raise _wrong(f"{place}: {value[:64]} is not offered.")
        if key not in _CLIENTS_OWN:
            check_offered(value, zones, place)


def check_spec(sent: Mapping[str, Any], cluster: Cluster) -> None:
    """Refuse what only several fields together can tell of a node that is to be made.

    Raises ApiError: INVALID_REQUEST, FIXED_IP, NOT_SUPPORTED for a prepaid node.
    """
    extended = sent.get("extendParam", {})
    if sent.get("billingMode", 0) != 0 or extended.get("chargingMode", 0) != 0:
        raise ApiError(
            errors.NOT_SUPPORTED, "spec.billingMode: this server has no prepaid nodes. Send 0."
        )
    _check_disks(sent)
    check_installation(sent)
    _check_names(sent)
    if sent.get("partition") and not cluster.spec.get("enableDistMgt"):
        raise _wrong("spec.partition: only a cluster with enableDistMgt has partitions.")
    fixed_addresses(sent)


def check_installation(sent: Mapping[str, Any]) -> None:
    """Refuse what cannot be installed together. Raises ApiError INVALID_REQUEST."""
    secure = sent.get("runtime", {}).get("runtimeClass") == "kuasar-vmm"
    if sent.get("extendParam", {}).get("maxPods", 0) > MOST_PODS and not secure:
        raise _wrong(
            f"maxPods: at most {MOST_PODS} are possible without the runtime class kuasar-vmm."
        )


LONGEST_NAME = 64
"""Characters of a server's name."""
_LONGEST_AFFIXES = 50
"""How many of them may stand around a name, which has five random ones at least."""


def affixes(spec: Mapping[str, Any]) -> tuple[str, str]:
    """What stands before and behind the names of nodes."""
    template = spec.get("nodeNameTemplate", {})
    return template.get("nodeNamePrefix", ""), template.get("nodeNameSuffix", "")


def _check_names(sent: Mapping[str, Any]) -> None:
    if len("".join(affixes(sent))) > _LONGEST_AFFIXES:
        raise _wrong(
            "spec.nodeNameTemplate: nodeNamePrefix and nodeNameSuffix have at most"
            f" {_LONGEST_AFFIXES} characters together."
        )


def _check_disks(sent: Mapping[str, Any]) -> None:
    storage = sent.get("storage", {})
    volumes = sent.get("dataVolumes", [])
    divided = bool(storage.get("storageGroups"))
    for position, volume in enumerate(volumes):
        least = 100 if not divided else 20 if position == 0 else 10
        if volume["size"] < least:
            raise _wrong(
                f"spec.dataVolumes.{position}.size: this data disk has at least {least} GiB"
                " (20 for the first and 10 for others with spec.storage, 100 without)."
            )
    for selector in storage.get("storageSelectors", ()):
        if selector["storageType"] == "evs":
            _check_selector(selector, volumes)
    if not volumes and not _needs_no_data_disk(sent):
        raise _wrong(
            f"spec.dataVolumes: a data volume is needed for the flavor {sent['flavor']}, unless"
            " spec.storage puts the group vgpaas on the system disk."
        )


def _check_selector(selector: Mapping[str, Any], volumes: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a selector for which there are not enough disks. Raises ApiError INVALID_REQUEST."""
    labels = {key: value for key, value in selector.get("matchLabels", {}).items() if value}
    wanted = int(labels.pop("count", "1"))
    matching = sum(all(_told(disk, key) == labels[key] for key in labels) for disk in volumes)
    if matching < wanted:
        raise _wrong(
            f"spec.storage: the storageSelector {selector['name']} takes {wanted} of dataVolumes,"
            f" and {matching} have what its matchLabels say."
        )


_OF_DISKS = {"volumeType": "volumetype"}
_OF_METADATA = {"metadataEncrypted": "__system__encrypted", "metadataCmkid": "__system__cmkid"}


def _told(disk: Mapping[str, Any], label: str) -> str:
    """What a disk says to a label of a selector."""
    if label in _OF_METADATA:
        default = "0" if label == "metadataEncrypted" else ""
        return disk.get("metadata", {}).get(_OF_METADATA[label]) or default
    return str(disk.get(_OF_DISKS.get(label, label), ""))


def _needs_no_data_disk(sent: Mapping[str, Any]) -> bool:
    selectors = sent.get("storage", {}).get("storageSelectors", ())
    if any(selector["storageType"] in ("system", "local") for selector in selectors):
        return True
    return _LOCAL_DISKS.match(sent["flavor"]) is not None


def fixed_addresses(sent: Mapping[str, Any]) -> Sequence[str]:
    """The addresses that nodes are to have, the first node's first; none where we choose.

    Raises ApiError: FIXED_IP for what is no address, INVALID_REQUEST for two at a time.
    """
    primary = sent.get("nodeNicSpec", {}).get("primaryNic", {})
    addresses: Sequence[str] = primary.get("fixedIps", ())
    field = "spec.nodeNicSpec.primaryNic.fixedIps"
    for address in addresses:
        if not _is_address(address):
            raise ApiError(
                errors.FIXED_IP,
                f"{field}: invalid primary fixedIp {address[:64]!r}. Send an IPv4 address of the"
                " node's subnet.",
            )
    if addresses and primary.get("ipBlock"):
        raise _wrong(f"{field}: fixedIps and ipBlock exclude each other.")
    if len(set(addresses)) < len(addresses):
        raise _wrong(f"{field}: every address can be given once.")
    return addresses


def _is_address(text: str) -> bool:
    try:
        return is_of_a_subnet(IPv4Address(text))
    except AddressValueError:
        return False


def share_out(spec: dict[str, Any], count: int) -> Sequence[dict[str, Any]]:
    """The specs of so many nodes: each has its own of the addresses that are asked for.

    Raises ApiError INVALID_REQUEST for more addresses than nodes.
    """
    fixed = fixed_addresses(spec)
    public = spec.get("publicIP", {})
    ids, made = public.get("ids", []), public.get("count", 0)
    for field, given in (
        ("nodeNicSpec.primaryNic.fixedIps", len(fixed)),
        ("publicIP.ids", len(ids)),
        ("publicIP.count", made),
    ):
        if given > count:
            raise _wrong(f"spec.{field}: {given} are more than the {count} nodes asked for.")
    if not fixed and not ids and not made:
        return [spec] * count
    return [_own(spec, number) for number in range(count)]


def _own(spec: dict[str, Any], number: int) -> dict[str, Any]:
    own = dict(spec)
    primary = spec["nodeNicSpec"]["primaryNic"]
    if "fixedIps" in primary:
        mine = primary["fixedIps"][number : number + 1]
        rest = {key: value for key, value in primary.items() if key != "fixedIps"}
        own["nodeNicSpec"] = spec["nodeNicSpec"] | {
            "primaryNic": rest | ({"fixedIps": mine} if mine else {})
        }
    if "publicIP" in spec:
        own["publicIP"] = _own_public(spec["publicIP"], number)
    return own


def _own_public(asked: Mapping[str, Any], number: int) -> dict[str, Any]:
    rest = {key: value for key, value in asked.items() if key not in ("ids", "count")}
    if mine := asked.get("ids", [])[number : number + 1]:
        return rest | {"ids": mine}
    return rest | ({"count": 1} if number < asked.get("count", 0) else {})


def of_the_server(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What stays true of a node's server when it leaves its cluster and is accepted again.

    The system is installed anew and the disks are cleaned, no more (API reference, 5.3).
    """
    kept = {key: spec[key] for key in _OF_THE_SERVER if key in spec}
    extended = spec.get("extendParam", {})
    kept_extended = {key: extended[key] for key in _EXTENDED_OF_THE_SERVER if key in extended}
    return kept | ({"extendParam": kept_extended} if kept_extended else {})


def reinstalled(known: Mapping[str, Any], installation: Mapping[str, Any]) -> dict[str, Any]:
    """What was known of a node, or of its server alone, with an installation on it."""
    extended = known.get("extendParam", {}) | installation.get("extendParam", {})
    spec = {**known, **installation}
    if "rootVolume" in installation:
        spec["rootVolume"] = known.get("rootVolume", {}) | installation["rootVolume"]
        if "size" not in spec["rootVolume"]:  # a disk of which nothing else is known
            del spec["rootVolume"]
    return spec | ({"extendParam": extended} if extended else {})


def installed(asked: ReinstallSpec) -> dict[str, Any]:
    """The part of a node's spec that an installation on an existing server decides."""
    sent = keepable(asked)
    spec: dict[str, Any] = {
        key: sent[key]
        for key in ("os", "login", "initializedConditions", "hostnameConfig")
        if key in sent
    }
    extended = dict(sent.get("extendParam", {}))
    options, runtime = sent.get("k8sOptions", {}), sent.get("runtimeConfig", {})
    server, life = sent.get("serverConfig", {}), sent.get("lifecycle", {})
    disks, root = sent.get("volumeConfig", {}), server.get("rootVolume", {})
    for target, source, key in (
        ("runtime", runtime, "runtime"),
        ("userTags", server, "userTags"),
        ("k8sTags", options, "labels"),
        ("taints", options, "taints"),
        ("storage", disks, "storage"),
        ("waitPostInstallFinish", life, "waitPostInstallFinish"),
    ):
        if key in source:
            spec[target] = source[key]
    for target, source, key in (
        ("maxPods", options, "maxPods"),
        ("nicMultiqueue", options, "nicMultiqueue"),
        ("nicThreshold", options, "nicThreshold"),
        ("dockerBaseSize", runtime, "dockerBaseSize"),
        ("containerBaseSize", runtime, "containerBaseSize"),
        ("DockerLVMConfigOverride", disks, "lvmConfig"),
        ("alpha.cce/preInstall", life, "preInstall"),
        ("alpha.cce/postInstall", life, "postInstall"),
        ("alpha.cce/NodeImageID", root, "imageID"),
        ("securityReinforcementType", sent, "securityReinforcementType"),
    ):
        if source.get(key):
            extended[target] = source[key]
    if root.get("cmkID"):
        spec["rootVolume"] = {"metadata": encrypted_with(root["cmkID"])}
    return spec | ({"extendParam": extended} if extended else {})


def encrypted_with(key_id: str) -> dict[str, str]:
    """``metadata`` of a disk that is encrypted with a key."""
    return {"__system__encrypted": "1", "__system__cmkid": key_id}


def _wrong(detail: str) -> ApiError:
    return ApiError(errors.INVALID_REQUEST, detail)
