"""The routes of releases, at two places for two kinds of clusters: they translate and commit.

Paths name no project; it is the credentials'. One of them says ``namespace`` in the singular.
"""

from dataclasses import replace
from typing import Annotated

import msgspec
from fastapi import Depends, Query
from starlette.responses import Response

from clusterwright import errors
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.releases import documents, operations, store
from clusterwright.cce.releases.operations import Found
from clusterwright.cce.releases.wire import ReleaseDocument, ReleaseToCreate, ReleaseToUpdate
from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.helm import Chart, Helm
from clusterwright.errors import ApiError
from clusterwright.iam.auth import Anyone
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, array, json_response
from clusterwright.web.server import given

router = Router(tags=["Release"])

_ALL = "/cce/cam/v3/clusters/{cluster_id}/releases"
_ONE = "/cce/cam/v3/clusters/{cluster_id}/namespace/{namespace}/releases/{name}"

Shown = Annotated[str, Query(alias="show_resources", max_length=16)]
Charts = Annotated[Helm, Depends(given(Helm))]


@router.both(
    "GET",
    _ALL,
    operation_id="ListReleases",
    summary="List the releases of a cluster",
    **described(list[ReleaseDocument]),
)
async def list_releases(
    who: Anyone,
    data: Data,
    cluster_id: str,
    chart_id: Annotated[str, Query(max_length=64)] = "",
    namespace: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The releases of a cluster, of one chart or in one namespace where asked, as a bare array."""
    async with data.reading() as tx:
        cluster = await clusters.show(tx, who, cluster_id)
        found = await store.find(
            tx, cluster.uid, project_id=who.project_id, namespace=namespace, chart_uid=chart_id
        )
    items = (documents.release(*each, cluster) for each in found)
    return json_response(await array(items))


@router.both(
    "POST",
    _ALL,
    operation_id="CreateRelease",
    summary="Install a chart",
    **described(ReleaseDocument, status=201),
)
async def create_release(
    who: Anyone,
    data: Data,
    helm: Charts,
    cluster_id: str,
    asked: Annotated[ReleaseToCreate, Depends(Body(ReleaseToCreate))],
) -> Response:
    """Promise that a chart is installed; ``status`` tells when it is DEPLOYED."""
    if asked.parameters and asked.parameters.dry_run:
        return await _tried(who, data, helm, cluster_id, asked)
    async with data.transaction() as tx:
        found = await operations.create(tx, who, cluster_id, asked)
    return json_response(documents.release(*found), 201)


async def _tried(
    who: Anyone,
    data: Data,
    helm: Helm,
    cluster_id: str,
    asked: ReleaseToCreate,
) -> Response:
    """The answer to a request that wants to know whether the chart can be rendered."""
    # Under a key a transaction that may write would last until the answer, past the rendering.
    async with data.reading() as tx:
        (release, revision, cluster), chart = await operations.draft(tx, who, cluster_id, asked)
        archive = await operations.archive_of(tx, chart)
    if await helm.is_here():
        values = msgspec.json.encode(revision.values).decode()
        hooks = not (asked.parameters and asked.parameters.no_hooks)
        try:
            manifests = await helm.render(
                Chart(archive, values),
                name=release.name,
                namespace=release.namespace,
                version=cluster.version,
                hooks=hooks,
            )
        except DriverError as error:
            raise ApiError(errors.INVALID_REQUEST, str(error)) from error
        revision = replace(revision, manifests=manifests)
    return json_response(documents.release(release, revision, cluster, with_resources=True), 201)


@router.both(
    "GET",
    _ONE,
    operation_id="ShowRelease",
    summary="Show a release",
    **described(ReleaseDocument),
)
async def show_release(
    who: Anyone,
    data: Data,
    cluster_id: str,
    namespace: str,
    name: str,
    shown: Shown = "",
) -> Response:
    """A release at its newest revision, with its manifests where ``show_resources`` is true."""
    async with data.reading() as tx:
        found = await operations.show(tx, who, cluster_id, namespace, name)
    return _answer(found, shown)


@router.both(
    "PUT",
    _ONE,
    operation_id="UpdateRelease",
    summary="Upgrade a release, or go back",
    **described(ReleaseDocument),
)
async def update_release(
    who: Anyone,
    data: Data,
    cluster_id: str,
    namespace: str,
    name: str,
    asked: Annotated[ReleaseToUpdate, Depends(Body(ReleaseToUpdate))],
    shown: Shown = "",
) -> Response:
    """Promise another chart or other values, or with ``rollback`` an earlier revision again."""
    async with data.transaction() as tx:
        found = await operations.update(tx, who, cluster_id, namespace, name, asked)
    return _answer(found, shown)


@router.both(
    "DELETE",
    _ONE,
    operation_id="DeleteRelease",
    summary="Delete a release",
    **described(str),
)
async def delete_release(
    who: Anyone,
    data: Data,
    cluster_id: str,
    namespace: str,
    name: str,
    shown: Shown = "",
) -> Response:
    """Promise the release's end; it can be read until it is gone."""
    async with data.transaction() as tx:
        await operations.delete(tx, who, cluster_id, namespace, name)
    return json_response(f"Delete release {name} successfully.")


@router.both(
    "GET",
    f"{_ONE}/history",
    operation_id="ShowReleaseHistory",
    summary="Show the revisions of a release",
    **described(list[ReleaseDocument]),
)
async def show_release_history(
    who: Anyone, data: Data, cluster_id: str, namespace: str, name: str
) -> Response:
    """The revisions that are kept, the newest first, as a bare array."""
    async with data.reading() as tx:
        release, _, cluster = await operations.show(tx, who, cluster_id, namespace, name)
        found = await store.history(tx, release.uid)
    return json_response([documents.release(release, each, cluster) for each in found])


def _answer(found: Found, shown: str) -> Response:
    with_resources = shown.lower() == "true"
    return json_response(documents.release(*found, with_resources=with_resources))
