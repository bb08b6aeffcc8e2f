"""Answers to reads that are kept until anything is written, whatever it is.

Programs ask again and again for clusters and nodes that have not changed, most of all while nothing
happens; and then an answer costs what a lookup costs, however long the list is. Forgetting all at
the first write needs no knowledge of what an answer was made from, so none can be forgotten.
"""

import re
from collections.abc import Callable
from typing import Protocol

from clusterwright.storage.writes import Writes
from clusterwright.web.asgi import ASGIApp, Message, Receive, Scope, Send

_MOST = 16 * 1024 * 1024
"""Bytes of answers that are kept at a time."""
_LONGEST = _MOST // 8
_KEPT = re.compile(
    r"/api/v3/projects/[^/]+/clusters(?:/[^/]+(?:/nodes(?:/[^/]+)?)?)?", re.ASCII
).fullmatch
"""Clusters and nodes, each and as lists."""


class Who(Protocol):
    """Who asks, as far as kept answers differ by it."""

    @property
    def project_id(self) -> str:
        """The only project whose answers are for them."""


class KeptAnswers:
    """The framework's application, and what it has answered since the last write."""

    def __init__(
        self,
        app: ASGIApp,
        writes: Writes,
        known: Callable[[Scope, dict[bytes, bytes]], Who | None],
    ) -> None:
        """``known`` tells who asks where nothing is to be waited for or refused."""
        self._app = app
        self._writes = writes
        self._known = known
        self._kept: tuple[int | None, dict[str, bytes]] = (None, {})
        self._used = 0

    def at_hand(self, scope: Scope, headers: dict[bytes, bytes]) -> bytes | None:
        """An answer that was given since the last write (``web.edge.AtHand``)."""
        stamp, answers = self._kept
        answer = answers.get(scope["path"])
        if answer is None or stamp != self._writes.stamp() or not _is_plain(scope):
            return None
        who = self._known(scope, headers)
        if who is None or who.project_id != scope["path"].split("/", 5)[4]:
            return None
        return answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and keep what may be kept."""
        stamp = self._writes.stamp()
        if stamp is None or not _may_be_kept(scope):
            await self._app(scope, receive, send)
            return
        sent: list[Message] = []

        async def noted(message: Message) -> None:
            sent.append(message)
            await send(message)

        await self._app(scope, receive, noted)
        match sent:
            case [{"status": 200}, {"body": bytes(answer), **rest}] if not rest.get("more_body"):
                self._keep(stamp, scope["path"], answer)

    def _keep(self, stamp: int, path: str, answer: bytes) -> None:
        if stamp != self._writes.stamp() or len(answer) > _LONGEST:
            return
        if self._kept[0] != stamp:
            self._kept, self._used = (stamp, {}), 0
        answers = self._kept[1]
        while self._used + len(answer) > _MOST:
            self._used -= len(answers.pop(next(iter(answers))))
        self._used += len(answer) - len(answers.get(path, b""))
        answers[path] = answer


def _may_be_kept(scope: Scope) -> bool:
    """Whether an answer is made of rows alone: nothing of the clock, of the host or of memory."""
    return (
        scope["method"] == "GET"
        and not scope["query_string"]
        and _KEPT(scope["path"]) is not None
        and _is_plain(scope)
    )


def _is_plain(scope: Scope) -> bool:
    return bool(scope["path"].encode() == scope["raw_path"])
