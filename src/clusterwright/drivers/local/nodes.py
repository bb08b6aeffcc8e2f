"""The nodes of a cluster, real or simulated: what is wanted of each, and its object in Kubernetes.

A file per node says what is wanted; whoever supervises the cluster makes the API server agree.
Kubernetes knows a node by its address, as the API's clients expect.
"""

import asyncio
import platform
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from clusterwright.drivers import causes
from clusterwright.drivers.contract import Cluster, DriverError, Node, Unavailable, flavor_size
from clusterwright.drivers.local.folder import Folder, read_json, write, write_json
from clusterwright.drivers.local.images import ARCHITECTURES
from clusterwright.uninterrupted import in_thread

if TYPE_CHECKING:
    from clusterwright.drivers.local.apiserver import ApiServer

NODES = "/api/v1/nodes"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
"""What kubelets renew every 10 s, a lease for each node."""
EVICTING_SECONDS = 20.0
"""How long pods may take to leave a node politely."""
MISSING_SECONDS = 5.0
"""How long a node may be missing that somebody else has deleted from Kubernetes."""
AT_A_TIME = 8
"""Nodes that are worked on at a time."""
BUSY = 0.1
"""Seconds until the next look while nodes are being made or removed."""
CALM = 0.5

_RANGES = ("192.168.0.0/16", "10.0.0.0/16", "172.31.0.0/16", "100.64.0.0/16")


def promise(folder: Folder, node: Node) -> None:
    """Write down that a node is wanted, with its address.

    Raises Unavailable while one of its uid is being removed.

    To be called while the folder is held.
    """
    path = _path(folder, node.uid)
    found = read_json(path)
    if found is not None:
        if found["leaving"]:
            raise Unavailable(f"The node {node.name} is still being removed.")
        if not as_asked(found, node):
            write_json(path, found | _changeable(node))
        return
    write_json(
        path,
        {
            "leaving": 0,
            "made": False,
            "server_id": node.server_id
            or str(UUID(int=Random(node.uid).getrandbits(128), version=4)),
            "address": _free_address(folder, node),
            "flavor": node.flavor,
            "zone": node.availability_zone,
            "os": node.os,
            "labels": dict(node.labels),
            "taints": [asdict(taint) for taint in node.taints],
            **_changeable(node),
        },
    )


def as_asked(known: Mapping[str, Any] | None, node: Node) -> bool:
    """Whether what is written, of a wish or of programs that run, is what a node should have."""
    return known is not None and all(
        known.get(key) == value for key, value in _changeable(node).items()
    )


def _changeable(node: Node) -> dict[str, Any]:
    """What may become different while the node goes on."""
    return {
        "max_pods": node.max_pods,
        "options": {name: dict(values) for name, values in node.options.items()},
        "kube_reserved": dict(node.kube_reserved),
        "system_reserved": dict(node.system_reserved),
    }


def release(folder: Folder, uid: str) -> None:
    """Write down that a node should leave. To be called while the folder is held."""
    path = _path(folder, uid)
    found = read_json(path)
    if found is not None and not found["leaving"]:
        write_json(path, found | {"leaving": time.time()})


def forget(folder: Folder, uid: str) -> None:
    """Have no node of this uid any more: from one moment on its address is another's to take."""
    with folder.changing():
        found = find(folder, uid)
        if found is not None:
            _path(folder, uid).unlink()
            _address(folder, found["address"]).unlink(missing_ok=True)


def find(folder: Folder, uid: str) -> dict[str, Any] | None:
    """What is written of a node; None where nothing is."""
    found: dict[str, Any] | None = read_json(_path(folder, uid))
    return found


def every(folder: Folder) -> dict[str, dict[str, Any]]:
    """What is written of each node, by its id."""
    found = {path.stem: read_json(path) for path in sorted(folder.nodes.glob("*.json"))}
    return {uid: known for uid, known in found.items() if known is not None}


