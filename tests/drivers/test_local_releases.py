"""A version is installed whole or not at all, from a site or from archives."""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterwright.drivers.local import releases
from clusterwright.drivers.local.binaries import KUBERNETES, find
from clusterwright.drivers.local.releases import (
    ATTEMPTS,
    DOWNLOADS,
    ETCD,
    ETCD_PROGRAMS,
    InstallationFailed,
    Sites,
)
from tests.drivers.fake_programs import place, program
from tests.drivers.release_site import ReleaseSite, archive
from tools.kubernetes import build

VERSION = "v1.34.4"
NOWHERE = Sites(kubernetes="http://127.0.0.1:9/k", etcd="http://127.0.0.1:9/e")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "PAUSE_SECONDS", 0)


@pytest.fixture
def site() -> Iterator[ReleaseSite]:
    with ReleaseSite(VERSION).serving() as serving:
        yield serving


def quiet(_name: str, _here: int, _total: int) -> None:
    pass


def files_below(folder: Path) -> set[str]:
    return {each.name for each in folder.rglob("*") if each.is_file() and each.name != "lock"}


def test_a_version_is_installed_from_its_site(site: ReleaseSite, tmp_path: Path) -> None:
    told: dict[str, tuple[int, int]] = {}

    target = releases.download(
        VERSION, tmp_path, site.sites, lambda name, *progress: told.update({name: progress})
    )

    assert target == tmp_path / VERSION
    assert files_below(tmp_path) == {*KUBERNETES, *ETCD_PROGRAMS}
    assert releases.is_installed(VERSION, tmp_path)
    assert find("v1.31", tmp_path).path("kube-apiserver") == target / "kube-apiserver"
    assert all(here == total > 0 for here, total in told.values())
    assert set(KUBERNETES) < told.keys()


@pytest.mark.parametrize("asked", ["v1.34.4", "1.34.4", "v1.34", "1.34"])
def test_a_version_is_named_in_full_or_by_its_minor(site: ReleaseSite, asked: str) -> None:
    assert releases.exact(asked, site.sites) == VERSION


@pytest.mark.parametrize("asked", ["latest", "v2.0.0", "v1", "../v1.34.4", "v1.34.4-rc.1"])
def test_what_is_no_version_is_refused(site: ReleaseSite, asked: str) -> None:
    with pytest.raises(InstallationFailed, match="is no version"):
        releases.exact(asked, site.sites)

    assert site.asked == []


def test_a_download_that_breaks_off_goes_on_where_it_ended(
    site: ReleaseSite, tmp_path: Path
) -> None:
    site.breaks[site.path_of("kubelet")] = [100_000, 50_000]

    releases.download(VERSION, tmp_path, site.sites, quiet)

    assert site.ranges_of("kubelet") == ["", "bytes=100000-", "bytes=150000-"]
    assert (tmp_path / VERSION / "kubelet").read_bytes() == site.files[site.path_of("kubelet")]


def test_a_download_that_keeps_breaking_is_resumed_by_the_next_call(
    site: ReleaseSite, tmp_path: Path
) -> None:
    site.breaks[site.path_of("kubelet")] = [1000] * ATTEMPTS
    with pytest.raises(InstallationFailed, match=r"kubelet broke off .* Run the same command"):
        releases.download(VERSION, tmp_path, site.sites, quiet)
    assert not (tmp_path / VERSION / "kubelet").exists()
    asked = len(site.ranges_of("kubectl"))

    releases.download(VERSION, tmp_path, site.sites, quiet)

    assert site.ranges_of("kubelet")[-1] == f"bytes={1000 * ATTEMPTS}-"
    assert len(site.ranges_of("kubectl")) == asked  # what is there is not downloaded again
    assert releases.is_installed(VERSION, tmp_path)


def test_a_file_that_is_whole_but_not_installed_is_only_checked(
    site: ReleaseSite, tmp_path: Path
) -> None:
    waiting = tmp_path / DOWNLOADS / VERSION
    waiting.mkdir(parents=True)
    (waiting / "kubelet").write_bytes(site.files[site.path_of("kubelet")])

    releases.download(VERSION, tmp_path, site.sites, quiet)

    assert releases.is_installed(VERSION, tmp_path)


def test_the_beginning_of_another_file_is_thrown_away(site: ReleaseSite, tmp_path: Path) -> None:
    waiting = tmp_path / DOWNLOADS / VERSION
    waiting.mkdir(parents=True)
    (waiting / "kubelet").write_bytes(b"something else")

    releases.download(VERSION, tmp_path, site.sites, quiet)

    assert site.ranges_of("kubelet") == ["bytes=14-", ""]
    assert (tmp_path / VERSION / "kubelet").read_bytes() == site.files[site.path_of("kubelet")]


