"""The routes that act on a job: cancel it, resume it."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from clusterwright.iam.auth import Member
from clusterwright.jobs import actions
from clusterwright.jobs.durations import Durations
from clusterwright.jobs.plan import Registry
from clusterwright.jobs.tree import CancelMode
from clusterwright.live import documents, store
from clusterwright.live.wire import JobInFull, JobToCancel, JobToResume, Resumed
from clusterwright.web.openapi import described
from clusterwright.web.refusals import JSON
from clusterwright.web.routes import Body, DataAtOnce, Router, json_response
from clusterwright.web.server import given

router = Router(prefix="/clusterwright/v1/projects/{project_id}/jobs/{job_id}", tags=["Extension"])

Types = Annotated[Registry, Depends(given(Registry))]


@router.post(
    "/cancel",
    operation_id="CancelJob",
    summary="Cancel a job",
    **described(JobInFull, status=202),
)
async def cancel_job(
    caller: Member,
    data: DataAtOnce,
    registry: Types,
    durations: Annotated[Durations, Depends(given(Durations))],
    job_id: str,
    asked: Annotated[JobToCancel, Depends(Body(JobToCancel))],
) -> Response:
    """Ask a top job to stop, `now` or `after-step`; it fails, and its resource is settled.

    Asking again changes nothing. Deletions are not cancelled.
    """
    async with data.transaction() as tx:
        await actions.cancel(
            tx,
            registry.types,
            job_id,
            project_id=caller.project_id,
            mode=CancelMode(asked.mode),
            reason=asked.reason or f"Cancelled by {caller.user_name}.",
        )
    async with data.reading() as tx:
        found = await store.find(tx, job_id, project_id=caller.project_id)
    assert found is not None, "jobs are kept for days"
    document = await documents.in_full(found, durations, registry)
    return Response(document, 202, None, JSON.decode())


@router.post(
    "/resume",
    operation_id="ResumeJob",
    summary="Resume a failed job",
    **described(Resumed, status=202),
)
async def resume_job(
    caller: Member,
    data: DataAtOnce,
    registry: Types,
    job_id: str,
    asked: Annotated[JobToResume, Depends(Body(JobToResume))],
) -> Response:
    """Promise a job that goes on where a failed top job stopped; each time the same one.

    What has succeeded is not done again. The failed job stays as it ended.
    """
    async with data.transaction() as tx:
        job_uid = await actions.resume(tx, registry.types, job_id, project_id=caller.project_id)
    return json_response({"jobUID": job_uid}, 202)