def is_ready(found: dict[str, Any]) -> bool:
    """Whether a Node object says that it is ready."""
    conditions = found.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def bears(found: dict[str, Any] | None, count: int) -> bool:
    """Whether a Node object tells of room for so many pods; one that cannot be read need not."""
    return found is None or found["status"].get("capacity", {}).get("pods") == str(count)


class Kind(Protocol):
    """What makes a node more than its object."""

    def document(self, known: Mapping[str, Any], cluster: Cluster, /) -> dict[str, Any]:
        """The object that a node begins with."""

    def annotations(self, uid: str, /) -> dict[str, str]:
        """What is to be told of a node that may change."""

    def status(self, known: Mapping[str, Any], /) -> dict[str, Any]:
        """What is to be told of its room that no kubelet tells."""

    async def settle(self, uid: str, known: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
        """Do what follows from a node's object. Returns whether nothing is left to do."""

    async def clear(self, uid: str) -> None:
        """Remove what is left of a node that Kubernetes does not know any more."""


class Nodes:
    """The nodes of one cluster, made to agree with their files."""

    def __init__(self, folder: Folder, kind: Kind) -> None:
        self._folder = folder
        self._kind = kind
        self._done: dict[Path, int] = {}
        self._missed = 0.0

    async def keep(self, server: "ApiServer", cluster: Cluster) -> float:
        """Make what is wanted and remove what should leave. Returns when to look again.

        Raises Unavailable.
        """
        await self._miss(server)
        changed = await in_thread(self._changed)
        turns = asyncio.Semaphore(AT_A_TIME)

        async def work(path: Path, stamp: int) -> None:
            async with turns:
                if await self._work(server, cluster, path):
                    self._done[path] = stamp

        results = await asyncio.gather(
            *(work(path, stamp) for path, stamp in changed), return_exceptions=True
        )
        failures = [result for result in results if isinstance(result, BaseException)]
        if failures:
            raise failures[0]
        return BUSY if changed else CALM

    async def _miss(self, server: "ApiServer") -> None:
        """Look now and then whether somebody else has deleted a node, which is then made again."""
        if not self._done or time.monotonic() - self._missed < MISSING_SECONDS:
            return
        self._missed = time.monotonic()
        listed = await server.get(f"{NODES}?resourceVersion=0") or {}
        there = {one["metadata"]["name"] for one in listed.get("items", ())}
        known = await in_thread(every, self._folder)
        gone = {uid for uid, each in known.items() if each["address"] not in there}
        self._done = {path: stamp for path, stamp in self._done.items() if path.stem not in gone}

    def _changed(self) -> list[tuple[Path, int]]:
        found = {path: path.stat().st_mtime_ns for path in self._folder.nodes.glob("*.json")}
        self._done = {path: stamp for path, stamp in self._done.items() if path in found}
        return [(path, stamp) for path, stamp in found.items() if self._done.get(path) != stamp]

    async def _work(self, server: "ApiServer", cluster: Cluster, path: Path) -> bool:
        """Do one node's next step. Returns whether nothing is left to do."""
        known = await in_thread(read_json, path)
        if known is None:
            return True
        name = known["address"]
        if not known["leaving"]:
            # Created again where somebody else has deleted it: a node is there while it is wanted.
            found = await server.get(f"{NODES}/{name}")
            if found is None:
                await server.create(NODES, self._kind.document(known, cluster))
                found = await server.get(f"{NODES}/{name}")
            if found is None or not await self._kind.settle(path.stem, known, found):
                return False
            room = self._kind.status(known)
            if any(found["status"].get(key) != value for key, value in room.items()):
                await server.patch(f"{NODES}/{name}/status", {"status": room})
            told = await in_thread(self._kind.annotations, path.stem)
            if told.items() - found["metadata"].get("annotations", {}).items():
                await server.patch(f"{NODES}/{name}", {"metadata": {"annotations": told}})
            return True
        patience = known["leaving"] + EVICTING_SECONDS - time.time()
        if not await _leave(server, name, patience=patience):
            return False
        await self._kind.clear(path.stem)
        await in_thread(forget, self._folder, path.stem)
        return True


async def _leave(server: "ApiServer", name: str, *, patience: float) -> bool:
    """Go on emptying a node, and delete it once it is empty or patience is over."""
    path = f"{NODES}/{name}"
    if await server.patch(path, {"spec": {"unschedulable": True}}) is None:
        return True
    listed = await server.get(f"/api/v1/pods?fieldSelector=spec.nodeName={name}") or {}
    pods = [pod["metadata"] for pod in listed.get("items", ()) if not _stays(pod)]
    if pods and patience > 0:
        for pod in pods:
            if "deletionTimestamp" not in pod:
                await server.evict(pod["namespace"], pod["name"])
        return False
    await server.delete(path)
    for pod in [pod["metadata"] for pod in listed.get("items", ())]:
        gone = f"/api/v1/namespaces/{pod['namespace']}/pods/{pod['name']}"
        await server.delete(gone, grace_seconds=0)
    return True


def _stays(pod: dict[str, Any]) -> bool:
    """Whether a pod need not leave before its node: it has ended, or would come back at once."""
    owners = pod["metadata"].get("ownerReferences", ())
    ended = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return ended or any(owner["kind"] == "DaemonSet" for owner in owners)


def document(known: Mapping[str, Any], *, kubelet: str) -> dict[str, Any]:
    """A Node object as it was asked for, without what a kubelet tells."""
    name = known["address"]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": known["labels"]
            | {
                "kubernetes.io/arch": ARCHITECTURES.get(platform.machine(), platform.machine()),
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": known["flavor"],
                "topology.kubernetes.io/zone": known["zone"],
            },
            "annotations": {"clusterwright.io/kubelet": kubelet},
        },
        "spec": {"providerID": known["server_id"], "taints": known["taints"]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": name},
                {"type": "Hostname", "address": name},
            ],
        },
    }


