"""Programs that only tell their versions, where real ones would be too large for a quick test."""

from collections.abc import Iterable
from pathlib import Path

from clusterwright.drivers.local.binaries import COMPANIONS, KUBERNETES, STAGES

EVERY = (*KUBERNETES, *COMPANIONS)


def program(name: str, version: str) -> bytes:
    """A program that tells a version as the real one does."""
    told = f"Kubernetes {version}" if name in KUBERNETES else f"{name} Version: 3.6.16"
    return f"#!/bin/sh\necho '{told}'\n".encode()


def place(folder: Path, version: str, names: Iterable[str] = EVERY) -> Path:
    """Put programs of a version into a folder of its own; returns that."""
    target = folder / version
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        (target / name).write_bytes(program(name, version))
        (target / name).chmod(0o755)
    if "kwok" in names:
        (target / STAGES).write_text("kind: Stage\n")
    return target
