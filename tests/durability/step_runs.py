"""Tells from rows and logs whether a step that had succeeded ever ran again, at any server."""

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clusterwright.jobs.store import job_trees, jobs
from tests.durability.evidence import connect

_LINE = re.compile(r"running a (?:job job=(?P<job>\S+)|step job=(?P<root>\S+) step=(?P<step>\S+))")

Left = dict[str, Counter[str]]
"""By top job: how many of its steps were not Success, by name."""


@dataclass
class _Life:
    """One worker's run of one job."""

    allowed: Counter[str] | None
    """The steps that were not Success before it began; None when nobody looked in time."""
    begun: Counter[str] = field(default_factory=Counter)


class StepRuns:
    """A witness that has to ``look`` now and then.

    Whatever a job's run begins cannot be more than what was left when somebody looked before that
    run: what a look finds Success must not begin in any run after it.
    """

    def __init__(self, database_url: str, logs: Iterable[Path]) -> None:
        self.begun = 0
        """Steps begun, resumed ones once for each time."""
        self.repeated: list[str] = []
        """Steps begun again after their Success."""
        self._database_url = database_url
        self._read: dict[Path, int] = dict.fromkeys(logs, 0)
        self._left: Left = {}
        self._lives: dict[tuple[Path, str], _Life] = {}

    def look(self) -> None:
        """Judge what has been logged since the last look by the rows that look found."""
        # The rows first: a step that begins after them and before the logs are read is judged by
        # the rows before, which can only be too lenient.
        found: Left | None = None
        with suppress(DBAPIError):  # the database is away: the rows of the last look still hold
            found = self._steps_left()
        for log in self._read:
            for line in self._new_lines(log):
                self._judge(log, line)
        if found is not None:
            # A job that is not unfinished any more has nothing left for ever.
            self._left = {job: Counter() for job in self._left} | found

    def _steps_left(self) -> Left:
        rows = sa.select(jobs.c.root_uid, jobs.c.uid, jobs.c.parent_uid, jobs.c.type, jobs.c.phase)
        unfinished = rows.join(job_trees, job_trees.c.uid == jobs.c.root_uid).where(
            job_trees.c.finished_at.is_(None)
        )
        with connect(self._database_url) as connection:
            found = connection.execute(unfinished).all()
        parents = {row.parent_uid for row in found}
        left: Left = {row.root_uid: Counter() for row in found}
        for row in found:
            if row.uid not in parents and row.phase != "Success":
                left[row.root_uid][row.type] += 1
        return left

    def _new_lines(self, log: Path) -> list[str]:
        with log.open("rb") as file:
            file.seek(self._read[log])
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read[log] += len(whole) + len(newline)
        return whole.decode(errors="replace").splitlines()

    def _judge(self, log: Path, line: str) -> None:
        match = _LINE.search(line)
        if match is None:
            return
        if job := match["job"]:
            self._lives[log, job] = _Life(self._left.get(job))
            return
        self.begun += 1
        life, step = self._lives[log, match["root"]], match["step"]
        life.begun[step] += 1
        if life.allowed is not None and life.begun[step] > life.allowed[step]:
            self.repeated.append(f"{step} of job {match['root']}")
