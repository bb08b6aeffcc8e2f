"""Users, keys, projects, groups and agencies, as clients make them."""

from typing import Any

from clusterwright.iam.roles import ROLES
from tests.api import iam_server
from tests.api.cloud import Cloud, unique

KEYS = "/v3.0/OS-CREDENTIAL/credentials"
AGENCIES = "/v3.0/OS-AGENCY/agencies"
PASSWORD = "Pick-An0ther-1"


async def user(cloud: Cloud, **said: Any) -> str:
    """A new user's id."""
    asked = {"name": unique("user"), "password": PASSWORD} | said
    made = await cloud.call("POST", "/v3/users", {"user": asked}, expect=201)
    return str(made["user"]["id"])


async def key(cloud: Cloud, user_id: str, *, expect: int = 201) -> Any:
    """What the answer says of a new key."""
    body = {"credential": {"user_id": user_id}}
    made = await cloud.call("POST", KEYS, body, expect=expect)
    return made["credential"] if expect == 201 else made


async def signed_in(cloud: Cloud, user_id: str, password: str = PASSWORD) -> dict[str, str]:
    """The header of a user's token for the project."""
    scope = {"project": {"id": cloud.account["project_id"]}}
    who = {"user": {"id": user_id, "password": password}}
    asked = {"identity": {"methods": ["password"], "password": who}, "scope": scope}
    answer = await cloud.client.post("/v3/auth/tokens", json={"auth": asked})
    assert answer.status_code == 201, answer.text
    return {"X-Auth-Token": answer.headers["X-Subject-Token"]}


async def signs(cloud: Cloud, made: Any) -> int:
    """The status of a request that is signed with a key alone."""
    path = "/v3/auth/projects"
    headers = iam_server.signed((made["access"], made["secret"]), "GET", path)
    # Without the token of this client, which would win.
    answer = await cloud.client.get(path, headers=headers | {"X-Auth-Token": ""})
    return answer.status_code


async def group(cloud: Cloud) -> str:
    """A new group's path."""
    body = {"group": {"name": unique("group")}}
    made = await cloud.call("POST", "/v3/groups", body, expect=201)
    return f"/v3/groups/{made['group']['id']}"


async def agency(cloud: Cloud, **said: Any) -> Any:
    """A new agency, as the answer has it."""
    asked = {"name": unique("agency"), "domain_id": cloud.account["domain_id"]}
    body = {"agency": asked | {"trust_domain_name": "op_svc_evs"} | said}
    return (await cloud.call("POST", AGENCIES, body, expect=201))["agency"]


async def project(cloud: Cloud) -> str:
    """A new project's id."""
    body = {"project": {"name": f"cn-north-4_{unique('p')}"}}
    return str((await cloud.call("POST", "/v3/projects", body, expect=201))["project"]["id"])


async def change_account(cloud: Cloud) -> None:
    """Everything that writes, once: a part of the whole life."""
    who = await user(cloud)
    made = await key(cloud, who)
    inactive = {"credential": {"status": "inactive"}}
    await cloud.call("PUT", f"{KEYS}/{made['access']}", inactive, expect=200)
    await cloud.call("DELETE", f"{KEYS}/{made['access']}", expect=204)
    place = await project(cloud)
    await cloud.call("PATCH", f"/v3/projects/{place}", {"project": {}}, expect=200)
    suspended = {"project": {"status": "suspended"}}
    await cloud.call("PUT", f"/v3-ext/projects/{place}", suspended, expect=204)
    inside = await group(cloud)
    await cloud.call("PUT", f"{inside}/users/{who}", expect=204)
    await cloud.call("DELETE", f"{inside}/users/{who}", expect=204)
    await cloud.call("PUT", f"{inside}/users/{who}", expect=204)
    trusted = await agency(cloud)
    one = f"{AGENCIES}/{trusted['id']}"
    await cloud.call("PUT", one, {"agency": {"duration": 7}}, expect=200)
    role = next(iter(ROLES))
    given = f"/v3.0/OS-AGENCY/projects/{place}/agencies/{trusted['id']}/roles/{role}"
    for method in ("PUT", "DELETE", "PUT"):
        await cloud.call(method, given, expect=204)
    await cloud.call("PATCH", inside, {"group": {"description": "d"}}, expect=200)
    await cloud.call("DELETE", one, expect=204)
    await cloud.call("DELETE", inside, expect=204)
    changed = {"user": {"description": "d"}}
    await cloud.call("PUT", f"/v3.0/OS-USER/users/{who}", changed, expect=200)
    await cloud.call("PATCH", f"/v3/users/{who}", changed, expect=200)
    secrets = {"user": {"password": "An0ther-one", "original_password": PASSWORD}}
    own = await signed_in(cloud, who)
    await cloud.call("POST", f"/v3/users/{who}/password", secrets, expect=204, headers=own)
    await cloud.call("DELETE", f"/v3/users/{who}", expect=204)
