"""Documents as clients write and read them: keys and strict JSON.

Outside, keys are camelCase; inside, fields are snake_case. Input keys match in any letter case,
because both Terraform providers send ``apiversion`` and the public service ignores case (API
reference, 0.1).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1

# Tab, line feed and carriage return are text (scripts, certificates); other control characters are
# not, and PostgreSQL cannot store U+0000 at all.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


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

    model_config = ConfigDict(
        alias_generator=_camel_case, populate_by_name=True, extra="allow", strict=True
    )

    def as_sent(self) -> dict[str, Any]:
        """The document as the client sent it: canonical keys, unknown fields, nothing added."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a document from bytes. Raises Malformed, naming the first field that breaks a
        rule.
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


@cache
def _fields(model: type[Document]) -> dict[str, tuple[str, type[Document] | None]]:
    """Lower-case key -> canonical key and, where the value is made of documents, their model."""
    return {
        (field.alias or name).lower(): (field.alias or name, _inner(field.annotation))
        for name, field in model.model_fields.items()
    }


def _inner(annotation: Any) -> type[Document] | None:
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part))), None)


def _canonical(model: type[Document], value: Any) -> Any:
    """``value`` with canonical keys. An exact key beats one in other letter case; null means
    absent.
    """
    if isinstance(value, list):
        return [_canonical(model, item) for item in value]
    if not isinstance(value, dict):
        return value
    fields = _fields(model)
    document: dict[str, Any] = {}
    exact: set[str] = set()
    for key, item in value.items():
        name, inner = fields.get(key.lower(), (key, None))
        if item is None or name in exact:
            continue
        if key == name:
            exact.add(name)
        document[name] = _canonical(inner, item) if inner else item
    return document
