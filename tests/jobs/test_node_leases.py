"""What only one node can have, at the moment in which two ask for it."""

import pytest

from clusterwright.cce.nodes import leases
from tests.jobs import node_jobs
from tests.jobs.bench import PROJECT, Bench


@pytest.mark.parametrize("place", range(3))
async def test_who_comes_too_late_is_told_what_another_node_has_taken(
    bench: Bench, place: int
) -> None:
    _, (first, second) = await node_jobs.nodes(bench)
    wanted = [leases.address("a-subnet", f"10.0.0.{number}") for number in (7, 8, 9)]
    async with bench.database.transaction() as tx:
        await leases.take(tx, {first: [wanted[place]]}, project_id=PROJECT)

    with pytest.raises(leases.Taken) as refusal:
        async with bench.database.transaction() as tx:
            await leases.take(tx, {second: wanted}, project_id=PROJECT)

    assert str(refusal.value) == wanted[place].told


async def test_what_two_nodes_of_one_request_want_is_taken_too(bench: Bench) -> None:
    _, (first, second) = await node_jobs.nodes(bench)
    wanted = leases.address("a-subnet", "10.0.0.7")

    with pytest.raises(leases.Taken, match=r"^10\.0\.0\.7$"):
        async with bench.database.transaction() as tx:
            await leases.take(tx, {first: [wanted], second: [wanted]}, project_id=PROJECT)
