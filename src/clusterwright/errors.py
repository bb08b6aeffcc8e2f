"""The one catalogue of errors: every answer with status >= 400 is an entry of this file.

Three dialects leave the server (API reference, sections 8.1, 8.3 and 8.4): the CCE body with two
pairs of codes, the gateway body, and the Keystone body of the identity service. All of them carry a
non-empty ``error_code`` and ``error_msg``, because the Java SDK fails on a body with ``message``
alone and the Node SDK reads no camel-case pair (client notes, section A5).
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One kind of refusal: its HTTP status, its public and internal code, and its fixed text."""

    status: int
    code: str
    cm_code: str
    message: str
    manager_code: str = ""
    """The add-on manager's own code, which stands in an object of its own."""
    usual: str = ""
    """What the public service always says in ``message``; the detail is in ``error_msg``."""


class ApiError(Exception):
    """A refusal with a catalogue entry and a full sentence that tells the caller what to do."""

    def __init__(self, error: ErrorCode, detail: str = "") -> None:
        super().__init__(detail or error.message)
        self.error = error
        self.detail = detail


INVALID_REQUEST = ErrorCode(400, "CCE.01400001", "CCE_CM.0004", "Invalid request.")
FIXED_IP = ErrorCode(400, "CCE.01400001", "CCE_CM.0201", "Request body invalid")
CIDR_CONFLICT = ErrorCode(400, "CCE.01400005", "CCE_CM.0410", "Container network CIDR conflict")
CONTENT_TYPE = ErrorCode(400, "CCE.01400006", "CCE.01400006", "The content type is not supported")
CLUSTER_QUOTA = ErrorCode(400, "CCE.01400007", "CCE.01400007", "The cluster quota is exhausted")
NODE_LIMIT = ErrorCode(
    400, "CCE.01400014", "CCE.01400014", "The cluster's size does not allow more nodes"
)
VERSION_NOT_SUPPORTED = ErrorCode(400, "CCE.01400015", "CCE_CM.0402", "Version is not support")
QUOTA = ErrorCode(400, "CCE.01400019", "CCE.01400019", "The quota of the resource is exhausted")
NODE_BEING_CREATED = ErrorCode(
    400,
    "CCE.01400024",
    "CCE.01400024",
    "Cannot delete cluster when creating node",
)
DELETION_PROTECTED = ErrorCode(
    400,
    "CCE.01400034",
    "CCE.01400034",
    "Cannot delete cluster when enable deletion protection.",
    usual="Cluster enables deletion protection, forbidden to delete",
)
FORBIDDEN = ErrorCode(403, "CCE.01403001", "CCE.01403001", "No permission for this operation")
POOL_PHASE = ErrorCode(
    403, "CCE.01403003", "CCE.01403003", "The phase of the node pool forbids its deletion"
)
WRONG_STATE = ErrorCode(
    403, "CCE.01403004", "CCE.01403004", "The state of the resource forbids this operation"
)
NODE_INSTALLING = ErrorCode(403, "CCE.01403004", "CCE_CM.0002", "The node is being installed")
POOL_BUSY = ErrorCode(
    403,
    "CCE.01403006",
    "CCE.01403006",
    "Node pool cannot be deleted when exists installing or deleting nodes",
)
POOL_CLUSTER_STATE = ErrorCode(
    403, "CCE.01403009", "CCE.01403009", "The state of the cluster forbids to delete the node pool"
)
NOT_FOUND = ErrorCode(404, "CCE.01404001", "CCE_CM.0003", "Resource not found")
ALREADY_EXISTS = ErrorCode(409, "CCE.01409001", "CCE.01409001", "The resource already exists")
IN_USE = ErrorCode(409, "CCE.01409003", "CCE.01409003", "The resource is in use")
KEY_REUSED = ErrorCode(
    422, "CCE.01422001", "CCE.01422001", "The idempotency key belongs to another request"
)
KEY_LIMIT = ErrorCode(429, "CCE.01429004", "CCE.01429004", "Too many idempotency keys")
JOB_STATE = ErrorCode(
    409, "CCE.01409004", "CCE.01409004", "The state of the job forbids this operation"
)
TASK_LIMIT = ErrorCode(429, "CCE.01429003", "CCE.01429003", "Too many tasks are under way")
INTERNAL = ErrorCode(500, "CCE.01500001", "CCE.01500001", "Internal error")
NOT_SUPPORTED = ErrorCode(
    501, "CCE.01501001", "CCE.01501001", "This operation is not supported by this server"
)
STORAGE_UNAVAILABLE = ErrorCode(503, "CCE.01503001", "CCE.01503001", "The database does not answer")
NOT_READY = ErrorCode(503, "CCE.01503003", "CCE.01503003", "The server is not ready")
DRIVER_UNAVAILABLE = ErrorCode(503, "CCE.01503002", "CCE.01503002", "The driver cannot act now")

ADDON_INVALID = ErrorCode(
    400,
    "CCE.03400001",
    "CCE.03400001",
    "Invalid request.",
    manager_code="SVCSTG.CCE-ADDONMGR.4000002",
)
ADDON_NOT_FOUND = ErrorCode(404, "CCE.03404001", "CCE.03404001", "Resource not found")
ADDON_INSTALLED = ErrorCode(409, "CCE.03409001", "CCE.03409001", "The add-on is already installed")

