"""The older job operations, for clusters of both kinds: list, show, delete (API reference, 3.1)."""

from starlette.responses import Response

from clusterwright import errors
from clusterwright.errors import ApiError
from clusterwright.iam.auth import Member
from clusterwright.jobs import removal, store, wire_v2
from clusterwright.jobs.removal import PartOfTree, StillRunning
from clusterwright.jobs.wire_v2 import JobDocumentV2
from clusterwright.turns import unhurried
from clusterwright.web.openapi import described
from clusterwright.web.routes import Data, JsonPieces, Router

router = Router(tags=["Job"])

MOST_LISTED = 1000
"""Jobs in one list, the newest; the operation knows no pages."""


_JOBS = "/api/v2/projects/{project_id}/jobs"
_AUTOPILOT_JOBS = "/autopilot/v2/projects/{project_id}/jobs"
_JOB = "/{job_id}"


@router.get(_JOBS, operation_id="ListJobs", summary="List jobs", **described(list[JobDocumentV2]))
@router.get(
    _AUTOPILOT_JOBS,
    operation_id="ListAutopilotJobs",
    summary="List jobs",
    **described(list[JobDocumentV2]),
)
async def list_jobs(caller: Member, data: Data) -> Response:
    """The project's jobs, newest first, as a bare array."""
    async with data.reading() as tx:
        found = store.newest(tx, project_id=caller.project_id, limit=MOST_LISTED)
        pieces = [b"["]
        async for document in found:
            if len(pieces) > 1:
                pieces.append(b",")
            pieces += [piece async for piece in unhurried(wire_v2.translate(document))]
    return JsonPieces([*pieces, b"]"])


@router.get(
    _JOBS + _JOB, operation_id="GetOneJob", summary="Show a job", **described(JobDocumentV2)
)
@router.get(
    _AUTOPILOT_JOBS + _JOB,
    operation_id="GetAutopilotOneJob",
    summary="Show a job",
    **described(JobDocumentV2),
)
async def get_one_job(caller: Member, data: Data, job_id: str) -> Response:
    """The job with its sub-jobs; sub-jobs are found by their own id as well."""
    async with data.reading() as tx:
        found = await store.document(tx, job_id, project_id=caller.project_id)
    if found is None:
        raise _unknown(job_id)
    return JsonPieces([piece async for piece in unhurried(wire_v2.translate(found))])


@router.delete(
    _JOBS + _JOB,
    operation_id="DeleteJob",
    summary="Delete a finished job",
    **described(None, status=204),
)
@router.delete(
    _AUTOPILOT_JOBS + _JOB,
    operation_id="DeleteAutopilotJob",
    summary="Delete a finished job",
    **described(None, status=204),
)
async def delete_job(caller: Member, data: Data, job_id: str) -> Response:
    """Forget a job that has ended, sub-jobs and all."""
    try:
        async with data.transaction() as tx:
            forgotten = await removal.forget(tx, job_id, project_id=caller.project_id)
    except StillRunning:
        raise ApiError(errors.WRONG_STATE, "The job has not ended. Wait for its end.") from None
    except PartOfTree as part:
        detail = f"The job is part of job {part}. Delete that one."
        raise ApiError(errors.WRONG_STATE, detail) from None
    if not forgotten:
        raise _unknown(job_id)
    return Response(status_code=204)


def _unknown(job_id: str) -> ApiError:
    return ApiError(errors.NOT_FOUND, f"There is no job {job_id[:64]} in this project.")