def size(flavor: str) -> tuple[int, int]:
    """CPUs and GiB that a node of a flavor has: what its name tells, else 2 and 4."""
    return flavor_size(flavor) or (2, 4)


def _free_address(folder: Folder, node: Node) -> str:
    """An address that no other node of the cluster has, noted as this one's.

    What is noted counts while that node is there: a process may have died before it noted the node,
    or before it took the note back.
    """
    (folder.nodes / "addresses").mkdir(mode=0o700, exist_ok=True)
    for address in _candidates(node):
        path = _address(folder, address)
        owner = _owner(path)
        if not owner or find(folder, owner) is None:
            write(path, node.uid)
            return address
    if node.private_ip:
        raise DriverError(
            f"Another node of {node.cluster.name} has the address {node.private_ip}.",
            causes.ADDRESS_TAKEN,
        )
    raise DriverError(
        f"The cluster {node.cluster.name} has no address left for a node.", causes.NO_ADDRESS
    )


def _candidates(node: Node) -> Iterator[str]:
    if node.private_ip:
        yield node.private_ip
        return
    taken = [ip_network(r) for r in (node.cluster.service_cidr, *node.cluster.container_cidrs)]
    free = [r for r in map(ip_network, _RANGES) if not any(r.overlaps(t) for t in taken)]
    random = Random(node.uid)
    for network in free[:1]:
        for _ in range(10_000):
            yield str(network[random.randint(256, network.num_addresses - 257)])


def _path(folder: Folder, uid: str) -> Path:
    # A node's id names a file, as a cluster's does.
    return Folder(folder.nodes, uid).path.with_suffix(".json")


def _address(folder: Folder, address: str) -> Path:
    return folder.nodes / "addresses" / address


def _owner(path: Path) -> str:
    """The uid that is noted for an address; empty where none is."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
