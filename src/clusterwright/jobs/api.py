"""``ShowJob``, the product's hottest read: a stored document, authenticated, untouched."""

import asyncio
import re
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from clusterwright.errors import NOT_FOUND, ApiError
from clusterwright.iam.auth import Authenticator, check_project
from clusterwright.jobs import store
from clusterwright.jobs.feed import Closed, Feed
from clusterwright.jobs.reader import Reader
from clusterwright.jobs.wire import JobDocument, has_ended
from clusterwright.storage.database import Database
from clusterwright.web.asgi import Receive, Scope, Send
from clusterwright.web.edge import read_body, send_whole
from clusterwright.web.openapi import described
from clusterwright.web.refusals import JSON
from clusterwright.web.routes import Router
from clusterwright.web.server import given

router = Router(tags=["Job"])

_PREFIXES = ("/api/v3/projects/", "/autopilot/v3/projects/")
_ANNOUNCING = ("1.0", "1.1")
_BODY = (b"content-length", b"transfer-encoding")


class ShowJob:
    """Answers ``GET /api/v3/projects/{project_id}/jobs/{job_id}`` in front of the framework.

    A FastAPI route costs three times this one (measured by bench/show_job.py). Authentication and
    errors are the same objects that every other route uses, so behaviour cannot differ.
    """

    def __init__(
        self, reader: Reader, authenticator: Authenticator, data: Database, feed: Feed
    ) -> None:
        self._reader = reader
        self._authenticator = authenticator
        self._data = data
        self._feed = feed

    def matches(self, method: str, path: str) -> bool:
        """Whether the request is a ShowJob.

        A trailing slash is another path (API reference, 8.3).
        """
        if method != "GET" or not path.startswith(_PREFIXES):
            return False
        parts = path.split("/")
        return len(parts) == 7 and parts[5] == "jobs" and bool(parts[6])

    def at_hand(self, scope: Scope, headers: dict[bytes, bytes]) -> bytes | None:
        """The document where nothing is to be waited for or refused (``web.edge.AtHand``)."""
        path: str = scope["path"]
        parts = path.split("/")
        if len(parts) != 7 or parts[5] != "jobs" or not path.startswith(_PREFIXES):
            return None
        project_id = parts[4]
        found = self._reader.at_hand(parts[6], project_id=project_id)
        # What is not encoded is what is on the shelf, so the path is short, too.
        if found is None or path.encode() != scope["raw_path"]:
            return None
        caller = self._authenticator.at_hand(scope, headers)
        return found if caller is not None and caller.project_id == project_id else None

    async def answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Send the job's document. Raises ApiError as ``read`` does."""
        if seconds := preferred_wait(scope):
            found = await self.read_patiently(scope, receive, seconds)
            await send_whole(send, 200, found, request_id, more=[applied(seconds)])
            return
        await send_whole(send, 200, await self.read(scope, receive), request_id)

    async def read_patiently(self, scope: Scope, receive: Receive, seconds: int) -> bytes:
        """The job's document once it has changed, or as it is after so many seconds.

        At once where the job has ended. Raises ApiError as ``read`` does.
        """
        first = await self.read(scope, receive)
        if has_ended(first):
            return first
        _, _, _, _, project_id, _, job_id = scope["path"].split("/")
        async with self._data.reading() as tx:
            root_uid = await store.root_of(tx, job_id, project_id=project_id)
        if root_uid is None:
            return first
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        with self._feed.listening(tree=root_uid) as listener:
            await self._feed.begin()
            pause = _DOCUMENT_PAUSE
            while True:
                found = await self._reader.read(job_id, project_id=project_id)
                left = end - loop.time()
                if found is None or found != first or left <= 0:
                    return found or first
                try:
                    happened = await listener.next(min(left, pause))
                except Closed:
                    return first
                pause = _DOCUMENT_PAUSE if happened else pause * 2

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """The job's document. Raises ApiError: 401, 403, 404 where the project has no such job."""
        _, _, _, _, project_id, _, job_id = scope["path"].split("/")
        caller = await self._authenticator.authenticate(scope, lambda: _body(scope, receive))
        check_project(caller, project_id)
        found = await self._reader.read(job_id, project_id=project_id)
        if found is None:
            raise ApiError(
                NOT_FOUND, f"There is no job {job_id[:64]} in project {project_id[:64]}."
            )
        return found


_WAIT = re.compile(rb"(?i)(?:^|,)\s*wait\s*=\s*\"?([0-9]{1,9})\"?\s*(?:[,;]|$)")
_LONGEST_WAIT = 60
"""Seconds that a request waits at the most, whatever it prefers."""
_DOCUMENT_PAUSE = 0.1
"""Seconds after an event until the document is looked at again, doubled with each look: that of a
large job follows its events later, without an event of its own.
"""


def preferred_wait(scope: Scope) -> int:
    """Seconds that a request would rather wait for news than be answered (RFC 7240); 0 for none."""
    for name, value in scope["headers"]:
        if name == b"prefer" and (found := _WAIT.search(value)):
            return min(int(found[1]), _LONGEST_WAIT)
    return 0


def applied(seconds: int) -> tuple[bytes, bytes]:
    """The header that tells how long an answer was ready to wait."""
    return b"preference-applied", b"wait=%d" % seconds


async def _body(scope: Scope, receive: Receive) -> bytes:
    # HTTP/1 announces a body in its headers. Not asking the server for one that cannot come saves a
    # turn of the event loop, an eighth of a signed read's processor time.
    if scope["http_version"] in _ANNOUNCING and not any(n in _BODY for n, _ in scope["headers"]):
        return b""
    return await read_body(receive)


@router.get(
    "/api/v3/projects/{project_id}/jobs/{job_id}",
    operation_id="ShowJob",
    summary="Show a job",
    **described(JobDocument),
)
@router.get(
    "/autopilot/v3/projects/{project_id}/jobs/{job_id}",
    operation_id="ShowAutopilotJob",
    summary="Show a job",
    **described(JobDocument),
)
async def show_job(
    request: Request,
    project_id: str,
    job_id: str,
    route: Annotated[ShowJob, Depends(given(ShowJob))],
) -> Response:
    """The job with its whole tree of sub-jobs; sub-jobs are found by their own id as well.

    With the header `Prefer: wait=N` the answer comes when the job has changed, after N seconds (60
    at the most) otherwise, and at once where the job has ended.
    """
    seconds = preferred_wait(request.scope)
    if not seconds:
        found = await route.read(request.scope, request.receive)
        return Response(found, 200, None, JSON.decode())
    found = await route.read_patiently(request.scope, request.receive, seconds)
    name, value = applied(seconds)
    return Response(found, 200, {name.decode(): value.decode()}, JSON.decode())
