"""Watches in which order transactions lock rows, and finds two that may wait for each other.

A lock is what PostgreSQL takes: the rows of an UPDATE, a DELETE and its cascades, a SELECT FOR
UPDATE, an INSERT whose key somebody else may choose as well, and the parents that an INSERT refers
to. The order counts by table. Three facts keep it from finding what cannot happen:

- A new row under an id that this process has just drawn is known to nobody, so nobody waits for it.
- Who holds a row alone may lock the rows below it in any order, as long as nobody who does not hold
  it locks more than one table of them: all others wait at the row above.
- The one row of ``iam_revision`` is above all identities in the same way.
- Whoever adds an event of a tree has the tree's row alone, or has just drawn its id. The event's
  number follows from that: nobody else adds the same one.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.sql import visitors

from clusterwright.iam import grants
from clusterwright.iam import store as iam
from clusterwright.storage.database import Database, metadata

_DRAWN = {"id", "uid"}
"""Key columns that hold what the server has drawn."""

_NUMBERED = {"job_events"}
"""Tables whose new rows are numbered under another row that is held."""

_IDENTITIES = {
    table.name
    for table in (
        *(iam.domains, iam.projects, iam.users, iam.access_keys, iam.revoked_tokens),
        *(iam.removed_identities, grants.groups, grants.memberships),
        *(grants.agencies, grants.assignments),
    )
}
"""Tables that are changed by whoever holds the one row of ``iam_revision``."""


class Hold(Enum):
    """How a transaction has a row."""

    NEW = "new"
    SHARED = "shared"
    ALONE = "alone"


@dataclass
class Transaction:
    """One transaction: who began it, and the tables whose rows it has locked, in that order."""

    name: str
    holds: dict[str, Hold] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Edge:
    """Rows of ``first`` were locked, and then some of ``then`` were waited for."""

    first: str
    then: str
    by: Transaction = field(hash=False, compare=False)


class LockOrder:
    """What was seen so far."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._edges: set[Edge] = set()
        self._below: set[Edge] = set()
        """Edges to rows below one that the transaction holds alone."""
        self._free: set[str] = set()
        """Tables whose rows were locked without the row above, and then others waited for."""
        self.upgrades: set[str] = set()
        """Transactions that shared a row first and wanted it alone then."""

    def lock(self, transaction: Transaction, table: str, hold: Hold) -> None:
        """Note that a transaction locks rows of a table."""
        before = transaction.holds.get(table)
        if before is Hold.SHARED and hold is Hold.ALONE:
            self.upgrades.add(f"{transaction} wants {table} alone")
        if before not in (None, Hold.NEW) or (before is Hold.NEW and hold is not Hold.ALONE):
            return
        if hold is not Hold.NEW:
            gated = _is_gated(table, transaction)
            for first, held in transaction.holds.items():
                if held is Hold.NEW or first == table:
                    continue
                if not _is_gated(first, transaction):
                    self._free.add(first)
                (self._below if gated else self._edges).add(Edge(first, table, transaction))
        transaction.holds[table] = hold

    def circles(self) -> list[str]:
        """Every two transactions that may wait for each other, told in words."""
        edges = self._edges | {edge for edge in self._below if edge.then in self._free}
        after: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in edges:
            after[edge.first].append(edge)
        return sorted(
            f"{edge.by} locks {edge.first} before {edge.then},"
            f" and {back.by} {back.first} before {back.then}"
            for edge in edges
            if (back := _way(after, edge.then, edge.first)) is not None
        )


def _way(after: dict[str, list[Edge]], start: str, goal: str) -> Edge | None:
    """The last edge of a way between two tables, or None."""
    seen, waiting = {start}, [start]
    while waiting:
        for edge in after.get(waiting.pop(), ()):
            if edge.then == goal:
                return edge
            if edge.then not in seen:
                seen.add(edge.then)
                waiting.append(edge.then)
    return None


