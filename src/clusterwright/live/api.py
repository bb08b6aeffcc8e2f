"""The routes of jobs as people need them: one in full, the history, the events and the streams."""

import asyncio
import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from clusterwright import errors
from clusterwright.errors import ApiError
from clusterwright.iam.auth import Member
from clusterwright.jobs import events
from clusterwright.jobs import store as jobs
from clusterwright.jobs.durations import Durations
from clusterwright.jobs.feed import Closed, Feed
from clusterwright.jobs.plan import Registry
from clusterwright.jobs.tree import JobPhase
from clusterwright.live import documents, store
from clusterwright.live.store import Asked, Found
from clusterwright.live.streams import Streams, unknown
from clusterwright.live.wire import STREAM, JobEvents, JobInFull, JobPage
from clusterwright.storage.database import Database
from clusterwright.web.asgi import Receive, Scope, Send
from clusterwright.web.openapi import described
from clusterwright.web.refusals import JSON
from clusterwright.web.routes import Data, Router, Setup, Whole, json_response
from clusterwright.web.server import given

router = Router(prefix="/clusterwright/v1/projects/{project_id}", tags=["Extension"])

LONGEST_WAIT = 60
"""Seconds that a long poll may wait."""
MOST_LISTED = 200
MOST_EVENTS = 500
_LATEST = 2**31 - 1
_MARKER = re.compile(r"([0-9]{1,19})\.([0-9]{1,18})")
_LAST_TIME = 2**63 - 1

Wait = Annotated[float, Query(ge=0, le=LONGEST_WAIT, allow_inf_nan=False)]
Revision = Annotated[Whole, Query(ge=0, le=_LATEST)]
Name = Annotated[str, Query(max_length=128)]


@router.get(
    "/jobs/{job_id}",
    operation_id="ShowJobInFull",
    summary="Show a job in full",
    **described(JobInFull),
)
async def show_job_in_full(
    caller: Member,
    data: Data,
    feed: Annotated[Feed, Depends(given(Feed))],
    durations: Annotated[Durations, Depends(given(Durations))],
    registry: Annotated[Registry, Depends(given(Registry))],
    job_id: str,
    wait: Wait = 0,
    after: Annotated[Whole | None, Query(ge=0, le=_LATEST)] = None,
) -> Response:
    """How far a job is, why it failed, and its steps with their times.

    With `wait` and `after` the answer comes as soon as the job's revision is above `after`, at the
    latest after so many seconds, and at once for a job that has ended.
    """
    found = await _find(data, job_id, caller.project_id)
    seen = found.revision if after is None else after
    if wait and found.revision <= seen and found.tree.finished_at is None:
        found = await _wait(data, feed, found, seen, wait)
    document = await documents.in_full(found, durations, registry)
    return Response(document, 200, None, JSON.decode())


async def _find(data: Database, uid: str, project_id: str) -> Found:
    async with data.reading() as tx:
        found = await store.find(tx, uid, project_id=project_id)
    if found is None:
        raise unknown(uid)
    return found


async def _wait(data: Database, feed: Feed, found: Found, seen: int, seconds: float) -> Found:
    """The job when its revision is above ``seen``, or as it is when the time is over."""
    uid, project_id = found.jobs[0].uid, found.jobs[0].project_id
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with feed.listening(tree=found.tree.uid) as listener:
        await feed.begin()
        while True:
            found = await _find(data, uid, project_id)
            left = end - loop.time()
            if found.revision > seen or left <= 0:
                return found
            try:
                await listener.next(left)
            except Closed:
                return found


