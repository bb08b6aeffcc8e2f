"""Real clusters through this server: their Kubernetes API, tokens, and what charts make there."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from clusterwright.cce.identities.spec import AUDIENCE
from tests import kubernetes, packages
from tests.api.cloud import Cloud, open_cloud, unique
from tests.api.test_charts import send
from tests.api.test_inside import ask
from tests.api.test_pod_identities import inside
from tests.api.test_releases import asked, place
from tests.drivers import local_host
from tests.helm import needs_helm

pytestmark = [pytest.mark.asyncio(loop_scope="module"), kubernetes.needs_kubernetes]

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A server whose clusters are real, in a folder of its own."""
    kubernetes.binaries()
    folder = tmp_path_factory.mktemp("real")
    bin_dir = kubernetes.bin_dir()
    try:
        async with open_cloud(folder, driver="local", kubernetes_bin_dir=bin_dir) as opened:
            opened.patience = 120
            yield opened
    finally:
        local_host.end_all(folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def uid(cloud: Cloud) -> AsyncIterator[str]:
    """A real cluster that the tests of this file share."""
    yield await cloud.cluster("real", version="v1.34")


def named(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}}


async def test_requests_are_handed_on_as_the_callers_own_user(cloud: Cloud, uid: str) -> None:
    made = await ask(cloud, uid, "POST", MAPS, named("mine"), expect=201)
    found = await ask(cloud, uid, "GET", f"{MAPS}/mine", expect=200)
    refused = await ask(cloud, uid, "POST", MAPS, named("mine"), expect=409)
    myself = await ask(
        cloud,
        uid,
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
        expect=201,
    )
    listed = await ask(cloud, uid, "GET", f"{MAPS}?fieldSelector=metadata.name%3Dmine", expect=200)

    assert found["metadata"]["uid"] == made["metadata"]["uid"]
    assert refused["reason"] == "AlreadyExists"
    assert myself["status"]["userInfo"]["username"] == cloud.account["user_id"]
    assert [each["metadata"]["name"] for each in listed["items"]] == ["mine"]
    await ask(cloud, uid, "DELETE", f"{MAPS}/mine", expect=200)


@pytest.mark.parametrize(
    "headers",
    [
        {"Impersonate-User": "system:admin"},
        {"Impersonate-User": "x", "Impersonate-Group": "system:masters"},
        {"X-Remote-User": "system:admin", "X-Remote-Group": "system:masters"},
    ],
    ids=["user", "group", "front proxy"],
)
async def test_nobody_is_somebody_else(cloud: Cloud, uid: str, headers: dict[str, str]) -> None:
    answer = await cloud.client.post(
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        json={"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
        headers=headers | {"X-Cluster-ID": uid},
    )

    user = answer.json()["status"]["userInfo"]
    assert user["username"] == cloud.account["user_id"]
    assert "system:masters" not in user["groups"]


async def test_a_watch_tells_of_what_happens_until_it_ends(cloud: Cloud, uid: str) -> None:
    path = f"{MAPS}?watch=true&timeoutSeconds=2&fieldSelector=metadata.name%3Dwatched"
    watch = asyncio.create_task(inside(cloud, uid, "GET", path))
    await asyncio.sleep(0.3)

    await ask(cloud, uid, "POST", MAPS, named("watched"), expect=201)

    lines = (await watch).text.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["ADDED"]


async def test_a_cluster_that_stands_still_answers_a_status(cloud: Cloud) -> None:
    uid = await cloud.cluster("sleeper", version="v1.34")
    path = f"{cloud.project}/clusters/{uid}"
    await cloud.call("POST", f"{path}/operation/hibernate", expect=200)
    await cloud.until(path, "status.phase", "Hibernation")

    await ask(cloud, uid, "GET", MAPS, expect=400)


async def test_a_projected_token_is_verified_by_the_cluster_that_signed_it(
    cloud: Cloud, uid: str
) -> None:
    keys = await ask(cloud, uid, "GET", "/openid/v1/jwks", expect=200)
    place = f"{cloud.project}/clusters/{uid}"
    body = {"namespace": "default", "serviceAccount": "default", "agencyName": "reader"}
    made = await cloud.call("POST", f"{place}/pod-identity-associations", body, expect=201)
    tokens = "/api/v1/namespaces/default/serviceaccounts/default/token"

    async def token(audience: str) -> str:
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": [audience], "expirationSeconds": 600},
        }
        found = await ask(cloud, uid, "POST", tokens, request, expect=201)
        text: str = found["status"]["token"]
        return text

    assume = f"{place}/assume-agency-for-pod-identity"
    answer = await cloud.call("POST", assume, {"token": await token(AUDIENCE)}, expect=200)
    refused = await cloud.call("POST", assume, {"token": await token("vault")}, expect=400)

    assert keys["keys"][0]["use"] == "sig"
    assert answer["podIdentityAssociationId"] == made["uid"]
    assert "audience" in refused["error_msg"]


@needs_helm
async def test_a_chart_is_installed_for_real_and_a_failure_tells_its_cause(
    cloud: Cloud, uid: str
) -> None:
    name = unique("demo")
    chart = await send(cloud, packages.chart(name), expect=201)

    await cloud.call("POST", place(uid), asked(chart["id"]), expect=201)
    await cloud.until(place(uid, "web"), "status", "DEPLOYED")
    found = await ask(cloud, uid, "GET", f"{MAPS}/web", expect=200)
    lost = asked(chart["id"], "lost", namespace="nowhere")
    await cloud.call("POST", place(uid), lost, expect=201)
    failed = await cloud.until(place(uid, "lost", "nowhere"), "status", "FAILED")
    await cloud.call("DELETE", place(uid, "web"), expect=200)
    await cloud.until_gone(place(uid, "web"))

    assert found["data"] == {"greeting": "hi"}
    assert 'namespaces "nowhere" not found' in failed["status_description"]
    await ask(cloud, uid, "GET", f"{MAPS}/web", expect=404)
