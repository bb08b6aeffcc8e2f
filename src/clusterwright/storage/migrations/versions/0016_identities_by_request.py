"""Users, projects and keys tell more, and groups, agencies and their roles are recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015b"
branch_labels = None
depends_on = None


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, server_default=sa.text("''"))


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def upgrade() -> None:
    """Make columns and tables. A domain's only user becomes its administrator."""
    op.add_column("projects", _text("parent_id", 64))
    op.add_column("projects", _text("description", 255))
    op.add_column("users", sa.Column("administrator", sa.Boolean))
    op.add_column("users", sa.Column("profile", sa.JSON))
    op.add_column("users", _time("created_at"))
    op.add_column("access_keys", _text("description", 255))
    op.add_column("access_keys", _time("created_at"))
    users = sa.table("users", sa.column("domain_id"), sa.column("administrator"))
    alone = sa.select(users.c.domain_id).group_by(users.c.domain_id).having(sa.func.count() == 1)
    op.execute(sa.update(users).where(users.c.domain_id.in_(alone)).values(administrator=sa.true()))
    op.create_table(
        "removed_identities",
        sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("id", sa.String(128), nullable=False),
    )
    op.create_table(
        "iam_groups",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("domain_id", sa.String(64), sa.ForeignKey("domains.id"), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("domain_id", "name"),
    )
    op.create_table(
        "iam_memberships",
        sa.Column(
            "group_id",
            sa.String(64),
            sa.ForeignKey("iam_groups.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "user_id",
            sa.String(64),
            sa.ForeignKey("users.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("domain_id", sa.String(64), nullable=False, index=True),
    )
    op.create_table(
        "iam_agencies",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("domain_id", sa.String(64), sa.ForeignKey("domains.id"), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("trust_domain_id", sa.String(64), nullable=False),
        sa.Column("trust_domain_name", sa.String(64), nullable=False),
        sa.Column("hours", sa.Integer, nullable=False),
        sa.UniqueConstraint("domain_id", "name"),
    )
    op.create_table(
        "iam_assignments",
        sa.Column("domain_id", sa.String(64), primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("scope", sa.String(16), primary_key=True),
        sa.Column("scope_id", sa.String(64), primary_key=True),
        sa.Column("role_id", sa.String(64), primary_key=True),
    )
