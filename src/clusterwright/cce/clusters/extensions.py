"""What slices above this one add to clusters, which know neither nodes nor add-ons."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clusterwright.cce.clusters.store import Cluster
from clusterwright.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Counts:
    """How many nodes a cluster has and how many work, their size together, and its add-ons."""

    nodes: int = 0
    active: int = 0
    cpus: int = 0
    memory: int = 0
    """In MiB."""
    addons: tuple[Mapping[str, str], ...] = ()
    """Of each add-on ``addonTemplateName``, ``version`` and ``status``."""

    def annotations(self) -> dict[str, str]:
        """As ``detail=true`` asks for them (API reference, 4.6)."""
        return {
            "totalNodesNumber": str(self.nodes),
            "activeNodesNumber": str(self.active),
            "totalNodesCPU": str(self.cpus),
            "totalNodesMemory": str(self.memory),
            "installedAddonInstances": json.dumps(self.addons),
        }


class Census(Protocol):
    """Counts the nodes of many clusters of a project; a cluster without nodes is left out."""

    async def __call__(
        self, tx: Tx, cluster_uids: Sequence[str], *, project_id: str
    ) -> Mapping[str, Counts]: ...


class OnCreate(Protocol):
    """Gives a new cluster what comes with it."""

    async def __call__(self, tx: Tx, cluster: Cluster, annotations: Mapping[str, str]) -> None:
        """``annotations`` are those of the request. Raises ApiError."""


class OnDelete(Protocol):
    """Keeps what is to outlast a cluster, in the transaction that promises its end."""

    async def __call__(self, tx: Tx, cluster: Cluster, options: Mapping[str, str]) -> None:
        """``options`` are those of the request."""


class AddressHolder(Protocol):
    """Tells which node has a public address, in words; empty for none."""

    async def __call__(self, tx: Tx, id: str, *, project_id: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Extensions:
    """What is done for clusters by slices above them."""

    census: Census
    on_create: OnCreate
    on_delete: OnDelete
    address_holder: AddressHolder
