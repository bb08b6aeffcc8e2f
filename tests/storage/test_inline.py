"""SQLite in the loop: what shares a commit, what an error takes back, and who is told."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clusterwright.storage import inline
from clusterwright.storage.database import Database, StorageUnavailable, Tx
from clusterwright.storage.inline import Inline
from tests.kit import until_async

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(8), nullable=False, unique=True),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("is_good", sa.Boolean, nullable=False),
)
ADD = sa.insert(things)
RENAME = (
    sa.update(things)
    .where(things.c.id == sa.bindparam("which"), things.c.id < 1000)
    .values(name=sa.bindparam("name"), is_good=False)
    .returning(things.c.id, things.c.name)
)
FIND = sa.select(things).where(things.c.name == sa.bindparam("called")).limit(5)


def thing(number: int, name: str = "") -> dict[str, Any]:
    return {"id": number, "name": name or f"t{number}", "tags": [number], "is_good": True}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
    async with database.transaction() as tx:
        await tx.run_sync(things.metadata.create_all)
    yield database
    await database.dispose()


def backend(database: Database) -> Inline:
    found = database._backend
    assert isinstance(found, Inline)
    return found


def commits(database: Database) -> list[str]:
    """A list to which each commit that follows is added."""
    found: list[str] = []
    writer = backend(database)._writer
    assert writer is not None
    writer.driver.set_trace_callback(lambda text: found.append(text) if "COMMIT" in text else None)
    return found


async def names(database: Database) -> set[str]:
    async with database.reading() as tx:
        return {row.name for row in await tx.execute(sa.select(things.c.name))}


async def add(database: Database, number: int, name: str = "", *, fails: bool = False) -> None:
    async with database.transaction() as tx:
        await tx.execute(ADD, thing(number, name))
        await asyncio.sleep(0)
        if fails:
            raise LookupError(number)


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is one moment to a busy machine."""
    monkeypatch.setattr(inline, "_LONGEST", 60)


@pytest.mark.usefixtures("one_moment")
async def test_transactions_of_one_moment_share_a_commit(database: Database) -> None:
    seen = commits(database)

    await asyncio.gather(*(add(database, number) for number in range(10)))

    assert len(seen) == 1
    assert len(await names(database)) == 10


@pytest.mark.usefixtures("one_moment")
async def test_nobody_is_answered_before_the_commit(database: Database) -> None:
    seen = commits(database)
    answered: list[int] = []

    async def one(number: int) -> None:
        await add(database, number)
        answered.append(len(seen))

    await asyncio.gather(*(one(number) for number in range(10)))

    assert answered == [1] * 10


async def test_an_error_takes_back_its_own_transaction_alone(database: Database) -> None:
    ended = await asyncio.gather(
        *(add(database, number, fails=number % 3 == 1) for number in range(10)),
        return_exceptions=True,
    )

    assert [isinstance(each, LookupError) for each in ended] == [n % 3 == 1 for n in range(10)]
    assert await names(database) == {f"t{n}" for n in range(10) if n % 3 != 1}


async def test_when_the_first_of_a_group_fails_the_others_do_not(database: Database) -> None:
    ended = await asyncio.gather(
        *(add(database, number, fails=number == 0) for number in range(3)), return_exceptions=True
    )

    assert isinstance(ended[0], LookupError)
    assert await names(database) == {"t1", "t2"}


async def test_a_broken_rule_is_told_to_whoever_broke_it(database: Database) -> None:
    ended = await asyncio.gather(
        *(add(database, number, "same" if number in (2, 5) else "") for number in range(8)),
        return_exceptions=True,
    )

    assert [number for number, each in enumerate(ended) if isinstance(each, IntegrityError)] == [5]
    assert len(await names(database)) == 7


