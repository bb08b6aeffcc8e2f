"""What keeps a control plane of this host from running is told, with what to do about it."""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clusterwright.drivers.contract import DriverError, Unavailable
from clusterwright.drivers.local import binaries, memory, plane, processes, upkeep
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.local.folder import Folder
from tests import kubernetes
from tests.drivers import local_host
from tests.drivers.examples import a_cluster
from tests.kit import until_async

pytestmark = kubernetes.needs_kubernetes

CLUSTER = replace(a_cluster(), version="v1.34")


@pytest.fixture
def programs(tmp_path: Path) -> Callable[[str], binaries.Binaries]:
    """Real programs in a folder of the test's own, which may lose some."""
    found = kubernetes.binaries()
    place = tmp_path / "bin" / found.version
    place.mkdir(parents=True)
    for name, path in found.paths.items():
        (place / name).symlink_to(path)

    def find(version: str) -> binaries.Binaries:
        there = binaries.installed(tmp_path / "bin")
        return binaries.choose(version, [each for each in there if str(tmp_path) in each.place])

    return find


@pytest.fixture
async def driver(
    tmp_path: Path, programs: Callable[[str], binaries.Binaries]
) -> AsyncIterator[LocalDriver]:
    async with LocalDriver(tmp_path / "local", programs) as opened:
        try:
            yield opened
        finally:
            await opened.close()
            local_host.end_all(tmp_path / "local")


async def is_ready(driver: LocalDriver) -> bool:
    try:
        return (await driver.observe_control_plane(CLUSTER)).ready
    except Unavailable:
        return False


async def until_ready(driver: LocalDriver) -> None:
    """Return once it is ready, and its supervision has seen that too: no trouble is told then."""
    trouble = Folder(driver._home, CLUSTER.uid).trouble

    async def is_well() -> bool:
        return await is_ready(driver) and not trouble.exists()

    await local_host.eventually(is_well)


async def told(driver: LocalDriver, kind: type[Exception] = Unavailable) -> str:
    """What is told of a control plane that does not become ready."""
    async with asyncio.timeout(90):
        while True:
            try:
                await driver.observe_control_plane(CLUSTER)
            except (Unavailable, DriverError) as error:
                if isinstance(error, kind):
                    return str(error)
            await asyncio.sleep(0.02)


def kill(home: Path, component: str) -> None:
    known = processes.read(Folder(home, CLUSTER.uid).record(component))
    assert known is not None
    os.kill(known.pid, signal.SIGKILL)


async def lose_etcd(driver: LocalDriver, tmp_path: Path) -> Path:
    """End the etcd of a cluster that was ready, and hide its program "elsewhere".

    Returns where that program should be.
    """
    etcd = tmp_path / "bin" / "v1.34.4" / "etcd"
    await driver.ensure_control_plane(CLUSTER)
    await until_ready(driver)
    etcd.rename(etcd.with_name("elsewhere"))
    kill(tmp_path / "local", "etcd")
    return etcd


