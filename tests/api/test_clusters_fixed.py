"""What an update of a cluster cannot do, what empty texts mean, and which phases forbid what."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from clusterwright.cce.clusters import store, wire
from clusterwright.cce.clusters.store import ClusterPhase
from clusterwright.storage.database import Database
from tests.api.cloud import SUBNET, TURBO, VPC, Cloud, cluster, open_cloud, unique
from tests.api.declared import example
from tests.api.upgrades_asked import hop

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSED_OVER = {"publicAccess"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server that the tests of this file share keeps its data."""
    return tmp_path_factory.mktemp("cloud")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(folder: Path) -> AsyncIterator[Cloud]:
    """A whole server on SQLite."""
    async with open_cloud(folder) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def path(cloud: Cloud) -> str:
    """A cluster that no update of this file changes."""
    return f"{cloud.project}/clusters/{await cloud.cluster(**TURBO)}"


FIXED = sorted(example(wire.Spec).keys() - wire.SpecToUpdate.MAY_CHANGE - PASSED_OVER)
OTHERS = {
    "kubeProxyMode": "ipvs",
    "kubernetesSvcIpRange": "10.96.0.0/16",
    "supportIstio": False,
    "type": "ARM64",
    "version": "v1.32",
}
"""Values where the example is what the cluster has."""


@pytest.mark.parametrize("key", FIXED)
async def test_what_is_fixed_at_creation_is_not_changed(cloud: Cloud, path: str, key: str) -> None:
    before = await cloud.call("GET", path, expect=200)
    value = OTHERS.get(key, example(wire.Spec)[key])

    await cloud.call("PUT", path, {"spec": {key: value}}, expect=400)

    assert await cloud.call("GET", path, expect=200) == before


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"hostNetwork": {"vpc": "another"}}, "spec.hostNetwork.vpc"),
        ({"hostNetwork": {"subnet": "another"}}, "spec.hostNetwork.subnet"),
        ({"hostNetwork": {"vpc": {"a": 1}}}, "spec.hostNetwork.vpc"),
        ({"containerNetwork": {"mode": "vpc-router"}}, "spec.containerNetwork.mode"),
        ({"containerNetwork": {"cidr": "10.9.0.0/16"}}, "spec.containerNetwork.cidr"),
        ({"eniNetwork": {"subnets": []}}, "spec.eniNetwork.subnets"),
        ({"eniNetwork": {"subnets": [{"subnetID": "b"}]}}, "spec.eniNetwork.subnets"),
        ({"eniNetwork": {"eniSubnetId": "b"}}, "spec.eniNetwork.eniSubnetId"),
        ({"masters": [1, 2]}, "spec.masters"),
    ],
)
async def test_a_part_that_is_fixed_is_refused_by_its_name(
    cloud: Cloud, path: str, spec: dict[str, Any], field: str
) -> None:
    before = await cloud.call("GET", path, expect=200)

    refusal = await cloud.call("PUT", path, {"spec": spec}, expect=400)

    assert refusal["message"].startswith(field) or refusal["error_msg"].count(field)
    assert await cloud.call("GET", path, expect=200) == before


async def test_a_cluster_sent_back_as_it_was_read_changes_nothing(cloud: Cloud, path: str) -> None:
    before = await cloud.call("GET", path, expect=200)

    await cloud.call("PUT", path, before, expect=200)

    after = await cloud.call("GET", path, expect=200)
    assert after["spec"] == before["spec"]


async def test_subnets_of_pods_are_added(cloud: Cloud) -> None:
    where = f"{cloud.project}/clusters/{await cloud.cluster(**TURBO)}"
    subnets = [{"subnetID": "a-subnet"}, {"subnetID": "b"}]

    after = await cloud.call(
        "PUT", where, {"spec": {"eniNetwork": {"subnets": subnets}}}, expect=200
    )

    assert after["spec"]["eniNetwork"]["subnets"] == subnets


async def test_empty_texts_are_no_values(cloud: Cloud) -> None:
    empty = {
        "version": "",
        "category": "",
        "type": "",
        "description": "",
        "agencyName": "",
        "kubeProxyMode": "",
        "kubernetesSvcIpRange": "",
        "hostNetwork": {"vpc": VPC, "subnet": SUBNET, "SecurityGroup": ""},
        "containerNetwork": {"mode": "overlay_l2", "cidr": ""},
        "serviceNetwork": {"IPv4CIDR": "", "IPv6CIDR": ""},
        "eniNetwork": {"eniSubnetId": "", "eniSubnetCIDR": ""},
        "authentication": {"mode": ""},
        "encryptionConfig": {"mode": "", "kmsKeyID": ""},
        "extendParam": {"clusterAZ": "", "alpha.cce/fixPoolMask": "", "kubeProxyMode": ""},
    }
    bodies = [
        cluster(unique("demo"), **empty),
        cluster(unique("demo"), version="v1.34", containerNetwork={"mode": "overlay_l2"}),
    ]
    bodies[0]["metadata"] |= {"alias": "", "timezone": ""}

    made = [await cloud.call("POST", f"{cloud.project}/clusters", b, expect=201) for b in bodies]

    for each in made:
        assert each["metadata"]["alias"] == each["metadata"]["name"]
        for name in ("SecurityGroup", "controlPlaneSecurityGroup"):
            assert each["spec"]["hostNetwork"].pop(name)
    assert made[0]["spec"] == made[1]["spec"]


