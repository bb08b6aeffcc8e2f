"""Kubeconfigs, revocation, public addresses and access policies."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from cryptography.x509 import Certificate, load_pem_x509_certificate

from tests.api.cloud import Cloud, unique

POLICIES = "/api/v3/access-policies"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def cloud(shared_cloud: Cloud) -> Cloud:
    """A whole server on each database, which the tests of this file share."""
    return shared_cloud


@pytest_asyncio.fixture(loop_scope="module")
async def path(cloud: Cloud) -> str:
    """The path of an available cluster that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster(f'c-{uuid4().hex}')}"


async def kubeconfig(cloud: Cloud, path: str, **asked: Any) -> Any:
    return await cloud.call("POST", f"{path}/clustercert", asked or {"duration": -1}, expect=200)


def decoded(text: str) -> bytes:
    """The PEM text inside a kubeconfig, which must be encoded exactly once."""
    pem = b64decode(text, validate=True)
    assert pem.startswith(b"-----BEGIN ")
    return pem


def client_certificate(config: Any) -> Certificate:
    (user,) = config["users"]
    return load_pem_x509_certificate(decoded(user["user"]["client-certificate-data"]))


def ahead(**parts: float) -> str:
    """A time in the future as ``expire_at`` takes it."""
    return f"{datetime.now(UTC) + timedelta(**parts):%Y-%m-%d %H:%M:%S} +0000 UTC"


async def test_a_kubeconfig_names_the_caller_and_verifies_against_its_authority(
    cloud: Cloud, path: str
) -> None:
    config = await kubeconfig(cloud, path, duration=30)
    (server,) = config["clusters"]
    authority = load_pem_x509_certificate(decoded(server["cluster"]["certificate-authority-data"]))
    certificate = client_certificate(config)

    certificate.verify_directly_issued_by(authority)
    assert certificate.subject.rfc4514_string().startswith(f"CN={cloud.account['user_id']}")
    assert b"PRIVATE KEY" in decoded(config["users"][0]["user"]["client-key-data"])
    assert (config["kind"], config["apiVersion"]) == ("Config", "v1")
    assert config["current-context"] == "internal"
    assert [c["context"] for c in config["contexts"]] == [
        {"cluster": "internalCluster", "user": "user"}
    ]
    assert server["cluster"]["server"].startswith("https://")


@pytest.mark.parametrize("asked", [{"duration": -1}, {"duration": 1}, {"duration": 1827}])
async def test_the_same_request_gets_the_same_answer(
    cloud: Cloud, path: str, asked: dict[str, Any]
) -> None:
    assert await kubeconfig(cloud, path, **asked) == await kubeconfig(cloud, path, **asked)


async def test_the_older_get_answers_like_a_post_for_five_years(cloud: Cloud, path: str) -> None:
    older = await cloud.call("GET", f"{path}/clustercert", expect=200)

    assert older == await kubeconfig(cloud, path, duration=-1)


@pytest.mark.parametrize(
    ("asked", "days"),
    [({"duration": 30}, 30), ({"duration": -1}, 1827), ({"duration": 1827}, 1827)],
)
async def test_a_certificate_lasts_as_many_days_as_asked_for(
    cloud: Cloud, path: str, asked: dict[str, Any], days: int
) -> None:
    certificate = client_certificate(await kubeconfig(cloud, path, **asked))

    left = certificate.not_valid_after_utc - datetime.now(UTC)
    assert abs(left - timedelta(days=days)) < timedelta(minutes=1)


@pytest.mark.parametrize("hours", [0.25, 1, 24, 24 * 400])
async def test_an_expiry_wins_over_a_duration_and_is_never_outlived(
    cloud: Cloud, path: str, hours: float
) -> None:
    asked = {"duration": 1800, "expire_at": ahead(hours=hours)}

    first, again = [await kubeconfig(cloud, path, **asked) for _ in range(2)]

    assert first == again
    left = client_certificate(first).not_valid_after_utc - datetime.now(UTC)
    assert timedelta(hours=hours * 0.8) < left < timedelta(hours=hours, minutes=1)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"duration": 0},
        {"duration": -2},
        {"duration": 1828},
        {"duration": "30"},
        {"duration": 2**63},
        {"expire_at": "2030-01-01"},
        {"expire_at": "2030-13-01 00:00:00 +0000 UTC"},
        {"expire_at": "0001-01-01 00:00:00 +0000 UTC"},
        {"expire_at": "9999-12-31 23:59:59 +0000 UTC"},
    ],
    ids=str,
)
async def test_a_bad_lifetime_is_refused(cloud: Cloud, path: str, asked: dict[str, Any]) -> None:
    refusal = await cloud.call("POST", f"{path}/clustercert", asked, expect=400)

    assert refusal["errorCode"] == "CCE.01400001"


