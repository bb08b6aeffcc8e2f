"""Nodes that are machines, as far as Kubernetes can tell: each with a kubelet that runs containers.

A node has namespaces, a control group and a folder. Its programs outlive this process, and are
found again by their records. The object in Kubernetes is made here, with all that was asked for,
and the kubelet keeps it; so a node can do no more to the API than a node may.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from clusterwright import clock
from clusterwright.drivers.contract import Cluster, DriverError
from clusterwright.drivers.local import (
    archives,
    cgroups,
    components,
    dns,
    host,
    images,
    nodefiles,
    nodeprograms,
    nodes,
    pause,
    pki,
    processes,
    uplinks,
)
from clusterwright.drivers.local.components import Programs
from clusterwright.drivers.local.folder import Folder, read_json, write_json
from clusterwright.drivers.local.nodefiles import NodeFolder
from clusterwright.drivers.local.nodeprograms import CONTAINERD
from clusterwright.drivers.local.spaces import ROUTER, Network
from clusterwright.drivers.local.upkeep import Upkeep
from clusterwright.drivers.local.wanted import Wanted
from clusterwright.uninterrupted import in_thread

log = logging.getLogger(__name__)

IsWell = Callable[[str, float], Awaitable[bool]]
"""Whether a node, by its address, is ready and was heard of since a moment."""

REACHED = "clusterwright.io/reached-at"
"""The annotation of a node that tells by which address this host reaches it."""


def runs(folder: Folder, uid: str) -> bool:
    """Whether a node's programs run."""
    home = nodefiles.folder_of(folder, uid)
    return all(processes.is_at_work(processes.read(home.record(n))) for n in nodeprograms.ORDER)


def in_force(folder: Folder, uid: str) -> Mapping[str, Any] | None:
    """What a node's programs were last started for; None before that."""
    found: dict[str, Any] | None = read_json(nodefiles.folder_of(folder, uid).in_force)
    return found


def trouble(folder: Folder, uid: str) -> str:
    """What keeps a node from running; empty where nothing does."""
    found = read_json(nodefiles.folder_of(folder, uid).trouble)
    return str(found["reason"]) if found else ""


