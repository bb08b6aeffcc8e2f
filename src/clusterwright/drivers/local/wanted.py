"""What is wanted of one cluster, as it stands on disk for whoever supervises it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from clusterwright.drivers import causes
from clusterwright.drivers.contract import Cluster, DriverError
from clusterwright.drivers.local.folder import Folder, read_json, write_json


class State(StrEnum):
    """Whether a control plane should run, stand still or not exist."""

    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"


class Nodes(StrEnum):
    """What the nodes of a cluster are: programs of this host, or played by kwok."""

    REAL = "real"
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class Pinned:
    """The programs that a control plane was begun with.

    It keeps them while it runs: another build that appears on the host restarts nothing.
    """

    emulated_version: str = ""
    paths: Mapping[str, Path] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """Where a program is. Raises DriverError where there was none."""
        if name not in self.paths:
            raise DriverError(f"This cluster was begun without {name}.", causes.BEGUN_WITHOUT)
        return self.paths[name]

    def is_there(self, names: Iterable[str]) -> bool:
        """Whether these programs still are where they were."""
        return all(name in self.paths and self.paths[name].is_file() for name in names)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A cluster as it should be."""

    state: State
    cluster: Cluster | None
    """None where the cluster goes before it was ever begun."""
    ports: Mapping[str, int]
    programs: Pinned = field(default_factory=Pinned)
    nodes: Nodes = Nodes.SIMULATED
    """Decided when the cluster is begun, and kept."""

    @property
    def revision(self) -> str:
        """What tells one wish from another."""
        return sha256(repr(_document(self)).encode()).hexdigest()[:32]


def read(folder: Folder) -> Wanted | None:
    """What is wanted; None of a cluster that nobody began. Raises OSError and ValueError."""
    found = read_json(folder.wanted)
    if found is None:
        return None
    cluster = found["cluster"]
    paths = {name: Path(path) for name, path in found["programs"].items()}
    return Wanted(
        State(found["state"]),
        _cluster(cluster) if cluster else None,
        found["ports"],
        Pinned(found["emulated"], paths),
        Nodes(found.get("nodes", Nodes.SIMULATED)),
    )


def write(folder: Folder, wanted: Wanted) -> None:
    """Write what is wanted, while the folder is held. Raises OSError."""
    write_json(folder.wanted, _document(wanted))


def write_programs(path: Path, programs: Any, names: Iterable[str]) -> None:
    """Write down some programs alone, whatever knows them. Raises OSError."""
    write_json(path, {name: str(programs.path(name)) for name in names})


def read_programs(path: Path) -> Pinned | None:
    """Programs that were written down alone; None where none were."""
    found = read_json(path)
    return found and Pinned(paths={name: Path(text) for name, text in found.items()})


def _document(wanted: Wanted) -> dict[str, Any]:
    cluster = wanted.cluster
    return {
        "state": wanted.state.value,
        "cluster": _plain(asdict(cluster)) if cluster else None,
        "ports": dict(wanted.ports),
        "emulated": wanted.programs.emulated_version,
        "programs": {name: str(path) for name, path in wanted.programs.paths.items()},
        "nodes": wanted.nodes.value,
    }


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}


def _cluster(fields: dict[str, Any]) -> Cluster:
    known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
    return Cluster(**known)
