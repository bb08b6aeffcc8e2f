"""Real control planes of this host: they outlive servers, come back, and leave nothing behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from clusterwright.drivers.contract import Cluster, DriverError, Kubeconfig, Unavailable
from clusterwright.drivers.local import components, ports, processes, wanted
from clusterwright.drivers.local.binaries import CONTROL_PLANE
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.local.folder import Folder, read_json
from clusterwright.drivers.local.inside import Inside
from tests import kubernetes
from tests.drivers import local_host
from tests.drivers.examples import a_cluster, a_node
from tests.drivers.local_host import Kubernetes, eventually
from tests.kept import is_kept

pytestmark = kubernetes.needs_kubernetes

CLUSTER = replace(a_cluster(), version="v1.34")
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


@pytest.fixture
async def driver(tmp_path: Path) -> AsyncIterator[LocalDriver]:
    async with local_host.driver(tmp_path) as opened:
        yield opened


async def is_ready(driver: LocalDriver) -> bool:
    return (await driver.observe_control_plane(CLUSTER)).ready


async def is_gone(driver: LocalDriver) -> bool:
    return not (await driver.observe_control_plane(CLUSTER)).exists


async def build(driver: LocalDriver) -> Kubernetes:
    """A cluster, and the way in that its users have."""
    await driver.ensure_credentials(CLUSTER)
    await driver.ensure_control_plane(CLUSTER)
    await eventually(lambda: is_ready(driver))
    await eventually(lambda: is_at_rest(driver))
    return Kubernetes(await access(driver))


async def is_at_rest(driver: LocalDriver) -> bool:
    """Whether all components run, and none of them has been started again for a second.

    A scheduler may end by itself before its rights are there, and is started anew.
    """
    before = running(driver._home)
    await asyncio.sleep(1)
    return set(CONTROL_PLANE) <= before.keys() and running(driver._home) == before


async def access(driver: LocalDriver, **asked: int) -> Kubeconfig:
    return await driver.kubeconfig(CLUSTER, user="alice", lifetime_seconds=86_400, **asked)


def running(home: Path, cluster: Cluster = CLUSTER) -> dict[str, int]:
    """The processes that run, by component."""
    found = {path.stem: processes.read(path) for path in Folder(home, cluster.uid).records()}
    return {name: one.pid for name, one in found.items() if one and processes.is_alive(one)}


async def test_users_may_do_everything_with_their_kubeconfig_and_strangers_nothing(
    driver: LocalDriver,
) -> None:
    inside = await build(driver)

    assert inside.create_namespace("mine") == 201
    assert inside.create_namespace("mine") == 409
    assert Kubernetes(inside.kubeconfig, anonymous=True).get("/api/v1/namespaces") == 403


async def test_secrets_are_encrypted_in_the_store(driver: LocalDriver, tmp_path: Path) -> None:
    inside = await build(driver)

    assert inside.create_secret("visible", "a-plain-secret-text") == 201

    stored = b"".join(p.read_bytes() for p in Folder(tmp_path, CLUSTER.uid).etcd.rglob("*.wal"))
    assert b"visible" in stored
    assert b"a-plain-secret-text" not in stored


async def test_nobody_else_may_read_the_folder(driver: LocalDriver, tmp_path: Path) -> None:
    await build(driver)

    assert (tmp_path / CLUSTER.uid).stat().st_mode & 0o077 == 0
    for path in (tmp_path / CLUSTER.uid / "pki").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


async def test_each_component_that_is_killed_is_started_again_and_nothing_is_lost(
    driver: LocalDriver, tmp_path: Path
) -> None:
    inside = await build(driver)
    inside.create_namespace("kept")

    for name in (*COMPONENTS, None):
        before = running(tmp_path)
        killed = [name] if name else list(COMPONENTS)
        for each in killed:
            os.kill(before[each], signal.SIGKILL)

        async def is_back(killed: list[str] = killed, before: dict[str, int] = before) -> bool:
            now = running(tmp_path)
            new = all(each in now and now[each] != before[each] for each in killed)
            return new and await is_ready(driver)

        await eventually(is_back)
        assert {n: p for n, p in running(tmp_path).items() if n not in killed} == {
            n: p for n, p in before.items() if n not in killed
        }

    assert inside.get("/api/v1/namespaces/kept") == 200


async def test_another_driver_adopts_what_runs_and_what_died_meanwhile(
    driver: LocalDriver, tmp_path: Path
) -> None:
    await build(driver)
    await driver.close()
    before = running(tmp_path)
    os.kill(before["kube-scheduler"], signal.SIGKILL)

    async with LocalDriver(tmp_path, kubernetes.binaries) as second:
        await eventually(lambda: is_ready(second))
        await eventually(lambda: is_at_rest(second))

        after = running(tmp_path)
        assert after.pop("kube-scheduler") != before.pop("kube-scheduler")
        assert after == before


async def test_two_drivers_on_one_folder_start_everything_once(
    driver: LocalDriver, tmp_path: Path
) -> None:
    async with LocalDriver(tmp_path, kubernetes.binaries) as second:
        for each in (driver, second, driver, second):
            await each.ensure_control_plane(CLUSTER)
        await eventually(lambda: is_ready(driver))
        await eventually(lambda: is_ready(second))
        first = running(tmp_path)

        await second.stop_control_plane(CLUSTER)
        assert running(tmp_path) == {}
        await second.ensure_control_plane(CLUSTER)
        await eventually(lambda: is_ready(driver))

        # Whichever of the two supervises may end: the other takes over.
        await driver.close()
        os.kill(running(tmp_path)["kube-apiserver"], signal.SIGKILL)
        await eventually(lambda: is_ready(second))
        assert not set(first.values()) & set(running(tmp_path).values())


async def test_no_more_control_planes_start_at_once_than_may(tmp_path: Path) -> None:
    clusters = [CLUSTER, replace(CLUSTER, uid=f"{CLUSTER.uid[:-1]}f")]
    folders = [Folder(tmp_path, cluster.uid) for cluster in clusters]
    insides = [Inside(folder) for folder in folders]
    async with local_host.driver(tmp_path, starts=1) as driver:
        for cluster in clusters:
            await driver.ensure_control_plane(cluster)
        wishes = [wanted.read(folder) for folder in folders]
        urls = [components.server_url(wish.ports) for wish in wishes if wish]

        async def all_are_ready() -> bool:
            # What runs is counted first: whatever is ready only later must have been starting.
            begun = [bool(running(tmp_path, cluster)) for cluster in clusters]
            ready = [await inside.is_ready(url) for inside, url in zip(insides, urls, strict=True)]
            assert sum(begun) - sum(ready) <= 1
            return all(ready)

        await eventually(all_are_ready)
        for inside in insides:
            await inside.close()


async def test_a_hibernated_cluster_runs_nothing_and_awakes_with_all_it_had(
    driver: LocalDriver, tmp_path: Path
) -> None:
    inside = await build(driver)
    inside.create_namespace("kept")

    await driver.stop_control_plane(CLUSTER)
    assert running(tmp_path) == {}
    await driver.ensure_control_plane(CLUSTER)
    await eventually(lambda: is_ready(driver))

    assert inside.get("/api/v1/namespaces/kept") == 200


async def test_a_deleted_cluster_leaves_no_process_port_or_file(
    driver: LocalDriver, tmp_path: Path
) -> None:
    await build(driver)
    wish = wanted.read(Folder(tmp_path, CLUSTER.uid))
    assert wish is not None
    known = [processes.read(path) for path in Folder(tmp_path, CLUSTER.uid).records()]

    await driver.delete_cluster(CLUSTER)
    await eventually(lambda: is_gone(driver))

    assert local_host.contents(tmp_path) == []
    assert not any(processes.is_alive(one) for one in known)
    assert not any(ports.is_taken(port) for port in wish.ports.values())


async def test_an_upgrade_by_emulation_keeps_objects_and_answers_as_the_new_version(
    driver: LocalDriver,
) -> None:
    older = replace(CLUSTER, version="v1.33")
    await driver.ensure_control_plane(older)
    await eventually(lambda: is_ready(driver))
    assert (await driver.observe_control_plane(older)).version == "v1.33"
    inside = Kubernetes(await access(driver))
    inside.create_namespace("kept")

    await driver.ensure_control_plane(CLUSTER)

    async def is_newer() -> bool:
        seen = await driver.observe_control_plane(CLUSTER)
        return seen.ready and seen.version == "v1.34"

    await eventually(is_newer)
    assert inside.get("/api/v1/namespaces/kept") == 200


async def test_clients_of_two_generations_are_served_at_a_time(driver: LocalDriver) -> None:
    old = await build(driver)
    rotated = replace(CLUSTER, credentials=1)

    await driver.ensure_credentials(rotated)
    new = Kubernetes(await driver.kubeconfig(rotated, user="alice", lifetime_seconds=3600))

    async def both_are_served() -> bool:
        return (old.get("/api/v1/nodes"), new.get("/api/v1/nodes")) == (200, 200)

    await eventually(both_are_served)
    await driver.ensure_control_plane(rotated)
    await eventually(lambda: is_ready(driver))
    assert await both_are_served()


async def test_a_name_that_is_added_later_is_covered_without_a_restart(
    driver: LocalDriver, tmp_path: Path
) -> None:
    await build(driver)
    before = running(tmp_path)
    named = replace(CLUSTER, custom_san=("api.example.test",))

    await driver.ensure_credentials(named)

    async def is_covered() -> bool:
        return "api.example.test" in await asyncio.to_thread(
            local_host.served_names, (await access(driver)).server
        )

    await eventually(is_covered)
    assert running(tmp_path) == before


async def test_a_taken_port_is_told_and_not_moved(driver: LocalDriver, tmp_path: Path) -> None:
    await build(driver)
    await driver.stop_control_plane(CLUSTER)
    wish = wanted.read(Folder(tmp_path, CLUSTER.uid))
    assert wish is not None

    with local_host.listening(wish.ports["api"]):
        await driver.ensure_control_plane(CLUSTER)
        with pytest.raises(Unavailable, match=f"Port {wish.ports['api']} .* taken"):
            await eventually(lambda: is_ready(driver))

    async def is_ready_at_last() -> bool:
        try:
            return await is_ready(driver)
        except Unavailable:
            return False

    await eventually(is_ready_at_last)


async def test_what_no_program_can_run_is_refused_before_anything_changes(
    driver: LocalDriver, tmp_path: Path
) -> None:
    await build(driver)
    before = running(tmp_path)

    with pytest.raises(DriverError, match=r"v1\.28"):
        await driver.ensure_control_plane(replace(CLUSTER, version="v1.28"))
    with pytest.raises(DriverError, match="max-requests-inflight cannot be many"):
        options = {components.APISERVER: {"max-requests-inflight": "many"}}
        await driver.ensure_control_plane(replace(CLUSTER, options=options))

    assert running(tmp_path) == before
    assert await is_ready(driver)


async def test_options_of_components_are_passed_on(driver: LocalDriver, tmp_path: Path) -> None:
    options = {"kube-scheduler": {"kube-api-qps": "77"}}
    await driver.ensure_control_plane(replace(CLUSTER, options=options))
    await eventually(lambda: is_ready(driver))

    command = local_host.command(running(tmp_path)["kube-scheduler"])
    assert "--kube-api-qps=77" in command


async def test_a_reboot_is_started_over_without_signalling_strangers(
    driver: LocalDriver, tmp_path: Path
) -> None:
    await build(driver)
    await driver.close()
    local_host.end_all(tmp_path)
    stranger = tmp_path / "stranger.json"
    known = local_host.begin(("sleep", "60"), stranger)
    record = Folder(tmp_path, CLUSTER.uid).record("kube-scheduler")
    local_host.write_record(record, known, boot_id="of the boot before")

    async with LocalDriver(tmp_path, kubernetes.binaries) as second:
        await eventually(lambda: is_ready(second))
        await second.delete_cluster(CLUSTER)
        await eventually(lambda: is_gone(second))

    assert processes.is_alive(known)
    processes.stop([stranger], seconds=1)


async def test_a_cluster_that_another_process_deletes_is_forgotten_too(
    driver: LocalDriver, tmp_path: Path
) -> None:
    await build(driver)
    assert is_kept(CLUSTER.uid, driver)

    async with LocalDriver(tmp_path, kubernetes.binaries) as second:
        await second.delete_cluster(CLUSTER)

        async def is_forgotten() -> bool:
            return not (is_kept(CLUSTER.uid, driver) or is_kept(CLUSTER.uid, second))

        await eventually(is_forgotten)


async def test_a_simulated_node_is_a_node_of_kubernetes_with_what_was_asked(
    driver: LocalDriver, tmp_path: Path
) -> None:
    inside = await build(driver)
    node = replace(a_node(cluster=CLUSTER), labels={"tier": "web"}, max_pods=7)

    await driver.ensure_node(node)

    async def has_joined() -> bool:
        return (await driver.observe_node(node)).ready

    await eventually(has_joined)
    machine = await driver.observe_node(node)
    found = inside.read(f"/api/v1/nodes/{machine.private_ip}")
    assert found["metadata"]["labels"]["tier"] == "web"
    assert found["metadata"]["annotations"]["clusterwright.io/kubelet"] == "simulated"
    assert (
        found["status"]["allocatable"] | {"cpu": "2", "memory": "4Gi", "pods": "7"}
        == (found["status"]["allocatable"])
    )

    await driver.ensure_node(replace(node, max_pods=9))

    async def bears_more() -> bool:
        return (await driver.observe_node(replace(node, max_pods=9))).configured

    await eventually(bears_more)
    found = inside.read(f"/api/v1/nodes/{machine.private_ip}")
    assert (found["status"]["capacity"]["pods"], found["status"]["allocatable"]["pods"]) == (
        "9",
    ) * 2

    inside.create_pod("lonely")

    async def runs() -> bool:
        pod = inside.read("/api/v1/namespaces/default/pods/lonely")
        return bool(pod["status"]["phase"] == "Running")

    await eventually(runs)
    await driver.delete_node(node)

    async def has_left() -> bool:
        return not (await driver.observe_node(node)).exists

    await eventually(has_left)
    assert inside.get(f"/api/v1/nodes/{machine.private_ip}") == 404
    assert inside.get("/api/v1/namespaces/default/pods/lonely") == 404
    assert read_json(tmp_path / CLUSTER.uid / "nodes" / "n1.json") is None
