"""The way between a cluster's network and this host's: out for pods, in for this host.

A link of two ends joins the host and the cluster's router. What leaves the cluster has the router's
address on that link, and then one of the host's own, so nobody else needs to know any route. In the
other direction each node has a second address on the link, which leads to it: NodePorts answer
there, whatever addresses nodes have, and however many clusters have the same ones.

What is made on the host is a link, its address, a few rules that name the cluster, and the sysctl
that lets the host hand packets on; all of it goes with the cluster, the sysctl with the last one.
Everything here blocks: call it in a thread. All of it raises OSError where the host refuses.
"""

import errno
import fcntl
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Network
from pathlib import Path

from clusterwright.drivers.local.spaces import RUN, Network, Space, on_host

RANGE = IPv4Network("198.18.0.0/16")
"""Links have a /24 of it each. No machine has these addresses: they are for measurements inside
networks (RFC 2544), like the router's."""
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
FORWARDED = Path("/run/clusterwright-forwarding")
"""There while forwarding is on because of us."""

_END = "uplink"
"""The router's end."""
_LINK = re.compile("cw[0-9a-f]{12}")
_HOST, _ROUTER, _FIRST_NODE, _LAST_NODE = 1, 2, 3, 254


def link_of(network: Network) -> str:
    """The host's end of a cluster's link: a name of at most 15 characters."""
    return f"cw{network.name}"


def ensure(network: Network) -> None:
    """Join the cluster's router, which must be there, with this host."""
    if network.uplink.exists():
        return
    remove(network)
    with _alone():
        link = link_of(network)
        number = _free_number()
        outside, inside = _address(number, _HOST), _address(number, _ROUTER)
        on_host("ip", "link", "add", link, "type", "veth", *_peer(network))
        on_host("ip", "address", "add", f"{outside}/24", "dev", link)
        on_host("ip", "link", "set", link, "up")
        for words in (
            f"ip address add {inside}/24 dev {_END}",
            f"ip link set {_END} up",
            f"ip route add default via {outside}",
            f"iptables -w -t nat -A POSTROUTING -o {_END} -j MASQUERADE",
        ):
            on_host(*network.router.entering(*words.split()))
        for rule in _rules(network, number):
            on_host("iptables", "-w", *rule)
        _forward()
        network.uplink.write_text(str(number))


def ensure_node(network: Network, uid: str, address: str) -> str:
    """Give a node its address on the link, and return it; empty where there is none left."""
    space = network.node(uid)
    if not network.uplink.exists() or not space.is_made:
        return ""
    if found := of_node(network, uid):
        return found
    taken = {_read(network.node(each)) for each in network.nodes()}
    free = next((each for each in range(_FIRST_NODE, _LAST_NODE + 1) if each not in taken), None)
    if free is None:
        return ""
    mine = _address(_number(network), free)
    # In this order: a number that is noted is in use, whatever became of the rest.
    _number_file(space).with_suffix(".new").write_text(str(free))
    _number_file(space).with_suffix(".new").replace(_number_file(space))
    router = network.router
    on_host(*router.entering("ip", "address", "replace", f"{mine}/32", "dev", _END))
    rule = f"-t nat -A PREROUTING -d {mine} -j DNAT --to-destination {address}"
    on_host(*router.entering("iptables", "-w", *rule.split()))
    return mine


def of_node(network: Network, uid: str) -> str:
    """The address by which this host reaches a node; empty where there is none."""
    number = _read(network.node(uid))
    return _address(_number(network), number) if number and network.uplink.exists() else ""


def remove_node(network: Network, uid: str) -> None:
    """Take a node's address on the link back."""
    mine = of_node(network, uid)
    if not mine:
        return
    router = network.router
    _remove_rules(f"{mine}/32", ("nat",), router)
    with suppress(OSError):  # it may never have been given
        on_host(*router.entering("ip", "address", "delete", f"{mine}/32", "dev", _END))
    _number_file(network.node(uid)).unlink(missing_ok=True)


def remove(network: Network) -> None:
    """Remove what is on this host of the cluster's link, whatever half of it there is."""
    if not RUN.exists():
        return
    with _alone():
        if link_of(network) in links():
            on_host("ip", "link", "delete", link_of(network))
        _remove_rules(_mark(network), ("filter", "nat"), None)
        network.uplink.unlink(missing_ok=True)
        if not any(_LINK.fullmatch(name) for name in links()):
            _cease_to_forward()


def links() -> list[str]:
    """The links of this host's network."""
    return [path.name for path in Path("/sys/class/net").iterdir()]


def _rules(network: Network, number: int) -> Iterator[list[str]]:
    """The rules of this host, each before those that it already has."""
    link = link_of(network)
    mark = ["-m", "comment", "--comment", _mark(network)]
    answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"]
    yield ["-I", "FORWARD", "1", "-i", link, *mark, "-j", "ACCEPT"]
    # Clusters are apart: what is in one reaches no node of another.
    yield ["-I", "FORWARD", "1", "-i", link, "-d", str(RANGE), *mark, "-j", "DROP"]
    yield ["-I", "FORWARD", "1", "-o", link, *mark, "-j", "DROP"]
    yield ["-I", "FORWARD", "1", "-o", link, *answers, *mark, "-j", "ACCEPT"]
    mine = _address(number, _ROUTER)
    masked = ["-s", f"{mine}/32", "!", "-o", link, *mark, "-j", "MASQUERADE"]
    yield ["-t", "nat", "-A", "POSTROUTING", *masked]


def _mark(network: Network) -> str:
    return f"clusterwright/{network.name}"


def _remove_rules(having: str, tables: Sequence[str], space: Space | None) -> None:
    def run(*words: str) -> str:
        return on_host(*(space.entering(*words) if space else words))

    for table in tables:
        for line in run("iptables", "-w", "-t", table, "-S").splitlines():
            added, *rest = shlex.split(line)
            if added == "-A" and having in rest:
                run("iptables", "-w", "-t", table, "-D", *rest)


def _free_number() -> int:
    """A /24 that this host has no route to but the default one."""
    known = [IPv4Network(words[0]) for words in _routes() if words and words[0] != "default"]
    for number, part in enumerate(RANGE.subnets(new_prefix=24)):
        if not any(part.overlaps(each) for each in known):
            return number
    raise OSError(errno.EADDRINUSE, f"every address of {RANGE} is taken")


def _routes() -> Iterator[list[str]]:
    # A route of several ways would go on in lines that name no range.
    for line in on_host("ip", "-oneline", "-4", "route", "show", "table", "all").splitlines():
        words = line.split()
        # A type such as "local" or "broadcast" may come before the range.
        yield words[1:] if words and words[0].isalpha() and words[0] != "default" else words


def _peer(network: Network) -> list[str]:
    return ["peer", "name", _END, "netns", str(network.router.network)]


def _address(number: int, host: int) -> str:
    return str(RANGE[number * 256 + host])


def _number(network: Network) -> int:
    return int(network.uplink.read_text())


def _number_file(space: Space) -> Path:
    return space.path / "uplink"


def _read(space: Space) -> int:
    try:
        return int(_number_file(space).read_text())
    except FileNotFoundError:
        return 0


def _forward() -> None:
    if FORWARDING.read_text().strip() == "0":
        FORWARDED.touch(mode=0o600)
        FORWARDING.write_text("1")


def _cease_to_forward() -> None:
    if FORWARDED.exists():
        FORWARDING.write_text("0")
        FORWARDED.unlink()


@contextmanager
def _alone() -> Iterator[None]:
    """Be the only one of this host that changes what clusters share. Waits for others."""
    descriptor = os.open(RUN, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
