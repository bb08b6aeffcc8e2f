"""Whoever names something of another tenant learns nothing, takes nothing and blocks nothing."""

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from tests.api.cloud import DISTANT, Cloud, cluster, open_cloud, stranger, unique
from tests.api.nodes_examples import add_nodes, add_pool, job
from tests.api.whole_life import ADDONS, POLICIES, REINSTALL

HERE = "$project/clusters/$mine"
POLICY = {
    "name": "policy",
    "accessScope": {"namespaces": ["*"]},
    "policyType": "CCEViewPolicy",
    "principal": {"type": "user", "ids": ["u"]},
}
REVOKED = {"userId": "$user"}
BIND = {"spec": {"action": "bind", "spec": {"id": "$eip"}}}

REQUESTS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "$project/clusters", cluster("$alias", containerNetwork={"mode": "overlay_l2"})),
    ("PUT", HERE, {"metadata": {"alias": "$name"}}),
    ("GET", "$project/clusters/$cluster", None),
    ("DELETE", "$project/clusters/$cluster", None),
    ("POST", f"{HERE}/nodes/add", {"nodeList": [{"serverID": "$server", "spec": REINSTALL}]}),
    ("POST", "$my_pool/nodes/add", {"nodeList": [{"serverID": "$other_server"}]}),
    ("POST", f"{HERE}/nodes/reset", {"nodeList": [{"nodeID": "$node", "spec": REINSTALL}]}),
    ("PUT", f"{HERE}/nodes/operation/remove", {"spec": {"nodes": [{"uid": "$node"}]}}),
    (
        "PUT",
        f"{HERE}/nodes/operation/migrateto/$cluster",
        {"spec": REINSTALL | {"nodes": [{"uid": "$node"}]}},
    ),
    ("GET", f"{HERE}/nodes?marker=$node", None),
    ("GET", f"{HERE}/nodes/$node", None),
    ("PUT", "$my_pool/nodes/migrate", {"nodeList": [{"nodeID": "$node"}]}),
    ("POST", "$my_pool/operation/upgrade", {"spec": {"nodeIDs": ["$node"]}}),
    ("GET", f"{HERE}/nodepools/$pool", None),
    ("GET", f"{HERE}/nodepools/$pool/configuration", None),
    ("GET", f"{HERE}/partitions/$partition", None),
    ("PUT", f"{HERE}/mastereip", BIND),
    ("POST", f"{HERE}/clustercertrevoke", REVOKED),
    ("GET", f"{ADDONS}?cluster_id=$cluster", None),
    ("GET", f"{ADDONS}/$addon", None),
    ("DELETE", f"{ADDONS}/$addon", None),
    (
        "POST",
        f"{HERE}/addons/precheck",
        {"spec": {"addonList": [{"addonInstanceID": "$addon", "type": "addonStatic"}]}},
    ),
    ("POST", POLICIES, POLICY | {"clusters": ["$cluster"]}),
    ("GET", f"{POLICIES}?cluster_id=$cluster", None),
    ("GET", f"{POLICIES}/$policy", None),
    ("DELETE", f"{POLICIES}/$policy", None),
    ("GET", "$project/jobs/$job", None),
    ("GET", f"{HERE}/operation/precheck/tasks/$task", None),
    ("GET", "/v1/$project_id/cloudservers/$third_server", None),
)
"""Requests of a stranger; what stands for a thing is filled with the owner's, or with nobody's."""


async def test_what_another_tenant_has_is_to_a_stranger_like_what_nobody_has(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        open_cloud(tmp_path, database=database_url) as owner,
        stranger(owner, database_url) as other,
    ):
        theirs = await things(owner)
        nobodys = {key: unlike(value) for key, value in theirs.items()}
        before = await owned(owner, theirs)
        own = await belongings(other)

        for request in REQUESTS:
            told = await ask(other, request, own | theirs)
            unknown = await ask(other, request, own | nobodys)
            assert told == unknown, request

        assert await owned(owner, theirs) == before


async def test_a_server_named_by_a_stranger_first_is_still_free(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        open_cloud(tmp_path, database=database_url) as owner,
        stranger(owner, database_url) as other,
    ):
        server = {"nodeList": [{"serverID": unique("server"), "spec": REINSTALL}]}
        urls = [f"{each.project}/clusters/{await each.cluster()}" for each in (other, owner)]

        for each, url in zip((other, owner), urls, strict=True):
            made = await each.call("POST", f"{url}/nodes/add", server, expect=200)
            await job(each, made["jobid"])
            await each.call("POST", f"{url}/nodes/add", server, expect=400)
        gone = await other.call("DELETE", urls[0], expect=200)
        await job(other, gone["status"]["jobID"])

        [node] = (await owner.call("GET", f"{urls[1]}/nodes", expect=200))["items"]
        assert node["status"]["phase"] == "Active"


