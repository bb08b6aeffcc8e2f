"""Pod identities: which agency a service account may act as, and what its token is worth."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio

from clusterwright.cce.identities.spec import AUDIENCE
from clusterwright.drivers.contract import ISSUER
from tests.api.cloud import BASE, Cloud, stranger

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = {
    "uid", "clusterId", "namespace", "serviceAccount", "agencyName", "tags", "createdAt",
    "modifiedAt", "updatedAt",
}  # fmt: skip


def asked(account: str = "web", **more: Any) -> dict[str, Any]:
    """The body of a request for an association."""
    return {"namespace": "shop", "serviceAccount": account, "agencyName": "reader"} | more


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def uid(shared_cloud: Cloud) -> AsyncIterator[str]:
    """A cluster that the tests of this file share."""
    yield await shared_cloud.cluster()


@pytest.fixture
def place(shared_cloud: Cloud, uid: str) -> str:
    return f"{shared_cloud.project}/clusters/{uid}/pod-identity-associations"


async def test_an_association_is_kept_changed_and_forgotten(
    shared_cloud: Cloud, place: str, uid: str
) -> None:
    call = shared_cloud.call
    tags = [{"key": "team", "value": "a/b"}, {"key": "empty", "value": ""}]

    made = await call("POST", place, asked("first", tags=tags), expect=201)
    where = f"{place}/{made['uid']}"
    changed = await call("PUT", where, {"agencyName": "writer"}, expect=200)

    assert made.keys() == KEYS
    assert (made["clusterId"], made["tags"]) == (uid, tags)
    assert changed == made | {
        "agencyName": "writer",
        "modifiedAt": changed["updatedAt"],
        "updatedAt": changed["updatedAt"],
    }
    assert await call("GET", where, expect=200) == changed
    assert changed in await call("GET", place, expect=200)
    gone = await shared_cloud.client.delete(where)
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert (await call(method, where, expect=404))["errorCode"] == "CCE.01404001"
    await call("PUT", where, {"agencyName": "writer"}, expect=404)


async def test_a_service_account_has_one_agency(shared_cloud: Cloud, place: str) -> None:
    await shared_cloud.call("POST", place, asked("only"), expect=201)

    refused = await shared_cloud.call("POST", place, asked("only"), expect=409)

    assert refused["errorCode"] == "CCE.01409001"
    await shared_cloud.call("POST", place, asked("only", namespace="other"), expect=201)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"namespace": "Shop"}, "namespace"),
        ({"namespace": ""}, "namespace"),
        ({"serviceAccount": "a/b"}, "serviceAccount"),
        ({"serviceAccount": "a" * 254}, "serviceAccount"),
        ({"agencyName": None}, "agencyName"),
        ({"agencyName": "a b"}, "agencyName"),
        ({"tags": [{"key": "_sys_x", "value": ""}]}, "tags.0.key"),
        ({"tags": [{"key": "a"}, {"key": "a"}]}, "tags"),
        ({"tags": [{"key": "a", "value": "x" * 256}]}, "tags.0.value"),
        ({"tags": {"a": "b"}}, "tags"),
    ],
)
async def test_a_wrong_field_is_refused_by_its_name(
    shared_cloud: Cloud, place: str, change: dict[str, Any], field: str
) -> None:
    refused = await shared_cloud.call("POST", place, asked("wrong") | change, expect=400)

    assert field in refused["error_msg"]


async def token(cloud: Cloud, uid: str, account: str = "pod", audience: str = AUDIENCE) -> str:
    """A token as the cluster projects it into pods of a service account."""
    path = f"/api/v1/namespaces/shop/serviceaccounts/{account}/token"
    body = {"spec": {"audiences": [audience], "expirationSeconds": 600}}
    answer = await inside(cloud, uid, "POST", path, body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["status"]["token"]
    return made


async def inside(
    cloud: Cloud, uid: str, method: str, path: str, body: Any = None
) -> httpx.Response:
    """What the Kubernetes API of a cluster answers on its own host."""
    host = f"{uid}.{httpx.URL(BASE).host}"
    return await cloud.client.request(method, path, json=body, headers={"Host": host})


async def test_a_token_is_traded_for_keys_that_work(
    shared_cloud: Cloud, place: str, uid: str
) -> None:
    made = await shared_cloud.call("POST", place, asked("pod"), expect=201)
    assume = f"{shared_cloud.project}/clusters/{uid}/assume-agency-for-pod-identity"

    answer = await shared_cloud.call(
        "POST", assume, {"token": await token(shared_cloud, uid)}, expect=200
    )

    assert answer["podIdentityAssociationId"] == made["uid"]
    assert answer["subject"] == {"namespace": "shop", "serviceAccount": "pod"}
    assert answer["audience"] == AUDIENCE
    domain = shared_cloud.account["domain_id"]
    session = answer["assumedAgency"]["id"].partition(":")[2]
    assert answer["assumedAgency"]["urn"] == f"sts::{domain}:assumed-agency:reader/{session}"
    assert session.startswith(f"cce-{uid}-")
    keys = answer["credentials"]
    assert all(keys[name] for name in ("accessKeyId", "secretAccessKey", "securityToken"))
    assert keys["expiration"].endswith("Z")


async def test_only_the_clusters_own_tokens_are_traded(
    shared_cloud: Cloud, place: str, uid: str
) -> None:
    await shared_cloud.call("POST", place, asked("strict"), expect=201)
    assume = f"{shared_cloud.project}/clusters/{uid}/assume-agency-for-pod-identity"
    good = await token(shared_cloud, uid, "strict")
    foreign = await token(shared_cloud, await shared_cloud.cluster(), "strict")
    header, claims, _ = good.split(".")
    now = int(time.time())
    forged = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "system:serviceaccount:shop:strict", "iat": now,
        "exp": now + 600,
        "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "strict"}},
    }  # fmt: skip
    kid = jwt.get_unverified_header(good)["kid"]
    wrong = {
        "of another cluster": foreign,
        "for another audience": await token(shared_cloud, uid, "strict", "vault"),
        "without a signature": f"{header}.{claims}.",
        "with no algorithm": jwt.encode(forged, "", algorithm="none", headers={"kid": kid}),
        "with a shared secret": jwt.encode(
            forged, "x" * 32, algorithm="HS256", headers={"kid": kid}
        ),
        "no token": "x",
        "three dots": "a.b.c",
    }

    for text in wrong.values():
        refused = await shared_cloud.call("POST", assume, {"token": text}, expect=400)
        assert refused["error_msg"].startswith("Invalid request. token: ")
        assert text not in refused["error_msg"]
    await shared_cloud.call("POST", assume, {"token": good}, expect=200)
    other = {"token": await token(shared_cloud, uid, "nobody")}
    assert (await shared_cloud.call("POST", assume, other, expect=404))["error_msg"]


async def test_the_cluster_publishes_the_keys_that_verify_its_tokens(
    shared_cloud: Cloud, uid: str
) -> None:
    keys = (await inside(shared_cloud, uid, "GET", "/openid/v1/jwks")).json()
    told = (await inside(shared_cloud, uid, "GET", "/.well-known/openid-configuration")).json()
    text = await token(shared_cloud, uid)

    # Terraform reads these six of the first key.
    assert keys["keys"][0].keys() == {"use", "kty", "kid", "alg", "n", "e"}
    assert told["issuer"] == ISSUER
    known = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(text)["kid"]]
    claims = jwt.decode(text, known, audience=AUDIENCE, issuer=ISSUER)
    assert claims["sub"] == "system:serviceaccount:shop:pod"


async def test_nobody_sees_the_identities_of_another_project(
    shared_cloud: Cloud, shared_database: str, uid: str, place: str
) -> None:
    made = await shared_cloud.call("POST", place, asked("private"), expect=201)

    async with stranger(shared_cloud, shared_database) as other:
        theirs = place.replace(shared_cloud.account["project_id"], other.account["project_id"])
        await other.call("GET", place, expect=403)
        for method, path, body in (
            ("GET", theirs, None),
            ("GET", f"{theirs}/{made['uid']}", None),
            ("DELETE", f"{theirs}/{made['uid']}", None),
            ("PUT", f"{theirs}/{made['uid']}", {"agencyName": "x"}),
            ("POST", theirs, asked()),
        ):
            await other.call(method, path, body, expect=404)
        assert (await inside(other, uid, "GET", "/openid/v1/jwks")).status_code == 404
