"""What is collected depends on nothing but the code: workers must agree on every test."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def collected(hash_seed: str) -> list[str]:
    """The ids of all tests, as a process of its own collects them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_collecting_twice_gives_the_same_tests_in_the_same_order() -> None:
    # Two seconds and two orders of sets apart: workers of one gate are both.
    assert collected("1") == collected("2")
