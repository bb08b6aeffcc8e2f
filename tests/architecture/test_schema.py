"""Migrations build exactly the schema that the stores declare."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import clusterwright.app  # noqa: F401  # declares every table
from clusterwright import database, migrations
from clusterwright.database import metadata
from clusterwright.migrations import runner


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """A synchronous engine on an empty database of each kind."""
    engine = database.sync_engine(sa.make_url(database_url))
    yield engine
    engine.dispose()


def test_migrations_build_the_declared_schema(engine: sa.Engine) -> None:
    database.migrate(engine.url)

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": runner.is_ours,
                "compare_type": True,
                "compare_server_default": True,
            },
        )
        differences = compare_metadata(context, metadata)
        found = set(sa.inspect(connection).get_table_names())

    assert differences == []
    assert found == {*metadata.tables, "alembic_version"}


def test_the_newest_revision_is_the_one_that_starts_expect(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        script = ScriptDirectory.from_config(runner.configuration(connection))

    assert script.get_heads() == [migrations.HEAD]


def test_a_second_migration_changes_nothing(engine: sa.Engine) -> None:
    database.migrate(engine.url)
    database.migrate(engine.url)

    with engine.connect() as connection:
        revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()

    assert revision == migrations.HEAD
