"""What is collected depends on nothing but the code: workers must agree on every test."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
SURROUNDINGS = (
    {"PYTHONHASHSEED": "1", "TZ": "Etc/GMT+12"},
    {"PYTHONHASHSEED": "2", "TZ": "Etc/GMT-14"},
)
"""Two orders of sets, and two clocks that never agree on the day."""


@pytest.fixture(scope="module")
def collections() -> list[list[str]]:
    """The ids of all tests, as two processes collect them two seconds apart."""
    started = []
    for variables in SURROUNDINGS:
        started.append(
            subprocess.Popen(
                COMMAND, cwd=ROOT, env=os.environ | variables, stdout=subprocess.PIPE, text=True
            )
        )
        time.sleep(2)
    printed = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    return [[line for line in out.splitlines() if "::" in line] for out in printed]


def test_collecting_twice_gives_the_same_tests_in_the_same_order(
    collections: list[list[str]],
) -> None:
    first, second = collections

    assert first == second


def test_no_test_is_named_after_the_time_of_its_collection(collections: list[list[str]]) -> None:
    # Two workers disagree on such a name once in a while only: on the day, at midnight.
    moment = datetime.now(UTC)
    days = [moment + timedelta(days=n) for n in (-1, 0, 1)]
    telling = {f"{day:{form}}" for day in days for form in ("%Y-%m-%d", "%Y%m%d")}
    telling.add(str(int(moment.timestamp()))[:6])  # of ten digits: a few hours

    assert [name for name in collections[0] if any(part in name for part in telling)] == []
