"""The program Helm, for tests that run it."""

import os
import time
from pathlib import Path

import pytest

from clusterwright.drivers.helm import Helm
from clusterwright.drivers.local import binaries
from clusterwright.settings import Settings


def program() -> Path | None:
    """Where it is, as a server looks for it."""
    return binaries.helm(Settings().kubernetes_folder)


HELM = Helm(program)

needs_helm = pytest.mark.usefixtures("helm")
"""A mark: the program must be there when the test begins; ``.ci/run`` builds it meanwhile."""

PATIENCE = 90.0
"""Seconds that a test waits in CI, less than a test may take."""


def require() -> None:
    """Skip a test without the program; in CI wait for it, and fail when it does not come."""
    deadline = time.monotonic() + (PATIENCE if os.environ.get("CI") else 0)
    while program() is None:
        if time.monotonic() >= deadline:
            told = "Helm is not here: run make helm, or put it on PATH"
            if os.environ.get("CI"):
                pytest.fail(told, pytrace=False)
            pytest.skip(told)
        time.sleep(0.5)
