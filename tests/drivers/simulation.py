"""A database for the simulated driver, of the kind that is asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import pytest

from clusterwright.storage.database import Database
from tests import postgresql, schema


@asynccontextmanager
async def database_of(
    request: pytest.FixtureRequest, kind: str, folder: Path
) -> AsyncIterator[Database]:
    """An empty database of a kind, with our tables."""
    made = (
        nullcontext(f"sqlite:///{folder / 'clusterwright.db'}")
        if kind == "sqlite"
        else postgresql.fresh_database(request.getfixturevalue("postgresql_server"))
    )
    if kind == "sqlite":
        schema.write_sqlite(folder / "clusterwright.db")
    with made as url:
        database = Database(url)
        yield database
        await database.dispose()
