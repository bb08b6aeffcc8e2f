"""What a body says of a record is looked at by type and by rule, and nothing else of it is kept."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from clusterwright.cce.surroundings.store import Kind
from clusterwright.neighbours.records import wire
from clusterwright.neighbours.records.dialects import DIALECTS, Dialect
from clusterwright.neighbours.wire import SnakeCase
from tests.api.cloud import Cloud, unique
from tests.api.records_made import (
    Json,
    at,
    group,
    label,
    make,
    one_of,
    subnet,
    subnet_body,
    vpc,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


SAMPLES: tuple[Any, ...] = ("text", 5, 0.5, True, ["x"], {"x": "y"})
"""A value of each type of JSON."""


def fits(annotation: Any, value: Any) -> bool:
    """Whether a value's type of JSON is one that a field may have."""
    words = str(TypeAdapter(annotation).json_schema())
    kinds = {
        str: "string",
        bool: "boolean",
        int: "integer",
        list: "array",
        dict: "object",
    }
    kind = kinds.get(type(value))
    if isinstance(value, int | str) and not isinstance(value, bool) and "'enum'" in words:
        return False
    return kind is not None and f"'type': '{kind}'" in words


def models() -> list[type[SnakeCase]]:
    """Every body that makes or changes a record, and what is in it."""
    found = (each for each in vars(wire).values() if isinstance(each, type))
    return [each for each in found if issubclass(each, SnakeCase) and each.model_fields]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
async def test_a_field_of_another_type_of_json_is_refused_by_its_name(
    model: type[SnakeCase],
) -> None:
    for name, field in model.model_fields.items():
        word = field.alias or name
        for value in (each for each in SAMPLES if not fits(field.annotation, each)):
            with pytest.raises(ValidationError) as refusal:
                model.model_validate({word: value})
            assert word in {error["loc"][0] for error in refusal.value.errors()}


@pytest.mark.parametrize(
    "cidr",
    ["", "10.0.0.0", "10.0.0.1/16", "10.0.0.0/33", "10.0.0.0/4", "::/64", "1٠.0.0.0/16", "x"],
)
async def test_a_range_that_no_network_has_is_refused(cloud: Cloud, cidr: str) -> None:
    body = {"vpc": {"name": "v", "cidr": cidr}}

    refused = await cloud.call("POST", at(cloud, "/v1/{project_id}/vpcs"), body, expect=400)

    assert refused["message"].startswith("vpc.cidr")


def body(dialect: Dialect, model: type[SnakeCase], content: Json) -> Json:
    """``content`` in the envelope of a request, and what else the request cannot be without."""
    rest = {"bandwidth": {"share_type": "PER"}} if "bandwidth" in model.model_fields else {}
    return rest | {dialect.one: content}


def declared(model: type[SnakeCase], dialect: Dialect) -> set[str]:
    """What a body may say of a record."""
    inner = model.model_fields[dialect.one].annotation
    assert isinstance(inner, type)
    assert issubclass(inner, SnakeCase)
    return {field.alias or name for name, field in inner.model_fields.items()}


async def shown(cloud: Cloud, kind: Kind) -> Json:
    """Every record of a kind, by its id or its name, in all dialects; times left out."""
    told: Json = {}
    for each in (one for one in DIALECTS if one.kind is kind):
        listed = await cloud.call("GET", at(cloud, each.path), expect=200)
        for item in listed[each.many]:
            one = item[each.one] if each.wrapped else item
            told[f"{label(each)} {one.get('id', one.get('name'))}"] = {
                key: value for key, value in one.items() if key != "updated_at"
            }
    return told


def keys(told: Json, kind: Kind) -> set[str]:
    """Every key that a record is shown with, and those that it is kept with."""
    inner = {"address", "bandwidth", "neutron_subnet_id", "tags", "security_group_id"}
    return inner.union(*told.values(), {"public_key"} if kind is Kind.KEY_PAIR else ())


CHANGING = [each for each in DIALECTS if each.change and each.noun != "Bandwidth"]
MAKING = [each for each in DIALECTS if each.create]


@pytest.mark.parametrize("dialect", CHANGING, ids=label)
async def test_what_a_change_does_not_declare_changes_nothing(
    cloud: Cloud, dialect: Dialect
) -> None:
    made = await one_of(cloud, dialect.kind)
    before = await shown(cloud, dialect.kind)
    assert dialect.change
    strange = keys(before, dialect.kind) - declared(dialect.change, dialect)
    path = at(cloud, dialect.inner or dialect.item, id=made["id"], vpc_id=made.get("vpc_id", ""))

    for value in SAMPLES:
        sent = body(dialect, dialect.change, dict.fromkeys(strange, value))
        await cloud.call("PUT", path, sent, expect=200)

    assert strange
    assert await shown(cloud, dialect.kind) == before


