"""What the templates of add-ons hold, and which add-ons a new cluster gets."""

import json
from typing import Any

import pytest

from clusterwright.cce.addons.templates import EXTERNAL, KNOWN, TEMPLATES
from tests.api.cloud import Cloud, cluster, unique

ADDONS = "/api/v3/addons"
TEMPLATE_LIST = "/api/v3/addontemplates"
CHOICE = "cluster.install.addons/install"
MORE = "cluster.install.addons.external/install"

READ_OF_AUTOSCALER = [
    "annotations",
    "coresTotal",
    "expander",
    "ignoreDaemonSetsUtilization",
    "ignoreLocalVolumeNodeAffinity",
    "initialNodeGroupBackoffDuration",
    "logLevel",
    "maxEmptyBulkDeleteFlag",
    "maxNodeGroupBackoffDuration",
    "maxNodeGroupBinPackingDuration",
    "maxNodeProvisionTime",
    "maxNodesTotal",
    "memoryTotal",
    "multiAZBalance",
    "multiAZEnabled",
    "newEphemeralVolumesPodScaleUpDelay",
    "node_match_expressions",
    "podDisruptionBudget",
    "resetUnNeededWhenScaleUp",
    "scaleDownDelayAfterAdd",
    "scaleDownDelayAfterDelete",
    "scaleDownDelayAfterFailure",
    "scaleDownEnabled",
    "scaleDownUnneededTime",
    "scaleDownUtilizationThreshold",
    "scaleUpCpuUtilizationThreshold",
    "scaleUpMemUtilizationThreshold",
    "scaleUpUnscheduledPodEnabled",
    "scaleUpUtilizationEnabled",
    "scanInterval",
    "skipNodesWithCustomControllerPods",
    "tolerations",
    "unremovableNodeRecheckTimeout",
    "cluster_id",
    "tenant_id",
]
"""The custom values that Terraform's examples and tests read of the template of autoscaler."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def inputs(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    """The input of every version of every template, by the template's name."""
    listed = await cloud.call("GET", TEMPLATE_LIST, expect=200)
    return {
        item["metadata"]["name"]: [version["input"] for version in item["spec"]["versions"]]
        for item in listed["items"]
    }


async def create(cloud: Cloud, annotations: dict[str, str], *, expect: int = 201) -> Any:
    """A request to create a cluster with annotations. Returns the answer."""
    body = cluster(unique("demo"))
    body["metadata"]["annotations"] = annotations
    return await cloud.call("POST", f"{cloud.project}/clusters", body, expect=expect)


async def test_every_version_has_the_parts_that_public_configurations_read(cloud: Cloud) -> None:
    found = await inputs(cloud)

    assert found.keys() == TEMPLATES.keys()
    for name, versions in found.items():
        for each in versions:
            parameters = each["parameters"]
            assert {"swr_addr", "swr_user"} <= each["basic"].keys(), name
            assert parameters["custom"], name
            flavors = [key for key in parameters if key != "custom"]
            assert flavors == [f"flavor{place}" for place in range(1, len(flavors) + 1)], name
            assert flavors, name
            for flavor in flavors:
                assert parameters[flavor]["name"]
                assert isinstance(parameters[flavor]["replicas"], int)
                assert isinstance(parameters[flavor]["recommend_cluster_flavor_types"], list)
                for resource in parameters[flavor]["resources"]:
                    assert {
                        *("name", "requestsCpu", "requestsMem", "limitsCpu", "limitsMem")
                    } == resource.keys()


async def test_basic_values_are_flat_and_filled_in(cloud: Cloud) -> None:
    for versions in (await inputs(cloud)).values():
        for each in versions:
            values = each["basic"].values()
            assert all(isinstance(value, str | int | bool) for value in values)
            assert not any("{" in str(value) for value in values)


async def test_autoscaler_proposes_every_value_that_examples_read(cloud: Cloud) -> None:
    for each in (await inputs(cloud))["autoscaler"]:
        assert set(READ_OF_AUTOSCALER) <= each["parameters"]["custom"].keys()
        assert {"flavor1", "flavor2"} <= each["parameters"].keys()
        basic = each["basic"]
        assert basic["cceEndpoint"] == basic["ecsEndpoint"] == "http://cce.example.test"
        assert basic["region"] == "cn-north-4"


@pytest.mark.parametrize("name", [name for name in TEMPLATES if not TEMPLATES[name].built_in])
async def test_what_a_template_proposes_can_be_installed_and_is_shown(
    cloud: Cloud, name: str
) -> None:
    uid = await cloud.cluster()
    proposed = (await inputs(cloud))[name][0]
    values = {
        "basic": proposed["basic"],
        "custom": proposed["parameters"]["custom"],
        "flavor": proposed["parameters"]["flavor1"],
    }
    spec = {"clusterID": uid, "addonTemplateName": name, "values": values}

    made = await cloud.call("POST", ADDONS, {"kind": "Addon", "spec": spec}, expect=201)

    where = f"{ADDONS}/{made['metadata']['uid']}?cluster_id={uid}"
    running = await cloud.until(where, "status.status", "running")
    assert running["spec"]["values"] == values
    assert running["status"]["currentVersion"]["input"] == proposed


