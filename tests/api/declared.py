"""What a body's model declares, as data: its fields, their types, and a body with all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from clusterwright.document import Document

Kind = str | type[Document] | tuple[str, Any]
"""``str``, ``int``, ``bool`` or ``object``; a model; a list or a map of one of these."""

EXAMPLES: dict[str, Any] = {
    "IPv4CIDR": "10.247.0.0/16",
    "IPv6CIDR": "fc00::/112",
    "action": "bind",
    "alias": "an-alias",
    "alpha.cce/fixPoolMask": "24",
    "alpha.cce/postInstall": "eA==",
    "alpha.cce/preInstall": "eA==",
    "availabilityZone": "cn-north-4a",
    "ca": "Y2E=",
    "cert": "Y2E=",
    "cidr": "10.1.0.0/16",
    "cidrs": "10.1.0.0/16",
    "clusterExternalIP": "203.0.113.9",
    "clusterVersion": "v1.31",
    "containercidrs": "10.1.0.0/16",
    "customSan": "a.test",
    "dssMasterVolumes": "a.sas;b.ssd",
    "elasticIp": "203.0.113.9",
    "eniSubnetCIDR": "10.1.0.0/16",
    "expire_at": "2030-01-01 16:00:00 +0000 UTC",
    "isAutoPay": "true",
    "isAutoRenew": "true",
    "kubernetesSvcIpRange": "10.247.0.0/16",
    "name": "some-name",
    "namespaces": "default",
    "portsToDisable": "22",
    "privateKey": "Y2E=",
    "start_time": "01:00:00",
    "targetVersion": "v1.32",
    "timezone": "Asia/Shanghai",
    "version": "v1.31",
    "weekly_period": "Sunday",
}
"""Values of texts with a form of their own."""

WRONG: dict[str, tuple[Any, ...]] = {
    "str": (5, 1.5, True, [], {}),
    "int": ("5", 1.5, True, [], {}),
    "bool": ("true", 1, [], {}),
    "list": ("x", 5, True, {}),
    "map": ("x", 5, True, []),
}
"""Of each type some values of every other JSON type."""


def kind(annotation: Any) -> Kind:
    """The type of a field, its rules and its absence aside."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return type(parts[0]).__name__
    if origin is list:
        return ("list", kind(parts[0]))
    if origin is dict:
        return ("map", kind(parts[1]))
    if annotation is Any:
        return "object"
    if isinstance(annotation, type) and origin is None:
        return annotation if issubclass(annotation, Document) else annotation.__name__
    if hasattr(annotation, "__metadata__"):
        return kind(parts[0])
    (found,) = {kind(part) for part in parts if part is not type(None)}
    return found


def fields(model: type[Document]) -> dict[str, Kind]:
    """Key -> type of everything that a model declares."""
    return {
        field.alias or name: kind(field.annotation) for name, field in model.model_fields.items()
    }


def first_literal(model: type[Document], key: str) -> Any:
    """The first word of a closed list, or None."""
    for name, field in model.model_fields.items():
        if key == (field.alias or name):
            return _first(field.annotation)
    return None


def _first(annotation: Any) -> Any:
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    return next((found for part in get_args(annotation) if (found := _first(part))), None)


def example(model: type[Document]) -> dict[str, Any]:
    """A body in which every declared field is there."""
    return {key: _example(model, key, declared) for key, declared in fields(model).items()}


def _example(model: type[Document], key: str, declared: Kind) -> Any:
    word = first_literal(model, key)
    if word is None:
        return _value(key, declared)
    return [word] if declared == ("list", "str") else word


def _value(key: str, declared: Kind) -> Any:
    match declared:
        case ("list", inner):
            return [_value(key, inner)]
        case ("map", inner):
            return {"a": _value(key, inner)}
        case "int":
            return 1
        case "bool":
            return True
        case "object":
            return "x"
        case str():
            return EXAMPLES.get(key, "x")
        case _:
            assert isinstance(declared, type)
            return example(declared)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in a body, and the type that it must have there."""

    path: tuple[str | int, ...]
    kind: str

    def __str__(self) -> str:
        return ".".join(map(str, self.path))

    def put(self, body: Any, value: Any) -> None:
        """Set the value at this place of a body that has it."""
        *parents, last = self.path
        for key in parents:
            body = body[key]
        body[last] = value


def places(model: type[Document], path: tuple[str | int, ...] = ()) -> Iterator[Place]:
    """Every place in the example of a model."""
    for key, declared in fields(model).items():
        yield from _places(declared, (*path, key))


def _places(declared: Kind, path: tuple[str | int, ...]) -> Iterator[Place]:
    match declared:
        case ("list", inner):
            yield Place(path, "list")
            yield from _places(inner, (*path, 0))
        case ("map", inner):
            yield Place(path, "map")
            yield from _places(inner, (*path, "a"))
        case str():
            yield Place(path, declared)
        case _:
            assert isinstance(declared, type)
            yield Place(path, "map")
            yield from places(declared, path)
