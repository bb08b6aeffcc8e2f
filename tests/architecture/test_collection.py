"""Tests do not depend on when and beside what they run: workers must agree on every test."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.server_process import KeptPort

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]


@pytest.fixture(scope="module")
def collected() -> list[str]:
    """The ids of all tests, as another process collects them later, on another day of its clock."""
    away = "Etc/GMT+12" if datetime.now(UTC).hour < 11 else "Etc/GMT-14"
    surroundings = os.environ | {"PYTHONHASHSEED": "1", "TZ": away}
    done = subprocess.run(COMMAND, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_collecting_twice_gives_the_same_tests_in_the_same_order(
    request: pytest.FixtureRequest, collected: list[str]
) -> None:
    # All of them in the gate, where this process is one of its workers.
    here = [item.nodeid for item in request.session.items]
    known = set(here)
    again = [name for name in collected if name in known]

    if len(here) < len(collected):  # some files are taken in the order in which they are told
        here, again = (sorted(names, key=file_of) for names in (here, again))
    assert again == here


def file_of(name: str) -> str:
    """The file of a test."""
    return name.partition("::")[0]


def test_no_test_is_named_after_the_time_of_its_collection(collected: list[str]) -> None:
    # Two workers disagree on such a name once in a while only: on the day, at midnight.
    moment = datetime.now(UTC)
    days = [moment + timedelta(days=n) for n in (-1, 0, 1)]
    telling = {f"{day:{form}}" for day in days for form in ("%Y-%m-%d", "%Y%m%d")}
    telling.add(str(int(moment.timestamp()))[:6])  # of ten digits: a few hours

    assert [name for name in collected if any(part in name for part in telling)] == []


def test_the_port_of_a_test_stays_its_own_while_its_server_is_dead() -> None:
    kept = KeptPort()

    for _ in "12":
        socket.create_server(("127.0.0.1", kept.number)).close()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", kept.number))
