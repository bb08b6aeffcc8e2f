"""Whether this process is alive, and whether it is ready: the two questions of whoever runs it.

Alive means: do not kill me, it would not help. Ready means: send me requests. A database that is
away makes a process unready, never dead.
"""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from clusterwright import errors
from clusterwright.errors import ApiError
from clusterwright.storage.database import Database
from clusterwright.supervision import Supervisor
from clusterwright.web.openapi import shaped
from clusterwright.web.routes import Router, json_response
from clusterwright.web.server import given

router = Router(tags=["Server"])


# The first answer of most processes comes from here. A model would make them 3 MiB larger.
_STATUS = shaped(
    {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
)


class Health:
    """What a process knows of its own state."""

    def __init__(self, database: Database, chores: Supervisor) -> None:
        self._database = database
        self._chores = chores

    @property
    def is_alive(self) -> bool:
        """Whether the background work is being looked after; without that only a restart helps."""
        return self._chores.is_alive

    def obstacles(self) -> list[str]:
        """What keeps the process from serving as it should, a phrase each; empty when ready."""
        away = ["the database does not answer"] if self._database.is_away else []
        return away + self._chores.troubles()


Own = Annotated[Health, Depends(given(Health))]


@router.get(
    "/healthz",
    operation_id="ShowHealth",
    summary="Tell whether the process is alive",
    **_STATUS,
)
async def show_health(own: Own) -> Response:
    """200 without credentials while the process works; 503 when only a restart would help."""
    if not own.is_alive:
        raise ApiError(errors.NOT_READY, "The background work has ended. Restart the server.")
    return json_response({"status": "ok"})


@router.get(
    "/readyz",
    operation_id="ShowReadiness",
    summary="Tell whether requests are welcome",
    **_STATUS,
)
async def show_readiness(request: Request, own: Own) -> Response:
    """200 without credentials when all is well; 503 names what is not."""
    stopping = getattr(request.state, "stopping", False)  # the listener's word
    if obstacles := ["the server is stopping"] * stopping + own.obstacles():
        raise ApiError(errors.NOT_READY, f"Not ready: {', '.join(obstacles)}.")
    return json_response({"status": "ready"})
