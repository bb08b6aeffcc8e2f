"""Keeps the processes of one cluster as they are wanted, for as long as this process supervises it.

What runs is always found by its records, never remembered: a plane that begins on a folder where
everything runs adopts it, and one that begins after a reboot starts it all again.
"""

import asyncio
import contextlib
import logging
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from clusterwright.drivers.contract import DriverError, Unavailable
from clusterwright.drivers.local import components, dns, host, memory, nodes, ports, wanted
from clusterwright.drivers.local.binaries import CONTROL_PLANE, REAL_NODES, SIMULATED_NODES
from clusterwright.drivers.local.components import APISERVER, Programs
from clusterwright.drivers.local.fakes import Fakes
from clusterwright.drivers.local.folder import Folder, Lock, write_json
from clusterwright.drivers.local.inside import Inside
from clusterwright.drivers.local.nodes import Nodes
from clusterwright.drivers.local.reals import Reals
from clusterwright.drivers.local.spaces import Network
from clusterwright.drivers.local.upkeep import Command, Upkeep
from clusterwright.drivers.local.volumes import Volumes
from clusterwright.drivers.local.wanted import State, Wanted
from clusterwright.uninterrupted import in_thread, uninterrupted

log = logging.getLogger(__name__)

PERIOD = 0.5
"""Seconds between two looks at what is wanted and what runs, where nothing happens before."""
POLL = 0.03
"""The same while the control plane starts."""
_QUEUE = 0.1
"""The same while others start."""
STARTING_SECONDS = 60.0
"""How long one start may keep others waiting."""
LEAST_MEMORY = host.CONTROL_PLANE_MEMORY
LEAST_DISK = 300
"""MiB that must be free before a control plane is started."""
_ADVICE = " If its state is damaged, go back to a snapshot: clusterwright cluster restore"

_MIB = 1024 * 1024


class Gone(Exception):
    """There is nothing left to supervise."""


