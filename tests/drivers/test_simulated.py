"""What only the simulated driver promises: pace, seed, addresses and rows that last."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509

from clusterwright.drivers import faults
from clusterwright.drivers.contract import ControlPlane, DriverError, Machine, Unavailable
from clusterwright.drivers.simulated import SimulatedDriver, store
from clusterwright.drivers.simulated.store import CertificateKey
from clusterwright.storage import limits
from clusterwright.storage.database import Database
from tests.drivers.examples import SEAL, Clock, a_cluster, a_node

DAY = 86_400
TABLES = (store.clusters, store.machines, store.certificates, faults.faults)


@pytest.fixture
def driver(database: Database, clock: Clock) -> SimulatedDriver:
    return SimulatedDriver(database, SEAL, clock=clock)


async def rows(database: Database) -> Mapping[str, list[Any]]:
    async with database.reading() as tx:
        return {
            table.name: [tuple(row) for row in await tx.execute(sa.select(table))]
            for table in TABLES
        }


async def timeline(driver: SimulatedDriver, clock: Clock) -> list[ControlPlane | Machine]:
    """A cluster and its node, observed every tenth of a second for seven seconds."""
    await driver.ensure_credentials(a_cluster())
    await driver.ensure_control_plane(a_cluster())
    await driver.ensure_node(a_node())
    seen: list[ControlPlane | Machine] = []
    for _ in range(70):
        seen.append(await driver.observe_control_plane(a_cluster()))
        seen.append(await driver.observe_node(a_node()))
        clock.advance(0.1)
    await driver.delete_cluster(a_cluster())
    clock.advance(60)
    return seen


async def test_masters_become_ready_one_after_the_other(
    driver: SimulatedDriver, clock: Clock
) -> None:
    seen = await timeline(driver, clock)

    planes = [one for one in seen if isinstance(one, ControlPlane)]
    assert {len(plane.masters) for plane in planes} == {0, 1, 2, 3}
    assert [plane.ready for plane in planes] == [len(plane.masters) == 3 for plane in planes]
    assert 2.8 <= [plane.ready for plane in planes].index(True) / 10 <= 3.3


async def test_a_node_has_its_server_before_it_joins(driver: SimulatedDriver, clock: Clock) -> None:
    seen = await timeline(driver, clock)

    machines = [one for one in seen if isinstance(one, Machine)]
    assert 1.3 <= [machine.created for machine in machines].index(True) / 10 <= 1.8
    assert 2.7 <= [machine.ready for machine in machines].index(True) / 10 <= 3.4


async def test_the_same_seed_repeats_everything_and_another_seed_does_not(
    database: Database, clock: Clock
) -> None:
    first = await timeline(SimulatedDriver(database, SEAL, seed=7, clock=clock), clock)
    again = await timeline(SimulatedDriver(database, SEAL, seed=7, clock=clock), clock)
    other = await timeline(SimulatedDriver(database, SEAL, seed=8, clock=clock), clock)

    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("pace", "waiting", "done"), [(1, 2.8, 3.2), (2, 1.4, 1.6), (30, 0.08, 0.11)]
)
async def test_a_cluster_takes_three_seconds_divided_by_the_pace(
    database: Database, clock: Clock, pace: float, waiting: float, done: float
) -> None:
    driver = SimulatedDriver(database, SEAL, pace=pace, clock=clock)
    await driver.ensure_control_plane(a_cluster())

    clock.advance(waiting)
    early = await driver.observe_control_plane(a_cluster())
    clock.advance(done - waiting)
    late = await driver.observe_control_plane(a_cluster())

    assert not early.ready
    assert late.ready


async def test_masters_are_upgraded_one_after_the_other_and_stay_ready(
    driver: SimulatedDriver, clock: Clock
) -> None:
    newer = replace(a_cluster(), version="v1.32.4-r0")
    await driver.ensure_control_plane(a_cluster())
    clock.advance(4)
    seen: list[ControlPlane] = []

    for _ in range(35):  # asking again does not begin again
        await driver.ensure_control_plane(newer)
        seen.append(await driver.observe_control_plane(newer))
        clock.advance(0.1)

    assert all(plane.ready for plane in seen)
    assert [plane.version for plane in seen] == ["v1.31"] * 30 + ["v1.32"] * 5


async def test_a_master_that_an_earlier_release_began_is_upgraded_at_once(
    driver: SimulatedDriver, database: Database, clock: Clock
) -> None:
    await driver.ensure_control_plane(a_cluster())
    clock.advance(4)
    async with database.transaction() as tx:
        await tx.execute(sa.update(store.machines).values(version=""))
    assert (await driver.observe_control_plane(a_cluster())).version == "v1.31"

    newer = replace(a_cluster(), version="v1.32")
    await driver.ensure_control_plane(newer)

    assert (await driver.observe_control_plane(newer)).version == "v1.32"


async def test_pace_zero_is_at_once(database: Database, clock: Clock) -> None:
    driver = SimulatedDriver(database, SEAL, pace=0, clock=clock)
    await driver.ensure_control_plane(a_cluster())
    await driver.ensure_node(a_node())

    plane = await driver.observe_control_plane(a_cluster())
    machine = await driver.observe_node(a_node())
    await driver.delete_cluster(a_cluster())

    assert plane.ready
    assert machine.ready
    assert not any((await rows(database)).values())


async def test_promises_outlive_the_process_that_made_them(
    driver: SimulatedDriver, database: Database, clock: Clock
) -> None:
    await driver.ensure_control_plane(a_cluster())
    before = await driver.observe_control_plane(a_cluster())

    restarted = SimulatedDriver(database, SEAL, pace=50, seed=99, clock=clock)
    await restarted.ensure_control_plane(a_cluster())

    assert await restarted.observe_control_plane(a_cluster()) == before


async def test_observing_changes_nothing(
    driver: SimulatedDriver, database: Database, clock: Clock
) -> None:
    await driver.ensure_control_plane(a_cluster())
    await driver.ensure_node(a_node())
    await driver.delete_node(a_node())
    before = await rows(database)

    for _ in range(3):
        await driver.observe_control_plane(a_cluster())
        await driver.observe_node(a_node())
        clock.advance(10)

    assert await rows(database) == before


async def test_a_deleted_cluster_exists_for_a_second_and_a_node_for_half(
    driver: SimulatedDriver, clock: Clock
) -> None:
    await driver.ensure_control_plane(a_cluster())
    await driver.ensure_node(a_node())
    clock.advance(10)

    await driver.delete_node(a_node())
    clock.advance(0.4)
    going = await driver.observe_node(a_node())
    clock.advance(0.1)
    gone = await driver.observe_node(a_node())

    assert (going.exists, going.ready) == (True, False)
    assert not gone.exists

    await driver.delete_cluster(a_cluster())
    clock.advance(0.9)
    leaving = await driver.observe_control_plane(a_cluster())
    clock.advance(0.1)
    left = await driver.observe_control_plane(a_cluster())

    assert (leaving.exists, leaving.ready) == (True, False)
    assert not left.exists


async def test_deleting_again_does_not_put_the_end_off(
    driver: SimulatedDriver, clock: Clock
) -> None:
    await driver.ensure_control_plane(a_cluster())
    await driver.delete_cluster(a_cluster())
    clock.advance(0.9)

    await driver.delete_cluster(a_cluster())
    clock.advance(0.1)

    assert not (await driver.observe_control_plane(a_cluster())).exists


async def test_what_is_being_removed_cannot_be_made_until_it_is_gone(
    driver: SimulatedDriver, clock: Clock
) -> None:
    await driver.ensure_control_plane(a_cluster())
    await driver.ensure_node(a_node())
    await driver.delete_node(a_node())

    with pytest.raises(Unavailable, match="still being removed"):
        await driver.ensure_node(a_node())
    clock.advance(1)
    await driver.ensure_node(a_node())
    await driver.delete_cluster(a_cluster())

    with pytest.raises(Unavailable, match="still being removed"):
        await driver.ensure_control_plane(a_cluster())
    with pytest.raises(DriverError, match="does not exist"):
        await driver.ensure_node(a_node("n2"))


async def test_a_node_that_was_removed_can_be_made_in_another_cluster(
    driver: SimulatedDriver, clock: Clock
) -> None:
    there = a_cluster("c2", name="other")
    await driver.ensure_control_plane(a_cluster())
    await driver.ensure_control_plane(there)
    await driver.ensure_node(a_node())
    await driver.delete_node(a_node())

    with pytest.raises(Unavailable, match="still being removed"):
        await driver.ensure_node(a_node(cluster=there))
    clock.advance(1)
    await driver.ensure_node(a_node(cluster=there))
    clock.advance(60)

    assert (await driver.observe_node(a_node(cluster=there))).ready


async def test_addresses_of_masters_and_nodes_never_collide(
    database: Database, clock: Clock
) -> None:
    driver = SimulatedDriver(database, SEAL, pace=0, clock=clock)
    await driver.ensure_control_plane(a_cluster())

    # As many as make two of them draw the same address: 65,000 addresses, birthday paradox.
    for number in range(400):
        await driver.ensure_node(a_node(f"n{number}"))

    addresses = [row[4] for row in (await rows(database))["simulated_machines"]]
    assert len(addresses) == len(set(addresses)) == 403
    assert all(address.startswith("192.168.") for address in addresses)


async def test_a_deleted_cluster_leaves_no_rows_behind_when_the_next_one_begins(
    driver: SimulatedDriver, database: Database, clock: Clock
) -> None:
    await driver.ensure_credentials(a_cluster())
    await driver.ensure_control_plane(a_cluster())
    await driver.ensure_node(a_node())
    await driver.kubeconfig(a_cluster(), user="alice", lifetime_seconds=DAY)
    await driver.delete_cluster(a_cluster())
    clock.advance(2)

    await driver.ensure_credentials(a_cluster("c2"))

    left = str(await rows(database))
    assert "'c2'" in left
    assert "'c1'" not in left


async def server_names(database: Database) -> list[str]:
    async with database.reading() as tx:
        stored = await store.certificate(tx, CertificateKey(cluster_uid="c1", role="server"), SEAL)
    assert stored is not None
    loaded = x509.load_pem_x509_certificate(stored.pair.certificate.encode())
    names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


async def test_the_server_certificate_covers_the_endpoint_and_follows_the_names_asked_for(
    driver: SimulatedDriver, database: Database
) -> None:
    await driver.ensure_credentials(a_cluster())
    await driver.ensure_control_plane(a_cluster())
    endpoint = (await driver.observe_control_plane(a_cluster())).endpoint
    before = await server_names(database)

    await driver.ensure_credentials(a_cluster(san=("api.example.com", "203.0.113.7")))
    after = await server_names(database)

    assert endpoint.removeprefix("https://").removesuffix(":5443") in before
    assert {*after} - {*before} == {"api.example.com", "203.0.113.7"}


async def test_a_name_that_no_certificate_can_carry_fails_the_step_in_words(
    driver: SimulatedDriver,
) -> None:
    with pytest.raises(DriverError, match="No server certificate can be made"):
        await driver.ensure_credentials(a_cluster(san=("bücher.de",)))


async def test_of_a_user_who_asks_for_ever_other_lifetimes_the_last_certificates_are_kept(
    driver: SimulatedDriver, clock: Clock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "KEPT_CERTIFICATES", 3)
    await driver.ensure_credentials(a_cluster())
    await driver.ensure_control_plane(a_cluster())
    clock.advance(60)

    async def ask(user: str, days: int) -> str:
        clock.advance(1)
        lifetime = days * DAY
        granted = await driver.kubeconfig(a_cluster(), user=user, lifetime_seconds=lifetime)
        return granted.client_certificate

    other = await ask("bob", 1)
    made = [await ask("alice", days) for days in range(9, 2, -1)]
    again = [await ask("alice", days) for days in range(5, 2, -1)]

    assert again == made[-3:]
    assert await ask("bob", 1) == other
    users = [row[3] for row in (await rows(database))["simulated_certificates"]]
    assert users.count("alice") == 3


async def test_a_client_certificate_is_replaced_at_half_of_its_lifetime(
    driver: SimulatedDriver, clock: Clock
) -> None:
    await driver.ensure_credentials(a_cluster())
    await driver.ensure_control_plane(a_cluster())

    first = await driver.kubeconfig(a_cluster(), user="alice", lifetime_seconds=DAY)
    clock.advance(DAY / 2)
    same = await driver.kubeconfig(a_cluster(), user="alice", lifetime_seconds=DAY)
    clock.advance(1)
    renewed = await driver.kubeconfig(a_cluster(), user="alice", lifetime_seconds=DAY)

    assert first == same
    assert renewed.client_certificate != first.client_certificate
    assert renewed.ca == first.ca


async def test_what_rotation_and_revocation_have_replaced_is_forgotten(
    driver: SimulatedDriver, database: Database
) -> None:
    async def ask(credentials: int, generation: int) -> None:
        cluster = replace(a_cluster(), credentials=credentials)
        await driver.ensure_credentials(cluster)
        await driver.kubeconfig(cluster, user="alice", lifetime_seconds=DAY, generation=generation)

    await driver.ensure_control_plane(a_cluster())
    for generation in range(3):
        await ask(0, generation)
    for credentials in range(3):
        await ask(credentials, 2)

    kept = await rows(database)
    assert {(row[1], row[2], row[5]) for row in kept["simulated_certificates"]} == {
        ("authority", 1, 0),
        ("authority", 2, 0),
        ("server", 1, 0),
        ("server", 2, 0),
        ("client", 1, 2),
        ("client", 2, 2),
    }
