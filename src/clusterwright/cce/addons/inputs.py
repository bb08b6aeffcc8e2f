"""What the input of an add-on's template is made of: basic values, custom values and flavors.

Public configurations read ``basic``, ``parameters.custom`` and ``parameters.flavor1`` of a template
without asking whether they exist, so every template has all three (API reference, 7.1). ``basic``
is flat, for it is read as a map of strings; ``{base}``, ``{host}``, ``{region}`` and ``{version}``
in it are filled in when it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

SIZES = ("small", "medium", "large", "xlarge")
"""Sizes of clusters that a flavor is recommended for: 50, 200, 1000 and 2000 nodes."""


@dataclass(frozen=True, slots=True)
class Content:
    """The values that a template proposes."""

    basic: Json
    custom: Json
    flavors: tuple[Json, ...]
    """Called ``flavor1``, ``flavor2`` and so on."""
    needs_custom: bool = False
    """Whether some of ``custom`` has no good default, so that an install must send it."""

    def rendered(self, places: Mapping[str, str]) -> Json:
        """The ``input`` object, with ``places`` in it."""
        flavors = {f"flavor{place}": each for place, each in enumerate(self.flavors, 1)}
        return {
            "basic": {key: _filled(value, places) for key, value in self.basic.items()},
            "parameters": {"custom": self.custom} | flavors,
        }


def _filled(value: Any, places: Mapping[str, str]) -> Any:
    return value.format_map(places) if isinstance(value, str) else value


def basic(*endpoints: str, **others: Any) -> Json:
    """Where images come from, and which endpoints a template names."""
    images = {"image_version": "{version}", "swr_addr": "{host}", "swr_user": "cce-addons"}
    return images | dict.fromkeys(endpoints, "{base}") | others


def empty(names: str) -> Json:
    """An empty text for each of some names."""
    return dict.fromkeys(names.split(), "")


def _tolerate(condition: str) -> Json:
    return {
        "key": f"node.kubernetes.io/{condition}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 60,
    }


PLACED: Json = {
    "annotations": {},
    "multiAZBalance": False,
    "multiAZEnabled": False,
    "node_match_expressions": [],
    "tolerations": [_tolerate("not-ready"), _tolerate("unreachable")],
}
"""Where the pods of an add-on may run: in the custom values of nearly every template."""


def resource(name: str, requests: str, limits: str = "") -> Json:
    """What one container takes, each as ``cpu/memory``."""
    least, most = requests.split("/"), (limits or requests).split("/")
    return {
        "name": name,
        "requestsCpu": least[0],
        "requestsMem": least[1],
        "limitsCpu": most[0],
        "limitsMem": most[1],
    }


def flavor(name: str | int, replicas: int, *resources: Json, size: str = "") -> Json:
    """A choice of copies and of what each takes, perhaps for a size of cluster."""
    chosen: Json = {
        "name": name,
        "description": "custom resources" if name == CHOSEN else f"{name}",
        "replicas": replicas,
        "resources": list(resources),
        "category": ["CCE", "Turbo"],
        "recommend_cluster_flavor_types": [size] if size else [],
    }
    return chosen | ({"size": size, "is_default": size == SIZES[0]} if size else {})


CHOSEN = "custom-resources"
"""The name of the flavor whose numbers are the user's own."""


def by_size(name: str, *sizes: tuple[Json, ...]) -> tuple[Json, ...]:
    """A flavor for each size of a cluster, named after its nodes."""
    nodes = (50, 200, 1000, 2000)
    return tuple(
        flavor(f"{name}{most}", 2, *resources, size=size)
        for most, size, resources in zip(nodes, SIZES, sizes, strict=True)
    )


def alone(*resources: Json) -> tuple[Json, ...]:
    """A flavor for one copy, one for two, one to be chosen freely."""
    choices = (("Single", 1), ("HA", 2), (CHOSEN, 2))
    return tuple(flavor(name, replicas, *resources) for name, replicas in choices)
