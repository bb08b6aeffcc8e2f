"""Keeps some components running: starts what is missing, and starts again what ends.

What runs is always found by its records, never remembered: one that begins where everything runs
adopts it. Only how often something ended in a row is this process's own knowledge.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from clusterwright.drivers.local import logs, processes
from clusterwright.uninterrupted import in_thread

log = logging.getLogger(__name__)

STOPPING_SECONDS = 10.0
"""How long a component may take to end before it is killed, which its data survives."""
FIRST_BACKOFF = 0.2
LONGEST_BACKOFF = 30.0
"""Seconds until a component that ended is started again; doubled with each end in a row."""
STEADY_SECONDS = 60.0
"""A component that has run for so long has not ended in a row."""
SUSPICIOUS_ENDS = 3
"""Ends in a row after which users are told."""
HOPELESS_ENDS = 8
"""Ends in a row, over half a minute at least, after which nobody need wait for it."""


@dataclass(frozen=True, slots=True)
class Command:
    """A component: its command line, the ports of this host that it takes, its environment."""

    name: str
    argv: tuple[str, ...]
    ports: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Place(Protocol):
    """Where records and logs of components are."""

    @property
    def uid(self) -> str:
        """What it is called in the log."""

    def record(self, component: str, /) -> Path:
        """Where the process of a component is noted."""

    def log(self, component: str, /) -> Path:
        """Where a component writes its log."""


@dataclass(slots=True)
class _Ends:
    """How often a component has ended in a row, and when it may be started again."""

    count: int = 0
    started: float = 0.0
    due: float = 0.0


class Upkeep:
    """The components of one place. ``wake`` is called when one of them ends."""

    def __init__(self, place: Place, *, order: Sequence[str], wake: Callable[[], None]) -> None:
        self._place = place
        self._order = order
        self._wake = wake
        self._ends: dict[str, _Ends] = {}
        self._watched: dict[int, int] = {}

    def close(self) -> None:
        """Watch nothing any more. What runs goes on."""
        self._unwatch(list(self._watched))

    def forget(self) -> None:
        """Let nothing count any more that ended before."""
        self._ends.clear()

    async def bring_up(
        self,
        commands: Sequence[Command],
        check: Callable[[Sequence[Command]], None] = lambda due: None,
    ) -> list[str]:
        """Start what does not run as it should. Returns what was started.

        ``check`` is asked first about what is going to be started, and may refuse by raising.
        """
        states = await in_thread(self._states, commands)
        outdated = [name for name, (alive, same) in states.items() if alive and not same]
        if outdated:
            log.info(
                "stopping what is outdated", extra={"of": self._place.uid, "components": outdated}
            )
            await self.stop(outdated)
            for name in outdated:
                self._ends.pop(name, None)
        missing = [c for c in commands if states[c.name] != (True, True)]
        due = [c for c in missing if c.name in outdated or self._is_due(c.name)]
        if due:
            await in_thread(check, due)
            for command in due:
                log.info(
                    "starting a component",
                    extra={"of": self._place.uid, "component": command.name},
                )
            await in_thread(self._start, due)
            for command in due:
                self._ends.setdefault(command.name, _Ends()).started = time.monotonic()
        await in_thread(self._rotate, commands)
        self._watch(c.name for c in commands)
        return [command.name for command in due]

    async def runs(self, command: Command) -> bool:
        """Whether a component runs, and by this very command."""
        states = await in_thread(self._states, [command])
        return states[command.name] == (True, True)

    async def complaint(self, commands: Iterable[Command]) -> str:
        """What users should know of a component that keeps ending; empty where none does."""
        for name, count in (await self._down(commands)).items():
            if count >= SUSPICIOUS_ENDS:
                path = self._place.log(name)
                last = await in_thread(logs.last_words, path)
                return (
                    f"{name} has ended {count} times in a row."
                    f" It says: {last.rstrip('.')}. Its log is {path}."
                )
        return ""

    async def is_hopeless(self, commands: Iterable[Command]) -> bool:
        """Whether one of these is down and has ended so often that a new start is of no use."""
        return max((await self._down(commands)).values(), default=0) >= HOPELESS_ENDS

    async def _down(self, commands: Iterable[Command]) -> dict[str, int]:
        """What was started and does not run now, with how often in a row it has ended."""
        counts = {c.name: self._ends[c.name].count for c in commands if c.name in self._ends}
        alive = await in_thread(processes.are_alive, map(self._place.record, counts))
        return {
            name: count
            for (name, count), runs in zip(counts.items(), alive, strict=True)
            if not runs
        }

    async def stop(self, names: Iterable[str]) -> None:
        """Stop these in the order in which they depend on each other."""
        asked = set(names)
        for name in self._order:
            if name in asked:
                record = self._place.record(name)
                await in_thread(processes.stop, [record], seconds=STOPPING_SECONDS)

    def _rotate(self, commands: Iterable[Command]) -> None:
        for command in commands:
            logs.rotate(self._place.log(command.name))

    def _states(self, commands: Iterable[Command]) -> dict[str, tuple[bool, bool]]:
        """Of each component whether it runs, and whether by this very command."""
        states = {}
        for command in commands:
            known = processes.read(self._place.record(command.name))
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
                extra={"of": self._place.uid, "component": name, "ends": ends.count},
            )
        return now >= ends.due

    def _start(self, due: Iterable[Command]) -> None:
        for command in due:
            record = self._place.record(command.name)
            record.unlink(missing_ok=True)
            processes.start(
                command.argv,
                environment=command.environment,
                record=record,
                log=self._place.log(command.name),
            )
        deadline = time.monotonic() + 5
        waiting = [self._place.record(command.name) for command in due]
        while waiting and time.monotonic() < deadline:
            time.sleep(0.002)
            waiting = [path for path in waiting if not path.exists()]

    def _watch(self, names: Iterable[str]) -> None:
        """Be woken by the end of each of these."""
        for name in names:
            known = processes.read(self._place.record(name))
            if known is None or known.pid in self._watched:
                continue
            descriptor = processes.open_descriptor(known)
            if descriptor is not None:
                self._watched[known.pid] = descriptor
                asyncio.get_running_loop().add_reader(descriptor, self._ended, known.pid)

    def _ended(self, pid: int) -> None:
        self._unwatch([pid])
        self._wake()

    def _unwatch(self, pids: Iterable[int]) -> None:
        for pid in pids:
            descriptor = self._watched.pop(pid)
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)
