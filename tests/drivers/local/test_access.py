"""Who may use a real cluster, and who may no longer: the API server itself says so."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from clusterwright.drivers.contract import Kubeconfig, Unavailable
from clusterwright.drivers.local import holders
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.local.folder import Folder, read_json
from tests import kubernetes
from tests.drivers import local_host
from tests.drivers.examples import a_cluster
from tests.drivers.local_host import Kubernetes

pytestmark = kubernetes.needs_kubernetes

CLUSTER = replace(a_cluster(), version="v1.34")
NAMESPACES = "/api/v1/namespaces"
DAY = 86_400
SECOND = 1_000_000_000


@pytest.fixture
async def driver(tmp_path: Path) -> AsyncIterator[LocalDriver]:
    """A driver with one cluster that is ready."""
    async with local_host.driver(tmp_path) as opened:
        await opened.ensure_credentials(CLUSTER)
        await opened.ensure_control_plane(CLUSTER)
        await local_host.until_ready(opened, CLUSTER)
        yield opened


async def access(driver: LocalDriver, user: str, **asked: int) -> Kubeconfig:
    return await driver.kubeconfig(CLUSTER, user=user, **({"lifetime_seconds": DAY} | asked))


def status(kubeconfig: Kubeconfig) -> int:
    """What the API server answers to a holder."""
    return Kubernetes(kubeconfig).get(NAMESPACES)


async def test_revoked_certificates_are_refused_at_once_and_nobody_elses_are(
    driver: LocalDriver,
) -> None:
    alice = [await access(driver, "alice"), await access(driver, "alice", lifetime_seconds=2 * DAY)]
    bob = await access(driver, "bob")
    assert [status(each) for each in (*alice, bob)] == [200, 200, 200]

    await driver.revoke(CLUSTER, user="alice", generation=1)

    assert [status(each) for each in (*alice, bob)] == [401, 401, 200]
    assert status(await access(driver, "alice", generation=1)) == 200


async def test_a_connection_that_is_open_already_is_refused_too(driver: LocalDriver) -> None:
    held = Kubernetes(await access(driver, "alice"))

    with held.connected() as client:
        before = client.get(NAMESPACES).status_code
        await driver.revoke(CLUSTER, user="alice", generation=1)
        after = client.get(NAMESPACES).status_code

    assert (before, after) == (200, 401)


async def test_credentials_of_a_revoked_generation_are_not_given_again(driver: LocalDriver) -> None:
    await access(driver, "alice")
    await driver.revoke(CLUSTER, user="alice", generation=1)

    with pytest.raises(Unavailable, match="revoked"):
        await access(driver, "alice", generation=0)


async def test_those_of_earlier_credentials_are_revoked_too(driver: LocalDriver) -> None:
    before = await access(driver, "alice")
    await driver.ensure_credentials(replace(CLUSTER, credentials=1))
    assert status(before) == 200

    await driver.revoke(replace(CLUSTER, credentials=1), user="alice", generation=1)

    assert status(before) == 401


async def test_a_revocation_while_the_api_server_is_down_holds_when_it_is_back(
    driver: LocalDriver,
) -> None:
    before = await access(driver, "alice")
    await driver.stop_control_plane(CLUSTER)

    await driver.revoke(CLUSTER, user="alice", generation=1)
    await driver.ensure_control_plane(CLUSTER)
    await local_host.until_ready(driver, CLUSTER)

    assert status(before) == 401


async def test_an_expired_certificate_is_refused(driver: LocalDriver) -> None:
    short = await access(driver, "alice", lifetime_seconds=4)
    first = status(short)

    await asyncio.sleep(6)

    assert (first, status(short)) == (200, 401)


def test_a_user_whose_first_certificate_was_never_made_can_be_revoked(tmp_path: Path) -> None:
    holders.client(tmp_path, user="alice", lifetime_seconds=DAY, generation=0, now=0)
    (home,) = (tmp_path / "holders").iterdir()
    for path in home.iterdir():
        path.unlink()  # as a process leaves it that died between the folder and its first file

    assert holders.revoke(tmp_path, user="alice", generation=1, now=SECOND) is None

    with pytest.raises(Unavailable, match="revoked"):
        holders.client(tmp_path, user="alice", lifetime_seconds=DAY, generation=0, now=SECOND)
    again = holders.client(tmp_path, user="alice", lifetime_seconds=DAY, generation=1, now=SECOND)
    assert again.certificate


def test_what_has_expired_and_all_but_the_last_made_is_forgotten(tmp_path: Path) -> None:
    for number in range(30):
        holders.client(
            tmp_path, user="alice", lifetime_seconds=DAY + number, generation=0, now=SECOND * number
        )
    holders.client(tmp_path, user="alice", lifetime_seconds=60, generation=0, now=SECOND * 2 * DAY)

    (home,) = (tmp_path / "holders").iterdir()
    assert len(list(home.iterdir())) == 2
    assert "key" in read_json(home / "authority.json")


def test_the_folder_of_a_cluster_that_nobody_began_is_not_made(tmp_path: Path) -> None:
    async def revoke() -> None:
        driver = LocalDriver(tmp_path, kubernetes.binaries)
        await driver.revoke(CLUSTER, user="alice", generation=1)

    asyncio.run(revoke())

    assert not Folder(tmp_path, CLUSTER.uid).exists