@pytest.mark.parametrize("values", [None, {}, {"basic": {"region": "x"}}, {"custom": None}])
async def test_autoscaler_is_not_installed_without_custom_values(
    cloud: Cloud, values: dict[str, Any] | None
) -> None:
    uid = await cloud.cluster()
    spec: dict[str, Any] = {"clusterID": uid, "addonTemplateName": "autoscaler"}
    spec |= {} if values is None else {"values": values}

    refused = await cloud.call("POST", ADDONS, {"spec": spec}, expect=400)

    assert refused["errorCode"] == "CCE.03400001"
    assert "custom values are not defined" in refused["message"]
    assert "custom values are not defined" in refused["error"]["message"]
    listed = await cloud.call("GET", f"{ADDONS}?cluster_id={uid}", expect=200)
    assert [item["metadata"]["name"] for item in listed["items"]] == ["coredns", "everest"]


@pytest.mark.parametrize(
    ("values", "field"), [({"basic": {}}, "custom"), ({"basic": 5, "custom": {}}, "basic")]
)
async def test_an_update_of_an_addon_takes_no_values_that_an_install_refuses(
    cloud: Cloud, values: dict[str, Any], field: str
) -> None:
    uid = await cloud.cluster()
    spec: dict[str, Any] = {"clusterID": uid, "addonTemplateName": "autoscaler"}
    good = spec | {"values": {"basic": {}, "custom": {"coresTotal": 8}}}
    made = await cloud.call("POST", ADDONS, {"spec": good}, expect=201)
    url = f"{ADDONS}/{made['metadata']['uid']}?cluster_id={uid}"
    await cloud.until(url, "status.status", "running")
    asked = {"spec": spec | {"version": made["spec"]["version"], "values": values}}

    refused = await cloud.call("PUT", url, asked, expect=400)

    assert f"spec.values.{field}: " in refused["message"]
    kept = await cloud.call("GET", url, expect=200)
    assert kept["spec"]["values"] == good["values"]


async def test_the_agent_for_logs_is_installed_where_a_new_cluster_names_it(cloud: Cloud) -> None:
    extend = {"logSwitch": "false", "tDSEnable": "true"}
    asked = [{"addonTemplateName": "icagent", "extendParam": extend}]

    made = await create(cloud, {MORE: json.dumps(asked)})

    uid = made["metadata"]["uid"]
    await cloud.until(f"{cloud.project}/clusters/{uid}", "status.phase", "Available")
    listed = await cloud.call("GET", f"{ADDONS}?cluster_id={uid}", expect=200)
    (agent,) = [item for item in listed["items"] if item["metadata"]["name"] == "icagent"]
    assert agent["status"]["status"] == "running"
    assert agent["spec"]["values"] == {"custom": extend}
    assert EXTERNAL.name not in await inputs(cloud)
    await cloud.call("DELETE", f"{ADDONS}/{agent['metadata']['uid']}", expect=200)


async def test_a_new_cluster_can_choose_its_add_ons(cloud: Cloud) -> None:
    values: dict[str, Any] = {"custom": {"common": {}}}
    asked = [
        {"addonTemplateName": "coredns", "version": "1.30.6"},
        {"addonTemplateName": "npd", "values": values},
    ]

    made = await create(cloud, {CHOICE: json.dumps(asked)})

    listed = await cloud.call("GET", f"{ADDONS}?cluster_id={made['metadata']['uid']}", expect=200)
    coredns, npd = listed["items"]
    assert (coredns["metadata"]["name"], coredns["spec"]["version"]) == ("coredns", "1.30.6")
    assert (npd["metadata"]["name"], npd["spec"]["values"]) == ("npd", values)


async def test_a_new_cluster_can_do_without_add_ons(cloud: Cloud) -> None:
    made = await create(cloud, {CHOICE: "[]"})

    listed = await cloud.call("GET", f"{ADDONS}?cluster_id={made['metadata']['uid']}", expect=200)
    assert listed["items"] == []


@pytest.mark.parametrize("annotation", [CHOICE, MORE])
@pytest.mark.parametrize(
    "value",
    [
        '[{"addonTemplateName":"no-such"}]',
        '[{"addonTemplateName":"npd"},{"addonTemplateName":"no-such"}]',
        '[{"addonTemplateName":7}]',
        '[{"addonTemplateName":"npd","version":"0.0.1"}]',
        '[{"addonTemplateName":"npd","values":[]}]',
        '[{"addonTemplateName":"autoscaler"}]',
        "[7]",
        '{"addonTemplateName":"npd"}',
        "npd",
        "[" * 5000,
    ],
)
async def test_an_annotation_that_cannot_be_granted_is_refused_and_leaves_nothing(
    cloud: Cloud, annotation: str, value: str
) -> None:
    before = await cloud.call("GET", f"{cloud.project}/clusters", expect=200)

    refused = await create(cloud, {annotation: value}, expect=400)

    assert refused["errorCode"] in ("CCE.03400001", "CCE.01400001")
    assert annotation in refused["message"]
    after = await cloud.call("GET", f"{cloud.project}/clusters", expect=200)
    assert len(after["items"]) == len(before["items"])


@pytest.mark.parametrize("name", KNOWN)
async def test_every_template_has_content(name: str) -> None:
    assert KNOWN[name].content.basic
    assert KNOWN[name].content.custom
