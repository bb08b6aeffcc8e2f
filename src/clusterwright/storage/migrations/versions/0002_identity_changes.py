"""Identity rows tell when they changed, and keys of which token they are."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = ("domains", "projects", "users", "access_keys", "revoked_tokens")


def upgrade() -> None:
    """Add the columns; rows that stand count as changed before everything else."""
    for table in _TABLES:
        op.add_column(
            table, sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False)
        )
        op.create_index(op.f(f"ix_{table}_revision"), table, ["revision"], unique=False)
    op.add_column(
        "access_keys",
        sa.Column("chain", sa.String(64), server_default=sa.text("''"), nullable=False),
    )
    op.create_table(
        "server_key",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