@router.get(
    "/jobs",
    operation_id="ListJobHistory",
    summary="List the jobs of a project",
    **described(JobPage),
)
async def list_job_history(
    caller: Member,
    data: Data,
    setup: Setup,
    phase: Annotated[JobPhase | None, Query()] = None,
    type: Name = "",
    cluster_id: Name = "",
    resource_id: Name = "",
    since: Name = "",
    until: Name = "",
    limit: Annotated[Whole, Query(ge=1, le=MOST_LISTED)] = 50,
    marker: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Top jobs, newest first; jobs that have ended are kept for the days that the answer names."""
    asked = Asked(
        project_id=caller.project_id,
        phase=phase or "",
        type=type,
        cluster_uid=cluster_id,
        resource_id=resource_id,
        since=_time("since", since),
        until=_time("until", until),
        limit=limit,
        before=_place(marker),
    )
    async with data.reading() as tx:
        found = await store.history(tx, asked)
    last = found[-1] if len(found) == limit else None
    days = setup.job_retention_days
    return json_response(
        {
            "jobs": [documents.in_list(row) for row in found],
            "nextMarker": last and f"{last.created_at}.{last.id}",
            "retentionDays": int(days) if days.is_integer() else days,
        }
    )


def _place(marker: str) -> tuple[int, int] | None:
    if not marker:
        return None
    found = _MARKER.fullmatch(marker)
    if found is None or int(found[1]) > _LAST_TIME:
        raise ApiError(errors.INVALID_REQUEST, "query.marker: Send the nextMarker of a page.")
    return int(found[1]), int(found[2])


def _time(name: str, text: str) -> int | None:
    """A time in ns since 1970, or None. Raises ApiError."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or "T" not in text or not 1970 < moment.year < 2200:
            raise ValueError(text)
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError):
        raise ApiError(
            errors.INVALID_REQUEST, f"query.{name}: Write a time as 2026-01-02T03:04:05Z."
        ) from None
    return seconds * 1_000_000_000 + moment.microsecond * 1000


@router.get(
    "/jobs/{job_id}/events",
    operation_id="ListJobEvents",
    summary="List the events of a job",
    **described(JobEvents),
)
async def list_job_events(
    caller: Member,
    data: Data,
    job_id: str,
    after: Revision = 0,
    limit: Annotated[Whole, Query(ge=1, le=MOST_EVENTS)] = 100,
) -> Response:
    """What has happened to a job's tree after a revision, oldest first, messages of drivers too."""
    async with data.reading() as tx:
        root_uid = await jobs.root_of(tx, job_id, project_id=caller.project_id)
        if root_uid is None:
            raise unknown(job_id)
        found = await events.of_tree(tx, root_uid, after=after, limit=limit)
    last = str(found[-1].revision) if len(found) == limit else "null"
    listed = b",".join(event.data for event in found)
    body = b'{"events":[%b],"nextAfter":%b}' % (listed, last.encode())
    return Response(body, 200, None, JSON.decode())


class Streaming(Response):
    """An answer of the framework that is a stream."""

    def __init__(self, streams: Streams, request_id: str) -> None:
        super().__init__()
        self._streams = streams
        self._request_id = request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await self._streams.answer(scope, receive, send, self._request_id)


def _request_id(request: Request) -> str:
    found: str = request.state.request_id
    return found


async def _stream(request: Request, caller: Member) -> Any:
    streams = await given(Streams)(request)
    return Streaming(streams, _request_id(request))


@router.get(
    "/jobs/{job_id}/stream",
    operation_id="StreamJob",
    summary="Watch a job",
    response_class=Response,
    **STREAM,
)
async def stream_job(answer: Annotated[Any, Depends(_stream)], job_id: str) -> Response:
    """Server-sent events: `snapshot` with the job in full, then `job` for each event, then `end`.

    With `Last-Event-ID` there is no snapshot: the events after that one follow. A comment is sent
    every 15 s.
    """
    found: Response = answer
    return found


@router.get(
    "/events",
    operation_id="StreamEvents",
    summary="Watch all jobs of a project",
    response_class=Response,
    **STREAM,
)
async def stream_events(answer: Annotated[Any, Depends(_stream)]) -> Response:
    """Server-sent events: `job` for each event of each job from now on, or after `Last-Event-ID`.

    It never ends by itself. A comment is sent every 15 s.
    """
    found: Response = answer
    return found
