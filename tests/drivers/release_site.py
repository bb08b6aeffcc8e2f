"""A release site on this machine: the layout of the real ones, and their accidents."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from clusterwright.drivers.local import releases
from clusterwright.drivers.local.binaries import KUBERNETES
from clusterwright.drivers.local.releases import ETCD, ETCD_PROGRAMS, Sites
from tests.drivers.fake_programs import program


def archive(members: dict[str, bytes]) -> bytes:
    """A compressed archive of plain files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()


class ReleaseSite:
    """What the site has, what it was asked for, and what goes wrong."""

    def __init__(self, version: str = "v1.34.4") -> None:
        machine = releases.architecture()
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        """Path and ``Range`` of each request."""
        self.breaks: dict[str, list[int]] = {}
        """For a path, after how many bytes each of its next answers breaks off."""
        self.url = ""
        for name in KUBERNETES:
            # Padded, so that an answer can break off in the middle of something.
            content = program(name, version) + b"#" * 300_000
            self.add(f"/kubernetes/{version}/bin/linux/{machine}/{name}", content)
        self.files["/kubernetes/stable-1.34.txt"] = version.encode()
        folder = f"etcd-{ETCD}-linux-{machine}"
        tarball = archive({f"{folder}/{name}": program(name, ETCD) for name in ETCD_PROGRAMS})
        self.files[f"/etcd/{ETCD}/{folder}.tar.gz"] = tarball
        sums = f"{'0' * 64}  other.zip\n{_sha256(tarball)}  {folder}.tar.gz\n"
        self.files[f"/etcd/{ETCD}/SHA256SUMS"] = sums.encode()

    @property
    def sites(self) -> Sites:
        """Where to find it."""
        return Sites(kubernetes=f"{self.url}/kubernetes", etcd=f"{self.url}/etcd")

    def add(self, path: str, content: bytes) -> None:
        """Publish a file with its checksum."""
        self.files[path] = content
        self.files[f"{path}.sha256"] = f"{_sha256(content)}\n".encode()

    def path_of(self, name: str) -> str:
        """Where a program is."""
        return next(path for path in self.files if path.endswith(f"/{name}"))

    def ranges_of(self, name: str) -> list[str]:
        """The ``Range`` of each request for a program."""
        return [asked for path, asked in self.asked if path.endswith(f"/{name}")]

    @contextmanager
    def serving(self) -> Iterator["ReleaseSite"]:
        """Answer on a free port."""
        with ThreadingHTTPServer(("127.0.0.1", 0), _handler(self)) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            yield self
            server.shutdown()


def _handler(site: ReleaseSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            site.asked.append((self.path, asked))
            content = site.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
            if asked and start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(content) - start))
            if asked:
                total = len(content)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            self.end_headers()
            breaks = site.breaks.get(self.path)
            end = start + breaks.pop(0) if breaks else len(content)
            self.wfile.write(content[start:end])

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
