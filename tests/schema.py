"""Databases that have all tables from the start, ours and the job engine's.

Their migrations take half a second each time, which is most of what a test of a server takes.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import sqlalchemy as sa
from dbos import DBOS

from clusterwright.storage import migrations

_TEMPLATE = "clusterwright_template"


def write_sqlite(path: Path) -> None:
    """Make the file of an empty database, unless it is there."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(_sqlite())


@cache
def _sqlite() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        _migrate(f"sqlite:///{path}")
        return path.read_bytes()


@cache
def postgresql_template(server: str) -> str:
    """The name of an empty database on a server, from which others are made."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    _migrate(f"{server}/{_TEMPLATE}")
    return _TEMPLATE


def _migrate(url: str) -> None:
    migrations.migrate(sa.make_url(url))
    DBOS.migrate(url)
