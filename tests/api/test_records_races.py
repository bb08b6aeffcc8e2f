"""Who deletes a record and who begins to use it at the same moment: one of the two is refused.

On PostgreSQL both meet at the record's row, which a third transaction holds until both wait there,
so that every round is the race itself and none passes by luck. Tags that two set at once meet in
the same way, and both are kept.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import httpx
import pytest
import pytest_asyncio

from clusterwright.cce.surroundings.checks import WORDS
from clusterwright.cce.surroundings.store import Kind
from tests import postgresql
from tests.api import nodes_examples
from tests.api.cloud import DISTANT, Cloud, cluster, open_cloud, unique
from tests.api.nodes_examples import node, pool
from tests.api.records_made import Json, address, at, group, network, subnet, vpc
from tests.kit import until_async

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DELETE = {
    Kind.VPC: "/v1/{project_id}/vpcs/{id}",
    Kind.SUBNET: "/v1/{project_id}/vpcs/{vpc}/subnets/{id}",
    Kind.GROUP: "/v3/{project_id}/vpc/security-groups/{id}",
    Kind.ADDRESS: "/v1/{project_id}/publicips/{id}",
}


@dataclass
class Stage:
    """A cloud on PostgreSQL, a session of one's own beside it, and a cluster in a known network."""

    cloud: Cloud
    session: asyncpg.Connection
    vpc: str
    subnet: str
    here: str

    async def record(self, kind: Kind) -> str:
        """A new record that nothing uses."""
        if kind is Kind.SUBNET:
            number = await self.session.fetchval("SELECT count(*) FROM neighbour_records")
            cidr = f"10.0.{number}"
            made = await subnet(self.cloud, self.vpc, cidr=f"{cidr}.0/24", gateway=f"{cidr}.1")
        else:
            made = await {Kind.VPC: vpc, Kind.GROUP: group, Kind.ADDRESS: address}[kind](self.cloud)
        return str(made["id"])

    def deletion(self, kind: Kind, id: str) -> Awaitable[httpx.Response]:
        """The request to delete a record."""
        path = at(self.cloud, _DELETE[kind], id=id, vpc=self.vpc)
        return self.cloud.client.delete(path)

    @asynccontextmanager
    async def held(
        self, id: str, *, table: str = "neighbour_records", key: str = "id"
    ) -> AsyncIterator[None]:
        """Nobody else can lock the record, or another table's row, meanwhile."""
        async with self.session.transaction():
            query = f"SELECT {key} FROM {table} WHERE {key} = $1 FOR UPDATE"
            assert await self.session.fetchval(query, id)
            yield

    async def until_waiting(self, *requests: asyncio.Future[httpx.Response]) -> None:
        """Wait until as many sessions wait for what this one holds, in one row or side by side."""
        query = (
            "WITH RECURSIVE waiting(pid) AS ("
            " SELECT pid FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))"
            " UNION SELECT a.pid FROM pg_stat_activity a, waiting w"
            " WHERE w.pid = ANY(pg_blocking_pids(a.pid))"
            ") SELECT count(*) FROM waiting"
        )
        held_by = self.session.get_server_pid()

        async def enough() -> bool:
            for request in requests:
                assert not request.done(), f"answered without waiting: {request.result().text}"
            waiting: int = await self.session.fetchval(query, held_by)
            return waiting >= len(requests)

        await until_async(f"{len(requests)} wait", enough)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    postgresql_server: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A stage that the tests of this file share."""
    folder = tmp_path_factory.mktemp("races")
    with postgresql.fresh_database(postgresql_server) as url:
        async with open_cloud(folder, database=url) as cloud:
            session = await asyncpg.connect(url)
            host = await network(cloud)
            eni: Json = {"eniNetwork": {"subnets": [{"subnetID": host["subnet"]}]}}
            uid = await cloud.cluster(**{**DISTANT, **eni}, hostNetwork=host)
            here = f"{cloud.project}/clusters/{uid}"
            yield Stage(cloud, session, host["vpc"], host["subnet"], here)
            await session.close()


Use = Callable[[Stage, str], Awaitable[httpx.Response]]


def _nic(id: str) -> Json:
    return {"nodeNicSpec": {"primaryNic": {"subnetId": id}}}


async def _cluster_in_vpc(stage: Stage, id: str) -> httpx.Response:
    # Its subnet is one that was made elsewhere.
    host = {"vpc": id, "subnet": unique("subnet")}
    body = cluster(unique("race"), hostNetwork=host)
    return await stage.cloud.client.post(f"{stage.cloud.project}/clusters", json=body)


async def _cluster_in_subnet(stage: Stage, id: str) -> httpx.Response:
    body = cluster(unique("race"), hostNetwork={"vpc": stage.vpc, "subnet": id})
    return await stage.cloud.client.post(f"{stage.cloud.project}/clusters", json=body)


async def _pods_in_subnet(stage: Stage, id: str) -> httpx.Response:
    shown = await stage.cloud.call("GET", stage.here, expect=200)
    subnets = [*shown["spec"]["eniNetwork"]["subnets"], {"subnetID": id}]
    body = {"spec": {"eniNetwork": {"subnets": subnets}}}
    return await stage.cloud.client.put(stage.here, json=body)


async def _node_in_subnet(stage: Stage, id: str) -> httpx.Response:
    body = node(unique("n"), **_nic(id))
    return await stage.cloud.client.post(f"{stage.here}/nodes", json=body)


async def _pool_in_subnet(stage: Stage, id: str) -> httpx.Response:
    body = pool(unique("p")[:12], nodeTemplate=nodes_examples.TEMPLATE | _nic(id))
    return await stage.cloud.client.post(f"{stage.here}/nodepools", json=body)


async def _partition_in_subnet(stage: Stage, id: str) -> httpx.Response:
    spec = {"hostNetwork": {"subnetID": id}}
    body = {"metadata": {"name": unique("p")[:20]}, "spec": spec}
    return await stage.cloud.client.post(f"{stage.here}/partitions", json=body)


async def _cluster_with_group(stage: Stage, id: str) -> httpx.Response:
    body = {"spec": {"hostNetwork": {"SecurityGroup": id}}}
    return await stage.cloud.client.put(stage.here, json=body)


async def _pool_with_group(stage: Stage, id: str) -> httpx.Response:
    body = pool(unique("p")[:12], customSecurityGroups=[id])
    return await stage.cloud.client.post(f"{stage.here}/nodepools", json=body)


async def _cluster_with_address(stage: Stage, id: str) -> httpx.Response:
    await stage.cloud.client.put(f"{stage.here}/mastereip", json={"spec": {"action": "unbind"}})
    body = {"spec": {"action": "bind", "spec": {"id": id}}}
    return await stage.cloud.client.put(f"{stage.here}/mastereip", json=body)


async def _node_with_address(stage: Stage, id: str) -> httpx.Response:
    body = node(unique("n"), publicIP={"ids": [id]})
    return await stage.cloud.client.post(f"{stage.here}/nodes", json=body)


USES: dict[str, tuple[Kind, Use]] = {
    "a cluster in a VPC": (Kind.VPC, _cluster_in_vpc),
    "a cluster in a subnet": (Kind.SUBNET, _cluster_in_subnet),
    "pods in a subnet": (Kind.SUBNET, _pods_in_subnet),
    "a node in a subnet": (Kind.SUBNET, _node_in_subnet),
    "a pool in a subnet": (Kind.SUBNET, _pool_in_subnet),
    "a partition in a subnet": (Kind.SUBNET, _partition_in_subnet),
    "a cluster with a group": (Kind.GROUP, _cluster_with_group),
    "a pool with a group": (Kind.GROUP, _pool_with_group),
    "a cluster with an address": (Kind.ADDRESS, _cluster_with_address),
    "a node with an address": (Kind.ADDRESS, _node_with_address),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("first", ["use", "deletion"])
async def test_a_record_that_comes_into_use_while_it_is_deleted_is_either_used_or_gone(
    stage: Stage, use: str, first: str
) -> None:
    kind, using = USES[use]
    await stage.cloud.until(stage.here, "status.phase", "Available")
    id = await stage.record(kind)

    async with stage.held(id):
        requests = {"use": using(stage, id), "deletion": stage.deletion(kind, id)}
        order = [first, *(name for name in requests if name != first)]
        tasks: dict[str, asyncio.Future[httpx.Response]] = {}
        for name in order:
            tasks[name] = asyncio.ensure_future(requests[name])
            await stage.until_waiting(*tasks.values())
    used, deleted = await tasks["use"], await tasks["deletion"]

    if first == "use":
        assert (used.is_success, deleted.status_code) == (True, 409), (used.text, deleted.text)
    else:
        assert (used.status_code, deleted.is_success) == (400, True), (used.text, deleted.text)
        assert f"There is no {WORDS[kind]} {id} in this project." in used.text


@pytest.mark.parametrize("use", USES)
async def test_of_a_deletion_and_a_use_at_once_one_is_refused(stage: Stage, use: str) -> None:
    kind, using = USES[use]
    ends = []

    for _ in range(5):
        await stage.cloud.until(stage.here, "status.phase", "Available")
        id = await stage.record(kind)
        used, deleted = await asyncio.gather(using(stage, id), stage.deletion(kind, id))
        ends.append((used.status_code < 400, deleted.status_code < 400))

    assert {sum(pair) for pair in ends} == {1}, ends


@pytest.mark.parametrize("of", ["a server", "a VPC"])
async def test_tags_that_are_set_at_once_are_both_kept(stage: Stage, of: str) -> None:
    if of == "a server":
        await stage.cloud.until(stage.here, "status.phase", "Available")
        *_, made = await nodes_examples.add_nodes(stage.cloud, stage.here)
        id = made["status"]["serverId"]
        tags, row = (
            "/v1/{project_id}/cloudservers/{id}/tags",
            {"table": "nodes", "key": "server_id"},
        )
    else:
        id = await stage.record(Kind.VPC)
        tags, row = "/v2.0/{project_id}/vpcs/{id}/tags", {}
    path = at(stage.cloud, tags, id=id)
    wanted = [{"key": key, "value": ""} for key in ("one", "other")]

    async with stage.held(id, **row):
        requests: list[asyncio.Future[httpx.Response]] = []
        for tag in wanted:
            body = {"action": "create", "tags": [tag]}
            sent = stage.cloud.client.post(f"{path}/action", json=body)
            requests.append(asyncio.ensure_future(sent))
            await stage.until_waiting(*requests)
    answers = await asyncio.gather(*requests)

    assert [answer.status_code for answer in answers] == [204, 204]
    assert await stage.cloud.call("GET", path, expect=200) == {"tags": wanted}
