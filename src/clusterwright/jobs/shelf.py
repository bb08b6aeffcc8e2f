"""Copies of job documents that nobody is changing, for the hot read of one process on SQLite.

Every writer of such a process says what it is about to change before it does, and when it is over
(``Tx.change``), so a copy is never older than the row: no clock, no bound of staleness. On
PostgreSQL other processes write too, and nothing is kept.
"""

from collections.abc import Iterable

_PARTS = 8
"""No document may take more than this part of the shelf from the others."""


class Shelf:
    """Up to ``size`` bytes of documents; the ones kept first leave first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._used = 0
        self._kept: dict[str, tuple[str, bytes]] = {}
        self._changing: set[str] = set()

    def get(self, uid: str, project_id: str) -> bytes | None:
        """The copy of a job's document, if it is the project's and there is one."""
        found = self._kept.get(uid)
        return found[1] if found is not None and found[0] == project_id else None

    def keep(self, uid: str, project_id: str, document: bytes) -> None:
        """Keep what was read in this turn of the event loop, unless it is being changed."""
        size = len(document)
        if uid in self._changing or size > self._size // _PARTS:
            return
        self._drop(uid)
        while self._used + size > self._size:
            self._drop(next(iter(self._kept)))
        self._kept[uid] = (project_id, document)
        self._used += size

    def begin_change(self, uid: str) -> None:
        """Forget a document, and keep none of this job until ``end_changes``."""
        self._changing.add(uid)
        self._drop(uid)

    def end_changes(self, uids: Iterable[str]) -> None:
        """What was begun is committed or rolled back."""
        self._changing.difference_update(uids)

    def _drop(self, uid: str) -> None:
        found = self._kept.pop(uid, None)
        if found is not None:
            self._used -= len(found[1])
