"""What breaks by itself shows in the phase of a node or the state of an add-on, and what mends."""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from clusterwright import app as composition
from clusterwright.drivers.contract import Health, Workload
from clusterwright.drivers.local import nodefiles, processes
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.simulated import SimulatedDriver
from tests import kubernetes
from tests.api.cloud import Cloud, open_cloud
from tests.api.nodes_examples import node
from tests.api.test_cluster_drivers import reach
from tests.drivers import local_host, real_nodes
from tests.drivers.real_nodes import Kubectl
from tests.kit import until_async

NOTICED = 30.0
"""Seconds within which a program that is stopped, or keeps ending, must show; far above the aim of
two looks, for machines with much else to do."""


class Looks:
    """What the simulated driver would see if its parts could break."""

    def __init__(self) -> None:
        self.now: Mapping[str, Health] = {}
        self.taken = 0

    async def __call__(self, _: SimulatedDriver) -> Mapping[str, Health]:
        self.taken += 1
        return self.now

    async def passing(self, count: int) -> None:
        """Wait for so many whole looks."""
        await self.beyond(self.taken + count)

    async def beyond(self, count: int) -> None:
        """Wait until more than so many have been taken."""
        await until_async(f"more than {count} looks", lambda: self.taken > count)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    found = Looks()
    monkeypatch.setattr(SimulatedDriver, "health", lambda self: found(self))
    monkeypatch.setattr(composition, "HEALTH_PERIOD", 0.02)
    return found


def seen(cluster: str, node_uid: str, said: str, **addons: Workload) -> dict[str, Health]:
    return {cluster: Health(nodes={node_uid: said}, addons=addons)}


async def made(cloud: Cloud, uid: str) -> tuple[str, str]:
    """The uid and the path of a new node that is Active."""
    path = f"{cloud.project}/clusters/{uid}/nodes"
    answer = await cloud.call("POST", path, node(), expect=201)
    one = answer["metadata"]["uid"]
    await cloud.until(f"{path}/{one}", "status.phase", "Active")
    return one, f"{path}/{one}"


async def addon(cloud: Cloud, uid: str, name: str) -> dict[str, Any]:
    listed = await cloud.call("GET", f"/api/v3/addons?cluster_id={uid}", expect=200)
    return next(one for one in listed["items"] if one["metadata"]["name"] == name)


def test_two_looks_make_a_node_abnormal_and_one_makes_it_active(
    tmp_path: Path, looks: Looks
) -> None:
    async def follow() -> None:
        async with open_cloud(tmp_path) as cloud:
            uid = await cloud.cluster()
            one, path = await made(cloud, uid)

            looks.now = seen(uid, one, "broken")
            abnormal = await cloud.until(path, "status.phase", "Abnormal")
            assert abnormal["status"]["reason"] == "broken"
            looks.now = {}  # nothing can be told
            await looks.passing(3)
            await cloud.until(path, "status.phase", "Abnormal")
            looks.now = seen(uid, one, "")
            active = await cloud.until(path, "status.phase", "Active")
            assert "reason" not in active["status"]

            for said in ("a blink", "", "a blink", ""):
                before = looks.taken
                looks.now = seen(uid, one, said)
                await looks.beyond(before)
                looks.now = seen(uid, one, "")
                await looks.passing(1)
                await cloud.until(path, "status.phase", "Active")

    asyncio.run(follow())


def test_two_looks_make_a_cluster_unavailable_and_one_makes_it_available(
    tmp_path: Path, looks: Looks
) -> None:
    async def follow() -> None:
        async with open_cloud(tmp_path) as cloud:
            uid = await cloud.cluster()
            path = f"{cloud.project}/clusters/{uid}"

            looks.now = {uid: Health(nodes={}, trouble="etcd keeps ending. Restore it.")}
            away = await cloud.until(path, "status.phase", "Unavailable")
            assert away["status"]["reason"] == "etcd keeps ending. Restore it."
            looks.now = {}  # nothing can be told
            await looks.passing(3)
            await cloud.until(path, "status.phase", "Unavailable")
            looks.now = {uid: Health(nodes={}, trouble="The disk is full.")}
            await cloud.until(path, "status.reason", "The disk is full.")
            looks.now = {uid: Health(nodes={})}
            back = await cloud.until(path, "status.phase", "Available")
            assert "reason" not in back["status"]

            looks.now = {uid: Health(nodes={}, trouble="again")}
            await cloud.until(path, "status.phase", "Unavailable")
            await cloud.call("DELETE", path, expect=200)
            await cloud.until_gone(path)

    asyncio.run(follow())


def test_a_node_that_a_job_works_on_is_left_to_it(tmp_path: Path, looks: Looks) -> None:
    async def follow() -> None:
        async with open_cloud(tmp_path, pace=5) as cloud:
            uid = await cloud.cluster()
            one, path = await made(cloud, uid)
            looks.now = seen(uid, one, "broken")
            await cloud.until(path, "status.phase", "Abnormal")

            await cloud.call("DELETE", path, expect=200)
            await cloud.until(path, "status.phase", "Deleting")
            looks.now = seen(uid, one, "")
            await cloud.until_gone(path)

    asyncio.run(follow())


