"""What a step is given: the job it is, the job it belongs to, the drivers and the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from clusterwright.drivers.contract import Driver, Drivers
from clusterwright.drivers.faults import FaultyDriver
from clusterwright.jobs.tree import Job, Tree
from clusterwright.storage.database import Database, Tx

T = TypeVar("T")

FIRST_PAUSE = 0.02
"""Seconds before a step that waits looks a second time."""
LONGEST_PAUSE = 1.0
"""Seconds between two looks of a step that has waited for long."""


Write = Callable[[Tx], Awaitable[None]]
"""What is written in somebody else's transaction. It may be done again."""


Fence = Callable[[Tx], Awaitable[object]]
"""Raises Superseded where another worker has taken the job over, or, where it holds, does so."""


def nobody_writes(write: Write) -> None:
    """No job runs, so nothing is written along with it."""


def nobody_asks(name: str) -> None:
    """Nobody asks which driver a step uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """The surroundings of one step.

    The step's timeout and the job's cancellation end it from outside.
    """

    job: Job
    tree: Tree
    """The job that this is a part of, as its worker has taken it over."""
    hold: Fence
    look: Fence
    drivers: Drivers
    database: Database
    on_driver: Callable[[str], None] = nobody_asks
    """What is told the name of each driver that the step asks for."""
    along: Callable[[Write], None] = nobody_writes
    """Lets the commit in which the step ends carry a write to rows below the job's tree.

    What the step itself must see written belongs into a transaction of its own.
    """

    @property
    def root(self) -> Job:
        """The job as it was when its worker took it over."""
        return self.tree.root

    @property
    def arguments(self) -> Mapping[str, str]:
        """What the job was asked with."""
        return self.tree.arguments

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction of the worker whose job this still is.

        Raises Superseded where another one has taken it over: whoever was frozen for long changes
        nothing of what has come since.
        """
        async with self.database.transaction() as tx:
            await self.hold(tx)
            yield tx

    def driver(self, name: str) -> Driver:
        """The driver of this name, with the faults that are armed for this step.

        Each verb first raises Superseded where another worker has taken the job over. Raises
        Unavailable where this server has no such driver.
        """
        self.on_driver(name)
        return FaultyDriver(
            self.drivers.get(name), self.database, step=self.job.type, before=self.look
        )

    async def until(self, observe: Callable[[], Awaitable[T]], done: Callable[[T], bool]) -> T:
        """Observe until ``done`` with what is seen, often at first and then every second.

        Returns what was seen last.
        """
        pause = FIRST_PAUSE
        while not done(seen := await observe()):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        return seen
