"""One process at a time supervises a cluster, and another may as soon as it has ceased."""

import asyncio
import time
from pathlib import Path

import pytest

from clusterwright.drivers.local import wanted
from clusterwright.drivers.local.binaries import choose
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.plane import Plane
from clusterwright.drivers.local.wanted import State, Wanted
from tests.drivers.examples import a_cluster

CLUSTER = a_cluster()


@pytest.mark.parametrize("turns", range(8))
async def test_whoever_ceases_at_any_moment_leaves_the_cluster_to_others(
    tmp_path: Path, turns: int
) -> None:
    folder = Folder(tmp_path, CLUSTER.uid)
    folder.make()
    wanted.write(folder, Wanted(State.STOPPED, CLUSTER, {}))
    plane = Plane(folder, find=lambda version: choose(version, []), starts=asyncio.Semaphore(1))
    supervision = asyncio.create_task(plane.run())
    for _ in range(turns):
        await asyncio.sleep(0)
        time.sleep(0.005)  # noqa: ASYNC251  the loop stands still, threads go on

    supervision.cancel()
    await asyncio.wait([supervision])

    lock = folder.supervising()
    assert lock is not None
    lock.release()
