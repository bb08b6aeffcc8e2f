"""What a creation is refused for: the status, the code and the field that the answer names."""

import copy
import json
from typing import Any

import pytest

from tests.api.cloud import Cloud, cluster, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")

INVALID = ("CCE.01400001", "CCE_CM.0004")
VERSION = ("CCE.01400015", "CCE_CM.0402")
CONFLICT = ("CCE.01400005", "CCE_CM.0410")
CONTENT_TYPE = ("CCE.01400006", "CCE.01400006")

NAMES = ["abc", "Demo", "1demo", "demo-", "de_mo", "a" * 129, "démo", "demo\n", "", "-demo"]
VERSIONS = [
    *("1.31", "v1", "v1.31.", "v1.31.4-r", "latest", "v1.31\n", "v1.31.٣", "v1.٣١", "v01.31"),
    *("v1.31.99999999999-r7", "v1.31.4-r99999", "V1.31", " v1.31"),
]
PREFIXES = ["10.0.0.0", "10.0.0.0/99", "10.0.0.1/16", "10.0.0.0/255.255.0.0", "10.0.0.0/29"]
NOT_PRIVATE = [
    *("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/8", "240.0.0.0/8", "169.254.0.0/16", "8.8.8.0/24"),
    *("198.18.0.0/15", "203.0.113.0/24", "172.32.0.0/16", "192.0.0.0/8", "255.255.255.240/28"),
]
CIDRS = [*PREFIXES, *NOT_PRIVATE, "fc00::/64", "256.0.0.0/16", "1٠.0.0.0/16", "x"]
CIDRS_V6 = ["10.0.0.0/16", "2001:db8::/112", "fc00::/64", "fc00::/128", "fe80::/112", "fc00::1/112"]
SANS = [
    *("", "a b\nc", "*", "not a name!", "-a.test", "a..test", "a.test.", "a_b.test", "a" * 64),
    *("300.1.1.1", "1.2.3", "0.0.0.0", "224.0.0.1", "fe80::1%eth0", "*.", "a.*.test", "bücher.de"),
]
ADDRESSES = ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.1.2.3", "::1", "1.2.3"]
MISSING = object()

