"""Alembic's entry point: runs the revisions on the connection that it is given."""

from alembic import context

from clusterwright.storage.database import metadata
from clusterwright.storage.migrations.runner import is_ours

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=is_ours,
    transaction_per_migration=False,
)
context.run_migrations()
