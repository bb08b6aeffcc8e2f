"""Values that no server, network or client can do anything with are refused, and nothing is kept.

Each stands for its kind: what Python reads and nobody else writes, what a client cannot read back,
what no host has, what is said twice, and words that are in no list.
"""

import copy
import json
import timeit
from typing import Any

import pytest
import pytest_asyncio
from pydantic import ValidationError

from clusterwright.cce.nodepools import wire as nodepools
from clusterwright.cce.nodes import batch_wire, wire
from clusterwright.document import MAX_VALUES, Document, Malformed, decode
from tests.api.cloud import Cloud, cluster, unique
from tests.api.declared import example, places
from tests.api.nodes_examples import add_nodes
from tests.api.records_made import Json, at, group, subnet_body, vpc
from tests.api.test_declared_fields import OPERATIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = {model for _, _, model in OPERATIONS} | {
    batch_wire.MigrateNodesTask,
    batch_wire.NodesToReset,
    batch_wire.ServersToAdd,
    nodepools.PoolToCreate,
    nodepools.PoolToScale,
    nodepools.PoolToUpdate,
    nodepools.PoolToUpgrade,
    wire.NodeToCreate,
}
NEVER_SHOWN = {"duration", "resourceVersion"}
"""Numbers that no answer has: the first is looked at later, the second is the server's to set."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(cloud: Cloud) -> str:
    """A cluster."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


def refused_at(model: type[Document], body: Json) -> set[tuple[str | int, ...]]:
    """Where a body breaks rules."""
    try:
        model.model_validate(body)
    except ValidationError as refusal:
        return {error["loc"] for error in refusal.errors()}
    return set()


@pytest.mark.parametrize("model", sorted(MODELS, key=str), ids=lambda model: model.__name__)
@pytest.mark.parametrize("number", [2**31, -(2**31) - 1])
async def test_a_number_that_clients_cannot_read_into_32_bits_is_refused(
    model: type[Document], number: int
) -> None:
    good = example(model)
    for place in places(model):
        if place.kind != "int" or place.path[-1] in NEVER_SHOWN:
            continue
        body = copy.deepcopy(good)
        place.put(body, number)

        assert place.path in refused_at(model, body), place


@pytest.mark.parametrize("number", [*range(0x20), 0x7F, *range(0x80, 0xA0)])
async def test_no_control_character_but_those_of_text_comes_in(number: int) -> None:
    body = json.dumps({"spec": {"description": f"a{chr(number)}b"}}).encode()

    if chr(number) in "\t\n\r":
        decode(body)
    else:
        with pytest.raises(Malformed, match=r"^spec\.description: Control characters"):
            decode(body)


@pytest.mark.parametrize("number", [f"-{2**63}", str(2**63 - 1), "1.7e308", "1e-400"])
async def test_a_number_of_64_bits_is_read(number: str) -> None:
    assert decode(f'{{"a": [{number}]}}'.encode())["a"] == [json.loads(number)]


@pytest.mark.parametrize(
    "number", [str(2**63), f"-{2**63 + 1}", "1e400", "-1e400", "1.8e308", "9" * 400]
)
@pytest.mark.parametrize(
    ("text", "place"),
    [("{}", ""), ('{{"a": [0, {}]}}', "a.1"), ('{{"a": {{"b": [{}]}}}}', "a.b.0")],
)
async def test_a_number_beyond_64_bits_is_refused_wherever_it_is(
    text: str, place: str, number: str
) -> None:
    with pytest.raises(Malformed) as refusal:
        decode(text.format(number).encode())

    assert refusal.value.field == place
    assert refusal.value.rule == "The number does not fit 64 bits."


