"""The API's own description: FastAPI's, with the bodies that our parser reads, and credentials."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse, Response

from clusterwright import errors
from clusterwright.document import Document
from clusterwright.web import texts
from clusterwright.web.field_texts import FIELDS
from clusterwright.web.idempotency import LONGEST
from clusterwright.web.refusals import JSON
from clusterwright.web.routes import Body, Route, Router

PATH = "/openapi.json"
"""Where the description is found."""
# The framework names the schemas of answers; it gives those of bodies this ending where both exist.
_NAME = "{model}-Input"
_REFERENCE = f"#/components/schemas/{_NAME}"
_PARTS = "multipart/form-data"
_IN_PATH = re.compile(r"{(\w+)(?::\w+)?}")
_SECURITY = {
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "SDK-HMAC-SHA256 with X-Sdk-Date",
    },
}
_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
    "x-clusterwright-extension": True,
}
"""What every operation takes that is asked for by POST; the official API has no such thing."""
# Limits, credentials and outages concern all operations alike.
_REFUSALS = {
    str(status): {"description": "Refused: an entry of the error catalogue"}
    for status in sorted({entry.status for entry in errors.CATALOGUE.values()})
}


def describe(app: FastAPI, routers: Iterable[Router]) -> None:
    """Make ``app`` tell the whole truth of these routers, at ``PATH``.

    The page is made once, when first asked for, in a thread of its own: it takes two seconds of
    processor time, in which others must be answered and a signal to stop must be heard.
    """
    made: asyncio.Future[bytes] | None = None

    def openapi() -> dict[str, Any]:
        routes = [route for router in routers for route in router.routes]
        page = get_openapi(title=app.title, version=app.version, routes=routes)
        return _complete(page, _bodies(routes))

    async def answer(_: Request) -> Response:
        nonlocal made
        if made is None:
            making = asyncio.to_thread(lambda: msgspec.json.encode(openapi()))
            made = asyncio.ensure_future(making)
        # Who asked first may leave before the page is there; others wait for the same one.
        return Response(await asyncio.shield(made), media_type=JSON.decode())

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents
    app.add_route(PATH, answer, include_in_schema=False)


def _bodies(routes: Iterable[Route]) -> Iterator[tuple[str, str, type[Document]]]:
    """Method, path and body of every route that reads one."""
    for route in routes:
        if route.include_in_schema:
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
    for path, methods in page["paths"].items():
        for method, operation in methods.items():
            if method == "post":
                operation.setdefault("parameters", []).append(dict(_KEY))
            _name_all(operation, path)
            _translate(operation)
    _describe_bodies(
        [(page["paths"][path][method], model) for method, path, model in bodies], schemas
    )
    _describe_fields([*schemas.values(), *_parts(operations)])
    _give_examples(operations)
    page["components"]["securitySchemes"] = _SECURITY
    page["security"] = [{name: []} for name in _SECURITY]
    return page


def _name_all(operation: dict[str, Any], path: str) -> None:
    """Name the parts of a path that no code reads too."""
    parameters = operation.get("parameters", [])
    known = {parameter["name"] for parameter in parameters}
    missing = [name for name in _IN_PATH.findall(path) if name not in known]
    if missing:
        operation["parameters"] = parameters + [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in missing
        ]


def _translate(operation: dict[str, Any]) -> None:
    """Say in Chinese what the operation does, and in both languages what its parameters are."""
    operation.setdefault("description", f"{operation['summary']}.")
    if said := texts.chinese(operation["operationId"]):
        operation["x-description-zh"] = said
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in texts.PARAMETERS:
            english, chinese = texts.PARAMETERS[parameter["name"]]
            parameter.setdefault("description", english)
            parameter["x-description-zh"] = chinese


def _parts(operations: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The schemas of bodies in parts, which stand with their operations."""
    for operation in operations:
        content = operation.get("requestBody", {}).get("content", {})
        if _PARTS in content:
            yield content[_PARTS]["schema"]


def _describe_fields(schemas: Iterable[dict[str, Any]]) -> None:
    """Say in both languages what the fields of documents mean; what a model says itself, stays."""
    for schema in schemas:
        for name, field in schema.get("properties", {}).items():
            known = FIELDS.get(f"{schema.get('title')}.{name}") or FIELDS.get(name)
            if known:
                english, chinese = known
                field.setdefault("description", english)
                field["x-description-zh"] = chinese


def _give_examples(operations: Iterable[dict[str, Any]]) -> None:
    """Show what a server was sent and answered, where that was recorded."""
    recorded = json.loads(EXAMPLES.read_text())
    for operation in operations:
        known = recorded.get(operation["operationId"], {})
        if "request" in known and "requestBody" in operation:
            operation["requestBody"]["content"]["application/json"]["example"] = known["request"]
        for status, answer in operation["responses"].items():
            content = answer.get("content", {})
            if status.startswith("2") and "answer" in known and "application/json" in content:
                content["application/json"]["example"] = known["answer"]


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
    content = {_PARTS: {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


EXAMPLES = Path(__file__).with_name("examples.json")
"""What a server was sent and answered, by operation (tests/clients/examples.py)."""


class Nothing(Document):
    """An answer that says no more than its status."""


EMPTY = "Done; the answer has no body"
"""What is said of an answer without content."""


def a_file() -> Any:
    """How an operation is described whose answer is a file."""
    return shaped({"type": "string", "format": "binary"}, "application/octet-stream")


def shaped(schema: dict[str, Any], kind: str = "application/json") -> Any:
    """How an operation is described whose answer has this schema, and no model to be built."""
    return {
        "status_code": 200,
        "response_model": None,
        "response_class": Response,
        "responses": {200: {"description": "Done", "content": {kind: {"schema": schema}}}},
    }


def described(answer: Any, *, status: int = 200) -> Any:
    """How an operation is described: the type of its answer, or None for one without a body.

    The page adds the request's body and the errors.
    """
    success: dict[str, Any] = {"description": EMPTY if answer is None else "Done"}
    if answer is not None:
        success["model"] = answer
    return {
        "status_code": status,
        "response_model": None,
        # The framework describes the content of this class; a plain Response has none.
        "response_class": Response if answer is None else JSONResponse,
        "responses": {status: success},
    }
