"""What came of it all: counted from the rows, the logs and what clients were told."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clusterwright.cce.clusters.store import clusters
from clusterwright.cce.nodes.store import nodes
from clusterwright.drivers.simulated.store import machines
from clusterwright.jobs.store import job_trees, jobs
from clusterwright.storage.projects import cluster_quotas
from tests.durability.evidence import connect
from tests.durability.installation import Installation
from tests.durability.load import Ledger, ServerError
from tests.durability.step_runs import StepRuns

EXAMPLES = 10
"""How many faults of each kind are told in words."""
_ID = re.compile(r"\b[0-9a-f]{8}[0-9a-f-]{24,28}\b")
_WORKING = "('PENDING', 'ENQUEUED', 'DELAYED')"


def fault(meaning: str) -> Any:
    """A count that must be zero."""
    return field(default=0, metadata={"fault": True, "meaning": meaning})


def fact(meaning: str) -> Any:
    """A count that only tells how much was tried."""
    return field(default=0, metadata={"fault": False, "meaning": meaning})


@dataclass
class Tally:
    """Counts of one run; ``faults`` tells which of them should have been zero."""

    seed: int
    events: dict[str, int]
    requests: int = fact("answers that clients got")
    acknowledged: int = fact("jobs that clients were promised by id")
    jobs: int = fact("jobs in the database, promised or not")
    cancelled: int = fact("jobs that a deletion of their cluster cancelled")
    steps: int = fact("times that a step began")
    unavailable: int = fact("503 while the database was away")
    lost: int = fault("acknowledged jobs that are unknown or have not ended")
    unended: int = fault("jobs, acknowledged or not, that have not ended")
    failed: int = fault("jobs that ended Failed though nothing was armed to fail")
    repeated: int = fault("steps that began again after their Success")
    gone_back: int = fault("phases that were read as earlier than before")
    errors: int = fault("other answers of 500 and above")
    refusals: int = fault("things that clients did not get, or not in time")
    slow_stops: int = fault("orderly stops that took longer than the grace")
    fallen: int = fault("servers that ended unasked")
    orphans: int = fault("machines without an owner, or owners without a machine")
    quota_off: int = fault("clusters that the quota counts too many or too few")
    queue_left: int = fault("workflows that the engine still holds")
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)
    """Some of the faults in words."""

    @property
    def faults(self) -> dict[str, int]:
        """The counts that should be zero and are not, by name."""
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.metadata.get("fault") and getattr(self, each.name)
        }

    def table(self) -> str:
        """The tally for people."""
        lines = [f"  {number:>8}  {name}" for name, number in sorted(self.events.items())]
        for each in fields(self):
            if each.metadata:
                number = getattr(self, each.name)
                mark = "!" if each.metadata["fault"] and number else " "
                lines.append(f"{mark} {number:>8}  {each.name}: {each.metadata['meaning']}")
        lines += [f"  {example}" for example in self.examples]
        return "\n".join([f"seed {self.seed}, {self.seconds:.0f} s", *lines])

    def document(self) -> str:
        """The tally as JSON."""
        return json.dumps(asdict(self) | {"faults": self.faults}, indent=2)


def unended(database_url: str) -> set[str]:
    """The top jobs that have not ended."""
    open_jobs = sa.select(job_trees.c.uid).where(job_trees.c.finished_at.is_(None))
    with connect(database_url) as connection:
        return set(connection.execute(open_jobs).scalars())


def come_to_rest(database_url: str, patience: float, look: Callable[[], None]) -> None:
    """Wait until every job has ended, or until none has for ``patience`` seconds."""
    left: set[str] | None = None
    deadline = time.monotonic() + patience
    while left != set() and time.monotonic() < deadline:
        look()
        now = left
        with suppress(DBAPIError):  # its connections are all taken, or it is not back yet
            now = unended(database_url)
        if now != left:
            left, deadline = now, time.monotonic() + patience
        time.sleep(0.2)


def assess(
    tally: Tally,
    installation: Installation,
    ledger: Ledger,
    runs: StepRuns,
    *,
    busy_database: bool = False,
) -> None:
    """Fill in the counts. 503 is no fault while the database is away, or ever if it is ``busy``."""
    excused = [e for e in ledger.errors if busy_database or _is_excused(e, installation)]
    excused = [e for e in excused if e.status == 503]
    errors = [e for e in ledger.errors if e not in excused]
    tally.requests, tally.steps = ledger.requests, runs.begun
    tally.unavailable, tally.errors = len(excused), len(errors)
    tally.acknowledged, tally.refusals = len(ledger.acknowledged), len(ledger.refusals)
    tally.repeated, tally.gone_back = len(runs.repeated), len(ledger.gone_back)
    tally.slow_stops, tally.fallen = len(installation.slow_stops), installation.fallen
    tell = _Teller(tally)
    tell("error", (f"{e.status} {e.text}" for e in errors))
    tell("refused", ledger.refusals)
    tell("repeated", runs.repeated)
    tell("slow stop", (f"{seconds:.1f} s" for seconds in installation.slow_stops))
    with connect(installation.database_url) as connection:
        _count_jobs(tally, tell, connection, ledger)
        _count_machines(tally, tell, connection)
        _count_quota(tally, connection)
        tally.queue_left = _queue_left(installation, connection)


def _is_excused(error: ServerError, installation: Installation) -> bool:
    return installation.was_away(error.began, error.ended)


@dataclass
class _Teller:
    tally: Tally

    def __call__(self, kind: str, found: Iterable[str]) -> None:
        # Without ids, the same fault of many things is one line.
        for what, number in Counter(_ID.sub("…", what) for what in found).most_common(EXAMPLES):
            times = f" ({number} times)" if number > 1 else ""
            self.tally.examples.append(f"{kind}: {what}{times}")


def _count_jobs(tally: Tally, tell: _Teller, connection: sa.Connection, ledger: Ledger) -> None:
    ends = {
        row.uid: row
        for row in connection.execute(
            sa.select(
                jobs.c.uid,
                jobs.c.type,
                jobs.c.phase,
                jobs.c.reason,
                job_trees.c.finished_at,
                job_trees.c.cancel_reason,
            ).join(job_trees, job_trees.c.uid == jobs.c.uid)
        )
    }
    unended = [row for row in ends.values() if row.finished_at is None]
    lost = [uid for uid in ledger.acknowledged if uid not in ends]
    all_failed = [row for row in ends.values() if row.phase == "Failed"]
    failed = [row for row in all_failed if row.cancel_reason is None]
    tally.jobs, tally.unended, tally.failed = len(ends), len(unended), len(failed)
    tally.cancelled = len(all_failed) - len(failed)
    tally.lost = len(lost) + sum(row.uid in ledger.acknowledged for row in unended)
    tell("lost", lost)
    tell("not ended", (f"{row.type} is {row.phase}" for row in unended))
    tell("failed", (f"{row.type}: {row.reason}" for row in failed))


def _count_machines(tally: Tally, tell: _Teller, connection: sa.Connection) -> None:
    # What could not be made may be there in part: only what says that it is ready must be whole.
    ready, known = set(), set()
    for row in connection.execute(sa.select(clusters.c.uid, clusters.c.masters, clusters.c.phase)):
        masters = {f"{row.uid}-master-{ordinal}" for ordinal in range(len(row.masters))}
        known |= masters
        ready |= masters if row.phase == "Available" else set()
    for node in connection.execute(sa.select(nodes.c.uid, nodes.c.phase)):
        known.add(node.uid)
        ready |= {node.uid} if node.phase == "Active" else set()
    there = sa.select(machines.c.uid).where(machines.c.gone_at.is_(None))
    found = set(connection.execute(there).scalars())
    tally.orphans = len(found - known) + len(ready - found)
    tell("machine without an owner", found - known)
    tell("owner without a machine", ready - found)


def _count_quota(tally: Tally, connection: sa.Connection) -> None:
    counted = connection.execute(
        sa.select(sa.func.coalesce(sa.func.sum(cluster_quotas.c.used), 0))
    ).scalar_one()
    actual = connection.execute(sa.select(sa.func.count()).select_from(clusters)).scalar_one()
    tally.quota_off = abs(counted - actual)


def _queue_left(installation: Installation, connection: sa.Connection) -> int:
    table = "workflow_status" if installation.postgres is None else "dbos.workflow_status"
    query = sa.text(f"SELECT count(*) FROM {table} WHERE status IN {_WORKING}")
    return int(connection.execute(query).scalar_one())
