"""The bench on both databases."""

from collections.abc import AsyncIterator, Iterator

import pytest
import sqlalchemy as sa

from clusterwright.drivers.contract import Drivers
from clusterwright.drivers.simulated import SimulatedDriver
from clusterwright.jobs import commits, reader, tries
from clusterwright.storage.database import Database, metadata
from tests import postgresql, schema
from tests.drivers.examples import SEAL
from tests.jobs.bench import Bench, WatchedDatabase


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def bench_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a database of each kind with our tables, for all benches one after the other."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("bench") / "clusterwright.db"
        schema.write_sqlite(path)
        yield f"sqlite:///{path}"
        return
    with postgresql.fresh_database(request.getfixturevalue("postgresql_server")) as url:
        yield url


@pytest.fixture
async def data(bench_url: str) -> AsyncIterator[Database]:
    """A database of each kind with our tables and nothing in them."""
    data = Database(bench_url)
    await empty(data)
    yield data
    await data.dispose()


async def empty(data: Database) -> None:
    """Delete what the test before has left."""
    deletions = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]
    if not data.is_sqlite:  # where each statement that is new to a session takes two round trips
        deletions = [f"DO $$ BEGIN {'; '.join(deletions)}; END $$"]
    async with data.transaction() as tx:
        for deletion in deletions:
            await tx.execute(sa.text(deletion))


@pytest.fixture
async def bench(bench_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """A bench on an empty database of each kind, where nothing waits longer than it must."""
    monkeypatch.setattr(commits, "LOOK_PERIOD", 0.01)
    for module in (commits, tries):
        monkeypatch.setattr(module, "FIRST_BACKOFF", 0.001)
    data = WatchedDatabase(bench_url)
    await empty(data)
    documents = await reader.connect(data, name="bench", kept=1_000_000)
    yield Bench(data, Drivers({"simulated": SimulatedDriver(data, SEAL, pace=0)}), documents)
    await documents.close()
    await data.dispose()
