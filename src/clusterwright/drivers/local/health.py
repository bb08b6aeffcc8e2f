"""How the parts of clusters are that may break by themselves: nodes, and the cluster's own DNS.

Kubernetes knows of a kubelet that is silent only after a while (40 s and more); that a program does
not run, or is stopped, is seen here at once.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from clusterwright.drivers.contract import Health, Unavailable, Workload
from clusterwright.drivers.local import (
    components,
    dns,
    nodefiles,
    nodeprograms,
    nodes,
    processes,
    wanted,
)
from clusterwright.drivers.local.folder import Folder, read_json
from clusterwright.drivers.local.inside import Inside
from clusterwright.drivers.local.nodefiles import NodeFolder
from clusterwright.drivers.local.wanted import State, Wanted
from clusterwright.uninterrupted import in_thread

log = logging.getLogger(__name__)

STARTING_SECONDS = 30.0
"""How long the pods of an add-on may take to start, once a node or another wish is there."""

_LISTED = "resourceVersion=0"
"""What the API server has in memory is fresh enough for a look."""


async def every(home: Path, inside: Callable[[Folder], Inside]) -> dict[str, Health]:
    """How each cluster is of which anything can be told."""
    found = await in_thread(lambda: list(home.glob("*/wanted.json")))
    folders = [Folder(home, path.parent.name) for path in found]
    looks = [look(folder, inside) for folder in folders]
    seen = await asyncio.gather(*looks, return_exceptions=True)
    health = {}
    for folder, one in zip(folders, seen, strict=True):
        if isinstance(one, Health):
            health[folder.uid] = one
        elif one is not None:
            facts = {"cluster": folder.uid, "reason": repr(one)}
            log.warning("failing to look at a cluster", extra=facts)
    return health


async def look(folder: Folder, inside_of: Callable[[Folder], Inside]) -> Health | None:
    """How the nodes and the DNS of a cluster are; None where nothing can be told or asked."""
    wish, known, trouble = await in_thread(
        lambda: (wanted.read(folder), nodes.every(folder), read_json(folder.trouble))
    )
    if wish is None or wish.state is not State.RUNNING:
        return None
    if trouble is not None or not known:
        return Health(nodes={}, trouble=str(trouble["reason"]) if trouble else "")
    url, inside = components.server_url(wish.ports), inside_of(folder)
    real = wish.nodes is wanted.Nodes.REAL
    try:
        listed = await inside.read(url, f"{nodes.NODES}?{_LISTED}")
        served = await inside.read(url, dns.DEPLOYMENT) if real and _has_dns(wish) else None
    except Unavailable:
        return None
    found = {one["metadata"]["name"]: one for one in (listed or {}).get("items", ())}
    complaints = await in_thread(_complaints, folder, wish, known)
    health = {
        uid: complaints[uid] or _unready(found.get(each["address"]))
        for uid, each in known.items()
        if not each["leaving"]
    }
    # With no node of its own to run on, DNS has nothing to be judged by.
    judged = real and _has_dns(wish) and health and _had_time(served, found.values())
    return Health(nodes=health, addons={dns.ADDON: _workload(served)} if judged else {})


def _has_dns(wish: Wanted) -> bool:
    return dns.PROGRAM in wish.programs.paths


def _complaints(
    folder: Folder, wish: Wanted, known: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """What is wrong with the programs of each node."""
    if wish.nodes is wanted.Nodes.SIMULATED:
        plays = processes.is_at_work(processes.read(folder.record(components.KWOK)))
        said = "" if plays else f"{components.KWOK}, which plays the kubelets, does not run."
        return dict.fromkeys(known, said)
    return {uid: _complaint(nodefiles.folder_of(folder, uid)) for uid in known}


def _complaint(home: NodeFolder) -> str:
    known = {name: processes.read(home.record(name)) for name in nodeprograms.ORDER}
    idle = [name for name, one in known.items() if not processes.is_at_work(one)]
    trouble = read_json(home.trouble) if idle else None
    if trouble is not None:
        return str(trouble["reason"])
    return f"On the node these do not run: {', '.join(idle)}." if idle else ""


def _unready(found: Mapping[str, Any] | None) -> str:
    """Why Kubernetes does not call a node ready; empty where it does."""
    if found is None:
        return "Kubernetes does not know the node."
    ready = _condition(found, "Ready")
    if ready.get("status") == "True":
        return ""
    return f"Kubernetes calls the node not ready: {ready.get('message') or 'no kubelet has told.'}"


def _had_time(served: Mapping[str, Any] | None, found: Any) -> bool:
    """Whether pods of DNS have had the time to start, wherever they can."""
    moments = [_condition(each, "Ready") for each in found]
    moments += [_condition(served, "Available"), _condition(served, "Progressing")]
    since = max((_seconds(each.get("lastTransitionTime")) for each in moments), default=0.0)
    return time.time() - since > STARTING_SECONDS or _workload(served).ready > 0


def _workload(served: Mapping[str, Any] | None) -> Workload:
    if served is None:
        return Workload(wanted=1, ready=0, reason=f"There is no Deployment {dns.NAME}.")
    count = served.get("spec", {}).get("replicas", 1)
    ready = served.get("status", {}).get("availableReplicas", 0)
    if count == 0:
        return Workload(wanted=1, ready=0, reason=f"{dns.NAME} is scaled to no pod.")
    said = f"{ready} of {count} pods of {dns.NAME} are available."
    return Workload(wanted=count, ready=ready, reason="" if ready >= count else said)


def _condition(found: Mapping[str, Any] | None, kind: str) -> Mapping[str, Any]:
    conditions = (found or {}).get("status", {}).get("conditions", ())
    return next((each for each in conditions if each["type"] == kind), {})


def _seconds(moment: str | None) -> float:
    return datetime.fromisoformat(moment).timestamp() if moment else 0.0
