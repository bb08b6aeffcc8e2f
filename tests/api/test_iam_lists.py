"""Projects, domains, users, catalog and versions, as the clients look them up."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from keystoneauth1 import session as keystone
from keystoneauth1.identity import generic
from requests.adapters import BaseAdapter

from clusterwright.iam import store
from clusterwright.ids import new_id
from tests.api.iam_server import BASE, Server, serving


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path) as started:
        yield started


@pytest.fixture
async def headers(server: Server) -> dict[str, str]:
    return {"X-Auth-Token": await server.token()}


async def test_a_name_finds_the_one_project_and_never_more(
    server: Server, headers: dict[str, str]
) -> None:
    second = store.Project(id=new_id(), domain_id=server.account["domain_id"], name="second")
    await server.change(second)
    found = {}
    for query in ("?name=cn-north-4", "?name=nothing", "?name=", "", "?page=2&per_page=1"):
        answer = await server.client.get(f"/v3/projects{query}", headers=headers)
        found[query] = [project["name"] for project in answer.json()["projects"]]

    assert found == {
        "?name=cn-north-4": ["cn-north-4"],
        "?name=nothing": [],
        "?name=": [],
        "": ["cn-north-4", "second"],
        "?page=2&per_page=1": ["second"],
    }


async def test_pages_lead_to_their_neighbours(server: Server, headers: dict[str, str]) -> None:
    second = store.Project(id=new_id(), domain_id=server.account["domain_id"], name="second")
    await server.change(second)

    first = await server.client.get("/v3/projects?page=1&per_page=1", headers=headers)
    last = await server.client.get(first.json()["links"]["next"], headers=headers)

    assert first.json()["links"]["previous"] is None
    assert last.json()["links"]["next"] is None
    assert last.json()["links"]["previous"].endswith("page=1&per_page=1")


async def test_pages_lead_to_neighbours_of_the_same_kind(
    server: Server, headers: dict[str, str]
) -> None:
    top = server.account["project_id"]
    for number in range(4):
        made = store.Project(
            id=new_id(),
            domain_id=server.account["domain_id"],
            name=f"p{number}",
            parent_id=top,
            enabled=number % 2 == 0,
        )
        await server.change(made)
    link = f"/v3/projects?enabled=true&parent_id={top}&page=1&per_page=1"
    seen: list[str] = []
    links: dict[str, str] = {}

    while link:
        answer = (await server.client.get(link, headers=headers)).json()
        seen += [project["name"] for project in answer["projects"]]
        links = answer["links"]
        link = links["next"]
    before = (await server.client.get(links["previous"], headers=headers)).json()

    assert sorted(seen) == ["p0", "p2"]
    assert [project["name"] for project in before["projects"]] == seen[:1]


async def test_a_bad_parameter_is_refused_in_the_services_words(
    server: Server, headers: dict[str, str]
) -> None:
    answer = await server.client.get("/v3/projects?page=none", headers=headers)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "IAM.0007")


async def test_the_sdk_finds_its_project_with_a_signature(server: Server) -> None:
    signed = server.sign("GET", "/v3/auth/projects")

    answer = await server.client.get("/v3/auth/projects", headers=signed)

    assert [p["id"] for p in answer.json()["projects"]] == [server.account["project_id"]]


async def test_a_project_of_another_domain_cannot_be_seen(
    server: Server, headers: dict[str, str]
) -> None:
    other = store.Domain(id=new_id(), name="other")
    foreign = store.Project(id=new_id(), domain_id=other.id, name="p")
    await server.change(other, foreign)

    mine = await server.client.get(f"/v3/projects/{server.account['project_id']}", headers=headers)
    theirs = await server.client.get(f"/v3/projects/{foreign.id}", headers=headers)

    assert mine.json()["project"]["name"] == "cn-north-4"
    assert (theirs.status_code, theirs.json()["error_code"]) == (404, "IAM.0004")


async def test_there_is_exactly_one_domain_and_the_named_user(
    server: Server, headers: dict[str, str]
) -> None:
    domains = await server.client.get("/v3/auth/domains", headers=headers)
    users = await server.client.get("/v3/users?name=admin", headers=headers)
    identity = await server.client.get("/v5/caller-identity", headers=headers)

    assert [d["id"] for d in domains.json()["domains"]] == [server.account["domain_id"]]
    assert [u["id"] for u in users.json()["users"]] == [server.account["user_id"]]
    assert identity.json()["account_id"] == server.account["domain_id"]


async def test_the_versions_are_a_list_with_the_ids_that_the_sdk_knows(server: Server) -> None:
    answer = await server.client.get("/")

    assert [version["id"] for version in answer.json()["versions"]] == ["v3", "v3.1"]


class InProcess(BaseAdapter):
    """Lets ``requests`` speak to a server in the event loop of another thread."""

    def __init__(self, client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._client = client
        self._loop = loop

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # timeouts and proxies mean nothing here
        sent = self._client.request(
            str(request.method),
            str(request.url),
            headers={name: str(value) for name, value in request.headers.items()},
            content=str(request.body or ""),
        )
        answer = asyncio.run_coroutine_threadsafe(sent, self._loop).result(timeout=30)
        response = requests.Response()
        response.status_code = answer.status_code
        response.headers.update(answer.headers)
        response.raw = io.BytesIO(answer.content)
        response.url = str(request.url)
        response.request = request
        return response

    def close(self) -> None:
        """Leave the client to its owner."""


@pytest.mark.parametrize("url", [BASE, f"{BASE}/", f"{BASE}/v3"])
async def test_keystone_clients_log_in_and_read_the_catalog(server: Server, url: str) -> None:
    plain = requests.Session()
    plain.mount("http://", InProcess(server.client, asyncio.get_running_loop()))
    plugin = generic.Password(
        auth_url=url,
        username="admin",
        password=server.account["password"],
        user_domain_name="clusterwright",
        project_name="cn-north-4",
        project_domain_name="clusterwright",
    )
    session = keystone.Session(auth=plugin, session=plain)

    found = await asyncio.to_thread(
        session.get_endpoint, service_type="ccev2.0", region_name="cn-north-4"
    )

    project = await asyncio.to_thread(session.get_project_id)
    assert project == server.account["project_id"]
    assert found == BASE


async def test_regions_services_and_endpoints_are_those_of_the_catalogue(
    server: Server, headers: dict[str, str]
) -> None:
    async def get(path: str) -> Any:
        answer = await server.client.get(f"/v3/{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    catalogue = (await get("auth/catalog"))["catalog"]
    services = (await get("services"))["services"]
    endpoints = (await get("endpoints"))["endpoints"]
    (cce,) = (await get("services?type=ccev2.0"))["services"]
    (address,) = (await get(f"endpoints?service_id={cce['id']}&interface=public"))["endpoints"]

    assert [one["id"] for one in services] == [one["id"] for one in catalogue]
    assert {one["url"] for one in endpoints} == {
        one["url"] for service in catalogue for one in service["endpoints"]
    }
    assert address["url"] == BASE
    assert [one["id"] for one in (await get("regions"))["regions"]] == ["cn-north-4"]
    assert (await get("domains"))["domains"] == (await get("auth/domains"))["domains"]
    for path, one in (("regions/cn-north-4", "region"), (f"services/{cce['id']}", "service")):
        assert (await get(path))[one]["id"] == path.rpartition("/")[2]
    assert (await get(f"endpoints/{address['id']}"))["endpoint"] == address


@pytest.mark.parametrize("kind", ["regions", "services", "endpoints"])
async def test_a_part_of_the_catalogue_that_is_not_there_is_not_found(
    server: Server, headers: dict[str, str], kind: str
) -> None:
    answer = await server.client.get(f"/v3/{kind}/no", headers=headers)

    assert (answer.status_code, answer.json()["error_code"]) == (404, "IAM.0004")
