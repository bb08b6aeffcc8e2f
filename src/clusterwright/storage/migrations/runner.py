"""Applies the revisions. Loaded only when the schema is not current."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from clusterwright.storage.database import metadata

_LOCK = 0x436C7573
"""Key of the PostgreSQL advisory lock that makes processes starting together take turns."""


def configuration(connection: sa.Connection) -> Config:
    """Alembic's configuration for one open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: sa.Engine) -> None:
    """Bring the schema to the newest revision, in one transaction."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        command.upgrade(configuration(connection), "head")


def is_ours(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Whether Alembic should look at a table: on SQLite the engine's tables live beside ours."""
    return kind != "table" or name in metadata.tables
