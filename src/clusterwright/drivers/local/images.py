"""Images of containers as archives, made of single programs and imported from files.

An archive is an OCI layout of one layer. Those that every node has, and those that somebody puts
into the folder of images, are imported by each node: nothing is pulled from anywhere for them.
"""

import io
import json
import os
import platform
import tarfile
from collections.abc import Mapping, Sequence
from hashlib import file_digest, sha256
from io import BufferedRandom
from pathlib import Path

PAUSE = "localhost/clusterwright/pause:1"
"""The image of pods' sandboxes. No registry could ever be asked for it by that name."""
COREDNS = "localhost/clusterwright/coredns:local"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What images call the machines of ``uname -m``."""
NAME = "io.containerd.image.name"
"""The annotation that tells containerd what an image is called."""


def write(
    path: Path,
    name: str,
    programs: Mapping[str, bytes | Path],
    start: Sequence[str],
    arguments: Sequence[str] = (),
) -> None:
    """Write the archive of an image that holds these programs, and begins with one of them.

    A file that is given twice is in it once, under both names. Pods may choose other ``arguments``.
    Whole or not at all. Raises OSError.
    """
    new = path.with_name(f".{path.name}.new")
    layer = path.with_name(f".{path.name}.layer")
    try:
        with layer.open("w+b") as file:
            _write_layer(file, programs)
            _write_layout(new, file, name, {"Entrypoint": start, "Cmd": arguments})
        with new.open("rb") as whole:
            os.fsync(whole.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
        layer.unlink(missing_ok=True)


def _write_layer(file: BufferedRandom, programs: Mapping[str, bytes | Path]) -> None:
    with tarfile.open(fileobj=file, mode="w") as layer:
        folders = {str(parent) for name in programs for parent in Path(name).parents}
        for folder in sorted(folders - {"."}):
            layer.addfile(_entry(folder, kind=tarfile.DIRTYPE))
        first: dict[Path, str] = {}
        for name, program in programs.items():
            if isinstance(program, bytes):
                layer.addfile(_entry(name, size=len(program)), io.BytesIO(program))
            elif first.setdefault(program, name) != name:
                link = _entry(name, kind=tarfile.LNKTYPE)
                link.linkname = first[program]
                layer.addfile(link)
            else:
                with program.open("rb") as content:
                    size = os.fstat(content.fileno()).st_size
                    layer.addfile(_entry(name, size=size), content)


def _write_layout(
    path: Path, layer: BufferedRandom, name: str, start: Mapping[str, Sequence[str]]
) -> None:
    layer.seek(0)
    digest = file_digest(layer, "sha256").hexdigest()
    size = layer.tell()
    machine = ARCHITECTURES.get(platform.machine(), platform.machine())
    config = _bytes(
        {
            "architecture": machine,
            "os": "linux",
            "config": {**{key: list(words) for key, words in start.items()}, "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    )
    manifest = _bytes(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor("config", config),
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": f"sha256:{digest}",
                    "size": size,
                }
            ],
        }
    )
    named = {NAME: name, "org.opencontainers.image.ref.name": name}
    index = _bytes(
        {"schemaVersion": 2, "manifests": [_descriptor("manifest", manifest, annotations=named)]}
    )
    small = {
        "oci-layout": _bytes({"imageLayoutVersion": "1.0.0"}),
        "index.json": index,
        f"blobs/sha256/{sha256(manifest).hexdigest()}": manifest,
        f"blobs/sha256/{sha256(config).hexdigest()}": config,
    }
    with tarfile.open(path, "w") as layout:
        for each, content in small.items():
            layout.addfile(_entry(each, size=len(content)), io.BytesIO(content))
        layer.seek(0)
        layout.addfile(_entry(f"blobs/sha256/{digest}", size=size), layer)


def _descriptor(kind: str, content: bytes, **more: object) -> dict[str, object]:
    return {
        "mediaType": f"application/vnd.oci.image.{kind}.v1+json",
        "digest": f"sha256:{sha256(content).hexdigest()}",
        "size": len(content),
        **more,
    }


def _entry(name: str, *, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    """A file or folder that says nothing of when and by whom it was made."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.type = size, 0o755, kind
    return entry


def _bytes(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
