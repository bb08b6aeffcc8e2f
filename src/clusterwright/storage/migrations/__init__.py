"""The history of the schema, as Alembic revisions, and the way to the newest one."""

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError

from clusterwright.storage.database import StorageUnavailable, first_line, sync_engine
from clusterwright.storage.sqlstates import Meaning, meaning

HEAD = "0021"
"""Known without loading Alembic, so that a start on a current schema stays fast
(tests/architecture).
"""


class NewerSchema(Exception):
    """The database has revisions that this release does not know. The text tells what to do."""


def migrate(url: URL) -> None:
    """Bring the schema to the newest revision.

    On PostgreSQL, processes that start together take turns.

    Raises StorageUnavailable when the database does not answer, and NewerSchema.
    """
    engine = sync_engine(url)
    try:
        found = _revision(engine)
        if found is not None and found > HEAD:  # revisions are numbers of four digits
            raise NewerSchema(
                "The database was written by a newer release: run that one, or restore a backup."
            )
        if found != HEAD:
            # Imported here because a start on a current schema, which is nearly every one, needs
            # none of it.
            from clusterwright.storage.migrations import runner

            runner.upgrade(engine)
    except DBAPIError as error:
        if meaning(error) is Meaning.DEFECT:
            raise
        raise StorageUnavailable(first_line(error)) from error
    finally:
        engine.dispose()


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar_one_or_none()
        return found
