"""Control planes that are begun ahead: taken once, by whoever asks first, and never given back."""

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from clusterwright.drivers import causes
from clusterwright.drivers.contract import Cluster, DriverError
from clusterwright.drivers.local import binaries, folder, host, memory, spares, wanted
from clusterwright.drivers.local.beginning import begin
from clusterwright.drivers.local.folder import Folder, write_json
from clusterwright.drivers.local.spares import Ahead, Spares
from clusterwright.drivers.local.wanted import Nodes, State
from tests.drivers import fake_programs, local_host
from tests.drivers.examples import Clock, a_cluster

CLUSTER = replace(a_cluster(), version="v1.34")
OTHER = replace(a_cluster("c2"), version="v1.34", project_id="p2")
AHEAD = Ahead(2, ("v1.34",), CLUSTER.service_cidr, CLUSTER.container_cidrs)
CHANGES = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "shutil.rmtree")
"""What Python tells of a change of files, before it makes it."""


@pytest.fixture
def find(tmp_path: Path) -> Callable[[str], binaries.Binaries]:
    """Programs that are there and never run."""
    fake_programs.place(tmp_path / "programs", "v1.34.4")
    return partial(binaries.find, bin_dir=tmp_path / "programs")


def a_home(path: Path, find: Callable[[str], binaries.Binaries], ahead: Ahead = AHEAD) -> Spares:
    """A home with as many spares as are wanted, as if a plane had seen them run."""
    kept = Spares(path, find, kind=Nodes.SIMULATED, ahead=ahead, clock=Clock())
    for _ in range(ahead.count):
        kept.keep(busy=False)
        settle(path)
    return kept


def settle(home: Path) -> None:
    for spare in folder.spares(home):
        wish = wanted.read(spare)
        assert wish is not None
        write_json(spare.settled, {"revision": wish.revision})


def take(kept: Spares, home: Path, cluster: Cluster, programs: binaries.Binaries) -> Folder:
    """What the driver does first for a new cluster."""
    mine = kept.take(cluster)
    with mine.changing():
        begin(home, mine, cluster, programs, kind=Nodes.SIMULATED, now=Clock()())
    return mine


def killed_at(point: int, work: Callable[[], object]) -> bool:
    """Do some work in a process that is killed before its change of that number.

    Returns whether it lived to make fewer.
    """
    if (child := os.fork()) == 0:
        changes = itertools.count()

        def look(event: str, arguments: tuple[object, ...]) -> None:
            writes = event != "open" or (len(arguments) > 2 and int(str(arguments[2])) & 3)
            if event in CHANGES and writes and next(changes) == point:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(look)
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFEXITED(os.waitpid(child, 0)[1])


def taken(home: Path) -> dict[str, Path]:
    """The clusters that were spares, and where they are."""
    return {path.name: path.resolve() for path in home.iterdir() if path.is_symlink()}


def test_a_spare_is_taken_once_wherever_the_process_dies_that_takes_it(
    tmp_path: Path, find: Callable[[str], binaries.Binaries]
) -> None:
    programs = find("v1.34")
    a_home(tmp_path / "prepared", find)
    for point in itertools.count():
        home = shutil.copytree(tmp_path / "prepared", tmp_path / str(point))
        kept = a_home(home, find, replace(AHEAD, count=0))

        lived = killed_at(point, partial(take, kept, home, CLUSTER, programs))
        take(kept, home, OTHER, programs)
        take(kept, home, CLUSTER, programs)

        assert len(set(taken(home).values())) == 2
        assert folder.spares(home) == []
        for cluster in (CLUSTER, OTHER):
            wish = wanted.read(Folder(home, cluster.uid))
            assert wish is not None
            assert wish.cluster == cluster
        if lived:
            break
    assert point > 2  # there was something to die in


def test_a_cluster_that_was_a_spare_is_removed_wherever_the_process_dies_that_removes_it(
    tmp_path: Path, find: Callable[[str], binaries.Binaries]
) -> None:
    prepared = tmp_path / "prepared"
    kept = a_home(prepared, find)
    for cluster in (CLUSTER, OTHER):
        take(kept, prepared, cluster, find("v1.34"))
    for point in itertools.count():
        home = shutil.copytree(prepared, tmp_path / str(point), symlinks=True)
        mine, other = (Folder(home, each.uid) for each in (CLUSTER, OTHER))

        lived = killed_at(point, mine.remove)
        again = next((each for each in folder.clusters(home) if each.path == mine.path), mine)
        again.remove()

        assert not mine.path.exists()
        assert taken(home) == {OTHER.uid: other.path}
        if lived:
            break
    assert point > 10


def test_a_spare_that_was_begun_in_part_is_forgotten_and_begun_anew(
    tmp_path: Path, find: Callable[[str], binaries.Binaries]
) -> None:
    lived = False
    for point in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144):
        home = tmp_path / str(point)
        kept = Spares(home, find, kind=Nodes.SIMULATED, ahead=AHEAD, clock=Clock())

        lived = killed_at(point, partial(kept.keep, busy=False))
        kept.open()
        whole = folder.spares(home)
        kept.keep(busy=False)

        assert [spare.wanted.exists() for spare in whole] == ([True] if whole else [])
        assert len(folder.spares(home)) == 1
        if lived:
            break
    assert lived


