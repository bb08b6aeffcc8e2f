"""Which of many routes answers a path.

The framework tries its routes one by one, by a pattern each. Here the parts of a path lead to the
few routes that may be meant, and only those are analysed and tried, in the order in which they were
declared.
"""

from collections.abc import Iterable, Iterator

from starlette.routing import BaseRoute, Match

from clusterwright.web.asgi import Receive, Scope, Send
from clusterwright.web.routes import Declared


class _Branch:
    """What may follow a part of a path."""

    def __init__(self) -> None:
        self.named: dict[str, _Branch] = {}
        self.any: _Branch | None = None
        self.ends: list[tuple[int, Declared]] = []
        """The routes whose paths end here, with their places in the order."""
        self.open_ends: list[tuple[int, Declared]] = []
        """Those that take all the rest of a path, be it empty."""


class Paths(BaseRoute):
    """Many routes in the place of one."""

    def __init__(self, declared: Iterable[Declared]) -> None:
        self._root = _Branch()
        for place, each in enumerate(declared):
            self._add(place, each)

    def _add(self, place: int, declared: Declared) -> None:
        branch = self._root
        for part in declared.path.split("/"):
            if part.endswith(":path}"):
                branch.open_ends.append((place, declared))
                return
            if "{" in part:
                branch.any = branch.any or _Branch()
                branch = branch.any
            else:
                branch = branch.named.setdefault(part, _Branch())
        branch.ends.append((place, declared))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first route that matches, else the first that only has other methods."""
        partial: tuple[Match, Scope] = Match.NONE, {}
        for declared in self._meant(scope["method"], scope["path"]):
            found = declared.route.matches(scope)
            if found[0] is Match.FULL:
                return found
            if partial[0] is Match.NONE:
                partial = found
        return partial

    def _meant(self, method: str, path: str) -> Iterator[Declared]:
        """The routes that may be meant, those for this method first."""
        found: list[tuple[int, Declared]] = []
        branches = [self._root]
        for part in path.split("/"):
            following = []
            for branch in branches:
                found += branch.open_ends
                if part in branch.named:
                    following.append(branch.named[part])
                if branch.any is not None:
                    following.append(branch.any)
            branches = following
        for branch in branches:
            found += branch.ends
        for _, declared in sorted(found, key=lambda each: (method not in each[1].methods, each[0])):
            yield declared

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the route that matched."""
        await scope["route"].handle(scope, receive, send)
