"""SQLite's log is copied into the database beside the loop, and large writes are safe there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from clusterwright.storage import offloop, sqlite
from clusterwright.storage.database import Database

PATIENCE = 20
"""Seconds that anything may take."""


@pytest.fixture
async def data(tmp_path: Path) -> AsyncIterator[Database]:
    """A database with one table of texts."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    opened = Database(url)
    async with opened.transaction() as tx:
        await tx.execute(sa.text("CREATE TABLE texts (content TEXT)"))
    yield opened
    await opened.dispose()


INSERT = sa.text("INSERT INTO texts VALUES (:content)")


async def test_what_is_committed_reaches_the_database_file_soon(
    data: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offloop, "COMMITS", 1)
    file = sqlite.sqlite_path(data.url)

    async with data.transaction() as tx:
        await tx.execute(INSERT, {"content": "a word that nobody else writes"})

    for _ in range(PATIENCE * 100):
        if b"a word that nobody else writes" in await asyncio.to_thread(file.read_bytes):
            return
        await asyncio.sleep(0.01)
    pytest.fail("the log was never copied")


async def test_a_large_write_that_is_cancelled_leaves_the_database_in_order(data: Database) -> None:
    content = "x" * 10_000_000

    async def write() -> None:
        async with data.transaction() as tx:
            await tx.execute_large(INSERT, {"content": content})
            await asyncio.Event().wait()

    for turns in range(4):
        writing = asyncio.create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    async with data.transaction() as tx:
        await tx.execute_large(INSERT, {"content": content})
    async with data.reading() as tx:
        found = (await tx.execute(sa.text("SELECT length(content) FROM texts"))).scalars().all()
    assert found == [len(content)]
