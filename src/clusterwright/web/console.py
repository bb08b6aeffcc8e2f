"""The console's files: a page that speaks to this server's public routes, and to nobody else.

They are built from the folder ``console`` of the project (``tools/console/build.py``) and shipped
inside the package. Everything is read once, at the start: it is less than two megabytes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import clusterwright
from clusterwright import errors
from clusterwright.errors import ApiError
from clusterwright.web.asgi import Receive, Scope, Send

FOLDER = Path(clusterwright.__file__).parent / "console"
"""Where the build puts what this serves."""
PATH = "/console/"
"""Where the console is, on every server."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "font", "connect")),
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""What the browser lets the page do: load from and speak to its own origin, and never turn text
into script or markup. Nothing in the page is inline."""

_KINDS = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
}
_PACKED = {".br": b"br", ".gz": b"gzip"}
_HASHED = "assets/"
_SAFE = [
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]
_FILE = re.compile(r"\.[A-Za-z0-9]+$")


@dataclass(frozen=True, slots=True)
class File:
    """One file, as it is and as packed beforehand."""

    kind: bytes
    kept: bytes
    packed: Mapping[bytes, bytes]
    """By the word of ``Content-Encoding``, the smallest first."""


class Console:
    """Answers everything below ``/console``, in front of the framework."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = dict(_read(folder))

    @property
    def is_built(self) -> bool:
        """Whether there is anything to show."""
        return "index.html" in self._files

    def matches(self, method: str, path: str) -> bool:
        """Whether somebody wants to see the console."""
        return path.startswith("/console") and (
            method in ("GET", "HEAD") and (len(path) == 8 or path[8] == "/")
        )

    async def answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Send a file, or the page for every path that names none. Raises ApiError: 404."""
        if not self.is_built:
            raise ApiError(
                errors.NO_SUCH_API,
                "The console was not built. Run `make install` in the project's folder, "
                "then start the server again.",
            )
        path: str = scope["path"]
        if path == PATH[:-1]:
            await _send(scope, send, request_id, 308, [(b"location", b"console/")], b"")
            return
        name = path.removeprefix(PATH)
        found = self._files.get(name)
        if found is None:
            # A page of an older build asks for files that are gone: HTML would be no script.
            if _FILE.search(name) or name.startswith(_HASHED):
                raise ApiError(errors.NO_SUCH_API, f"The console has no file {name[:100]}.")
            name, found = "index.html", self._files["index.html"]
        forever = name.startswith(_HASHED)
        headers = [
            (b"content-type", found.kind),
            (b"cache-control", b"public, max-age=31536000, immutable" if forever else b"no-cache"),
            (b"vary", b"accept-encoding"),
            *_SAFE,
        ]
        encoding, body = _encoded(found, scope)
        if encoding:
            headers.append((b"content-encoding", encoding))
        await _send(scope, send, request_id, 200, headers, body)


async def _send(
    scope: Scope,
    send: Send,
    request_id: str,
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
) -> None:
    stamped = [
        *headers,
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": stamped})
    sent = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": sent})


def _encoded(found: File, scope: Scope) -> tuple[bytes, bytes]:
    """The body that this client can read, and how it is encoded; an empty word for not at all."""
    wanted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    accepted = {each.strip() for each in wanted.lower().split(b",")}
    for encoding, packed in found.packed.items():
        if encoding in accepted:
            return encoding, packed
    return b"", found.kept


def _read(folder: Path) -> Iterator[tuple[str, File]]:
    for path in sorted(folder.rglob("*")):
        if (kind := _KINDS.get(path.suffix)) and path.is_file():
            packed = {
                encoding: beside.read_bytes()
                for suffix, encoding in _PACKED.items()
                if (beside := path.with_name(path.name + suffix)).is_file()
            }
            yield path.relative_to(folder).as_posix(), File(kind, path.read_bytes(), packed)
