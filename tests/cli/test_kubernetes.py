"""``clusterwright kubernetes``: what is found, installed and missing on a host."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterwright.drivers.local.binaries import KUBERNETES
from clusterwright.drivers.local.releases import ETCD_PROGRAMS
from tests.cli.command_line import CommandLine
from tests.drivers.fake_programs import place
from tests.drivers.release_site import ReleaseSite


@pytest.fixture
def site() -> Iterator[ReleaseSite]:
    with ReleaseSite().serving() as serving:
        yield serving


@pytest.fixture
def host(tmp_path: Path, site: ReleaseSite) -> CommandLine:
    """A command line of a host that has nothing yet, and knows the site."""
    return CommandLine(
        tmp_path,
        {
            "CLUSTERWRIGHT_KUBERNETES_RELEASE_URL": f"{site.sites.kubernetes}/",
            "CLUSTERWRIGHT_ETCD_RELEASE_URL": site.sites.etcd,
            "PATH": "/usr/bin:/bin",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "XDG_DATA_HOME": str(tmp_path / "data"),
        },
    )


def without_a_network(host: CommandLine) -> CommandLine:
    nowhere = "http://127.0.0.1:9"
    urls = ("CLUSTERWRIGHT_KUBERNETES_RELEASE_URL", "CLUSTERWRIGHT_ETCD_RELEASE_URL")
    return CommandLine(host.home, host.variables | dict.fromkeys(urls, nowhere))


def test_a_version_is_installed_listed_and_installed_once(
    host: CommandLine, site: ReleaseSite
) -> None:
    folder = host.home / "data" / "clusterwright" / "kubernetes" / "v1.34.4"

    ran = host("kubernetes", "install", "v1.34")

    assert (ran.code, ran.out) == (0, f"Installed v1.34.4 in {folder}\n")
    assert "Downloading kube-apiserver" in ran.err
    [found] = host("kubernetes", "list", "-o", "json").document["installed"]
    assert (found["version"], found["place"]) == ("v1.34.4", str(folder))
    assert set(found["programs"]) >= {*KUBERNETES, *ETCD_PROGRAMS}
    asked = len(site.asked)
    again = host("kubernetes", "install", "v1.34.4")
    assert (again.code, again.out) == (0, f"v1.34.4 is installed already in {folder}\n")
    assert len(site.asked) == asked


def test_the_folder_may_be_another(host: CommandLine, tmp_path: Path) -> None:
    ran = host("kubernetes", "install", "v1.34.4", "--bin-dir", str(tmp_path / "mine"))

    assert ran.out == f"Installed v1.34.4 in {tmp_path / 'mine' / 'v1.34.4'}\n"
    listed = host("kubernetes", "list", "--bin-dir", str(tmp_path / "mine"), "-o", "json")
    assert [each["version"] for each in listed.document["installed"]] == ["v1.34.4"]


@pytest.mark.parametrize("asked", ["v1.34", "v1.34.4"])
def test_without_a_network_one_line_names_the_other_way(host: CommandLine, asked: str) -> None:
    ran = without_a_network(host)("kubernetes", "install", asked)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1].startswith("Error: http://127.0.0.1:9/")
    assert "--from ARCHIVE" in ran.err
    assert "Traceback" not in ran.err


def test_archives_are_installed_without_a_network(host: CommandLine, tmp_path: Path) -> None:
    brought = place(tmp_path / "brought", "v1.34.4")

    ran = without_a_network(host)("kubernetes", "install", "1.34.4", "--from", str(brought))

    assert ran.code == 0, ran.err
    assert "kube-apiserver" in ran.out
    assert host("kubernetes", "list").out.splitlines()[1].startswith("v1.34.4")


def test_an_archive_must_be_named_by_its_full_version(host: CommandLine, tmp_path: Path) -> None:
    brought = place(tmp_path / "brought", "v1.34.4")

    ran = host("kubernetes", "install", "v1.34", "--from", str(brought))

    assert ran.code == 1
    assert "v1.34 is no full version" in ran.err


def test_the_list_tells_each_offered_version_and_why_it_does_not_run(
    host: CommandLine, tmp_path: Path
) -> None:
    place(tmp_path / "bin", "v1.34.4")

    listed = host("kubernetes", "list", "--bin-dir", str(tmp_path / "bin"), "-o", "json").document

    versions = {each["version"]: each for each in listed["versions"]}
    assert [name for name, each in versions.items() if each["runs"]] == [
        "v1.34",
        "v1.33",
        "v1.32",
        "v1.31",
    ]
    assert versions["v1.31"]["emulated"] is True
    assert versions["v1.34"]["emulated"] is False
    assert "begins with v1.31" in versions["v1.28"]["why"]


def test_the_list_of_an_empty_host_says_so(host: CommandLine) -> None:
    ran = host("kubernetes", "list")

    assert ran.code == 0
    assert ran.out.startswith("No programs of Kubernetes were found.\n")
    assert "clusterwright kubernetes install v1.34" in ran.out


def test_a_check_tells_what_is_missing_and_how_to_get_it(host: CommandLine) -> None:
    ran = host("kubernetes", "check", "-o", "json")

    assert ran.code == 1
    document = ran.document
    assert set(document["able"]) == {each["needed_for"] for each in document["checks"]}
    assert not any(document["able"].values())
    assert document["versions"] == []
    for each in document["checks"]:
        assert each["well"] or each["remedy"], each
    names = {each["name"] for each in document["checks"]}
    assert {"cores", "free memory", "root", "namespaces", "cgroups"} <= names
    assert {"containerd", "runc", "CNI plugins"} <= names


def test_a_check_of_a_host_with_programs_ends_well(host: CommandLine, tmp_path: Path) -> None:
    place(tmp_path / "bin", "v1.34.4")

    ran = host("kubernetes", "check", "--bin-dir", str(tmp_path / "bin"))

    assert ran.code == 0, ran.out
    told = {" ".join(line.split()) for line in ran.out.splitlines()}
    assert "versions v1.34, v1.33, v1.32, v1.31" in told
    assert {"control planes yes", "simulated nodes yes"} <= told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make network namespaces")
def test_a_check_as_root_tells_whether_namespaces_can_be_made(host: CommandLine) -> None:
    document = host("kubernetes", "check", "-o", "json").document

    checks = {each["name"]: each for each in document["checks"]}
    assert checks["root"]["well"] is True
