"""The API's own description: FastAPI's, with the bodies that our own parser reads, and the
credentials.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from clusterwright.wire import Document

_REFERENCE = "#/components/schemas/{model}"
_SECURITY = {
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "SDK-HMAC-SHA256 with X-Sdk-Date",
    },
}


def describe(app: FastAPI) -> None:
    """Make ``app.openapi`` tell the whole truth, once, at the first request for it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(
                get_openapi(title=app.title, version=app.version, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents


def _complete(page: dict[str, Any]) -> dict[str, Any]:
    schemas = page.setdefault("components", {}).setdefault("schemas", {})
    # FastAPI declares 422 for every parameter; ours answer 400 from the catalogue.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in page["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            model: type[Document] | None = operation.pop("x-body", None)
            if model is not None:
                operation["requestBody"] = _body(model, schemas)
    page["components"]["securitySchemes"] = _SECURITY
    page["security"] = [{name: []} for name in _SECURITY]
    return page


def _body(model: type[Document], schemas: dict[str, Any]) -> dict[str, Any]:
    _, found = models_json_schema([(model, "validation")], ref_template=_REFERENCE)
    schemas.update(found.get("$defs", {}))
    reference = {"$ref": _REFERENCE.format(model=model.__name__)}
    return {"required": True, "content": {"application/json": {"schema": reference}}}
