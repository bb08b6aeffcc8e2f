"""What errors of a database mean, asked of real databases and of every error that asyncpg knows."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clusterwright.jobs import reader, sessions
from clusterwright.settings import Settings
from clusterwright.storage import hangups
from clusterwright.storage.database import Conflict, Database, StorageUnavailable
from clusterwright.storage.sqlstates import Meaning, meaning, of_state
from tests.database.hosts import Host
from tests.kit import until_async

AWAY = ("08", "53", "55", "57", "58")
"""Classes of SQLSTATE that are the server's trouble, never the statement's."""


def sqlstates() -> list[str]:
    """Every SQLSTATE that asyncpg has a name for."""
    kinds = vars(asyncpg.exceptions).values()
    found = {getattr(kind, "sqlstate", None) for kind in kinds if isinstance(kind, type)}
    return sorted(state for state in found if isinstance(state, str) and len(state) == 5)


@pytest.mark.parametrize("state", sqlstates())
def test_every_sqlstate_of_a_server_in_trouble_means_that_it_is_away(state: str) -> None:
    if state.startswith(AWAY):
        assert of_state(state) is Meaning.AWAY
    elif state.startswith("40") and state != "40003":
        assert of_state(state) is Meaning.CONFLICT
    elif state.startswith(("22", "23", "42")) and state != "42501":
        assert of_state(state) is Meaning.DEFECT


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), FileNotFoundError(2, "x", "y")])
def test_an_error_from_elsewhere_means_nothing(error: Exception) -> None:
    assert meaning(error) is None


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(104, "x"),
        TimeoutError("x"),
        OSError(113, "No route to host"),
        asyncpg.InternalClientError("another operation is in progress"),
    ],
)
def test_a_lost_connection_means_that_the_database_is_away(error: Exception) -> None:
    assert meaning(error) is Meaning.AWAY


@pytest.fixture
async def postgresql(postgresql_server: str) -> AsyncIterator[Database]:
    """An empty PostgreSQL database that its test may close to everybody."""
    with psycopg.connect(f"{postgresql_server}/postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS outage WITH (FORCE)")
        connection.execute("CREATE DATABASE outage")
    data = Database(f"{postgresql_server}/outage", pool_size=2)
    yield data
    await data.dispose()
    command(postgresql_server, "DROP DATABASE outage WITH (FORCE)")


def command(server: str, text: str) -> None:
    """Tell a PostgreSQL server something, as its administrator."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(text.encode())


async def ask(data: Database, text: str = "SELECT 1") -> Any:
    """What a statement answers, in a transaction of its own."""
    async with data.transaction() as tx:
        answer = await tx.execute(sa.text(text))
        return answer.scalar() if answer.returns_rows else None


async def test_a_postgresql_that_accepts_no_connections_is_away_until_it_does(
    postgresql: Database, postgresql_server: str
) -> None:
    await ask(postgresql)
    command(postgresql_server, "ALTER DATABASE outage ALLOW_CONNECTIONS false")
    command(
        postgresql_server,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'outage'",
    )

    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            await ask(postgresql)
    away, seconds = postgresql.is_away, postgresql.outage_seconds()
    command(postgresql_server, "ALTER DATABASE outage ALLOW_CONNECTIONS true")

    assert await ask(postgresql) == 1
    assert (away, postgresql.is_away) == (True, False)
    assert postgresql.outage_seconds() >= seconds > 0


async def test_a_session_that_was_ended_in_the_middle_of_a_transaction_is_an_outage(
    postgresql: Database, postgresql_server: str
) -> None:
    with pytest.raises(StorageUnavailable):
        async with postgresql.transaction() as tx:
            pid = (await tx.execute(sa.text("SELECT pg_backend_pid()"))).scalar()
            command(postgresql_server, f"SELECT pg_terminate_backend({pid})")
            await tx.execute(sa.text("SELECT 1"))

    assert await ask(postgresql) == 1


def end_sessions(server: str) -> None:
    """End every session of the test's database, as a restart of the server does."""
    command(
        server,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'outage'",
    )


@pytest.mark.parametrize("turns", range(4))
async def test_an_outage_that_is_over_before_anybody_asks_is_none(
    postgresql: Database, postgresql_server: str, turns: int
) -> None:
    """Whatever the event loop knows of the ends of idle sessions by then."""
    await asyncio.gather(ask(postgresql, "SELECT pg_sleep(0.1)"), ask(postgresql))
    end_sessions(postgresql_server)
    for _ in range(turns):
        await asyncio.sleep(0)

    answers = [await ask(postgresql) for _ in range(4)]

    assert answers == [1, 1, 1, 1]
    assert not postgresql.outage_seconds()


async def test_of_two_that_lock_each_other_out_one_is_told_to_try_again(
    postgresql: Database,
) -> None:
    await ask(postgresql, "CREATE TABLE pairs (id integer primary key, n integer)")
    await ask(postgresql, "INSERT INTO pairs VALUES (1, 0), (2, 0)")
    both = asyncio.Barrier(2)

    async def add(first: int, second: int) -> None:
        async with postgresql.transaction() as tx:
            await tx.execute(sa.text(f"UPDATE pairs SET n = n + 1 WHERE id = {first}"))
            await both.wait()
            await tx.execute(sa.text(f"UPDATE pairs SET n = n + 1 WHERE id = {second}"))

    ended = await asyncio.gather(add(1, 2), add(2, 1), return_exceptions=True)

    assert sorted(type(each).__name__ for each in ended) == ["Conflict", "NoneType"]
    assert issubclass(Conflict, StorageUnavailable)
    assert not postgresql.is_away