@pytest.mark.parametrize(
    "body",
    [
        {"a": [0] * MAX_VALUES},
        {"a": [[] for _ in range(MAX_VALUES)]},
        {f"k{number}": 0 for number in range(MAX_VALUES // 2 + 1)},
        {"a": {"b": [{"c": 0}] * (MAX_VALUES // 3)}},
    ],
    ids=["numbers", "lists", "keys", "objects"],
)
async def test_a_body_of_more_values_than_anybody_means_is_refused(body: Any) -> None:
    with pytest.raises(Malformed, match="more than"):
        decode(json.dumps(body).encode())


async def test_a_long_key_is_not_copied_for_each_value_below_it() -> None:
    """What a request costs follows from its size, not from its size squared."""
    long = json.dumps({"k" * 200_000: [0] * 40_000}).encode()
    short = json.dumps({"k": [0] * 40_000, "text": "k" * 200_000}).encode()

    def seconds(body: bytes) -> float:
        return min(timeit.repeat(lambda: decode(body), number=1, repeat=5))

    # Of copies it would be a hundred times as long.
    assert seconds(long) < 10 * seconds(short)


async def test_an_error_repeats_the_beginning_of_a_long_key() -> None:
    with pytest.raises(Malformed) as refusal:
        decode(json.dumps({"k" * 10_000: {"l" * 10_000: "\x00"}}).encode())

    assert refusal.value.field == f"{'k' * 64}….{'l' * 64}…"


@pytest.mark.parametrize("number", ["1_0", "+5", " 5", "5 ", "١٠", "５", "0x5", "5.0", "1e1"])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("{here}/nodes", "limit"),
        ("/v1/{project_id}/vpcs", "limit"),
        ("/v1/{project_id}/cloudservers/detail", "offset"),
        ("/v3/projects", "per_page"),
    ],
)
async def test_a_number_in_a_query_is_written_in_digits(
    cloud: Cloud, here: str, path: str, name: str, number: str
) -> None:
    url = at(cloud, path.replace("{here}", here))

    answer = await cloud.client.get(url, params={name: number})

    assert answer.status_code == 400
    assert f"query.{name}: " in answer.text


@pytest.mark.parametrize("name", ["\u017f.test", "\u212aube.test", "b\u00fccher.test"])
async def test_a_name_that_no_certificate_can_hold_is_refused(
    cloud: Cloud, here: str, name: str
) -> None:
    made = cluster(unique("c"), customSan=[name])
    changed = {"spec": {"customSan": [name]}}

    for method, path, body in (("POST", f"{cloud.project}/clusters", made), ("PUT", here, changed)):
        refused = await cloud.call(method, path, body, expect=400)
        assert refused["message"].startswith("spec.customSan.0: ")


async def test_a_node_is_named_once(cloud: Cloud, here: str) -> None:
    [made] = await add_nodes(cloud, here)
    uid = made["metadata"]["uid"]
    twice = [{"uid": uid}, {"uid": uid}]
    removal = {"spec": {"nodes": twice}}
    move = {"spec": {"os": "EulerOS 2.9", "login": {"sshKey": "kp"}, "nodes": twice}}

    for method, path, body, field in (
        ("PUT", "nodes/operation/remove", removal, "spec.nodes"),
        ("PUT", "nodes/operation/migrateto/another", move, "spec.nodes"),
    ):
        refused = await cloud.call(method, f"{here}/{path}", body, expect=400)
        assert refused["message"] == f"{field}: Every entry must be given once."
    assert len((await cloud.call("GET", f"{here}/nodes", expect=200))["items"]) == 1


@pytest.mark.parametrize("values", [{"custom": []}, {"custom": ""}, {"flavor": "x"}, {"basic": 0}])
async def test_the_values_of_an_addon_are_objects(cloud: Cloud, here: str, values: Json) -> None:
    uid = here.rpartition("/")[2]
    [name] = values
    spec = {"clusterID": uid, "addonTemplateName": "metrics-server", "values": values}

    refused = await cloud.call("POST", "/api/v3/addons", {"spec": spec}, expect=400)

    assert f"spec.values.{name}: Send an object." in refused["message"]


RULES: tuple[tuple[Json, str], ...] = (
    ({"remote_ip_prefix": "10.0.0.0/255.0.0.0"}, "remote_ip_prefix"),
    ({"remote_ip_prefix": "fe80::1%eth0", "ethertype": "IPv6"}, "remote_ip_prefix"),
    ({"remote_ip_prefix": "fe80::1%eth0/64", "ethertype": "IPv6"}, "remote_ip_prefix"),
    ({"remote_ip_prefix": "1٠.0.0.0/8"}, "remote_ip_prefix"),
    ({"remote_ip_prefix": "fe80::/10"}, ""),
    ({"remote_ip_prefix": "10.0.0.0/8", "ethertype": "IPv6"}, ""),
    ({"remote_ip_prefix": "10.0.0.0/8", "remote_group_id": "g"}, ""),
    ({"remote_group_id": "12345678-1234-8234-b234-123456789012"}, "remote_group_id"),
    ({"protocol": "256"}, "protocol"),
    ({"protocol": "٦"}, "protocol"),
    ({"protocol": "nonsense"}, "protocol"),
    ({"protocol": "tcp", "multiport": "0"}, "multiport"),
    ({"protocol": "tcp", "multiport": "80,65536"}, "multiport"),
    ({"protocol": "tcp", "multiport": "9-3"}, "multiport"),
    ({"protocol": "tcp", "multiport": "8٠"}, "multiport"),
)


@pytest.mark.parametrize(("wish", "field"), RULES, ids=str)
async def test_a_rule_of_a_group_that_no_firewall_has_is_refused(
    cloud: Cloud, wish: Json, field: str
) -> None:
    made = await group(cloud)
    asked = {"security_group_id": made["id"], "direction": "ingress"} | wish
    path = at(cloud, "/v1/{project_id}/security-group-rules")

    refused = await cloud.call("POST", path, {"security_group_rule": asked}, expect=400)

    place = f"security_group_rule.{field}".rstrip(".")
    assert refused["message"].startswith(f"{place}: ")
    shown = f"/v1/{{project_id}}/security-groups/{made['id']}"
    known = await cloud.call("GET", at(cloud, shown), expect=200)
    assert len(known["security_group"]["security_group_rules"]) == 4


@pytest.mark.parametrize(
    "wish",
    [
        {"primary_dns": "255.255.255.255"},
        {"secondary_dns": "0.0.0.0"},
        {"dnsList": ["224.0.0.1"]},
        {"dnsList": ["8.8.8.8", "8.8.8.8"]},
        {"extra_dhcp_opts": [{"opt_name": "ntp"}, {"opt_name": "ntp"}]},
    ],
    ids=str,
)
async def test_what_no_subnet_can_tell_its_servers_is_refused(cloud: Cloud, wish: Json) -> None:
    [name] = wish
    body = subnet_body((await vpc(cloud))["id"])
    body["subnet"] |= wish

    refused = await cloud.call("POST", at(cloud, "/v1/{project_id}/subnets"), body, expect=400)

    assert refused["message"].startswith(f"subnet.{name}")


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0123456789abcdefghijklmnopqrstuvwxyz01"


@pytest.mark.parametrize(
    "key", [f"{KEY}\n{KEY}", f"{KEY}\n\n", "ssh-rsa", "ssh-rsa ٣AAA", "ssh-rsa A=A", "rsa AAAA"]
)
async def test_what_is_no_public_key_makes_no_key_pair(cloud: Cloud, key: str) -> None:
    body: Json = {"keypair": {"name": unique("k"), "public_key": key}}
    path = at(cloud, "/v3/{project_id}/keypairs")

    refused = await cloud.call("POST", path, body, expect=400)
    assert refused["message"].startswith("keypair.public_key: ")

    body["keypair"]["public_key"] = f"{KEY} me@example.test"
    await cloud.call("POST", path, body, expect=200)


def upgrade(**action: Any) -> Json:
    """The body of a request to upgrade."""
    way = {"type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": {"userDefinedStep": 1}}
    return {
        "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
        "spec": {
            "clusterUpgradeAction": {"targetVersion": "v1.32", "strategy": way} | action,
        },
    }


@pytest.mark.parametrize(
    "action",
    [
        {"nodeOrder": {"p": [{"nodeSelector": {"operator": "like"}}]}},
        {"nodeOrder": {"p": [{"priority": 2**31}]}},
        {"nodeOrder": {"p": [{"nodeSelector": {"operator": "\uff1d"}}]}},
        {"nodePoolOrder": {"p": 2**31}},
        {"addons": [{"addonTemplateName": "coredns"}, {"addonTemplateName": "coredns"}]},
    ],
    ids=str,
)
async def test_an_upgrade_in_an_order_that_there_is_not_is_refused(
    cloud: Cloud, here: str, action: Json
) -> None:
    [name] = action

    refused = await cloud.call("POST", f"{here}/operation/upgrade", upgrade(**action), expect=400)

    assert refused["message"].startswith(f"spec.clusterUpgradeAction.{name}")


@pytest.mark.parametrize("part", ["%00", "%ff", "%ED%A0%80", "a%0Ab", "%C2%85"])
async def test_a_name_in_a_path_that_nothing_can_have_is_not_found(
    cloud: Cloud, here: str, part: str
) -> None:
    for path in (
        f"{cloud.project}/clusters/{part}",
        f"{cloud.project}/jobs/{part}",
        f"{here}/nodes/{part}",
        f"{here}/nodepools/{part}",
        f"{here}/partitions/{part}",
        f"/api/v3/access-policies/{part}",
        at(cloud, f"/v3/{{project_id}}/keypairs/{part}"),
    ):
        answer = await cloud.client.get(path)
        assert answer.status_code in (400, 404), path
