"""Rows as dataclasses, and back: the fields of each are columns of its table; and their changes."""

from collections.abc import Callable
from dataclasses import Field, fields
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Protocol, TypeVar

import sqlalchemy as sa


class Fact(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


T = TypeVar("T", bound=Fact)


@cache
def names(kind: type[Fact]) -> tuple[str, ...]:
    """The columns that a dataclass has fields for."""
    return tuple(field.name for field in fields(kind))


def columns(kept: Fact) -> dict[str, Any]:
    """The values of a dataclass by column. Unlike ``asdict`` it copies no documents."""
    return {name: getattr(kept, name) for name in names(type(kept))}


def read(kind: type[T], row: Any, /, **different: Any) -> T:
    """A row as a dataclass; ``different`` are the fields of another type than their columns."""
    values = dict(zip(names(kind), _values(kind)(row), strict=True))
    values |= different
    return kind(**values)


@cache
def changing(table: sa.Table, columns: tuple[str, ...], *of: str) -> sa.Update:
    """The statement that changes these columns, built once for each set of them.

    It changes the rows whose columns ``of`` have the values of the parameters ``of_`` and their
    names.
    """
    return (
        sa.update(table)
        .where(*(table.c[name] == sa.bindparam(f"of_{name}") for name in of))
        .values({name: sa.bindparam(name) for name in columns})
    )


@cache
def _values(kind: type[Fact]) -> Callable[[Any], tuple[Any, ...]]:
    first, *others = names(kind)
    return attrgetter(first, *others) if others else lambda row: (getattr(row, first),)
