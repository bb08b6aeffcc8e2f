"""An address of a cluster is one node's while that node is there, wherever a process dies."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import nodes
from clusterwright.drivers.local.folder import Folder, write, write_json
from tests.drivers.examples import a_node

ADDRESS = "192.168.77.7"
CHANGES = 5
"""Files that change while a node comes and goes: two that are made, one changed, two removed."""


class Died(BaseException):
    """What no code of ours may catch, as a death is."""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path, "c1")
    found.make()
    return found


def asks(folder: Folder, uid: str) -> None:
    with folder.changing():
        nodes.promise(folder, replace(a_node(uid), private_ip=ADDRESS))


def leaves(folder: Folder, uid: str) -> None:
    with folder.changing():
        nodes.release(folder, uid)
    nodes.forget(folder, uid)


def dies(monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """Die once so many files have changed."""
    left = iter(range(after))

    def mortal(change: Callable[..., None]) -> Callable[..., None]:
        def changed(*given: Any, **options: Any) -> None:
            if next(left, None) is None:
                raise Died
            change(*given, **options)

        return changed

    monkeypatch.setattr(nodes, "write", mortal(write))
    monkeypatch.setattr(nodes, "write_json", mortal(write_json))
    monkeypatch.setattr(Path, "unlink", mortal(Path.unlink))


@pytest.mark.parametrize("moment", range(CHANGES))
def test_an_address_is_another_s_to_take_whenever_its_node_is_not_there(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    with monkeypatch.context() as patched, pytest.raises(Died):
        dies(patched, after=moment)
        asks(folder, "n1")
        leaves(folder, "n1")

    if nodes.find(folder, "n1") is not None:
        with pytest.raises(DriverError, match="has the address"):
            asks(folder, "n2")
        leaves(folder, "n1")
    asks(folder, "n2")

    assert nodes.every(folder)["n2"]["address"] == ADDRESS


def test_who_leaves_once_more_takes_nothing_from_the_next_node(folder: Folder) -> None:
    asks(folder, "n1")
    leaves(folder, "n1")
    asks(folder, "n2")

    leaves(folder, "n1")

    with pytest.raises(DriverError, match="has the address"):
        asks(folder, "n3")
