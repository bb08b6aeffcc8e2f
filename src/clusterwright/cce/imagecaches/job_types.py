"""The job that makes an image cache: no client sees it, but it is as durable as all others."""

from clusterwright.cce.clusters.blueprint import subject
from clusterwright.cce.clusters.job_types import hold_steady
from clusterwright.cce.imagecaches import store
from clusterwright.cce.imagecaches.store import CacheStatus
from clusterwright.clock import minutes
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import Closed, JobType, Serial, Step
from clusterwright.jobs.tree import Job, JobPhase
from clusterwright.storage.database import Tx


async def prepare(ctx: StepContext) -> None:
    """Wait until the cluster that fetches the images can."""
    driver, cluster = await subject(ctx)
    await ctx.until(lambda: driver.observe_control_plane(cluster), lambda seen: seen.ready)


async def made(tx: Tx, job: Job) -> None:
    """A cache is Available, or Failed with the reason."""
    ok = job.phase is JobPhase.SUCCESS
    status = CacheStatus.AVAILABLE if ok else CacheStatus.FAILED
    await store.settle(tx, job_uid=job.uid, status=status, message=job.reason)


async def makes_again(tx: Tx, job: Job, job_uid: str) -> None:
    """A cache that Failed is Creating again."""
    await hold_steady(tx, job.cluster_uid, project_id=job.project_id)
    if not await store.retake(tx, job_uid=job.uid, next_job=job_uid):
        raise Closed("The image cache is not as the job left it.")


CREATE_IMAGE_CACHE = JobType(
    Serial("CreateImageCache", (Step("PrepareImages", prepare, timeout=minutes(30)),)),
    settle=made,
    reopen=makes_again,
)

JOB_TYPES = (CREATE_IMAGE_CACHE,)
