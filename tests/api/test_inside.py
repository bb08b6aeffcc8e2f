"""The Kubernetes API of simulated clusters: a little, all of it true, and refusals that say so."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from clusterwright.cce.inside.api import KubernetesApi
from tests.api.cloud import Cloud, stranger
from tests.api.nodes_examples import node
from tests.api.test_pod_identities import inside

pytestmark = pytest.mark.asyncio(loop_scope="module")

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
NAMESPACES = "/api/v1/namespaces"
CLAIM = {
    "metadata": {"name": "data", "labels": {"app": "web"}},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "10Gi"}},
        "storageClassName": "csi-disk",
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def uid(shared_cloud: Cloud) -> AsyncIterator[str]:
    """A cluster that the tests of this file share."""
    yield await shared_cloud.cluster()


async def ask(
    cloud: Cloud, uid: str, method: str, path: str, body: Any = None, *, expect: int
) -> Any:
    answer = await inside(cloud, uid, method, path, body)
    assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
    found = answer.json()
    if expect >= 400:
        assert (found["kind"], found["apiVersion"], found["code"]) == ("Status", "v1", expect)
        assert found["message"]
    return found


async def test_nodes_are_those_of_the_api(shared_cloud: Cloud) -> None:
    uid = await shared_cloud.cluster()
    nodes = f"{shared_cloud.project}/clusters/{uid}/nodes"
    made = await shared_cloud.call("POST", nodes, node(count=2, k8sTags={"team": "a"}), expect=201)
    await shared_cloud.until(
        f"{shared_cloud.project}/jobs/{made['status']['jobID']}", "status.phase", "Success"
    )
    listed = await shared_cloud.call("GET", nodes, expect=200)
    addresses = {each["status"]["privateIP"] for each in listed["items"]}

    found = await ask(shared_cloud, uid, "GET", "/api/v1/nodes", expect=200)

    assert {each["metadata"]["name"] for each in found["items"]} == addresses
    assert all(each["metadata"]["labels"] == {"team": "a"} for each in found["items"])
    assert all(each["status"]["conditions"][0]["status"] == "True" for each in found["items"])
    one = min(addresses)
    assert (await ask(shared_cloud, uid, "GET", f"/api/v1/nodes/{one}", expect=200))[
        "kind"
    ] == "Node"
    for query, count in (
        ("labelSelector=team=a", 2),
        ("labelSelector=team!=a", 0),
        ("labelSelector=team,team==a", 2),
        ("labelSelector=other", 0),
        (f"fieldSelector=metadata.name={one}", 1),
        ("limit=1", 2),
    ):
        chosen = await ask(shared_cloud, uid, "GET", f"/api/v1/nodes?{query}", expect=200)
        assert len(chosen["items"]) == count, query
    for query in ("fieldSelector=spec.x=1", "labelSelector=team in (a)"):
        await ask(shared_cloud, uid, "GET", f"/api/v1/nodes?{query}", expect=400)
    await ask(shared_cloud, uid, "GET", "/api/v1/nodes?watch=true", expect=405)
    await ask(shared_cloud, uid, "DELETE", f"/api/v1/nodes/{one}", expect=405)


async def test_kubectl_gets_the_columns_that_it_prints(shared_cloud: Cloud, uid: str) -> None:
    host = {"Host": f"{uid}.cce.example.test", "Accept": TABLE}

    answer = await shared_cloud.client.get(NAMESPACES, headers=host)

    found = answer.json()
    assert (found["kind"], found["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert [each["name"] for each in found["columnDefinitions"]] == ["Name", "Status", "Age"]
    assert ["default", "Active"] in [row["cells"][:2] for row in found["rows"]]


async def test_namespaces_and_claims_are_kept_and_go_together(
    shared_cloud: Cloud, uid: str
) -> None:
    claims = f"{NAMESPACES}/shop/persistentvolumeclaims"
    await ask(shared_cloud, uid, "POST", claims, CLAIM, expect=404)

    made = await ask(
        shared_cloud, uid, "POST", NAMESPACES, {"metadata": {"name": "shop"}}, expect=201
    )
    claim = await ask(shared_cloud, uid, "POST", claims, CLAIM, expect=201)

    assert (made["status"]["phase"], made["metadata"]["name"]) == ("Active", "shop")
    assert (claim["status"]["phase"], claim["metadata"]["namespace"]) == ("Bound", "shop")
    assert claim["spec"]["volumeName"] == f"pvc-{claim['metadata']['uid']}"
    assert claim["status"]["capacity"] == {"storage": "10Gi"}
    assert await ask(shared_cloud, uid, "GET", f"{claims}/data", expect=200) == claim
    every = await ask(shared_cloud, uid, "GET", "/api/v1/persistentvolumeclaims", expect=200)
    assert every["items"] == [claim]
    await ask(shared_cloud, uid, "POST", claims, CLAIM, expect=409)
    await ask(shared_cloud, uid, "POST", NAMESPACES, {"metadata": {"name": "shop"}}, expect=409)
    gone = await ask(shared_cloud, uid, "DELETE", f"{NAMESPACES}/shop", expect=200)
    assert gone["status"]["phase"] == "Terminating"
    await ask(shared_cloud, uid, "GET", f"{NAMESPACES}/shop", expect=404)
    every = await ask(shared_cloud, uid, "GET", "/api/v1/persistentvolumeclaims", expect=200)
    assert every["items"] == []


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (NAMESPACES, {"metadata": {"name": "Shop"}}, 422),
        (NAMESPACES, {"metadata": {}}, 422),
        (NAMESPACES, {"kind": "Pod", "metadata": {"name": "x"}}, 422),
        (NAMESPACES, {"metadata": {"name": "x", "labels": {"a": 1}}}, 422),
        (NAMESPACES, {"metadata": {"name": "default"}}, 409),
        (NAMESPACES, [], 400),
        (f"{NAMESPACES}/default/persistentvolumeclaims", {"metadata": {"name": "x"}}, 422),
        (
            f"{NAMESPACES}/default/persistentvolumeclaims",
            CLAIM | {"metadata": {"name": "x", "namespace": "other"}},
            400,
        ),
        (f"{NAMESPACES}/default/pods", {"metadata": {"name": "x"}}, 405),
        ("/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": "x"}}, 404),
    ],
)
async def test_what_cannot_be_made_is_refused_by_a_status(
    shared_cloud: Cloud, uid: str, path: str, body: Any, code: int
) -> None:
    before = await ask(shared_cloud, uid, "GET", NAMESPACES, expect=200)

    await ask(shared_cloud, uid, "POST", path, body, expect=code)

    assert await ask(shared_cloud, uid, "GET", NAMESPACES, expect=200) == before


async def test_built_in_namespaces_stay(shared_cloud: Cloud, uid: str) -> None:
    await ask(shared_cloud, uid, "DELETE", f"{NAMESPACES}/kube-system", expect=403)


async def test_what_is_there_can_be_discovered(shared_cloud: Cloud, uid: str) -> None:
    groups = await ask(shared_cloud, uid, "GET", "/apis", expect=200)
    assert (await ask(shared_cloud, uid, "GET", "/api", expect=200))["versions"] == ["v1"]
    for group in ("/api/v1", *(f"/apis/{each['name']}/v1" for each in groups["groups"])):
        found = await ask(shared_cloud, uid, "GET", group, expect=200)
        for resource in found["resources"]:
            if "list" in resource["verbs"]:
                await ask(shared_cloud, uid, "GET", f"{group}/{resource['name']}", expect=200)
    version = await ask(shared_cloud, uid, "GET", "/version", expect=200)
    assert (version["major"], version["minor"]) == ("1", "31")
    ready = await inside(shared_cloud, uid, "GET", "/readyz")
    assert (ready.status_code, ready.text) == (200, "ok")


async def test_whoever_may_use_the_project_may_do_everything(shared_cloud: Cloud, uid: str) -> None:
    may = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    who = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    asked = {"spec": {"resourceAttributes": {"verb": "create", "resource": "pods"}}}

    allowed = await ask(shared_cloud, uid, "POST", may, asked, expect=201)
    myself = await ask(shared_cloud, uid, "POST", who, {}, expect=201)

    assert allowed["status"]["allowed"] is True
    assert myself["status"]["userInfo"]["username"] == shared_cloud.account["user_id"]


async def test_a_cluster_is_named_by_its_host_or_by_a_header(shared_cloud: Cloud, uid: str) -> None:
    named = await shared_cloud.client.get(NAMESPACES, headers={"X-Cluster-ID": uid})
    unnamed = await shared_cloud.client.get(NAMESPACES)
    own = await shared_cloud.client.get(
        f"/api/v3/addons?cluster_id={uid}", headers={"Host": f"{uid}.cce.example.test"}
    )

    assert (named.status_code, own.status_code) == (200, 200)
    assert (unnamed.status_code, unnamed.json()["errorCode"]) == (501, "CCE.01501001")
    assert "X-Cluster-ID" in unnamed.json()["error_msg"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_bodies_may_be_as_large_as_kubernetes_takes_them(
    shared_cloud: Cloud, uid: str, chunked: bool
) -> None:
    async def answer(path: str, size: int) -> httpx.Response:
        body = b'{"spec": {}' + b" " * (size - 12) + b"}"

        async def pieces() -> AsyncIterator[bytes]:
            yield body[:1000]
            yield body[1000:]

        content = pieces() if chunked else body
        headers = {"X-Cluster-ID": uid, "Content-Type": "application/json"}
        return await shared_cloud.client.post(path, content=content, headers=headers)

    review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    taken = await answer(review, KubernetesApi.most_body)
    large = await answer(review, KubernetesApi.most_body + 1)
    ours = await answer(f"{shared_cloud.project}/clusters", KubernetesApi.most_body)

    assert taken.status_code == 201
    assert (large.status_code, large.json()["kind"]) == (413, "Status")
    assert (ours.status_code, ours.json()["error_code"]) == (413, "APIGW.0201")


async def test_an_offer_of_http_2_is_passed_over(shared_cloud: Cloud, uid: str) -> None:
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAM"}

    answer = await shared_cloud.client.get(NAMESPACES, headers=offer | {"X-Cluster-ID": uid})

    assert answer.status_code == 200


async def test_who_may_not_ask_is_refused_by_a_status(
    shared_cloud: Cloud, shared_database: str, uid: str
) -> None:
    host = {"Host": f"{uid}.cce.example.test"}
    bad = await shared_cloud.client.get(NAMESPACES, headers=host | {"X-Auth-Token": "x"})
    upgrade = await shared_cloud.client.get(
        NAMESPACES, headers=host | {"Connection": "Upgrade", "Upgrade": "websocket"}
    )
    async with stranger(shared_cloud, shared_database) as other:
        foreign = await inside(other, uid, "GET", NAMESPACES)

    for answer, code, reason in (
        (bad, 401, "Unauthorized"),
        (foreign, 404, "NotFound"),
        (upgrade, 501, "NotImplemented"),
    ):
        found = answer.json()
        assert (answer.status_code, found["kind"], found["reason"]) == (code, "Status", reason)