async def test_empty_texts_of_an_update_change_nothing_but_a_description(cloud: Cloud) -> None:
    where = f"{cloud.project}/clusters/{await cloud.cluster(description='Mine')}"
    before = await cloud.call("GET", where, expect=200)
    spec = {"agencyName": "", "version": "", "hostNetwork": {"SecurityGroup": "", "vpc": ""}}

    unchanged = await cloud.call(
        "PUT", where, {"metadata": {"alias": ""}, "spec": spec}, expect=200
    )
    cleared = await cloud.call("PUT", where, {"spec": {"description": ""}}, expect=200)

    assert unchanged["spec"] == before["spec"]
    assert unchanged["metadata"]["alias"] == before["metadata"]["alias"]
    assert cleared["spec"]["description"] == ""


ASLEEP = {ClusterPhase.HIBERNATING, ClusterPhase.HIBERNATION}
BUSY = {ClusterPhase.CREATING, ClusterPhase.AWAKING, ClusterPhase.RESIZING, ClusterPhase.UPGRADING}
GOING = {ClusterPhase.DELETING}
UNREADY = ASLEEP | BUSY | GOING
ASSOCIATION = {"namespace": "a", "serviceAccount": "b", "agencyName": "c"}
SETTINGS = {"kind": "Configuration", "apiVersion": "v3", "spec": {"packages": []}}
FORBIDDEN: tuple[tuple[str, str, Any, set[ClusterPhase]], ...] = (
    ("DELETE", "", None, ASLEEP),
    ("PUT", "", {"spec": {"description": "a"}}, ASLEEP | BUSY | GOING),
    ("PUT", "", {"metadata": {"alias": "an-alias"}}, GOING),
    ("POST", "/operation/hibernate", None, ASLEEP | BUSY | GOING),
    ("POST", "/operation/resize", {"flavorResize": "cce.s1.medium"}, ASLEEP | BUSY | GOING),
    ("POST", "/rotatecredentials", {"component": "all"}, ASLEEP | BUSY | GOING),
    ("POST", "/tags/create", {"tags": [{"key": "a", "value": "b"}]}, GOING),
    ("POST", "/partitions", {"metadata": {"name": "e"}, "spec": {}}, ASLEEP | BUSY | GOING),
    ("POST", "/clustercertrevoke", {"userId": "u"}, ASLEEP | GOING | {ClusterPhase.CREATING}),
    ("POST", "/operation/upgrade/pause", None, GOING),
    ("POST", "/operation/upgrade/continue", None, GOING),
    ("PUT", "/nodepools/master/configuration", SETTINGS, UNREADY),
    ("PUT", "/nodepools/any/configuration", SETTINGS, BUSY | GOING),
    ("POST", "/operation/precheck", hop("PreCheckTask"), UNREADY),
    ("POST", "/operation/postcheck", hop("PostCheckTask"), UNREADY),
    ("POST", "/operation/upgradeworkflows", hop("WorkFlowTask", clusterID="any"), UNREADY),
    ("POST", "/pod-identity-associations", ASSOCIATION, UNREADY),
    ("PUT", "/pod-identity-associations/any", {"agencyName": "d"}, UNREADY),
    ("PUT", "/mastereip", {"spec": {"action": "unbind"}}, UNREADY),
    ("PUT", "/longaksk/config", {"enableLongAKSK": False}, UNREADY),
)


@pytest.mark.parametrize(
    ("method", "suffix", "body", "phases"), FORBIDDEN, ids=[f"{m} {s}" for m, s, _, _ in FORBIDDEN]
)
async def test_a_phase_forbids_what_its_neighbours_forbid(
    cloud: Cloud, folder: Path, path: str, method: str, suffix: str, body: Any, phases: set[Any]
) -> None:
    uid = path.rpartition("/")[2]
    database = Database(f"sqlite:///{folder}/data/clusterwright.db")
    answers = {}
    for phase in (*phases, ClusterPhase.AVAILABLE):
        async with database.transaction() as tx:
            await store.update(tx, uid, phase=phase)
        if phase is not ClusterPhase.AVAILABLE:
            answers[phase] = (
                await cloud.client.request(method, path + suffix, json=body)
            ).status_code
    await database.dispose()

    assert set(answers.values()) == {403}, answers
