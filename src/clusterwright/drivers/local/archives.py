"""Somebody's images, as archives or single programs, kept where every real node finds them."""

import json
import lzma
import os
import platform
import re
import shutil
import struct
import tarfile
import zlib
from pathlib import Path
from typing import Any

from clusterwright.drivers.local import images
from clusterwright.drivers.local.images import NAME
from clusterwright.drivers.local.pause import MACHINES

FOLDER = "images"
"""The folder beside those of clusters: each node imports what is in it, now and later."""

_LONGEST_INDEX = 4 * 1024 * 1024
_ELF = b"\x7fELF"
_HEAD = struct.Struct("<4xBB12xH12xQ14xHH")
"""Of ELF: width, order, machine, and the place, size and number of the headers of parts."""
_HEADERS = 64 * 1024
"""Where a program's parts are told: right behind its head, in bytes."""
_INTERPRETER = 3
"""The part of a program that names what loads its libraries (ELF, ``PT_INTERP``)."""


class NoImages(Exception):
    """A file holds no image and is no program; the text tells why, for users."""


def keep(given: Path, folder: Path) -> list[str]:
    """Put images into the folder of them: those of an archive, or one of a program. Returns names.

    A copy of an archive is not compressed. Raises NoImages, and OSError.
    """
    with given.open("rb") as file:
        begin = file.read(_HEADERS)
    if begin.startswith(_ELF):
        return [_keep_program(given, begin, folder)]
    return _keep_archive(given, folder)


def _keep_program(program: Path, begin: bytes, folder: Path) -> str:
    """Keep an image that starts with a program, and holds nothing else."""
    head = begin[: _HEAD.size].ljust(_HEAD.size, b"\0")
    width, order, machine, place, size, count = _HEAD.unpack(head)
    if (width, order, machine) != (2, 1, MACHINES.get(platform.machine())):
        raise NoImages(f"{program} is a program of another kind of machine.")
    if _INTERPRETER in (_number(begin, place + size * part) for part in range(count)):
        raise NoImages(
            f"{program} needs libraries. Only a statically linked program is an image by itself."
        )
    word = re.sub(r"[^a-z0-9]+", "-", program.name.lower()).strip("-")
    if not word:
        raise NoImages(f"{program} has no name that an image can have: letters and digits.")
    name = f"localhost/{word}:local"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    images.write(folder / f"{word}.tar", name, {f"bin/{word}": program}, [f"/bin/{word}"])
    return name


def _number(content: bytes, place: int) -> int:
    return int.from_bytes(content[place : place + 4], "little")


def _keep_archive(archive: Path, folder: Path) -> list[str]:
    target = folder / f"{archive.name.partition('.tar')[0]}.tar"
    new = target.with_name(f".{target.name}.new")
    try:
        with tarfile.open(archive) as opened:
            names = _names(archive, opened)
            content: Any = opened.fileobj
            content.seek(0)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with new.open("wb") as copy:
                shutil.copyfileobj(content, copy)
                copy.flush()
                os.fsync(copy.fileno())
        new.replace(target)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise NoImages(
            f"{archive} is no whole archive: give what docker save wrote, or a program."
        ) from error
    finally:
        new.unlink(missing_ok=True)
    return names


def _names(path: Path, archive: tarfile.TarFile) -> list[str]:
    """The names of the images in an OCI layout, or in what ``docker save`` writes."""
    try:
        if (saved := _member(archive, "manifest.json")) is not None:
            names = [name for image in saved for name in image["RepoTags"] or ()]
        else:
            layout = _member(archive, "index.json") or {"manifests": []}
            notes = [each.get("annotations") or {} for each in layout["manifests"]]
            names = [note[NAME] for note in notes if NAME in note]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoImages(f"{path} does not describe its images as archives do.") from error
    if not names:
        raise NoImages(f"{path} holds no image with a name. Save it by its name and tag.")
    return names


def _member(archive: tarfile.TarFile, name: str) -> Any:
    try:
        content = archive.extractfile(name)
    except KeyError:
        return None
    return json.loads(content.read(_LONGEST_INDEX)) if content else None
