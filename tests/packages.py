"""Packaged charts that tests make: good ones, and every kind that must not be taken."""

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  greeting: {{ .Values.greeting | quote }}
"""


def described(name: str = "demo", version: str = "1.0.0", **more: Any) -> str:
    """A Chart.yaml."""
    return yaml.safe_dump({"apiVersion": "v2", "name": name, "version": version} | more)


def files(
    name: str = "demo", version: str = "1.0.0", *, greeting: str = "hello", **more: Any
) -> dict[str, str]:
    """The files of a small chart that Helm can install."""
    return {
        "Chart.yaml": described(name, version, **more),
        "values.yaml": f"greeting: {greeting}\nbasic: {{image: nginx}}\n",
        "templates/configmap.yaml": TEMPLATE,
        "README.md": "# Demo\n",
    }


def packed(contents: Mapping[str, str | bytes], *, folder: str = "demo") -> bytes:
    """A chart of these files."""
    return archive(plain(f"{folder}/{path}", content) for path, content in contents.items())


def chart(name: str = "demo", version: str = "1.0.0", **more: Any) -> bytes:
    """A small chart, packaged."""
    return packed(files(name, version, **more), folder=name)


def plain(path: str, content: str | bytes) -> tuple[tarfile.TarInfo, bytes]:
    """An entry that is a file."""
    data = content.encode() if isinstance(content, str) else content
    entry = tarfile.TarInfo(path)
    entry.size = len(data)
    return entry, data


def other(path: str, kind: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    """An entry that is no file."""
    entry = tarfile.TarInfo(path)
    entry.type = kind
    entry.linkname = link
    return entry, b""


def archive(entries: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """An archive of these entries, as they are."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry, data in entries:
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)
