"""Which ranges of addresses go together, and which are free: pure arithmetic.

Container ranges of network mode ``vpc-router`` are routes of a VPC, so clusters in one VPC need
ranges apart (API reference, 4.1); those of an overlay network may repeat.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network

from clusterwright import errors
from clusterwright.errors import ApiError

ROUTED = "vpc-router"
CONTAINER_RANGE = "172.16.0.0/16"
"""The default of the public service (API reference, 4.1), and the first that is chosen here."""

_BLOCK = 19
"""The prefix of the smallest range that is chosen, and the step in which ranges are compared."""


def candidates() -> Iterator[IPv4Network]:
    """Ranges to choose from, in this order: some hundred large ones, then a thousand smaller.

    192.168.0.0/16 comes last, since most VPCs have their subnets there.
    """
    large, small = IPv4Network("10.0.0.0/9"), IPv4Network("10.128.0.0/9")
    yield from IPv4Network("172.16.0.0/12").subnets(new_prefix=16)
    yield from large.subnets(new_prefix=16)
    yield from small.subnets(new_prefix=_BLOCK)
    yield IPv4Network("192.168.0.0/16")


def _blocks(network: IPv4Network) -> range:
    step = 32 - _BLOCK
    first, last = int(network.network_address), int(network.broadcast_address)
    return range(first >> step, (last >> step) + 1)


def free_range(service: str, taken: Iterable[str]) -> str:
    """A container range that overlaps neither the services nor any of the ranges taken.

    Raises ApiError CIDR_CONFLICT when none is left.
    """
    used = {block for cidr in (service, *taken) for block in _blocks(IPv4Network(cidr))}
    for candidate in candidates():
        if used.isdisjoint(_blocks(candidate)):
            return str(candidate)
    raise ApiError(
        errors.CIDR_CONFLICT,
        "spec.containerNetwork: No range is free in this VPC. Choose one, or another VPC.",
    )


def check_apart(ranges: Sequence[str]) -> None:
    """Make sure that ranges of one cluster do not overlap. Raises ApiError CIDR_CONFLICT."""
    for index, cidr in enumerate(ranges):
        _check(cidr, ranges[:index], "it")


def check_free(ranges: Iterable[str], taken: Sequence[str]) -> None:
    """Make sure that no other cluster of the VPC has a range in the way.

    Raises ApiError CIDR_CONFLICT.
    """
    for cidr in ranges:
        _check(cidr, taken, "another cluster of this VPC")


def _check(cidr: str, others: Iterable[str], owner: str) -> None:
    network = IPv4Network(cidr)
    for other in others:
        if network.overlaps(IPv4Network(other)):
            raise ApiError(
                errors.CIDR_CONFLICT,
                f"spec.containerNetwork: {network} overlaps {other}, which {owner} has."
                " Choose ranges apart.",
            )