VALUES: list[tuple[str, Any, tuple[str, str]]] = [
    ("kind", "Node", INVALID),
    ("kind", MISSING, INVALID),
    ("apiVersion", "v2", INVALID),
    ("metadata", MISSING, INVALID),
    ("metadata", [], INVALID),
    ("metadata", "demo", INVALID),
    ("metadata.name", MISSING, INVALID),
    ("metadata.name", None, INVALID),
    ("metadata.name", 12345, INVALID),
    *(("metadata.name", name, INVALID) for name in NAMES),
    *(("metadata.alias", alias, INVALID) for alias in NAMES if alias),
    *(("metadata.timezone", zone, INVALID) for zone in ("Mars/Olympus", "Asia", "x" * 65, "../x")),
    ("metadata.labels", {"a": 1}, INVALID),
    ("spec", MISSING, INVALID),
    ("spec", [1], INVALID),
    ("spec.type", "Virtual", INVALID),
    ("spec.category", "Autopilot", INVALID),
    ("spec.flavor", "cce.s9.huge", INVALID),
    ("spec.flavor", 3, INVALID),
    ("spec.flavor", "", INVALID),
    ("spec.flavor", "x" * 10_000, INVALID),
    *(("spec.version", version, INVALID) for version in VERSIONS),
    ("spec.version", "v1.11", VERSION),
    ("spec.version", "v9.99.9-r0", VERSION),
    ("spec.description", "é" * 101, INVALID),
    ("spec.description", "bell\x07", INVALID),
    ("spec.description", "nul\x00", INVALID),
    ("spec.customSan", ["a.test", "a.test"], INVALID),
    ("spec.customSan", ["a.test", "A.TEST"], INVALID),
    ("spec.customSan", ["2001:db8::1", "2001:0DB8:0:0:0:0:0:1"], INVALID),
    ("spec.customSan", "a.test", INVALID),
    ("spec.customSan", [f"n{n}.test" for n in range(101)], INVALID),
    *(("spec.customSan", [name], INVALID) for name in SANS),
    ("spec.ipv6enable", "true", INVALID),
    ("spec.hostNetwork", MISSING, INVALID),
    ("spec.hostNetwork.vpc", MISSING, INVALID),
    ("spec.hostNetwork.subnet", "", INVALID),
    ("spec.containerNetwork", MISSING, INVALID),
    ("spec.containerNetwork.mode", MISSING, INVALID),
    ("spec.containerNetwork.mode", "calico", INVALID),
    *(("spec.containerNetwork.cidr", cidr, INVALID) for cidr in CIDRS),
    *(("spec.serviceNetwork", {"IPv4CIDR": cidr}, INVALID) for cidr in CIDRS),
    *(("spec.kubernetesSvcIpRange", cidr, INVALID) for cidr in CIDRS),
    *(("spec.serviceNetwork", {"IPv6CIDR": cidr}, INVALID) for cidr in CIDRS_V6),
    *(("spec.eniNetwork", {"eniSubnetCIDR": cidr}, INVALID) for cidr in (*PREFIXES, "nonsense")),
    ("spec.containerNetwork.cidrs", [{"cidr": "10.0.0.0/99"}], INVALID),
    ("spec.containerNetwork.cidrs", ["10.0.0.0/16"], INVALID),
    ("spec.containerNetwork.cidrs", [{"cidr": f"10.{n}.0.0/16"} for n in range(21)], INVALID),
    ("spec.containerNetwork.cidr", "10.247.0.0/16", CONFLICT),
    ("spec.containerNetwork.cidrs", [{"cidr": "10.0.0.0/8"}, {"cidr": "10.1.0.0/16"}], CONFLICT),
    ("spec.authentication.mode", "none", INVALID),
    ("spec.authentication", {"mode": "authenticating_proxy"}, INVALID),
    ("spec.publicAccess", {"cidrs": ["everywhere"]}, INVALID),
    ("spec.authentication.mode", "x509", INVALID),
    (
        "spec.authentication.authenticatingProxy",
        {"ca": "no base64!", "cert": "Y2E=", "privateKey": "Y2E="},
        INVALID,
    ),
    ("spec.enableAutopilot", True, INVALID),
    ("spec.enableDistMgt", True, INVALID),
    ("spec.billingMode", 1, INVALID),
    ("spec.billingMode", 2, INVALID),
    ("spec.billingMode", True, INVALID),
    ("spec.billingMode", 0.0, INVALID),
    ("spec.masters", [{}, {}], INVALID),
    ("spec.clusterTags", [{"key": "_sys_a", "value": "b"}], INVALID),
    ("spec.clusterTags", [{"key": "", "value": "b"}], INVALID),
    ("spec.clusterTags", [{"key": " a", "value": "b"}], INVALID),
    ("spec.clusterTags", [{"key": "a ", "value": "b"}], INVALID),
    ("spec.clusterTags", [{"key": "a", "value": "b" * 256}], INVALID),
    ("spec.clusterTags", [{"key": f"k{n}"} for n in range(21)], INVALID),
    ("spec.kubeProxyMode", "ebpf", INVALID),
    ("spec.kubeProxyMode", "nftables", INVALID),
    ("spec.encryptionConfig", {"mode": "AES"}, INVALID),
    (
        "spec.hostNetwork.autoGenerateSecurityGroupHardeningConfig",
        {"portsToDisable": ["0"]},
        INVALID,
    ),
    ("spec.deletionProtection", 1, INVALID),
    ("spec.extendParam", {"periodNum": "1"}, INVALID),
    ("spec.extendParam", {"periodNum": 10}, INVALID),
    ("spec.extendParam", {"periodType": "day"}, INVALID),
    ("spec.extendParam", {"isAutoPay": "yes"}, INVALID),
    ("spec.extendParam", {"kubeProxyMode": "nftables"}, INVALID),
    ("spec.extendParam", {"clusterAZ": "multi_az"}, INVALID),
    ("spec.extendParam", {"clusterAZ": "x" * 100_000}, INVALID),
    ("spec.extendParam", {"dockerUmaskMode": "open"}, INVALID),
    ("spec.extendParam", {"kubernetes.io/cpuManagerPolicy": "dynamic"}, INVALID),
    ("spec.extendParam", {"dssMasterVolumes": "pool"}, INVALID),
    *(("spec.extendParam", {"alpha.cce/fixPoolMask": m}, INVALID) for m in ("99", 25, "٢٥")),
    *(("spec.extendParam", {"clusterExternalIP": address}, INVALID) for address in ADDRESSES),
    ("spec.kubernetesSvcIpRange", "10.0.0.0/11", INVALID),
    ("spec.eniNetwork", {"subnets": [{"subnetID": "a"}]}, INVALID),
    *(("spec.clusterTags", [{"key": "a"}, {"key": "a", "value": v}], INVALID) for v in ("", "b")),
    *(
        (
            "spec.configurationsOverride",
            [{"name": "kube-apiserver", "configurations": [{"name": name, "value": value}]}],
            INVALID,
        )
        for name, value in (("support-overload", "maybe"), ("max-requests-inflight", "many"))
    ),
    ("spec.unknown", "nul\x00", INVALID),
    ("spec.unknown", 2**64, INVALID),
]


def changed(path: str, value: Any) -> dict[str, Any]:
    """A good body with one value changed, or taken out."""
    body = copy.deepcopy(cluster(unique("refused")))
    *parents, last = path.split(".")
    place = body
    for key in parents:
        place = place.setdefault(key, {})
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return body


