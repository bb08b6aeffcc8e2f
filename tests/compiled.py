"""Lets all engines of this process share what SQLAlchemy has compiled.

Each server of a test has engines of its own, and each engine would compile every statement anew,
which is nearly half of what such a server costs.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_STATEMENTS: LRUCache[Any, Any] = LRUCache(10_000)


def share() -> None:
    """Do so from now on. What was compiled for a dialect fits another that is set up alike."""
    DefaultDialect.__eq__ = _equal  # type: ignore[assignment,method-assign]
    DefaultDialect.__hash__ = _hash  # type: ignore[assignment,method-assign]
    DefaultDialect.engine_created = classmethod(_engine_created)  # type: ignore[assignment,method-assign]


def _engine_created(_dialect: type[DefaultDialect], engine: Engine) -> None:
    engine.update_execution_options(compiled_cache=_STATEMENTS)


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
