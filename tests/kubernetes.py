"""The programs of Kubernetes for tests of the driver ``local``: real ones, built by this checkout.

``make kubernetes`` builds them, and ``.ci/run`` starts that in the background. A test that needs
them waits for a build under way, so it also carries the mark ``needs_kubernetes``.
"""

import os
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local.binaries import (
    CONTROL_PLANE,
    SIMULATED_NODES,
    Binaries,
    choose,
    installed,
)
from tools.kubernetes import build

LIMIT = float(os.environ.get("CLUSTERWRIGHT_TEST_KUBERNETES_SECONDS", "1500"))
"""Seconds that a test waits for a build that is under way."""
PAUSE = 0.5

needs_kubernetes = pytest.mark.timeout(LIMIT + 300)
"""A mark: the test may have to wait for a build before it begins."""

takes_minutes = pytest.mark.skipif(
    not os.environ.get("CLUSTERWRIGHT_TEST_LONG"),
    reason="takes minutes, and `CLUSTERWRIGHT_TEST_LONG=1 make test` runs it",
)
"""A mark: the gate, which may take 45 minutes on a new machine, has no time for it."""

NEEDED = (*CONTROL_PLANE, *SIMULATED_NODES, "kubectl")


def binaries(version: str = "v1.34", needed: Iterable[str] = NEEDED) -> Binaries:
    """The programs that run a version of the API, all those among them that are needed.

    Without them the test is skipped, and fails in CI; the reason is told.
    """
    found = _found()
    if not isinstance(found, str) and (missing := found.missing(needed)):
        found = why_not(f"{found.place} is without {', '.join(missing)}")
    if isinstance(found, str):
        if os.environ.get("CI"):
            pytest.fail(found, pytrace=False)
        pytest.skip(found)
    return choose(version, [found])


def bin_dir() -> Path:
    """The folder that ``CLUSTERWRIGHT_KUBERNETES_BIN_DIR`` should name for a server under test."""
    given = os.environ.get("CLUSTERWRIGHT_KUBERNETES_BIN_DIR")
    return Path(given) if given else build.bin_dir()


@cache
def _found() -> Binaries | str:
    """The programs, or why there are none."""
    deadline = time.monotonic() + LIMIT
    while build.under_way():
        if time.monotonic() > deadline:
            return f"The programs of Kubernetes are still being built after {LIMIT:.0f} s."
        time.sleep(PAUSE)
    here = [each for each in installed(bin_dir()) if each.place.startswith(str(bin_dir()))]
    try:
        return choose("v1.34", here)
    except DriverError as error:
        return why_not(str(error))


def why_not(otherwise: str) -> str:
    """Why the last build gave nothing; ``otherwise`` where there was none."""
    failed = build.bin_dir() / build.FAILED
    if failed.exists():
        return f"The programs of Kubernetes did not build: {failed.read_text().strip()}"
    return f"The programs of Kubernetes are not built, run make kubernetes: {otherwise}"