def test_an_addon_s_state_follows_its_workload(tmp_path: Path, looks: Looks) -> None:
    async def follow() -> None:
        async with open_cloud(tmp_path) as cloud:
            uid = await cloud.cluster()

            async def shows(state: str, **workload: Any) -> dict[str, Any]:
                looks.now = seen(uid, "", "", coredns=Workload(wanted=2, **workload))
                await looks.passing(3)
                found = await addon(cloud, uid, "coredns")
                assert found["status"]["status"] == state
                return found

            broken = await shows("abnormal", ready=0, reason="nothing runs")
            assert broken["status"]["message"] == broken["status"]["Reason"] == "nothing runs"
            path = f"/api/v3/addons/{broken['metadata']['uid']}?cluster_id={uid}"
            assert (await cloud.call("GET", path, expect=200))["status"]["status"] == "abnormal"
            await shows("available", ready=1, reason="half of it runs")
            well = await shows("running", ready=2)
            assert well["status"]["message"] == ""
            assert (await addon(cloud, uid, "everest"))["status"]["status"] == "running"

    asyncio.run(follow())


@kubernetes.needs_kubernetes
def test_simulated_nodes_are_abnormal_while_nothing_plays_their_kubelets(tmp_path: Path) -> None:
    kubernetes.binaries()

    async def follow() -> None:
        async with open_cloud(
            tmp_path, driver="local", kubernetes_bin_dir=kubernetes.bin_dir()
        ) as cloud:
            cloud.patience = 120
            uid = await cloud.cluster(version="v1.34")
            _, path = await made(cloud, uid)
            inside = await reach(cloud, f"{cloud.project}/clusters/{uid}")
            known = processes.read(Folder(tmp_path / "data" / "local", uid).record("kwok"))
            assert known is not None

            cloud.patience = NOTICED
            os.kill(known.pid, signal.SIGSTOP)
            found = await cloud.until(path, "status.phase", "Abnormal")
            assert "kwok" in found["status"]["reason"]
            os.kill(known.pid, signal.SIGCONT)
            mended = await cloud.until(path, "status.phase", "Active")

            # Whoever deletes it behind the API's back gets it again.
            name = f"/api/v1/nodes/{mended['status']['privateIP']}"
            first = inside.read(name)["metadata"]["uid"]
            with inside.connected() as client:
                client.delete(name).raise_for_status()
            await until_async("it is back", lambda: inside.get(name) == 200, NOTICED)
            assert inside.read(name)["metadata"]["uid"] != first
            await cloud.until(path, "status.phase", "Active")

    try:
        asyncio.run(follow())
    finally:
        local_host.end_all(tmp_path / "data" / "local")


@kubernetes.needs_kubernetes
def test_a_real_node_and_the_dns_of_its_cluster_show_when_they_break_and_mend(
    tmp_path: Path,
) -> None:
    real_nodes.require()
    home = tmp_path / "data" / "local"

    async def follow() -> None:
        async with open_cloud(
            tmp_path, driver="local", nodes="real", kubernetes_bin_dir=kubernetes.bin_dir()
        ) as cloud:
            cloud.patience = 120
            uid = await cloud.cluster(version="v1.34")
            one, path = await made(cloud, uid)
            try:
                cloud.patience = NOTICED
                await break_and_mend_the_kubelet(cloud, path, Folder(home, uid), one)
                cloud.patience = 120
                inside = await reach(cloud, f"{cloud.project}/clusters/{uid}")
                await break_and_mend_dns(cloud, uid, Kubectl(inside.kubeconfig, tmp_path))
            finally:
                cloud.patience = 120
                await cloud.call("DELETE", f"{cloud.project}/clusters/{uid}", expect=200)
                await cloud.until_gone(f"{cloud.project}/clusters/{uid}")

    try:
        asyncio.run(follow())
    finally:
        local_host.end_all(home)


async def break_and_mend_the_kubelet(cloud: Cloud, path: str, folder: Folder, uid: str) -> None:
    home = nodefiles.folder_of(folder, uid)

    def pid() -> int:
        known = processes.read(home.record("kubelet"))
        return known.pid if known is not None else 0

    frozen = pid()
    os.kill(frozen, signal.SIGSTOP)
    found = await cloud.until(path, "status.phase", "Abnormal")
    assert "kubelet" in found["status"]["reason"]
    os.kill(frozen, signal.SIGCONT)
    await cloud.until(path, "status.phase", "Active")

    # One that is killed and cannot come back, as it is told nonsense.
    good = home.kubelet.read_text()
    home.kubelet.write_text("{")
    if pid() == frozen:
        os.kill(frozen, signal.SIGKILL)
    await cloud.until(path, "status.phase", "Abnormal")
    home.kubelet.write_text(good)
    cloud.patience = 60  # the pauses between its starts have grown
    await cloud.until(path, "status.phase", "Active")


async def break_and_mend_dns(cloud: Cloud, uid: str, kubectl: Kubectl) -> None:
    dns = ("-n", "kube-system")
    deployment = "deployment/coredns"
    await asyncio.to_thread(kubectl, *dns, "rollout", "status", deployment, "--timeout=60s")
    await until_addon(cloud, uid, "running")  # the server's next look sees what kubectl saw

    await asyncio.to_thread(kubectl, *dns, "scale", deployment, "--replicas=0")
    broken = await until_addon(cloud, uid, "abnormal")
    assert "coredns" in broken["status"]["message"]
    await asyncio.to_thread(kubectl, *dns, "scale", deployment, "--replicas=2")
    await until_addon(cloud, uid, "running")


async def until_addon(cloud: Cloud, uid: str, state: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            found = await addon(cloud, uid, "coredns")
            if found["status"]["status"] == state:
                return found
            await asyncio.sleep(0.1)
