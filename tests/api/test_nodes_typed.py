"""What nodes and pools may be asked is what the official SDK knows.

Field by field and type by type; a known field of another type is refused, whatever takes it.
"""

import json
from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
import pytest_asyncio

from clusterwright.document import Document
from tests.api.cloud import Cloud
from tests.api.nodes_examples import add_nodes, add_pool
from tests.api.nodes_in_full import OPERATIONS
from tests.api.official import (
    WRONG,
    Operation,
    official_fields,
    official_model,
    places,
    split,
    spoilt,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONLY_ANSWERED = {("NodePool", "status")}
"""Parts of official bodies that only answers have."""

OURS_BESIDES = {
    "labels": "Terraform sends labels of nodes beside the official annotations",
    "faultDomain": "named in older official descriptions of a node",
    "ids": "a pool's template takes what a node does, and is refused by a rule",
    "eip": "the same; Terraform sends an empty one",
    "count": "the same",
}
"""Fields that the official models have not, and why we know them."""


def kind(annotation: Any) -> str:
    """A type of ours in the words of the SDK; of a document, its name."""
    origin = get_origin(annotation)
    parts = [part for part in get_args(annotation) if part is not NoneType]
    if origin is Annotated:
        return kind(parts[0])
    if origin is Literal:
        [found] = {kind(type(part)) for part in parts}
        return found
    if origin is list:
        return f"list[{kind(parts[0])}]"
    if origin is dict:
        return f"dict(str, {kind(parts[1])})"
    if len(parts) == 1:
        return kind(parts[0])
    if annotation is Any:
        return "object"
    return str(annotation.__name__)


def model(annotation: Any) -> type[Document] | None:
    """The document in a type."""
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return annotation
    return next((found for part in get_args(annotation) if (found := model(part))), None)


def differences(ours: type[Document], official: type[Any], where: str) -> Iterator[str]:
    """What one model knows otherwise than the other, in all depths."""
    known = {field.alias or name: field.annotation for name, field in ours.model_fields.items()}
    wanted = official_fields(official)
    for name in known.keys() - wanted.keys() - OURS_BESIDES.keys():
        yield f"{where}.{name}: only we know it"
    for name, official_kind in wanted.items():
        if (official.__name__, name) in ONLY_ANSWERED:
            continue
        if name not in known:
            yield f"{where}.{name}: missing"
            continue
        outer, inner = split(official_kind)
        ours_outer, ours_inner = split(kind(known[name]))
        deeper = official_model(inner)
        found = model(known[name])
        same_inside = found is not None if deeper else inner == ours_inner
        if outer != ours_outer or not same_inside:
            yield f"{where}.{name}: {official_kind}, and not {kind(known[name])}"
        elif deeper is not None and found is not None:
            yield from differences(found, deeper, f"{where}.{name}")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_every_official_field_is_known_with_its_type(operation: Operation) -> None:
    found = differences(operation.ours, operation.official, operation.official.__name__)

    assert sorted(set(found)) == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_the_example_of_an_operation_has_every_official_field(operation: Operation) -> None:
    seen = {str(place) for place in places(operation)}

    def missing(official: type[Any], value: Any, where: str) -> Iterator[str]:
        for name, official_kind in official_fields(official).items():
            if (official.__name__, name) in ONLY_ANSWERED:
                continue
            deeper = official_model(split(official_kind)[1])
            values = [each[name] for each in value if name in each]
            if not values:
                yield f"{where}.{name}"
            elif deeper is not None:
                inner = [x for v in values for x in (v if isinstance(v, list) else [v])]
                yield from missing(deeper, inner, f"{where}.{name}")

    absent = set(missing(operation.official, [operation.body], ""))
    # Of further interfaces these are refused, by a rule of their own.
    further = ".spec.nodeNicSpec.extNics.", ".spec.nodeTemplate.nodeNicSpec.extNics."
    refused = {f"{way}{name}" for way in further for name in ("fixedIps", "ipBlock")}
    assert absent - refused == set()
    assert seen
    operation.ours.parse(json.dumps(operation.body).encode())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def things(cloud: Cloud) -> dict[str, str]:
    """A cluster with a node and a pool."""
    cluster = f"{cloud.project}/clusters/{await cloud.cluster()}"
    pool = await add_pool(cloud, cluster)
    [node] = await add_nodes(cloud, cluster)
    return {
        "cluster": cluster,
        "pool": pool,
        "node": f"{cluster}/nodes/{node['metadata']['uid']}",
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_a_field_of_another_type_is_refused_by_its_name_and_nothing_is_kept(
    cloud: Cloud, things: dict[str, str], operation: Operation
) -> None:
    url = operation.path.format_map(things)
    before = await everything(cloud, things)
    wrong: list[str] = []

    for place in places(operation):
        for value in WRONG[place.kind]:
            body = spoilt(operation.body, place.path, value)
            answer = await cloud.client.request(operation.method, url, json=body)
            told = answer.json().get("message", "")
            if answer.status_code != 400 or not told.startswith(str(place)):
                wrong.append(f"{place} {value!r}: {answer.status_code} {told[:100]}")

    assert wrong == []
    assert await everything(cloud, things) == before


async def everything(cloud: Cloud, things: dict[str, str]) -> list[Any]:
    """What is kept of nodes and pools."""
    paths = ("{cluster}/nodes", "{cluster}/nodepools", "{pool}/configuration")
    return [await cloud.call("GET", path.format_map(things), expect=200) for path in paths]
