"""Somebody's archives of images, kept where every real node of this host finds them."""

import json
import lzma
import os
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import Any

from clusterwright.drivers.local.images import NAME

FOLDER = "images"
"""The folder beside those of clusters: each node imports what is in it, now and later."""

_LONGEST_INDEX = 4 * 1024 * 1024


class NoImages(Exception):
    """A file is no archive of images; the text tells why, for users."""


def keep(archive: Path, folder: Path) -> list[str]:
    """Put a copy of an archive into the folder of images. Returns the images' names.

    The copy is not compressed. Raises NoImages, and OSError.
    """
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
        raise NoImages(f"{archive} is no whole archive: {error}") from error
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
