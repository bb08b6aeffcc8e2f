"""Keeps the processes of one cluster as they are wanted, for as long as this process supervises it.

What runs is always found by its records, never remembered: a plane that begins on a folder where
everything runs adopts it, and one that begins after a reboot starts it all again.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from clusterwright.drivers.contract import DriverError, Unavailable
from clusterwright.drivers.local import components, logs, ports, processes, wanted
from clusterwright.drivers.local.components import APISERVER, Command, Programs
from clusterwright.drivers.local.folder import Folder, write_json
from clusterwright.drivers.local.inside import Inside
from clusterwright.drivers.local.wanted import State, Wanted

log = logging.getLogger(__name__)

PERIOD = 0.5
"""Seconds between two looks at what is wanted and what runs, where nothing happens before."""
POLL = 0.03
"""The same while the control plane starts."""
STARTING_SECONDS = 60.0
"""How long one start may keep others waiting."""
STOPPING_SECONDS = 10.0
"""How long a component may take to end before it is killed, which its data survives."""
FIRST_BACKOFF = 0.2
LONGEST_BACKOFF = 30.0
"""Seconds until a component that ended is started again; doubled with each end in a row."""
STEADY_SECONDS = 60.0
"""A component that has run for so long has not ended in a row."""
SUSPICIOUS_ENDS = 3
"""Ends in a row after which users are told."""
LEAST_MEMORY = 600
LEAST_DISK = 300
"""MiB that must be free before a control plane is started."""

_MIB = 1024 * 1024


class Gone(Exception):
    """There is nothing left to supervise."""


@dataclass(slots=True)
class _Ends:
    """How often a component has ended in a row, and when it may be started again."""

    count: int = 0
    started: float = 0.0
    due: float = 0.0


class Plane:
    """The supervision of one cluster. ``run`` ends when the cluster is gone."""

    def __init__(
        self, folder: Folder, *, find: Callable[[str], Programs], starts: asyncio.Semaphore
    ) -> None:
        self._folder = folder
        self._find = find
        self._starts = starts
        self._inside = Inside(folder)
        self._awake = asyncio.Event()
        self._ends: dict[str, _Ends] = {}
        self._watched: dict[int, int] = {}
        self._trouble = ""

    def wake(self) -> None:
        """Look at once at what is wanted now."""
        self._awake.set()

    async def run(self) -> None:
        """Supervise until the cluster is gone; while another process does so, wait for its end."""
        try:
            while await asyncio.to_thread(self._folder.wanted.exists):
                lock = await asyncio.to_thread(self._folder.supervising)
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
            self._unwatch(list(self._watched))
            await self._inside.close()

    async def _supervise(self) -> None:
        while True:
            self._awake.clear()
            pause = PERIOD
            try:
                pause = await self._reconcile()
            except Gone:
                raise
            except (DriverError, Unavailable) as error:
                await self._tell(str(error))
            except OSError as error:
                await self._tell(f"The host refuses: {error}. Make room or give the right, please.")
            except Exception:
                log.exception("failing to supervise", extra={"cluster": self._folder.uid})
                pause = 2.0
            await self._sleep(pause)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        self._awake.clear()

    async def _reconcile(self) -> float:
        """Bring what runs one step nearer to what is wanted. Returns when to look again."""
        wish = await asyncio.to_thread(wanted.read, self._folder)
        if wish is None:
            raise Gone
        if wish.state is State.RUNNING:
            return await self._run(wish)
        await self._stop(self._folder.records())
        await self._inside.close()
        await self._tell("")
        self._ends.clear()
        if wish.state is State.GONE:
            log.info("removing a cluster", extra={"cluster": self._folder.uid})
            await asyncio.to_thread(self._remove)
            raise Gone
        return PERIOD

    def _remove(self) -> None:
        with self._folder.changing():
            self._folder.remove()

    async def _run(self, wish: Wanted) -> float:
        assert wish.cluster is not None
        programs = await self._programs(wish, components.CONTROL_PLANE)
        commands = components.control_plane(wish.cluster, self._folder, wish.ports, programs)
        started = await self._bring_up(commands)
        if APISERVER in started:
            async with self._starts:
                await self._wait_until_ready(wish)
        if not await self._inside.is_ready(components.server_url(wish.ports)):
            return POLL if not self._trouble else PERIOD
        if await self._inside.prepare(wish):
            await self._settle(wish)
        else:
            return POLL
        if await asyncio.to_thread(self._has_nodes):
            programs = await self._programs(wish, (components.KWOK, components.STAGES))
            kwok = components.kwok(wish.cluster, self._folder, wish.ports, programs)
            await self._bring_up([kwok])
            return await self._inside.keep_nodes(wish)
        return PERIOD

    async def _programs(self, wish: Wanted, names: Iterable[str]) -> Programs:
        """The programs that the cluster was begun with, or others where those are gone."""
        assert wish.cluster is not None
        if await asyncio.to_thread(wish.programs.is_there, names):
            return wish.programs
        return await asyncio.to_thread(self._find, wish.cluster.version)

    def _has_nodes(self) -> bool:
        return any(self._folder.nodes.glob("*.json"))

    async def _settle(self, wish: Wanted) -> None:
        """Tell that what is wanted is there."""
        if self._inside.settled != wish.revision:
            path = self._folder.path / "settled.json"
            await asyncio.to_thread(write_json, path, {"revision": wish.revision})
            self._inside.settled = wish.revision
        await self._tell("")

    async def _wait_until_ready(self, wish: Wanted) -> None:
        deadline = time.monotonic() + STARTING_SECONDS
        url = components.server_url(wish.ports)
        while time.monotonic() < deadline and not await self._inside.is_ready(url):
            # A process that ended, and a new wish, wake us.
            await asyncio.sleep(POLL)
            if self._awake.is_set():
                return

    async def _bring_up(self, commands: list[Command]) -> list[str]:
        """Start what does not run as it should. Returns what was started."""
        states = await asyncio.to_thread(self._states, commands)
        outdated = [name for name, (alive, same) in states.items() if alive and not same]
        if outdated:
            log.info(
                "stopping what is outdated",
                extra={"cluster": self._folder.uid, "components": outdated},
            )
            await self._stop([self._folder.record(name) for name in outdated])
            for name in outdated:
                self._ends.pop(name, None)
        missing = [c for c in commands if states[c.name] != (True, True)]
        due = [c for c in missing if c.name in outdated or self._is_due(c.name)]
        if due:
            await asyncio.to_thread(self._check_host, due)
            for command in due:
                log.info(
                    "starting a component",
                    extra={"cluster": self._folder.uid, "component": command.name},
                )
            await asyncio.to_thread(self._start, due)
            for command in due:
                self._ends.setdefault(command.name, _Ends()).started = time.monotonic()
        await asyncio.to_thread(self._rotate, commands)
        await self._tell_ends(c.name for c in missing)
        self._watch(c.name for c in commands)
        return [command.name for command in due]

    def _rotate(self, commands: list[Command]) -> None:
        for command in commands:
            logs.rotate(self._folder.log(command.name))

    def _states(self, commands: list[Command]) -> dict[str, tuple[bool, bool]]:
        """Of each component whether it runs, and whether by this very command."""
        states = {}
        for command in commands:
            known = processes.read(self._folder.record(command.name))
            same = known is not None and known.digest == processes.digest(
                command.argv, command.environment
            )
            states[command.name] = processes.is_alive(known), same
        return states

    def _is_due(self, name: str) -> bool:
        """Whether a component that does not run may be started now, counting its ends."""
        now = time.monotonic()
        ends = self._ends.get(name)
        if ends is None:
            return True
        if ends.started:
            lived = now - ends.started
            ends.count = 1 if lived >= STEADY_SECONDS else ends.count + 1
            ends.due = now + min(FIRST_BACKOFF * 2 ** min(ends.count - 1, 10), LONGEST_BACKOFF)
            ends.started = 0.0
            log.warning(
                "waiting to start a component again",
                extra={"cluster": self._folder.uid, "component": name, "ends": ends.count},
            )
        return now >= ends.due

    async def _tell_ends(self, names: Iterable[str]) -> None:
        for name in names:
            count = self._ends[name].count if name in self._ends else 0
            if count >= SUSPICIOUS_ENDS:
                path = self._folder.log(name)
                last = await asyncio.to_thread(_last_line, path)
                await self._tell(
                    f"{name} has ended {count} times in a row. It says: {last} Its log is {path}."
                )

    def _check_host(self, due: Iterable[Command]) -> None:
        """Raises Unavailable where a start could not succeed."""
        for command in due:
            for port in command.ports:
                if ports.is_taken(port):
                    raise Unavailable(
                        f"Port {port} of {command.name} is taken by another program. End that:"
                        " the cluster's kubeconfigs name the port, so it cannot be another one."
                    )
            if command.name == APISERVER and (memory := _free_memory()) < LEAST_MEMORY:
                raise Unavailable(
                    f"Only {memory} MiB of memory are free; a control plane needs {LEAST_MEMORY}."
                    " Hibernate or delete another cluster."
                )
        room = shutil.disk_usage(self._folder.path).free // _MIB
        if room < LEAST_DISK:
            raise Unavailable(
                f"Only {room} MiB are free for {self._folder.path}; a control plane needs"
                f" {LEAST_DISK}. Make room."
            )

    def _start(self, due: Iterable[Command]) -> None:
        self._folder.keep_state()
        for command in due:
            record = self._folder.record(command.name)
            record.unlink(missing_ok=True)
            processes.start(
                command.argv,
                environment=command.environment,
                record=record,
                log=self._folder.log(command.name),
            )
        deadline = time.monotonic() + 5
        waiting = [self._folder.record(command.name) for command in due]
        while waiting and time.monotonic() < deadline:
            time.sleep(0.002)
            waiting = [path for path in waiting if not path.exists()]

    async def _stop(self, records: list[Path]) -> None:
        """Stop these in the order in which they depend on each other."""
        for name in components.STOPPING_ORDER:
            mine = [path for path in records if path.stem == name]
            if mine:
                await asyncio.to_thread(processes.stop, mine, seconds=STOPPING_SECONDS)

    def _watch(self, names: Iterable[str]) -> None:
        """Be woken by the end of each of these."""
        for name in names:
            known = processes.read(self._folder.record(name))
            if known is None or known.pid in self._watched:
                continue
            descriptor = processes.open_descriptor(known)
            if descriptor is not None:
                self._watched[known.pid] = descriptor
                asyncio.get_running_loop().add_reader(descriptor, self._ended, known.pid)

    def _ended(self, pid: int) -> None:
        self._unwatch([pid])
        self.wake()

    def _unwatch(self, pids: Iterable[int]) -> None:
        for pid in pids:
            descriptor = self._watched.pop(pid)
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)

    async def _tell(self, trouble: str) -> None:
        """Let users know what keeps the control plane from being ready; nothing does, if empty."""
        if trouble == self._trouble and (not trouble or self._folder.trouble.exists()):
            return
        self._trouble = trouble
        if trouble:
            log.warning("meeting a trouble", extra={"cluster": self._folder.uid, "reason": trouble})
            with contextlib.suppress(OSError):  # a full disk is a trouble too
                await asyncio.to_thread(write_json, self._folder.trouble, {"reason": trouble})
        else:
            self._folder.trouble.unlink(missing_ok=True)


def _free_memory() -> int:
    """MiB that a new process may have."""
    with Path("/proc/meminfo").open() as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) // 1024
    return LEAST_MEMORY


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text("utf-8", "replace")[-2000:].strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:300] if lines else "nothing."
