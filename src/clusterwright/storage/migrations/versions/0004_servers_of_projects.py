"""A server is one node in its project, whatever other projects name."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make server ids unique in each project instead of everywhere."""
    # SQLite knows the old constraint by no name, so reflection gives it the one that PostgreSQL
    # chose.
    names = {"uq": "%(table_name)s_%(column_0_N_name)s_key"}
    with op.batch_alter_table("nodes", naming_convention=names) as nodes:
        nodes.drop_constraint("nodes_server_id_key", type_="unique")
        nodes.create_unique_constraint(
            "nodes_project_id_server_id_key", ["project_id", "server_id"]
        )
