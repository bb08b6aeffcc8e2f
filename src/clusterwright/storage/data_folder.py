"""The data folder: nobody else may read what is in it, and it must stay where it is.

In it lie password hashes, keys and the clusters' certificates. Files are made with a umask that
gives others nothing, and those of an earlier life are tightened at start. The folder itself is made
for us alone; one that was there before is not touched, because it may be more than ours, but a
warning names it.
"""

import asyncio
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from sqlalchemy import make_url

from clusterwright.settings import Settings
from clusterwright.storage.sqlite import sqlite_path

log = logging.getLogger(__name__)

PERIOD = 1.0
"""Seconds between two looks whether the folder and the database are still there."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OURS = ("secret.key", "credentials.json", "server.json", "server.lock")
_JOURNALS = ("", "-wal", "-shm")
"""What SQLite adds to the name of a database."""

Identity = tuple[int, int]


class FolderError(Exception):
    """The data folder, or that of the database, cannot be used. Says why in a sentence."""


class FolderGone(Exception):
    """The data folder or the database was removed or replaced while a server ran on it."""


def prepare(settings: Settings) -> None:
    """Make the data folder unless it is there, and take from others what they could read.

    Raises FolderError.
    """
    folder = settings.data
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"The data folder {folder} cannot be made: {error.strerror}.") from error
    for each in {folder, *(path.parent for path in _database(settings)[:1])}:
        if not each.is_dir():
            raise FolderError(f"{each} is no folder, or does not exist.")
        if not os.access(each, os.R_OK | os.W_OK | os.X_OK):
            raise FolderError(f"Nothing can be written in the folder {each}.")
    if folder.stat().st_mode & _OTHERS:
        log.warning(
            "the data folder is open to others, only its files are not: chmod 700 would close it",
            extra={"folder": folder.resolve()},
        )
    for path in (*(folder / name for name in _OURS), *_database(settings)):
        _close_to_others(path)


async def watch_folder(settings: Settings) -> NoReturn:
    """Wait until the data folder or the database's file is gone. Then raises FolderGone.

    To be started when the database is open: what it writes into is what the paths name now.
    """
    watched = [settings.data, *_database(settings)]
    known = {path: found for path in watched if (found := _identity(path)) is not None}
    # A folder that nobody holds open could be replaced by one of the same number.
    with _held(settings.data):
        await _compare(known)


async def _compare(known: dict[Path, Identity]) -> NoReturn:
    while True:
        await asyncio.sleep(PERIOD)
        for path, identity in known.items():
            try:
                found = _identity(path)
            except OSError as error:  # a file system that stumbles has not lost the file
                log.warning(
                    "looking for the data failed", extra={"path": path, "reason": error.strerror}
                )
                continue
            if found != identity:
                raise FolderGone(
                    f"{path} was removed or replaced while the server ran on it."
                    " What was written since then is lost."
                )


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield
    finally:
        os.close(descriptor)


def _identity(path: Path) -> Identity | None:
    """What a path leads to, or None. The number of a file that is still open is never reused."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _database(settings: Settings) -> list[Path]:
    """The files of a SQLite database, the database itself first; none of PostgreSQL."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return []
    path = sqlite_path(url)
    return [path.with_name(path.name + journal) for journal in _JOURNALS]


def _close_to_others(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)
    except FileNotFoundError:
        pass
    except PermissionError:
        log.warning("a file of somebody else is open to others", extra={"file": path})
