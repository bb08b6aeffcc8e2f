"""How whatever goes wrong becomes a JSON object of the error catalogue."""

import logging

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from clusterwright import errors
from clusterwright.document import Malformed
from clusterwright.errors import ApiError, ErrorCode
from clusterwright.storage.database import StorageUnavailable
from clusterwright.web.asgi import Scope

log = logging.getLogger(__name__)
JSON = b"application/json"


_JOINING = b"huaweicloud-usdk-"
"""How the official SDKs name themselves: most of them show ``message`` behind ``error_msg``, and
Java does even if it is the same (client notes, A5).
"""

REFUSED = "refused"
"""What is True in a request's state once an error of it has been answered."""


def error_body(refusal: ApiError, request_id: str, scope: Scope) -> bytes:
    """The JSON text of a refusal, as whoever sent the request reads it."""
    agents = (value for name, value in scope["headers"] if name == b"user-agent")
    joined = any(_JOINING in agent for agent in agents)
    return msgspec.json.encode(
        errors.body(refusal.error, refusal.detail, request_id, joined=joined)
    )


_KEPT = "Nothing was changed. Try again later."
_IN_DOUBT = "The connection was lost during the change. Look whether it was made, then try again."


def as_refusal(error: Exception, scope: Scope, request_id: str) -> ApiError:
    """The refusal that ``error`` means to a client. Logs the trace of what nobody foresaw."""
    match error:
        case ApiError():
            return error
        case Malformed():
            return ApiError(errors.INVALID_REQUEST, str(error))
        case RequestValidationError():
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            return ApiError(errors.INVALID_REQUEST, f"{field}: {first['msg']}.")
        case HTTPException():
            return _of_status(error, scope)
        case StorageUnavailable():
            log.error(
                "answering without a database",
                extra={"request": request_id, "reason": str(error).partition("\n")[0]},
            )
            return ApiError(errors.STORAGE_UNAVAILABLE, _IN_DOUBT if error.in_doubt else _KEPT)
        case _:
            log.error("answering an internal error", extra={"request": request_id}, exc_info=error)
            return ApiError(errors.INTERNAL, f"Look for request {request_id} in the server's log.")


def _of_status(error: HTTPException, scope: Scope) -> ApiError:
    where = f"{scope['method']} {scope['path']}"
    if error.status_code == 404:
        return ApiError(errors.NO_SUCH_API, f"There is no {where}.")
    if error.status_code == 405:
        return ApiError(errors.METHOD_NOT_ALLOWED, f"There is no {where}.")
    unknown: ErrorCode = errors.INTERNAL if error.status_code >= 500 else errors.INVALID_REQUEST
    return ApiError(unknown, str(error.detail))


def answer_errors(app: FastAPI) -> None:
    """Make the framework answer its own refusals and ours from the catalogue."""

    async def refuse(request: Request, error: Exception) -> Response:
        request_id: str = request.state.request_id
        refusal = as_refusal(error, request.scope, request_id)
        request.scope["state"][REFUSED] = True
        allow = error.headers if isinstance(error, HTTPException) else None
        return Response(
            error_body(refusal, request_id, request.scope),
            refusal.error.status,
            allow,
            JSON.decode(),
        )

    # Exception too: the framework would answer what nobody foresaw in plain text.
    foreseen = (ApiError, Malformed, RequestValidationError, HTTPException, StorageUnavailable)
    for kind in (*foreseen, Exception):
        app.add_exception_handler(kind, refuse)
