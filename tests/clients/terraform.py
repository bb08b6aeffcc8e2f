"""Requests as the two Terraform providers send them (client notes, B1 and B9)."""

import hashlib
import hmac
import json
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx

from tests.clients.client_programs import Answer

AGENT = "terraform-provider-iac golangsdk/2.0.0"


class Signature(httpx.Auth):
    """Signs neither the host nor the project, as the golangsdk does."""

    requires_request_body = True

    def __init__(self, access_key: str, secret_key: str, project_id: str) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._project_id = project_id

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request."""
        request.headers["X-Sdk-Date"] = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        names = ("accept", "content-type", "user-agent", "x-sdk-date")
        signed = ";".join(names)
        path = "/".join(quote(unquote(part), safe="~") for part in request.url.path.split("/"))
        query = "&".join(
            f"{quote(key, safe='~')}={quote(value, safe='~')}"
            for key, value in sorted(request.url.params.multi_items())
        )
        canonical = "\n".join(
            (
                request.method,
                f"{path}/",
                query,
                *(f"{name}:{request.headers[name]}" for name in names),
                "",
                signed,
                hashlib.sha256(request.content).hexdigest(),
            )
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"SDK-HMAC-SHA256\n{request.headers['X-Sdk-Date']}\n{digest}"
        mark = hmac.new(self._secret_key.encode(), text.encode(), "sha256").hexdigest()
        request.headers["Authorization"] = (
            f"SDK-HMAC-SHA256 Access={self._access_key}, SignedHeaders={signed}, Signature={mark}"
        )
        if "X-Domain-Id" not in request.headers:
            request.headers["X-Project-Id"] = self._project_id
        yield request


def _form(file: Path, parameters: str) -> tuple[bytes, str]:
    """A form with a file, and its content type."""
    form = httpx.Request(
        "POST",
        "http://localhost",
        data={"parameters": parameters},
        files={"content": (file.name, file.read_bytes(), "application/octet-stream")},
    )
    return form.read(), form.headers["Content-Type"]


class Provider:
    """A provider: an operation is a method and a path; it keeps the last token it was given."""

    def __init__(self, endpoint: str, auth: httpx.Auth | None = None) -> None:
        headers = {
            "User-Agent": AGENT,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        self._http = httpx.Client(base_url=endpoint, auth=auth, headers=headers, timeout=10)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(self, operation: str, /, **args: Any) -> Answer:
        """Send a request with a ``body`` and ``headers``; Go ends JSON with a newline.

        A file to ``upload`` goes as one part of a form, with its ``parameters`` as another.
        """
        method, path = operation.split(" ", 1)
        content = json.dumps(args["body"]).encode() + b"\n" if "body" in args else b""
        headers = dict(args.get("headers", {}))
        if "upload" in args:
            content, headers["Content-Type"] = _form(args["upload"], args["parameters"])
        answer = self._http.request(method, path, content=content, headers=headers)
        if token := answer.headers.get("X-Subject-Token"):
            self._http.headers["X-Auth-Token"] = token
        assert answer.headers["X-Request-Id"], operation
        return Answer(
            ok=answer.is_success,
            status=answer.status_code,
            body=answer.json() if answer.content else None,
            request_id=answer.headers["X-Request-Id"],
        )
