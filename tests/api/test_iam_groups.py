"""Groups, agencies and roles, as clients manage them."""

from typing import Any

import pytest
import pytest_asyncio

from clusterwright.iam.roles import ROLES
from tests.api.cloud import Cloud, unique
from tests.api.identities_made import AGENCIES, agency, group, user

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN = "0" * 32


@pytest_asyncio.fixture(loop_scope="module")
async def cloud(shared_cloud: Cloud) -> Cloud:
    """A whole server on each database, which the tests share."""
    return shared_cloud


async def test_groups_have_users_and_roles_until_they_are_deleted(cloud: Cloud) -> None:
    inside, who = await group(cloud), await user(cloud)
    member, role = f"{inside}/users/{who}", next(iter(ROLES))
    domain = f"/v3/domains/{cloud.account['domain_id']}"
    given = f"{domain}{inside.removeprefix('/v3')}/roles/{role}"
    await cloud.call("HEAD", member, expect=404)

    for path in (member, member, given, given):
        await cloud.call("PUT", path, expect=204)
        await cloud.call("HEAD", path, expect=204)
    users = await cloud.call("GET", f"{inside}/users", expect=200)
    groups = await cloud.call("GET", f"/v3/users/{who}/groups", expect=200)
    all_of = f"/v3.0/OS-PERMISSION/role-assignments?subject.group_id={inside.rpartition('/')[2]}"
    found = await cloud.call("GET", all_of, expect=200)
    await cloud.call("DELETE", inside, expect=204)

    assert [one["id"] for one in users["users"]] == [who]
    assert [f"/v3/groups/{one['id']}" for one in groups["groups"]] == [inside]
    assert (found["total_num"], found["role_assignments"][0]["role"]["id"]) == (1, role)
    assert (await cloud.call("GET", all_of, expect=200))["total_num"] == 0
    await cloud.call("GET", inside, expect=404)
    await cloud.call("PUT", given, expect=404)


@pytest.mark.parametrize(
    ("duration", "shown"), [("FOREVER", "FOREVER"), ("ONEDAY", "24"), (7, "168"), ("30", "720")]
)
async def test_an_agency_tells_its_duration_in_hours(
    cloud: Cloud, duration: Any, shown: str
) -> None:
    made = await agency(cloud, duration=duration)

    found = (await cloud.call("GET", f"{AGENCIES}/{made['id']}", expect=200))["agency"]

    assert found == made
    assert found["duration"] == shown
    assert (found["expire_time"] is None) is (shown == "FOREVER")


WRONG_DURATIONS: tuple[Any, ...] = (0, -1, "x", True, 1.5, [], "99999", "٧")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"duration": each} for each in WRONG_DURATIONS),
        {"trust_domain_name": ""},
        {"name": ""},
        {"name": " a"},
        {"domain_id": UNKNOWN},
        {"name": "cce_admin_trust"},
    ],
    ids=str,
)
async def test_a_wrong_agency_is_refused(cloud: Cloud, wrong: Any) -> None:
    asked = {"name": unique("a"), "domain_id": cloud.account["domain_id"]}
    body = {"agency": asked | {"trust_domain_name": "op_svc_evs"} | wrong}

    answer = await cloud.client.post(AGENCIES, json=body)

    assert answer.status_code in (400, 404, 409), answer.text
    assert answer.json()["error_code"].startswith("IAM.")


async def test_the_agency_of_clusters_is_there_and_stays(cloud: Cloud) -> None:
    listed = await cloud.call("GET", f"{AGENCIES}?name=cce_admin_trust", expect=200)
    [own] = listed["agencies"]

    for method, body in (("PUT", {"agency": {"description": "mine"}}), ("DELETE", None)):
        await cloud.call(method, f"{AGENCIES}/{own['id']}", body, expect=403)

    assert (await cloud.call("GET", f"{AGENCIES}/{own['id']}", expect=200))["agency"] == own


async def test_roles_come_in_pages_until_one_is_not_full(cloud: Cloud) -> None:
    seen: list[str] = []
    for page in range(1, 100):
        path = f"/v3/roles?page={page}&per_page=10"
        found = (await cloud.call("GET", path, expect=200))["roles"]
        seen += [role["id"] for role in found]
        if len(found) < 10:
            break
    path = "/v3/roles?display_name=CCE%20Administrator"
    [named] = (await cloud.call("GET", path, expect=200))["roles"]

    assert seen == list(ROLES)
    assert (await cloud.call("GET", f"/v3/roles/{named['id']}", expect=200))["role"] == named