def plain(dialect: Dialect, vpc_id: str, group_id: str, number: int) -> Json:
    """The least that a record is made of."""
    match dialect.kind:
        case Kind.VPC:
            return {"cidr": "10.0.0.0/8"}
        case Kind.SUBNET:
            cidr = f"10.9.{number}.0/24"
            return {"name": "s", "cidr": cidr, "gateway_ip": f"10.9.{number}.1", "vpc_id": vpc_id}
        case Kind.RULE:
            return {"security_group_id": group_id, "direction": "ingress"}
        case Kind.ADDRESS:
            return {}
        case _:
            return {"name": unique("n")}


@pytest.mark.parametrize("dialect", MAKING, ids=label)
async def test_what_a_new_record_does_not_declare_is_not_kept(
    cloud: Cloud, dialect: Dialect
) -> None:
    assert dialect.create
    around, guards = await vpc(cloud, "10.0.0.0/8"), await group(cloud)
    await one_of(cloud, dialect.kind)
    known = keys(await shown(cloud, dialect.kind), dialect.kind)
    strange = known - declared(dialect.create, dialect)
    types: set[str] = set()

    for number, value in enumerate((None, *SAMPLES)):
        content = plain(dialect, around["id"], guards["id"], number)
        sent = body(dialect, dialect.create, dict.fromkeys(strange, value) | content)
        made = await make(cloud, dialect.path, sent, expect=dialect.created)
        types.add(str({key: type(one).__name__ for key, one in sorted(made.items())}))
        assert not any(made.get(key) == value for key in strange - {"name"} if value == "text")

    assert len(types) == 1
    assert await shown(cloud, dialect.kind)


async def test_a_vpc_keeps_its_subnets_in_its_range(cloud: Cloud) -> None:
    around = await vpc(cloud)
    inside = await subnet(cloud, around["id"])
    path = at(cloud, f"/v1/{{project_id}}/vpcs/{around['id']}")

    refused = await cloud.call("PUT", path, {"vpc": {"cidr": "172.16.0.0/16"}}, expect=400)
    wider = await cloud.call("PUT", path, {"vpc": {"cidr": "10.0.0.0/8"}}, expect=200)

    assert refused["message"].startswith(f"vpc.cidr: The subnet {inside['name']} has 10.0.1.0/24")
    assert wider["vpc"]["cidr"] == "10.0.0.0/8"


@pytest.mark.parametrize("cidr", ["8.8.8.0/24", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/8"])
async def test_a_network_has_a_private_range(cloud: Cloud, cidr: str) -> None:
    asked = {"vpc": {"name": "v", "cidr": cidr}}

    refused = await cloud.call("POST", at(cloud, "/v1/{project_id}/vpcs"), asked, expect=400)

    assert refused["message"].startswith("vpc.cidr: ")


@pytest.mark.parametrize("gateway", ["10.0.1.0", "10.0.1.255", ""])
async def test_a_gateway_is_a_host_of_its_subnet(cloud: Cloud, gateway: str) -> None:
    asked = subnet_body((await vpc(cloud))["id"], gateway=gateway)

    refused = await cloud.call("POST", at(cloud, "/v1/{project_id}/subnets"), asked, expect=400)

    assert refused["message"].startswith("subnet.gateway_ip: ")


async def test_an_empty_description_clears_it(cloud: Cloud) -> None:
    around = await vpc(cloud)
    path = at(cloud, f"/v1/{{project_id}}/vpcs/{around['id']}")
    await cloud.call("PUT", path, {"vpc": {"description": "d"}}, expect=200)

    cleared = await cloud.call("PUT", path, {"vpc": {"description": ""}}, expect=200)

    assert cleared["vpc"]["description"] == ""


@pytest.mark.parametrize(
    ("key", "value"), [(" b ", "v"), ("", "v"), ("_sys_a", "v"), ("<", "v"), ("k", "a*b")]
)
async def test_a_tag_that_no_service_takes_is_refused(cloud: Cloud, key: str, value: str) -> None:
    around = await vpc(cloud)
    path = at(cloud, f"/v2.0/{{project_id}}/vpcs/{around['id']}/tags/action")
    asked = {"action": "create", "tags": [{"key": key, "value": value}]}

    refused = await cloud.call("POST", path, asked, expect=400)

    assert refused["message"].startswith("tags.0.")
