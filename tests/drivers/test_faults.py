"""Faults fail the named step, with the given reason, exactly as often as asked."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clusterwright.document import Malformed
from clusterwright.drivers import faults
from clusterwright.drivers.contract import DriverError, Unavailable
from clusterwright.drivers.faults import FaultRequest, FaultyDriver, Kind, load_faults
from clusterwright.drivers.simulated import SimulatedDriver
from clusterwright.storage.database import Database
from tests.drivers.examples import SEAL, a_cluster, a_node


@pytest.fixture
def driver(database: Database) -> SimulatedDriver:
    return SimulatedDriver(database, SEAL, pace=0)


Serving = Callable[[str], FaultyDriver]


@pytest.fixture
def serving(driver: SimulatedDriver, database: Database) -> Serving:
    """The driver as a step of this name sees it."""
    return lambda step: FaultyDriver(driver, database, step=step)


async def arm(
    database: Database,
    step: str,
    times: int = 1,
    kind: Kind = Kind.ERROR,
    cluster: str | None = None,
) -> None:
    async with database.transaction() as tx:
        asked = FaultRequest(
            step=step, reason="No spare servers.", times=times, kind=kind, cluster=cluster
        )
        await faults.add(tx, asked)


async def remaining(database: Database) -> list[tuple[str, int]]:
    async with database.reading() as tx:
        return [(fault.step, fault.remaining) for fault in await faults.find_all(tx)]


async def test_a_fault_fails_its_step_as_often_as_asked_and_is_then_inert(
    serving: Serving, database: Database
) -> None:
    await arm(database, "InstallMaster", times=2)

    for _ in range(2):
        with pytest.raises(DriverError, match=r"^No spare servers\.$"):
            await serving("InstallMaster").ensure_control_plane(a_cluster())
    await serving("InstallMaster").ensure_control_plane(a_cluster())

    assert await remaining(database) == [("InstallMaster", 0)]


async def test_a_fault_of_a_project_strikes_no_other(serving: Serving, database: Database) -> None:
    here, elsewhere = a_cluster(), replace(a_cluster(), project_id="elsewhere")
    async with database.transaction() as tx:
        asked = FaultRequest(step="InstallMaster", reason="No spare servers.")
        await faults.add(tx, asked, project=here.project_id)

    await serving("InstallMaster").ensure_control_plane(elsewhere)

    assert await remaining(database) == [("InstallMaster", 1)]
    with pytest.raises(DriverError, match=r"^No spare servers\.$"):
        await serving("InstallMaster").ensure_control_plane(here)


async def test_a_failed_step_has_done_nothing(
    serving: Serving, driver: SimulatedDriver, database: Database
) -> None:
    await arm(database, "InstallMaster")

    with pytest.raises(DriverError):
        await serving("InstallMaster").ensure_control_plane(a_cluster())

    assert not (await driver.observe_control_plane(a_cluster())).exists


async def test_every_verb_shows_the_fault_of_the_step_it_serves(
    serving: Serving, database: Database
) -> None:
    driver = serving("Any")
    cluster = a_cluster()
    node = a_node()
    await arm(database, "Any", times=8, kind=Kind.UNAVAILABLE)

    for call in (
        lambda: driver.ensure_credentials(cluster),
        lambda: driver.ensure_control_plane(cluster),
        lambda: driver.observe_control_plane(cluster),
        lambda: driver.delete_cluster(cluster),
        lambda: driver.ensure_node(node),
        lambda: driver.observe_node(node),
        lambda: driver.delete_node(node),
        lambda: driver.kubeconfig(cluster, user="alice", lifetime_seconds=60),
    ):
        with pytest.raises(Unavailable, match="No spare servers"):
            await call()

    assert await remaining(database) == [("Any", 0)]


async def test_other_steps_and_other_clusters_are_left_alone(
    serving: Serving, driver: SimulatedDriver, database: Database
) -> None:
    await arm(database, "InstallMaster", cluster="demo")

    await driver.ensure_control_plane(a_cluster())
    await serving("CreatePSMCert").ensure_control_plane(a_cluster())
    await serving("InstallMaster").ensure_control_plane(a_cluster("c2", name="other"))

    assert await remaining(database) == [("InstallMaster", 1)]


async def test_faults_are_counted_exactly_when_many_steps_run_at_once(
    serving: Serving, database: Database
) -> None:
    await arm(database, "InstallNode", times=3)
    await arm(database, "InstallNode", times=2, kind=Kind.UNAVAILABLE)

    results = await asyncio.gather(
        *(serving("InstallNode").observe_node(a_node(f"n{n}")) for n in range(12)),
        return_exceptions=True,
    )

    assert sum(isinstance(result, DriverError) for result in results) == 3
    assert sum(isinstance(result, Unavailable) for result in results) == 2
    assert sum(not isinstance(result, BaseException) for result in results) == 7


FILE = """
- step: InstallMaster
  reason: No spare servers.
  times: 1
- {step: InstallNode, reason: Slow network., times: 2, kind: unavailable, cluster: demo}
- {step: InstallNode, reason: Slow network., times: 2, kind: unavailable, cluster: demo}
"""


async def test_a_restart_does_not_arm_again_what_was_used_up(
    serving: Serving, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(FILE)
    await load_faults(database, path)
    with pytest.raises(DriverError):
        await serving("InstallMaster").ensure_control_plane(a_cluster())

    await load_faults(database, path)

    assert await remaining(database) == [
        ("InstallMaster", 0),
        ("InstallNode", 2),
        ("InstallNode", 2),
    ]


async def test_servers_that_start_together_load_each_fault_once(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(FILE)

    await asyncio.gather(*(load_faults(database, path) for _ in range(4)))

    assert len(await remaining(database)) == 3


async def test_an_edited_file_replaces_its_faults_and_keeps_those_of_the_command_line(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(FILE)
    await arm(database, "DeleteNode")
    await load_faults(database, path)

    path.write_text("- {step: InstallMaster, reason: No spare servers., times: 5}")
    await load_faults(database, path)
    edited = await remaining(database)
    await load_faults(database, None)

    assert edited == [("DeleteNode", 1), ("InstallMaster", 5)]
    assert await remaining(database) == [("DeleteNode", 1)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- {step: A}\n- {step: B, times: many}", r"faults\.yaml, entry 2, times: "),
        ("- {reason: Why}", r"entry 1, step: Field required"),
        ("- {step: A, kind: slow}", r"entry 1, kind: "),
        ("- {step: A, tiems: 2}", r"entry 1, tiems: "),
        ("- InstallMaster", r"entry 1: "),
        ("step: A", r"Write a list"),
        ("- {", r"cannot be read"),
    ],
)
async def test_a_wrong_file_is_refused_naming_entry_and_field(
    database: Database, tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(text)

    with pytest.raises(Malformed, match=complaint):
        await load_faults(database, path)

    assert await remaining(database) == []


async def test_a_missing_file_is_refused_and_an_empty_one_holds_no_faults(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "faults.yaml"
    with pytest.raises(Malformed, match="cannot be read"):
        await load_faults(database, path)

    path.write_text("")
    await load_faults(database, path)

    assert await remaining(database) == []
