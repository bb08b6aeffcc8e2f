"""Values of component options: each has the type, the bounds and the choices of its option."""

from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud
from tests.api.nodes_examples import add_pool

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The URL of an available cluster that the tests of this file share."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


WRONG_VALUES: tuple[tuple[str, str, str, Any], ...] = (
    ("pool", "kubelet", "max-pods", "many"),
    ("pool", "kubelet", "max-pods", 5),
    ("pool", "kubelet", "max-pods", 1.5),
    ("pool", "kubelet", "max-pods", True),
    ("pool", "kubelet", "max-pods", [110]),
    ("pool", "kubelet", "cpu-manager-policy", "often"),
    ("pool", "kubelet", "cpu-manager-policy", 5),
    ("pool", "kubelet", "pod-pids-limit", -2),
    ("pool", "kubelet", "topology-manager-policy", "any"),
    ("pool", "kube-proxy", "conntrack-tcp-timeout-close-wait", "soon"),
    ("pool", "kube-proxy", "conntrack-min", -1),
    ("master", "kube-apiserver", "support-overload", "yes"),
    ("master", "kube-apiserver", "support-overload", 1),
    ("master", "kube-apiserver", "service-node-port-range", "all"),
    ("master", "kube-apiserver", "service-node-port-range", "32767-30000"),
    ("master", "kube-apiserver", "service-node-port-range", "30000-70000"),
    ("master", "kube-apiserver", "max-requests-inflight", 0),
    ("master", "kube-controller-manager", "concurrent-gc-syncs", 0),
    ("master", "kube-scheduler", "kube-api-burst", 0),
    ("master", "kube-controller-manager", "kube-api-qps", {"a": 1}),
)


@pytest.mark.parametrize(("where", "package", "name", "value"), WRONG_VALUES, ids=str)
async def test_a_value_that_an_option_cannot_have_is_refused(
    cloud: Cloud, cluster: str, where: str, package: str, name: str, value: Any
) -> None:
    url = f"{cluster}/nodepools/{await a_pool(cloud, cluster, where)}/configuration"
    items = [{"name": name, "value": value}]
    body = {
        "kind": "Configuration",
        "apiVersion": "v3",
        "spec": {"packages": [{"name": package, "configurations": items}]},
    }
    before = await cloud.call("GET", url, expect=200)

    refusal = await cloud.call("PUT", url, body, expect=400)

    assert name in refusal["message"]
    assert await cloud.call("GET", url, expect=200) == before


async def a_pool(cloud: Cloud, cluster: str, where: str) -> str:
    if where == "master":
        return where
    for found in (await cloud.call("GET", f"{cluster}/nodepools", expect=200))["items"]:
        if found["metadata"]["name"] == "configured":
            return str(found["metadata"]["uid"])
    return (await add_pool(cloud, cluster, name="configured")).rpartition("/")[2]


async def test_numbers_and_booleans_may_be_sent_as_text(cloud: Cloud, cluster: str) -> None:
    url = f"{cluster}/nodepools/master/configuration"
    items = [
        {"name": "default-not-ready-toleration-seconds", "value": "100"},
        {"name": "support-overload", "value": "true"},
    ]
    body = {
        "kind": "Configuration",
        "apiVersion": "v3",
        "spec": {"packages": [{"name": "kube-apiserver", "configurations": items}]},
    }

    kept = await cloud.call("PUT", url, body, expect=200)

    [found] = [p for p in kept["spec"]["packages"] if p["name"] == "kube-apiserver"]
    for item in items:
        assert item in found["configurations"]
