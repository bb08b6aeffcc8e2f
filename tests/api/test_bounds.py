"""Whatever a client makes again and again, or makes large, comes to an end (docs/limits.md)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from clusterwright.errors import CATALOGUE
from clusterwright.storage import limits
from tests.api.cloud import DISTANT, Cloud, cluster, open_cloud, unique
from tests.api.nodes_examples import TEMPLATE, add_nodes, add_pool, job, node, pool
from tests.api.whole_life import ADDONS, POLICIES, REINSTALL

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODES = {entry.code for entry in CATALOGUE.values()}
QUOTA = 3
"""Of node pools and of access policies here."""
CLUSTERS = 30
"""Enough for those that are still going."""
REVOKED = 20
"""Of the users whose certificates may be revoked here: five hundred requests would tell no more."""
STUCK = "- {step: SyncNode, cluster: stuck, reason: Later., kind: unavailable, times: 1000000}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(
    shared_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Cloud]:
    """A server on each database with small quotas."""
    folder = tmp_path_factory.mktemp("cloud")
    faults = folder / "faults.yaml"
    faults.write_text(STUCK)
    async with open_cloud(
        folder,
        database=shared_database,
        faults=faults,
        cluster_quota=CLUSTERS,
        node_pool_quota=QUOTA,
        access_policy_quota=QUOTA,
    ) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def here(cloud: Cloud) -> AsyncIterator[str]:
    """The path of an available cluster that no other test knows, and that leaves no place taken."""
    url = f"{cloud.project}/clusters/{await cloud.cluster(**DISTANT)}"
    yield url
    await cloud.client.delete(url)
    for found in (await cloud.call("GET", POLICIES, expect=200))["accessPolicyList"]:
        await cloud.call("DELETE", f"{POLICIES}/{found['policyId']}", expect=204)


def policy(**changed: Any) -> dict[str, Any]:
    return {
        "name": "policy",
        "clusters": ["*"],
        "accessScope": {"namespaces": ["*"]},
        "policyType": "CCEViewPolicy",
        "principal": {"type": "user", "ids": ["u"]},
    } | changed


def partition(name: str = "edge", **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Partition",
        "apiVersion": "v3",
        "metadata": {"name": name},
        "spec": {"hostNetwork": {"subnetID": "s"}} | spec,
    }


def hop(kind: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v3", "kind": kind, "spec": {"targetVersion": "v1.32"} | spec}


def addon(here: str, **spec: Any) -> dict[str, Any]:
    named = {"clusterID": here.rpartition("/")[2], "addonTemplateName": "npd"}
    return {"kind": "Addon", "apiVersion": "v3", "spec": named | spec}


Request = tuple[str, str, Any]


@dataclass(frozen=True, slots=True)
class Creation:
    """A request that can be sent again and again, and how often it succeeds."""

    name: str
    most: int
    request: Callable[[str, int], Request]
    """The request, told the cluster's path and how many were sent before."""

    def __str__(self) -> str:
        return self.name


CREATIONS = (
    Creation("access policies", QUOTA, lambda here, n: ("POST", POLICIES, policy())),
    Creation("node pools", QUOTA, lambda here, n: ("POST", f"{here}/nodepools", pool(f"p{n}"))),
    Creation(
        "partitions",
        limits.MOST_PARTITIONS,
        lambda here, n: ("POST", f"{here}/partitions", partition(f"edge-{n}")),
    ),
    Creation(
        "revocations",
        REVOKED,
        lambda here, n: ("POST", f"{here}/clustercertrevoke", {"userId": f"user-{n}"}),
    ),
    Creation(
        "cluster tags",
        limits.MOST_TAGS,
        lambda here, n: ("POST", f"{here}/tags/create", {"tags": [{"key": f"k{n}"}]}),
    ),
    Creation("add-ons", 1, lambda here, n: ("POST", ADDONS, addon(here))),
    Creation(
        "nodes",
        5,  # of ten, in a cluster for fifty
        lambda here, n: ("POST", f"{here}/nodes", node(count=10)),
    ),
)


