"""What a host can run follows from what was found on it."""

from pathlib import Path

import pytest

from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import host, memory
from clusterwright.drivers.local.binaries import CONTROL_PLANE, find
from clusterwright.drivers.local.host import Purpose, lacking
from tests.drivers.fake_programs import place


@pytest.fixture(autouse=True)
def no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "path"))


def test_every_purpose_is_looked_at_and_everything_missing_has_a_remedy() -> None:
    checks = host.check(None)

    assert {each.purpose for each in checks} == set(Purpose)
    assert [each for each in checks if not each.well and not each.remedy] == []
    assert [each for each in checks if each.well and each.remedy] == []


def test_programs_of_the_control_plane_alone_are_good_for_that_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free", lambda: 4096)
    place(tmp_path, "v1.34.4", CONTROL_PLANE)

    checks = host.check(find("v1.34", tmp_path))

    assert lacking(checks, Purpose.CONTROL_PLANES) == []
    missing = {each.name for each in lacking(checks, Purpose.SIMULATED_NODES)}
    assert missing == {"kwok, stages.yaml"}


def test_too_little_memory_stands_against_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free", lambda: 599)
    place(tmp_path, "v1.34.4")

    checks = host.check(find("v1.34", tmp_path))

    for purpose in Purpose:
        assert "free memory" in {each.name for each in lacking(checks, purpose)}


def test_programs_for_root_are_found_without_roots_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "SYSTEM_FOLDERS", str(tmp_path / "sbin"))
    before = {each.name: each for each in host.check(None)}["iptables"]
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin" / "iptables").touch(mode=0o755)

    after = {each.name: each for each in host.check(None)}["iptables"]

    assert (before.well, after.well) == (False, True)
    assert host.host_program("iptables") == str(tmp_path / "sbin" / "iptables")


def test_real_nodes_need_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    checks = {each.name: each for each in host.check(None)}

    assert checks["root"].well is False
    with pytest.raises(DriverError, match=r"cannot run real nodes.* root: Serve as root"):
        host.require_real_nodes()
    assert (checks["namespaces"].found, checks["namespaces"].remedy) == (
        "not tried",
        "Ask again as root.",
    )
    assert checks["cgroups"].remedy == ""


@pytest.mark.parametrize(
    ("made", "well", "found"),
    [
        (["cgroup.controllers"], True, "v2"),
        (["memory/tasks"], True, "v1"),
        ([], False, ""),
    ],
)
def test_the_version_of_cgroups_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str], well: bool, found: str
) -> None:
    for name in made:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(host, "_CGROUPS", tmp_path)

    checks = {each.name: each for each in host.check(None)}

    assert (checks["cgroups"].well, checks["cgroups"].found) == (well, found)


def test_the_plugins_for_pods_must_be_in_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "CNI_FOLDERS", (tmp_path / "a", tmp_path / "b"))
    for folder, names in (("a", host.CNI_PLUGINS[:2]), ("b", host.CNI_PLUGINS[2:])):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()

    assert {each.name: each.well for each in host.check(None)}["CNI plugins"] is False

    for name in host.CNI_PLUGINS:
        (tmp_path / "b" / name).touch()

    told = {each.name: each for each in host.check(None)}["CNI plugins"]
    assert (told.well, told.found) == (True, str(tmp_path / "b"))
