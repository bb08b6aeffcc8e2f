"""Keeps the background work of a process going: no chore dies unseen.

A chore is a coroutine that is called again and again. Whatever it raises is logged, waited out and
forgotten; whoever cancels its task only makes it begin anew. ``troubles`` tells which chores have
not done their work for too long, for ``/readyz``. What lasts as long as strangers please is no part
of a chore, but an errand that it begins.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from clusterwright.storage.database import StorageUnavailable

log = logging.getLogger(__name__)

OUTAGE_PAUSE = 0.5
"""Seconds until a chore is tried again for which the database was away."""
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 30.0
"""Seconds until a chore that failed is tried again; doubled with each failure in a row."""
PATIENCE = 10.0
"""Seconds beyond its period that a chore may be overdue before it is called a trouble."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Work to be done every ``period`` seconds for as long as the process lives."""

    name: str
    work: Callable[[], Awaitable[object]]
    period: float


class _Record:
    """How one chore has fared."""

    def __init__(self) -> None:
        self.done()

    def done(self) -> None:
        self.done_at = time.monotonic()
        self.failures = 0
        self.reason = ""

    def failed(self, error: Exception) -> None:
        self.failures += 1
        self.reason = str(error) or type(error).__name__


class Supervisor:
    """Runs chores inside its ``async with`` block, in the loop that entered it."""

    def __init__(self, chores: Iterable[Chore]) -> None:
        self._records = {chore: _Record() for chore in chores}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._supervise(), name="supervisor")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def is_alive(self) -> bool:
        """Whether chores are being run."""
        return self._task is not None and not self._task.done()

    def troubles(self) -> list[str]:
        """What is not being done as it should, a phrase for each chore."""
        now = time.monotonic()
        return [
            f"{chore.name} for {now - record.done_at:.0f} s ({record.reason or 'no answer'})"
            for chore, record in self._records.items()
            if now - record.done_at > chore.period + PATIENCE
        ]

    async def _supervise(self) -> None:
        running = {self._begin(chore): chore for chore in self._records}
        try:
            while running:
                ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    chore = running.pop(task)
                    reason = "cancelled" if task.cancelled() else repr(task.exception())
                    log.error("restarting a chore", extra={"chore": chore.name, "reason": reason})
                    running[self._begin(chore)] = chore
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _begin(self, chore: Chore) -> asyncio.Task[None]:
        return asyncio.create_task(self._repeat(chore), name=f"chore {chore.name}")

    async def _repeat(self, chore: Chore) -> None:
        record = self._records[chore]
        while True:
            pause = await self._attempt(chore, record)
            await asyncio.sleep(pause)

    @staticmethod
    async def _attempt(chore: Chore, record: _Record) -> float:
        """Do the chore once; the answer is how many seconds to pause."""
        facts = {"chore": chore.name}
        try:
            await chore.work()
        except StorageUnavailable as error:
            if not record.failures:
                log.warning("waiting for the database", extra=facts | {"reason": str(error)})
            record.failed(error)
            return OUTAGE_PAUSE
        except Exception as error:
            log.exception("failing a chore", extra=facts)
            record.failed(error)
            return min(FIRST_BACKOFF * float(2 ** min(record.failures, 10)), LONGEST_BACKOFF)
        if record.failures:
            log.info("going on with a chore", extra=facts)
        record.done()
        return chore.period


class Errands:
    """What a chore begins and does not wait for: one at a time of each name, and ``most`` in all.

    Use ``close`` when done.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._running: dict[str, asyncio.Task[None]] = {}
        self._line: list[str] = []
        """Those for whom there was no place, in the order in which they came."""

    def begin(
        self, names: Sequence[str], errand: Callable[[str], Coroutine[Any, Any, None]]
    ) -> None:
        """Begin the errands of these names, as far as there are places.

        Whoever finds none is first the next time, if it is named again. In the end this raises
        what errands have raised since the last time, so that their chore has failed: outages of
        the database as one StorageUnavailable, several others as an ExceptionGroup.
        """
        ended = [name for name, task in self._running.items() if task.done()]
        errors = [_error(self._running.pop(name)) for name in ended]
        named = set(names) - self._running.keys()
        line = dict.fromkeys([*self._line, *names])
        self._line = [name for name in line if name in named]
        while self._line and len(self._running) < self._most:
            name = self._line.pop(0)
            self._running[name] = asyncio.create_task(errand(name), name=f"errand {name}")
        _raise([error for error in errors if error is not None])

    async def close(self) -> None:
        """Cancel what has been begun, and wait for its end."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)


def _error(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()


def _raise(errors: list[BaseException]) -> None:
    defects = [error for error in errors if not isinstance(error, StorageUnavailable)]
    if len(defects) > 1:
        raise BaseExceptionGroup("several errands failed", defects)
    if errors:
        raise (defects or errors)[0]
