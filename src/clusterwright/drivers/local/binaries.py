"""Finds the programs of Kubernetes on this host, and tells which versions of the API they can run.

A folder ``v1.34.4`` holds the programs of that version under their own names. It is looked for in
the folder of the settings, then in the cache of own builds; the programs on ``PATH`` come last.
One program acts as several versions: v1.34 as v1.31 to v1.34, with their APIs and feature gates.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError

KUBERNETES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubectl",
)
"""Programs that carry the version of Kubernetes."""
COMPANIONS = ("etcd", "etcdctl", "etcdutl", "kwok", "coredns")
"""Programs that go with any version of Kubernetes: what a folder lacks may come from ``PATH``."""
HELM = "helm"
"""Installs charts, and goes with any version of Kubernetes too."""
STAGES = "stages.yaml"
"""What kwok's simulated kubelets do, which kwok itself has no opinion on."""
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""What a control plane consists of."""
SIMULATED_NODES = ("kwok", STAGES)
REAL_NODES = ("kubelet", "kube-proxy")
SNAPSHOTS = ("etcdctl", "etcdutl")

OLDEST_MINOR = 31
"""The oldest minor version that newer programs can act as (Kubernetes' own limit)."""
EMULATED_MINORS = 3
"""How many minor versions back a program can act (Kubernetes' own limit)."""
ASKING_SECONDS = 20
"""How long a program may take to tell its version: it is read from the disk the first time."""
ON_PATH = "PATH"

_FOLDER = re.compile(r"v1\.(\d+)\.(\d+)")
_TOLD = re.compile(r"\bv?(\d+\.\d+\.\d+)\b")
_API_VERSION = re.compile(r"v1\.(\d+)(?:\.\d+.*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The programs of one version in one place, and the version that they should act as."""

    version: str
    """What the programs are, such as ``v1.34.4``."""
    place: str
    """The folder that they are in, or ``PATH``."""
    paths: Mapping[str, Path]
    """Each program that was found, and STAGES, by name."""
    acts_as: int
    """The minor version to run: the programs' own, or an older one to emulate."""

    @property
    def minor(self) -> int:
        """The programs' own minor version."""
        return int(self.version.split(".")[1])

    @property
    def emulated_version(self) -> str:
        """``1.31``, for ``--emulated-version=kube=1.31``; empty where nothing is emulated."""
        return "" if self.acts_as == self.minor else f"1.{self.acts_as}"

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the names that were not found."""
        return tuple(name for name in names if name not in self.paths)

    def path(self, name: str) -> Path:
        """Where a program is. Raises DriverError where it was not found."""
        found = self.paths.get(name)
        if found is None:
            raise DriverError(
                f"Kubernetes {self.version} in {self.place} is without {name}."
                " Run: clusterwright kubernetes check",
                causes.HOST_LACKS,
            )
        return found


def find(version: str, bin_dir: Path) -> Binaries:
    """The programs that best run a version as the API writes it, such as ``v1.31``.

    They are those of its own minor version, else the nearest newer ones that can act as it, the
    newest patch of them.

    Blocks for as long as a program on ``PATH`` takes to tell its version, the first time. Raises
    DriverError where none can; the text says what would help.
    """
    return choose(version, installed(bin_dir))


def choose(version: str, candidates: Iterable[Binaries]) -> Binaries:
    """The best of the candidates for a version. Raises DriverError as ``find`` does."""
    complete = [each for each in candidates if not each.missing(CONTROL_PLANE)]
    wanted = _API_VERSION.fullmatch(version)
    minor = int(wanted[1]) if wanted else 0
    if minor < OLDEST_MINOR:
        raise DriverError(
            f"Kubernetes {version} does not run here: the driver local begins with"
            f" v1.{OLDEST_MINOR}, the oldest version that newer programs can act as.",
            causes.VERSION_TOO_OLD,
        )
    able = [each for each in complete if can_act_as(each.minor, minor)]
    if not able:
        raise DriverError(_nothing_for(version, complete), causes.NO_VERSION)
    # Of equals the first, which is the place that is looked into first.
    return replace(min(able, key=lambda each: (each.minor, -_patch(each))), acts_as=minor)


def can_act_as(own: int, minor: int) -> bool:
    """Whether programs of one minor version can run as another."""
    return max(OLDEST_MINOR, own - EMULATED_MINORS) <= minor <= own


def runnable(versions: Iterable[str], bin_dir: Path) -> dict[str, Binaries]:
    """Those of the API's versions that can run on this host, each with what would run it."""
    candidates = installed(bin_dir)
    found = {}
    for version in versions:
        try:
            found[version] = choose(version, candidates)
        except DriverError:
            continue
    return found


def installed(bin_dir: Path) -> list[Binaries]:
    """Everything that is there, complete or not, in the order in which it is looked for."""
    places = [bin_dir, *own_builds()]
    folders = [folder for place in places for folder in _versions_in(place)]
    found = [_in_folder(folder) for folder in folders]
    on_path = _on_path()
    return [*found, on_path] if on_path else found


def build_cache() -> Path:
    """Where ``make kubernetes`` builds, one folder for each state of its sources."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "clusterwright" / "kubernetes"


def own_builds() -> list[Path]:
    """The folders of own builds, the newest first."""
    try:
        builds = [each for each in build_cache().iterdir() if each.is_dir()]
    except OSError:
        return []
    return sorted(builds, key=lambda each: each.stat().st_mtime, reverse=True)


def helm(bin_dir: Path) -> Path | None:
    """The program Helm: beside Kubernetes' programs, of an own build, or on ``PATH``."""
    beside = [folder / HELM for folder in _versions_in(bin_dir)]
    built = build_cache().parent / HELM / HELM
    for path in (bin_dir / HELM, *beside, built):
        if _runs(path):
            return path
    found = shutil.which(HELM)
    return Path(found) if found else None


def told_version(program: Path) -> str:
    """The version that a program tells, such as ``1.34.4``; empty where it tells none."""
    try:
        state = program.stat()
    except OSError:
        return ""
    return _asked(program, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _asked(program: Path, _changed: int, _size: int) -> str:
    for words in (["--version"], ["version"], ["-version"]):
        try:
            done = subprocess.run(
                [program, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=ASKING_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        found = _TOLD.search(done.stdout)
        if done.returncode == 0 and found:
            return found[1]
    return ""


def _versions_in(place: Path) -> Iterator[Path]:
    try:
        folders = [each for each in place.iterdir() if _FOLDER.fullmatch(each.name)]
    except OSError:
        return
    yield from sorted(folders, key=_order, reverse=True)


def _order(folder: Path) -> tuple[int, ...]:
    found = _FOLDER.fullmatch(folder.name)
    return tuple(map(int, found.groups())) if found else ()


def _in_folder(folder: Path) -> Binaries:
    paths = {name: folder / name for name in KUBERNETES if _runs(folder / name)}
    paths |= {name: path for name in COMPANIONS if (path := _companion(folder, name))}
    if (folder / STAGES).is_file():
        paths[STAGES] = folder / STAGES
    return _as_itself(folder.name, str(folder), paths)


def _companion(folder: Path, name: str) -> Path | None:
    if _runs(folder / name):
        return folder / name
    found = shutil.which(name)
    return Path(found) if found else None


def _on_path() -> Binaries | None:
    server = shutil.which("kube-apiserver")
    told = told_version(Path(server)) if server else ""
    if not told:
        return None
    every = (*KUBERNETES, *COMPANIONS)
    paths = {name: Path(path) for name in every if (path := shutil.which(name))}
    return _as_itself(f"v{told}", ON_PATH, paths)


def _as_itself(version: str, place: str, paths: Mapping[str, Path]) -> Binaries:
    minor = int(version.split(".")[1])
    return Binaries(version=version, place=place, paths=paths, acts_as=minor)


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _patch(found: Binaries) -> int:
    return int(found.version.split(".")[2])


def _nothing_for(version: str, complete: list[Binaries]) -> str:
    cure = f"Run: clusterwright kubernetes install {version}"
    if not complete:
        return f"No programs of Kubernetes were found to run {version}. {cure}"
    there = ", ".join(f"{each.version} in {each.place}" for each in complete)
    return f"None of the programs found can act as Kubernetes {version}: {there}. {cure}"
