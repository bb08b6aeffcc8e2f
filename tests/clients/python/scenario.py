"""Calls the official Python SDK as told on standard input, one JSON line per call.

Each call is answered with one JSON line. The client is built as in the ShowJob page's sample;
operations and request models are found by name, so that every operation can be called.
"""

import json
import os
import sys
import traceback
from dataclasses import dataclass, field
from typing import Any

from huaweicloudsdkcce.v3 import CceClient, model
from huaweicloudsdkcce.v3.region.cce_region import CceRegion
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkcore.utils.http_utils import sanitize_for_serialization


@dataclass(frozen=True, slots=True)
class _Received:
    """What the SDK's own decoder reads a model from."""

    text: str
    headers: dict[str, str] = field(default_factory=dict)


def main() -> None:
    """Answer calls until standard input ends."""
    credentials = BasicCredentials(
        os.environ["HUAWEICLOUD_SDK_AK"],
        os.environ["HUAWEICLOUD_SDK_SK"],
        os.environ["HUAWEICLOUD_SDK_PROJECT_ID"],
    )
    client = (
        CceClient.new_builder()
        .with_credentials(credentials)
        .with_region(CceRegion.value_of("cn-north-4"))
        .build()
    )
    for line in sys.stdin:
        asked = json.loads(line)
        answer = _perform(client, asked["call"], asked["args"])
        # The SDK reads fractions as Decimal.
        sys.stdout.write(json.dumps(answer, default=float) + "\n")
        sys.stdout.flush()


def _perform(client: Any, operation: str, args: dict[str, Any]) -> dict[str, Any]:
    method = _find(client, operation)
    if method is None:
        return {"ok": False, "exception": "UnsupportedOperation", "error_msg": operation}
    try:
        response = method(_request(client, operation, args))
    except Exception as error:  # whatever the SDK lets out is the answer
        return _refused(error)
    body = sanitize_for_serialization(response)
    return {"ok": True, "status": response.status_code, "body": body}


def _find(owner: Any, name: str) -> Any:
    """The attribute of that name, letter case and underscores ignored: the SDKs differ in them."""
    wanted = name.lower()
    found = (key for key in dir(owner) if key.replace("_", "").lower() == wanted)
    return getattr(owner, next(found, ""), None)


def _request(client: Any, operation: str, args: dict[str, Any]) -> Any:
    request = _find(model, f"{operation}Request")()
    for attribute, key in request.attribute_map.items():
        if key in args:
            kind = request.openapi_types[attribute]
            sent = args[key]
            files = _files(kind)
            if files:
                sent = {name: value for name, value in sent.items() if name not in files}
            value = client.deserialize(_Received(json.dumps(sent)), kind, None)
            for name in files:
                setattr(value, name, FormFile(args[key][name]))
            setattr(request, attribute, value)
    return request


def _files(kind: str) -> list[str]:
    """The parts of a body that are files; a call names them by their paths."""
    types: dict[str, str] = getattr(getattr(model, kind, None), "openapi_types", {})
    return [name for name, each in types.items() if each == "file"]


def _refused(error: Exception) -> dict[str, Any]:
    answer: dict[str, Any] = {"ok": False, "exception": type(error).__name__}
    if isinstance(error, ServiceResponseException):
        return answer | {
            "status": error.status_code,
            "error_code": error.error_code,
            "error_msg": error.error_msg,
            "request_id": error.request_id,
        }
    traceback.print_exception(error)
    return answer | {"error_msg": str(error)}


if __name__ == "__main__":
    main()
