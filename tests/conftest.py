"""Parts that many tests share: databases of both kinds and a running server."""

import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from clusterwright.iam import passwords
from clusterwright.storage import sqlite
from clusterwright.storage.database import Database
from tests import compiled, postgresql, schema, server_process, slow
from tests.helm import require as require_helm
from tests.kubernetes import needs_kubernetes
from tests.server_process import ServerProcess

# How long an example takes says nothing about it where the machine does other things too. The gate
# repeats the same examples every time; new ones are looked for at the desk.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gate", settings.get_profile("desk"), derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "desk")

# As that of PostgreSQL, which runs without fsync here: the power stays on while tests run. Servers
# in processes of their own synchronise as ever.
DURABLE, sqlite.SYNCHRONOUS = sqlite.SYNCHRONOUS, "OFF"

compiled.share()
slow.down_if_asked()
server_process.START_WARM = True

# Nobody guesses the passwords of tests. Servers in processes of their own hash as ever.
COST, passwords.COST = passwords.COST, passwords.Cost(memory_kib=64, iterations=1)

_LONG_WAITS_FIRST = ("durability", "clients", "cli", "api")
"""Folders of tests whose modules take longest: nobody waits for one alone in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hand out the long modules first, and in the end those that wait for Kubernetes to be built.

    Inside a folder everything keeps its order. ``CLUSTERWRIGHT_TEST_ORDER`` is the seed of another
    order of modules: what a worker did before may make no difference.
    """
    if seed := os.environ.get("CLUSTERWRIGHT_TEST_ORDER"):
        modules = sorted({item.path for item in items})
        random.Random(seed).shuffle(modules)
        shuffled = {path: rank for rank, path in enumerate(modules)}
        items.sort(key=lambda item: shuffled[item.path])
        return
    ranks = {folder: rank for rank, folder in enumerate(_LONG_WAITS_FIRST)}
    here = Path(__file__).parent
    waiting = {item.path for item in items if needs_kubernetes.mark in item.iter_markers()}

    def place(item: pytest.Item) -> tuple[bool, int]:
        parts = item.path.relative_to(here).parts
        if item.path in waiting:  # the contract's module is the longest, and stands highest
            return True, len(parts) if parts[0] == "drivers" else len(here.parts)
        return False, ranks.get(parts[0], len(ranks))

    items.sort(key=place)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell why tests were skipped, in one line for each reason with the number of its tests.

    What a reason says after its first colon is the case; ``-rs`` tells each.
    """
    skipped: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    reasons = Counter(_reason(report) for report in skipped)
    if reasons and not terminalreporter.hasopt("s"):
        terminalreporter.section("skipped", sep="-")
        for reason, number in sorted(reasons.items()):
            terminalreporter.line(f"SKIPPED {number:>3}  {reason}")


def _reason(report: pytest.TestReport) -> str:
    """The reason of a skip without its case."""
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ").partition(": ")[0].rstrip(".")


@pytest.fixture
def helm() -> None:
    """Helm is there."""
    require_helm()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server, without a database name."""
    folder = postgresql.binaries()
    if folder is None:
        reason = "PostgreSQL's server programs are not installed (Debian: postgresql)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with postgresql.server(folder) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with our tables and nothing in them, once of each kind."""
    if request.param == "sqlite":
        schema.write_sqlite(tmp_path / "clusterwright.db")
        yield f"sqlite:///{tmp_path / 'clusterwright.db'}"
        return
    with postgresql.fresh_database(request.getfixturevalue("postgresql_server")) as url:
        yield url


@pytest.fixture
async def data(database_url: str) -> AsyncIterator[Database]:
    """A database of each kind with our tables."""
    data = Database(database_url)
    yield data
    await data.dispose()


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server on SQLite that many tests share, fast to wait for and slow enough to watch.

    It starts cold: what a server on SQLite has stand-ins for is not needed by anything they do.
    """
    server = ServerProcess(
        tmp_path_factory.mktemp("live") / "data", pace=8, cluster_quota=1000, cold=True
    )
    server.start()
    yield server
    server.stop()
