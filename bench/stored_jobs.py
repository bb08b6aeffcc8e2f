"""Very many stored jobs of 11 sub-jobs, written as rows at once instead of through the engine.

One finished tree is unfolded and rendered by the product's own code; every stored job is a copy of
it under its own uids, so each document is the true document of its rows. Copy ``number`` can be
made again at any time, which is how answers are checked.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg

from clusterwright.jobs import wire
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import ForEach, JobType, Request, Serial, Step, unfold
from clusterwright.jobs.tree import Job, JobPhase, Target

MADE = 1_767_225_600_000_000_000
"""When the copied job was made: fixed, so that a kept database can be used by a later run."""
BATCH = 5_000
"""Jobs written in one transaction."""

Row = tuple[Any, ...]

_JOB_COLUMNS = [
    "uid",
    "root_uid",
    "parent_uid",
    "position",
    "type",
    "project_id",
    "cluster_uid",
    "resource_id",
    "resource_name",
    "extend_param",
    "phase",
    "reason",
    "created_at",
    "updated_at",
]
_TREE_COLUMNS = [
    "uid",
    "project_id",
    "cluster_uid",
    "sequence",
    "epoch",
    "arguments",
    "finished_at",
    "document",
]
_NODES = ("node-a", "node-b")


async def _nothing(ctx: StepContext) -> None:
    """These jobs have ended; nobody runs them."""


async def _settled(tx: object, job: Job) -> None:
    """Nor settles them."""


_CREATE_NODE = Serial(
    "CreateNode",
    tuple(
        Step(name, _nothing, timeout=60)
        for name in ("GetPSMCert", "CreateNodeVM", "InstallNode", "InstallAddons")
    ),
)
_SCALE_UP = JobType(
    Serial(
        "ScaleupCluster",
        (
            Step("CreatePSMCert", _nothing, timeout=60, names_resource=False),
            ForEach("nodes", _CREATE_NODE),
        ),
    ),
    settle=_settled,
)


class StoredJobs:
    """``count`` copies of one finished job of a project."""

    def __init__(self, project_id: str, count: int) -> None:
        self.count = count
        asked = Request(
            job_type=_SCALE_UP,
            project_id=project_id,
            cluster_uid=_uid(0),
            target=Target(resource_name="bench"),
            groups={"nodes": tuple(Target(_uid(0), name) for name in _NODES)},
        )
        names = iter(range(1, 100))

        tree = list(unfold(asked, new_uid=lambda: _uid(next(names)), now=MADE))
        self._tree = [
            replace(job, phase=JobPhase.SUCCESS, updated_at=MADE + job.position * 1_234_567_890)
            for job in tree
        ]
        document = wire.encode(self._tree)
        for job in self._tree:
            document = document.replace(
                job.uid.encode(), b"%(" + str(job.position).encode() + b")b"
            )
        self._document = document.replace(_uid(0).encode(), b"%(cluster)b")

    def uids(self, number: int) -> list[str]:
        """The uids of a copy in stored order, the top job's first, and then its cluster's."""
        size = len(self._tree) + 1
        return [_uid(number * size + position) for position in range(size)]

    def uid(self, number: int) -> str:
        """The uid of a copy's top job."""
        return self.uids(number)[0]

    def document(self, number: int) -> bytes:
        """The document of a copy."""
        *jobs, cluster = (uid.encode() for uid in self.uids(number))
        named: dict[bytes, bytes] = {str(place).encode(): uid for place, uid in enumerate(jobs)}
        return self._document % (named | {b"cluster": cluster})

    def job_rows(self, numbers: range) -> Iterator[Row]:
        """The rows of copies in ``jobs``."""
        for number in numbers:
            *uids, cluster = self.uids(number)
            for job, uid in zip(self._tree, uids, strict=True):
                yield (
                    uid,
                    uids[0],
                    uids[_position(job.parent_uid)] if job.parent_uid else None,
                    job.position,
                    job.type,
                    job.project_id,
                    cluster,
                    cluster if job.target.resource_id else "",
                    job.target.resource_name,
                    "{}",
                    job.phase.value,
                    job.reason,
                    job.created_at,
                    job.updated_at,
                )

    def tree_rows(self, numbers: range) -> Iterator[Row]:
        """The rows of copies in ``job_trees``."""
        root = self._tree[0]
        for number in numbers:
            uids = self.uids(number)
            yield (
                uids[0],
                root.project_id,
                uids[-1],
                1,
                0,
                "{}",
                root.updated_at,
                self.document(number),
            )

    def batches(self) -> Iterator[range]:
        """The numbers of all copies, in handy portions."""
        for first in range(0, self.count, BATCH):
            yield range(first, min(first + BATCH, self.count))


def _uid(number: int) -> str:
    """A version 1 uid as the product makes them. Its time grows, so indexes grow at their end."""
    return f"{number:08x}-5d1b-11f0-8a3c-0255ac100b0c"


def _position(uid: str) -> int:
    return int(uid[:8], 16) - 1


def fill_sqlite(jobs: StoredJobs, file: Path) -> None:
    """Write all copies into a migrated SQLite file that nobody uses.

    A crash here spoils the file.
    """
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    for numbers in jobs.batches():
        connection.execute("BEGIN")
        for table, columns, rows in (
            ("jobs", _JOB_COLUMNS, jobs.job_rows(numbers)),
            ("job_trees", _TREE_COLUMNS, jobs.tree_rows(numbers)),
        ):
            marks = ",".join("?" * len(columns))
            insert = f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})"
            connection.executemany(insert, rows)
        connection.execute("COMMIT")
    connection.close()


async def fill_postgresql(jobs: StoredJobs, url: str) -> None:
    """Write all copies into a migrated PostgreSQL database."""
    connection = await asyncpg.connect(url)
    for numbers in jobs.batches():
        async with connection.transaction():
            for table, columns, rows in (
                ("jobs", _JOB_COLUMNS, jobs.job_rows(numbers)),
                ("job_trees", _TREE_COLUMNS, jobs.tree_rows(numbers)),
            ):
                await connection.copy_records_to_table(table, records=rows, columns=columns)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