async def test_a_commit_that_fails_fails_for_all_of_its_group(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    writer = backend(database)._writer
    assert writer is not None

    def refuse() -> None:
        raise full

    monkeypatch.setattr(writer, "commit", refuse)
    ended = await asyncio.gather(
        *(add(database, number) for number in range(5)), return_exceptions=True
    )
    monkeypatch.undo()
    await add(database, 7)

    assert [type(each) for each in ended] == [StorageUnavailable] * 5
    assert await names(database) == {"t7"}


async def test_what_sqlite_takes_back_with_an_error_is_told_to_all_of_the_group(
    database: Database,
) -> None:
    async def lose_all() -> None:
        async with database.transaction() as tx:
            await tx.execute(sa.text("ROLLBACK"))  # as SQLite does itself when its disk is full
            raise LookupError

    ended = await asyncio.gather(
        add(database, 1), add(database, 2), lose_all(), add(database, 3), return_exceptions=True
    )

    assert [type(each) for each in ended] == [LookupError, LookupError, LookupError, type(None)]
    assert await names(database) == {"t3"}


async def test_whoever_is_cancelled_while_it_waits_lets_the_next_one_write(
    database: Database,
) -> None:
    async def slow() -> None:
        async with database.transaction() as tx:
            await tx.execute(ADD, thing(0))
            await asyncio.sleep(0.01)

    tasks = [asyncio.ensure_future(slow())]
    tasks += [asyncio.ensure_future(add(database, number)) for number in range(1, 5)]
    await asyncio.sleep(0.001)
    tasks[1].cancel()
    tasks[4].cancel()
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
    for again in range(10, 30):  # cancelled in the very turn in which the place becomes its own
        task = asyncio.ensure_future(add(database, again))
        other = asyncio.ensure_future(add(database, again + 100))
        for _ in range(again % 5):
            await asyncio.sleep(0)
        other.cancel()
        await asyncio.wait_for(asyncio.gather(task, other, return_exceptions=True), 5)

    assert {"t0", "t2", "t3"} | {f"t{n}" for n in range(10, 30)} <= await names(database)
    assert not {"t1", "t4"} & await names(database)


async def test_what_follows_a_commit_is_done_also_for_whoever_was_cancelled_meanwhile(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, may_commit, told = backend(database)._writer, threading.Event(), list[str]()
    assert place is not None
    commit = place.commit

    def commit_slowly() -> None:
        may_commit.wait()
        commit()

    monkeypatch.setattr(place, "commit", commit_slowly)
    monkeypatch.setattr(backend(database), "_disk_is_slow", True)

    async def write() -> None:
        async with database.transaction() as tx:
            await tx.execute(ADD, thing(1))
            tx.afterwards.append(lambda: told.append("committed"))

    writing = asyncio.create_task(write())
    await until_async("it commits", lambda: backend(database)._committing is not None)
    for _ in range(2):  # by its client, and by the end of the server
        writing.cancel()
        await asyncio.sleep(0)
    may_commit.set()

    with pytest.raises(asyncio.CancelledError):
        await writing
    assert told == ["committed"]
    assert await names(database) == {"t1"}


async def test_what_is_deferred_is_seen_at_once_and_kept_by_the_next_commit(
    database: Database,
) -> None:
    async with database.deferred() as tx:
        await tx.execute(ADD, thing(1))
    seen = await names(database)
    mode = await asked(database, "PRAGMA synchronous")
    await add(database, 2)

    assert seen == {"t1"}
    assert mode == 2  # whoever may not be late waits for the disk
    assert await names(database) == {"t1", "t2"}


async def asked(database: Database, text: str) -> Any:
    async with database.transaction() as tx:
        return (await tx.execute(sa.text(text))).scalar()


async def tell_all(tx: Tx) -> list[Any]:
    """What a few statements find and do: new rows, changed ones, all of one kind, and none."""
    await tx.execute(ADD, thing(1))
    await tx.execute(ADD, [thing(2), thing(3)])
    renamed = (await tx.execute(RENAME, {"which": 2, "name": "new"})).one()
    found = (await tx.execute(FIND, {"called": "new"})).all()
    none = (await tx.execute(FIND, {"called": "nobody"})).one_or_none()
    kept = (await tx.execute(sa.select(things))).mappings().all()
    gone = (await tx.execute(sa.delete(things))).rowcount
    again = (await tx.execute(FIND, {"called": "new"})).first()
    return [tuple(renamed), [dict(row._mapping) for row in found], none, list(kept), gone, again]


async def test_a_statement_means_the_same_however_often_it_is_run(database: Database) -> None:
    runs = []
    for _ in range(3):
        async with database.transaction() as tx:
            runs.append(await tell_all(tx))

    assert runs[0] == runs[1] == runs[2]
    assert runs[0][0] == (2, "new")
    assert runs[0][1] == [thing(2, "new") | {"is_good": False}]


async def test_a_parameter_that_is_missing_is_told_each_time(database: Database) -> None:
    for _ in range(3):
        with pytest.raises(sa.exc.SQLAlchemyError):
            async with database.transaction() as tx:
                await tx.execute(FIND, {"calld": "x"})


async def test_an_error_never_shows_the_parameters(database: Database) -> None:
    for _ in range(3):
        with pytest.raises(IntegrityError) as caught:
            async with database.transaction() as tx:
                await tx.execute(ADD, thing(1, "secret"))
                await tx.execute(ADD, thing(2, "secret"))

        assert "'secret'" not in str(caught.value)