NO_SUCH_API = ErrorCode(
    404,
    "APIGW.0101",
    "APIGW.0101",
    "The API does not exist or has not been published in the environment",
)
METHOD_NOT_ALLOWED = ErrorCode(
    405, "APIGW.0101", "APIGW.0101", "The API does not exist with this method"
)
BAD_HEADER = ErrorCode(400, "APIGW.0106", "APIGW.0106", "Orchestration error")
BODY_BROKEN = ErrorCode(400, "APIGW.0201", "APIGW.0201", "Bad request")
BODY_TOO_SLOW = ErrorCode(408, "APIGW.0201", "APIGW.0201", "Request timeout")
BODY_TOO_LARGE = ErrorCode(413, "APIGW.0201", "APIGW.0201", "Request entity too large")
URI_TOO_LARGE = ErrorCode(414, "APIGW.0201", "APIGW.0201", "Request URI too large")
HEADERS_TOO_LARGE = ErrorCode(431, "APIGW.0201", "APIGW.0201", "Request headers too large")
BAD_CREDENTIALS = ErrorCode(
    401, "APIGW.0301", "APIGW.0301", "Incorrect IAM authentication information"
)
TOKEN_EXPIRED = ErrorCode(401, "APIGW.0307", "APIGW.0307", "The token must be updated")
PROJECT_UNAVAILABLE = ErrorCode(403, "APIGW.0310", "APIGW.0310", "The project is unavailable")

IAM_INVALID_PARAMETER = ErrorCode(400, "IAM.0007", "IAM.0007", "Request parameter is invalid.")
IAM_INVALID_SUBJECT = ErrorCode(404, "IAM.0009", "IAM.0009", "X-Subject-Token is invalid.")
IAM_INVALID_BODY = ErrorCode(400, "IAM.0011", "IAM.0011", "Request body is invalid.")
IAM_UNAUTHENTICATED = ErrorCode(
    401, "IAM.0001", "IAM.0001", "The request you have made requires authentication."
)
IAM_WRONG_PASSWORD = ErrorCode(401, "IAM.0062", "IAM.0062", "The username or password is wrong.")
IAM_INVALID_TOKEN = ErrorCode(401, "IAM.0067", "IAM.0067", "The token is invalid.")
IAM_FORBIDDEN = ErrorCode(
    403, "IAM.0002", "IAM.0002", "You are not authorized to perform the requested action."
)
IAM_KEY_QUOTA = ErrorCode(
    403, "IAM.0003", "IAM.0003", "The quota of temporary access keys is exhausted."
)
IAM_QUOTA = ErrorCode(403, "IAM.0003", "IAM.0003", "The quota of the resource is exhausted.")
IAM_CONFLICT = ErrorCode(409, "IAM.0005", "IAM.0005", "The object exists already.")
IAM_NOT_SUPPORTED = ErrorCode(501, "IAM.0501", "IAM.0501", "The operation is not supported.")
IAM_THROTTLED = ErrorCode(429, "IAM.0012", "IAM.0012", "The request is throttled. Try again later.")
IAM_NOT_FOUND = ErrorCode(404, "IAM.0004", "IAM.0004", "Could not find the object.")

CATALOGUE: dict[str, ErrorCode] = {
    name: entry for name, entry in list(globals().items()) if isinstance(entry, ErrorCode)
}

# Only BadRequest was ever captured from the public service; the rest follow the Kubernetes words.
_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "Timeout",
    409: "AlreadyExists",
    413: "RequestEntityTooLarge",
    414: "RequestURITooLong",
    422: "Invalid",
    429: "TooManyRequests",
    431: "RequestHeaderFieldsTooLarge",
    500: "InternalError",
    501: "NotImplemented",
    503: "ServiceUnavailable",
    504: "Timeout",
}
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests",
    501: "Not Implemented",
}


def reason(status: int) -> str:
    """Kubernetes' word for a status."""
    return _REASONS.get(status, "Unknown")


def body(error: ErrorCode, detail: str, request_id: str, *, joined: bool = False) -> dict[str, Any]:
    """The JSON object that says ``error`` in the dialect of its code.

    ``error_msg`` says everything, for that is all that some clients show. ``message`` repeats the
    detail for whoever looks there, and is left out for clients that show it behind ``error_msg``:
    they are ``joined``.
    """
    common: dict[str, Any] = {
        "error_code": error.cm_code,
        "error_msg": _sentence(error.message, detail),
        "request_id": request_id,
    }
    if error.code.startswith("APIGW."):
        return common
    if error.code.startswith("IAM."):
        text = detail or error.message
        title = _TITLES.get(error.status, "Error")
        common["error_msg"] = text
        return common | {"error": {"code": error.status, "message": text, "title": title}}
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "code": error.status,
        "reason": reason(error.status),
        "errorCode": error.code,
        "errorMessage": error.message,
    }
    if error.manager_code:
        status["error"] = {"code": error.manager_code, "message": detail or error.message}
    if (message := error.usual or detail) not in ("", error.message) and not joined:
        status["message"] = message
    return status | common


def _sentence(fixed: str, detail: str) -> str:
    """The fixed text, and what is wrong in this request where that is more."""
    if not detail or detail == fixed:
        return fixed
    return f"{fixed}{'' if fixed.endswith('.') else ':'} {detail}"
