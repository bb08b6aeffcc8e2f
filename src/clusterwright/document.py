"""Documents as clients write and read them: keys and strict JSON.

Outside, keys are camelCase; inside, fields are snake_case. Input keys match in any letter case,
because both Terraform providers send ``apiversion`` and the public service ignores case (API
reference, 0.1).

An empty string is no value: clients without ``omitempty`` send ``""`` for whatever their user left
out. So it is dropped from every field that may be absent and holds nothing but text, unless the
field is marked with ``KEEPS_EMPTY`` because there it means "clear" (API reference, 0.22).
"""

import re
from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import from_json

MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1

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
            field = ".".join(str(part) for part in first["loc"])
            rule = first["msg"].removeprefix("Value error, ")
            raise Malformed(field, rule[:1].upper() + rule[1:] + ".") from None


def decode(raw: bytes) -> Any:
    """The value of a JSON text that is safe to keep. Raises Malformed.

    Refused beyond bad JSON: NaN and infinities, nesting deeper than 32, integers over 64 bits and
    control characters in strings.
    """
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Malformed("", f"The body is not valid JSON: {error}.") from None
    for path, part in _walk("", value, 0):
        if isinstance(part, str) and _CONTROL.search(part):
            raise Malformed(path, "Control characters are not allowed.")
        if isinstance(part, int) and abs(part) > MAX_INTEGER:
            raise Malformed(path, "The number does not fit 64 bits.")
    return value


def _walk(path: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > MAX_DEPTH:
        raise Malformed("", f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        for key, item in value.items():
            yield path, key
            yield from _walk(f"{path}.{key}" if path else key, item, depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(f"{path}.{index}", item, depth + 1)
    else:
        yield path, value


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
