"""What a page of the history of jobs costs, with few jobs and with a million.

Pages of the history, at its beginning and in its middle, of 20,000 jobs and of a million: *of few*
is the time of the small one divided by that of the large one.
"""

import asyncio
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from bench import report
from bench.report import Aim, Output
from bench.targets import Kind, available
from clusterwright import app  # all tables are known through it
from clusterwright.live import store
from clusterwright.live.store import Asked
from clusterwright.storage import migrations
from clusterwright.storage.database import Database
from tests import postgresql

FEW = 20_000
READS = 30
FIRST = 1_700_000_000_000_000_000
STEP = 1_000_000
"""Nanoseconds: when the first job was made, and each after the one before."""
CASES: dict[str, dict[str, Any]] = {
    "all": {},
    "failed": {"phase": "Failed"},
    "of one type": {"type": "CreateNode"},
    "of a rare type": {"type": "RareType"},
    "of one cluster": {"cluster_uid": "c77"},
    "failed of one cluster": {"cluster_uid": "c77", "phase": "Failed"},
}
_VALUES = (
    ", NULL, 0, CASE WHEN i % 1000 = 0 THEN 'RareType' WHEN i % 3 = 0 THEN 'CreateNode'"
    " ELSE 'CreateCluster' END, 'p', 'c' || (i % 20000), 'c' || (i % 20000), 'name', '{}',"
    " CASE WHEN i % 500 = 0 THEN 'Failed' ELSE 'Success' END, '', "
    f"{FIRST} + i * {STEP}, 0 FROM numbers"
)
_COLUMNS = (
    "INSERT INTO jobs (uid, root_uid, parent_uid, position, type, project_id, cluster_uid,"
    " resource_id, resource_name, extend_param, phase, reason, created_at, updated_at)"
)


def main(
    jobs: Annotated[int, typer.Option(help="Jobs of the large history.", min=FEW)] = 1_000_000,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
) -> None:
    """Measure pages at the beginning and in the middle of a small and of a large history."""
    assert app.REGISTRY.types
    rows = []
    with tempfile.TemporaryDirectory(prefix="clusterwright-bench-") as scratch, ExitStack() as on:
        for kind in available():
            for count in (FEW, jobs):
                url = f"sqlite:///{Path(scratch) / f'{count}.db'}"
                if kind is Kind.POSTGRESQL:
                    programs = postgresql.binaries()
                    assert programs is not None
                    base = on.enter_context(postgresql.server(programs))
                    url = on.enter_context(postgresql.fresh_database(base))
                rows += asyncio.run(_measure(kind, url, count))
    few = {row["figure"]: row["ms"] for row in rows if row["jobs"] == FEW}
    for row in rows:
        row["of few"] = few[row["figure"]] / row["ms"]
    slowest = min(row["of few"] for row in rows if row["jobs"] == jobs)
    rows.append({"figure": "the page that lost most", "jobs": jobs, "ms": 0.0, "of few": slowest})
    report.show(
        output, report.conditions(), rows, [Aim("the page that lost most", "of few", least=0.5)]
    )


async def _measure(kind: Kind, url: str, count: int) -> list[dict[str, Any]]:
    migrations.migrate(sa.make_url(url))
    database = Database(url)
    try:
        async with database.transaction() as tx:
            await tx.execute(sa.text(_fill(kind, count)))
        async with database.transaction() as tx:
            await tx.execute(sa.text("ANALYZE jobs"))
        middle = (FIRST + count * STEP // 2, count)
        return [
            {
                "figure": f"{kind}, {name}, {place}",
                "jobs": count,
                "ms": await _page(database, Asked(project_id="p", before=before, **asked)),
            }
            for name, asked in CASES.items()
            for place, before in (("first page", None), ("in the middle", middle))
        ]
    finally:
        await database.dispose()


def _fill(kind: Kind, count: int) -> str:
    ending = "'-0000-4000-8000-000000000000'"
    if kind is Kind.SQLITE:
        uid = f"printf('%08d', i) || {ending}"
        numbers = (
            "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers"
            f" WHERE i < {count}) "
        )
        return f"{numbers}{_COLUMNS} SELECT {uid}, {uid}{_VALUES}"
    uid = f"lpad(i::text, 8, '0') || {ending}"
    numbers = f" WITH numbers AS (SELECT i FROM generate_series(1::bigint, {count}) i)"
    return f"{_COLUMNS}{numbers} SELECT {uid}, {uid}{_VALUES}"


async def _page(database: Database, asked: Asked) -> float:
    """Milliseconds of one page, as the median of many reads."""
    times = []
    for _ in range(READS):
        async with database.reading() as tx:
            began = time.perf_counter()
            await store.history(tx, asked)
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    typer.run(main)
