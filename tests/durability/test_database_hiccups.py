"""PostgreSQL restarts, refuses or is full for a moment: afterwards everything works as before."""

import random
from pathlib import Path

import pytest

from tests.client import Client
from tests.durability.conftest import SignIn
from tests.durability.events import Event, happen
from tests.durability.evidence import workers
from tests.durability.installation import Installation, installed
from tests.durability.storm import storm
from tests.kit import until

pytestmark = [
    pytest.mark.durability,
    pytest.mark.usefixtures("postgresql_server"),
]

HICCUPS = (Event.REFUSE, Event.RESTART_FAST, Event.RESTART_IMMEDIATE)
SOON = 20.0
"""Seconds within which a change of a user must be known again after a hiccup."""
ADOPTION = 60.0
"""Seconds after which the jobs of a dead worker must have ended elsewhere."""


def hiccup(installation: Installation, event: Event) -> None:
    """Let the database be away for a moment in which every server asks it something."""
    happen(event, installation, random.Random(5))


def test_after_every_hiccup_a_disabled_user_is_refused_and_an_enabled_one_served(
    tmp_path: Path, sign_in: SignIn
) -> None:
    with installed(tmp_path, "postgresql") as installation:
        [server] = installation.servers
        client, user = sign_in(server), server.credentials["user_id"]

        for event in HICCUPS:
            hiccup(installation, event)
            until(f"not served after {event}", lambda: answers(client) == 200, SOON)
            server.command("admin", "user", "disable", user)
            until(f"a disabled user is served after {event}", lambda: answers(client) == 401, SOON)
            server.command("admin", "user", "enable", user)
            until(f"an enabled user is refused after {event}", lambda: answers(client) == 200, SOON)


def answers(client: Client) -> int:
    """The status of an ordinary read."""
    return client.get("/clusters").status_code


def test_after_a_hiccup_the_jobs_of_a_dead_worker_are_adopted(
    tmp_path: Path, sign_in: SignIn
) -> None:
    with installed(tmp_path, "postgresql", workers=2, pace=0.5) as installation:
        client = sign_in(installation.servers[0])
        for event in HICCUPS:
            hiccup(installation, event)
        until("not served", lambda: answers(client) == 200, SOON)
        jobs = [client.created(f"demo-{number}") for number in range(4)]
        until("no job runs", lambda: all(map(client.is_running, jobs)))
        working = " ".join(workers(installation.database_url))
        survivor, victim = sorted(
            installation.servers, key=lambda server: f"-{server.pid}-" in working
        )

        victim.kill()

        client.at(survivor).wait_for_success(jobs, ADOPTION)


def test_three_workers_and_thirty_clients_share_forty_database_connections(
    tmp_path: Path,
) -> None:
    # PostgreSQL keeps three of the forty for superusers.
    with installed(
        tmp_path, "postgresql", workers=3, max_connections=40, database_connections=12, pace=4
    ) as installation:
        tally = storm(installation, [], seed=20261127, clients=30, largest_batch=1, longest_calm=4)

    assert not tally.faults, tally.table()
