"""``python -m tests.clients.examples``: record the examples that the API's description shows.

A server on simulated clusters is walked through the scripts that every SDK is walked through, and
what was sent and answered first, in success, is kept by the operation's name. Ids, times and keys
are replaced, so that nothing of this machine is in the file and a new recording looks like the old.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from huaweicloudsdkcce import v3 as sdk

from clusterwright.web.openapi import EXAMPLES
from docs.generate import official
from tests.architecture.routes import ROUTES
from tests.clients.beside import BESIDE
from tests.clients.client_programs import Answer
from tests.clients.extension import EXTENSION
from tests.clients.identity_service import IDENTITY_SERVICE
from tests.clients.life import LIFE
from tests.clients.reads import END, READS, STOCK
from tests.clients.rest import REST
from tests.clients.script import Call, walk
from tests.kit import log_in_body
from tests.server_process import ServerProcess

WAYS = {
    route.operation_id: (method, route.path)
    for route in ROUTES
    for method in route.methods or ()
    if route.operation_id
} | {one.name: (one.method, one.path) for one in official()}
"""Method and path of each operation."""

_MOST = 2
"""Items that are left of a list."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b")
_GO_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC")
_RFC_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_PEM = re.compile(r"LS0tLS1[A-Za-z0-9+/=]{80,}")
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
_PLAIN_TIME = re.compile(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+$")
_ACCESS_KEY = re.compile(r"\b(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{20}\b")
_SECRET_KEY = re.compile(r"\b[A-Za-z0-9]{40}\b")
_MILLISECONDS = 1767322800000
_PORT = re.compile(r"127\.0\.0\.1(:\d+)?")


class Recorder:
    """A client of plain HTTP that remembers."""

    def __init__(self, http: httpx.Client, project_id: str) -> None:
        self._http = http
        self._project = project_id
        self.seen: dict[str, dict[str, Any]] = {}

    def call(self, operation: str, /, **args: Any) -> Answer:
        """Perform an operation by its name, arguments as on the wire."""
        method, template = WAYS[operation]
        args = {"project_id": self._project} | args
        path = template.format(**args)
        rest = {k: v for k, v in args.items() if f"{{{k}}}" not in template and k != "body"}
        headers = {k: rest.pop(k) for k in list(rest) if k.startswith("X-")}
        rest.pop("project_id", None)
        body = args.get("body")
        sent: dict[str, Any] = {"json": body}
        if isinstance(body, dict) and "content" in body:  # an upload, whose file is named
            file = Path(body["content"])
            sent = {"files": {"content": (file.name, file.read_bytes())}}
            sent["data"] = {name: text for name, text in body.items() if name != "content"}
        answer = self._http.request(method, path, params=rest, headers=headers, **sent)
        is_json = "json" in answer.headers.get("Content-Type", "")
        told = answer.json() if answer.content and is_json else None
        if answer.is_success:
            self._keep(operation, body if "json" in sent else None, told)
        return Answer(
            ok=answer.is_success, status=answer.status_code, body=_as_read(operation, told)
        )

    def _keep(self, operation: str, body: Any, told: Any) -> None:
        kept = {"request": body, "answer": told}
        # What was asked for first is shown, unless the answer to a later request says more.
        known = self.seen.get(operation)
        if known is None or len(json.dumps(known)) < min(len(json.dumps(kept)), 2000):
            self.seen[operation] = kept


def _as_read(operation: str, told: Any) -> Any:
    """An answer as SDKs have it, which put bare lists and maps under ``body``."""
    model = getattr(sdk, f"{operation}Response", None)
    alone = model is not None and list(model.openapi_types) == ["body"]
    return {"body": told} if alone or not isinstance(told, dict) else told


def plain(value: Any, names: dict[str, str]) -> Any:
    """A value without what is this recording's own, and short."""
    match value:
        case dict():
            return {_text(key, names): plain(each, names) for key, each in value.items()}
        case list():
            return [plain(each, names) for each in value[:_MOST]]
        case str():
            return _text(value, names)
        case int() if value > 10**12:
            return _MILLISECONDS
        case _:
            return value


def _text(value: str, names: dict[str, str]) -> str:
    def named(found: re.Match[str]) -> str:
        known = names.setdefault(found[0], f"{len(names) + 1:032x}")
        if "-" not in found[0]:
            return known
        return f"{known[:8]}-{known[8:12]}-4000-8000-{known[20:]}"

    value = _PEM.sub("LS0tLS1CRUdJTi4uLg==", value)
    value = _SECRET.sub("whsec_AAAA", value)
    value = _GO_TIME.sub("2026-01-02 03:04:05.678901234 +0000 UTC", value)
    value = _RFC_TIME.sub("2026-01-02T03:04:05Z", value)
    value = _PLAIN_TIME.sub("2026-01-02T03:04:05.000000", value)
    value = _ACCESS_KEY.sub("HERE0IS0AN0ACCESS0KE", value)
    value = _SECRET_KEY.sub("the0secret0key0is0told0when0it0is0made00", value)
    value = _PORT.sub("cce.example.test", value)
    return _UUID.sub(named, value)


@contextmanager
def recording() -> Iterator[Recorder]:
    """A server of its own, and a client that is signed in to it."""
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data", pace=0).start()
        try:
            account = server.credentials
            with httpx.Client(base_url=server.endpoint, timeout=60) as http:
                signed = http.post("/v3/auth/tokens", json=log_in_body(account))
                http.headers["X-Auth-Token"] = signed.headers["X-Subject-Token"]
                yield Recorder(http, account["project_id"])
        finally:
            server.stop()


def record() -> Mapping[str, Mapping[str, Any]]:
    """The examples of every operation that the scripts call."""
    scripts: Sequence[Sequence[Call]] = (
        LIFE,
        (*STOCK, *READS, *BESIDE, *END),
        REST,
        EXTENSION,
        IDENTITY_SERVICE,
    )
    with recording() as recorder:
        for number, script in enumerate(scripts):
            servers = {"first_server": str(uuid4()), "second_server": str(uuid4())}
            walk(recorder, script, servers | {"name": f"demo-{number}"})
    names: dict[str, str] = {}
    return {
        operation: {part: plain(value, names) for part, value in seen.items() if value is not None}
        for operation, seen in sorted(recorder.seen.items())
    }


def main() -> None:
    """Write the file."""
    EXAMPLES.write_text(json.dumps(record(), indent=1, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
