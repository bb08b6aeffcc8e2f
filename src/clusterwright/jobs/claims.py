"""When the engine looks into its queue: as soon as work is promised here, and now and then.

The engine itself looks every POLLING seconds, and begins a second after it was launched. So it is
told to listen to no queue, and its own function for one queue runs in a thread of ours, with a bell
in place of the event by which it waits.

On SQLite the look itself is ours: the engine builds its statements anew each time, which costs as
much as half of what a job does. tests/jobs/test_claims.py compares the two.
"""

import asyncio
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa
from dbos import DBOS, Queue
from dbos._queue import queue_worker_thread
from sqlalchemy.exc import DBAPIError

log = logging.getLogger(__name__)

POLLING = 0.2
"""Seconds between two looks that nobody asks for: they find what others promised or left."""
SHORTEST = 0.02
"""Seconds between two looks at the least: one look claims all that were promised meanwhile."""
MOST = 256
"""Jobs that one look claims at the most."""
AT_WORK = 4
"""Jobs that are at work for each SHORTEST that the next look may wait longer, up to POLLING. A look
costs as much as a tenth of a job: what is claimed a little later waits for the others anyway.
"""


# In the words of the engine's index, or SQLite reads all jobs there ever were.
_IN_FLIGHT = "status IN ('ENQUEUED', 'PENDING') AND queue_partition_key IS NOT NULL"
_READY = f"status = 'ENQUEUED' AND {_IN_FLIGHT}"
_OURS = (
    "(application_version = :version OR application_version IS NULL)"
    " AND (application_name = :application OR application_name IS NULL)"
)
_FIND = f"""
SELECT workflow_uuid FROM workflow_status AS found
WHERE queue_name = :queue AND {_READY} AND {_OURS}
AND NOT EXISTS (
    SELECT 1 FROM workflow_status AS held
    WHERE queue_name = :queue AND status = 'PENDING' AND {_IN_FLIGHT}
    AND held.queue_partition_key = found.queue_partition_key
)
AND NOT EXISTS (
    SELECT 1 FROM workflow_status AS before
    WHERE queue_name = :queue AND {_READY} AND {_OURS}
    AND before.queue_partition_key = found.queue_partition_key
    AND (before.priority, before.created_at, before.workflow_uuid)
      < (found.priority, found.created_at, found.workflow_uuid)
)
ORDER BY +created_at, workflow_uuid LIMIT :most
"""
_TAKE = f"""
UPDATE workflow_status SET
    status = 'PENDING', owner_xid = :owner, application_version = :version,
    executor_id = :executor, application_name = :application, rate_limited = 0,
    started_at_epoch_ms = :now, updated_at = :now, recovery_attempts = recovery_attempts + 1
WHERE workflow_uuid IN (SELECT value FROM json_each(:found))
AND queue_name = :queue AND {_READY} AND {_OURS}
RETURNING workflow_uuid
"""


class Looks:
    """The engine's look into a queue whose partitions each have one job at work, on SQLite.

    The oldest jobs are first. Jobs have no deadlines of the engine's.
    """

    def __init__(self, engine: sa.Engine, application: str | None) -> None:
        self._engine = engine
        self._application = application

    def __call__(
        self,
        queue: Queue,
        executor_id: str,
        app_version: str,
        max_tasks: int,
        *,
        owner_xid: str | None = None,
        is_latest_version: bool | None = None,
    ) -> list[str]:
        """Claim jobs, ``max_tasks`` at the most. Returns their uids."""
        asked = {
            "queue": queue.name,
            "version": app_version,
            "application": self._application,
            "most": min(max_tasks, MOST),
        }
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            found = [row[0] for row in cursor.execute(_FIND, asked).fetchall()]
            if not found:
                return []
            taking = {
                "owner": owner_xid,
                "executor": executor_id,
                "now": int(time.time() * 1000),
                "found": json.dumps(found),
            }
            taken = {row[0] for row in cursor.execute(_TAKE, asked | taking).fetchall()}
            connection.commit()
            return [uid for uid in found if uid in taken]
        except sqlite3.Error as error:  # as the engine knows it
            raise DBAPIError.instance(_TAKE, None, error, sqlite3.Error) from error
        finally:
            connection.close()


class Bell(threading.Event):
    """Ends the waiting of the thread that looks, for one look; set, it ends the thread."""

    def __init__(self, at_work: Callable[[], int] = lambda: 0) -> None:
        """``at_work`` tells how many jobs this process works on."""
        super().__init__()
        self._at_work = at_work
        self._rung = threading.Event()
        self._looked_at = 0.0

    def ring(self) -> None:
        """Have the thread look, once it has let its pause pass since its last look."""
        self._rung.set()

    def set(self) -> None:
        """End the thread."""
        super().set()
        self._rung.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the next look that is due. Returns whether there is none because it is over."""
        self._rung.wait(timeout)
        pause = min(SHORTEST * (1 + self._at_work() // AT_WORK), POLLING)
        super().wait(self._looked_at + pause - time.monotonic())
        # What is promised from here on rings again: it may be too late for the look that follows.
        self._rung.clear()
        self._looked_at = time.monotonic()
        return self.is_set()


class Claims:
    """The thread that claims jobs for this process, from ``start`` to ``stop``."""

    def __init__(self, engine: DBOS, queue: Queue, at_work: Callable[[], int]) -> None:
        self._engine = engine
        self._queue = queue
        self.bell = Bell(at_work)
        system = engine._sys_db
        if system.engine.dialect.name == "sqlite":
            # Nobody changes the queue while the only process runs: it is not read for each look.
            queue.database_backed_queue = False
            looks = Looks(system.engine, system.app_name)
            system.start_queued_partitioned_workflows = looks  # type: ignore[method-assign, assignment]
        self.start()

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(
            target=queue_worker_thread,
            args=(self.bell, self._engine, self._queue),
            name="claims",
            daemon=True,
        )
        self._thread.start()

    async def check(self) -> None:
        """Begin anew if the thread has ended by itself."""
        if not (self._thread.is_alive() or self.bell.is_set()):
            log.error("looking for jobs again after the end of the thread that did")
            self.start()

    async def stop(self, seconds: float) -> None:
        """Claim no more. Waits for a look under way, so many seconds at most."""
        self.bell.set()
        await asyncio.to_thread(self._thread.join, seconds)


def speak_through_our_log() -> None:
    """Undo the handler that DBOS gives its logger, so that operators read one format."""
    logger = logging.getLogger("dbos")
    logger.handlers.clear()
    logger.propagate = True