def _is_gated(table: str, transaction: Transaction) -> bool:
    """Whether all rows of a table belong to one above, and this transaction holds that alone."""
    if table in _IDENTITIES and transaction.holds.get(iam.iam_revision.name) is Hold.ALONE:
        return True
    return any(
        transaction.holds.get(key.column.table.name) in (Hold.ALONE, Hold.NEW)
        and all(
            columns <= _DRAWN or key.parent.name in columns
            for columns in _keys(metadata.tables[table])
        )
        for key in metadata.tables[table].foreign_keys
    )


def _keys(table: sa.Table) -> Iterator[set[str]]:
    """The columns of each unique key."""
    for constraint in table.constraints:
        if isinstance(constraint, sa.PrimaryKeyConstraint | sa.UniqueConstraint):
            yield {column.name for column in constraint.columns}


def locks(statement: Any) -> Iterator[tuple[str, Hold]]:
    """What a statement locks, in this order; tables of others aside, the engine's for one."""
    return (found for found in _locks(statement) if found[0] in metadata.tables)


def _locks(statement: Any) -> Iterator[tuple[str, Hold]]:
    table: Any = getattr(statement, "table", None)
    if isinstance(statement, sa.TextClause):
        words = statement.text.split()
        if words[:2] == ["INSERT", "INTO"]:
            yield words[2], Hold.ALONE
    elif isinstance(statement, sa.Insert):
        drawn = all(columns <= _DRAWN for columns in _keys(table)) or table.name in _NUMBERED
        yield table.name, Hold.NEW if drawn else Hold.ALONE
        for key in table.foreign_keys:
            yield key.column.table.name, Hold.SHARED
    elif isinstance(statement, sa.Update):
        yield table.name, Hold.ALONE
    elif isinstance(statement, sa.Delete):
        yield from _with_cascades(table.name)
    for part in visitors.iterate(statement):
        if isinstance(part, sa.Select) and part._for_update_arg is not None:
            for found in part.get_final_froms():
                tables = (each for each in visitors.iterate(found) if isinstance(each, sa.Table))
                yield from ((each.name, Hold.ALONE) for each in tables)


def _with_cascades(table: str) -> Iterator[tuple[str, Hold]]:
    yield table, Hold.ALONE
    for other in metadata.sorted_tables:
        if any(k.column.table.name == table and k.ondelete for k in other.foreign_keys):
            yield from _with_cascades(other.name)


_NAME: ContextVar[str] = ContextVar("name", default="")


@contextmanager
def watched(patch: pytest.MonkeyPatch) -> Iterator[LockOrder]:
    """Every transaction of this process while the block lasts."""
    order = LockOrder()
    begin = Database.transaction
    open_now: dict[sa.Connection, Transaction] = {}

    def transaction(self: Database) -> Any:
        caller = sys._getframe(1)
        name = caller.f_code.co_qualname
        job_type = getattr(caller.f_locals.get("self"), "_type", None)
        _NAME.set(f"{job_type.name}: {name}" if job_type else name)
        order.names.add(_NAME.get())
        return begin(self)

    def execute(
        connection: sa.Connection, _c: Any, _s: Any, _p: Any, context: Any, _many: bool
    ) -> None:
        compiled = getattr(context, "compiled", None)
        if compiled is not None:
            current = open_now.setdefault(connection, Transaction(_NAME.get()))
            for table, hold in locks(compiled.statement):
                order.lock(current, table, hold)

    def end(connection: sa.Connection) -> None:
        open_now.pop(connection, None)

    patch.setattr(Database, "transaction", transaction)
    listeners = (("before_cursor_execute", execute), ("commit", end), ("rollback", end))
    for event, listener in listeners:
        sa.event.listen(sa.Engine, event, listener)
    try:
        yield order
    finally:
        for event, listener in listeners:
            sa.event.remove(sa.Engine, event, listener)
