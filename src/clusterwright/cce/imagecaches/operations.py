"""What can be done with image caches: one transaction each, refusals from the catalogue."""

from dataclasses import replace

from clusterwright import clock, errors, ids
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.store import STEADY
from clusterwright.cce.imagecaches import store
from clusterwright.cce.imagecaches.job_types import CREATE_IMAGE_CACHE
from clusterwright.cce.imagecaches.store import CacheStatus, ImageCache, NameTaken
from clusterwright.cce.imagecaches.wire import CacheToCreate
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage import limits, projects
from clusterwright.storage.database import Tx


async def create(tx: Tx, caller: Caller, asked: CacheToCreate) -> ImageCache:
    """Promise a cache, whose images a cluster without nodes fetches.

    Raises ApiError: INVALID_REQUEST for a cluster that the project has not, or has with nodes;
    WRONG_STATE, ALREADY_EXISTS, QUOTA.
    """
    field = "building_config.cluster"
    uid = asked.building_config.cluster
    # The path is not below /autopilot, and the cluster is of that kind all the same.
    knowing = replace(caller, autopilot=True)
    await projects.hold(tx, caller.project_id)  # before the cluster: the order of locks
    try:
        cluster = await clusters.get_in_phase(tx, knowing, uid, STEADY)
    except ApiError as refusal:
        if refusal.error is not errors.NOT_FOUND:
            raise
        raise ApiError(
            errors.INVALID_REQUEST,
            f"{field}: There is no cluster without nodes {uid[:64]} in this project.",
        ) from None
    job_uid = await clusters.submit(tx, cluster, CREATE_IMAGE_CACHE, {})
    cache = ImageCache(
        uid=ids.new_uid(),
        project_id=caller.project_id,
        name=asked.name,
        document=asked.as_sent(),
        status=CacheStatus.CREATING,
        message="",
        job_uid=job_uid,
        created_at=clock.now(),
    )
    if await store.count(tx, project_id=caller.project_id) >= limits.MOST_IMAGE_CACHES:
        raise ApiError(
            errors.QUOTA,
            f"A project has at most {limits.MOST_IMAGE_CACHES} image caches. Delete one first.",
        )
    try:
        await store.insert(tx, cache)
    except NameTaken:
        raise ApiError(
            errors.ALREADY_EXISTS, f"The project has an image cache {cache.name}. Choose another."
        ) from None
    return cache


async def show(tx: Tx, caller: Caller, uid: str, *, lock: bool = False) -> ImageCache:
    """The cache. Raises ApiError NOT_FOUND for one that the caller's project has not."""
    found = await store.get(tx, uid, project_id=caller.project_id, lock=lock)
    if found is None:
        raise ApiError(errors.NOT_FOUND, f"There is no image cache {uid[:64]} in this project.")
    return found


async def delete(tx: Tx, caller: Caller, uid: str) -> ImageCache:
    """Forget a cache, whatever its state, and return it as it goes. Raises ApiError NOT_FOUND.

    A job that still fetches its images ends and finds nothing to say.
    """
    found = await show(tx, caller, uid, lock=True)
    await store.remove(tx, uid)
    return replace(found, status=CacheStatus.DELETING)
