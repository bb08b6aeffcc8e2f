"""Slow disks and slow threads, at random: what a busy machine does now and then, all the time.

``CLUSTERWRIGHT_TEST_SLOW=1 make test`` runs every test so, and every server that tests fork. What
passes then does not count on the order in which a thread and the event loop go on.
"""

import os
import random
import threading
import time
from asyncio import Future, base_events
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from clusterwright.storage import inline

_COMMIT = (0, 0.001, 0.005, 0.02)
"""Seconds that a commit of a slow disk takes longer."""
_BEGINNING = (0, 0, 0.002, 0.01)
_END = (0, 0, 0.002, 0.01, 0.03)
"""Seconds until a thread begins what it is given, and until somebody hears that it has ended."""


def down_if_asked() -> None:
    """Slow this process down, once and for all."""
    if os.environ.get("CLUSTERWRIGHT_TEST_SLOW"):
        _slow_commits()
        _slow_threads()


def _slow_commits() -> None:
    """Half of all commits meet a slow disk, so they are made in a thread; that takes longer."""
    decide, commit = inline.Inline._commit, inline._Place.commit

    def decide_at_random(self: inline.Inline, group: Any) -> None:
        self._disk_is_slow = random.random() < 0.5
        decide(self, group)

    def commit_slowly(self: inline._Place) -> None:
        commit(self)
        if threading.current_thread() is not threading.main_thread():
            time.sleep(random.choice(_COMMIT))

    inline.Inline._commit = decide_at_random  # type: ignore[method-assign]
    inline._Place.commit = commit_slowly  # type: ignore[method-assign]


def _slow_threads() -> None:
    run = base_events.BaseEventLoop.run_in_executor

    def run_slowly(
        self: base_events.BaseEventLoop,
        executor: Executor | None,
        work: Callable[..., Any],
        *arguments: Any,
    ) -> Future[Any]:
        before, after = random.choice(_BEGINNING), random.choice(_END)

        def work_slowly() -> Any:
            time.sleep(before)
            try:
                return work(*arguments)
            finally:
                time.sleep(after)

        return run(self, executor, work_slowly)

    base_events.BaseEventLoop.run_in_executor = run_slowly  # type: ignore[assignment,method-assign]
