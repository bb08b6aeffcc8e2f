"""One process at a time supervises a cluster, and another may as soon as it has ceased."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import pytest

from clusterwright.drivers.local import ports, wanted
from clusterwright.drivers.local.binaries import choose
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.plane import Plane
from clusterwright.drivers.local.wanted import State, Wanted
from tests.drivers.examples import a_cluster
from tests.kit import until_async

CLUSTER = a_cluster()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A cluster that stands still."""
    folder = Folder(tmp_path, CLUSTER.uid)
    folder.make()
    wanted.write(folder, Wanted(State.STOPPED, CLUSTER, {"api": 20_020}))
    return folder


def supervise(folder: Folder) -> asyncio.Task[None]:
    plane = Plane(folder, find=lambda version: choose(version, []), starts=asyncio.Semaphore(1))
    return asyncio.create_task(plane.run())


@pytest.mark.parametrize("turns", range(8))
async def test_whoever_ceases_at_any_moment_leaves_the_cluster_to_others(
    folder: Folder, turns: int
) -> None:
    supervision = supervise(folder)
    for _ in range(turns):
        await asyncio.sleep(0)
        time.sleep(0.005)  # noqa: ASYNC251  the loop stands still, threads go on

    supervision.cancel()
    await asyncio.wait([supervision])

    lock = folder.supervising()
    assert lock is not None
    lock.release()


async def test_a_cluster_that_stands_still_keeps_its_ports_for_itself(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "_RANGE", range(20_020, 20_021))

    def is_free() -> bool:
        with suppress(OSError):
            return ports.free(1) == [20_020]
        return False

    supervision = supervise(folder)

    await until_async("the port is kept", lambda: not is_free())

    assert not ports.is_taken(20_020)
    supervision.cancel()
    await asyncio.wait([supervision])
    assert is_free()