@pytest.mark.parametrize("creation", CREATIONS, ids=str)
async def test_a_creation_sent_again_and_again_is_refused_at_its_limit(
    cloud: Cloud, here: str, creation: Creation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_REVOKED", REVOKED)
    answers: list[Any] = []
    while not answers or answers[-1].status_code < 400:
        method, path, body = creation.request(here, len(answers))
        answers.append(await cloud.client.request(method, path, json=body))
        assert len(answers) <= creation.most + 1

    refusal = answers[-1].json()
    assert len(answers) == creation.most + 1, refusal
    assert answers[-1].status_code in (400, 409)
    assert refusal["errorCode"] in CODES
    assert refusal["message"]


async def test_what_was_refused_for_a_quota_fits_once_something_is_gone(
    cloud: Cloud, here: str
) -> None:
    pools = [await add_pool(cloud, here, name=f"p{n}") for n in range(QUOTA)]

    refusal = await cloud.call("POST", f"{here}/nodepools", pool("more"), expect=400)
    await cloud.call("DELETE", pools[0], expect=200)
    await cloud.until_gone(pools[0])

    assert refusal["errorCode"] == "CCE.01400019"
    await cloud.call("POST", f"{here}/nodepools", pool("more"), expect=201)


async def test_jobs_that_wait_are_so_many_at_most_and_never_in_the_way_of_a_deletion(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_UNFINISHED_JOBS", 5)
    here = f"{cloud.project}/clusters/{await cloud.cluster('stuck')}"
    await add_nodes(cloud, here)
    for _ in range(5):
        await cloud.call("POST", f"{here}/nodes/sync", expect=200)

    refusal = await cloud.call("POST", f"{here}/nodes/sync", expect=429)
    gone = await cloud.call("DELETE", here, expect=200)

    assert refusal["errorCode"] == "CCE.01429003"
    await job(cloud, gone["status"]["jobID"])


async def test_a_server_has_so_many_tags_at_most(cloud: Cloud, here: str) -> None:
    [first] = await add_nodes(cloud, here)
    project = cloud.account["project_id"]
    tags = f"/v1/{project}/cloudservers/{first['status']['serverId']}/tags/action"

    def adding(*keys: int) -> dict[str, Any]:
        return {"action": "create", "tags": [{"key": f"k{n}", "value": ""} for n in keys]}

    await cloud.call("POST", tags, adding(*range(limits.MOST_TAGS)), expect=204)

    await cloud.call("POST", tags, adding(0), expect=204)
    await cloud.call("POST", tags, adding(limits.MOST_TAGS), expect=400)


History = Callable[[Cloud, str], Awaitable[tuple[str, str]]]
"""Does something once more. Returns what is new, and the path of the list where it stands."""


async def precheck(cloud: Cloud, here: str) -> tuple[str, str]:
    made = await cloud.call("POST", f"{here}/operation/precheck", hop("PreCheckTask"), expect=200)
    return made["metadata"]["uid"], f"{here}/operation/precheck/tasks"


async def snapshot(cloud: Cloud, here: str) -> tuple[str, str]:
    url = f"{here.replace('/api/v3/', '/api/v3.1/')}/operation/snapshot"
    made = await cloud.call("POST", url, expect=200)
    return made["uid"], f"{url}/tasks"


async def workflow(cloud: Cloud, here: str) -> tuple[str, str]:
    url = f"{here}/operation/upgradeworkflows"
    body = hop("WorkFlowTask", clusterID=here.rpartition("/")[2])
    made = await cloud.call("POST", url, body, expect=201)
    uid = made["metadata"]["uid"]
    await cloud.call("PATCH", f"{url}/{uid}", {"status": {"phase": "Cancel"}}, expect=200)
    return uid, url


async def addon_check(cloud: Cloud, here: str) -> tuple[str, str]:
    uid = here.rpartition("/")[2]
    [first, *_] = (await cloud.call("GET", f"{ADDONS}?cluster_id={uid}", expect=200))["items"]
    entry = {"addonInstanceID": first["metadata"]["uid"], "type": "addonStatic"}
    made = await cloud.call(
        "POST", f"{here}/addons/precheck", {"spec": {"addonList": [entry]}}, expect=201
    )
    task: str = made["status"]["items"][0]["metadata"]["taskID"]
    return task, f"{here}/addons/precheck/tasks"


@pytest.mark.parametrize("again", [precheck, snapshot, workflow, addon_check])
async def test_of_what_nobody_can_delete_the_newest_are_kept(
    cloud: Cloud, here: str, again: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "KEPT_TASKS", 4)
    monkeypatch.setattr(limits, "KEPT_ADDON_CHECKS", 4)

    made = [await again(cloud, here) for _ in range(7)]

    listed = msgspec.json.encode(await cloud.call("GET", made[-1][1], expect=200)).decode()
    assert [uid in listed for uid, _ in made] == [False] * 3 + [True] * 4


LARGE = "x" * (limits.DOCUMENT + 1)
STRATEGY = {"type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": {"userDefinedStep": 20}}

Writing = Callable[[dict[str, str], dict[str, Any]], Request]
WRITINGS: dict[str, Writing] = {
    "CreateCluster": lambda at, large: (
        "POST", at["project"] + "/clusters", cluster(unique("c"), **large)
    ),
    "UpdateCluster": lambda at, large: ("PUT", at["here"], {"spec": large}),
    "CreatePartition": lambda at, large: (
        "POST", at["here"] + "/partitions", partition("p", **large)
    ),
    "UpdatePartition": lambda at, large: (
        "PUT", at["here"] + "/partitions/edge", partition(**large)
    ),
    "CreateNode": lambda at, large: ("POST", at["here"] + "/nodes", node(count=2, **large)),
    "CreateNode with labels": lambda at, large: (
        "POST", at["here"] + "/nodes", node() | {"metadata": {"name": "n", "labels": large}}
    ),
    "CreateNode with annotations": lambda at, large: (
        "POST", at["here"] + "/nodes", node() | {"metadata": {"name": "n", "annotations": large}}
    ),
    "AddNode": lambda at, large: (
        "POST",
        at["here"] + "/nodes/add",
        {"nodeList": [{"serverID": "s", "spec": REINSTALL | {"extendParam": large}}]},
    ),
    "ResetNode": lambda at, large: (
        "POST",
        at["here"] + "/nodes/reset",
        {"nodeList": [{"nodeID": at["node"], "spec": REINSTALL | {"extendParam": large}}]},
    ),
    "MigrateNode": lambda at, large: (
        "PUT",
        at["here"] + "/nodes/operation/migrateto/" + at["there"],
        {"spec": REINSTALL | {"nodes": [{"uid": at["node"]}], "extendParam": large}},
    ),
    "CreateNodePool": lambda at, large: (
        "POST", at["here"] + "/nodepools", pool("large", **large)
    ),
    "CreateNodePool with annotations": lambda at, large: (
        "POST",
        at["here"] + "/nodepools",
        pool() | {"metadata": {"name": "large", "annotations": large}},
    ),
    "UpdateNodePool": lambda at, large: (
        "PUT", at["pool"], {"spec": {"nodeTemplate": {"extendParam": large}}}
    ),
    "UpdateNodePoolConfiguration": lambda at, large: (
        "PUT",
        at["pool"] + "/configuration",
        {
            "kind": "Configuration",
            "apiVersion": "v3",
            "spec": {
                "packages": [
                    {"name": "kubelet", "configurations": [{"name": "n", "value": large}]}
                ]
            },
        },
    ),
    "CreateAddonInstance": lambda at, large: ("POST", ADDONS, addon(at["here"], values=large)),
    "CreateAddonInstance with labels": lambda at, large: (
        "POST", ADDONS, addon(at["here"]) | {"metadata": {"labels": large}}
    ),
    "UpdateAddonInstance": lambda at, large: (
        "PUT",
        at["addon"],
        addon(
            at["here"],
            addonTemplateName=at["addon_name"],
            version=at["addon_version"],
            values=large,
        ),
    ),
    "CreateAccessPolicy": lambda at, large: ("POST", POLICIES, policy(**large)),
    "UpdateAccessPolicy": lambda at, large: ("PUT", at["policy"], policy(**large)),
    "CreatePreCheck": lambda at, large: (
        "POST", at["here"] + "/operation/precheck", hop("PreCheckTask", **large)
    ),
    "CreatePostCheck": lambda at, large: (
        "POST", at["here"] + "/operation/postcheck", hop("PostCheckTask", **large)
    ),
    "CreateUpgradeWorkFlow": lambda at, large: (
        "POST", at["here"] + "/operation/upgradeworkflows",
        hop("WorkFlowTask", clusterID=at["here"].rpartition("/")[2], **large)
    ),
    "UpgradeCluster": lambda at, large: (
        "POST",
        at["here"] + "/operation/upgrade",
        {
            "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
            "spec": {
                "clusterUpgradeAction": {"targetVersion": "v1.32", "strategy": STRATEGY} | large
            },
        },
    ),
}  # fmt: skip
"""Every operation that keeps a part of its body, with something large in that part."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(cloud: Cloud) -> dict[str, str]:
    """Something of every kind to write to."""
    here = f"{cloud.project}/clusters/{await cloud.cluster(**DISTANT)}"
    [first] = await add_nodes(cloud, here)
    await cloud.call("POST", f"{here}/partitions", partition(), expect=201)
    uid = here.rpartition("/")[2]
    [some, *_] = (await cloud.call("GET", f"{ADDONS}?cluster_id={uid}", expect=200))["items"]
    return {
        "project": cloud.project,
        "here": here,
        "there": await cloud.cluster(),
        "node": first["metadata"]["uid"],
        "pool": await add_pool(cloud, here),
        "addon": f"{ADDONS}/{some['metadata']['uid']}",
        "addon_name": some["metadata"]["name"],
        "addon_version": some["spec"]["version"],
    }


@pytest_asyncio.fixture(loop_scope="module")
async def one_policy(cloud: Cloud) -> AsyncIterator[str]:
    """The path of an access policy, which takes a place of the quota only for one test."""
    made = await cloud.call("POST", POLICIES, policy(), expect=201)
    url = f"{POLICIES}/{made['policyId']}"
    yield url
    await cloud.call("DELETE", url, expect=204)


async def everything(cloud: Cloud, at: dict[str, str]) -> list[Any]:
    """What the tenant sees of all that."""
    here = at["here"]
    addons = f"{ADDONS}?cluster_id={here.rpartition('/')[2]}"
    parts = ("nodes", "nodepools", "partitions", "operation/upgradeworkflows")
    paths = (f"{cloud.project}/clusters", POLICIES, addons, *(f"{here}/{p}" for p in parts))
    return [await cloud.call("GET", path, expect=200) for path in paths]


@pytest.mark.parametrize("writing", WRITINGS)
async def test_a_document_too_large_to_be_kept_is_refused_and_changes_nothing(
    cloud: Cloud, at: dict[str, str], one_policy: str, writing: str
) -> None:
    before = await everything(cloud, at)
    method, path, body = WRITINGS[writing](at | {"policy": one_policy}, {"large": LARGE})

    refusal = await cloud.call(method, path, body, expect=400)

    assert refusal["errorCode"] == "CCE.01400001"
    assert "bytes of JSON are kept" in refusal["message"]
    assert await everything(cloud, at) == before


async def test_names_of_logs_do_not_pile_up(cloud: Cloud, here: str) -> None:
    logs = f"{here.replace('/clusters/', '/cluster/')}/log-configs"
    seen = []
    for turn in range(20):
        entries = [{"name": f"{turn}-{n}-{'x' * 50}", "type": "system-addon"} for n in range(100)]
        answer = await cloud.client.put(logs, json={"log_configs": entries})
        seen.append(answer.status_code)

    kept = await cloud.call("GET", logs, expect=200)
    assert set(seen) == {200, 400}
    assert len(msgspec.json.encode(kept)) <= limits.DOCUMENT


async def test_a_cluster_whose_spec_is_full_can_still_grow_and_be_upgraded(cloud: Cloud) -> None:
    small = await cloud.call(
        "POST", f"{cloud.project}/clusters", cluster(unique("c"), pad=""), expect=201
    )
    room = limits.DOCUMENT - len(msgspec.json.encode(small["spec"]))
    uid = await cloud.cluster(pad="x" * room, flavor="cce.s1.small")
    here = f"{cloud.project}/clusters/{uid}"

    resized = await cloud.call(
        "POST", f"{here}/operation/resize", {"flavorResize": "cce.s1.medium"}, expect=201
    )
    await job(cloud, resized["jobID"])

    found = await cloud.call("GET", here, expect=200)
    assert found["spec"]["flavor"] == "cce.s1.medium"
    assert len(msgspec.json.encode(found["spec"])) > limits.DOCUMENT


async def test_a_page_of_large_nodes_ends_early_and_pages_together_hold_every_node_once(
    cloud: Cloud, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = await add_nodes(cloud, here, count=7, extendParam={"note": "x" * 1000})
    monkeypatch.setattr(limits, "LIST", 3000)
    monkeypatch.setattr("clusterwright.cce.nodes.api._BATCH", 2)

    pages = [await cloud.call("GET", f"{here}/nodes", expect=200)]
    while marker := pages[-1]["pageInfo"].get("nextMarker"):
        pages.append(await cloud.call("GET", f"{here}/nodes?marker={marker}", expect=200))

    assert len(pages) > 1
    assert [item for page in pages for item in page["items"]] == nodes
    assert [page["pageInfo"]["currentCount"] for page in pages] == [
        len(page["items"]) for page in pages
    ]


async def test_the_largest_template_of_a_pool_still_makes_nodes(cloud: Cloud, here: str) -> None:
    template = TEMPLATE | {"count": 1, "pad": ""}
    made = await cloud.call(
        "POST", f"{here}/nodepools", pool("small", nodeTemplate=template), expect=201
    )
    # The size is kept beside the spec, and shown in it.
    spec = {key: value for key, value in made["spec"].items() if key != "initialNodeCount"}
    sent = {"initialNodeCount": 0}
    room = limits.POOL_SPEC - len(msgspec.json.encode(spec | sent))

    full = TEMPLATE | {"count": 1, "pad": "x" * room}
    await add_pool(cloud, here, name="large", size=1, nodeTemplate=full)
