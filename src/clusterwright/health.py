"""Whether this process serves requests."""

from fastapi import APIRouter
from starlette.responses import Response

from clusterwright.web import json_response

router = APIRouter(tags=["Server"])


@router.get("/healthz", operation_id="ShowHealth", summary="Tell that requests are served")
async def show_health() -> Response:
    """200 without credentials, as soon as requests are served."""
    return json_response({"status": "ok"})
