"""Releases of real clusters: installed by Helm, whose records in the cluster tell what is there.

Helm marks a release as pending while it works. When it is killed, with its process or with its
host, the mark stays, and Helm refuses to go on: so what is pending when nobody works is forgotten.
Jobs of a cluster run one at a time, and each kills the Helm it began.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from clusterwright.drivers import causes, helm
from clusterwright.drivers.contract import (
    DriverError,
    Installed,
    Release,
    ReleaseName,
    Unavailable,
)
from clusterwright.drivers.helm import Chart, Ended, Helm
from clusterwright.drivers.local import components, wanted
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.inside import Inside
from clusterwright.drivers.local.wanted import State
from clusterwright.storage import limits
from clusterwright.uninterrupted import in_thread

WAITING_SECONDS = 300
"""How long what a chart makes may take to be ready."""
_ASKING_SECONDS = 30.0
_MOST_CAUSES = 3
_ABSENT = "release: not found"


@dataclass(frozen=True, slots=True)
class _Known:
    """What Helm's newest record of a release says."""

    number: int
    status: str
    description: str
    manifests: str


class LocalReleases:
    """The verbs for releases, by Helm."""

    def __init__(
        self,
        home: Path,
        helm: Helm,
        inside: Callable[[Folder], Inside],
        *,
        waiting_seconds: int = WAITING_SECONDS,
    ) -> None:
        self._home = home
        self._helm = helm
        self._inside = inside
        self._seconds = waiting_seconds

    async def ensure(self, release: Release) -> None:
        """Install, upgrade or roll back, and wait until everything is ready.

        Raises DriverError with the reason of Helm and what the cluster says of the objects.
        """
        named = release.named
        known = await self._settled(named)
        mark = _mark(release)
        if known is not None and known.status == "deployed" and known.description == mark:
            return
        hooks = [] if release.hooks else ["--no-hooks"]
        common = [
            f"--namespace={named.namespace}",
            "--wait",
            f"--timeout={self._seconds}s",
            f"--history-max={limits.KEPT_REVISIONS}",
            *hooks,
        ]
        if release.back_to:
            words = ["rollback", named.name, str(release.back_to), *common]
            chart = None
        else:
            chart = Chart(release.archive, release.values)
            words = [
                "upgrade",
                named.name,
                "chart.tgz",
                "--install",
                "--values=values.json",
                "--reset-values",
                "--skip-schema-validation",
                f"--description={mark}",
                *common,
            ]
        ended = await self._run(named, words, chart, seconds=self._seconds + _ASKING_SECONDS)
        if ended.code:
            found = await self._causes(named)
            raise DriverError(" ".join([ended.reason, *found]), causes.RELEASE_FAILED)

    async def observe(self, named: ReleaseName) -> Installed:
        """Tell what Helm's newest record says."""
        known = await self._known(named)
        if known is None:
            return Installed(exists=False)
        return Installed(
            exists=True,
            ready=known.status == "deployed",
            number=known.number,
            manifests=helm.bounded(known.manifests),
        )

    async def delete(self, named: ReleaseName, *, hooks: bool = True) -> None:
        """Uninstall, and wait until everything is gone."""
        folder = Folder(self._home, named.cluster.uid)
        wish = await in_thread(wanted.read, folder)
        if wish is not None and wish.state is not State.GONE:
            await self._uninstall(named, hooks=hooks)

    async def _uninstall(self, named: ReleaseName, *, hooks: bool) -> None:
        words = [
            "uninstall",
            named.name,
            f"--namespace={named.namespace}",
            "--wait",
            f"--timeout={self._seconds}s",
            "--ignore-not-found",
            *([] if hooks else ["--no-hooks"]),
        ]
        ended = await self._run(named, words, seconds=self._seconds + _ASKING_SECONDS)
        if ended.code:
            raise DriverError(ended.reason, causes.RELEASE_FAILED)

    async def _settled(self, named: ReleaseName) -> _Known | None:
        """The newest record that no dead Helm left pending.

        What a first installation has left is removed with its record; what a later one has left is
        made again by the one that follows.
        """
        while (known := await self._known(named)) and known.status.startswith("pending"):
            if known.status == "pending-install":
                await self._uninstall(named, hooks=False)
                continue
            record = f"sh.helm.release.v1.{named.name}.v{known.number}"
            where = f"/api/v1/namespaces/{named.namespace}/secrets/{record}"
            folder, url = await self._place(named)
            await self._inside(folder).remove(url, where)
        return known

    async def _known(self, named: ReleaseName) -> _Known | None:
        words = ["status", named.name, f"--namespace={named.namespace}", "--output=json"]
        ended = await self._run(named, words, seconds=_ASKING_SECONDS)
        if ended.code:
            if _ABSENT in ended.said:
                return None
            raise Unavailable(ended.reason)
        told = json.loads(ended.output)
        info = told.get("info") or {}
        return _Known(
            number=int(told["version"]),
            status=str(info.get("status", "")),
            description=str(info.get("description", "")),
            manifests=str(told.get("manifest", "")),
        )

    async def _run(
        self,
        named: ReleaseName,
        words: Sequence[str],
        chart: Chart | None = None,
        *,
        seconds: float,
    ) -> Ended:
        folder, _ = await self._place(named)
        environment = {"KUBECONFIG": str(folder.pki / "admin.kubeconfig")}
        return await self._helm.run(words, chart, seconds=seconds, environment=environment)

    async def _place(self, named: ReleaseName) -> tuple[Folder, str]:
        """The cluster's folder, and where its API server is. Raises Unavailable."""
        folder = Folder(self._home, named.cluster.uid)
        wish = await in_thread(wanted.read, folder)
        if wish is None or wish.state is not State.RUNNING:
            raise Unavailable(f"The cluster {named.cluster.name} does not run.")
        return folder, components.server_url(wish.ports)

    async def _causes(self, named: ReleaseName) -> list[str]:
        """What the cluster says of pods and of events of the release; at best nothing."""
        folder, url = await self._place(named)
        inside = self._inside(folder)
        place = f"/api/v1/namespaces/{named.namespace}"
        mine = urlencode({"labelSelector": f"app.kubernetes.io/instance={named.name}"})
        warnings = urlencode({"fieldSelector": "type=Warning"})
        try:
            pods = await inside.read(url, f"{place}/pods?{mine}")
            events = await inside.read(url, f"{place}/events?{warnings}")
        except Unavailable:
            return []
        found = [cause for pod in _items(pods) for cause in _of_pod(pod)]
        found += [
            f"{event['involvedObject'].get('kind')} {event['involvedObject'].get('name')}:"
            f" {event.get('reason')}: {event.get('message')}."
            for event in reversed(_items(events))
            if str(event["involvedObject"].get("name", "")).startswith(named.name)
        ]
        return list(dict.fromkeys(cause[:300] for cause in found))[:_MOST_CAUSES]


def _mark(release: Release) -> str:
    """What Helm is told to note beside a revision; going back, it notes this by itself."""
    if release.back_to:
        return f"Rollback to {release.back_to}"
    return f"clusterwright revision {release.revision}"


def _items(found: dict[str, Any] | None) -> list[dict[str, Any]]:
    return list((found or {}).get("items") or ())


def _of_pod(pod: dict[str, Any]) -> list[str]:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    found = [
        f"Pod {name}: {waiting.get('reason')}: {waiting.get('message', '')}"
        for each in status.get("containerStatuses") or ()
        if (waiting := (each.get("state") or {}).get("waiting"))
    ]
    found += [
        f"Pod {name}: {each.get('reason')}: {each.get('message')}"
        for each in status.get("conditions") or ()
        if each.get("type") == "PodScheduled" and each.get("status") == "False"
    ]
    return found
