"""The tries of one step: what is away is waited for, and what nobody foresaw is tried again."""

import asyncio
import logging
from collections.abc import Callable

from clusterwright.drivers.contract import DriverError, Unavailable
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.events import Level
from clusterwright.jobs.plan import Step
from clusterwright.jobs.store import Superseded
from clusterwright.jobs.tree import Job
from clusterwright.storage.database import StorageUnavailable

log = logging.getLogger(__name__)

FIRST_BACKOFF = 0.1
LONGEST_BACKOFF = 5.0
"""Seconds between two tries against a driver or a database that is unavailable."""
UNFORESEEN_TRIES = 4
"""How often an action may end in an error that nobody foresaw before that is the step's failure."""

Say = Callable[[Job, Level, str], None]
"""Tells people something about a job."""


class Tries:
    """The tries of one step's action."""

    def __init__(self, step: Step, job: Job, say: Say) -> None:
        self._step = step
        self._job = job
        self._say = say
        self._where = {"job": job.root_uid, "step": step.name}
        self.trouble = ""
        """A sentence about the last try that did not succeed; empty without one."""

    async def until_done(self, context: StepContext) -> None:
        """Act until the action returns or fails for good.

        What is away is waited for. An error that nobody foresaw may be a moment's trouble too, so
        it is given a few tries before it is raised.
        """
        backoff, unforeseen = FIRST_BACKOFF, 0
        while True:
            try:
                return await self._step.action(context)
            except (Unavailable, StorageUnavailable) as error:
                self._meet(f" The last trouble was: {error}", f"Trying again, because: {error}")
            except (DriverError, TimeoutError, Superseded):
                raise
            except Exception:
                unforeseen += 1
                if unforeseen == UNFORESEEN_TRIES:
                    raise
                log.exception("meeting an internal error in a step", extra=self._where)
                self._say(self._job, "warning", "Trying again after an internal error.")
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF)

    def _meet(self, trouble: str, message: str) -> None:
        """Remember a trouble, and tell of it where it is not the one that was told last."""
        if trouble != self.trouble:
            self.trouble = trouble
            self._say(self._job, "warning", message)
