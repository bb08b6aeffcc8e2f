"""Snapshots of a cluster's state, by etcd's own programs: taken while it runs, and put back.

A snapshot holds what the API server stored, Secrets encrypted. The keys stay in the cluster's
folder, so it is of use to this cluster alone. Everything here blocks.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import components, processes, wanted
from clusterwright.drivers.local.components import Programs
from clusterwright.drivers.local.folder import Folder, read_json, write_json
from clusterwright.drivers.local.ports import HOST
from clusterwright.drivers.local.wanted import State, Wanted

PROGRAM_SECONDS = 600
STOPPING_SECONDS = 60
"""How long whoever supervises the cluster may take to stop it."""
_PAUSE = 0.05
# Clients have seen revisions that the snapshot does not know: its own must be later than those.
_REVISIONS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is in a file."""

    revision: int
    keys: int
    size: int


def look(file: Path, programs: Programs) -> Snapshot:
    """What a snapshot holds. Raises DriverError for a file that is none."""
    told = json.loads(_run([programs.path("etcdutl"), "snapshot", "status", file, "-w", "json"]))
    return Snapshot(told["revision"], told["totalKey"], told["totalSize"])


def take(folder: Folder, wish: Wanted, programs: Programs, file: Path) -> Snapshot:
    """Write the cluster's state into a new file, for its owner alone.

    Raises DriverError where the file exists, and where etcd does not answer.
    """
    if file.exists():
        raise DriverError(f"{file} exists. Choose another name.", causes.SNAPSHOT_UNUSABLE)
    if not processes.is_alive(processes.read(folder.record("etcd"))):
        raise DriverError(
            "The cluster's etcd does not run. Awake the cluster, start its server.",
            causes.NOT_READY,
        )
    pair = folder.pki / "etcd-client.pem"
    try:
        _run(
            [
                programs.path("etcdctl"),
                f"--endpoints=https://{HOST}:{wish.ports['etcd']}",
                f"--cacert={folder.pki / 'etcd-ca.crt'}",
                f"--cert={pair}",
                f"--key={pair}",
                "snapshot",
                "save",
                file,
            ]
        )
    except DriverError:
        file.with_name(f"{file.name}.part").unlink(missing_ok=True)
        raise
    return look(file, programs)


def put_back(folder: Folder, programs: Programs, file: Path) -> bool:
    """Give the cluster the state of a snapshot. Returns whether it runs again, or is about to.

    Nothing is stopped before the snapshot is known to be good, and the state that there was is
    kept until the new one is in its place. Whatever cuts it short, the same call again ends it.
    Raises DriverError.
    """
    with folder.changing():
        wish = wanted.read(folder)
        if wish is None or wish.state is State.GONE:
            raise DriverError("The cluster does not exist any more.", causes.GONE)
        new = folder.path / "etcd.new"
        shutil.rmtree(new, ignore_errors=True)
        _restore(wish, programs, file, new)
        with _standing_still(folder, wish) as runs:
            folder.exchange_state(new)
    return runs


def _restore(wish: Wanted, programs: Programs, file: Path, new: Path) -> None:
    peer = f"https://{HOST}:{wish.ports['etcd-peer']}"
    _run(
        [
            programs.path("etcdutl"),
            "snapshot",
            "restore",
            file,
            f"--data-dir={new}",
            "--name=default",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            f"--bump-revision={_REVISIONS}",
            "--mark-compacted",
        ]
    )


@contextmanager
def _standing_still(folder: Folder, wish: Wanted) -> Iterator[bool]:
    """Nothing of the cluster runs inside the block; what ran is wanted again behind it.

    Yields whether that will be at once: where a server supervises the cluster.
    """
    # What was wanted outlives us, so that the next one who tries does not take a stop for a wish.
    note = folder.path / "restoring.json"
    ran = wish.state is State.RUNNING or bool(read_json(note))
    if ran:
        write_json(note, {"state": State.RUNNING.value})
    wanted.write(folder, replace(wish, state=State.STOPPED))
    lock = folder.supervising()
    try:
        if lock is not None:
            _stop(folder)
        _wait_until_still(folder)
        yield ran and lock is None
    finally:
        if ran:
            wanted.write(folder, replace(wish, state=State.RUNNING))
            note.unlink(missing_ok=True)
        if lock is not None:
            lock.release()


def _stop(folder: Folder) -> None:
    for name in components.STOPPING_ORDER:
        processes.stop([folder.record(name)], seconds=10)


def _wait_until_still(folder: Folder) -> None:
    deadline = time.monotonic() + STOPPING_SECONDS
    while any(processes.is_alive(processes.read(path)) for path in folder.records()):
        if time.monotonic() > deadline:
            raise DriverError(
                f"The cluster did not stop within {STOPPING_SECONDS} s. Try again.",
                causes.PROGRAM_FAILED,
            )
        time.sleep(_PAUSE)


def _run(command: Sequence[str | Path]) -> str:
    """What a program prints. Raises DriverError with its last words, or where it does not end."""
    own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.environ.get("HOME", "/")}
    name, words, seconds = Path(command[0]).name, list(map(str, command)), PROGRAM_SECONDS
    try:
        done = subprocess.run(words, env=own, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise DriverError(
            f"{name} did not end within {seconds} s.", causes.PROGRAM_FAILED
        ) from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise DriverError(f"{name} failed: {lines[-1][:500]}", causes.PROGRAM_FAILED)
    return done.stdout
