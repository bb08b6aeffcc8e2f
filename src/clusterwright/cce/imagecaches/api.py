"""The routes of image caches: they translate and commit, and decide nothing.

Their paths name no project; it is the credentials'.
"""

from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from clusterwright import clock
from clusterwright.cce.imagecaches import documents, operations, store
from clusterwright.cce.imagecaches.store import ImageCache
from clusterwright.cce.imagecaches.wire import CacheList, CacheToCreate, OneCache
from clusterwright.iam.auth import Anyone
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, json_response

router = Router(prefix="/v5/imagecaches", tags=["Image cache"])


def _one(cache: ImageCache, status: int = 200) -> Response:
    return json_response({"image_cache": documents.cache(cache, now=clock.now())}, status)


@router.get(
    "",
    operation_id="ListImageCaches",
    summary="List image caches",
    **described(CacheList),
)
async def list_caches(
    caller: Anyone, data: Data, name: Annotated[str, Query(max_length=128)] = ""
) -> Response:
    """The caches of the project in the order of their creation, or the one of a name."""
    async with data.reading() as tx:
        found = await store.find(tx, project_id=caller.project_id, name=name)
    now = clock.now()
    return json_response({"image_caches": [documents.cache(each, now=now) for each in found]})


@router.post(
    "",
    operation_id="CreateImageCache",
    summary="Create an image cache",
    **described(OneCache, status=201),
)
async def create_cache(
    caller: Anyone,
    data: Data,
    asked: Annotated[CacheToCreate, Depends(Body(CacheToCreate))],
) -> Response:
    """Promise a cache; its ``status`` tells when it is there."""
    async with data.transaction() as tx:
        cache = await operations.create(tx, caller, asked)
    return _one(cache, 201)


@router.get(
    "/{id}",
    operation_id="ShowImageCache",
    summary="Show an image cache",
    **described(OneCache),
)
async def show_cache(caller: Anyone, data: Data, id: str) -> Response:
    """One cache."""
    async with data.reading() as tx:
        cache = await operations.show(tx, caller, id)
    return _one(cache)


@router.delete(
    "/{id}",
    operation_id="DeleteImageCache",
    summary="Delete an image cache",
    **described(OneCache, status=202),
)
async def delete_cache(caller: Anyone, data: Data, id: str) -> Response:
    """Forget a cache; it is gone when the answer is there."""
    async with data.transaction() as tx:
        cache = await operations.delete(tx, caller, id)
    return _one(cache, 202)
