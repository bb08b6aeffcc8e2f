"""A registry of one image for tests, on an address of this host that is not loopback."""

import json
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAME = "registry.test"
"""What images of it are called; nobody can look it up, so that only a mirror has them."""

Found = dict[str, tuple[str, bytes]]


@contextmanager
def serving(archive: Path, home: Path) -> Iterator[None]:
    """Serve the image in an archive, and tell the real nodes of a driver's folder where."""
    server = ThreadingHTTPServer((_address(), 0), _handler(_contents(archive)))
    folder = home / "registries" / NAME
    folder.mkdir(parents=True)
    mirror = f"http://{server.server_address[0]!s}:{server.server_port}"
    (folder / "hosts.toml").write_text(f'server = "https://{NAME}"\n[host."{mirror}"]\n')
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _address() -> str:
    listed = subprocess.run(
        ["ip", "-json", "-4", "address", "show", "scope", "global"],
        capture_output=True,
        check=True,
    ).stdout
    found = [each["local"] for link in json.loads(listed) for each in link.get("addr_info", ())]
    assert found, "this host has no address but those of loopback"
    return str(found[0])


def _contents(archive: Path) -> Found:
    """What is asked for, by the end of its path: a type and the bytes."""
    with tarfile.open(archive) as opened:
        blobs = [
            file.read()
            for member in opened
            if member.name.startswith("blobs/") and (file := opened.extractfile(member))
        ]
        index = opened.extractfile("index.json")
        assert index
        (described,) = json.load(index)["manifests"]
    found = {f"sha256:{sha256(blob).hexdigest()}": blob for blob in blobs}
    typed = {digest: ("application/octet-stream", blob) for digest, blob in found.items()}
    manifest = (described["mediaType"], found[described["digest"]])
    return typed | {described["digest"]: manifest, "1": manifest}


def _handler(contents: Found) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self.wfile.write(self._answer())

        def _answer(self) -> bytes:
            kind, body = contents.get(self.path.rpartition("/")[2].partition("?")[0], ("", b""))
            self.send_response(200 if kind else 404)
            if kind:
                self.send_header("Content-Type", kind)
                self.send_header("Docker-Content-Digest", f"sha256:{sha256(body).hexdigest()}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            return body

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
