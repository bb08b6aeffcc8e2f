"""``ShowJob``, the product's hottest read: a stored document, authenticated, untouched."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from clusterwright.errors import NOT_FOUND, ApiError
from clusterwright.iam.auth import Authenticator, check_project
from clusterwright.jobs.reader import Reader
from clusterwright.jobs.wire import JobDocument
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

    def __init__(self, reader: Reader, authenticator: Authenticator) -> None:
        self._reader = reader
        self._authenticator = authenticator

    def matches(self, method: str, path: str) -> bool:
        """Whether the request is a ShowJob.

        A trailing slash is another path (API reference, 8.3).
        """
        if method != "GET" or not path.startswith(_PREFIXES):
            return False
        parts = path.split("/")
        return len(parts) == 7 and parts[5] == "jobs" and bool(parts[6])

    async def answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Send the job's document. Raises ApiError as ``read`` does."""
        await send_whole(send, 200, await self.read(scope, receive), request_id)

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
    """The job with its whole tree of sub-jobs; sub-jobs are found by their own id as well."""
    found = await route.read(request.scope, request.receive)
    return Response(found, 200, None, JSON.decode())