class Reals:
    """The real nodes of one cluster. ``wake`` is called when a program of theirs ends."""

    def __init__(self, folder: Folder, *, wake: Callable[[], None], uplink: bool) -> None:
        self._folder = folder
        self._wake = wake
        self._uplink = uplink
        self._ones: dict[str, _One] = {}
        self.network = Network(folder.path)

    async def close(self) -> None:
        """Let go of the nodes, which go on running."""
        for one in self._ones.values():
            await one.close()
        self._ones.clear()

    async def join_host(self) -> None:
        """Join the network, which must be there, with this host's, unless that is not wanted."""
        if not self._uplink or self.network.uplink.exists():
            return
        try:
            await in_thread(uplinks.ensure, self.network)
        except OSError as error:
            # The cluster works without it, so once is enough until this process ends.
            self._uplink = False
            with suppress(OSError):
                await in_thread(uplinks.remove, self.network)
            facts = {"cluster": self._folder.uid, "reason": str(error)}
            log.warning("leaving a cluster without a way out", extra=facts)

    async def resolvers(self) -> Sequence[str]:
        """Whom pods may ask for names of the world; nobody where there is no way out."""
        return await in_thread(host.resolvers) if self.network.uplink.exists() else ()

    async def hold(self, wish: Wanted, programs: Programs) -> bool:
        """Keep the programs of every node running. Returns whether all do."""
        assert wish.cluster is not None
        known = await in_thread(nodes.every, self._folder)
        given = await in_thread(self._archives, programs) if known else []
        for uid in known:
            if uid not in self._ones:
                home = nodefiles.folder_of(self._folder, uid)
                self._ones[uid] = _One(self._folder, home, self.network, self._wake)
        # A group, unlike `gather`, has ended when all of them have.
        async with asyncio.TaskGroup() as group:
            held = [
                group.create_task(self._ones[uid].hold(wish, each, programs, given))
                for uid, each in known.items()
            ]
        return all(task.result() for task in held)

    async def renew(self, programs: Programs, is_well: IsWell) -> bool:
        """Let the next node go over to these programs. Returns whether all have, and are well.

        One at a time: none does before those that have gone over are heard of again.
        """
        known = await in_thread(nodes.every, self._folder)
        staying = {uid: each for uid, each in known.items() if not each["leaving"]}
        homes = {uid: nodefiles.folder_of(self._folder, uid) for uid in staying}
        since = await in_thread(lambda: {uid: home.since(programs) for uid, home in homes.items()})
        for uid, moment in since.items():
            one = self._ones.get(uid)
            if one is None:
                return False  # not held yet
            if moment is None or one.heard_of == moment:
                continue
            if not await is_well(staying[uid]["address"], moment):
                return False
            one.heard_of = moment
        late = next((uid for uid, moment in since.items() if moment is None), None)
        if late is None:
            return True
        log.info("renewing the programs of a node", extra={"node": late})
        await in_thread(homes[late].pin, programs)
        return False

    def _archives(self, programs: Programs) -> list[Path]:
        """The images that every node has, made where they are missing."""
        home = self._folder.path / archives.FOLDER
        home.mkdir(mode=0o700, exist_ok=True)
        made = home / "pause.tar"
        if not made.exists():
            images.write(made, images.PAUSE, {"bin/pause": pause.executable()}, ["/bin/pause"])
        served = home / "coredns.tar"
        if not served.exists() and dns.PROGRAM in programs.paths:
            program = {"bin/coredns": programs.path(dns.PROGRAM)}
            images.write(served, images.COREDNS, program, ["/bin/coredns"])
        others = self._folder.home / archives.FOLDER
        return sorted([*home.glob("*.tar"), *others.glob("*.tar")])

    def document(self, known: Mapping[str, Any], cluster: Cluster) -> dict[str, Any]:
        """A Node object that its kubelet completes."""
        return nodes.document(known, kubelet="real")

    def status(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Nothing: its kubelet tells."""
        return {}

    def annotations(self, uid: str) -> dict[str, str]:
        """Where this host reaches the node, and its NodePorts."""
        found = uplinks.of_node(self.network, uid)
        return {REACHED: found} if found else {}

    async def settle(self, uid: str, known: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
        """Give the node the addresses of its pods, once Kubernetes has chosen them."""
        pods = found.get("spec", {}).get("podCIDR", "")
        home = nodefiles.folder_of(self._folder, uid)
        if not pods or not self.network.node(uid).is_made:
            return False

        def write() -> None:
            if nodefiles.pods_behind(home) != pods:
                nodefiles.write_network(home, pods)
            self.network.route_pods(uid, known["address"], pods)
            uplinks.ensure_node(self.network, uid, known["address"])

        await in_thread(write)
        return True

    async def clear(self, uid: str) -> None:
        """Remove everything of a node: processes, namespaces, group and folder."""
        one = self._ones.pop(uid, None)
        if one is not None:
            await one.close()

        def remove() -> None:
            cgroups.remove(nodefiles.group_of(self.network, uid))
            uplinks.remove_node(self.network, uid)
            self.network.remove_node(uid)
            shutil.rmtree(nodefiles.folder_of(self._folder, uid).path, ignore_errors=True)

        await in_thread(remove)

    async def remove(self) -> None:
        """Remove all nodes, and their network."""
        found = {path.stem for path in self._folder.nodes.glob("*.json")}
        for uid in sorted(found | set(self.network.nodes())):
            await self.clear(uid)
        await in_thread(uplinks.remove, self.network)
        await in_thread(self.network.remove)
        await in_thread(cgroups.remove, self.network.name)


class _One:
    """The programs of one node."""

    def __init__(
        self, folder: Folder, home: NodeFolder, network: Network, wake: Callable[[], None]
    ) -> None:
        self._folder = folder
        self._home = home
        self._network = network
        self._upkeep = Upkeep(home, order=nodeprograms.ORDER, wake=wake)
        self._importing: asyncio.Task[str] | None = None
        self._written: Mapping[str, Any] = {}
        """What the files of the programs were written for."""
        self._in_force: Mapping[str, Any] = {}
        self._answers = False
        self._imported = False
        self._bad = ""
        self._trouble: str | None = None
        self.heard_of: float | None = None
        """When it went over to its programs, once it was well after that."""

    async def close(self) -> None:
        """Let go of the programs. An import that is under way is waited for."""
        self._upkeep.close()
        if self._importing is not None:
            await asyncio.gather(self._importing, return_exceptions=True)

    async def hold(
        self, wish: Wanted, known: Mapping[str, Any], programs: Programs, given: list[Path]
    ) -> bool:
        """Do the next step. Returns whether nothing is left to do."""
        try:
            await in_thread(self._furnish, wish, known)
            mine = await in_thread(self._home.pinned, programs)
            commands = nodeprograms.commands(self._folder, self._home, known, self._network, mine)
            if CONTAINERD in await self._upkeep.bring_up(commands[:1]):
                self._answers = False
            said = await self._upkeep.complaint(commands)
            if await self._takes_requests():
                await self._import(given)
                said = said or self._bad
                if self._imported:
                    await self._upkeep.bring_up(commands[1:])
                    await self._note_in_force()
            await self._tell(said)
        except DriverError as error:
            await self._tell(str(error))
        except OSError as error:
            await self._tell(f"The host refuses: {error}. Run: clusterwright kubernetes check")
        return not self._trouble and self._imported

    def _furnish(self, wish: Wanted, known: Mapping[str, Any]) -> None:
        """Make everything exist that programs need. After a reboot it is made anew."""
        assert wish.cluster is not None
        home, network = self._home, self._network
        if self._written != known:
            home.make()
            server = components.server_url(wish.ports, ROUTER)
            name = known["address"]
            pki.ensure_node(
                self._folder, home.path / "pki", name=name, server=server, now=clock.now()
            )
            nodefiles.write_files(self._folder, home, wish.cluster, known, network)
            self._written = known
        if network.node(home.uid).is_made:
            return
        group = nodefiles.group_of(network, home.uid)
        cgroups.remove(group)  # what ran in namespaces that are not kept any more
        network.ensure_node(
            home.uid, known["address"], kubelet=home.path / "kubelet", log=home.path / "log"
        )
        cgroups.ensure(group)
        if pods := nodefiles.pods_behind(home):
            network.route_pods(home.uid, known["address"], pods)

    async def _note_in_force(self) -> None:
        """Note what the programs that run now were started for."""
        if self._in_force != self._written:
            await in_thread(write_json, self._home.in_force, self._written)
            self._in_force = self._written

    async def _takes_requests(self) -> bool:
        if not self._answers:
            self._answers = await in_thread(nodeprograms.answers, self._network, self._home.uid)
        return self._answers

    async def _import(self, given: list[Path]) -> None:
        """Import what is new, beside everything else but the first start."""
        if self._importing is None:
            work = in_thread(nodeprograms.import_images, self._home, self._network, given)
            self._importing = asyncio.create_task(work, name=f"importing to {self._home.uid}")
        if not self._imported:
            await asyncio.wait([self._importing], timeout=1)
        if self._importing.done():
            done, self._importing = self._importing, None
            self._bad = done.result()
            self._imported = True

    async def _tell(self, said: str) -> None:
        if said == self._trouble:
            return
        self._trouble = said
        if said:
            log.warning("meeting a trouble", extra={"node": self._home.uid, "reason": said})
            await in_thread(write_json, self._home.trouble, {"reason": said})
        else:
            self._home.trouble.unlink(missing_ok=True)