@pytest.mark.parametrize("days", [10 / 1440, 6 * 365], ids=["ten minutes", "six years"])
async def test_a_lifetime_beyond_the_bounds_is_refused(
    cloud: Cloud, path: str, days: float
) -> None:
    asked = {"expire_at": ahead(days=days)}

    refusal = await cloud.call("POST", f"{path}/clustercert", asked, expect=400)

    assert refusal["errorCode"] == "CCE.01400001"


async def test_the_doubled_slash_of_a_terraform_data_source_gets_a_json_error(
    cloud: Cloud,
) -> None:
    refusal = await cloud.call(
        "POST", f"{cloud.project}/clusters//clustercert", {"duration": -1}, expect=404
    )

    assert refusal["error_code"]


async def test_revocation_gives_the_holder_and_nobody_else_a_new_certificate(
    cloud: Cloud, path: str
) -> None:
    before = await kubeconfig(cloud, path)
    revoke = f"{path}/clustercertrevoke"

    await cloud.call("POST", revoke, {"userId": "f" * 32}, expect=200)
    await cloud.call("POST", revoke, {"agencyId": "e" * 32}, expect=200)
    assert await kubeconfig(cloud, path) == before

    await cloud.call("POST", revoke, {"userId": cloud.account["user_id"]}, expect=200)
    after = await kubeconfig(cloud, path)
    assert client_certificate(after) != client_certificate(before)
    assert after["clusters"] == before["clusters"]
    assert await kubeconfig(cloud, path) == after


@pytest.mark.parametrize(
    "asked", [{}, {"userId": "a", "agencyId": "b"}, {"userId": ""}, {"userId": "a" * 65}], ids=str
)
async def test_a_revocation_names_exactly_one_holder(
    cloud: Cloud, path: str, asked: dict[str, Any]
) -> None:
    await cloud.call("POST", f"{path}/clustercertrevoke", asked, expect=400)


def bind(eip_id: str, **spec: Any) -> dict[str, Any]:
    return {"spec": {"action": "bind", "spec": {"id": eip_id}} | spec}


async def test_a_bound_address_shows_everywhere_until_it_is_unbound(
    cloud: Cloud, path: str
) -> None:
    bound = await cloud.call("PUT", f"{path}/mastereip", bind("e1"), expect=200)
    config = await kubeconfig(cloud, path)
    shown = await cloud.call("GET", f"{path}/openapi", expect=200)
    endpoints = (await cloud.call("GET", path, expect=200))["status"]["endpoints"]

    public = bound["status"]["publicEndpoint"]
    assert public == f"https://{bound['spec']['elasticIp']}:5443"
    assert bound["spec"]["action"] == "bind"
    assert bound["spec"]["spec"]["id"] == "e1"
    private = bound["status"]["privateEndpoint"]
    inside = {"url": private, "type": "Internal", "internal": private}
    # Clients of OTC look for all addresses in the first element (notes/clients.md, B9).
    assert endpoints == [
        inside | {"external": public, "external_otc": public},
        {"url": public, "type": "External"},
    ]
    assert shown == {
        "metadata": {},
        "spec": {"spec": bound["spec"]["spec"]},
        "status": bound["status"],
    }
    assert config["current-context"] == "external"
    servers = {entry["name"]: entry["cluster"] for entry in config["clusters"]}
    assert servers.keys() == {"internalCluster", "externalCluster", "externalClusterTLSVerify"}
    assert servers["externalCluster"] == {"server": public, "insecure-skip-tls-verify": True}
    assert servers["externalClusterTLSVerify"]["server"] == public
    assert "certificate-authority-data" in servers["externalClusterTLSVerify"]
    assert {c["name"]: c["context"]["cluster"] for c in config["contexts"]} == {
        "internal": "internalCluster",
        "external": "externalCluster",
        "externalTLSVerify": "externalClusterTLSVerify",
    }

    released = await cloud.call(
        "PUT", f"{path}/mastereip", {"spec": {"action": "UnBind"}}, expect=200
    )

    assert released["spec"] == {"action": "unbind"}
    assert "publicEndpoint" not in released["status"]
    assert (await kubeconfig(cloud, path))["current-context"] == "internal"


