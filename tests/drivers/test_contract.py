"""The contract that every driver keeps. A driver joins with one more parameter of ``driver``."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate

from clusterwright.drivers.contract import Driver, DriverError, Kubeconfig, Unavailable
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.simulated import SimulatedDriver
from tests import kubernetes
from tests.drivers import local_host, real_nodes
from tests.drivers.examples import SEAL, a_cluster, a_node
from tests.drivers.local_host import eventually
from tests.drivers.simulation import database_of

DAY = 86_400

Begin = Callable[[Driver], Awaitable[object]]

HALF_BUILT: dict[str, tuple[Begin, ...]] = {
    "nothing": (),
    "credentials": (lambda d: d.ensure_credentials(a_cluster()),),
    "control plane without credentials": (lambda d: d.ensure_control_plane(a_cluster()),),
    "control plane": (
        lambda d: d.ensure_credentials(a_cluster()),
        lambda d: d.ensure_control_plane(a_cluster()),
    ),
    "nodes": (
        lambda d: d.ensure_credentials(a_cluster()),
        lambda d: d.ensure_control_plane(a_cluster()),
        lambda d: d.ensure_node(a_node("n1")),
        lambda d: d.ensure_node(a_node("n2")),
        lambda d: d.delete_node(a_node("n2")),
    ),
}


GROUPS = {SimulatedDriver: "system:masters", LocalDriver: "cce:admins"}
"""What each driver makes its clients."""

pytestmark = kubernetes.needs_kubernetes


DRIVERS = (
    "simulated on sqlite",
    "simulated on postgresql",
    "local",
    pytest.param("local with real nodes", marks=kubernetes.takes_minutes),
)


@pytest.fixture(params=DRIVERS)
async def driver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Driver]:
    if request.param == "local":
        async with local_host.driver(tmp_path / "local") as local:
            yield local
    elif request.param == "local with real nodes":
        async with real_nodes.driver(tmp_path / "local") as real:
            yield real
    else:
        async with database_of(request, request.param.split()[-1], tmp_path) as database:
            yield SimulatedDriver(database, SEAL, pace=0)


async def build(driver: Driver) -> None:
    await driver.ensure_credentials(a_cluster())
    await driver.ensure_control_plane(a_cluster())
    await eventually(lambda: is_ready(driver))


async def is_ready(driver: Driver) -> bool:
    return (await driver.observe_control_plane(a_cluster())).ready


async def is_gone(driver: Driver) -> bool:
    return not (await driver.observe_control_plane(a_cluster())).exists


async def joined(driver: Driver, uid: str) -> bool:
    return (await driver.observe_node(a_node(uid))).ready


async def is_removed(driver: Driver, uid: str) -> bool:
    return not (await driver.observe_node(a_node(uid))).exists


async def access(driver: Driver, user: str = "alice", days: int = 30) -> Kubeconfig:
    return await driver.kubeconfig(a_cluster(), user=user, lifetime_seconds=days * DAY)


async def test_a_control_plane_becomes_ready_with_an_endpoint_and_the_masters_asked_for(
    driver: Driver,
) -> None:
    await build(driver)

    plane = await driver.observe_control_plane(a_cluster())

    assert plane.exists
    assert plane.endpoint.startswith("https://")
    assert plane.masters == a_cluster().masters
    assert plane.version == a_cluster().version


async def test_the_versions_that_can_be_run_are_some_of_those_asked_about(driver: Driver) -> None:
    assert await driver.versions(("v1.32", "v1.31")) == ("v1.32", "v1.31")
    assert await driver.versions(()) == ()


@pytest.mark.parametrize("times", [1, 2])
async def test_a_control_plane_that_was_stopped_comes_back_as_it_was(
    driver: Driver, times: int
) -> None:
    await build(driver)
    before = await driver.observe_control_plane(a_cluster()), await access(driver)

    for _ in range(times):
        await driver.stop_control_plane(a_cluster())
    assert (await driver.observe_control_plane(a_cluster())).exists
    await build(driver)

    assert (await driver.observe_control_plane(a_cluster()), await access(driver)) == before


async def test_stopping_the_unknown_does_nothing(driver: Driver) -> None:
    await driver.stop_control_plane(a_cluster("unknown"))

    assert not (await driver.observe_control_plane(a_cluster("unknown"))).exists


async def test_an_upgraded_control_plane_answers_as_the_new_version(driver: Driver) -> None:
    await build(driver)
    newer = replace(a_cluster(), version="v1.32")

    await driver.ensure_control_plane(newer)

    async def is_newer() -> bool:
        seen = await driver.observe_control_plane(newer)
        return seen.ready and seen.version == "v1.32"

    await eventually(is_newer)


async def test_a_node_becomes_created_and_ready_on_a_server_with_an_address(driver: Driver) -> None:
    await build(driver)

    await driver.ensure_node(a_node())
    await eventually(lambda: joined(driver, "n1"))
    machine = await driver.observe_node(a_node())

    assert machine.exists
    assert machine.created
    assert machine.server_id
    assert machine.private_ip


async def test_options_of_a_node_that_change_are_in_force_after_a_while(driver: Driver) -> None:
    await build(driver)
    await driver.ensure_node(a_node())
    await eventually(lambda: joined(driver, "n1"))
    other = replace(a_node(), max_pods=17, options={"kubelet": {"event-qps": "7"}})

    async def are_in_force() -> bool:
        seen = await driver.observe_node(other)
        return seen.ready and seen.configured

    await driver.ensure_node(other)

    await eventually(are_in_force)


async def test_a_node_takes_over_the_server_it_names(driver: Driver) -> None:
    await build(driver)

    await driver.ensure_node(a_node(server_id="existing-server"))

    assert (await driver.observe_node(a_node())).server_id == "existing-server"


async def test_a_node_has_the_address_it_asks_for_which_is_free_again_once_it_is_gone(
    driver: Driver,
) -> None:
    await build(driver)
    asked = [replace(a_node(uid), private_ip="192.168.77.7") for uid in ("n1", "n2")]
    await driver.ensure_node(asked[0])
    await eventually(lambda: joined(driver, "n1"))

    with pytest.raises(DriverError, match="has the address"):
        await driver.ensure_node(asked[1])
    first = await driver.observe_node(asked[0])
    await driver.ensure_node(asked[0])
    await driver.delete_node(asked[0])
    await eventually(lambda: is_removed(driver, "n1"))
    await driver.ensure_node(asked[1])

    assert first.private_ip == "192.168.77.7"
    assert (await driver.observe_node(asked[1])).private_ip == "192.168.77.7"


async def test_a_server_of_another_project_is_not_taken_over(driver: Driver) -> None:
    clusters = [a_cluster(), replace(a_cluster("c2"), project_id="p2")]
    nodes = [a_node(c.uid, cluster=c, server_id="chosen-by-clients") for c in clusters]
    for cluster, node in zip(clusters, nodes, strict=True):
        await driver.ensure_credentials(cluster)
        await driver.ensure_control_plane(cluster)
        await driver.ensure_node(node)

    await driver.delete_node(nodes[1])
    await driver.delete_cluster(clusters[1])

    machine = await driver.observe_node(nodes[0])
    assert (machine.exists, machine.server_id) == (True, "chosen-by-clients")


async def test_acting_twice_equals_acting_once(driver: Driver) -> None:
    await build(driver)
    await driver.ensure_node(a_node())
    await eventually(lambda: joined(driver, "n1"))
    before = (
        await driver.observe_control_plane(a_cluster()),
        await driver.observe_node(a_node()),
        await access(driver),
    )

    await build(driver)
    await driver.ensure_node(a_node())
    after = (
        await driver.observe_control_plane(a_cluster()),
        await driver.observe_node(a_node()),
        await access(driver),
    )

    assert after == before


async def test_acting_many_times_at_once_equals_acting_once(driver: Driver) -> None:
    await asyncio.gather(*(driver.ensure_credentials(a_cluster()) for _ in range(4)))
    await asyncio.gather(*(driver.ensure_control_plane(a_cluster()) for _ in range(4)))
    await eventually(lambda: is_ready(driver))
    await asyncio.gather(*(driver.ensure_node(a_node(f"n{i % 4}")) for i in range(8)))
    configs = await asyncio.gather(*(access(driver) for _ in range(4)))

    machines = [await driver.observe_node(a_node(f"n{i}")) for i in range(4)]

    assert (await driver.observe_control_plane(a_cluster())).masters == a_cluster().masters
    assert len({machine.private_ip for machine in machines}) == 4
    assert len(set(configs)) == 1


async def test_what_nobody_asked_for_does_not_exist(driver: Driver) -> None:
    assert not (await driver.observe_control_plane(a_cluster("unknown"))).exists
    assert not (await driver.observe_node(a_node("unknown"))).exists


async def test_deleting_the_unknown_does_nothing(driver: Driver) -> None:
    await build(driver)
    before = await driver.observe_control_plane(a_cluster())

    await driver.delete_cluster(a_cluster("unknown"))
    await driver.delete_node(a_node("unknown"))

    assert await driver.observe_control_plane(a_cluster()) == before


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("state", HALF_BUILT)
async def test_a_cluster_can_be_deleted_from_every_half_built_state(
    driver: Driver, state: str, times: int
) -> None:
    for begin in HALF_BUILT[state]:
        await begin(driver)

    for _ in range(times):
        await driver.delete_cluster(a_cluster())
    await eventually(lambda: is_gone(driver))

    assert not (await driver.observe_node(a_node("n1"))).exists
    assert not (await driver.observe_node(a_node("n2"))).exists
    with pytest.raises(Unavailable):
        await access(driver)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_deleted_node_goes_and_its_cluster_stays(driver: Driver, times: int) -> None:
    await build(driver)
    await driver.ensure_node(a_node("n1"))
    await driver.ensure_node(a_node("n2"))

    for _ in range(times):
        await driver.delete_node(a_node("n1"))

    await eventually(lambda: is_removed(driver, "n1"))
    assert (await driver.observe_node(a_node("n2"))).exists
    assert await is_ready(driver)


async def test_what_was_deleted_can_be_made_again(driver: Driver) -> None:
    await build(driver)
    await driver.delete_cluster(a_cluster())
    await eventually(lambda: is_gone(driver))

    await build(driver)

    assert await is_ready(driver)


async def test_a_kubeconfig_names_the_user_and_the_address(driver: Driver) -> None:
    await build(driver)

    config = await access(driver)
    client = load_pem_x509_certificate(config.client_certificate.encode())

    assert client.subject.rfc4514_string() == f"CN=alice,O={GROUPS[type(driver)]}"
    assert config.server == (await driver.observe_control_plane(a_cluster())).endpoint


async def test_a_generation_that_was_never_asked_for_gives_a_new_certificate(
    driver: Driver,
) -> None:
    await build(driver)
    first = await access(driver)

    second = [
        await driver.kubeconfig(a_cluster(), user="alice", lifetime_seconds=30 * DAY, generation=1)
        for _ in range(2)
    ]

    assert second[0] == second[1]
    assert second[0].client_certificate != first.client_certificate
    assert second[0].ca == first.ca


@pytest.mark.parametrize("times", [1, 2])
async def test_a_user_whose_certificates_are_revoked_gets_others_and_nobody_else_does(
    driver: Driver, times: int
) -> None:
    await build(driver)
    alice, bob = await access(driver), await access(driver, "bob")

    for _ in range(times):
        await driver.revoke(a_cluster(), user="alice", generation=1)

    after = await driver.kubeconfig(
        a_cluster(), user="alice", lifetime_seconds=30 * DAY, generation=1
    )
    assert after.client_certificate != alice.client_certificate
    assert await access(driver, "bob") == bob


async def test_revoking_where_nobody_has_certificates_does_nothing(driver: Driver) -> None:
    await driver.revoke(a_cluster("unknown"), user="alice", generation=1)
    await build(driver)
    await driver.revoke(a_cluster(), user="stranger", generation=1)

    assert not (await driver.observe_control_plane(a_cluster("unknown"))).exists
    assert await is_ready(driver)


async def test_the_next_credentials_have_an_authority_of_their_own_beside_the_old_one(
    driver: Driver,
) -> None:
    await build(driver)
    before = await access(driver)
    rotated = replace(a_cluster(), credentials=1)

    with pytest.raises(Unavailable):
        await driver.kubeconfig(rotated, user="alice", lifetime_seconds=DAY)
    for _ in range(2):
        await driver.ensure_credentials(rotated)
    after = await driver.kubeconfig(rotated, user="alice", lifetime_seconds=30 * DAY)

    assert after.ca != before.ca
    assert after.client_certificate != before.client_certificate
    assert await access(driver) == before


async def test_users_and_lifetimes_have_certificates_of_their_own(driver: Driver) -> None:
    await build(driver)

    configs = [await access(driver), await access(driver, "bob"), await access(driver, days=1)]

    assert len({config.client_certificate for config in configs}) == 3
    assert len({config.ca for config in configs}) == 1