class Plane:
    """The supervision of one cluster. ``run`` ends when the cluster is gone."""

    def __init__(
        self,
        folder: Folder,
        *,
        find: Callable[[str], Programs],
        starts: asyncio.Semaphore,
        uplinks: bool = True,
    ) -> None:
        self._folder = folder
        self._find = find
        self._starts = starts
        self._inside = Inside(folder)
        self._awake = asyncio.Event()
        self._upkeep = Upkeep(folder, order=components.STOPPING_ORDER, wake=self.wake)
        self._reals = Reals(folder, wake=self.wake, uplink=uplinks)
        self._nodes = {
            wanted.Nodes.SIMULATED: Nodes(folder, Fakes()),
            wanted.Nodes.REAL: Nodes(folder, self._reals),
        }
        self._volumes = Volumes(folder)
        self._ports = ports.Kept()
        self._trouble: str | None = None
        """What is told; None before anything is, whatever an earlier process has told."""
        self._nodes_follow = False
        self.news = asyncio.Event()
        """Set, and another one in its place, when there is more to tell of the control plane."""
        self.is_starting = False
        """Whether an API server was started a moment ago, which takes all that a core can."""

    def called(self, uid: str) -> None:
        """Be called by another name in the log: a spare has become a cluster."""
        self._folder.uid = uid

    def wake(self) -> None:
        """Look at once at what is wanted now."""
        self._awake.set()

    async def run(self) -> None:
        """Supervise until the cluster is gone; while another process does so, wait for its end."""
        try:
            while await in_thread(self._folder.wanted.exists):
                lock = await uninterrupted(in_thread(self._folder.supervising), _let_go)
                if lock is None:
                    await self._sleep(PERIOD)
                    continue
                try:
                    await self._supervise()
                except Gone:
                    log.info("ceasing to supervise", extra={"cluster": self._folder.uid})
                finally:
                    lock.release()
        finally:
            self._ports.close()
            self._upkeep.close()
            await self._inside.close()

    async def _supervise(self) -> None:
        try:
            while True:
                self._awake.clear()
                await self._sleep(await self._look())
        finally:
            await self._reals.close()

    async def _look(self) -> float:
        """Look once at what is wanted and what runs. Returns when to look again. Raises Gone."""
        try:
            return await self._reconcile()
        except Gone:
            raise
        except (DriverError, Unavailable) as error:
            await self._tell(str(error))
        except OSError as error:
            await self._tell(f"The host refuses: {error}. Make room or give the right, please.")
        except Exception:
            log.exception("failing to supervise", extra={"cluster": self._folder.uid})
            return 2.0
        return PERIOD

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        self._awake.clear()

    async def _reconcile(self) -> float:
        """Bring what runs one step nearer to what is wanted. Returns when to look again."""
        wish = await in_thread(wanted.read, self._folder)
        if wish is None:
            raise Gone
        self._ports.keep(wish.ports.values())
        if wish.state is State.RUNNING:
            return await self._run(wish)
        await self._upkeep.stop(path.stem for path in self._folder.records())
        await self._inside.close()
        await self._tell("")
        self._upkeep.forget()
        real = wish.nodes is wanted.Nodes.REAL
        if wish.state is State.GONE:
            log.info("removing a cluster", extra={"cluster": self._folder.uid})
            if real:
                await self._reals.remove()
            await in_thread(self._remove)
            raise Gone
        if real:
            await self._hold_nodes(wish)
        return PERIOD

    def _remove(self) -> None:
        with self._folder.changing():
            self._folder.remove()

    async def _run(self, wish: Wanted) -> float:
        assert wish.cluster is not None
        programs = await self._programs(wish, CONTROL_PLANE)
        network = await self._network(wish)
        commands = components.control_plane(
            wish.cluster, self._folder, wish.ports, programs, network
        )
        if not await self._start(wish, commands):
            return _QUEUE
        held = network is None or await self._hold_nodes(wish)
        if not await self._inside.is_ready(components.server_url(wish.ports)):
            return POLL if not self._trouble else PERIOD
        with_dns = network is not None and dns.PROGRAM in programs.paths
        resolvers = await self._reals.resolvers() if network is not None else ()
        if await self._inside.prepare(wish, with_dns=with_dns, resolvers=resolvers):
            has_nodes = await in_thread(self._has_nodes)
            await self._settle(wish, nodes_follow=network is None or not has_nodes)
        else:
            return POLL
        if has_nodes:
            if network is None:
                programs = await self._programs(wish, SIMULATED_NODES)
                kwok = components.kwok(wish.cluster, self._folder, wish.ports, programs)
                await self._bring_up([kwok])
            pause = await self._inside.keep_nodes(wish, self._nodes[wish.nodes])
            await self._inside.keep_volumes(wish, self._volumes)
            if network is not None and held and await self._renew_nodes(wish):
                await self._settle(wish, nodes_follow=True)
            return pause if held else min(pause, nodes.BUSY)
        return PERIOD

    async def _network(self, wish: Wanted) -> Network | None:
        """The network of real nodes, made if need be; None where no node is real."""
        if wish.nodes is not wanted.Nodes.REAL:
            return None
        network = self._reals.network
        if not await in_thread(lambda: network.router.is_made):
            # What speaks for a network that is not there any more would not speak for the new one.
            await self._upkeep.stop([components.GATEWAY])
            await in_thread(network.ensure)
        await self._reals.join_host()
        return network

    async def _hold_nodes(self, wish: Wanted) -> bool:
        """Keep real nodes running, whether or not the API server does. Returns whether all do."""
        if not await in_thread(self._has_nodes):
            return True
        await self._network(wish)
        return await self._reals.hold(wish, await self._programs(wish, REAL_NODES))

    async def _renew_nodes(self, wish: Wanted) -> bool:
        """Let nodes follow a control plane that has other programs, one after the other.

        It comes first, so no kubelet is ever newer than its API server. Returns whether all have.
        """
        url = components.server_url(wish.ports)
        programs = await self._programs(wish, REAL_NODES)
        return await self._reals.renew(programs, partial(self._inside.is_well, url))

    async def _programs(self, wish: Wanted, names: Iterable[str]) -> Programs:
        """The programs that the cluster was begun with, or others where those are gone."""
        assert wish.cluster is not None
        if await in_thread(wish.programs.is_there, names):
            return wish.programs
        return await in_thread(self._find, wish.cluster.version)

    def _has_nodes(self) -> bool:
        return any(self._folder.nodes.glob("*.json"))

    async def _settle(self, wish: Wanted, *, nodes_follow: bool) -> None:
        """Tell that what is wanted is there, and whether its nodes have what belongs to it."""
        if self._inside.settled != wish.revision or nodes_follow > self._nodes_follow:
            told = {"revision": wish.revision, "nodes_follow": nodes_follow}
            await in_thread(write_json, self._folder.settled, told)
            self._inside.settled, self._nodes_follow = wish.revision, nodes_follow
            self._tell_news()
        await self._tell("")

    async def _start(self, wish: Wanted, commands: list[Command]) -> bool:
        """Bring the control plane up. Returns False while as many as may be start elsewhere."""
        if await self._upkeep.runs(next(c for c in commands if c.name == APISERVER)):
            await self._bring_up(commands)
            return True
        if self._starts.locked():
            # Whoever waits here looks at what is wanted again and again: it may have changed.
            return False
        url = components.server_url(wish.ports)
        async with self._starts:
            self.is_starting = True
            try:
                # Whoever asks the API server begins when it answers: before, they only take its
                # processor time, a tenth of a start on two cores, and then wait for a clock.
                base = [command for command in commands if command.name not in components.ASKING]
                if APISERVER in await self._bring_up(base):
                    await self._wait_until(partial(self._inside.answers, url))
                    await self._bring_up(commands)
                    await self._wait_until(partial(self._inside.is_ready, url))
            finally:
                self.is_starting = False
        return True

    def _tell_news(self) -> None:
        told, self.news = self.news, asyncio.Event()
        told.set()

    async def _wait_until(self, done: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + STARTING_SECONDS
        while time.monotonic() < deadline and not await done():
            # A process that ended, and a new wish, wake us.
            await asyncio.sleep(POLL)
            if self._awake.is_set():
                return

    async def _bring_up(self, commands: list[Command]) -> list[str]:
        """Start what does not run as it should. Returns what was started."""
        started = await self._upkeep.bring_up(commands, self._prepare)
        if complaint := await self._upkeep.complaint(commands):
            advice = _ADVICE if complaint.startswith("etcd ") else ""
            hopeless = await self._upkeep.is_hopeless(commands)
            await self._tell(complaint + advice, hopeless=hopeless)
        return started

    def _prepare(self, due: Sequence[Command]) -> None:
        """Raises Unavailable where a start could not succeed."""
        self._folder.keep_state()
        for command in due:
            for port in command.ports:
                if ports.is_taken(port):
                    raise Unavailable(
                        f"Port {port} of {command.name} is taken by another program. End that:"
                        " the cluster's kubeconfigs name the port, so it cannot be another one."
                    )
            free = memory.free() if command.name == APISERVER else None
            if free is not None and free < LEAST_MEMORY:
                raise Unavailable(
                    f"Only {free} MiB of memory are free; a control plane needs {LEAST_MEMORY}."
                    " Hibernate or delete another cluster."
                )
        room = shutil.disk_usage(self._folder.path).free // _MIB
        if room < LEAST_DISK:
            raise Unavailable(
                f"Only {room} MiB are free for {self._folder.path}; a control plane needs"
                f" {LEAST_DISK}. Make room."
            )

    async def _tell(self, trouble: str, *, hopeless: bool = False) -> None:
        """Let users know what keeps the control plane from being ready; nothing does, if empty."""
        if trouble == self._trouble and (not trouble or self._folder.trouble.exists()):
            return
        self._trouble = trouble
        if trouble:
            log.warning("meeting a trouble", extra={"cluster": self._folder.uid, "reason": trouble})
            told = {"reason": trouble, "hopeless": hopeless}
            with contextlib.suppress(OSError):  # a full disk is a trouble too
                await in_thread(write_json, self._folder.trouble, told)
            self._tell_news()
        else:
            self._folder.trouble.unlink(missing_ok=True)


async def _let_go(lock: Lock | None) -> None:
    if lock is not None:
        lock.release()
