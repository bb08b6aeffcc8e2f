"""What a step is given: the job it is, the job it belongs to, the drivers and the database."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from clusterwright.drivers.contract import Driver
from clusterwright.jobs.plan import Job
from clusterwright.storage.database import Database

FIRST_PAUSE = 0.02
"""Seconds before a step that waits looks a second time."""
LONGEST_PAUSE = 1.0
"""Seconds between two looks of a step that has waited for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """The surroundings of one step. The step's timeout and the job's cancellation end it from
    outside.
    """

    job: Job
    root: Job
    arguments: Mapping[str, str]
    drivers: Mapping[str, Driver]
    """The drivers of this server by name: which one is asked, the cluster says."""
    database: Database

    async def until(self, ready: Callable[[], Awaitable[bool]]) -> None:
        """Wait until ``ready`` says so, looking often at first and then every second."""
        pause = FIRST_PAUSE
        while not await ready():
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
