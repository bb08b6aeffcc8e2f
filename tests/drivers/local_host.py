"""The driver ``local`` for tests: real programs, and nothing of them left behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from clusterwright.drivers.local import processes
from clusterwright.drivers.local.driver import LocalDriver
from tests import kubernetes


@asynccontextmanager
async def driver(home: Path) -> AsyncIterator[LocalDriver]:
    """A driver at work on a folder. Skips the test where there are no programs."""
    kubernetes.binaries()
    async with LocalDriver(home, kubernetes.binaries) as opened:
        try:
            yield opened
        finally:
            await opened.close()
            end_all(home)


def end_all(home: Path) -> None:
    """End every process that a driver noted in this folder."""
    processes.stop(list(home.glob("*/run/*.json")), seconds=0)
