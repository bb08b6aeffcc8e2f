"""Installs a version of Kubernetes from its release site, or from archives that are here already.

Every file is downloaded into a folder beside, checked against its published checksum there, and
only then moved to where drivers look: a folder ``v1.34.4`` never holds half a program. What was
downloaded stays after an error, and the next call goes on where it ended.
"""

import fcntl
import hashlib
import http.client
import os
import platform
import re
import shutil
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from clusterwright.drivers.local.binaries import COMPANIONS, KUBERNETES, STAGES, told_version

ETCD = "v3.6.16"
"""The etcd that goes with every version; the one that tools/kubernetes builds."""
ETCD_PROGRAMS = ("etcdctl", "etcdutl", "etcd")
SILENT_SECONDS = 30.0
"""How long a site may send nothing."""
ATTEMPTS = 5
"""How often a download that broke off is taken up again before it is given up."""
PAUSE_SECONDS = 0.5
"""Before the second attempt; each further one waits twice as long."""
LARGEST_PROGRAM = 1 << 30
"""Bytes; no program is near that, and a broken archive must not fill the disk."""
DOWNLOADS = ".downloads"
"""Beside the versions: what was downloaded and is not installed yet."""

_EXACT = re.compile(r"v?(1\.\d+\.\d+)")
_MINOR = re.compile(r"v?(1\.\d+)")
_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x"}


class InstallationFailed(Exception):
    """A version could not be installed. The text tells why, and what to do."""


Progress = Callable[[str, int, int], None]
"""Called with a file's name, its bytes that are here, and its size (0 where it is unknown)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """Where releases are published, without a slash at the end."""

    kubernetes: str
    """Below it: ``v1.34.4/bin/linux/amd64/kubelet``, the same with ``.sha256``, and
    ``stable-1.34.txt``.
    """
    etcd: str
    """Below it: ``v3.6.16/etcd-v3.6.16-linux-amd64.tar.gz`` and ``v3.6.16/SHA256SUMS``."""


def architecture() -> str:
    """This machine's name for releases, such as ``amd64``.

    Raises InstallationFailed where there is none.
    """
    found = _ARCHITECTURES.get(platform.machine())
    if platform.system() != "Linux" or found is None:
        raise InstallationFailed(
            f"Kubernetes is not published for {platform.system()} on {platform.machine()}."
        )
    return found


def exact(version: str, sites: Sites) -> str:
    """The full version, such as ``v1.34.4``. Raises InstallationFailed.

    It is as asked, or the newest patch of ``v1.34`` that the release site names.
    """
    if asked := _EXACT.fullmatch(version):
        return f"v{asked[1]}"
    minor = _MINOR.fullmatch(version)
    if minor is None:
        raise InstallationFailed(f"{version} is no version. Give one such as v1.34.4 or v1.34.")
    url = f"{sites.kubernetes}/stable-{minor[1]}.txt"
    told = _text(url).strip()
    if not _EXACT.fullmatch(told):
        raise InstallationFailed(f"{url} names no version.")
    return told


def is_installed(version: str, bin_dir: Path) -> bool:
    """Whether everything that a release consists of is in the version's folder."""
    return all((bin_dir / version / name).is_file() for name in (*KUBERNETES, *ETCD_PROGRAMS))


def download(version: str, bin_dir: Path, sites: Sites, progress: Progress) -> Path:
    """Download and install what a full version lacks; returns its folder.

    Raises InstallationFailed; calling again goes on.
    """
    machine = architecture()
    target, waiting = bin_dir / version, bin_dir / DOWNLOADS / version
    with _alone(bin_dir, waiting):
        lacking = [name for name in ETCD_PROGRAMS if not (target / name).is_file()]
        if lacking:
            archive = _etcd(waiting, sites, machine, progress)
            _unpack(archive, waiting, {*lacking})
            archive.unlink()
            _move(waiting, target, lacking, "")
        # The API server comes last: with it, the version counts as there.
        for name in reversed(KUBERNETES):
            if not (target / name).is_file():
                url = f"{sites.kubernetes}/{version}/bin/linux/{machine}/{name}"
                expected = _one_checksum(f"{url}.sha256")
                _fetch(url, waiting / name, expected, progress)
                _move(waiting, target, [name], version)
        shutil.rmtree(waiting)
    return target


