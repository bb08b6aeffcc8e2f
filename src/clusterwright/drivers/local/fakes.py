"""Nodes that are no machines: Node objects whose kubelets kwok plays.

Everything about them is Kubernetes' own but the containers: scheduling, taints, eviction and leases
are real, and no program runs.
"""

from collections.abc import Mapping
from typing import Any

from clusterwright.drivers.contract import Cluster
from clusterwright.drivers.local import nodes
from clusterwright.drivers.local.components import SIMULATED


class Fakes:
    """Nodes of kwok, which needs nothing but their objects."""

    def document(self, known: Mapping[str, Any], cluster: Cluster) -> dict[str, Any]:
        """A Node object that says everything, because no kubelet will."""
        annotation, _, value = SIMULATED.partition("=")
        document = nodes.document(known, kubelet="simulated")
        document["metadata"]["annotations"][annotation] = value
        document["status"] |= {
            "phase": "Running",
            **self.status(known),
            "nodeInfo": _info(known, cluster),
        }
        return document

    def status(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """What the flavor has, for as many pods as it should bear."""
        cpus, memory = nodes.size(known["flavor"])
        room = {
            "cpu": str(cpus),
            "memory": f"{memory}Gi",
            "pods": str(known["max_pods"]),
            "ephemeral-storage": "100Gi",
        }
        return {"capacity": room, "allocatable": room}

    def annotations(self, uid: str) -> dict[str, str]:
        """Nothing that changes."""
        return {}

    async def settle(self, uid: str, known: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
        """Nothing is left to do."""
        return True

    async def clear(self, uid: str) -> None:
        """Nothing is left to remove."""


def _info(known: Mapping[str, Any], cluster: Cluster) -> dict[str, str]:
    return {
        "architecture": "amd64",
        "operatingSystem": "linux",
        "osImage": known["os"],
        "kubeletVersion": f"{cluster.minor}.0-simulated",
        "kubeProxyVersion": "",
        "containerRuntimeVersion": "simulated://0",
        "kernelVersion": "simulated",
        "machineID": known["server_id"],
        "systemUUID": known["server_id"],
        "bootID": known["server_id"],
    }
