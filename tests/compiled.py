"""Lets all engines of this process share what SQLAlchemy has compiled, and what we have prepared.

Each server of a test has engines of its own, and each engine would compile every statement anew,
which is more than half of what such a server costs.
"""

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Executable
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from clusterwright.storage.prepared import Prepared, Statements

_COMPILED: LRUCache[Any, Any] = LRUCache(10_000)
_PREPARED: WeakKeyDictionary[Executable, dict[Any, Prepared | None]] = WeakKeyDictionary()
_prepare = Statements._prepare


def share() -> None:
    """Do so from now on. What was compiled for a dialect fits another that is set up alike."""
    DefaultDialect.__eq__ = _equal  # type: ignore[assignment,method-assign]
    DefaultDialect.__hash__ = _hash  # type: ignore[assignment,method-assign]
    DefaultDialect.engine_created = classmethod(_engine_created)  # type: ignore[assignment,method-assign]
    Statements._prepare = _prepare_once  # type: ignore[method-assign]


def _engine_created(_dialect: type[DefaultDialect], engine: Engine) -> None:
    engine.update_execution_options(compiled_cache=_COMPILED)


def _prepare_once(
    self: Statements, statement: Executable, many: bool, names: tuple[str, ...]
) -> Prepared | None:
    known = _PREPARED.setdefault(statement, {})
    key = (many, names, self._dialect)
    if key not in known:
        known[key] = _prepare(self, statement, many, names)
    return known[key]


def _set_up(dialect: DefaultDialect) -> tuple[Any, ...]:
    return (
        type(dialect),
        dialect.paramstyle,
        dialect._json_serializer,
        dialect._json_deserializer,
        getattr(dialect, "server_version_info", None),
    )


def _equal(dialect: DefaultDialect, other: object) -> bool:
    return isinstance(other, DefaultDialect) and _set_up(dialect) == _set_up(other)


def _hash(dialect: DefaultDialect) -> int:
    return hash(_set_up(dialect))
