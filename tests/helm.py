"""The program Helm, for tests that run it."""

from pathlib import Path

import pytest

from clusterwright.drivers.helm import Helm
from clusterwright.drivers.local import binaries
from clusterwright.settings import Settings


def program() -> Path | None:
    """Where it is, as a server looks for it."""
    return binaries.helm(Settings().kubernetes_folder)


HELM = Helm(program)

needs_helm = pytest.mark.skipif(
    program() is None, reason="Helm is not here: run make helm, or put it on PATH"
)
