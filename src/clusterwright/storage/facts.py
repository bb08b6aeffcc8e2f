"""Rows as dataclasses, and back: the fields of each are columns of its table."""

from collections.abc import Callable
from dataclasses import Field, fields
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Protocol, TypeVar


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
def _values(kind: type[Fact]) -> Callable[[Any], tuple[Any, ...]]:
    first, *others = names(kind)
    return attrgetter(first, *others) if others else lambda row: (getattr(row, first),)