async def test_what_is_missing_short_or_damaged_is_told_and_mended_by_what_was_advised(
    driver: LocalDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, etcd = tmp_path / "local", await lose_etcd(driver, tmp_path)
    assert "Run: clusterwright kubernetes install v1.34" in await told(driver)
    etcd.with_name("elsewhere").rename(etcd)
    await until_ready(driver)

    with monkeypatch.context() as change:
        change.setattr(memory, "free", lambda: plane.LEAST_MEMORY - 1)
        kill(home, "kube-apiserver")
        assert await told(driver) == (
            "Only 599 MiB of memory are free; a control plane needs 600."
            " Hibernate or delete another cluster."
        )
    await until_ready(driver)

    await driver.stop_control_plane(CLUSTER)
    for path in Folder(home, CLUSTER.uid).etcd.rglob("db"):
        path.write_bytes(b"corrupted " * 10_000)
    monkeypatch.setattr(upkeep, "LONGEST_BACKOFF", 0.2)
    await driver.ensure_control_plane(CLUSTER)
    said = await told(driver)
    assert re.match(r"etcd has ended \d times in a row", said)
    assert said.endswith("go back to a snapshot: clusterwright cluster restore")
    assert "etcd has ended" in await told(driver, DriverError)


async def test_a_trouble_that_is_over_is_taken_back_by_whoever_supervises_next(
    driver: LocalDriver, programs: Callable[[str], binaries.Binaries], tmp_path: Path
) -> None:
    etcd = await lose_etcd(driver, tmp_path)
    await told(driver)
    await driver.close()
    etcd.with_name("elsewhere").rename(etcd)

    async with LocalDriver(tmp_path / "local", programs) as another:
        await until_ready(another)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """What sizes the disk that the driver's folder is on. Needs root."""
    home = tmp_path / "local"
    home.mkdir()

    def resize(options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small", home], check=True)

    yield resize
    while subprocess.run(["umount", home], capture_output=True, check=False).returncode == 0:
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
async def test_a_disk_without_room_is_told_and_a_control_plane_starts_once_there_is_some(
    small: Callable[[str], None], driver: LocalDriver, tmp_path: Path
) -> None:
    small("size=64k")
    with pytest.raises(Unavailable, match=r"No space left on device.* Make room"):
        await driver.ensure_credentials(CLUSTER)

    small("remount,size=64m")
    await driver.ensure_control_plane(CLUSTER)
    said = await told(driver)
    assert re.match(
        rf"Only \d+ MiB are free for {tmp_path}/local/c1; .* needs 300\. Make room", said
    )

    small("remount,size=1g")
    await until_ready(driver)


async def test_what_has_recovered_makes_nothing_hopeless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FIRST_BACKOFF", "LONGEST_BACKOFF"):
        monkeypatch.setattr(upkeep, name, 0.0)
    folder, mended = Folder(tmp_path, "c1"), tmp_path / "mended"
    folder.make()
    recovering = upkeep.Command("etcd", ("sh", "-c", f"[ -e {mended} ] && exec tail -f {mended}"))
    failing = upkeep.Command("kube-scheduler", ("false",))
    both = [recovering, failing]
    kept = upkeep.Upkeep(folder, order=["kube-scheduler", "etcd"], wake=lambda: None)

    async def is_hopeless(*commands: upkeep.Command) -> bool:
        given_up = await kept.is_hopeless(commands)
        await kept.bring_up(commands)
        return given_up

    async def is_told() -> bool:
        complaint = await kept.complaint(both)
        await kept.bring_up(both)
        return complaint.startswith("kube-scheduler has ended")

    try:
        await until_async("etcd is not given up", lambda: is_hopeless(recovering))
        mended.touch()
        await until_async("the scheduler's ends are not told", is_told)
        assert not await kept.is_hopeless(both)
        await until_async("the scheduler is not given up", lambda: is_hopeless(*both))
    finally:
        kept.close()
        await kept.stop(["kube-scheduler", "etcd"])


V2 = ["0::/box/inner"]
V1 = ["3:cpu,memory:/box/inner", "2:cpu:/box"]


@pytest.mark.parametrize(
    ("mine", "limit", "usage", "idle"),
    [
        (V2, "{}/memory.max", "{}/memory.current", "inactive_file"),
        (
            V1,
            "memory/{}/memory.limit_in_bytes",
            "memory/{}/memory.usage_in_bytes",
            "total_inactive_file",
        ),
    ],
    ids=["v2", "v1"],
)
def test_the_limit_of_every_group_that_holds_a_process_counts(
    tmp_path: Path, mine: list[str], limit: str, usage: str, idle: str
) -> None:
    for group, most, used in (("box/inner", 3000, 1000), ("box", 1500, 1000)):
        files = {limit: most, usage: used}
        for name, mib in files.items():
            path = tmp_path / name.format(group)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{mib * 1024 * 1024}\n")
        stat = (tmp_path / limit.format(group)).with_name("memory.stat")
        stat.write_text(f"cache 1\n{idle} {100 * 1024 * 1024}\n")

    assert list(memory.left_in(tmp_path, mine)) == [2100, 600]
    if mine == V2:
        (tmp_path / "box" / "memory.max").write_text("max\n")
        assert list(memory.left_in(tmp_path, mine)) == [2100]
    assert list(memory.left_in(tmp_path / "nothing", mine)) == []
