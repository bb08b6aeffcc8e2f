"""Rows are locked in one order (docs/architecture.md); a crowd that wants one name proves it."""

import asyncio
import inspect
from pathlib import Path

import pytest
import sqlalchemy as sa

from clusterwright.app import REGISTRY
from clusterwright.cce.releases.store import releases, revisions
from tests import postgresql
from tests.api import whole_life
from tests.api.cloud import Cloud, cluster, open_cloud, unique
from tests.architecture.routes import ROUTES
from tests.lock_order import Hold, LockOrder, Transaction, locks, watched

WRITING = {
    route.endpoint.__qualname__
    for route in ROUTES
    if ".transaction()" in inspect.getsource(route.endpoint)
}
"""Every route with a transaction that may write, by the name of its function."""


async def test_no_two_transactions_lock_rows_in_two_orders(
    tmp_path: Path, postgresql_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text(whole_life.FAULTS)
    with postgresql.fresh_database(postgresql_server) as url, watched(monkeypatch) as order:
        async with open_cloud(tmp_path, database=url, faults=faults) as cloud:
            await whole_life.live(cloud)

    assert order.names >= WRITING
    assert order.names >= {f"{name}: Commits._write" for name in REGISTRY.types}
    found = [*order.circles(), *order.upgrades]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("one", "other", "circles"),
    [
        ("users access_keys", "access_keys users", 2),
        ("iam_revision users access_keys", "iam_revision access_keys users", 0),
        ("iam_revision users access_keys", "access_keys users", 2),
        ("iam_revision users access_keys", "access_keys iam_revision", 2),
        ("iam_revision users access_keys", "access_keys revoked_tokens", 0),
        ("clusters nodes addons", "clusters addons nodes", 0),
        ("clusters nodes addons", "addons nodes", 2),
    ],
)
def test_two_orders_are_found_unless_one_row_keeps_them_apart(
    one: str, other: str, circles: int
) -> None:
    order = LockOrder()

    for name, tables in (("one", one), ("other", other)):
        transaction = Transaction(name)
        for table in tables.split():
            order.lock(transaction, table, Hold.ALONE)

    assert len(order.circles()) == circles


def test_a_held_join_locks_the_rows_of_both_tables() -> None:
    joined = sa.select(releases.c.uid).join(revisions).with_for_update()

    assert list(locks(joined)) == [
        ("releases", Hold.ALONE),
        ("release_revisions", Hold.ALONE),
    ]


async def test_a_crowd_gets_a_name_again_as_soon_as_its_owner_is_deleted(
    tmp_path: Path, database_url: str
) -> None:
    async with open_cloud(tmp_path, database=database_url) as cloud:
        names = [unique("wanted") for _ in range(2)]

        deletions = await asyncio.gather(
            *(take_and_leave(cloud, names[n % 2], times=2) for n in range(6))
        )
        ends = [
            await cloud.call("GET", f"{cloud.project}/jobs/{uid}", expect=200)
            for made in deletions
            for uid in made
        ]

    assert [end["status"]["phase"] for end in ends] == ["Success"] * 12


async def take_and_leave(cloud: Cloud, name: str, *, times: int) -> list[str]:
    """Ask for a name until it is free, and delete its cluster. Returns the deletions' jobs."""
    deletions: list[str] = []
    while len(deletions) < times:
        made = await cloud.client.post(f"{cloud.project}/clusters", json=cluster(name))
        assert made.status_code in (201, 409), made.text
        if made.status_code == 201:
            url = f"{cloud.project}/clusters/{made.json()['metadata']['uid']}"
            gone = await cloud.call("DELETE", url, expect=200)
            deletions.append(gone["status"]["jobID"])
            await cloud.until_gone(url)
        await asyncio.sleep(0)
    return deletions


async def test_two_clusters_that_want_each_others_alias_do_not_wait_for_each_other(
    tmp_path: Path, database_url: str
) -> None:
    async with open_cloud(tmp_path, database=database_url) as cloud:
        aliases = [unique("alias"), unique("alias")]
        urls = [f"{cloud.project}/clusters/{await cloud.cluster()}" for _ in aliases]

        async def swap(url: str, start: int) -> set[int]:
            bodies = [{"metadata": {"alias": aliases[(start + n) % 2]}} for n in range(40)]
            return {(await cloud.client.put(url, json=body)).status_code for body in bodies}

        seen = await asyncio.gather(*(swap(url, start) for start, url in enumerate(urls)))

    assert set.union(*seen) <= {200, 409}
