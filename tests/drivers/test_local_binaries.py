"""Programs of Kubernetes are found where they may be, and run the versions that they can."""

import os
from pathlib import Path

import pytest

from clusterwright.cce.offers import VERSIONS
from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import binaries
from clusterwright.drivers.local.binaries import COMPANIONS, CONTROL_PLANE, KUBERNETES, STAGES
from tests.drivers.fake_programs import EVERY, place


@pytest.fixture(autouse=True)
def no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose cache is empty and whose PATH has no program of Kubernetes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))


@pytest.fixture
def bin_dir(tmp_path: Path) -> Path:
    return tmp_path / "bin"


def on_path(tmp_path: Path, version: str, names: tuple[str, ...] = EVERY) -> Path:
    """Put programs on PATH, which can start a shell."""
    folder = place(tmp_path, version, names)
    os.environ["PATH"] = f"{folder}:/usr/bin:/bin"
    return folder


@pytest.mark.parametrize(
    ("there", "wanted", "chosen", "emulated"),
    [
        (["v1.34.4"], "v1.34", "v1.34.4", ""),
        (["v1.34.4"], "v1.33", "v1.34.4", "1.33"),
        (["v1.34.4"], "v1.31", "v1.34.4", "1.31"),
        (["v1.34.4"], "v1.31.4-r0", "v1.34.4", "1.31"),
        (["v1.34.4", "v1.34.10"], "v1.34", "v1.34.10", ""),
        (["v1.34.4", "v1.33.13"], "v1.33", "v1.33.13", ""),
        (["v1.34.4", "v1.33.13"], "v1.32", "v1.33.13", "1.32"),
        (["v1.35.0", "v1.34.4"], "v1.34", "v1.34.4", ""),
        (["v1.35.0"], "v1.32", "v1.35.0", "1.32"),
    ],
)
def test_the_nearest_version_that_can_act_as_the_wanted_one_runs_it(
    bin_dir: Path, there: list[str], wanted: str, chosen: str, emulated: str
) -> None:
    for version in there:
        place(bin_dir, version)

    found = binaries.find(wanted, bin_dir)

    assert (found.version, found.emulated_version) == (chosen, emulated)
    assert found.path("kube-apiserver") == bin_dir / chosen / "kube-apiserver"


@pytest.mark.parametrize(
    ("there", "wanted", "told"),
    [
        ([], "v1.34", "No programs of Kubernetes were found to run v1.34."),
        (["v1.33.13"], "v1.34", "None of the programs found can act as Kubernetes v1.34"),
        (["v1.35.0"], "v1.31", "None of the programs found can act as Kubernetes v1.31"),
        (["v1.34.4"], "v1.30", "begins with v1.31"),
        (["v1.30.1"], "v1.30", "begins with v1.31"),
        (["v1.34.4"], "latest", "Kubernetes latest does not run here"),
    ],
)
def test_a_version_that_cannot_run_is_refused_by_name(
    bin_dir: Path, there: list[str], wanted: str, told: str
) -> None:
    for version in there:
        place(bin_dir, version)

    with pytest.raises(DriverError, match=told):
        binaries.find(wanted, bin_dir)


def test_one_version_of_programs_runs_four_of_the_offered_ones(bin_dir: Path) -> None:
    place(bin_dir, "v1.34.4")

    found = binaries.runnable(VERSIONS, bin_dir)

    assert list(found) == ["v1.34", "v1.33", "v1.32", "v1.31"]
    assert [each.emulated_version for each in found.values()] == ["", "1.33", "1.32", "1.31"]


def test_nothing_runs_where_nothing_is(bin_dir: Path) -> None:
    assert binaries.runnable(VERSIONS, bin_dir) == {}


@pytest.mark.parametrize("name", CONTROL_PLANE)
def test_a_folder_without_a_part_of_the_control_plane_runs_nothing(
    bin_dir: Path, name: str
) -> None:
    place(bin_dir, "v1.34.4", [each for each in EVERY if each != name])

    with pytest.raises(DriverError, match="No programs of Kubernetes were found"):
        binaries.find("v1.34", bin_dir)


def test_a_program_that_is_not_there_is_named_when_it_is_asked_for(bin_dir: Path) -> None:
    place(bin_dir, "v1.34.4", CONTROL_PLANE)

    found = binaries.find("v1.34", bin_dir)

    assert found.missing(("etcd", "kwok", STAGES)) == ("kwok", STAGES)
    with pytest.raises(DriverError, match="is without kubelet"):
        found.path("kubelet")


def test_a_file_that_cannot_be_started_is_no_program(bin_dir: Path) -> None:
    folder = place(bin_dir, "v1.34.4")
    (folder / "kubelet").chmod(0o644)

    assert "kubelet" not in binaries.find("v1.34", bin_dir).paths


def test_own_builds_are_found_and_the_newest_is_first(bin_dir: Path) -> None:
    for build, moment in (("old", 1000), ("new", 2000), ("older", 500)):
        place(binaries.build_cache() / build, "v1.34.4")
        os.utime(binaries.build_cache() / build, (moment, moment))

    found = binaries.find("v1.34", bin_dir)

    assert found.place == str(binaries.build_cache() / "new" / "v1.34.4")


def test_the_folder_of_the_settings_comes_before_own_builds(bin_dir: Path) -> None:
    place(binaries.build_cache() / "build", "v1.34.4")
    place(bin_dir, "v1.34.4")

    assert binaries.find("v1.34", bin_dir).place == str(bin_dir / "v1.34.4")


def test_programs_on_path_come_last_and_tell_their_version(bin_dir: Path, tmp_path: Path) -> None:
    folder = on_path(tmp_path, "v1.33.7")

    found = binaries.find("v1.33", bin_dir)

    assert (found.version, found.place) == ("v1.33.7", "PATH")
    assert found.path("kube-scheduler") == folder / "kube-scheduler"
    place(bin_dir, "v1.33.1")
    assert binaries.find("v1.33", bin_dir).version == "v1.33.7"  # the newer patch


def test_what_goes_with_any_version_may_come_from_path(bin_dir: Path, tmp_path: Path) -> None:
    place(bin_dir, "v1.34.4", KUBERNETES)
    folder = on_path(tmp_path, "v9.9.9", (*COMPANIONS, "kubelet"))

    found = binaries.find("v1.34", bin_dir)

    assert found.path("etcd") == folder / "etcd"
    assert found.path("kubelet") == bin_dir / "v1.34.4" / "kubelet"


def test_folders_that_are_no_versions_are_left_alone(bin_dir: Path) -> None:
    for name in ("v1.34", "1.34.4", ".downloads", "v1.34.4.old"):
        place(bin_dir, name)

    assert binaries.installed(bin_dir) == []