def test_a_file_that_does_not_match_its_checksum_is_not_installed(
    site: ReleaseSite, tmp_path: Path
) -> None:
    site.files[site.path_of("kubelet")] += b"changed"

    with pytest.raises(InstallationFailed, match="does not match its published checksum"):
        releases.download(VERSION, tmp_path, site.sites, quiet)

    assert "kubelet" not in files_below(tmp_path)
    assert not releases.is_installed(VERSION, tmp_path)


@pytest.mark.parametrize("sums", [b"", b"<html>not found</html>", b"0" * 63])
def test_a_checksum_that_is_none_is_refused(site: ReleaseSite, tmp_path: Path, sums: bytes) -> None:
    site.files[f"{site.path_of('kubelet')}.sha256"] = sums
    site.files[f"/etcd/{ETCD}/SHA256SUMS"] += sums

    with pytest.raises(InstallationFailed, match="holds no SHA-256 checksum"):
        releases.download(VERSION, tmp_path, site.sites, quiet)


def test_an_archive_of_etcd_without_a_checksum_is_refused(
    site: ReleaseSite, tmp_path: Path
) -> None:
    site.files[f"/etcd/{ETCD}/SHA256SUMS"] = b"0000  something-else.tar.gz\n"

    with pytest.raises(InstallationFailed, match="has no checksum of etcd-"):
        releases.download(VERSION, tmp_path, site.sites, quiet)


def test_a_version_that_the_site_has_not_is_told(site: ReleaseSite, tmp_path: Path) -> None:
    with pytest.raises(InstallationFailed, match=r"v1\.34\.99/.* does not exist \(404\)"):
        releases.download("v1.34.99", tmp_path, site.sites, quiet)


def test_without_a_network_the_way_without_one_is_told(tmp_path: Path) -> None:
    for call in (
        lambda: releases.download(VERSION, tmp_path, NOWHERE, quiet),
        lambda: releases.exact("v1.34", NOWHERE),
    ):
        with pytest.raises(InstallationFailed, match=r"cannot be reached .* --from ARCHIVE"):
            call()


def test_programs_that_do_not_run_here_are_not_installed(site: ReleaseSite, tmp_path: Path) -> None:
    site.add(site.path_of("kube-apiserver"), b"\x7fELF of another machine")

    with pytest.raises(InstallationFailed, match="does not run on this machine"):
        releases.download(VERSION, tmp_path, site.sites, quiet)

    assert not (tmp_path / VERSION / "kube-apiserver").exists()


