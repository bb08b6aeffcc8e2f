"""Statements of SQLAlchemy as the SQLite driver takes them, prepared once and for all.

SQLAlchemy finds the text of a statement and its parameters anew in each call, which takes several
times as long as SQLite needs to run it. A statement that is built once, as those of every request
and job are, has the same text each time: from the second call on it goes to the driver as it is.
What is built for one call goes through SQLAlchemy.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Delete, Engine, Executable, Insert, Select, Update
from sqlalchemy.engine import CursorResult, Dialect, IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from clusterwright.storage.transaction import Parameters

Process = Callable[[Any], Any]


class Found(IteratorResult[Any]):
    """The rows of a statement, all of them fetched."""

    def __init__(self, columns: SimpleResultMetaData, rows: list[Any], rowcount: int) -> None:
        super().__init__(columns, iter(rows))
        self.rowcount = rowcount


class Prepared:
    """One statement for parameters of the same names."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect, given: Iterable[str]) -> None:
        self._dialect = dialect
        self.sql = compiled.string
        names = set(given)
        keys = {name: bind for bind, name in compiled.bind_names.items()}
        processors = compiled._bind_processors
        self._values: list[Any] = []
        """The parameters in their order, those that the statement brings along filled in."""
        self._given: list[tuple[int, str, Process | None]] = []
        for place, name in enumerate(compiled.positiontup or ()):
            bind = keys[name]
            process = cast("Process | None", processors.get(name))
            self._values.append(None)
            if bind.key in names or name in names:
                key = bind.key if bind.key in names else name
                self._given.append((place, key, process))
            else:
                value = bind.effective_value
                self._values[place] = process(value) if process else value
        entries = compiled._result_columns
        self._columns = SimpleResultMetaData(
            [entry.keyname for entry in entries],
            _processors=[entry.type._cached_result_processor(dialect, None) for entry in entries],
        )

    def _row(self, parameters: Mapping[str, Any]) -> list[Any]:
        values = self._values.copy()
        for place, key, process in self._given:
            value = parameters[key]
            values[place] = value if process is None else process(value)
        return values

    def run(self, connection: sqlite3.Connection, parameters: Parameters | None) -> Found:
        """Execute the statement. Raises DBAPIError as SQLAlchemy does."""
        try:
            if parameters is None or isinstance(parameters, Mapping):
                cursor = connection.execute(self.sql, self._row(parameters or {}))
            else:
                cursor = connection.executemany(self.sql, map(self._row, parameters))
            rows = cursor.fetchall() if cursor.description else []
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                self.sql, None, error, sqlite3.Error, hide_parameters=True, dialect=self._dialect
            ) from error
        return Found(self._columns, rows, cursor.rowcount)


_Key = tuple[bool, tuple[str, ...]]


class Statements:
    """What was prepared for one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dialect = engine.dialect
        self._known: WeakKeyDictionary[Executable, dict[_Key, Prepared | None]] = (
            WeakKeyDictionary()
        )

    def execute(
        self,
        connection: Connection,
        driver: sqlite3.Connection,
        statement: Executable,
        parameters: Parameters | None,
    ) -> CursorResult[Any]:
        """Run a statement on a connection of SQLAlchemy and of the driver, which are one.

        Whoever listens to SQLAlchemy's events hears of all statements, at their old price.
        """
        if not self._engine.dispatch.before_cursor_execute:
            prepared = self._prepared(statement, parameters)
            if prepared is not None:
                return cast("CursorResult[Any]", prepared.run(driver, parameters))
        return connection.execute(statement, parameters)

    def _prepared(self, statement: Executable, parameters: Parameters | None) -> Prepared | None:
        known = self._known.get(statement)
        if known is None:  # it may be the only time that it is executed
            self._known[statement] = {}
            return None
        if parameters is None:
            key: _Key = (False, ())
        elif isinstance(parameters, Mapping):
            key = (False, tuple(parameters))
        else:
            key = (True, tuple(parameters[0]) if parameters else ())
        if key not in known:
            known[key] = self._prepare(statement, *key)
        return known[key]

    def _prepare(
        self, statement: Executable, many: bool, names: tuple[str, ...]
    ) -> Prepared | None:
        """None for what needs more than its text and its parameters."""
        if not isinstance(statement, Select | Insert | Update | Delete) or (many and not names):
            return None
        compiled = statement.compile(
            dialect=self._dialect, column_keys=sorted(names) or None, for_executemany=many
        )
        needs_more = (
            compiled.insert_prefetch,
            compiled.update_prefetch,
            compiled.post_compile_params,
            compiled.literal_execute_params,
            compiled.escaped_bind_names,
            compiled.implicit_returning,
            many and compiled.effective_returning,
            any(
                bind.required and bind.key not in names and name not in names
                for bind, name in compiled.bind_names.items()
            ),
        )
        return None if any(needs_more) else Prepared(compiled, self._dialect, names)
