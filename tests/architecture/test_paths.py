"""A path leads to the route that the framework's own search would find."""

import re
from typing import Any

import pytest
from starlette.routing import Match

from clusterwright.app import ROUTERS
from clusterwright.web.paths import Paths
from clusterwright.web.routes import Router
from tests.architecture.routes import ROUTES

PATHS = Paths(each for router in ROUTERS for each in router.declared)
EXAMPLES = sorted(
    {
        path
        for route in ROUTES
        for part in ("x", "projects", "a\nb")
        for plain in [re.sub(r"{\w+(:path)?}", part, route.path)]
        for path in (plain, f"{plain}/", f"{plain}/more", plain.removesuffix("x"), f"/{plain}")
    }
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def asked(method: str, path: str) -> dict[str, Any]:
    """A request, as far as it matters to routes."""
    return {"type": "http", "method": method, "path": path, "headers": []}


def tried_one_by_one(method: str, path: str) -> Any:
    """The route that answers, and how well it matches."""
    matching = [
        (found, route)
        for route in ROUTES
        if route.path_regex.match(path)
        for found, _ in [route.matches(asked(method, path))]
    ]
    whole = [each for each in matching if each[0] is Match.FULL]
    return next(iter(whole or matching), (Match.NONE, None))


@pytest.mark.parametrize("method", METHODS)
def test_every_path_finds_what_trying_one_by_one_finds(method: str) -> None:
    for path in EXAMPLES:
        match, scope = PATHS.matches(asked(method, path))

        assert (match, scope.get("route")) == tried_one_by_one(method, path), path


def test_only_routes_that_may_be_meant_are_analysed() -> None:
    router = Router()
    router.add("GET", "/things/{id}", lambda id: None)
    router.add("GET", "/things/{id}/parts", lambda id: None)
    router.add("POST", "/things/{id}", lambda id: None)
    paths = Paths(router.declared)

    paths.matches(asked("POST", "/things/1"))

    assert ["route" in vars(each) for each in router.declared] == [False, False, True]
