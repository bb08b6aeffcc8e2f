"""Claims of cloud volumes, in the style that names the volume itself."""

from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLAIMS = "/api/v1/namespaces/default/cloudpersistentvolumeclaims"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The uid of an available cluster."""
    return await cloud.cluster()


def claim(name: str = "", **spec: Any) -> dict[str, Any]:
    """The body of a claim."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name or unique("claim"), "labels": {"a": "b"}},
        "spec": {
            "volumeID": "a-volume",
            "storageType": "bs",
            "accessModes": ["ReadWriteMany", "ReadOnlyMany"],
        }
        | spec,
    }


async def test_a_claim_is_kept_and_given_back(cloud: Cloud, cluster: str) -> None:
    body, here = claim(), {"X-Cluster-ID": cluster}
    path = f"{CLAIMS}/{body['metadata']['name']}"

    made = await cloud.call("POST", CLAIMS, body, expect=201, headers=here)
    await cloud.call("POST", CLAIMS, body, expect=409, headers=here)
    gone = await cloud.call(
        "DELETE", f"{path}?deleteVolume=true&storageType=bs", expect=200, headers=here
    )

    assert made == gone
    assert made["metadata"] == body["metadata"] | {"namespace": "default"}
    assert made["spec"]["volumeID"] == "a-volume"
    assert made["status"] == {"accessModes": ["ReadWriteMany"], "phase": "Pending"}
    await cloud.call("DELETE", path, expect=404, headers=here)


async def test_the_host_may_name_the_cluster(cloud: Cloud, cluster: str) -> None:
    await cloud.call(
        "POST", CLAIMS, claim(), expect=201, headers={"Host": f"{cluster}.cce.example.test"}
    )


async def test_a_claim_names_its_cluster(cloud: Cloud, cluster: str) -> None:
    nowhere = await cloud.call("POST", CLAIMS, claim(), expect=400)

    assert "X-Cluster-ID" in nowhere["message"]
    await cloud.call("POST", CLAIMS, claim(), expect=404, headers={"X-Cluster-ID": "nobody"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        claim("Upper"),
        claim("x" * 254),
        claim(volumeID=5),
        claim(storageType="evs"),
        claim(accessModes=[]),
        claim(accessModes=["Any"]),
        claim() | {"kind": "Pod"},
        claim() | {"apiVersion": "v3"},
    ],
)
async def test_a_bad_claim_is_refused(cloud: Cloud, cluster: str, body: dict[str, Any]) -> None:
    await cloud.call("POST", CLAIMS, body, expect=400, headers={"X-Cluster-ID": cluster})


async def test_the_namespaces_of_the_system_are_closed(cloud: Cloud, cluster: str) -> None:
    for namespace in ("kube-system", "kube-public", "Upper"):
        path = CLAIMS.replace("default", namespace)
        answer = await cloud.call(
            "POST", path, claim(), expect=400, headers={"X-Cluster-ID": cluster}
        )
        assert answer["message"].startswith("path.namespace: ")


async def test_what_becomes_of_the_volume_is_said_with_its_type(cloud: Cloud, cluster: str) -> None:
    here = {"X-Cluster-ID": cluster}

    await cloud.call("DELETE", f"{CLAIMS}/c?deleteVolume=true", expect=400, headers=here)
    await cloud.call("DELETE", f"{CLAIMS}/c?storageType=bs", expect=400, headers=here)