async def things(cloud: Cloud) -> dict[str, str]:
    """One of everything that has an id or a name."""
    name, alias = unique("name"), unique("alias")
    uid = await cloud.cluster(name, **DISTANT)
    here = f"{cloud.project}/clusters/{uid}"
    await cloud.call("PUT", here, {"metadata": {"alias": alias}}, expect=200)
    first, second, third = await add_nodes(cloud, here, count=3)
    pool = await add_pool(cloud, here)
    partition = {
        "kind": "Partition",
        "apiVersion": "v3",
        "metadata": {"name": "edge-of-the-owner"},
        "spec": {"hostNetwork": {"subnetID": "s"}},
    }
    await cloud.call("POST", f"{here}/partitions", partition, expect=201)
    eip = unique("eip")
    bind = {"spec": {"action": "bind", "spec": {"id": eip}}}
    await cloud.call("PUT", f"{here}/mastereip", bind, expect=200)
    addons = await cloud.call("GET", f"{ADDONS}?cluster_id={uid}", expect=200)
    policy = await cloud.call("POST", POLICIES, POLICY | {"clusters": [uid]}, expect=201)
    hop = {"apiVersion": "v3", "kind": "PreCheckTask", "spec": {"targetVersion": "v1.32"}}
    task = await cloud.call("POST", f"{here}/operation/precheck", hop, expect=200)
    synced = await cloud.call("POST", f"{pool}/nodes/add", server_list(), expect=200)
    await job(cloud, synced["jobid"])
    return {
        "name": name,
        "alias": alias,
        "cluster": uid,
        "node": first["metadata"]["uid"],
        "server": first["status"]["serverId"],
        "other_server": second["status"]["serverId"],
        "third_server": third["status"]["serverId"],
        "pool": pool.rpartition("/")[2],
        "partition": "edge-of-the-owner",
        "eip": eip,
        "user": cloud.account["user_id"],
        "addon": addons["items"][0]["metadata"]["uid"],
        "policy": policy["policyId"],
        "job": synced["jobid"],
        "task": task["metadata"]["uid"],
    }


def server_list() -> dict[str, Any]:
    return {"nodeList": [{"serverID": unique("server")}]}


def unlike(value: str) -> str:
    """A value of the same form that nobody has: other letters and digits at its end."""
    turned = str.maketrans("0123456789abcdef", "123456789abcdef0")
    return value[:-6] + value[-6:].translate(turned)


async def belongings(cloud: Cloud) -> dict[str, str]:
    """Where the stranger asks from: a cluster and a pool of their own."""
    uid = await cloud.cluster()
    here = f"{cloud.project}/clusters/{uid}"
    return {
        "project": cloud.project,
        "project_id": cloud.account["project_id"],
        "mine": uid,
        "my_pool": await add_pool(cloud, here),
    }


async def owned(cloud: Cloud, theirs: Mapping[str, str]) -> list[Any]:
    """What the owner sees of everything."""
    here = f"{cloud.project}/clusters/{theirs['cluster']}"
    paths = (here, f"{here}/nodes", f"{here}/nodepools", f"{here}/partitions", POLICIES)
    addons = f"{ADDONS}?cluster_id={theirs['cluster']}"
    return [await cloud.call("GET", path, expect=200) for path in (*paths, addons)]


async def ask(
    cloud: Cloud, request: tuple[str, str, Any], values: Mapping[str, str]
) -> tuple[int, str]:
    """Status and body of the answer, without what differs between any two answers."""
    method, path, body = (
        Template(msgspec.json.encode(part).decode()).substitute(values) for part in request
    )
    answer = await cloud.client.request(
        msgspec.json.decode(method), msgspec.json.decode(path), json=msgspec.json.decode(body)
    )
    await settled(cloud, values["mine"])
    text = answer.text
    for value in values.values():
        text = text.replace(value, "…")
    return answer.status_code, _PASSING.sub("…", text)


_PASSING = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}"  # ids
    r"|\d{4}-\d\d-\d\d[ T][\d:.]+( \+0000 UTC|Z)|203\.0\.113\.\d+"  # times, public addresses
)


async def settled(cloud: Cloud, uid: str) -> None:
    """Let the stranger's cluster come to rest, without a public address."""
    here = f"{cloud.project}/clusters/{uid}"
    await cloud.until(here, "status.phase", "Available")
    await cloud.call("PUT", f"{here}/mastereip", {"spec": {"action": "unbind"}}, expect=200)
