"""When jobs begin and end and why they fail, what continues them, and the events of each tree."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013d"
branch_labels = None
depends_on = None

TOP = sa.text("parent_uid IS NULL")


def upgrade() -> None:
    """Add the columns, the indexes of the history, and the table."""
    op.add_column("jobs", sa.Column("started_at", sa.BigInteger))
    op.add_column("jobs", sa.Column("ended_at", sa.BigInteger))
    op.add_column("jobs", sa.Column("attempt", sa.Integer, nullable=False, server_default="1"))
    op.add_column("jobs", sa.Column("cause", sa.JSON))
    for name, columns in {
        "time": (),
        "phase": ("phase",),
        "type": ("type", "phase"),
        "cluster": ("cluster_uid",),
        "resource": ("resource_id",),
    }.items():
        op.create_index(
            f"ix_jobs_top_{name}",
            "jobs",
            ["project_id", *columns, "created_at", "id"],
            postgresql_where=TOP,
            sqlite_where=TOP,
        )
    op.add_column("job_trees", sa.Column("driver", sa.String(32)))
    op.add_column("job_trees", sa.Column("continues", sa.String(36)))
    op.add_column("job_trees", sa.Column("continued_by", sa.String(36)))
    op.add_column("job_trees", sa.Column("cancel_mode", sa.String(16)))
    op.add_column("job_trees", sa.Column("cancel_requested_at", sa.BigInteger))
    op.create_table(
        "job_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("root_uid", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("written_by", sa.BigInteger, nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("root_uid", "revision"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_job_events_written_by", "job_events", ["written_by"], sqlite_where=sa.text("id < 0")
    )
