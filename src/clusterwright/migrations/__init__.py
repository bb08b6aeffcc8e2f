"""The history of the schema, as Alembic revisions. ``HEAD`` is the newest one."""

HEAD = "0005"
"""Known without loading Alembic, so that a start on a current schema stays fast
(tests/architecture).
"""
