"""Every route of the server, as the framework knows it."""

from collections.abc import Iterator

from fastapi.routing import APIRoute

from clusterwright.app import ROUTERS

ROUTES = [route for router in ROUTERS for route in router.routes]


def called(route: APIRoute) -> Iterator[object]:
    """Everything that the framework calls before it answers the route."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        yield dependant.call
        waiting += dependant.dependencies


def name(route: APIRoute) -> str:
    """The route as people write it."""
    return f"{'/'.join(sorted(route.methods or ()))} {route.path}"
