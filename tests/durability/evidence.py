"""What a server has left behind: its rows, read without it, and its log."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from clusterwright.drivers.simulated.store import certificates, machines
from clusterwright.jobs.store import jobs
from clusterwright.storage.database import sync_engine
from tests.server_process import ServerProcess

_STEP = re.compile(r"running a step job=(\S+) step=(\S+)")

Steps = Counter[tuple[str, str]]
"""How many steps, by top job and step name."""


@contextmanager
def connect(database_url: str) -> Iterator[sa.Connection]:
    """The database, with or without a server on it."""
    engine = sync_engine(sa.make_url(database_url))
    try:
        # Read-only: a look at SQLite must not take the write lock from the server.
        with engine.connect().execution_options(read_only=True) as connection:
            yield connection
    finally:
        engine.dispose()


@dataclass(frozen=True)
class Inventory:
    """What the simulated driver keeps: each thing, and what tells when it was made."""

    machines: dict[str, int]
    certificates: dict[str, str]

    def __le__(self, later: "Inventory") -> bool:
        """Whether ``later`` still has everything, made once."""
        return (
            self.machines.items() <= later.machines.items()
            and self.certificates.items() <= later.certificates.items()
        )


def inventory(database_url: str) -> Inventory:
    """The driver's inventory right now."""
    with connect(database_url) as connection:
        return Inventory(
            {row.uid: row.created_at for row in connection.execute(machines.select())},
            {
                f"{row.cluster_uid} {row.role}": row.certificate
                for row in connection.execute(certificates.select())
            },
        )


def unfinished_steps(database_url: str) -> Steps:
    """The steps that are not Success right now."""
    parents = sa.select(jobs.c.parent_uid).where(jobs.c.parent_uid.is_not(None))
    left = sa.select(jobs.c.root_uid, jobs.c.type).where(
        jobs.c.phase != "Success", jobs.c.uid.not_in(parents)
    )
    with connect(database_url) as connection:
        return Counter((row.root_uid, row.type) for row in connection.execute(left))


def at_work(database_url: str, step: str) -> int:
    """How many steps of this name are Running right now."""
    running = sa.select(sa.func.count()).where(jobs.c.type == step, jobs.c.phase == "Running")
    with connect(database_url) as connection:
        return int(connection.execute(running).scalar_one())


def count(database_url: str, table: sa.Table) -> int:
    """How many rows a table has."""
    with connect(database_url) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def workers(database_url: str) -> list[str]:
    """The workers that have jobs right now, as the engine names them: host, process id, random."""
    busy = sa.text("SELECT DISTINCT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'")
    with connect(database_url) as connection:
        return list(connection.execute(busy).scalars())


class LogReader:
    """Tells which steps a server began since the last question."""

    def __init__(self, server: ServerProcess) -> None:
        self._path = server.log
        self._seen = 0

    def begun_steps(self) -> Steps:
        """The steps begun since this was last called."""
        text = self._path.read_text()
        new, self._seen = text[self._seen :], len(text)
        return Counter((job, step) for job, step in _STEP.findall(new))
