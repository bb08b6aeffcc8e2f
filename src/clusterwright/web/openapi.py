"""The API's own description: FastAPI's, with the bodies that our own parser reads, and the
credentials.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse, Response

from clusterwright import errors
from clusterwright.document import Document

# The framework names the schemas of answers; it gives those of bodies this ending where both exist.
_NAME = "{model}-Input"
_REFERENCE = f"#/components/schemas/{_NAME}"
_SECURITY = {
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "SDK-HMAC-SHA256 with X-Sdk-Date",
    },
}
# Limits, credentials and outages concern all operations alike.
_REFUSALS = {
    str(status): {"description": "Refused: an entry of the error catalogue"}
    for status in sorted({entry.status for entry in errors.CATALOGUE.values()})
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
    operations = [each for path in page["paths"].values() for each in path.values()]
    for operation in operations:
        operation["responses"].pop("422", None)
        operation["responses"] |= _REFUSALS
    _describe_bodies([each for each in operations if "x-body" in each], schemas)
    page["components"]["securitySchemes"] = _SECURITY
    page["security"] = [{name: []} for name in _SECURITY]
    return page


def _describe_bodies(operations: list[dict[str, Any]], schemas: dict[str, Any]) -> None:
    # All at once, because two slices may each have a Metadata: pydantic then tells them apart.
    known = {model.full_name(): model for model in _descendants(Document)}
    asked = {name: known[name] for name in sorted({each["x-body"] for each in operations})}
    found, definitions = models_json_schema(
        [(model, "validation") for model in asked.values()], ref_template=_REFERENCE
    )
    for name, schema in definitions.get("$defs", {}).items():
        schemas[_NAME.format(model=name)] = schema
    for operation in operations:
        schema = found[asked[operation.pop("x-body")], "validation"]
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}


def _descendants(model: type[Document]) -> Iterator[type[Document]]:
    for child in model.__subclasses__():
        yield child
        yield from _descendants(child)


def described(
    answer: type[Document] | None, *, status: int = 200, body: type[Document] | None = None
) -> Any:
    """How an operation is described: its answer and its body; ``openapi`` adds the errors."""
    success: dict[str, Any] = {"description": "Done"}
    if answer is not None:
        success["model"] = answer
    extra = {"x-body": body.full_name()} if body is not None else None
    return {
        "status_code": status,
        "response_model": None,
        # The framework describes the content of this class; a plain Response has none.
        "response_class": Response if answer is None else JSONResponse,
        "responses": {status: success},
        "openapi_extra": extra,
    }