def test_each_spare_has_keys_and_ports_of_its_own(
    tmp_path: Path, find: Callable[[str], binaries.Binaries]
) -> None:
    home = tmp_path / "home"
    kept = a_home(home, find)
    one, two = (take(kept, home, each, find("v1.34")) for each in (CLUSTER, OTHER))
    three = a_home(home, find, replace(AHEAD, count=1)).take(replace(CLUSTER, uid="c3"))

    for name in ("pki/encryption.json", "credentials/0/ca.key", "credentials/0/accounts.key"):
        assert len({(each.path / name).read_text() for each in (one, two, three)}) == 3
    wishes = [wanted.read(each) for each in (one, two, three)]
    used = [port for wish in wishes if wish for port in wish.ports.values()]
    assert len(set(used)) == len(used) == 18


@pytest.mark.parametrize(
    "different",
    [
        {"version": "v1.33"},
        {"service_cidr": "10.96.0.0/16"},
        {"options": {"kube-apiserver": {"max-requests-inflight": "77"}}},
        {"credentials": 1},
    ],
    ids=lambda different: next(iter(different)),
)
def test_a_cluster_that_other_processes_would_run_for_takes_no_spare(
    tmp_path: Path, find: Callable[[str], binaries.Binaries], different: dict[str, Any]
) -> None:
    home = tmp_path / "home"
    kept = a_home(home, find)

    mine = kept.take(replace(CLUSTER, **different))

    assert not mine.exists
    assert len(folder.spares(home)) == 2


def test_a_spare_serves_any_range_of_pods_and_one_that_has_it_comes_first(
    tmp_path: Path, find: Callable[[str], binaries.Binaries]
) -> None:
    other = replace(AHEAD, container_cidrs=("172.17.0.0/16",))
    home = tmp_path / "home"
    kept = a_home(home, find, replace(AHEAD, count=1))
    [first] = folder.spares(home)
    a_home(home, find, replace(other, count=2))
    [second] = {each.path for each in folder.spares(home)} - {first.path}

    beside = replace(OTHER, container_cidrs=other.container_cidrs)
    third = replace(CLUSTER, uid="c3", container_cidrs=("10.0.0.0/16",))

    assert take(kept, home, beside, find("v1.34")).path == second
    assert take(kept, home, third, find("v1.34")).path == first.path


def test_names_and_users_are_a_clusters_own_whatever_it_was_begun_with(
    tmp_path: Path, find: Callable[[str], binaries.Binaries]
) -> None:
    home = tmp_path / "home"
    kept = a_home(home, find)

    mine = take(kept, home, replace(CLUSTER, custom_san=("api.example.test",)), find("v1.34"))

    assert mine.path.parent == home / folder.SPARES
    assert not list(mine.credentials.glob("*/holders/*"))


def test_a_spare_with_a_trouble_is_not_taken_and_goes_when_it_lasts(
    tmp_path: Path, find: Callable[[str], binaries.Binaries]
) -> None:
    home = tmp_path / "home"
    kept = a_home(home, find, replace(AHEAD, count=1))
    [spare] = folder.spares(home)
    write_json(spare.trouble, {"reason": "Its disk is full."})

    assert not kept.take(CLUSTER).exists

    kept.keep(busy=False)
    assert state_of(spare) is State.RUNNING
    os.utime(spare.trouble, (0, 0))
    kept.keep(busy=False)
    assert state_of(spare) is State.GONE


def state_of(spare: Folder) -> State | None:
    wish = wanted.read(spare)
    return wish.state if wish else None


def test_spares_are_begun_one_at_a_time_and_never_while_others_start(
    tmp_path: Path, find: Callable[[str], binaries.Binaries]
) -> None:
    kept = Spares(tmp_path, find, kind=Nodes.SIMULATED, ahead=AHEAD, clock=Clock())

    kept.keep(busy=True)
    assert folder.spares(tmp_path) == []
    for _ in range(3):
        kept.keep(busy=False)
    assert len(folder.spares(tmp_path)) == 1
    settle(tmp_path)
    for _ in range(3):
        kept.keep(busy=False)
    assert len(folder.spares(tmp_path)) == 2


def test_spares_make_room_where_memory_is_short(
    tmp_path: Path,
    find: Callable[[str], binaries.Binaries],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = a_home(tmp_path, find)

    def wanted_ones() -> int:
        found = [wanted.read(spare) for spare in folder.spares(tmp_path)]
        return sum(wish is not None and wish.state is State.RUNNING for wish in found)

    monkeypatch.setattr(memory, "free", lambda: spares.LEAST_ROOM - 1)
    kept.keep(busy=False)
    assert wanted_ones() == 1
    monkeypatch.setattr(memory, "free", lambda: spares.ROOM - 1)
    kept.keep(busy=False)
    assert wanted_ones() == 1


def test_without_programs_no_spare_is_begun(tmp_path: Path) -> None:
    nothing = partial(binaries.find, bin_dir=tmp_path / "nothing")
    ahead = replace(AHEAD, versions=("v1.28",))
    kept = Spares(tmp_path, nothing, kind=Nodes.SIMULATED, ahead=ahead, clock=Clock())

    kept.keep(busy=False)

    assert folder.spares(tmp_path) == []


def test_a_spare_that_cannot_be_begun_leaves_nothing_and_is_not_tried_again_at_once(
    tmp_path: Path,
    find: Callable[[str], binaries.Binaries],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = []

    def refuse() -> None:
        tries.append(1)
        raise DriverError("This host cannot run real nodes.", causes.HOST_LACKS)

    monkeypatch.setattr(host, "require_real_nodes", refuse)
    kept = Spares(tmp_path, find, kind=Nodes.REAL, ahead=AHEAD, clock=Clock())

    for _ in range(3):
        kept.keep(busy=False)

    assert local_host.contents(tmp_path / folder.SPARES) == []
    assert len(tries) == 1
