"""The driver ``local``: verbs over folders. What they ask for, a plane per cluster keeps running.

A verb writes down what is wanted and returns; a plane, in this process or in another one on the
same folder, makes it so. The programs outlive every process of ours.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from clusterwright import clock
from clusterwright.drivers import causes
from clusterwright.drivers.contract import (
    Cluster,
    ControlPlane,
    DriverError,
    Health,
    Kubeconfig,
    Machine,
    Node,
    Unavailable,
)
from clusterwright.drivers.helm import Helm
from clusterwright.drivers.local import (
    access,
    components,
    health,
    nodeoptions,
    nodes,
    pki,
    processes,
    reals,
    wanted,
)
from clusterwright.drivers.local.accounts import LocalAccounts
from clusterwright.drivers.local.beginning import begin
from clusterwright.drivers.local.binaries import CONTROL_PLANE, REAL_NODES, SIMULATED_NODES
from clusterwright.drivers.local.charts import LocalReleases
from clusterwright.drivers.local.components import Programs
from clusterwright.drivers.local.folder import Folder, read_json
from clusterwright.drivers.local.plane import Plane
from clusterwright.drivers.local.planes import Planes
from clusterwright.drivers.local.spares import Ahead, Spares
from clusterwright.drivers.local.wanted import State, Wanted
from clusterwright.uninterrupted import in_thread

log = logging.getLogger(__name__)

T = TypeVar("T")

NEWS_SECONDS = 0.5
"""How long an observation waits for what is about to happen."""
_PAUSE = 0.05
"""Seconds between two looks whether a control plane has stopped, which another process may do."""


class LocalDriver:
    """A Driver whose clusters are processes of this host. Opened before any verb."""

    serves_kubernetes = True

    def __init__(
        self,
        home: Path,
        find: Callable[[str], Programs],
        *,
        kind: wanted.Nodes = wanted.Nodes.SIMULATED,
        uplinks: bool = True,
        ahead: Ahead = Ahead(),  # noqa: B008  # a value
        starts: int = os.cpu_count() or 1,
        clock: Callable[[], int] = clock.now,
        helm: Helm | None = None,
    ) -> None:
        self._home = home.absolute()
        self._find = find
        self._kind = kind
        self._clock = clock
        self._spares = Spares(self._home, find, kind=kind, ahead=ahead, clock=clock)
        plane = partial(Plane, find=find, starts=asyncio.Semaphore(starts), uplinks=uplinks)
        self._planes = Planes(self._home, plane, self._spares)
        inside = self._planes.inside
        self.releases = LocalReleases(self._home, helm or Helm(lambda: None), inside)
        self.accounts = LocalAccounts(self._home, inside)

    async def __aenter__(self) -> Self:
        """Take over every cluster of the folder that nobody else supervises, and every spare."""
        await self._planes.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the clusters, which go on running."""
        await self._planes.close()

    async def versions(self, among: Sequence[str]) -> Sequence[str]:
        """Those that programs of this host can run, as themselves or by acting as older ones."""

        def can_run(version: str) -> bool:
            try:
                self._find(version)
            except DriverError:
                return False
            return True

        return await in_thread(lambda: tuple(filter(can_run, among)))

    async def health(self) -> Mapping[str, Health]:
        """Those of clusters that have nodes, and whose API servers answer."""
        return await health.every(self._home, self._planes.inside)

    async def ensure_credentials(self, cluster: Cluster) -> None:
        """Write the generation asked for. A control plane that runs reads it at once."""

        def write() -> None:
            with self._changing(cluster) as folder:
                pki.ensure(folder, cluster, now=self._clock())

        await _on_host(write)

    async def ensure_control_plane(self, cluster: Cluster) -> None:
        """Write down what is wanted. Raises DriverError for what no program here can run."""

        def write() -> None:
            found = self._find(cluster.version)
            with self._changing(cluster) as folder:
                begin(self._home, folder, cluster, found, kind=self._kind, now=self._clock())

        await _on_host(write)
        self._planes.supervise(Folder(self._home, cluster.uid))

    async def observe_control_plane(self, cluster: Cluster) -> ControlPlane:
        """Tell what runs. Raises Unavailable, with the reason, while something prevents it.

        Where a component has ended again and again, it raises DriverError. While a control plane
        starts, it waits a moment for news: whoever looks now and then would learn of it late.
        """
        folder = Folder(self._home, cluster.uid)
        news = self._planes.news(folder)
        seen = await self._look(folder, cluster)
        if seen.endpoint and not seen.ready and news is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NEWS_SECONDS):
                    await news.wait()
            seen = await self._look(folder, cluster)
        return seen

    async def _look(self, folder: Folder, cluster: Cluster) -> ControlPlane:
        wish = await _on_host(lambda: wanted.read(folder))
        if wish is None:  # what is wanted goes first, and then the folder that held it
            return ControlPlane(exists=folder.exists)
        if wish.state is State.GONE:
            return ControlPlane(exists=True)
        url = components.server_url(wish.ports)
        records = [folder.record(name) for name in CONTROL_PLANE]
        alive = all(await in_thread(processes.are_alive, records))
        inside = self._planes.inside(folder)
        if wish.state is State.STOPPED or not alive or not await inside.is_ready(url):
            await self._refuse_in_trouble(folder, wish)
            return ControlPlane(exists=True, endpoint=url)
        try:
            version = await inside.version(url)
        except Unavailable:
            return ControlPlane(exists=True, endpoint=url)
        settled = await in_thread(read_json, folder.settled)
        if settled is None or settled["revision"] != wish.revision:
            await self._refuse_in_trouble(folder, wish)
            return ControlPlane(exists=True, endpoint=url, version=version)
        return ControlPlane(
            exists=True,
            ready=True,
            endpoint=url,
            masters=cluster.masters,
            version=version,
            nodes_follow=settled.get("nodes_follow", True),  # an older server wrote none
        )

    async def _refuse_in_trouble(self, folder: Folder, wish: Wanted) -> None:
        trouble = await in_thread(read_json, folder.trouble)
        if trouble is not None and wish.state is State.RUNNING:
            if trouble.get("hopeless", False):
                raise DriverError(trouble["reason"], causes.COMPONENT_FAILING)
            raise Unavailable(trouble["reason"])

    async def stop_control_plane(self, cluster: Cluster) -> None:
        """Stop the processes and keep the folder. Nodes of kwok stand still as well."""
        folder = Folder(self._home, cluster.uid)

        def write() -> bool:
            if wanted.read(folder) is None:
                return False
            with folder.changing():
                found = wanted.read(folder)
                if found is not None and found.state is State.RUNNING:
                    wanted.write(folder, replace(found, state=State.STOPPED))
            return True

        def lives() -> bool:
            return any(processes.are_alive(folder.records()))

        if await _on_host(write):
            self._planes.supervise(folder)
            while await in_thread(lives):  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(_PAUSE)

    async def delete_cluster(self, cluster: Cluster) -> None:
        """Write down that the cluster should go; its plane ends the processes, then the folder."""
        folder = Folder(self._home, cluster.uid)

        def write() -> bool:
            if not folder.exists:
                return False
            with folder.changing():
                found = wanted.read(folder)
                if found is None or found.state is not State.GONE:
                    known = found or Wanted(State.GONE, None, {})
                    wanted.write(folder, replace(known, state=State.GONE))
            return True

        if await _on_host(write):
            self._planes.supervise(folder)
        await self._planes.leave(cluster.uid)

    async def ensure_node(self, node: Node) -> None:
        """Write down that the node is wanted, in a cluster that exists."""
        folder = Folder(self._home, node.cluster.uid)

        def write() -> None:
            found = wanted.read(folder)
            if found is None or found.state is State.GONE:
                raise DriverError(f"The cluster {node.cluster.name} does not exist.", causes.GONE)
            nodeoptions.check(node.options)
            programs = self._find(node.cluster.version)
            for name in REAL_NODES if found.nodes is wanted.Nodes.REAL else SIMULATED_NODES:
                programs.path(name)
            with folder.changing():
                nodes.promise(folder, node)

        await _on_host(write)
        self._planes.supervise(folder)

    async def observe_node(self, node: Node) -> Machine:
        """Tell how far the node is. Its server's id and address are known from the start."""
        folder = Folder(self._home, node.cluster.uid)
        known = await _on_host(lambda: nodes.find(folder, node.uid))
        wish = await _on_host(lambda: wanted.read(folder))
        if known is None or wish is None:
            return Machine(exists=False)
        found = None
        if wish.state is State.RUNNING and not known["leaving"]:
            with contextlib.suppress(Unavailable):
                url = components.server_url(wish.ports)
                found = await self._planes.inside(folder).node(url, known["address"])
        created = found is not None
        real = wish.nodes is wanted.Nodes.REAL
        held = await in_thread(reals.in_force, folder, node.uid) if real else known
        if created and real:
            created = await in_thread(reals.runs, folder, node.uid)
            if not created and (said := await in_thread(reals.trouble, folder, node.uid)):
                raise Unavailable(said)
        return Machine(
            exists=True,
            created=created,
            ready=created and found is not None and nodes.is_ready(found),
            configured=nodes.as_asked(held, node) and (real or nodes.bears(found, node.max_pods)),
            server_id=known["server_id"],
            private_ip=known["address"],
        )

    async def delete_node(self, node: Node) -> None:
        """Write down that the node should leave; its pods are evicted first, for a while."""
        folder = Folder(self._home, node.cluster.uid)

        def write() -> None:
            if nodes.find(folder, node.uid) is not None:
                with folder.changing():
                    nodes.release(folder, node.uid)

        await _on_host(write)
        self._planes.wake(folder)

    async def kubeconfig(
        self, cluster: Cluster, *, user: str, lifetime_seconds: int, generation: int = 0
    ) -> Kubeconfig:
        """Credentials for ``user`` in the group that this driver binds.

        Raises Unavailable while the cluster has no certificates or no control plane.
        """
        folder = Folder(self._home, cluster.uid)

        def write() -> access.Granted:
            return access.grant(
                folder,
                cluster,
                user=user,
                lifetime_seconds=lifetime_seconds,
                generation=generation,
                now=self._clock(),
            )

        granted = await _on_host(write)
        if granted.is_new:
            inside = self._planes.inside(folder)
            await access.until(folder, inside, granted.url, granted.pair, taken=True)
        return granted.kubeconfig

    async def revoke(self, cluster: Cluster, *, user: str, generation: int) -> None:
        """Replace the authority of the user; the API server reads at once that it has gone."""
        folder = Folder(self._home, cluster.uid)
        url, ended = await _on_host(
            lambda: access.end(folder, user=user, generation=generation, now=self._clock())
        )
        for pair in ended:
            await access.until(folder, self._planes.inside(folder), url, pair, taken=False)

    @contextlib.contextmanager
    def _changing(self, cluster: Cluster) -> Iterator[Folder]:
        """The cluster's folder, made and held. Raises Unavailable while it is being removed.

        Where a spare runs just as the cluster should, the folder is the spare's.
        """
        folder = self._spares.take(cluster)
        with folder.changing():
            found = wanted.read(folder)
            if found is not None and found.state is State.GONE:
                raise Unavailable(f"The cluster {cluster.name} is still being removed.")
            yield folder


async def _on_host(work: Callable[[], T]) -> T:
    """Do what blocks beside the loop, to its end. Raises Unavailable where the host refuses it."""
    try:
        return await in_thread(work)
    except OSError as error:
        raise Unavailable(f"The host refuses: {error}. Make room, or give the right.") from error
