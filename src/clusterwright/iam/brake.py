"""Slows guessers down: how long somebody who gave wrong passwords has to wait for the next try.

Knows nothing of users and requests but their names, and no time but that of a monotonic clock.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")

REMEMBERED = 10_000
"""How many users, and how many addresses, are remembered: the latest."""
QUIET_SECONDS = 900.0
"""Wrong passwords are forgotten when none has followed for this long."""
FIRST_WAIT = 1.0
"""Seconds to wait after the first wrong password that is not free; each further one doubles it."""


class _Recent(OrderedDict[bytes, V], Generic[V]):
    """The values that were set last, under keys of one length, whatever clients send."""

    def put(self, key: bytes, value: V) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > REMEMBERED:
            self.popitem(last=False)


class _Failures(NamedTuple):
    number: int
    last: float


class Brake:
    """Counts failures by name. The first few are free; then each makes the next try wait longer."""

    def __init__(self, *, free: int, longest: float, clock: Callable[[], float]) -> None:
        self._free = free
        self._longest = longest
        self._clock = clock
        self._failures: _Recent[_Failures] = _Recent()

    def seconds(self, name: bytes) -> float:
        """How long ``name`` has to wait from now on; 0 when it may try."""
        found = self._failures.get(name)
        if found is None or found.number <= self._free:
            return 0.0
        # The exponent is bounded, since a float has no room for the doubles of a patient guesser.
        wait = min(FIRST_WAIT * 2.0 ** min(found.number - self._free - 1, 60), self._longest)
        return max(0.0, found.last + wait - self._clock())

    def failed(self, name: bytes) -> None:
        """Count a failure."""
        now = self._clock()
        found = self._failures.get(name)
        before = found.number if found and now - found.last < QUIET_SECONDS else 0
        self._failures.put(name, _Failures(before + 1, now))

    def forgive(self, name: bytes) -> None:
        """Forget the failures of ``name``."""
        self._failures.pop(name, None)


class Guesses:
    """Wrong passwords, by user and by address.

    A user at an address where it has logged in is counted apart from the same user elsewhere, so
    that nobody far away can lock it out. Users that do not exist are counted like those that do.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._users = Brake(free=10, longest=60.0, clock=clock)
        # Many people share an address; a short wait stops a guesser well enough.
        self._addresses = Brake(free=50, longest=10.0, clock=clock)
        self._known: _Recent[None] = _Recent()

    def seconds(self, user: str, address: str) -> float:
        """How long to wait before this user's password may be tried from this address."""
        who, where = self._names(user, address)
        return max(self._users.seconds(who), self._addresses.seconds(where))

    def failed(self, user: str, address: str) -> None:
        """Count a wrong password."""
        who, where = self._names(user, address)
        self._users.failed(who)
        self._addresses.failed(where)

    def succeeded(self, user: str, address: str) -> None:
        """Forget the user's wrong passwords, but not the address's: it may be a guesser's own."""
        who, where = self._names(user, address)
        self._users.forgive(who)
        self._known.put(_digest(user, where.hex()), None)

    def _names(self, user: str, address: str) -> tuple[bytes, bytes]:
        where = _digest(network_of(address))
        here = _digest(user, where.hex())
        return (here if here in self._known else _digest(user)), where


def network_of(address: str) -> str:
    """What one guesser holds: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(parsed), 64), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)


def _digest(*parts: str) -> bytes:
    text = "\0".join(parts).encode(errors="surrogatepass")
    return blake2b(text, digest_size=16).digest()
