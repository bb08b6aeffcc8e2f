"""When the engine looks into its queue: as soon as work is promised here, and now and then.

The engine itself looks every POLLING seconds, and begins a second after it was launched. So it is
told to listen to no queue, and its own function for one queue runs in a thread of ours, with a bell
in place of the event by which it waits.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from dbos import DBOS, Queue
from dbos._queue import queue_worker_thread

log = logging.getLogger(__name__)

POLLING = 0.2
"""Seconds between two looks that nobody asks for: they find what others promised or left."""
SHORTEST = 0.02
"""Seconds between two looks at the least: one look claims all that were promised meanwhile."""
AT_WORK = 4
"""Jobs that are at work for each SHORTEST that the next look may wait longer, up to POLLING. A look
costs as much as a tenth of a job: what is claimed a little later waits for the others anyway.
"""


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
