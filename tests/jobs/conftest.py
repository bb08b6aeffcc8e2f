"""The bench on both databases."""

from collections.abc import AsyncIterator

import pytest

from clusterwright import database
from clusterwright.drivers.simulated import SimulatedDriver
from clusterwright.jobs import reader
from tests.jobs.bench import Bench, WatchedDatabase


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Bench]:
    """A bench on an empty database of each kind."""
    data = WatchedDatabase(database_url)
    database.migrate(data.url)
    documents = await reader.connect(data.url, name="bench")
    yield Bench(data, {"simulated": SimulatedDriver(data, pace=0)}, documents)
    await documents.close()
    await data.dispose()
