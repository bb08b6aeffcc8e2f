"""Volumes of real nodes: a class named as the public service's, with folders of this host beneath.

A claim is bound once a pod asks for it: then its node is known, and the volume is a folder of that
node's. It is there for the pods of that node alone, and goes with the node. Nothing keeps a volume
from growing beyond what was asked for.
"""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterwright.drivers.local import nodefiles, nodes
from clusterwright.drivers.local.folder import Folder
from clusterwright.uninterrupted import in_thread

if TYPE_CHECKING:
    from clusterwright.drivers.local.apiserver import ApiServer

CLASS = "csi-disk"
PROVISIONER = "clusterwright.io/host-path"
PERIOD = 1.0
"""Seconds between two looks for claims without a volume, and for volumes without a claim."""

_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_VOLUMES = "/api/v1/persistentvolumes"
_CLAIMS = "/api/v1/persistentvolumeclaims"
_AT_HAND = "resourceVersion=0"
"""What the API server has in memory is fresh enough to look at."""
_MADE_BY = "pv.kubernetes.io/provisioned-by"
_SELECTED = "volume.kubernetes.io/selected-node"
_MODES = ("ReadWriteOnce", "ReadWriteOncePod")
_ABOUT = (
    "No disk of a cloud: a volume is a folder of the host, on the node of the first pod that asks"
    " for it. It goes with the node, and its size is not enforced."
)


def storage_class() -> tuple[str, dict[str, Any]]:
    """The class of new clusters, and the path where it is created."""
    return _CLASSES, {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": CLASS,
            "annotations": {
                "storageclass.kubernetes.io/is-default-class": "true",
                "clusterwright.io/about": _ABOUT,
            },
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": False,
    }


class Volumes:
    """The volumes of one cluster."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._looked = 0.0
        self._told: set[str] = set()

    async def keep(self, server: "ApiServer", *, real: bool) -> None:
        """Make volumes for the claims that wait for one, and remove those that nobody claims.

        Raises Unavailable and OSError.
        """
        if time.monotonic() - self._looked < PERIOD:
            return
        self._looked = time.monotonic()
        waiting = [claim for claim in await _listed(server, _CLAIMS) if _waits(claim)]
        self._told &= {claim["metadata"]["uid"] for claim in waiting}
        for claim in waiting:
            await self._serve(server, claim, real=real)
        for volume in await _listed(server, _VOLUMES):
            made = volume["metadata"].get("annotations", {}).get(_MADE_BY) == PROVISIONER
            if made and volume.get("status", {}).get("phase") == "Released":
                await in_thread(self._remove, volume["metadata"]["name"])
                await server.delete(f"{_VOLUMES}/{volume['metadata']['name']}")

    async def _serve(self, server: "ApiServer", claim: Mapping[str, Any], *, real: bool) -> None:
        selected = claim["metadata"]["annotations"][_SELECTED]
        uid = await in_thread(self._node_called, selected)
        if uid is None:
            return
        if refusal := _refusal(claim, real=real):
            await self._tell(server, claim, refusal)
            return
        name = f"pvc-{claim['metadata']['uid']}"
        path = nodefiles.folder_of(self._folder, uid).volumes / name
        await in_thread(_make, path)
        await server.create(_VOLUMES, _volume(name, claim, node=selected, path=path))

    def _node_called(self, address: str) -> str | None:
        known = nodes.every(self._folder).items()
        return next((uid for uid, each in known if each["address"] == address), None)

    def _remove(self, name: str) -> None:
        # Found by its name and not by what the object says, which users may write.
        for path in self._folder.nodes.glob(f"*/volumes/{name}"):
            shutil.rmtree(path)

    async def _tell(self, server: "ApiServer", claim: Mapping[str, Any], said: str) -> None:
        """Say on a claim why it gets no volume, once."""
        known = claim["metadata"]
        if known["uid"] in self._told:
            return
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        namespace = known["namespace"]
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{known['name']}.", "namespace": namespace},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": namespace,
                "name": known["name"],
                "uid": known["uid"],
            },
            "type": "Warning",
            "reason": "ProvisioningFailed",
            "message": said,
            "source": {"component": PROVISIONER},
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }
        await server.create(f"/api/v1/namespaces/{namespace}/events", event)
        self._told.add(known["uid"])


async def _listed(server: "ApiServer", path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await server.get(f"{path}?{_AT_HAND}") or {}).get("items", [])
    return found


def _waits(claim: Mapping[str, Any]) -> bool:
    """Whether a claim of our class has no volume, and a node that needs one."""
    spec = claim["spec"]
    ours = spec.get("storageClassName") == CLASS and not spec.get("volumeName")
    alive = "deletionTimestamp" not in claim["metadata"]
    return ours and alive and _SELECTED in claim["metadata"].get("annotations", {})


def _refusal(claim: Mapping[str, Any], *, real: bool) -> str:
    """Why a claim gets no volume; empty where it may."""
    if not real:
        return "The nodes of this cluster are simulated: no container could use a volume."
    if claim["spec"].get("volumeMode", "Filesystem") != "Filesystem":
        return f"{CLASS} has folders, no block devices: ask for the volumeMode Filesystem."
    if unfit := [mode for mode in claim["spec"]["accessModes"] if mode not in _MODES]:
        return f"A volume of {CLASS} is on one node, so it cannot be {unfit[0]}."
    return ""


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.mkdir(exist_ok=True)
    path.chmod(0o777)  # whatever user a container runs as, as on a new disk with a group of its own


def _volume(name: str, claim: Mapping[str, Any], *, node: str, path: Path) -> dict[str, Any]:
    known = claim["metadata"]
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {_MADE_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "accessModes": claim["spec"]["accessModes"],
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": CLASS,
            "volumeMode": "Filesystem",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": known["namespace"],
                "name": known["name"],
                "uid": known["uid"],
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
            "hostPath": {"path": str(path), "type": "Directory"},
        },
    }
