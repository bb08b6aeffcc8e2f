"""Gentle and rough events at random moments under load: nothing is lost, fails or runs twice."""

import random
from pathlib import Path

import pytest

from tests.durability.events import Event, mixed
from tests.durability.installation import installed
from tests.durability.storm import storm

pytestmark = pytest.mark.durability


def test_stops_and_kills_at_random_moments_lose_fail_and_repeat_nothing(tmp_path: Path) -> None:
    seed = 20261125
    kinds = [Event.TERM, Event.KILL, Event.INT, Event.TERM_TWICE]
    events = mixed(kinds, 8, random.Random(seed))

    with installed(tmp_path, "sqlite", pace=4) as installation:
        tally = storm(installation, events, seed=seed, clients=6, longest_calm=1.0)

    assert not tally.faults, tally.table()


@pytest.mark.usefixtures("postgresql_server")
def test_database_restarts_and_stops_lose_fail_and_repeat_nothing_at_two_workers(
    tmp_path: Path,
) -> None:
    seed = 20261126
    kinds = [Event.RESTART_FAST, Event.TERM, Event.RESTART_IMMEDIATE, Event.REFUSE]
    events = [*mixed(kinds, 4, random.Random(seed)), Event.STOP_WITHOUT_DATABASE]

    with installed(tmp_path, "postgresql", workers=2, pace=4) as installation:
        tally = storm(installation, events, seed=seed, clients=6, longest_calm=1.5)

    assert not tally.faults, tally.table()
