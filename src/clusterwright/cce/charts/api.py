"""The routes of charts, at two places for one thing: they translate, commit and decide nothing.

Paths name no project; it is the credentials'. Clusters with nodes and Autopilot clusters are
documented apart, but a chart is the project's: what one place keeps, the other shows.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from clusterwright import errors
from clusterwright.cce.charts import documents, operations, store
from clusterwright.cce.charts.operations import Upload
from clusterwright.cce.charts.wire import (
    ChartDocument,
    ChartQuotas,
    ChartValues,
    UploadParameters,
)
from clusterwright.document import Malformed
from clusterwright.errors import ApiError
from clusterwright.iam.auth import Anyone, Member
from clusterwright.storage import limits
from clusterwright.web.openapi import a_file, described, multipart
from clusterwright.web.routes import Data, Router, Setup, array, json_response

router = Router(tags=["Chart"])

UPLOADS = ("/v2/charts", "/autopilot/v2/charts")
"""Where bodies are archives, which may be larger than JSON."""

# Unpacking keeps a thread busy for as long as a second: no crowd of uploads may take them all.
_READERS = ThreadPoolExecutor(2, thread_name_prefix="charts")

_BODY = multipart(
    content="The packaged chart, name-version.tgz",
    parameters='JSON text such as {"override":true,"skip_lint":true,"source":"package"}',
)


async def _upload(who: Anyone, setup: Setup, request: Request) -> Upload:
    """The body as a chart. Raises ApiError and Malformed, naming part and rule."""
    # Kept, for a request that lost to another one is answered anew, and a body is read once.
    kept: Upload | None = getattr(request.state, "upload", None)
    if kept is None:
        content, asked = await _parts(request, most=setup.chart_limit)
        loop = asyncio.get_running_loop()
        kept = await loop.run_in_executor(_READERS, operations.read, content, asked)
        request.state.upload = kept
    return kept


async def _parts(request: Request, *, most: int) -> tuple[bytes, UploadParameters]:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ApiError(errors.CONTENT_TYPE, "Send the chart as multipart/form-data.")
    try:
        form = await request.form(max_files=1, max_fields=2, max_part_size=limits.DOCUMENT)
    except (HTTPException, ValueError) as error:
        rule = str(getattr(error, "detail", "")) or "This is no multipart body."
        raise Malformed("", f"{rule} Send the file content and the text parameters.") from error
    try:
        file, text = form.get("content"), form.get("parameters", "")
        if not isinstance(file, UploadFile):
            raise Malformed("content", "Send the packaged chart as a file.")
        if not isinstance(text, str):
            raise Malformed("parameters", "Send text, not a file.")
        content = await file.read(most + 1)
    finally:
        await form.close()
    if len(content) > most:
        raise ApiError(errors.BODY_TOO_LARGE, f"content: Send a chart of at most {most} bytes.")
    try:
        return content, UploadParameters.parse(text.encode() if text.strip() else b"{}")
    except Malformed as error:
        where = f"parameters.{error.field}" if error.field else "parameters"
        raise Malformed(where, error.rule) from error


Sent = Annotated[Upload, Depends(_upload)]


@router.both(
    "GET",
    "/v2/charts",
    operation_id="ListCharts",
    summary="List charts",
    **described(list[ChartDocument]),
)
async def list_charts(who: Anyone, data: Data) -> Response:
    """Every version of every chart of the project, as a bare array."""
    async with data.reading() as tx:
        found = await operations.every(tx, who)
    return json_response(await array(documents.chart(each) for each in found))


@router.both(
    "POST",
    "/v2/charts",
    operation_id="UploadChart",
    summary="Upload a chart",
    openapi_extra=_BODY,
    **described(ChartDocument, status=201),
)
async def upload_chart(who: Anyone, data: Data, setup: Setup, sent: Sent) -> Response:
    """Keep a packaged chart. Another version of it is a chart with an id of its own."""
    async with data.transaction() as tx:
        chart = await operations.upload(tx, who, sent, quota=setup.chart_quota)
    return json_response(documents.chart(chart), 201)


@router.both(
    "GET",
    "/v2/charts/{chart_id}",
    operation_id="ShowChart",
    summary="Show a chart",
    **described(ChartDocument),
)
async def show_chart(who: Anyone, data: Data, chart_id: str) -> Response:
    """One chart."""
    async with data.reading() as tx:
        chart = await operations.show(tx, who, chart_id)
    return json_response(documents.chart(chart))


@router.both(
    "PUT",
    "/v2/charts/{chart_id}",
    operation_id="UpdateChart",
    summary="Replace the contents of a chart",
    openapi_extra=_BODY,
    **described(ChartDocument),
)
async def update_chart(who: Anyone, data: Data, chart_id: str, sent: Sent) -> Response:
    """Keep another archive of the same chart under the same id."""
    async with data.transaction() as tx:
        chart = await operations.update(tx, who, chart_id, sent)
    return json_response(documents.chart(chart))


@router.both(
    "DELETE",
    "/v2/charts/{chart_id}",
    operation_id="DeleteChart",
    summary="Delete a chart",
    **described(ChartDocument),
)
async def delete_chart(who: Anyone, data: Data, chart_id: str) -> Response:
    """Forget a chart, and answer with what it was. What was installed of it stays."""
    async with data.transaction() as tx:
        chart = await operations.delete(tx, who, chart_id)
    return json_response(documents.chart(chart))


@router.both(
    "GET",
    "/v2/charts/{chart_id}/archive",
    operation_id="DownloadChart",
    summary="Download a chart",
    **a_file(),
)
async def download_chart(who: Anyone, data: Data, chart_id: str) -> Response:
    """The archive, byte for byte as it was sent."""
    async with data.reading() as tx:
        chart = await operations.show(tx, who, chart_id)
        content = b"".join([piece async for piece in store.archive(tx, chart.uid)])
    name = documents.file_name(chart)
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.both(
    "GET",
    "/v2/charts/{chart_id}/values",
    operation_id="ShowChartValues",
    summary="Show the values of a chart",
    **described(ChartValues),
)
async def show_chart_values(who: Anyone, data: Data, chart_id: str) -> Response:
    """What ``values.yaml`` of the chart says, as an object."""
    async with data.reading() as tx:
        chart = await operations.show(tx, who, chart_id)
    return json_response(documents.values(chart))


@router.both(
    "GET",
    "/v2/charts/{project_id}/quotas",
    operation_id="ShowUserChartsQuotas",
    summary="Show how many charts a project may keep",
    **described(ChartQuotas),
)
async def show_user_charts_quotas(who: Member, data: Data, setup: Setup) -> Response:
    """The quota of charts, each version counted, and how many there are."""
    async with data.reading() as tx:
        used = await operations.used(tx, who)
    return json_response(documents.quotas(setup.chart_quota, used))