def unpack(version: str, bin_dir: Path, sources: Iterable[Path]) -> tuple[str, ...]:
    """Install a full version from local files; returns the names of what was installed.

    They may be archives (tar, compressed or not, of the official layout or any other), folders and
    single programs.

    Only the known programs are taken, by the last part of their names; nothing else of an archive
    is written anywhere. Raises InstallationFailed.
    """
    target, waiting = bin_dir / version, bin_dir / DOWNLOADS / f"{version}.local"
    every = {*KUBERNETES, *COMPANIONS, STAGES}
    with _alone(bin_dir, waiting):
        shutil.rmtree(waiting)
        waiting.mkdir()
        found: set[str] = set()
        for source in sources:
            taken = _take(source, waiting, every)
            if not taken:
                raise InstallationFailed(
                    f"{source} holds none of the programs {', '.join(sorted(every))}."
                )
            found |= taken
        names = [name for name in (STAGES, *COMPANIONS, *reversed(KUBERNETES)) if name in found]
        _move(waiting, target, names, version)
        shutil.rmtree(waiting)
    return tuple(names)


def _take(source: Path, folder: Path, wanted: set[str]) -> set[str]:
    try:
        if source.is_dir():
            files = [each for each in source.iterdir() if each.name in wanted and each.is_file()]
            for file in files:
                shutil.copyfile(file, folder / file.name)
            return {file.name for file in files}
        if tarfile.is_tarfile(source):
            return _unpack(source, folder, wanted)
        if source.name in wanted:
            shutil.copyfile(source, folder / source.name)
            return {source.name}
    except (OSError, EOFError, tarfile.TarError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InstallationFailed(f"{source} cannot be read: {reason}.") from error
    return set()


def _unpack(archive: Path, folder: Path, wanted: set[str]) -> set[str]:
    # Members are read as streams and written under names of ours: whatever paths, owners, modes
    # and links an archive has, nothing of it reaches the disk.
    found: dict[str, str] = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                if name not in wanted or name in found.values():
                    continue
                if member.islnk() and (first := found.get(member.linkname)):
                    (folder / name).unlink(missing_ok=True)
                    (folder / name).hardlink_to(folder / first)
                elif member.isreg() and member.size <= LARGEST_PROGRAM:
                    stream = tar.extractfile(member)
                    assert stream is not None
                    with (folder / name).open("wb") as file:
                        shutil.copyfileobj(stream, file, 1 << 20)
                else:
                    continue
                found[member.name] = name
    except (EOFError, tarfile.TarError) as error:
        raise InstallationFailed(f"{archive.name} is damaged: {error}.") from error
    return {*found.values()}


def _move(waiting: Path, target: Path, names: Iterable[str], version: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        file = waiting / name
        if name != STAGES:
            file.chmod(0o755)
        if version and name == "kube-apiserver":
            _require_version(file, version)
        with file.open("rb") as written:
            os.fsync(written.fileno())
        file.replace(target / name)


def _require_version(server: Path, version: str) -> None:
    told = told_version(server)
    if not told:
        raise InstallationFailed(
            f"The kube-apiserver of {version} does not run on this machine ({platform.machine()})."
        )
    if f"v{told}" != version:
        raise InstallationFailed(f"The kube-apiserver given is v{told} and not {version}.")


def _etcd(waiting: Path, sites: Sites, machine: str, progress: Progress) -> Path:
    name = f"etcd-{ETCD}-linux-{machine}.tar.gz"
    sums = f"{sites.etcd}/{ETCD}/SHA256SUMS"
    lines = [line.split() for line in _text(sums).splitlines()]
    expected = next((words[0] for words in lines if words[1:] == [name]), "")
    if not _CHECKSUM.fullmatch(expected):
        raise InstallationFailed(f"{sums} has no checksum of {name}.")
    return _fetch(f"{sites.etcd}/{ETCD}/{name}", waiting / name, expected, progress)


def _one_checksum(url: str) -> str:
    told = _text(url).split()[:1]
    if not told or not _CHECKSUM.fullmatch(told[0]):
        raise InstallationFailed(f"{url} holds no SHA-256 checksum.")
    return told[0]


def _fetch(url: str, file: Path, expected: str, progress: Progress) -> Path:
    resumed = file.exists()
    _continue(url, file, progress)
    if _digest(file) != expected and resumed:
        # The beginning may be of another file, as after a change of the site.
        file.unlink()
        _continue(url, file, progress)
    if _digest(file) != expected:
        file.unlink()
        raise InstallationFailed(
            f"{url} does not match its published checksum; nothing of it was kept."
            " Try again, and if it stays so do not trust the site."
        )
    return file


def _continue(url: str, file: Path, progress: Progress) -> None:
    """Download until the file is whole, beginning with what is there."""
    reason: Exception | None = None
    for attempt in range(ATTEMPTS):
        before = _size(file)
        try:
            _attempt(url, file, progress)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise InstallationFailed(_refused(url, error.code)) from error
            reason = error
        except (OSError, http.client.HTTPException) as error:
            if attempt == 0 and _size(file) == before and isinstance(error, urllib.error.URLError):
                raise InstallationFailed(_offline(url, error)) from error
            reason = error
        else:
            return
        time.sleep(PAUSE_SECONDS * 2**attempt)
    raise InstallationFailed(
        f"{url} broke off {ATTEMPTS} times ({reason}); {_size(file)} bytes are kept."
        " Run the same command again to go on."
    )


def _attempt(url: str, file: Path, progress: Progress) -> None:
    here = _size(file)
    request = urllib.request.Request(url, headers={"Range": f"bytes={here}-"} if here else {})
    try:
        answer = urllib.request.urlopen(request, timeout=SILENT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416 and here:  # nothing is left to send; the checksum tells the rest
            return
        raise
    with answer:
        if answer.status != 206:
            here = 0
        total = here + int(answer.headers.get("Content-Length") or 0)
        with file.open("ab" if here else "wb", buffering=0) as written:
            progress(file.name, here, total)
            while block := answer.read(1 << 18):
                _write(written, block, file)
                here += len(block)
                progress(file.name, here, total)
        if here < total:
            raise http.client.IncompleteRead(b"", total - here)


def _write(written: IO[bytes], block: bytes, file: Path) -> None:
    # A full disk is no broken line: trying again would not help.
    try:
        while block:
            block = block[written.write(block) :]
    except OSError as error:
        raise InstallationFailed(f"Cannot write {file}: {error.strerror}.") from error


def _text(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=SILENT_SECONDS) as answer:
            return str(answer.read(1 << 20), "utf-8", "replace")
    except urllib.error.HTTPError as error:
        raise InstallationFailed(_refused(url, error.code)) from error
    except (OSError, http.client.HTTPException) as error:
        raise InstallationFailed(_offline(url, error)) from error


def _refused(url: str, code: int) -> str:
    if code == 404:
        return f"{url} does not exist (404). Is there such a release for this machine?"
    return f"{url} was refused with status {code}."


def _offline(url: str, error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return (
        f"{url} cannot be reached ({reason}). Without a network, bring the release's archives here"
        " by other means and run the same command with --from ARCHIVE for each."
    )


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _digest(file: Path) -> str:
    with file.open("rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest()


@contextmanager
def _alone(bin_dir: Path, waiting: Path) -> Iterator[None]:
    """Hold the lock of a folder of versions. Raises InstallationFailed where it is held."""
    try:
        waiting.mkdir(parents=True, exist_ok=True)
        lock = (bin_dir / DOWNLOADS / "lock").open("w")
    except OSError as error:
        raise InstallationFailed(f"Cannot write {error.filename}: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InstallationFailed(
                f"Another command is installing into {bin_dir}. Wait for it."
            ) from error
        try:
            yield
        except OSError as error:
            raise InstallationFailed(
                f"Cannot write {error.filename or bin_dir}: {error.strerror}."
            ) from error