def assert_error(answer: Any, status: int, codes: tuple[str, str]) -> str:
    """Make sure that an answer is this entry of the catalogue. Returns its detail."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (body["errorCode"], body["error_code"]) == codes, body
    assert body["code"] == status
    assert answer.headers["Content-Type"] == "application/json"
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return str(body.get("message", ""))


async def names(cloud: Cloud) -> list[str]:
    """The clusters of the project."""
    found = await cloud.call("GET", f"{cloud.project}/clusters", expect=200)
    return [each["metadata"]["name"] for each in found["items"]]


@pytest.mark.parametrize(
    ("path", "value", "codes"),
    [
        pytest.param(path, value, codes, id=f"{path}-{number}")
        for number, (path, value, codes) in enumerate(VALUES)
    ],
)
async def test_a_bad_value_is_refused_by_the_name_of_its_field(
    shared_cloud: Cloud, path: str, value: Any, codes: tuple[str, str]
) -> None:
    before = await names(shared_cloud)

    answer = await shared_cloud.client.post(
        f"{shared_cloud.project}/clusters", json=changed(path, value)
    )

    detail = assert_error(answer, 400, codes)
    assert path in detail or path.rpartition(".")[0] in detail
    assert len(detail) < 1000
    assert await names(shared_cloud) == before


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"containerNetwork": {"mode": "eni"}}, "spec.eniNetwork.subnets"),
        (
            {
                "category": "CCE",
                "containerNetwork": {"mode": "eni"},
                "eniNetwork": {"subnets": [{"subnetID": "s"}]},
            },
            "spec.category",
        ),
        (
            {
                "containerNetwork": {
                    "mode": "overlay_l2",
                    "cidrs": [{"cidr": "10.0.0.0/16"}, {"cidr": "10.1.0.0/16"}],
                }
            },
            "spec.containerNetwork.cidrs",
        ),
        ({"flavor": "cce.s2.small", "masters": [{}]}, "spec.masters"),
        ({"category": "Turbo"}, "spec.category"),
        ({"category": "Turbo", "containerNetwork": {"mode": "overlay_l2"}}, "spec.category"),
        (
            {
                "serviceNetwork": {"IPv4CIDR": "10.96.0.0/16"},
                "kubernetesSvcIpRange": "10.97.0.0/16",
            },
            "spec.kubernetesSvcIpRange",
        ),
        ({"serviceNetwork": {"IPv6CIDR": "fc00::/112"}}, "spec.serviceNetwork.IPv6CIDR"),
        (
            {
                "containerNetwork": {"mode": "overlay_l2"},
                "extendParam": {"alpha.cce/fixPoolMask": "25"},
            },
            "spec.extendParam.alpha.cce/fixPoolMask",
        ),
    ],
)
async def test_values_that_do_not_fit_together_are_refused(
    shared_cloud: Cloud, spec: dict[str, Any], field: str
) -> None:
    body = cluster(unique("refused"), **spec)

    answer = await shared_cloud.client.post(f"{shared_cloud.project}/clusters", json=body)

    assert assert_error(answer, 400, INVALID).startswith(field)


GOOD = json.dumps(cluster("never-made")).encode()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"12",
        b'"text"',
        b"\xff\xfe",
        b'{"kind": NaN}',
        GOOD.replace(b'"v1.31"', b"Infinity"),
        GOOD[:-1] + b',"x":' + b"[" * 40 + b"]" * 40 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        GOOD[:-1] + b',"x": 1' + b"0" * 5000 + b"}",
        GOOD[:-1] + b', "\\u0000": 1}',
        GOOD[:-1] + b', "x": "\\ud800"}',
        GOOD + b"x",
    ],
    ids=lambda sent: repr(sent[-24:]),
)
async def test_a_body_that_is_no_good_json_object_is_refused(
    shared_cloud: Cloud, sent: bytes
) -> None:
    answer = await shared_cloud.client.post(
        f"{shared_cloud.project}/clusters",
        content=sent,
        headers={"Content-Type": "application/json"},
    )

    assert assert_error(answer, 400, INVALID)
    assert "never-made" not in await names(shared_cloud)


@pytest.mark.parametrize(
    "sent", ["text/plain", "application/xml", "application/x-www-form-urlencoded"]
)
async def test_a_body_of_another_content_type_is_refused(shared_cloud: Cloud, sent: str) -> None:
    answer = await shared_cloud.client.post(
        f"{shared_cloud.project}/clusters", content=GOOD, headers={"Content-Type": sent}
    )

    assert sent in assert_error(answer, 400, CONTENT_TYPE)
    assert "never-made" not in await names(shared_cloud)


async def test_a_body_over_the_limit_is_refused(shared_cloud: Cloud) -> None:
    body = cluster("never-made") | {"padding": "x" * 1024 * 1024}

    answer = await shared_cloud.client.post(f"{shared_cloud.project}/clusters", json=body)

    assert answer.status_code == 413
    assert answer.json()["error_code"] == "APIGW.0201"
    assert "never-made" not in await names(shared_cloud)
