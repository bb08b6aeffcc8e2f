"""Snapshots hold a real cluster's state, and give it back; nothing else can be put in its place."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import snapshots
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.wanted import Pinned
from tests import kubernetes
from tests.cli.command_line import CommandLine, Ran
from tests.drivers import local_host
from tests.drivers.examples import a_cluster
from tests.drivers.local_host import Kubernetes
from tests.kit import until_async

pytestmark = kubernetes.needs_kubernetes

CLUSTER = replace(a_cluster(), version="v1.34")
BEFORE, AFTER = "/api/v1/namespaces/before", "/api/v1/namespaces/after"


@pytest.fixture
async def driver(tmp_path: Path) -> AsyncIterator[LocalDriver]:
    async with local_host.driver(tmp_path / "data" / "local") as opened:
        yield opened


async def build(driver: LocalDriver) -> Kubernetes:
    """A cluster with one namespace of ours, and the way in."""
    await driver.ensure_credentials(CLUSTER)
    await driver.ensure_control_plane(CLUSTER)
    await local_host.until_ready(driver, CLUSTER)
    inside = Kubernetes(await driver.kubeconfig(CLUSTER, user="alice", lifetime_seconds=86_400))
    assert inside.create_namespace("before") == 201
    return inside


async def command(tmp_path: Path, *arguments: str) -> Ran:
    """Run a command about the cluster, beside the driver that supervises it."""
    run = CommandLine(tmp_path, {"CLUSTERWRIGHT_DATA": str(tmp_path / "data")})
    return await asyncio.to_thread(run, "cluster", *arguments)


async def test_a_cluster_gets_the_state_of_a_snapshot_back_and_runs_on(
    driver: LocalDriver, tmp_path: Path
) -> None:
    inside = await build(driver)
    file = tmp_path / "demo.snapshot"

    taken = await command(tmp_path, "snapshot", "demo", str(file))
    inside.create_namespace("after")
    restored = await command(tmp_path, "restore", "demo", str(file), "--yes")

    assert (taken.code, taken.err) == (0, "")
    assert taken.out.startswith(f"Wrote {file}: revision ")
    assert file.stat().st_mode & 0o077 == 0
    assert (restored.code, restored.err) == (0, "")
    assert restored.out.endswith("Restored, and ready.\n")
    assert (inside.get(BEFORE), inside.get(AFTER)) == (200, 404)
    assert inside.create_namespace("later") == 201
    left = {path.name for path in Folder(tmp_path / "data" / "local", CLUSTER.uid).path.iterdir()}
    assert left & {"etcd.new", "etcd.before", "restoring.json"} == set()


async def test_a_cluster_that_nobody_supervises_is_restored_and_runs_when_somebody_does(
    tmp_path: Path,
) -> None:
    file = tmp_path / "demo.snapshot"
    async with local_host.driver(tmp_path / "data" / "local") as driver:
        inside = await build(driver)
        await command(tmp_path, "snapshot", "demo", str(file))
        inside.create_namespace("after")
        await driver.close()

        ran = await command(tmp_path, "restore", "demo", str(file), "--yes")
        standing = inside.get(BEFORE)
        async with LocalDriver(tmp_path / "data" / "local", kubernetes.binaries):
            await until_async("it is back", lambda: inside.get(BEFORE) == 200, 90)
            there = inside.get(AFTER)

    assert (ran.code, standing, there) == (0, 0, 404)
    assert "It runs when its server runs" in ran.out


async def test_what_is_no_snapshot_stops_nothing(driver: LocalDriver, tmp_path: Path) -> None:
    inside = await build(driver)
    file = tmp_path / "broken"
    file.write_bytes(b"x" * 4096)

    ran = await command(tmp_path, "restore", "demo", str(file), "--yes")

    assert ran.code == 1
    assert ran.err.startswith("Error: Nothing was restored. etcdutl failed: ")
    assert inside.get(BEFORE) == 200


async def test_a_file_that_exists_is_not_overwritten(driver: LocalDriver, tmp_path: Path) -> None:
    await build(driver)
    file = tmp_path / "mine"
    file.write_text("mine")

    ran = await command(tmp_path, "snapshot", "demo", str(file))

    assert (ran.code, file.read_text()) == (1, "mine")
    assert f"{file} exists. Choose another name." in ran.err


def test_a_program_that_does_not_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "PROGRAM_SECONDS", 0.2)
    program = tmp_path / "etcdutl"
    program.write_text("#!/bin/sh\nexec tail -f $0\n")
    program.chmod(0o755)

    with pytest.raises(DriverError, match=r"etcdutl did not end within 0\.2 s\."):
        snapshots.look(tmp_path / "demo.snapshot", Pinned(paths={"etcdutl": program}))


def test_an_exchange_that_was_cut_short_leaves_the_state_that_there_was(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "c1")
    folder.make()
    new = folder.path / "etcd.new"
    for path, text in ((folder.etcd, "old"), (new, "new")):
        path.mkdir()
        (path / "state").write_text(text)
    folder.etcd.rename(folder.path / "etcd.before")

    folder.keep_state()
    assert (folder.etcd / "state").read_text() == "old"

    folder.exchange_state(new)
    folder.keep_state()
    assert (folder.etcd / "state").read_text() == "new"
