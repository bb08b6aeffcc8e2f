"""One process per data folder: on SQLite, two would take each other's jobs."""

import fcntl
from pathlib import Path
from typing import IO


class AlreadyRunning(Exception):
    """Another process serves this data folder."""


def locked(path: Path) -> IO[str]:
    """An exclusive lock on ``path`` that ends with this process. Raises AlreadyRunning."""
    handle = path.open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise AlreadyRunning(
            f"Another server already uses {path.parent}. Stop it, or choose another --data folder."
        ) from None
    return handle