def test_two_installations_at_once_do_not_meet(site: ReleaseSite, tmp_path: Path) -> None:
    def once_more(_name: str, here: int, _total: int) -> None:
        if here == 0:
            with pytest.raises(InstallationFailed, match="Another command is installing"):
                releases.download(VERSION, tmp_path, site.sites, quiet)

    releases.download(VERSION, tmp_path, site.sites, once_more)

    assert releases.is_installed(VERSION, tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told_and_not_tried_again(site: ReleaseSite, tmp_path: Path) -> None:
    waiting = tmp_path / DOWNLOADS / VERSION
    waiting.mkdir(parents=True)
    (waiting / "kubectl").symlink_to("/dev/full")

    with pytest.raises(InstallationFailed, match=r"Cannot write .*kubectl: No space left"):
        releases.download(VERSION, tmp_path, site.sites, quiet)

    assert len(site.ranges_of("kubectl")) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_told(site: ReleaseSite, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(InstallationFailed, match="Cannot write"):
        releases.download(VERSION, tmp_path / "bin", site.sites, quiet)


def official_archive(folder: Path) -> Path:
    """The official archive of a server: programs among other files."""
    members = {f"kubernetes/server/bin/{name}": program(name, VERSION) for name in KUBERNETES}
    members |= {"kubernetes/LICENSES": b"text", "kubernetes/server/bin/kubeadm": b"program"}
    file = folder / "kubernetes-server-linux-amd64.tar.gz"
    file.write_bytes(archive(members))
    return file


def test_a_version_is_installed_from_the_official_archives(tmp_path: Path) -> None:
    etcd = tmp_path / "etcd.tar.gz"
    etcd.write_bytes(archive({f"etcd-{ETCD}/{name}": program(name, ETCD) for name in ("etcd",)}))

    names = releases.unpack(VERSION, tmp_path / "bin", [official_archive(tmp_path), etcd])

    assert set(names) == {*KUBERNETES, "etcd"}
    assert files_below(tmp_path / "bin") == {*KUBERNETES, "etcd"}
    assert find("v1.34", tmp_path / "bin").place == str(tmp_path / "bin" / VERSION)


def test_a_folder_and_single_programs_are_taken_too(tmp_path: Path) -> None:
    folder = place(tmp_path / "brought", VERSION, KUBERNETES)
    (folder / "README").write_text("nothing to install")
    etcd, kwok = tmp_path / "etcd", tmp_path / "kwok"
    etcd.write_bytes(program("etcd", ETCD))
    kwok.write_bytes(program("kwok", "v0.8.0"))

    names = releases.unpack(VERSION, tmp_path / "bin", [folder, etcd, kwok])

    assert set(names) == {*KUBERNETES, "etcd", "kwok"}
    assert os.access(tmp_path / "bin" / VERSION / "kwok", os.X_OK)


def test_programs_that_are_one_file_stay_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "kube-apiserver").write_bytes(program("kube-apiserver", VERSION))
    (folder / "kubelet").hardlink_to(folder / "kube-apiserver")
    with tarfile.open(tmp_path / "build.tar", "w") as tar:
        tar.add(folder, "build")

    releases.unpack(VERSION, tmp_path / "bin", [tmp_path / "build.tar"])

    installed = tmp_path / "bin" / VERSION
    assert (installed / "kubelet").samefile(installed / "kube-apiserver")


def test_nothing_of_an_archive_leaves_the_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden-word")
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w") as tar:
        for name in ("../../kubelet", "/kube-proxy"):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid = 4, 0o4777, 12345
            tar.addfile(member, io.BytesIO(b"text"))
        for name, kind in (
            ("kubectl", tarfile.SYMTYPE),
            ("etcd", tarfile.LNKTYPE),
            ("kwok", tarfile.CHRTYPE),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, str(secret)
            tar.addfile(member)

    names = releases.unpack(VERSION, tmp_path / "a" / "b" / "bin", [file])

    assert set(names) == {"kubelet", "kube-proxy"}
    below = {each for each in tmp_path.rglob("*") if each.is_file() and each.name != "lock"}
    target = tmp_path / "a" / "b" / "bin" / VERSION
    assert below == {secret, file, target / "kubelet", target / "kube-proxy"}
    assert (target / "kubelet").stat().st_mode & 0o7777 == 0o755


def test_a_program_of_impossible_size_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "LARGEST_PROGRAM", 10)
    file = tmp_path / "large.tar.gz"
    file.write_bytes(archive({"kubelet": b"0" * 11}))

    with pytest.raises(InstallationFailed, match="holds none of the programs"):
        releases.unpack(VERSION, tmp_path / "bin", [file])


@pytest.mark.parametrize("length", [50, 200])
def test_a_damaged_archive_is_told_and_installs_nothing(tmp_path: Path, length: int) -> None:
    whole = official_archive(tmp_path).read_bytes()
    file = tmp_path / "half.tar.gz"
    file.write_bytes(whole[:length])

    with pytest.raises(InstallationFailed, match=r"half\.tar\.gz"):
        releases.unpack(VERSION, tmp_path / "bin", [file])

    assert not (tmp_path / "bin" / VERSION).exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing.tar.gz", r"missing\.tar\.gz cannot be read: No such file or directory\."),
        ("text.txt", r"text\.txt holds none of the programs"),
        (".", "holds none of the programs"),
    ],
)
def test_what_holds_no_program_is_refused_by_name(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "text.txt").write_text("no program")

    with pytest.raises(InstallationFailed, match=told):
        releases.unpack(VERSION, tmp_path / "bin", [tmp_path / name])

    assert not (tmp_path / "bin" / VERSION).exists()


def test_an_archive_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallationFailed, match=r"is v1\.34\.4 and not v1\.33\.1"):
        releases.unpack("v1.33.1", tmp_path / "bin", [official_archive(tmp_path)])

    assert not (tmp_path / "bin" / "v1.33.1" / "kube-apiserver").exists()


def test_what_is_built_and_what_is_installed_is_the_same_etcd() -> None:
    assert build.required("etcd", "go.etcd.io/etcd/server/v3") == ETCD


def test_checksums_are_those_of_everybody(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"text")

    assert releases._digest(file) == hashlib.sha256(b"text").hexdigest()