async def test_an_address_is_the_one_sent_or_always_the_same_for_an_id(
    cloud: Cloud, path: str
) -> None:
    eip = f"{path}/mastereip"
    first = await cloud.call("PUT", eip, bind("e1"), expect=200)
    again = await cloud.call("PUT", eip, bind("e1"), expect=200)
    given = await cloud.call("PUT", eip, bind("e1", elasticIp="198.51.100.7"), expect=200)

    assert first == again
    assert first["spec"]["elasticIp"].startswith("203.0.113.")
    assert given["spec"]["elasticIp"] == "198.51.100.7"


@pytest.mark.parametrize(
    "spec",
    [
        {"action": "bind"},
        {"action": "bind", "spec": {}},
        {"action": "attach"},
        {"action": "bind", "spec": {"id": "x" * 65}},
        {"action": "bind", "spec": {"id": "e1"}, "elasticIp": "203.0.113.900"},
        {},
    ],
    ids=str,
)
async def test_a_bad_address_is_refused(cloud: Cloud, path: str, spec: dict[str, Any]) -> None:
    await cloud.call("PUT", f"{path}/mastereip", {"spec": spec}, expect=400)


async def test_a_second_address_needs_the_first_one_to_be_unbound(cloud: Cloud, path: str) -> None:
    await cloud.call("PUT", f"{path}/mastereip", bind(unique("e")), expect=200)

    await cloud.call("PUT", f"{path}/mastereip", bind(unique("e")), expect=403)


def policy(**changed: Any) -> dict[str, Any]:
    return {
        "kind": "AccessPolicy",
        "apiVersion": "v3",
        "name": "readers",
        "clusters": ["*"],
        "accessScope": {"namespaces": ["default"]},
        "policyType": "CCEViewPolicy",
        "principal": {"type": "user", "ids": ["u1"]},
    } | changed


async def test_an_access_policy_can_be_made_read_replaced_and_forgotten(
    cloud: Cloud, path: str
) -> None:
    uid = path.rpartition("/")[2]
    made = await cloud.call("POST", POLICIES, policy(), expect=201)
    own = await cloud.call("POST", POLICIES, policy(clusters=[uid]), expect=201)
    one = f"{POLICIES}/{made['policyId']}"

    assert await cloud.call("GET", one, expect=200) == made
    assert made | policy() == made
    assert made["createTime"].endswith("Z")
    listed = await cloud.call("GET", POLICIES, expect=200)
    assert listed == {"kind": "List", "apiVersion": "v3", "accessPolicyList": [made, own]}
    other = await cloud.call("GET", f"{POLICIES}?cluster_id=other", expect=200)
    assert other["accessPolicyList"] == [made]

    changed = await cloud.call("PUT", one, policy(policyType="CCEAdminPolicy"), expect=200)
    assert changed["policyId"] == made["policyId"]
    assert changed["createTime"] == made["createTime"]
    assert await cloud.call("GET", one, expect=200) == changed

    await cloud.call("DELETE", one, expect=204)
    for method in ("GET", "DELETE"):
        await cloud.call(method, one, expect=404)
    await cloud.call("PUT", one, policy(), expect=404)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Readers"},
        {"name": "a" * 57},
        {"name": "a-"},
        {"clusters": []},
        {"policyType": "CCEOtherPolicy"},
        {"principal": {"type": "robot", "ids": ["u1"]}},
        {"accessScope": {"namespaces": []}},
    ],
    ids=str,
)
async def test_a_bad_access_policy_is_refused(cloud: Cloud, changed: dict[str, Any]) -> None:
    await cloud.call("POST", POLICIES, policy(**changed), expect=400)


async def test_an_access_policy_for_an_unknown_cluster_is_refused(cloud: Cloud) -> None:
    await cloud.call("POST", POLICIES, policy(clusters=["unknown"]), expect=404)


@pytest.mark.parametrize(
    ("method", "suffix", "asked"),
    [
        ("POST", "clustercert", {"duration": 1}),
        ("GET", "clustercert", None),
        ("POST", "clustercertrevoke", {"userId": "u"}),
        ("PUT", "mastereip", bind("e1")),
        ("GET", "openapi", None),
    ],
)
async def test_a_cluster_that_the_project_has_not_is_not_found(
    cloud: Cloud, method: str, suffix: str, asked: Any
) -> None:
    await cloud.call(method, f"{cloud.project}/clusters/unknown/{suffix}", asked, expect=404)
