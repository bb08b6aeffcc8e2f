"""Whoever keeps copies learns of every write of the process, before it is seen and after."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from clusterwright.storage.database import Database
from clusterwright.storage.writes import Writes


async def test_a_stamp_is_gone_while_a_transaction_is_open_and_another_one_afterwards(
    tmp_path: Path,
) -> None:
    data = Database(f"sqlite:///{tmp_path / 'a.db'}")
    stamps = [data.writes.stamp()]

    for error in (None, ValueError()):
        with suppress(ValueError):
            async with data.transaction():
                stamps.append(data.writes.stamp())
                if error:
                    raise error
        stamps.append(data.writes.stamp())
    async with data.reading():
        stamps.append(data.writes.stamp())
    await data.dispose()

    assert stamps == [0, None, 1, None, 2, 2]


async def test_a_transaction_that_never_began_is_counted_and_forgotten(tmp_path: Path) -> None:
    data = Database(f"sqlite:///{tmp_path / 'a.db'}")

    async def write() -> None:
        async with data.transaction():
            pass

    async with data.transaction():
        waiting = asyncio.create_task(write())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        inside = data.writes.stamp()
    await data.dispose()

    assert (inside, data.writes.stamp()) == (None, 2)


def test_nothing_is_known_where_other_processes_write() -> None:
    assert Writes(are_all=False).stamp() is None


async def test_what_follows_a_commit_is_done_for_whoever_is_cancelled_right_after_it(
    postgresql_server: str,
) -> None:
    data, told = Database(f"{postgresql_server}/postgres"), list[str]()

    async def write() -> None:
        async with data.transaction() as tx:
            await tx.run_sync(
                lambda connection: event.listen(connection.engine, "checkin", cancel, once=True)
            )
            await tx.execute(text("SELECT 1"))
            tx.afterwards.append(lambda: told.append("committed"))

    def cancel(*_: Any) -> None:
        writing.cancel()

    writing = asyncio.create_task(write())

    with pytest.raises(asyncio.CancelledError):
        await writing
    await data.dispose()
    assert told == ["committed"]
