"""A cluster is made by the driver that it asks for, or by the server's; real ones really work."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from clusterwright.drivers.contract import Kubeconfig
from clusterwright.drivers.local import processes
from clusterwright.drivers.local.folder import Folder
from tests import kubernetes
from tests.api.cloud import Cloud, cluster, open_cloud
from tests.api.nodes_examples import node
from tests.drivers import local_host
from tests.drivers.local_host import Kubernetes
from tests.kit import until_async

DRIVER = "clusterwright/driver"


def with_driver(name: str, driver: str, **spec: Any) -> dict[str, Any]:
    body = cluster(name, **spec)
    return body | {"metadata": {"name": name, "annotations": {DRIVER: driver}}}


async def ask(folder: Path, asked: str, *, expect: int, **settings: Any) -> Any:
    async with open_cloud(folder, **settings) as cloud:
        body = with_driver("demo", asked)
        return await cloud.call("POST", f"{cloud.project}/clusters", body, expect=expect)


def test_a_cluster_may_ask_for_another_driver_than_the_server_s(tmp_path: Path) -> None:
    made = asyncio.run(ask(tmp_path, "simulated", expect=201, driver="local"))

    assert made["metadata"]["annotations"][DRIVER] == "simulated"


def test_a_driver_that_there_is_not_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    refused = asyncio.run(ask(tmp_path, "cloud", expect=400))

    assert refused["errorCode"] == "CCE.01400001"
    assert "must be one of simulated, local" in refused["message"]


def test_a_host_without_programs_refuses_real_clusters_and_tells_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    refused = asyncio.run(ask(tmp_path, "local", expect=400, kubernetes_bin_dir=tmp_path))

    assert "clusterwright kubernetes check" in refused["message"]


async def live(folder: Path) -> None:
    async with open_cloud(
        folder, driver="local", kubernetes_bin_dir=kubernetes.bin_dir(), pace=1
    ) as cloud:
        cloud.patience = 120
        uid = await cloud.cluster("real", version="v1.33", flavor="cce.s2.small")
        path = f"{cloud.project}/clusters/{uid}"
        shown = await cloud.call("GET", path, expect=200)
        assert shown["metadata"]["annotations"] == {DRIVER: "local", "clusterwright/masters": "1"}
        inside = await reach(cloud, path)
        assert inside.create_namespace("kept") == 201

        plane = Folder(folder / "data" / "local", uid)
        await configure(cloud, path, 321)
        assert "--max-requests-inflight=321" in command_line(plane, "kube-apiserver")
        before = processes.read(plane.record("kube-apiserver"))
        await cloud.call("PUT", f"{path}/nodepools/master/configuration", limit(0), expect=400)
        assert processes.read(plane.record("kube-apiserver")) == before
        assert inside.get("/api/v1/namespaces/kept") == 200

        made = await cloud.call("POST", f"{path}/nodes", node(), expect=201)
        machine = f"{path}/nodes/{made['metadata']['uid']}"
        seen = await cloud.until(machine, "status.phase", "Active")
        listed = inside.read("/api/v1/nodes")["items"]
        assert [one["metadata"]["name"] for one in listed] == [seen["status"]["privateIP"]]

        await cloud.until(path, "status.phase", "Available")
        await cloud.call("POST", f"{path}/operation/hibernate", expect=200)
        await cloud.until(path, "status.phase", "Hibernation")
        assert inside.get("/api/v1/namespaces") == 0
        await cloud.call("POST", f"{path}/operation/awake", expect=200)
        await cloud.until(path, "status.phase", "Available")
        assert inside.get("/api/v1/namespaces/kept") == 200
        assert "--max-requests-inflight=321" in command_line(plane, "kube-apiserver")

        await cloud.call(
            "POST", f"{path}/clustercertrevoke", {"userId": cloud.account["user_id"]}, expect=200
        )
        assert inside.get("/api/v1/namespaces/kept") == 401
        inside = await reach(cloud, path)

        await upgrade(cloud, path, "v1.34")
        assert inside.read("/version")["emulationMinor"] == "34"
        assert inside.get("/api/v1/namespaces/kept") == 200

        await cloud.call("DELETE", machine, expect=200)
        await cloud.until_gone(machine)
        assert inside.read("/api/v1/nodes")["items"] == []
        await cloud.until(path, "status.phase", "Available")
        await cloud.call("DELETE", path, expect=200)
        await cloud.until_gone(path)


async def configure(cloud: Cloud, path: str, most: int) -> None:
    """Limit the requests that the API server answers at a time, and wait until it does."""
    kept = await cloud.call(
        "PUT", f"{path}/nodepools/master/configuration", limit(most), expect=200
    )
    assert kept["kind"] == "Configuration"
    jobs = f"{cloud.project.replace('/v3/', '/v2/')}/jobs"
    listed = await cloud.call("GET", jobs, expect=200)
    [job] = [one for one in listed if one["spec"]["type"] == "ConfigureCluster"]
    await cloud.until(f"{cloud.project}/jobs/{job['metadata']['uid']}", "status.phase", "Success")


def limit(most: int) -> dict[str, Any]:
    items = [{"name": "max-requests-inflight", "value": most}]
    packages = [{"name": "kube-apiserver", "configurations": items}]
    return {"kind": "Configuration", "apiVersion": "v3", "spec": {"packages": packages}}


def command_line(plane: Folder, component: str) -> list[str]:
    """What a component was started with."""
    known = processes.read(plane.record(component))
    assert known is not None
    return local_host.command(known.pid)


async def reach(cloud: Cloud, path: str) -> Kubernetes:
    """The inside of a cluster, with the kubeconfig that the API gives."""
    given = await cloud.call("POST", f"{path}/clustercert", {"duration": 1}, expect=200)
    server = next(one["cluster"] for one in given["clusters"] if one["name"] == "internalCluster")
    user = given["users"][0]["user"]
    return Kubernetes(
        Kubeconfig(
            server=server["server"],
            ca=local_host.decoded(server["certificate-authority-data"]),
            client_certificate=local_host.decoded(user["client-certificate-data"]),
            client_key=local_host.decoded(user["client-key-data"]),
        )
    )


async def upgrade(cloud: Cloud, path: str, version: str) -> None:
    strategy = {"type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": {"userDefinedStep": 20}}
    action = {"targetVersion": version, "strategy": strategy}
    body = {
        "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
        "spec": {"clusterUpgradeAction": action},
    }
    await cloud.call("POST", f"{path}/operation/upgrade", body, expect=200)
    await cloud.until(path, "spec.version", version)
    await cloud.until(path, "status.phase", "Available")


@kubernetes.needs_kubernetes
def test_a_real_cluster_lives_its_whole_life_behind_the_api(tmp_path: Path) -> None:
    kubernetes.binaries()

    try:
        asyncio.run(live(tmp_path))
    finally:
        local_host.end_all(tmp_path / "data" / "local")

    assert local_host.contents(tmp_path / "data" / "local") == []
    assert json.loads((tmp_path / "data" / "credentials.json").read_text())


async def take_a_spare(folder: Path) -> None:
    home = folder / "data" / "local"
    async with open_cloud(
        folder, driver="local", kubernetes_bin_dir=kubernetes.bin_dir(), spares=1
    ) as cloud:
        cloud.patience = 120
        await until_async("a spare", lambda: any((home / "spares").glob("*/settled.json")))
        uid = await cloud.cluster(version="v1.34", containerNetwork={"mode": "overlay_l2"})
        path = f"{cloud.project}/clusters/{uid}"

        assert Folder(home, uid).path.parent == home / "spares"
        inside = await reach(cloud, path)
        assert inside.create_namespace("mine") == 201
        await cloud.call("DELETE", path, expect=200)
        await cloud.until_gone(path)
        assert not Folder(home, uid).exists


@kubernetes.needs_kubernetes
def test_a_server_starts_control_planes_ahead_of_requests(tmp_path: Path) -> None:
    kubernetes.binaries()

    try:
        asyncio.run(take_a_spare(tmp_path))
    finally:
        local_host.end_all(tmp_path / "data" / "local")
