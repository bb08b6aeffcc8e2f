"""What clusters tell of their nodes and add-ons, which they do not know themselves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clusterwright.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Counts:
    """How many nodes a cluster has, how many of them work, how large they are together, and its
    add-ons.
    """

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
    """Counts the nodes of many clusters of a project at once; a cluster without nodes is left
    out.
    """

    async def __call__(
        self, tx: Tx, cluster_uids: Sequence[str], *, project_id: str
    ) -> Mapping[str, Counts]: ...
