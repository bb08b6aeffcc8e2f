"""Documents as clients write and read them: keys and strict JSON.

Outside, keys are camelCase; inside, fields are snake_case. Input keys match in any letter case,
because both Terraform providers send ``apiversion`` and the public service ignores case (API
reference, 0.1).

An empty string is no value: clients without ``omitempty`` send ``""`` for whatever their user left
out. So it is dropped from every field that may be absent and holds nothing but text, unless the
field is marked with ``KEEPS_EMPTY`` because there it means "clear" (API reference, 0.22).
"""

import re
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import from_json

MAX_DEPTH = 32
MAX_VALUES = 50_000
"""Keys and values of one document: a batch of 500 nodes has some 40,000."""
LONGEST_TOLD = 64
"""Characters of a key that errors repeat."""
INTEGERS = range(-(2**63), 2**63)
"""What 64 bits can hold."""

KEEPS_EMPTY = object()
"""Marks a field, ``Annotated[str | None, KEEPS_EMPTY]``, where ``""`` is a value of its own."""

# Tab, line feed and carriage return are text (scripts, certificates); other control characters are
# not, and PostgreSQL cannot store U+0000 at all.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Malformed(ValueError):
    """A document that breaks a rule: ``field`` names where, ``rule`` says what to do."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}" if field else rule)
        self.field = field
        self.rule = rule


def _camel_case(name: str) -> str:
    # pydantic's own generator capitalises after digits too: k8STags.
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


class Document(BaseModel):
    """A JSON document of the API. Unknown fields are kept and given back (API reference, 0.19)."""

    # Built when first used: all at once would be a tenth of a server's start.
    model_config = ConfigDict(
        defer_build=True,
        alias_generator=_camel_case,
        populate_by_name=True,
        extra="allow",
        strict=True,
    )

    def as_sent(self) -> dict[str, Any]:
        """The document as the client sent it: canonical keys, unknown fields, nothing added."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a document from bytes.

        Raises Malformed, naming the first field that breaks a rule.
        """
        value = decode(raw)
        if not isinstance(value, dict):
            raise Malformed("", "The body must be a JSON object.")
        try:
            return cls.model_validate(_canonical(cls, value))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            field = ".".join(map(cut, first["loc"]))
            rule = first["msg"].removeprefix("Value error, ")
            raise Malformed(field, rule[:1].upper() + rule[1:] + ".") from None


def decode(raw: bytes) -> Any:
    """The value of a JSON text that is safe to keep. Raises Malformed.

    Refused beyond bad JSON: nesting deeper than 32, more than 50,000 keys and values, numbers over
    64 bits, NaN and infinities, and control characters in strings (docs/limits.md).
    """
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Malformed("", f"The body is not valid JSON: {error}.") from None
    # The document stands in a list, so that a text or number alone is looked at too.
    _check([value], None, depth=-1, left=MAX_VALUES)
    return value


_Place = tuple[Any, str | int] | None
"""Where a value stands: the place of what holds it, and its key or index there."""


def _told(place: _Place) -> str:
    """The place as errors tell it, below the list in which the document stands."""
    parts: list[str] = []
    while place is not None:
        place, key = place
        parts.append(cut(key))
    return ".".join(reversed(parts[:-1]))


def cut(part: str | int) -> str:
    """A part of a place in a document, as much of it as an error tells: clients choose keys."""
    text = str(part)
    return text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}…"


def _check(held: Any, place: _Place, *, depth: int, left: int) -> int:
    """Look at what a list or an object holds, of which ``left`` more may come.

    Returns how many may come after it. What is looked at is large and comes from anybody: places
    become text only for what is refused. Raises Malformed.
    """
    if depth > MAX_DEPTH:
        raise Malformed("", f"The body is nested deeper than {MAX_DEPTH} levels.")
    is_object = type(held) is dict
    left -= len(held) * (2 if is_object else 1)
    if left < 0:
        raise Malformed("", f"The body has more than {MAX_VALUES} keys and values.")
    for key, item in held.items() if is_object else enumerate(held):
        if type(key) is str and _CONTROL.search(key):
            raise Malformed(_told(place), "Control characters are not allowed.")
        kind = type(item)
        if kind is str:
            if _CONTROL.search(item):
                raise Malformed(_told((place, key)), "Control characters are not allowed.")
        elif kind is dict or kind is list:
            left = _check(item, (place, key), depth=depth + 1, left=left)
        elif (kind is int and item not in INTEGERS) or (kind is float and not isfinite(item)):
            raise Malformed(_told((place, key)), "The number does not fit 64 bits.")
    return left


class _Known(NamedTuple):
    """What reading needs to know of a field."""

    name: str
    """The canonical key."""
    model: type[Document] | None
    """The model of its value, or of the documents in it."""
    is_map: bool
    """Whether its keys are the client's own, and only the values are documents."""
    drops_empty: bool


@cache
def _fields(model: type[Document]) -> dict[str, _Known]:
    """Lower-case key -> what is known of that field."""
    return {
        (field.alias or name).lower(): _Known(
            field.alias or name,
            _inner(field.annotation),
            _is_map(field.annotation),
            _drops_empty(field),
        )
        for name, field in model.model_fields.items()
    }


def _drops_empty(field: FieldInfo) -> bool:
    may_be_absent = not field.is_required() and field.default != ""
    return may_be_absent and KEEPS_EMPTY not in field.metadata and _is_text(field.annotation)


def _is_text(annotation: Any) -> bool:
    """Whether a value of this type is text or nothing."""
    if annotation in (str, NoneType):
        return True
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return all(isinstance(part, str) for part in parts)
    if hasattr(annotation, "__metadata__"):
        return _is_text(parts[0])
    return get_origin(annotation) in (Union, UnionType) and all(map(_is_text, parts))


def _is_map(annotation: Any) -> bool:
    """Whether a value of this type is a map, or nothing."""
    if get_origin(annotation) is dict:
        return True
    return hasattr(annotation, "__args__") and any(map(_is_map, get_args(annotation)))


def _inner(annotation: Any) -> type[Document] | None:
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part))), None)


_UNKNOWN = _Known("", None, is_map=False, drops_empty=False)


def _canonical(model: type[Document], value: Any) -> Any:
    """``value`` with canonical keys.

    An exact key beats one in other letter case; null means absent, and so does the empty string
    where it is no value.
    """
    if isinstance(value, list):
        return [_canonical(model, item) for item in value]
    if not isinstance(value, dict):
        return value
    fields = _fields(model)
    document: dict[str, Any] = {}
    exact: set[str] = set()
    for key, item in value.items():
        known = fields.get(key.lower(), _UNKNOWN)
        name = known.name or key
        if item is None or name in exact or (known.drops_empty and item == ""):
            continue
        if key == name:
            exact.add(name)
        if known.model and known.is_map and isinstance(item, dict):
            document[name] = {key: _canonical(known.model, each) for key, each in item.items()}
        else:
            document[name] = _canonical(known.model, item) if known.model else item
    return document
