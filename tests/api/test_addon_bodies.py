"""Every attribute of the official SDK's models of add-ons has its type here."""

import json
from collections.abc import Iterator
from typing import Any

import huaweicloudsdkcce.v3 as sdk
import pytest

from clusterwright.cce.addons import wire
from clusterwright.document import Document, Malformed
from tests.api.official import Path, spoilt

SPEC = {"clusterID": "c", "addonTemplateName": "npd", "version": "1.19.20"}
BODIES: list[tuple[type[Document], type[Any], dict[str, Any]]] = [
    (wire.AddonToInstall, sdk.InstanceRequest, {"metadata": {}, "spec": SPEC}),
    (wire.AddonToUpdate, sdk.InstanceRequest, {"metadata": {}, "spec": SPEC}),
    (wire.Rollback, sdk.AddonInstanceRollbackRequest, {"clusterID": "c"}),
    (
        wire.CheckToCreate,
        sdk.AddonCheckRequest,
        {
            "spec": {
                "clusterID": "c",
                "addonList": [{"addonInstanceID": "a", "type": "addonStatic"}],
            }
        },
    ),
]
"""Our model, the SDK's, and a body that both take."""

SAMPLES: dict[str, Any] = {
    "text": "text",
    "number": 5,
    "fraction": 0.5,
    "boolean": True,
    "list": ["x"],
    "object": {"x": "y"},
}
"""A value of each type of JSON."""

RIGHT = {
    "str": {"text"},
    "bool": {"boolean"},
    "int": {"number"},
    "date": set(),
    "list": {"list"},
    "object": {"object"},
}
"""Samples that a type of the SDK may take; every other must be refused."""


def attributes(model: type[Any], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where each attribute of an SDK's model is, and its type."""
    for name, kind in model.openapi_types.items():
        here = (*path, model.attribute_map[name])
        yield here, kind
        inner = kind.removeprefix("list[").removesuffix("]")
        if hasattr(sdk, inner):
            deeper = (*here, 0) if kind.startswith("list[") else here
            yield from attributes(getattr(sdk, inner), deeper)


def wrong(kind: str) -> Iterator[Any]:
    """Values that a type of the SDK cannot take, from all types of JSON."""
    shape = kind.partition("[")[0].partition("(")[0]
    shape = {"dict": "object"}.get(shape, shape)
    right = RIGHT.get(shape, {"object"})
    yield from (value for name, value in SAMPLES.items() if name not in right)
    if kind == "dict(str, str)":
        yield from ({"x": value} for name, value in SAMPLES.items() if name != "text")


CASES = [
    pytest.param(ours, body, path, value, id=f"{ours.__name__}-{'.'.join(map(str, path))}-{value}")
    for ours, theirs, body in BODIES
    for path, kind in attributes(theirs)
    for value in wrong(kind)
]


@pytest.mark.parametrize(("ours", "body", "path", "value"), CASES)
def test_an_attribute_of_another_type_is_refused_by_its_name(
    ours: type[Document], body: dict[str, Any], path: Path, value: Any
) -> None:
    with pytest.raises(Malformed) as refusal:
        ours.parse(json.dumps(spoilt(body, path, value)).encode())

    assert refusal.value.field.startswith(".".join(map(str, path)))


@pytest.mark.parametrize(("ours", "theirs", "body"), BODIES)
def test_a_body_of_right_types_is_taken(
    ours: type[Document], theirs: type[Any], body: dict[str, Any]
) -> None:
    assert ours.parse(json.dumps(body).encode()).as_sent() == body


@pytest.mark.parametrize(("ours", "theirs", "body"), BODIES)
def test_every_attribute_of_the_sdk_is_declared(
    ours: type[Document], theirs: type[Any], body: dict[str, Any]
) -> None:
    assert undeclared(ours, theirs) == []


def undeclared(ours: type[Document], theirs: type[Any]) -> list[str]:
    """Attributes of an SDK's model, by their names on the wire, that ours does not know."""
    found = []
    fields = {field.alias: field for field in ours.model_fields.values()}
    for name, kind in theirs.openapi_types.items():
        wired = theirs.attribute_map[name]
        if wired not in fields:
            found.append(f"{theirs.__name__}.{wired}")
            continue
        inner = kind.removeprefix("list[").removesuffix("]")
        if hasattr(sdk, inner):
            found += undeclared(model_in(fields[wired].annotation), getattr(sdk, inner))
    return found


def model_in(annotation: Any) -> type[Document]:
    """The document in an annotation such as ``list[Document] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        try:
            return model_in(part)
        except LookupError:
            continue
    raise LookupError(annotation)