@pytest.mark.parametrize(
    "text", ["SELECT nothing FROM nowhere", "SELEKT", "INSERT INTO once VALUES (1)"]
)
async def test_a_wrong_statement_is_our_defect_on_both_databases(text: str, data: Database) -> None:
    async with data.transaction() as tx:
        await tx.execute(sa.text("CREATE TABLE once (id integer primary key)"))
        await tx.execute(sa.text("INSERT INTO once VALUES (1)"))

    with pytest.raises(DBAPIError):
        await ask(data, text)

    assert not data.is_away


async def test_a_pool_without_a_free_session_is_unavailability(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend: Any = postgresql._backend
    monkeypatch.setattr(backend._engine.sync_engine.pool, "_timeout", 0.05)

    async with postgresql.transaction(), postgresql.transaction():
        with pytest.raises(StorageUnavailable):
            await ask(postgresql)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_BUSY, Meaning.AWAY),
        (sqlite3.SQLITE_FULL, Meaning.AWAY),
        (sqlite3.SQLITE_IOERR_FSYNC, Meaning.AWAY),
        (sqlite3.SQLITE_READONLY_DBMOVED, Meaning.AWAY),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, Meaning.AWAY),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, Meaning.DEFECT),
        (sqlite3.SQLITE_ERROR, Meaning.DEFECT),
    ],
)
def test_a_result_code_of_sqlite_means_what_its_family_means(code: int, expected: Meaning) -> None:
    error = sqlite3.DatabaseError("x")
    error.sqlite_errorcode = code

    assert meaning(error) is expected
    assert meaning(DBAPIError("SELECT 1", None, error)) is expected


async def test_a_full_disk_is_an_outage_for_writers_only(tmp_path: Path) -> None:
    data = Database(f"sqlite:///{tmp_path / 'full.db'}")
    await ask(data, "CREATE TABLE rows (text text)")
    await ask(data, "PRAGMA max_page_count = 3")

    with pytest.raises(StorageUnavailable, match="full"):
        await ask(data, f"INSERT INTO rows VALUES ('{'x' * 50_000}')")
    async with data.reading() as tx:
        await tx.execute(sa.text("SELECT * FROM rows"))

    assert data.is_away
    await data.dispose()


@pytest.fixture
async def host(
    postgresql: Database, postgresql_server: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Host]:
    """A host of the test's database that can vanish, which is noticed soon."""
    monkeypatch.setattr(hangups, "VANISHED_AFTER", 2)
    monkeypatch.setattr(hangups, "ASKED_AFTER", 1)
    await ask(postgresql)
    port = sa.make_url(postgresql_server).port
    assert port
    async with Host(port) as opened:
        yield opened


def through(host: Host, server: str) -> sa.URL:
    """The URL of the test's database by way of the host."""
    return sa.make_url(server).set(port=host.port, database="outage")


SOON = 30
"""Seconds, where the system's own patience is a quarter of an hour at the least."""


async def test_a_request_whose_database_s_host_vanishes_is_told_of_an_outage(
    host: Host, postgresql_server: str
) -> None:
    data = Database(through(host, postgresql_server).render_as_string(False), pool_size=1)

    async def wait() -> None:
        async with data.transaction() as tx:
            await tx.execute(sa.text("SELECT 1"))
            host.vanish()
            await tx.execute(sa.text("SELECT 1"))

    with pytest.raises(StorageUnavailable):
        await asyncio.wait_for(wait(), SOON)

    await data.dispose()


async def test_a_statement_at_work_is_given_up_when_the_host_vanishes(
    host: Host, postgresql: Database, postgresql_server: str
) -> None:
    data = Database(through(host, postgresql_server).render_as_string(False), pool_size=1)
    active = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'"
    waiting = asyncio.create_task(ask(data, "SELECT pg_sleep(600)"))
    await until_async("it is at work", lambda: ask(postgresql, active))

    host.vanish()

    with pytest.raises(StorageUnavailable):
        await asyncio.wait_for(waiting, SOON)

    await data.dispose()


async def test_a_reader_of_documents_is_told_when_the_host_vanishes(
    host: Host, postgresql_server: str
) -> None:
    data = Database(through(host, postgresql_server).render_as_string(False), pool_size=1)
    async with data.transaction() as tx:
        await tx.execute(
            sa.text("CREATE TABLE job_trees (uid text, project_id text, document bytea)")
        )
        await tx.execute(sa.text("CREATE TABLE jobs (uid text, project_id text, root_uid text)"))
    documents = await reader.connect(data, name="test", connections=1)
    assert await documents.read("a", project_id="p") is None

    host.vanish()

    with pytest.raises(StorageUnavailable):
        await asyncio.wait_for(documents.read("a", project_id="p"), SOON)

    await data.dispose()


async def test_the_engine_is_told_when_the_host_vanishes(
    host: Host, postgresql_server: str, tmp_path: Path
) -> None:
    engine = sessions.open_engine(through(host, postgresql_server), "test", Settings(data=tmp_path))

    def wait() -> None:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
            host.vanish()
            connection.execute(sa.text("SELECT 1"))

    with pytest.raises(DBAPIError):
        await asyncio.wait_for(asyncio.to_thread(wait), SOON)

    engine.dispose()
