"""A whole server that the tests of one module share, on SQLite or on both databases."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests import postgresql
from tests.api.cloud import Cloud, open_cloud


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a database of each kind, for one module."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'clusterwright.db'}"
        return
    with postgresql.fresh_database(request.getfixturevalue("postgresql_server")) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_cloud(
    shared_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Cloud]:
    """A server whose tests choose names of their own. Needs ``asyncio(loop_scope="module")``."""
    folder = tmp_path_factory.mktemp("cloud")
    async with open_cloud(folder, database=shared_database, cluster_quota=1000) as cloud:
        yield cloud


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A server on SQLite that the tests of a module share, for what is alike on both databases.

    Needs ``asyncio(loop_scope="module")`` too.
    """
    async with open_cloud(tmp_path_factory.mktemp("cloud"), cluster_quota=1000) as opened:
        yield opened
