"""A bench for jobs: the rows that each job type needs, and executions without the engine.

A slice joins by one more entry of ``SUBMISSIONS``: how a caller gets such a job.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from clusterwright.app import REGISTRY
from clusterwright.cce.clusters import operations, store
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.clusters.wire import ClusterToCreate
from clusterwright.drivers import faults
from clusterwright.drivers.contract import Drivers
from clusterwright.drivers.faults import FaultRequest, Kind
from clusterwright.iam.caller import Caller
from clusterwright.jobs import store as jobs
from clusterwright.jobs.execution import Execution
from clusterwright.jobs.plan import Action, Branch, ForEach, JobType, Step
from clusterwright.jobs.reader import Reader
from clusterwright.jobs.tree import Tree
from clusterwright.storage.database import Database, Tx, metadata
from tests.job_documents import Document
from tests.jobs import (
    addon_jobs,
    image_cache_jobs,
    lifecycle_jobs,
    node_jobs,
    release_jobs,
)
from tests.kit import cluster_body

PROJECT = "0" * 32
CALLER = Caller(
    user_id="u", user_name="tester", domain_id="d", domain_name="testers", project_id=PROJECT
)
TIMES = 1_000_000
"""More faults than any job meets."""


class WatchedDatabase(Database):
    """A database that calls ``at_commit`` right before and right after each commit."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.outbox = nothing_promised
        self.at_commit = nothing

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """As Database promises."""
        async with super().transaction() as tx:
            yield tx
            await self.at_commit()
        await self.at_commit()


async def nothing() -> None:
    """What happens at a commit that nobody watches."""


async def nothing_promised(tx: Tx, **what: Any) -> None:
    """The outbox of a bench: tests run the jobs themselves."""


@dataclass
class Bench:
    """One database with a simulated driver, and jobs run by hand."""

    database: WatchedDatabase
    drivers: Drivers
    reader: Reader
    clusters: list[str] = field(default_factory=list)
    """Uids of the clusters that submissions have made."""

    async def submit(self, job_type: str) -> str:
        """Promise a job of this type through its slice's operations. Returns the top uid."""
        entry = SUBMISSIONS.get(job_type)
        assert entry is not None, (
            f"tests/jobs/bench.py does not know how to submit {job_type}: add it to SUBMISSIONS."
        )
        return await entry(self)

    async def take_over(self, uid: str) -> Tree:
        """The tree, held by whoever asked last."""
        async with self.database.transaction() as tx:
            tree = await jobs.take_over(tx, uid)
        assert tree is not None
        return tree

    async def execution(self, uid: str, job_type: JobType | None = None) -> Execution:
        """A worker that has taken the job over; ``job_type`` may have other actions."""
        tree = await self.take_over(uid)
        known = job_type or REGISTRY.types[tree.root.type]
        return Execution(tree, known, database=self.database, drivers=self.drivers)

    async def run(self, uid: str, job_type: JobType | None = None) -> Document:
        """Run the job to its end and return its document."""
        await (await self.execution(uid, job_type)).run()
        return await self.document(uid)

    async def document(self, uid: str) -> Document:
        """The job as clients read it."""
        found = await self.reader.read(uid, project_id=PROJECT)
        assert found is not None, f"job {uid} cannot be read"
        document: Document = msgspec.json.decode(found)
        return document

    async def cluster(self, uid: str = "") -> Cluster | None:
        """A cluster's row; without ``uid`` that of the newest cluster."""
        async with self.database.reading() as tx:
            return await store.get(tx, uid or self.clusters[-1], project_id=PROJECT)

    async def delete_cluster(self) -> str:
        """Promise the newest cluster's end. Returns the job's uid."""
        newest = await self.cluster()
        caller = replace(CALLER, autopilot=newest is not None and newest.autopilot)
        async with self.database.transaction() as tx:
            _, uid = await operations.delete(tx, caller, self.clusters[-1], options={})
        return uid

    async def arm(self, step: str, kind: Kind = Kind.ERROR, times: int = TIMES) -> str:
        """Make a step of every cluster fail. Returns the reason that will be shown."""
        reason = f"No spare servers for {step}."
        async with self.database.transaction() as tx:
            await faults.add(tx, FaultRequest(step=step, reason=reason, times=times, kind=kind))
        return reason

    async def disarm(self) -> int:
        """Clear the one armed fault. Returns how often it was shown."""
        async with self.database.transaction() as tx:
            (fault,) = await faults.find_all(tx)
            await faults.clear(tx)
        return TIMES - fault.remaining

    async def rows(self, *, prefix: str = "") -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, or of those whose name starts with ``prefix``."""
        async with self.database.reading() as tx:
            return {
                table.name: sorted(
                    tuple(map(repr, row)) for row in await tx.execute(table.select())
                )
                for table in metadata.sorted_tables
                if table.name.startswith(prefix)
            }

    async def leftovers(self) -> dict[str, list[tuple[Any, ...]]]:
        """What the driver still keeps of the newest cluster."""
        found = await self.rows(prefix="simulated_")
        others = {repr(uid) for uid in self.clusters[:-1]}
        mine = {
            name: [row for row in rows if others.isdisjoint(row)] for name, rows in found.items()
        }
        return {name: rows for name, rows in mine.items() if rows and name != "simulated_faults"}


async def create_cluster(bench: Bench) -> str:
    number = len(bench.clusters) + 1
    body = cluster_body(f"bench-{number}", flavor="cce.s2.small", version="v1.33")
    asked = ClusterToCreate.parse(msgspec.json.encode(body))
    async with bench.database.transaction() as tx:
        made = await operations.create(
            tx, CALLER, asked, driver="simulated", quota=TIMES, trusting=True
        )
    bench.clusters.append(made.uid)
    return made.job_uid


async def delete_cluster(bench: Bench) -> str:
    await bench.run(await create_cluster(bench))
    return await bench.delete_cluster()


SUBMISSIONS: Mapping[str, Callable[[Bench], Awaitable[str]]] = {
    "CreateCluster": create_cluster,
    "DeleteCluster": delete_cluster,
    **node_jobs.SUBMISSIONS,
    **lifecycle_jobs.SUBMISSIONS,
    **addon_jobs.SUBMISSIONS,
    **release_jobs.SUBMISSIONS,
    **image_cache_jobs.SUBMISSIONS,
}
"""How each job type is submitted, resources and all."""


def changed(job_type: JobType, change: Callable[[Step], Step]) -> JobType:
    """The job type with every step changed."""
    root = _changed(job_type.root, change)
    assert not isinstance(root, Step)
    return replace(job_type, root=root)


def _changed(node: Branch, change: Callable[[Step], Step]) -> Branch:
    if isinstance(node, Step):
        return change(node)
    members = tuple(
        replace(member, member=_changed(member.member, change))
        if isinstance(member, ForEach)
        else _changed(member, change)
        for member in node.members
    )
    return replace(node, members=members)


def with_action(job_type: JobType, name: str, action: Action, **values: Any) -> JobType:
    """The job type with another action, and maybe timeout, in its step ``name``."""

    def change(step: Step) -> Step:
        return replace(step, action=action, **values) if step.name == name else step

    return changed(job_type, change)
