"""What an error of a database means: it is away, another transaction won, or we made a mistake.

The only place that classes them. PostgreSQL's errors go by SQLSTATE (its manual, appendix A): the
types do not tell, because SQLAlchemy gives one and the same to a server that shuts down, one that
is full, a deadlock and a wrong statement of asyncpg. SQLite's go by result code
(sqlite.org/rescode.html).
"""

import sqlite3
from collections.abc import Iterator
from enum import Enum, auto

import asyncpg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class Meaning(Enum):
    """What to do about an error."""

    AWAY = auto()
    """The database cannot do this now: wait and try again."""
    CONFLICT = auto()
    """Another transaction won and this one was rolled back: try again at once."""
    DEFECT = auto()
    """Trying again will not help: the statement is wrong, or the data refuses it."""


_CLASSES = {
    "08": Meaning.AWAY,  # connection exception
    "40": Meaning.CONFLICT,  # rollback: serialization failure, deadlock
    "53": Meaning.AWAY,  # insufficient resources: too many connections, disk full, out of memory
    "55": Meaning.AWAY,  # not in prerequisite state: accepts no connections, lock not available
    "57": Meaning.AWAY,  # operator intervention: starting up, shutting down, terminated, cancelled
    "58": Meaning.AWAY,  # system error outside PostgreSQL: input or output failed
}
_STATES = {
    "25006": Meaning.AWAY,  # read-only transaction: we met a standby, or a primary being demoted
    "25P03": Meaning.AWAY,  # the server ended a session that was idle in its transaction
    "25P04": Meaning.AWAY,  # the server's limit of time for a transaction
    "28000": Meaning.AWAY,  # the role may not log in (now): an operator changes that, not a job
    "28P01": Meaning.AWAY,  # likewise a password being rotated
    "3D000": Meaning.AWAY,  # the database does not exist (yet, or during a restore)
    "40003": Meaning.AWAY,  # whether the statement was completed is unknown
    "42501": Meaning.AWAY,  # insufficient privilege: as 28000
}
_SQLITE = {
    sqlite3.SQLITE_BUSY: Meaning.AWAY,
    sqlite3.SQLITE_LOCKED: Meaning.AWAY,
    sqlite3.SQLITE_NOMEM: Meaning.AWAY,
    sqlite3.SQLITE_READONLY: Meaning.AWAY,
    sqlite3.SQLITE_INTERRUPT: Meaning.AWAY,
    sqlite3.SQLITE_IOERR: Meaning.AWAY,
    sqlite3.SQLITE_CORRUPT: Meaning.AWAY,  # an operator restores the file; no job is to blame
    sqlite3.SQLITE_FULL: Meaning.AWAY,
    sqlite3.SQLITE_CANTOPEN: Meaning.AWAY,
    sqlite3.SQLITE_PROTOCOL: Meaning.AWAY,
    sqlite3.SQLITE_PERM: Meaning.AWAY,
    sqlite3.SQLITE_NOTADB: Meaning.AWAY,
}


def of_state(sqlstate: str) -> Meaning:
    """The meaning of a SQLSTATE of five characters."""
    return _STATES.get(sqlstate) or _CLASSES.get(sqlstate[:2], Meaning.DEFECT)


def meaning(error: BaseException) -> Meaning | None:
    """The meaning of an error of SQLAlchemy, a driver or the network; None for any other."""
    if not isinstance(error, _FAMILIES) and not _is_of_asyncpg(error):
        return None
    told = tuple(_told(error))
    for cause in told:
        if state := getattr(cause, "sqlstate", None):
            return of_state(state)
        if code := getattr(cause, "sqlite_errorcode", None):
            return _SQLITE.get(code & 0xFF, Meaning.DEFECT)  # the low byte is the primary code
    if any(map(_is_lost, told)):
        return Meaning.AWAY
    return None if isinstance(error, OSError) else Meaning.DEFECT


_FAMILIES = (
    DBAPIError,
    PoolTimeoutError,
    sqlite3.Error,
    OSError,
)


def _is_of_asyncpg(error: BaseException) -> bool:
    # Not by its classes: that would load it for each refusal in a transaction of SQLite.
    return type(error).__module__.partition(".")[0] == "asyncpg"


def _told(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it wraps, the outermost first."""
    yield error
    wrapped = error.orig if isinstance(error, DBAPIError) else error.__cause__
    if wrapped is not None:
        yield from _told(wrapped)


def _is_lost(error: BaseException) -> bool:
    """Whether an error without a code means that there is no connection, or was none left."""
    match error:
        case PoolTimeoutError():
            return True
        case DBAPIError():
            return error.connection_invalidated or isinstance(error, OperationalError)
        case OSError():
            return error.filename is None  # of the network, not of a file
        case asyncpg.InternalClientError():
            return True  # asyncpg was told of the loss in the middle of something else
        case asyncpg.InterfaceError():
            return not isinstance(error, ValueError)  # which is an argument of the wrong type
        case _:
            return False
