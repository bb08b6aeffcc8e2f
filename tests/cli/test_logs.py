"""``clusterwright cluster logs`` reads what components wrote, whether a server runs or not."""

import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from clusterwright.drivers.local import wanted
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.wanted import State, Wanted
from tests.cli.command_line import LIMIT, Begun, CommandLine, begun
from tests.drivers.examples import a_cluster


@pytest.fixture
def here(nowhere: CommandLine) -> CommandLine:
    """A command line that knows a data folder with a cluster of two components."""
    begin(nowhere.home, "c1", "demo")
    return CommandLine(nowhere.home, {"CLUSTERWRIGHT_DATA": str(nowhere.home / "data")})


def begin(home: Path, uid: str, name: str) -> Folder:
    """A cluster as the driver notes it, whose components have written something."""
    folder = Folder(home / "data" / "local", uid)
    folder.make()
    cluster = replace(a_cluster(uid), name=name)
    wanted.write(folder, Wanted(State.RUNNING, cluster, {}))
    folder.log("etcd").write_text("e1\ne2\n")
    folder.log("kube-apiserver").write_text("a1\na2\na3\n")
    return folder


@pytest.mark.parametrize("which", ["demo", "c1"])
def test_the_log_of_one_component_is_printed_as_it_was_written(
    here: CommandLine, which: str
) -> None:
    ran = here("cluster", "logs", which, "etcd")

    assert (ran.code, ran.out, ran.err) == (0, "e1\ne2\n", "")


def test_all_components_are_printed_behind_their_names(here: CommandLine) -> None:
    ran = here("cluster", "logs", "demo", "--tail", "2")

    assert ran.out.splitlines() == [
        "etcd           | e1",
        "etcd           | e2",
        "kube-apiserver | a2",
        "kube-apiserver | a3",
    ]


def test_following_goes_on_until_it_is_interrupted(here: CommandLine) -> None:
    with following(here) as process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(2)]
        with Folder(here.home / "data" / "local", "c1").log("etcd").open("a") as log:
            log.write("e3\n")
        third = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=LIMIT)

    assert ([*first, third], code) == (["e1\n", "e2\n", "e3\n"], 130)


def test_following_ends_when_the_cluster_is_gone(here: CommandLine) -> None:
    with following(here) as process:
        assert process.stdout is not None
        process.stdout.readline()
        shutil.rmtree(here.home / "data" / "local" / "c1")

        assert process.wait(timeout=LIMIT) == 0


def following(here: CommandLine) -> Begun:
    environ = here.environ | {"PYTHONUNBUFFERED": "1"}
    return begun(environ, "cluster", "logs", "demo", "etcd", "-f")


@pytest.mark.parametrize(
    ("asked", "advice"),
    [
        (("other",), "There is no real cluster other in"),
        (("demo", "kubelet"), "There is no log of kubelet. There are etcd, kube-apiserver."),
    ],
    ids=str,
)
def test_what_is_not_there_is_said_with_what_is(
    here: CommandLine, asked: tuple[str, ...], advice: str
) -> None:
    ran = here("cluster", "logs", *asked)

    assert (ran.code, ran.out) == (1, "")
    assert advice in ran.err


def test_a_name_that_two_projects_use_needs_an_id(here: CommandLine) -> None:
    begin(here.home, "c2", "demo")

    ran = here("cluster", "logs", "demo")

    assert ran.code == 1
    assert "Give an id: c1, c2." in ran.err
