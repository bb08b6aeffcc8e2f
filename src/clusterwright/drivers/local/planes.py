"""What this process holds of the clusters of a folder: a plane for each, and connections."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from clusterwright.drivers.local.folder import Folder, clusters
from clusterwright.drivers.local.inside import Inside
from clusterwright.drivers.local.plane import Plane
from clusterwright.drivers.local.spares import Spares
from clusterwright.uninterrupted import in_thread

log = logging.getLogger(__name__)

SCAN_PERIOD = 2.0
"""Seconds until a cluster that another process began is known to this one."""


class Planes:
    """Every cluster of the folder that is wanted, and every spare, has a plane here."""

    def __init__(self, home: Path, plane: Callable[[Folder], Plane], spares: Spares) -> None:
        """``plane`` makes one that does not run yet."""
        self._home = home
        self._plane = plane
        self._spares = spares
        self._planes: dict[Path, Plane] = {}
        self._tasks: dict[Path, asyncio.Task[None]] = {}
        self._insides: dict[str, Inside] = {}
        self._scan: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Take over every cluster of the folder that nobody else supervises, and every spare."""
        await self._about_spares(self._spares.open)
        await self._supervise_all()
        self._scan = asyncio.create_task(self._scan_forever(), name="local scan")

    async def close(self) -> None:
        """Let go of the clusters, which go on running."""
        tasks = [*self._tasks.values(), *([self._scan] if self._scan else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for inside in self._insides.values():
            await inside.close()
        self._insides.clear()

    def supervise(self, folder: Folder) -> None:
        """Have a plane for the cluster, awake."""
        task = self._tasks.get(folder.path)
        if task is None or task.done():
            self._planes[folder.path] = plane = self._plane(folder)
            self._tasks[folder.path] = asyncio.create_task(plane.run(), name=f"plane {folder.uid}")
        self.wake(folder)

    def wake(self, folder: Folder) -> None:
        """Let the cluster's plane look at once at what is wanted."""
        if plane := self._planes.get(folder.path):
            plane.called(folder.uid)
            plane.wake()

    def news(self, folder: Folder) -> asyncio.Event | None:
        """What is set when there is more to tell of the control plane; None without a plane."""
        plane = self._planes.get(folder.path)
        return plane.news if plane is not None else None

    def inside(self, folder: Folder) -> Inside:
        """The connection to the cluster."""
        return self._insides.setdefault(folder.uid, Inside(folder))

    async def leave(self, uid: str) -> None:
        """Close the connection to a cluster."""
        if inside := self._insides.pop(uid, None):
            await inside.close()

    async def _scan_forever(self) -> None:
        while True:
            await asyncio.sleep(SCAN_PERIOD)
            try:
                await self._supervise_all()
            except (OSError, ValueError) as error:
                log.warning("looking for clusters failed", extra={"reason": str(error)})

    async def _about_spares(self, work: Callable[[], None]) -> None:
        """Do something about spares, of which nothing else may fail."""
        try:
            await in_thread(work)
        except (OSError, ValueError) as error:
            log.warning("looking after spares failed", extra={"reason": str(error)})

    async def _supervise_all(self) -> None:
        busy = any(plane.is_starting for plane in self._planes.values())
        await self._about_spares(lambda: self._spares.keep(busy=busy))
        folders = await in_thread(clusters, self._home)
        for folder in folders:
            if folder.path not in self._tasks or self._tasks[folder.path].done():
                self.supervise(folder)
        for path in [path for path, task in self._tasks.items() if task.done()]:
            del self._tasks[path], self._planes[path]
        # Those that another process has deleted too.
        for uid in self._insides.keys() - {folder.uid for folder in folders}:
            await self.leave(uid)
