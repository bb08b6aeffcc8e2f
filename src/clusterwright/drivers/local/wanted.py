"""What is wanted of one cluster, as it stands on disk for whoever supervises it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from clusterwright.drivers.contract import Cluster
from clusterwright.drivers.local.folder import Folder, read_json, write_json


class State(StrEnum):
    """Whether a control plane should run, stand still or not exist."""

    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A cluster as it should be."""

    state: State
    cluster: Cluster | None
    """None where the cluster goes before it was ever begun."""
    ports: Mapping[str, int]

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
    return Wanted(State(found["state"]), _cluster(cluster) if cluster else None, found["ports"])


def write(folder: Folder, wanted: Wanted) -> None:
    """Write what is wanted, while the folder is held. Raises OSError."""
    write_json(folder.wanted, _document(wanted))


def _document(wanted: Wanted) -> dict[str, Any]:
    cluster = wanted.cluster
    return {
        "state": wanted.state.value,
        "cluster": _plain(asdict(cluster)) if cluster else None,
        "ports": dict(wanted.ports),
    }


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}


def _cluster(fields: dict[str, Any]) -> Cluster:
    known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
    return Cluster(**known)
