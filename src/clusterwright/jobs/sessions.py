"""The connections that the job engine uses for its own tables, beside ours on the same database."""

import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

from clusterwright.settings import Settings
from clusterwright.storage.database import SESSION, sync_url
from clusterwright.storage.hangups import give_up_all_vanished
from clusterwright.storage.sqlite import set_sqlite_modes


def open_engine(url: URL, executor_id: str, settings: Settings) -> sa.Engine:
    """The engine's own connections: a pool apart from ours, or both would starve each other.

    On PostgreSQL its sessions carry the executor id as their name, cut to 63 characters.
    """
    if url.get_backend_name() == "sqlite":
        # A connection is a file handle here, and waiting for one would stop a running job.
        size = settings.job_concurrency + 8
        engine = sa.create_engine(sync_url(url), pool_size=size, hide_parameters=True)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine
    options = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    arguments: dict[str, Any] = {"application_name": executor_id[:63], "options": options}
    engine = sa.create_engine(
        sync_url(url),
        pool_size=settings.database_shares.engine,
        max_overflow=0,
        connect_args=arguments,
        hide_parameters=True,
    )
    give_up_all_vanished(engine)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # As DBOS does for an engine of its own: the driver begins writing transactions, and only those.
    connection.isolation_level = "IMMEDIATE"
    set_sqlite_modes(connection)
    # What is lost with the power is claimed or ended once more: a job that has ended is only looked
    # at, and a claim that is lost is a job that waits. What puts a job into the queue is written on
    # our own connection, and is on the disk before anybody is answered.
    connection.execute("PRAGMA synchronous=NORMAL")
    # On Python >= 3.12 DBOS asks SQLite for unixepoch('subsec'), which SQLite before 3.42 does not
    # know.
    connection.create_function("unixepoch", -1, lambda *_: time.time())
