"""What happens to an installation, from the gentlest stop to the loss of its database."""

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from enum import StrEnum

from tests.durability.installation import DATABASE, Installation
from tests.server_process import ServerProcess

GRACE = 10.0
"""Seconds that a server may take for an orderly stop; a service manager kills it then."""
ROUNDING = 2.0
"""Seconds beyond the grace that a busy machine may add."""


class Event(StrEnum):
    """One thing that happens to one server or to the database."""

    KILL = "kill"
    KILL_WHILE_STARTING = "kill while starting"
    TERM = "SIGTERM"
    INT = "SIGINT"
    TERM_TWICE = "SIGTERM twice"
    FREEZE = "freeze"
    RESTART_FAST = "database restart, fast"
    RESTART_IMMEDIATE = "database restart, immediate"
    REFUSE = "database refuses"
    STOP_WITHOUT_DATABASE = "SIGTERM without database"


ON_ANY_DATABASE = (
    Event.KILL,
    Event.KILL_WHILE_STARTING,
    Event.TERM,
    Event.INT,
    Event.TERM_TWICE,
    Event.FREEZE,
)
"""What can happen to an installation on SQLite."""
ON_POSTGRESQL = tuple(Event)
"""What can happen to an installation on PostgreSQL."""


def mixed(kinds: Iterable[Event], number: int, chance: random.Random) -> list[Event]:
    """``number`` events of all these kinds, as often as one another, in random order."""
    kinds = list(kinds)
    drawn = [kinds[place % len(kinds)] for place in range(number)]
    chance.shuffle(drawn)
    return drawn


def happen(event: Event, installation: Installation, chance: random.Random) -> None:
    """Let it happen, and bring back what it took away."""
    _HAPPENINGS[event](installation, chance)


def ended_by(server: ServerProcess, *signals: signal.Signals) -> float:
    """Send signals, a moment apart, and wait for the end. Returns the seconds it took.

    A server that does not end is killed after three times the grace.
    """
    began = time.monotonic()
    for which in signals:
        server.signal(which)
        time.sleep(0.05)
    try:
        server.wait(3 * GRACE)
    except subprocess.TimeoutExpired:
        server.kill()
    return time.monotonic() - began


def _stop(*signals: signal.Signals) -> Callable[[Installation, random.Random], None]:
    def stop(installation: Installation, chance: random.Random) -> None:
        server = chance.choice(installation.servers)
        _note_stop(installation, ended_by(server, *signals))
        server.start()

    return stop


def _note_stop(installation: Installation, seconds: float) -> None:
    if seconds > GRACE + ROUNDING:
        installation.slow_stops.append(seconds)


def _kill(installation: Installation, chance: random.Random) -> None:
    server = chance.choice(installation.servers)
    server.kill()
    server.start()


def _kill_while_starting(installation: Installation, chance: random.Random) -> None:
    server = chance.choice(installation.servers)
    server.kill()
    server.launch()
    time.sleep(chance.uniform(0, 1.5))
    server.kill()
    server.start()


def _freeze(installation: Installation, chance: random.Random) -> None:
    """Alone, a server is thawed soon; among others, sometimes after they have adopted its jobs."""
    server = chance.choice(installation.servers)
    longest = 3.0 if len(installation.servers) == 1 else chance.choice((3.0, 30.0))
    server.signal(signal.SIGSTOP)
    time.sleep(chance.uniform(0.1, longest))
    server.signal(signal.SIGCONT)


def _restart(mode: str) -> Callable[[Installation, random.Random], None]:
    def restart(installation: Installation, chance: random.Random) -> None:
        with installation.outage() as postgres:
            postgres.stop(mode)
            time.sleep(chance.uniform(0, 1.5))
            postgres.start()

    return restart


def _refuse(installation: Installation, chance: random.Random) -> None:
    with installation.outage() as postgres:
        postgres.refuse(DATABASE)
        time.sleep(chance.uniform(0.1, 2.0))
        postgres.accept(DATABASE)


def _stop_without_database(installation: Installation, chance: random.Random) -> None:
    server = chance.choice(installation.servers)
    with installation.outage() as postgres:
        postgres.stop("fast")
        time.sleep(chance.uniform(0, 1.0))
        _note_stop(installation, ended_by(server, signal.SIGTERM))
        postgres.start()
        server.start()


_HAPPENINGS: dict[Event, Callable[[Installation, random.Random], None]] = {
    Event.KILL: _kill,
    Event.KILL_WHILE_STARTING: _kill_while_starting,
    Event.TERM: _stop(signal.SIGTERM),
    Event.INT: _stop(signal.SIGINT),
    Event.TERM_TWICE: _stop(signal.SIGTERM, signal.SIGTERM),
    Event.FREEZE: _freeze,
    Event.RESTART_FAST: _restart("fast"),
    Event.RESTART_IMMEDIATE: _restart("immediate"),
    Event.REFUSE: _refuse,
    Event.STOP_WITHOUT_DATABASE: _stop_without_database,
}
