"""Control planes that were begun ahead and run are taken over, with their processes."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from clusterwright.drivers.contract import Cluster
from clusterwright.drivers.local import folder, processes, spares
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.spares import Ahead
from tests import kubernetes
from tests.drivers import local_host
from tests.drivers.examples import a_cluster
from tests.drivers.local_host import Kubernetes, eventually

pytestmark = kubernetes.needs_kubernetes

CLUSTER = replace(a_cluster(), version="v1.34")
AHEAD = Ahead(1, ("v1.34",), CLUSTER.service_cidr, CLUSTER.container_cidrs)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose real processes end with the test."""
    kubernetes.binaries()
    yield tmp_path
    local_host.end_all(tmp_path)


def running(place: Folder) -> set[int]:
    """The processes that run for a control plane."""
    found = [processes.read(path) for path in place.records()]
    return {one.pid for one in found if one and processes.is_alive(one)}


def free(home: Path) -> list[Folder]:
    """The spares that are ready."""
    return [each for each in folder.spares(home) if spares._is_ready(each)]


async def has_a_spare(home: Path) -> bool:
    return len(await asyncio.to_thread(free, home)) == 1


async def is_ready(driver: LocalDriver, cluster: Cluster) -> bool:
    return (await driver.observe_control_plane(cluster)).ready


async def test_of_a_spare_only_the_controller_manager_starts_again_for_another_range_of_pods(
    home: Path,
) -> None:
    beside = replace(CLUSTER, container_cidrs=("172.17.0.0/16",))

    async def has_an_account() -> bool:
        return inside.get("/api/v1/namespaces/mine/serviceaccounts/default") == 200

    async with LocalDriver(home, kubernetes.binaries, ahead=AHEAD) as driver:
        await eventually(partial(has_a_spare, home))
        before = running(free(home)[0])

        await driver.ensure_credentials(beside)
        await driver.ensure_control_plane(beside)
        await eventually(partial(is_ready, driver, beside))

        after = running(Folder(home, beside.uid))
        (new,) = after - before
        assert len(before - after) == 1
        assert "--cluster-cidr=172.17.0.0/16" in local_host.command(new)
        inside = Kubernetes(await driver.kubeconfig(beside, user="alice", lifetime_seconds=3600))
        assert inside.create_namespace("mine") == 201
        await eventually(has_an_account)


async def test_a_cluster_takes_over_what_runs_already_and_leaves_nothing(home: Path) -> None:
    named = replace(CLUSTER, custom_san=("api.example.test",))

    async def is_gone() -> bool:
        return not (await driver.observe_control_plane(named)).exists

    async def has_nothing() -> bool:
        return not any(path.is_dir() for path in (home / folder.SPARES).iterdir())

    async with LocalDriver(home, kubernetes.binaries, ahead=AHEAD) as driver:
        await eventually(partial(has_a_spare, home))
        before = running(free(home)[0])

        await driver.ensure_credentials(named)
        await driver.ensure_control_plane(named)
        await eventually(partial(is_ready, driver, named))

        assert running(Folder(home, named.uid)) == before
        access = await driver.kubeconfig(named, user="alice", lifetime_seconds=3600)
        assert Kubernetes(access).create_namespace("mine") == 201
        assert "api.example.test" in local_host.served_names(access.server)
        await eventually(partial(has_a_spare, home))
        other = running(free(home)[0])

    async with LocalDriver(home, kubernetes.binaries, ahead=AHEAD) as driver:
        await eventually(partial(is_ready, driver, named))
        assert running(Folder(home, named.uid)) == before
        assert running(free(home)[0]) == other
        await driver.delete_cluster(named)
        await eventually(is_gone)
        assert local_host.contents(home) == [home / folder.SPARES]

    async with LocalDriver(home, kubernetes.binaries) as driver:
        await eventually(has_nothing)
        assert not other & set(local_host.pids())
