"""The way between clusters and the world: open in the right directions, gone with its cluster."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import host, uplinks
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.reals import Reals
from clusterwright.drivers.local.spaces import Network

NODE = "192.168.77.7"
"""Of the node of each cluster here: clusters know nothing of each other."""
FAR = "203.0.113.9"
"""A machine of the world, which knows no cluster."""


@dataclass
class World:
    """Two clusters of one node each, and a machine that this host alone has a way to."""

    one: Network
    other: Network
    far: str


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    try:
        host.require_real_nodes()
    except DriverError as error:
        pytest.skip(f"Networks of real nodes are not tested: {error}")
    forwarded = uplinks.FORWARDING.read_text(), uplinks.FORWARDED.exists()
    one, other = Network(tmp_path / "one"), Network(tmp_path / "other")
    name = f"far{one.name[:8]}"
    try:
        for network in (one, other):
            make(network, tmp_path / network.name)
            assert len(traces(network)) == 6
        with a_far_machine(name):
            yield World(one, other, name)
    finally:
        for network in (one, other):
            remove(network)
    assert traces(one) + traces(other) == []
    if not any(name.startswith("cw") for name in uplinks.links()):  # nobody else's
        assert (uplinks.FORWARDING.read_text(), uplinks.FORWARDED.exists()) == forwarded


def make(network: Network, folder: Path) -> None:
    """A cluster with a node, joined with this host."""
    for name in ("kubelet", "log"):
        (folder / name).mkdir(parents=True)
    network.ensure()
    network.ensure_node("n1", NODE, kubelet=folder / "kubelet", log=folder / "log")
    uplinks.ensure(network)
    uplinks.ensure_node(network, "n1", NODE)


def remove(network: Network) -> None:
    for uid in network.nodes():
        uplinks.remove_node(network, uid)
        network.remove_node(uid)
    uplinks.remove(network)
    network.remove()


@contextmanager
def a_far_machine(name: str) -> Iterator[None]:
    """A network namespace that is joined with this host, and has no route but to it."""
    run("ip", "netns", "add", name)
    try:
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "address", "add", "203.0.113.1/24", "dev", name)
        run("ip", "link", "set", name, "up")
        for words in (f"address add {FAR}/24 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "-n", name, *words.split())
        yield
    finally:
        run("ip", "netns", "delete", name)
        subprocess.run(["ip", "link", "delete", name], capture_output=True, check=False)


def traces(network: Network) -> list[str]:
    """The links and rules of this host that name a cluster's network."""
    rules = [line for line in run("iptables-save").splitlines() if line.startswith("-A")]
    links = [name for name in uplinks.links() if network.name in name]
    return [*links, *(rule for rule in rules if f"/{network.name}" in rule)]


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@contextmanager
def answering(*inside: str, port: int = 30080) -> Iterator[None]:
    """A server in some namespace that tells everybody their address."""
    program = (
        "import socket\n"
        f"server = socket.create_server(('', {port}))\n"
        "print('listening', flush=True)\n"
        "while True:\n"
        "    found, (address, _) = server.accept()\n"
        "    found.sendall(address.encode())\n"
        "    found.close()\n"
    )
    command = [*inside, "python3", "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdout.readline() == "listening\n"
        try:
            yield
        finally:
            server.kill()


def ask(*inside: str, address: str, port: int = 30080) -> str:
    """What a server says to somebody in some namespace; empty where there is no way to it."""
    program = (
        "import socket\n"
        f"made = socket.create_connection(('{address}', {port}), timeout=2)\n"
        "print(made.recv(100).decode())\n"
    )
    command = [*inside, "python3", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def test_what_is_in_a_cluster_reaches_the_world_by_an_address_of_this_host(world: World) -> None:
    with answering("ip", "netns", "exec", world.far):
        seen = ask(*world.one.node("n1").entering(), address=FAR)

    assert seen == "203.0.113.1"


def test_this_host_reaches_every_port_of_nodes_that_have_the_same_address(world: World) -> None:
    for network in (world.one, world.other):
        reached = uplinks.of_node(network, "n1")
        assert uplinks.ensure_node(network, "n1", NODE) == reached
        with answering(*network.node("n1").entering()):
            assert ask(address=reached)
    assert uplinks.of_node(world.one, "n1") != uplinks.of_node(world.other, "n1")


def test_the_world_and_other_clusters_find_no_way_into_a_cluster(world: World) -> None:
    reached = uplinks.of_node(world.one, "n1")
    run("ip", "-n", world.far, "route", "add", "198.18.0.0/16", "via", "203.0.113.1")

    with answering(*world.one.node("n1").entering()):
        assert ask(address=reached)
        assert not ask("ip", "netns", "exec", world.far, address=reached)
        assert not ask(*world.other.node("n1").entering(), address=reached)


def test_a_half_made_uplink_is_made_whole_and_a_node_s_address_can_be_given_again(
    world: World,
) -> None:
    network = world.one
    reached = uplinks.of_node(network, "n1")
    network.uplink.unlink()
    uplinks.ensure(network)
    uplinks.remove_node(network, "n1")

    assert uplinks.ensure_node(network, "n1", NODE)
    with answering(*network.node("n1").entering()):
        assert ask(address=uplinks.of_node(network, "n1"))
    assert reached


def test_a_host_with_routes_of_several_ways_joins_clusters_beside_their_ranges(
    world: World,
) -> None:
    hops = [f"nexthop via {address} dev {world.far}".split() for address in (FAR, "203.0.113.8")]
    ways = [word for hop in hops for word in hop]
    uplinks.remove(world.one)
    first, *_ = uplinks.RANGE.subnets(new_prefix=24)
    for target in ("default", str(first)):
        run("ip", "route", "add", target, "table", "4242", *ways)

    uplinks.ensure(world.one)

    assert "nexthop" in run("ip", "route", "show", "table", "4242")
    assert int(world.one.uplink.read_text()) != 0


def test_all_of_it_goes_with_the_last_cluster_and_nothing_of_another_before(world: World) -> None:
    remove(world.one)

    with answering(*world.other.node("n1").entering()):
        assert ask(address=uplinks.of_node(world.other, "n1"))
    with answering("ip", "netns", "exec", world.far):
        assert ask(*world.other.node("n1").entering(), address=FAR)
    assert traces(world.one) == []


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_cluster_goes_on_without_a_link_that_is_refused_or_not_wanted(
    wanted: bool, tmp_path: Path
) -> None:
    reals = Reals(Folder(tmp_path, "c1"), wake=lambda: None, uplink=wanted)

    for _ in range(2):
        await reals.join_host()  # which its router, that is not there, refuses

    assert traces(reals.network) == []
    assert await reals.resolvers() == ()
    assert reals.annotations("n1") == {}
