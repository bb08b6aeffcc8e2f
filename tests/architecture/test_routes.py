"""Every route has a name and asks who is calling."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from clusterwright.app import ROUTERS, open_app
from clusterwright.iam import api as iam_api
from clusterwright.iam import auth
from clusterwright.settings import Settings
from tests.architecture.routes import ROUTES, called, name

ANONYMOUS = {
    "GET /healthz",
    "GET /readyz",
    "GET /",
    "GET /v3",
    "GET /v3/",
    "POST /v3/auth/tokens",
}
"""What anybody may ask, besides the API's own description."""

IN_FRONT = {
    "GET /api/v3/projects/{project_id}/jobs/{job_id}",
    "GET /autopilot/v3/projects/{project_id}/jobs/{job_id}",
}
"""Routes that ask by the authenticator itself, in front of the framework, to be fast."""

UNNAMED = {name(route) for route in iam_api.router.routes}
"""Routes that the framework names: no official client looks for the identity service's words."""


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials of a server in process."""
    async with open_app(Settings(data=tmp_path / "data")) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as client:
            yield client


def test_the_routes_are_found() -> None:
    assert len(ROUTES) >= len(ROUTERS)
    assert {name(route) for route in ROUTES} >= ANONYMOUS | IN_FRONT


def test_every_route_has_a_path_of_its_own() -> None:
    taken = Counter(name(route) for route in ROUTES)

    assert [each for each, times in taken.items() if times > 1] == []


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if name(route) not in UNNAMED], ids=name
)
def test_every_route_has_an_operation_id_in_the_words_of_the_api(route: APIRoute) -> None:
    assert re.fullmatch(r"([A-Z][a-z0-9]*)+", route.operation_id or "")
    assert route.summary


def test_operation_ids_are_unique() -> None:
    taken = Counter(route.operation_id for route in ROUTES if route.operation_id)

    assert [each for each, times in taken.items() if times > 1] == []


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if name(route) not in ANONYMOUS | IN_FRONT], ids=name
)
def test_every_route_asks_for_a_caller(route: APIRoute) -> None:
    asked = set(called(route))

    if "{project_id}" in route.path and not route.path.startswith("/v3/projects/"):
        assert auth.project_caller in asked
    else:
        assert asked & {auth.caller, auth.project_caller}


async def test_every_route_refuses_a_request_without_credentials(
    client: httpx.AsyncClient,
) -> None:
    closed = [route for route in ROUTES if name(route) not in ANONYMOUS]

    for route in closed:
        path = re.sub(r"{\w+}", "0" * 32, route.path)
        for method in sorted(route.methods or ()):
            answer = await client.request(method, path)

            assert answer.status_code == 401, f"{method} {path}"
            assert len(answer.headers["X-Request-Id"]) == 32
            if method != "HEAD":
                assert answer.json()["error_code"]


@pytest.mark.parametrize("path", ["/healthz", "/", "/v3", "/openapi.json"])
async def test_an_anonymous_route_answers_anybody(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code in (200, 300)
    assert isinstance(answer.json(), dict)
