"""One process at a time supervises a cluster, and another may as soon as it has ceased."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from clusterwright.drivers import local
from clusterwright.drivers.local import ports, processes, wanted
from clusterwright.drivers.local.beginning import begin
from clusterwright.drivers.local.binaries import KUBERNETES, choose
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.plane import Plane
from clusterwright.drivers.local.wanted import Nodes, Pinned, State, Wanted
from tests.drivers import local_host
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


class SlowThreads(ThreadPoolExecutor):
    """Threads that begin a moment later."""

    def __init__(self) -> None:
        super().__init__()
        self._given: list[Future[Any]] = []

    def submit(self, work: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        def slowly() -> Any:
            time.sleep(0.01)
            return work(*args, **named)

        self._given.append(super().submit(slowly))
        return self._given[-1]

    @property
    def are_at_work(self) -> bool:
        """Whether something that was begun has not ended."""
        return not all(each.done() for each in self._given)


@pytest.fixture
def beginning(tmp_path: Path) -> Iterator[Folder]:
    """A cluster that should run, of programs that run and never answer."""
    idle = tmp_path / "idle"
    idle.write_text("#!/bin/sh\nexec tail -f $0\n")
    idle.chmod(0o755)
    folder = Folder(tmp_path / "clusters", CLUSTER.uid)
    programs = Pinned(paths=dict.fromkeys((*KUBERNETES, "etcd"), idle))
    with folder.changing():
        begin(folder.home, folder, CLUSTER, programs, kind=Nodes.SIMULATED, now=0)
    yield folder
    local_host.end_all(tmp_path)


def is_of(folder: Folder, pid: int) -> bool:
    """Whether a process is a program of the cluster."""
    return local_host.command(pid)[-2:-1] == [str(folder.home.parent / "idle")]


@pytest.mark.parametrize("moment", range(10))
async def test_nothing_goes_on_of_a_supervision_that_has_ceased(
    beginning: Folder, moment: int
) -> None:
    threads = SlowThreads()
    asyncio.get_running_loop().set_default_executor(threads)
    supervision = supervise(beginning)
    await asyncio.sleep(0.02 * moment)

    supervision.cancel()
    await asyncio.wait([supervision])

    assert not threads.are_at_work
    noted = {known.pid for path in beginning.records() if (known := processes.read(path))}
    assert noted == {pid for pid in local_host.pids() if is_of(beginning, pid)}


def test_every_thread_of_the_driver_is_waited_for() -> None:
    modules = Path(local.__file__).parent.glob("*.py")

    assert not [path.name for path in modules if "asyncio.to_thread" in path.read_text()]


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
