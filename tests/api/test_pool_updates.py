"""An update of a pool changes what the official definition of an update knows, and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio
from huaweicloudsdkcce import v3 as sdk

from tests.api.cloud import Cloud
from tests.api.nodes_examples import TEMPLATE, add_pool
from tests.api.nodes_in_full import OPERATIONS
from tests.api.official import official_fields

pytestmark = pytest.mark.asyncio(loop_scope="module")

[CREATION] = [each.body for each in OPERATIONS if each.name == "create a pool"]

UNDER_OTHER_NAMES = {"nodeManagement", "rootVolume", "dataVolumes", "nodeNicSpec"}
"""What an update changes under a name with ``Update`` behind it; under this one it does not."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(cloud: Cloud) -> str:
    """The URL of a pool that the tests of this file share."""
    cluster = f"{cloud.project}/clusters/{await cloud.cluster()}"
    template = TEMPLATE | {
        "extendParam": {"maxPods": 100, "agency_name": "a"},
        "nodeNicSpec": {"primaryNic": {"subnetId": "s1"}},
    }
    return await add_pool(cloud, cluster, nodeTemplate=template)


def fixed(creation: type[Any], update: type[Any]) -> Iterator[str]:
    """What a creation knows and an update does not."""
    return iter(sorted(official_fields(creation).keys() - official_fields(update).keys()))


def other(value: Any) -> Any:
    """Another value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}-other"
        case list():
            return [*map(other, value)]
        case _:
            return {key: other(item) for key, item in value.items()}


FIXED = [
    *(("spec", name) for name in fixed(sdk.NodePoolSpec, sdk.NodePoolSpecUpdate)),
    *(("spec.nodeTemplate", name) for name in fixed(sdk.NodeTemplate, sdk.NodeSpecUpdate)),
    *(
        ("spec.nodeTemplate.extendParam", name)
        for name in fixed(sdk.NodeExtendParam, sdk.NodePoolUpdateExtendParam)
    ),
]


@pytest.mark.parametrize(("where", "name"), FIXED, ids=str)
async def test_what_an_update_does_not_know_stays_as_it_is(
    cloud: Cloud, url: str, where: str, name: str
) -> None:
    value = CREATION
    for key in where.split("."):
        value = value[key]
    changed: Any = {name: other(value[name]) if name in value else "other"}
    for sent in (changed, {name.upper(): changed[name]}, {name: {"a": 1}}):
        body: Any = sent
        for key in reversed(where.split(".")[1:]):
            body = {key: body}
        before = await cloud.call("GET", url, expect=200)

        answer = await cloud.call(
            "PUT", url, {"spec": body | {"ignoreInitialNodeCount": True}}, expect=200
        )

        assert same(answer) == same(before)
        assert same(await cloud.call("GET", url, expect=200)) == same(before)


def same(document: Any) -> str:
    """The spec, as text, so that types count."""
    return json.dumps(document["spec"], sort_keys=True)


async def test_the_type_of_a_pool_stays(cloud: Cloud, url: str) -> None:
    spec = {"type": "pm", "ignoreInitialNodeCount": True}

    answer = await cloud.call("PUT", url, {"spec": spec}, expect=200)

    assert answer["spec"]["type"] == "vm"
    assert {("spec", "type"), ("spec", "podSecurityGroups")} < set(FIXED)
    assert {name for _, name in FIXED} >= UNDER_OTHER_NAMES


@pytest.mark.parametrize("key", ["subnetId", "subnetList"])
async def test_an_interface_changes_as_far_as_an_update_knows_it(
    cloud: Cloud, url: str, key: str
) -> None:
    value = "s2" if key == "subnetId" else ["s2"]
    primary = {key: value, "fixedIps": ["10.0.0.9"], "ipBlock": "10.0.0.0/24"}
    nic = {"nodeNicSpecUpdate": {"primaryNic": primary, "extNics": [{"subnetId": "s3"}]}}
    spec = {"nodeTemplate": nic, "ignoreInitialNodeCount": True}

    answer = await cloud.call("PUT", url, {"spec": spec}, expect=200)

    kept = answer["spec"]["nodeTemplate"]["nodeNicSpec"]
    assert kept["primaryNic"][key] == value
    assert not {"fixedIps", "ipBlock"} & kept["primaryNic"].keys()
    assert "extNics" not in kept


async def test_what_nobody_knows_is_kept(cloud: Cloud, url: str) -> None:
    newer = {"nodeTemplate": {"newer": {"a": [1]}}, "someday": 5}

    answer = await cloud.call(
        "PUT", url, {"spec": newer | {"ignoreInitialNodeCount": True}}, expect=200
    )

    assert answer["spec"]["nodeTemplate"]["newer"] == {"a": [1]}
    assert answer["spec"]["someday"] == 5


async def test_a_reference_to_a_server_group_can_be_taken_back(cloud: Cloud, url: str) -> None:
    for reference in ("group", ""):
        spec = {
            "nodeManagementUpdate": {"serverGroupReference": reference},
            "ignoreInitialNodeCount": True,
        }

        answer = await cloud.call("PUT", url, {"spec": spec}, expect=200)

        assert answer["spec"]["nodeManagement"] == {"serverGroupReference": reference}


@pytest.mark.parametrize(
    "template",
    [
        {"dataVolumesUpdate": []},
        {"dataVolumesUpdate": [{"size": 10, "volumetype": "SAS"}]},
        {"rootVolumeUpdate": {"size": 40, "volumetype": "FLOPPY"}},
        {"extendParam": {"alpha.cce/postInstall": "echo hello"}},
        {"storage": {"storageSelectors": [], "storageGroups": []}, "az": "other"},
        {"flavor": "c7.large.2"},
        {"publicIP": {"ids": ["e"]}},
    ],
    ids=str,
)
async def test_an_update_keeps_the_rules_of_a_creation(
    cloud: Cloud, url: str, template: dict[str, Any]
) -> None:
    before = await cloud.call("GET", url, expect=200)
    spec = {"nodeTemplate": template, "ignoreInitialNodeCount": True}

    await cloud.call("PUT", url, {"spec": spec}, expect=400)

    assert await cloud.call("GET", url, expect=200) == before


async def test_empty_flavor_and_zone_are_none_at_all(cloud: Cloud, url: str) -> None:
    template = {"flavor": "", "az": "", "os": ""}
    spec = {"nodeTemplate": template, "ignoreInitialNodeCount": True}
    before = await cloud.call("GET", url, expect=200)

    answer = await cloud.call("PUT", url, {"spec": spec}, expect=200)

    assert same(answer) == same(before)


async def test_the_default_pool_can_be_shown_and_not_changed(cloud: Cloud, url: str) -> None:
    default = f"{url.rpartition('/')[0]}/DefaultPool"
    listed = await cloud.call(
        "GET", f"{url.rpartition('/')[0]}?showDefaultNodePool=true", expect=200
    )

    shown = await cloud.call("GET", default, expect=200)

    assert shown == listed["items"][0]
    await cloud.call("PUT", default, {"spec": {}}, expect=404)
    await cloud.call("DELETE", default, expect=404)
