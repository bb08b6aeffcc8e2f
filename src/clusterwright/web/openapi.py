"""The API's own description: FastAPI's, with the bodies that our parser reads, and credentials."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse, Response

from clusterwright import errors
from clusterwright.document import Document
from clusterwright.web.routes import Body

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


def describe(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Make ``app.openapi`` tell the whole truth of these routers, once, when first asked for it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(
                get_openapi(title=app.title, version=app.version, routes=app.routes),
                _bodies(routers),
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents


def _bodies(routers: Iterable[APIRouter]) -> Iterator[tuple[str, str, type[Document]]]:
    """Method, path and body of every route that reads one."""
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute) and route.include_in_schema:
            for needed in route.dependant.dependencies:
                if isinstance(needed.call, Body):
                    for method in route.methods or ():
                        yield method.lower(), route.path_format, needed.call.model


def _complete(
    page: dict[str, Any], bodies: Iterable[tuple[str, str, type[Document]]]
) -> dict[str, Any]:
    schemas = page.setdefault("components", {}).setdefault("schemas", {})
    # FastAPI declares 422 for every parameter; ours answer 400 from the catalogue.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    operations = [each for path in page["paths"].values() for each in path.values()]
    for operation in operations:
        operation["responses"].pop("422", None)
        operation["responses"] |= _REFUSALS
    _describe_bodies(
        [(page["paths"][path][method], model) for method, path, model in bodies], schemas
    )
    page["components"]["securitySchemes"] = _SECURITY
    page["security"] = [{name: []} for name in _SECURITY]
    return page


def _describe_bodies(
    read: list[tuple[dict[str, Any], type[Document]]], schemas: dict[str, Any]
) -> None:
    # All at once, because two slices may each have a Metadata: pydantic then tells them apart.
    models = dict.fromkeys(model for _, model in read)
    found, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REFERENCE
    )
    for name, schema in definitions.get("$defs", {}).items():
        schemas[_NAME.format(model=name)] = schema
    for operation, model in read:
        content = {"application/json": {"schema": found[model, "validation"]}}
        operation["requestBody"] = {"required": True, "content": content}


def multipart(**parts: str) -> dict[str, Any]:
    """How a body in parts is described: the first one is a file, and required."""
    file, *_ = parts
    properties = {
        name: {"type": "string", "description": told}
        | ({"format": "binary"} if name == file else {})
        for name, told in parts.items()
    }
    schema = {"type": "object", "properties": properties, "required": [file]}
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def described(answer: Any, *, status: int = 200) -> Any:
    """How an operation is described: its answer. The page adds its body and the errors."""
    success: dict[str, Any] = {"description": "Done"}
    if answer is not None:
        success["model"] = answer
    return {
        "status_code": status,
        "response_model": None,
        # The framework describes the content of this class; a plain Response has none.
        "response_class": Response if answer is None else JSONResponse,
        "responses": {status: success},
    }
