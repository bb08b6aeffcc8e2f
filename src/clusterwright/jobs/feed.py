"""Tells whoever listens in this process what happens to jobs, whichever process made it happen.

One look at the database serves all listeners: at once after a commit of this process and, on
PostgreSQL, POLLING seconds after the last look, because others commit too. Nothing is looked for
while nobody listens. What is told is only ever read from rows (docs/decisions/0017).
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from clusterwright.jobs import events
from clusterwright.jobs.events import Event
from clusterwright.jobs.positions import Position, Snapshot
from clusterwright.storage.database import Database, Tx
from clusterwright.supervision import Chore
from clusterwright.turns import unhurried

POLLING = 0.2
"""Seconds between two looks for what other processes have committed."""
SHORTEST = 0.01
"""Seconds between two looks at the least: one look finds all that happened meanwhile."""
IDLE = 5.0
"""Seconds between two looks whether anybody listens."""
MOST_WAITING = 1000
"""Events that wait for one listener; whoever is slower is told to ask again."""
_PAGE = 1000
"""Events of one query."""


class Closed(Exception):
    """The server ends, or the listener is too slow: nothing more will be told."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and where a listener to its project is when it has got it."""

    event: Event
    position: Position


class Listener:
    """Somebody who is told of the events of one tree or of one project."""

    __slots__ = ("_closed", "_told", "_waiter")

    def __init__(self) -> None:
        self._told: list[Told] = []
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    def tell(self, told: Told) -> None:
        """Let the listener know, once it is woken."""
        if len(self._told) >= MOST_WAITING:
            self._closed = True
        else:
            self._told.append(told)

    def close(self) -> None:
        """Tell nothing more."""
        self._closed = True
        self.wake()

    def forget(self) -> None:
        """Pass over what has happened until now."""
        self._told.clear()

    def wake(self) -> None:
        """Let the listener look at what it was told."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self, seconds: float) -> list[Told]:
        """What has happened since the last call, as soon as something has.

        Empty when nothing has happened for so long. Raises Closed.
        """
        if not self._told and not self._closed:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            # Half of what asyncio.timeout takes, and thousands wait here.
            alarm = loop.call_later(seconds, self.wake)
            try:
                await self._waiter
            finally:
                alarm.cancel()
                self._waiter = None
        if self._closed:
            raise Closed
        found, self._told = self._told, []
        return found


class Feed:
    """The events of all jobs, for the listeners of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._of_trees: defaultdict[str, set[Listener]] = defaultdict(set)
        self._of_projects: defaultdict[str, set[Listener]] = defaultdict(set)
        self._bell = asyncio.Event()
        self._looking = asyncio.Lock()
        self._seen: Snapshot | None = None
        """What has been told; None while nobody listens."""
        self._stopped = False
        database.on_news = self._news

    def _news(self) -> None:
        if self._is_heard:
            self._bell.set()

    @property
    def _is_heard(self) -> bool:
        return bool(self._of_trees or self._of_projects)

    def chore(self) -> Chore:
        """What must be done for as long as the process lives."""
        return Chore("events of jobs", self._work, SHORTEST)

    async def _work(self) -> None:
        waits = IDLE if self._database.is_sqlite or not self._is_heard else POLLING
        with suppress(TimeoutError):
            async with asyncio.timeout(waits):
                await self._bell.wait()
        self._bell.clear()
        if self._is_heard:
            await self._look()
        else:
            self._seen = None

    async def _look(self) -> None:
        async with self._looking, self._database.reading() as tx:
            now = await events.now(tx)
            seen = self._seen or now
            found = await _all(tx, seen, now) if now != seen else []
            # In one turn, for whoever begins to listen in the next has missed all this.
            told = self._tell(found, seen, now)
            self._seen = now
        async for listener in unhurried(told):
            listener.wake()

    def _tell(self, found: list[Event], before: Snapshot, now: Snapshot) -> set[Listener]:
        """Give events to the listeners to them, who are to be woken."""
        woken: set[Listener] = set()
        # Whoever has got the last event of its project has got all of this look.
        last = {event.project_id: event.id for event in found}
        for event in found:
            is_last = event.id == last[event.project_id]
            told = Told(
                event,
                Position.after(now) if is_last else Position(before, now, event.id),
            )
            for listeners in (self._of_trees, self._of_projects):
                key = event.root_uid if listeners is self._of_trees else event.project_id
                if key in listeners:
                    for listener in listeners[key]:
                        listener.tell(told)
                    woken |= listeners[key]
        return woken

    @contextmanager
    def listening(self, *, tree: str = "", project: str = "") -> Iterator[Listener]:
        """Listen to what happens to a tree, or in a project, inside the block."""
        listeners, key = (self._of_trees, tree) if tree else (self._of_projects, project)
        listener = Listener()
        if self._stopped:
            listener.close()
        listeners[key].add(listener)
        if self._seen is None:
            self._bell.set()
        try:
            yield listener
        finally:
            listeners[key].discard(listener)
            if not listeners[key]:
                del listeners[key]

    async def begin(self) -> Snapshot:
        """Make sure that listeners are told; returns what has been told to them already.

        Raises StorageUnavailable.
        """
        if self._seen is None:
            await self._look()
        assert self._seen is not None
        return self._seen

    async def refresh(self) -> Snapshot:
        """As ``begin``, with all that was committed before this call."""
        await self._look()
        return await self.begin()

    def stop(self) -> None:
        """Tell nobody anything more, from now on: the server ends."""
        self._stopped = True
        for listeners in (self._of_trees, self._of_projects):
            for each in listeners.values():
                for listener in each:
                    listener.close()


async def _all(tx: Tx, seen: Snapshot, now: Snapshot) -> list[Event]:
    """The events that ``now`` sees and ``seen`` does not."""
    found: list[Event] = []
    last = 0
    while page := await events.between(tx, seen, now, last=last, limit=_PAGE):
        found += page
        if len(page) < _PAGE:
            break
        last = page[-1].id
    return found
