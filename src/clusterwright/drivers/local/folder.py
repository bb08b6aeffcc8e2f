"""One folder per cluster: everything that the driver knows of it, and nothing anywhere else.

Several processes may read and write it. A change of what is wanted is made under ``changing``, for
a moment; whoever starts and stops processes holds ``supervising`` for as long as it does so. Files
appear whole, by a rename.
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError

_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
SPARES = "spares"
"""Where control planes are begun ahead. A cluster that took one over is a link to its folder."""


class Folder:
    """The folder of one cluster, which may not exist yet."""

    def __init__(self, home: Path, uid: str) -> None:
        if not _UID.fullmatch(uid):
            raise DriverError("This id cannot name a cluster of this host.", causes.BAD_ID)
        self.uid = uid
        self.path = _place(home / uid)
        self.wanted = self.path / "wanted.json"
        self.trouble = self.path / "trouble.json"
        self.settled = self.path / "settled.json"
        self.pki = self.path / "pki"
        self.credentials = self.path / "credentials"
        self.etcd = self.path / "etcd"
        self.nodes = self.path / "nodes"

    @property
    def home(self) -> Path:
        """The folder of all clusters, with what they share."""
        above = self.path.parent
        return above.parent if above.name == SPARES else above

    @property
    def exists(self) -> bool:
        """Whether anything of the cluster is there."""
        return self.path.is_dir()

    def record(self, component: str) -> Path:
        """Where the process of a component is noted."""
        return self.path / "run" / f"{component}.json"

    def records(self) -> list[Path]:
        """Every process that is noted."""
        return sorted((self.path / "run").glob("*.json"))

    def log(self, component: str) -> Path:
        """Where a component writes its log."""
        return self.path / "log" / f"{component}.log"

    def logged(self) -> list[str]:
        """The components that have a log."""
        return sorted(path.stem for path in (self.path / "log").glob("*.log"))

    def exchange_state(self, new: Path) -> None:
        """Put a new state in the place of etcd's, which must not run. Raises OSError."""
        if self.etcd.exists():
            shutil.rmtree(self._former, ignore_errors=True)
            self.etcd.rename(self._former)
        new.rename(self.etcd)
        shutil.rmtree(self._former, ignore_errors=True)

    def keep_state(self) -> None:
        """Have the state that there was, where an exchange was cut short between the two."""
        if self._former.exists() and not self.etcd.exists():
            self._former.rename(self.etcd)

    @property
    def _former(self) -> Path:
        return self.path / "etcd.before"

    def make(self) -> None:
        """Make the folder exist, for us alone. Raises OSError."""
        for each in ("", "run", "log", "pki", "credentials", "nodes"):
            (self.path / each).mkdir(mode=0o700, parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove the folder, what is wanted last: a removal that was cut short goes on by it."""
        with suppress(FileNotFoundError):
            for entry in list(self.path.iterdir()):
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                elif entry != self.wanted:
                    entry.unlink(missing_ok=True)
            for link in self._links():
                link.unlink(missing_ok=True)
            self.wanted.unlink(missing_ok=True)
            shutil.rmtree(self.path, ignore_errors=True)

    def _links(self) -> list[Path]:
        if self.path.parent.name != SPARES:
            return []
        return [link for link, target in _owners(self.path.parent.parent) if target == self.path]

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the folder, which is made if need be, for a change. Waits for others."""
        while True:
            self.make()
            lock = Lock(self.path / "changing.lock")
            if lock.take(wait=True):
                break
        try:
            yield
        finally:
            lock.release()

    def supervising(self) -> "Lock | None":
        """The lock of whoever supervises the cluster; None while somebody else does."""
        if not self.exists:
            return None
        lock = Lock(self.path / "supervising.lock")
        return lock if lock.take(wait=False) else None


def spares(home: Path) -> list[Folder]:
    """The folders of control planes that were begun ahead and are nobody's yet."""
    owned = {target for _, target in _owners(home)}
    try:
        found = sorted(path for path in (home / SPARES).iterdir() if path.is_dir())
    except FileNotFoundError:
        return []
    return [Folder(home / SPARES, path.name) for path in found if path not in owned]


def give(home: Path, spare: Folder, uid: str) -> Folder:
    """Make a spare the folder of a cluster, in one step. To be called ``alone``. Raises OSError."""
    (home / uid).unlink(missing_ok=True)  # a link to a folder that somebody removed by hand
    (home / uid).symlink_to(spare.path.relative_to(home), target_is_directory=True)
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return Folder(home, uid)


def clusters(home: Path) -> list[Folder]:
    """The folders of all clusters of which something is wanted, those begun ahead too."""
    own = [Folder(home, path.parent.name) for path in home.glob("*/wanted.json")]
    return [*own, *(spare for spare in spares(home) if spare.wanted.exists())]


def _place(path: Path) -> Path:
    return path.parent / path.readlink() if path.is_symlink() else path


def _owners(home: Path) -> list[tuple[Path, Path]]:
    """The clusters that have taken a spare over, and where that is."""
    try:
        return [(path, _place(path)) for path in home.iterdir() if path.is_symlink()]
    except FileNotFoundError:
        return []


class Lock:
    """A lock on a file, which its process holds until it lets go or dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def take(self, *, wait: bool) -> bool:
        """Take the lock. Not where another has it and we do not wait, nor on a removed file."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if self._path.stat().st_ino == os.fstat(descriptor).st_ino:
                self._descriptor = descriptor
                return True
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(descriptor)
        return False

    def release(self) -> None:
        """Let go. Once is enough, more do no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Be the only one that chooses among what all clusters of a folder share. Waits for others."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write(path: Path, content: str | bytes) -> None:
    """Write a file for us alone, whole or not at all. Raises OSError."""
    data = content.encode() if isinstance(content, str) else content
    new = path.with_name(f".{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def write_json(path: Path, document: Any) -> None:
    """Write a document as ``write`` does."""
    write(path, json.dumps(document, indent=1))


def read_json(path: Path) -> Any:
    """The document in a file; None where there is none. Raises ValueError for anything else."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
