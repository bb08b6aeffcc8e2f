"""Where webhooks may be sent: not into the networks that this server is in, unless it may.

A name is resolved once, right before it is used, and the connection goes to the very address that
was checked: a name server that gives another answer a moment later gains nothing.
"""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import urlsplit

LONGEST = 2048
"""Characters of a URL."""
_RESOLVE_SECONDS = 5.0
# Clients choose the names, and a look-up that is given up keeps its thread until its name servers
# are: no crowd of them may take the threads that everything else needs. There are more than one
# project has webhooks (store.MOST), so that nobody alone keeps the others from theirs.
_LOOKUPS = ThreadPoolExecutor(32, thread_name_prefix="names")
_AROUND_IPV4 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96")))
"""NAT64, and the older "IPv4-compatible" form: an IPv4 address is in the last 32 bits of each."""
_PORTS = {"http": 80, "https": 443}
Address = IPv4Address | IPv6Address


class Refused(Exception):
    """Nothing may be sent there; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in its parts."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query."""

    @property
    def authority(self) -> str:
        """What the header ``Host`` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def at(self, address: Address) -> str:
        """The URL with an address in the place of the name."""
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def parse(url: str) -> Target:
    """The parts of a URL. Raises ValueError with the rule that it breaks."""
    rule = "Give http://host or https://host, with a port, path and query or not."
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(rule)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(rule) from None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or port == 0:
        raise ValueError(rule)
    if parts.fragment or "\\" in url:
        raise ValueError(rule)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], path)


def is_public(address: Address) -> bool:
    """Whether an address is in the world's network, and of one host."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if any(address in network for network in _AROUND_IPV4):
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def check(target: Target, addresses: list[Address], *, private: bool) -> None:
    """Make sure that every address may be sent to. Raises Refused."""
    if not private and not all(map(is_public, addresses)):
        raise Refused(
            f"{target.host} is an address of a private network. The operator may allow that with"
            " CLUSTERWRIGHT_WEBHOOK_PRIVATE_TARGETS=true."
        )


def _look_up(target: Target) -> list[Any]:
    return socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)


async def resolve(target: Target, *, private: bool) -> list[Address]:
    """The addresses of a target, all of which may be sent to.

    Raises Refused, and OSError where the name has none.
    """
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().run_in_executor(_LOOKUPS, _look_up, target)
    except (OSError, UnicodeError) as error:  # a timeout too
        raise OSError(f"{target.host} has no address") from error
    addresses = [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    check(target, addresses, private=private)
    return addresses
