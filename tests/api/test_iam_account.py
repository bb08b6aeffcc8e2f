"""Keys, projects and users, as clients manage them, and what holds for all identities."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from clusterwright.iam import server_key, store
from clusterwright.iam.directory import Directory
from clusterwright.ids import new_id
from clusterwright.storage import limits
from tests.api import iam_server
from tests.api.cloud import Cloud, cluster, stranger, unique
from tests.api.identities_made import (
    AGENCIES,
    KEYS,
    PASSWORD,
    agency,
    group,
    key,
    project,
    signed_in,
    signs,
    user,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN = "0" * 32


@pytest_asyncio.fixture(loop_scope="module")
async def cloud(shared_cloud: Cloud) -> Cloud:
    """A whole server on each database, which the tests share."""
    return shared_cloud


async def test_a_key_signs_at_once_until_it_is_inactive_or_deleted(cloud: Cloud) -> None:
    made = await key(cloud, await user(cloud))
    one = f"{KEYS}/{made['access']}"
    seen = [await signs(cloud, made)]

    for status in ("inactive", "active"):
        await cloud.call("PUT", one, {"credential": {"status": status}}, expect=200)
        seen.append(await signs(cloud, made))
    shown = await cloud.call("GET", one, expect=200)
    await cloud.call("DELETE", one, expect=204)
    seen.append(await signs(cloud, made))

    assert seen == [200, 401, 200, 401]
    assert "secret" not in shown["credential"]
    await cloud.call("GET", one, expect=404)


async def test_a_user_has_two_keys_and_manages_its_own(cloud: Cloud) -> None:
    mine, other = await user(cloud), await user(cloud)
    theirs = await key(cloud, other)
    own = await signed_in(cloud, mine)
    body = {"credential": {"user_id": mine}}

    for _ in range(limits.KEYS_OF_USER):
        await cloud.call("POST", KEYS, body, expect=201, headers=own)
    refusal = await cloud.call("POST", KEYS, body, expect=403, headers=own)
    listed = await cloud.call("GET", KEYS, expect=200, headers=own)

    assert refusal["error_code"] == "IAM.0003"
    assert [one["user_id"] for one in listed["credentials"]] == [mine] * 2
    for method, path in (
        ("GET", f"{KEYS}?user_id={other}"),
        ("GET", f"{KEYS}/{theirs['access']}"),
        ("DELETE", f"{KEYS}/{theirs['access']}"),
        ("POST", "/v3/projects"),
        ("DELETE", f"/v3/users/{other}"),
    ):
        denied = await cloud.call(method, path, expect=403, headers=own)
        assert denied["error_code"] == "IAM.0002"


async def test_clusters_are_made_in_a_new_project_at_once_until_it_is_suspended(
    cloud: Cloud,
) -> None:
    made = await project(cloud)
    scope = {"project": {"id": made}}
    password = {"user": {"id": cloud.account["user_id"], "password": cloud.account["password"]}}
    asked = {"identity": {"methods": ["password"], "password": password}, "scope": scope}
    answer = await cloud.client.post("/v3/auth/tokens", json={"auth": asked})
    own = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
    clusters, status = f"/api/v3/projects/{made}/clusters", f"/v3-ext/projects/{made}"

    await cloud.call("POST", clusters, cluster(unique("c")), expect=201, headers=own)
    suspended = {"project": {"status": "suspended"}}
    await cloud.call("PUT", status, suspended, expect=204)
    await cloud.call("GET", clusters, expect=403, headers=own)
    shown = await cloud.call("GET", status, expect=200)
    await cloud.call("PUT", status, {"project": {"status": "normal"}}, expect=204)

    await cloud.call("GET", clusters, expect=200, headers=own)
    assert shown["project"]["status"] == "suspended"
    assert shown["project"]["parent_id"] == cloud.account["project_id"]


async def test_a_project_is_named_after_its_region_and_is_never_deleted(cloud: Cloud) -> None:
    made = await project(cloud)
    region = cloud.account["project_id"]
    taken = (await cloud.call("GET", f"/v3/projects/{made}", expect=200))["project"]["name"]

    for name, status in (("elsewhere_x", 400), ("cn-north-4_", 400), (taken, 409)):
        await cloud.call("POST", "/v3/projects", {"project": {"name": name}}, expect=status)
    renamed = {"project": {"name": f"cn-north-4_{unique('n')}", "description": "ours"}}
    shown = await cloud.call("PATCH", f"/v3/projects/{made}", renamed, expect=200)
    await cloud.call("DELETE", f"/v3/projects/{made}", expect=404)
    await cloud.call("PATCH", f"/v3/projects/{region}", renamed, expect=403)
    suspended = {"project": {"status": "suspended"}}
    await cloud.call("PUT", f"/v3-ext/projects/{region}", suspended, expect=403)

    assert shown["project"]["name"] == renamed["project"]["name"]
    assert (await cloud.call("GET", f"/v3/projects/{made}", expect=200))["project"] == {
        **shown["project"]
    }


async def test_a_deleted_user_is_refused_with_its_token_and_its_keys(cloud: Cloud) -> None:
    who = await user(cloud)
    made, own = await key(cloud, who), await signed_in(cloud, who)
    await cloud.call("GET", f"/v3/users/{who}", expect=200, headers=own)

    await cloud.call("DELETE", f"/v3/users/{who}", expect=204)

    await cloud.call("GET", f"/v3/users/{who}", expect=401, headers=own)
    assert await signs(cloud, made) == 401
    await cloud.call("GET", f"/v3/users/{who}", expect=404)


async def test_a_user_reads_as_it_was_written_and_a_new_password_ends_its_tokens(
    cloud: Cloud,
) -> None:
    said = {"email": "a@example.test", "phone": "123", "areacode": "0086", "pwd_status": True}
    asked = {"name": unique("user"), "password": PASSWORD, "description": "d"} | said
    path = "/v3.0/OS-USER/users"
    made = (await cloud.call("POST", path, {"user": asked}, expect=201))["user"]
    one, own = f"{path}/{made['id']}", await signed_in(cloud, made["id"])

    changed = {"password": "An0ther-one", "email": "", "enabled": True}
    await cloud.call("PUT", one, {"user": changed}, expect=200)
    shown = (await cloud.call("GET", one, expect=200))["user"]

    assert {name: shown[name] for name in said} == said | {"email": ""}
    assert shown["description"] == "d"
    await cloud.call("GET", one, expect=401, headers=own)
    await signed_in(cloud, made["id"], "An0ther-one")


async def test_administrators_stay_and_others_may_not_change_anybody(cloud: Cloud) -> None:
    admin, other = cloud.account["user_id"], await user(cloud)
    own = await signed_in(cloud, other)
    wrong = {"user": {"password": "An0ther-one", "original_password": "no"}}

    await cloud.call("DELETE", f"/v3/users/{admin}", expect=403)
    await cloud.call("PATCH", f"/v3/users/{admin}", {"user": {"enabled": False}}, expect=403)
    await cloud.call("PATCH", f"/v3/users/{other}", {"user": {}}, expect=403, headers=own)
    await cloud.call("POST", f"/v3/users/{admin}/password", wrong, expect=403, headers=own)
    await cloud.call("POST", f"/v3/users/{other}/password", wrong, expect=401, headers=own)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", KEYS, {"credential": {}}),
        ("POST", KEYS, {"credential": {"user_id": 5}}),
        ("POST", "/v3/projects", {"project": {"name": True}}),
        ("POST", "/v3/users", {"user": {"name": "1 "}}),
        ("POST", "/v3/users", {"user": {"name": "u", "password": "short"}}),
        ("POST", "/v3/groups", {"group": {"name": "x" * 65}}),
        ("POST", "/v3/groups", {"group": {"name": "g", "description": "x" * 256}}),
        ("POST", "/v3/groups", {}),
        ("POST", AGENCIES, {"agency": {"name": "a"}}),
    ],
)
async def test_a_wrong_body_names_the_field_and_the_rule(
    cloud: Cloud, method: str, path: str, body: Any
) -> None:
    refusal = await cloud.call(method, path, body, expect=400)

    assert refusal["error_code"] == "IAM.0011"
    assert next(iter(body), "group") in refusal["error_msg"]


async def test_nothing_of_another_domain_is_there(cloud: Cloud, shared_database: str) -> None:
    made = await key(cloud, await user(cloud))
    paths = [f"{KEYS}/{made['access']}", f"/v3/users/{made['user_id']}", await group(cloud)]
    paths.append(f"{AGENCIES}/{(await agency(cloud))['id']}")
    paths.append(f"/v3-ext/projects/{await project(cloud)}")
    paths.append(f"/v3/domains/{cloud.account['domain_id']}{paths[2].removeprefix('/v3')}/roles")

    async with stranger(cloud, shared_database) as other:
        found = {(await other.client.get(path)).status_code for path in paths}

    assert found == {404}


async def test_another_process_learns_what_was_removed_however_far_behind(tmp_path: Path) -> None:
    async with iam_server.serving(tmp_path) as server:
        elsewhere = Directory(server_key.load(server.settings))
        owner = store.User(
            id=new_id(),
            domain_id=server.account["domain_id"],
            name="owner",
            password_hash="",
            password_changed_at=1,
        )
        keys = [
            store.AccessKey(access_key=f"KEY{n}", user_id=owner.id, sealed_secret="")
            for n in range(3)
        ]
        await server.change(owner, *keys)
        await elsewhere.refresh(server.database)
        seen = []

        async def remove(record: store.User | store.AccessKey) -> None:
            async with server.database.transaction() as tx:
                await store.remove(tx, record)

        async def look() -> None:
            await elsewhere.refresh(server.database)
            left = elsewhere.snapshot.access_keys.keys() & {one.access_key for one in keys}
            seen.append((sorted(left), owner.id in elsewhere.snapshot.users))

        await look()
        await remove(keys[0])
        await look()
        await remove(keys[1])
        async with server.database.transaction() as tx:
            for _ in range(limits.KEPT_REMOVALS):
                await store.begin_change(tx)
            # What is removed now pushes the removal before it out of memory.
            extra = store.AccessKey(access_key="KEY9", user_id=owner.id, sealed_secret="")
            await store.add(tx, extra)
            await store.remove(tx, extra)
        await look()
        await remove(owner)
        await look()

    assert seen == [
        (["KEY0", "KEY1", "KEY2"], True),
        (["KEY1", "KEY2"], True),
        (["KEY2"], True),
        ([], False),
    ]


async def test_a_temporary_key_leaves_nothing_that_outlives_it(cloud: Cloud) -> None:
    who = await user(cloud)
    own = await signed_in(cloud, who)
    asked = {"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 900}}}}
    path = "/v3.0/OS-CREDENTIAL/securitytokens"
    kept = (await cloud.call("POST", path, asked, expect=201, headers=own))["credential"]
    body = json.dumps({"credential": {"user_id": who}}).encode()
    pair = (kept["access"], kept["secret"])
    headers = {"X-Security-Token": kept["securitytoken"], "Content-Type": "application/json"}
    signed = iam_server.signed(pair, "POST", KEYS, headers, body)

    sent = headers | signed | {"X-Auth-Token": ""}
    answer = await cloud.client.post(KEYS, content=body, headers=sent)

    assert (answer.status_code, answer.json()["error_code"]) == (403, "IAM.0002")


async def test_of_many_at_once_only_two_get_a_key(cloud: Cloud) -> None:
    who = await user(cloud)
    body = {"credential": {"user_id": who}}

    answers = await asyncio.gather(*(cloud.client.post(KEYS, json=body) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201, 201, 403, 403, 403, 403]
