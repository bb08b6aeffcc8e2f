"""Control groups of nodes, of which those of all servers of a host are in one group."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clusterwright.drivers.local import cgroups


def test_nodes_begin_while_the_last_ones_of_others_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    for controller in ("blkio", "cpu"):
        (tmp_path / controller).mkdir()

    def come_and_go(group: str) -> None:
        for _ in range(100):
            cgroups.ensure(group)
            assert all(door.parent.is_dir() for door in cgroups.doors(group))
            cgroups.remove(group)

    with ThreadPoolExecutor(3) as servers:
        list(servers.map(come_and_go, ("one", "another/node", "a third")))

    assert not [path for path in tmp_path.rglob("*") if path.parent != tmp_path]
