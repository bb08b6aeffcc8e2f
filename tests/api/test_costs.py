"""What requests and jobs cost the database, counted: a bound here holds on every machine.

A bound may fall. Whoever must raise one says in the commit what the new statement is for.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from clusterwright.jobs import reader
from clusterwright.storage.sqlite import read_only_connection
from tests.api.cloud import Cloud, cluster, open_cloud, unique
from tests.api.nodes_examples import node

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHASE = "status.phase"
CLUSTERS = 10

CREATE_CLUSTER = 14
READ = 3
JOB = 29
JOB_BESIDES_STEPS = 5

HOUSEKEEPING = 5
"""What the server may do of its own accord meanwhile; less than one for each job."""

BY_THE_CLOCK = ("SELECT iam_revision.", "SELECT job_trees.cancel_reason")
"""What is looked at again and again, so that its number says how long a test took."""

TURNS = 5
"""Turns of the loop in which all who wait for one commit have heard of it."""

_in_request: ContextVar[bool] = ContextVar("in_request", default=False)


@dataclass
class Costs:
    """What was executed in the server's loop while somebody counted."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0
    """Of transactions that wrote: each is a wait for the disk."""


@contextmanager
def counting(*, requests: bool) -> Iterator[Costs]:
    """Count what requests execute that are sent in this block, or what everything else does."""
    costs = Costs()
    loop_thread = threading.get_ident()

    def is_counted() -> bool:
        return threading.get_ident() == loop_thread and _in_request.get() == requests

    def execute(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if is_counted() and not statement.startswith(BY_THE_CLOCK):
            costs.statements.append(statement)
            if not statement.startswith("SELECT"):
                connection.info["has_written"] = True

    def begin(connection: sa.Connection) -> None:
        connection.info["has_written"] = False

    def commit(connection: sa.Connection) -> None:
        # In another thread where the disk is slow.
        costs.commits += connection.info.pop("has_written", False)

    listeners: dict[str, Callable[..., None]] = {
        "begin": begin,
        "before_cursor_execute": execute,
        "commit": commit,
    }
    token = _in_request.set(True)
    for name, listener in listeners.items():
        sa.event.listen(sa.Engine, name, listener)
    try:
        yield costs
    finally:
        for name, listener in listeners.items():
            sa.event.remove(sa.Engine, name, listener)
        _in_request.reset(token)


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.parametrize(("kept", "statements"), [(0, 3), (128, 0)], ids=["kept nowhere", "kept"])
async def test_a_job_is_read_by_one_statement_and_again_by_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int, statements: int
) -> None:
    executed: list[str] = []

    def traced(path: Path) -> sqlite3.Connection:
        connection = read_only_connection(path)
        connection.set_trace_callback(executed.append)
        return connection

    monkeypatch.setattr(reader, "read_only_connection", traced)
    async with open_cloud(tmp_path, kept_jobs_mib=kept) as cloud:
        body = cluster(unique("c"))
        made = await cloud.call("POST", f"{cloud.project}/clusters", body, expect=201)
        path = f"{cloud.project}/jobs/{made['status']['jobID']}"
        last = await cloud.until(path, PHASE, "Success")
        # Requests write after the job's last transaction, and then it is over; whoever waited
        # for its commit hears of that some turns of the loop later.
        await cloud.call("POST", f"{cloud.project}/clusters", cluster(unique("c")), expect=201)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        await cloud.call("GET", path, expect=200)
        executed.clear()
        with counting(requests=True) as costs:
            again = [await cloud.call("GET", path, expect=200) for _ in range(3)]

    assert again == [last] * 3
    assert (len(executed), costs.statements, costs.commits) == (statements, [], 0)


async def test_a_creation_costs_one_commit_and_a_bounded_number_of_statements(
    shared_cloud: Cloud,
) -> None:
    with counting(requests=True) as costs:
        await shared_cloud.call(
            "POST", f"{shared_cloud.project}/clusters", cluster(unique("c")), expect=201
        )

    assert costs.commits == 1
    assert len(costs.statements) <= CREATE_CLUSTER, "\n".join(costs.statements)


async def test_reads_cost_a_bounded_number_of_statements_however_long_the_list(
    shared_cloud: Cloud,
) -> None:
    uid = await shared_cloud.cluster()
    below = f"{shared_cloud.project}/clusters/{uid}"
    found = {}
    for count in (1, 3):
        made = await shared_cloud.call("POST", f"{below}/nodes", node(count=count), expect=201)
        await shared_cloud.until(
            f"{shared_cloud.project}/jobs/{made['status']['jobID']}", PHASE, "Success"
        )
        for path in (below, f"{below}/nodes", f"{shared_cloud.project}/clusters"):
            with counting(requests=True) as costs:
                await shared_cloud.call("GET", path, expect=200)
            found[path, count] = len(costs.statements)
            assert costs.commits == 0
            assert len(costs.statements) <= READ, "\n".join(costs.statements)
    assert all(found[path, 1] == number for (path, _), number in found.items())


async def test_a_job_of_k_steps_costs_k_commits_and_a_few(shared_cloud: Cloud) -> None:
    with counting(requests=False) as costs:
        jobs = [
            await shared_cloud.call(
                "POST", f"{shared_cloud.project}/clusters", cluster(unique("c")), expect=201
            )
            for _ in range(CLUSTERS)
        ]
        for made in jobs:
            await shared_cloud.until(
                f"{shared_cloud.project}/jobs/{made['status']['jobID']}", PHASE, "Success"
            )

    steps = 2
    assert costs.commits <= CLUSTERS * (steps + JOB_BESIDES_STEPS) + HOUSEKEEPING
    assert len(costs.statements) <= CLUSTERS * JOB + HOUSEKEEPING, "\n".join(
        sorted(costs.statements)
    )
