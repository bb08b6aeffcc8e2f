"""A storm: events at random moments upon an installation under load, and the tally of it."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.durability.events import Event, happen
from tests.durability.installation import Installation
from tests.durability.load import Ledger, under_load
from tests.durability.step_runs import StepRuns
from tests.durability.tally import Tally, assess, come_to_rest

LOOK_PERIOD = 0.5
"""Seconds between two looks at rows and logs."""
Progress = Callable[[str], None]


def storm(
    installation: Installation,
    events: Sequence[Event],
    *,
    seed: int,
    clients: int = 4,
    largest_batch: int = 12,
    longest_calm: float = 2.0,
    patience: float = 60.0,
    busy_database: bool = False,
    progress: Progress = print,
    may_end_early: bool = False,
) -> Tally:
    """Let ``events`` happen under load, wait for rest, stop every server and count.

    Between two events are up to ``longest_calm`` seconds. Rest has come when every job has ended,
    or none has for ``patience`` seconds. With ``may_end_early`` an interrupt ends the events, and
    the tally is made all the same.
    """
    began = time.monotonic()
    chance, ledger = random.Random(seed), Ledger()
    runs = StepRuns(installation.database_url, [server.log for server in installation.servers])
    tally = Tally(seed, dict(Counter(map(str, events))))
    with under_load(installation, ledger, clients=clients, largest_batch=largest_batch, seed=seed):
        with _interrupt(ends_it=may_end_early):
            for number, event in enumerate(events, start=1):
                _calm(chance.uniform(0, longest_calm), runs)
                installation.revive()
                if chance.random() < 0.5:  # right behind a promise, when there is most to lose
                    ledger.wait_for_promise(longest_calm)
                    time.sleep(chance.uniform(0, 0.5))
                progress(
                    f"{time.monotonic() - began:6.0f} s  {number} of {len(events)}: {event}"
                    f"  ({len(ledger.acknowledged)} jobs, {len(ledger.errors)} errors,"
                    f" {len(ledger.refusals)} refusals, {len(runs.repeated)} repeated)"
                )
                happen(event, installation, chance)
        _calm(longest_calm, runs)
    installation.revive()
    come_to_rest(installation.database_url, patience, runs.look)
    for server in installation.servers:
        server.stop()
    runs.look()
    assess(tally, installation, ledger, runs, busy_database=busy_database)
    tally.seconds = time.monotonic() - began
    return tally


@contextmanager
def _interrupt(*, ends_it: bool) -> Iterator[None]:
    """Let ^C end the block, or what called it, too."""
    try:
        yield
    except KeyboardInterrupt:
        if not ends_it:
            raise


def _calm(seconds: float, runs: StepRuns) -> None:
    """Let time pass, and look."""
    until = time.monotonic() + seconds
    while True:
        runs.look()
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, LOOK_PERIOD))
