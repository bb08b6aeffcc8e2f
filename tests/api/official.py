"""What the official SDK says of the bodies of operations, place by place."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from huaweicloudsdkcce import v3 as sdk

from clusterwright.document import Document

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation, its body with everything in it, and both models of that."""

    name: str
    method: str
    path: str
    body: Json
    ours: type[Document]
    official: type[Any]

    def __str__(self) -> str:
        return self.name


Path = tuple[str | int, ...]


def official_fields(model: type[Any]) -> Mapping[str, str]:
    """The fields of an official model, with their types in its own words."""
    return {model.attribute_map[name]: kind for name, kind in model.openapi_types.items()}


def split(kind: str) -> tuple[str, str]:
    """``list``, ``dict`` or nothing, and the type of what is inside."""
    found = re.fullmatch(r"(?:(list)\[(.*)\]|(dict)\(str, (.*)\))", kind)
    if found is None:
        return "", kind
    return found[1] or found[3], found[2] or found[4]


def official_model(kind: str) -> type[Any] | None:
    """The official model of this name; None for plain values."""
    return getattr(sdk, kind, None) if kind[:1].isupper() else None


@dataclass(frozen=True)
class Place:
    """One place in a body, and the JSON type that belongs there."""

    path: Path
    kind: str

    def __str__(self) -> str:
        return ".".join(map(str, self.path))


def places(operation: Operation) -> Iterator[Place]:
    """Every place in a body of which the SDK tells the type, inner ones too."""
    yield from _places(operation.official, operation.body, ())


def _places(model: type[Any], value: Mapping[str, Any], path: Path) -> Iterator[Place]:
    for name, kind in official_fields(model).items():
        if name in value:
            yield from _inside(kind, value[name], (*path, name))


def _inside(kind: str, value: Any, path: Path) -> Iterator[Place]:
    outer, inner = split(kind)
    if outer:
        yield Place(path, outer)
        items = enumerate(value) if outer == "list" else value.items()
        for key, item in items:
            yield from _inside(inner, item, (*path, key))
    elif model := official_model(kind):
        yield Place(path, "dict")
        yield from _places(model, value, path)
    elif kind != "object":
        yield Place(path, kind)


WRONG: Mapping[str, tuple[Any, ...]] = {
    "str": (5, 1.5, True, ["x"], {"x": "x"}),
    "int": ("5", 1.5, True, [5], {"x": 5}),
    "float": ("0.5", True, [0.5], {"x": 0.5}),
    "bool": ("true", 1, 1.5, [True], {"x": True}),
    "list": ("x", 5, 1.5, True, {"x": "x"}),
    "dict": ("x", 5, 1.5, True, ["x"]),
}
"""By the type that belongs in a place: one value of every other."""


def spoilt(body: Json, path: Path, value: Any) -> Json:
    """The body with another value in one place; objects on the way there are made."""
    # By way of text: a copy would keep that two places share one value.
    made: Any = json.loads(json.dumps(body))
    inner = made
    for key in path[:-1]:
        inner = inner.setdefault(key, {}) if isinstance(inner, dict) else inner[key]
    inner[path[-1]] = value
    return dict(made)
