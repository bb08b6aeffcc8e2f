"""Values that bodies share, each with its rule: ids, names, ranges, versions, addresses.

A rule refuses what no network, certificate or clock could have; what this server would have to ask
another service about, such as the id of a VPC, is taken on trust (docs/limits.md).
"""

import re
from base64 import b64decode
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from clusterwright.cce import offers

_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_UNIQUE_LOCAL = IPv6Network("fc00::/7")
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(\*\.)?({_LABEL}\.)*(?![0-9]+$){_LABEL}", re.IGNORECASE | re.ASCII)


def matching(pattern: str, rule: str) -> AfterValidator:
    """A rule that the whole text must follow."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(rule)
        return value

    return AfterValidator(check)


def at_most(size: int) -> AfterValidator:
    """A bound on text as it is sent."""

    def check(value: str) -> str:
        if len(value.encode()) > size:
            raise ValueError(f"at most {size} bytes of UTF-8 are allowed")
        return value

    return AfterValidator(check)


def _one_line(value: str) -> str:
    if value != value.strip() or len(value.splitlines()) > 1:
        raise ValueError("one line is needed, without blanks at either end")
    return value


def each_once(*names: str) -> AfterValidator:
    """A rule of lists in which nothing may be said twice.

    Entries are the same when these fields of theirs are, or as a whole where no field is named.
    """

    def check(entries: list[Any]) -> list[Any]:
        known = [tuple(getattr(each, name) for name in names) or each for each in entries]
        if len(set(known)) < len(known):
            raise ValueError("every entry must be given once")
        return entries

    return AfterValidator(check)


def _unique(values: list[str]) -> list[str]:
    if len(set(map(_spelt_alike, values))) != len(values):
        raise ValueError("every entry must be given once")
    return values


def _spelt_alike(name: str) -> str:
    """The one spelling of a name or an address that clients may write in several."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower()


def is_written_plainly(value: str) -> str:
    """A range that is written as address, slash and prefix. Raises ValueError.

    A mask in place of the prefix, as in 10.0.0.0/255.0.0.0, is read by Python alone.
    """
    if re.fullmatch(r"[0-9a-fA-F.:]+/[0-9]{1,3}", value) is None:
        raise ValueError("address, slash, prefix")
    return value


def _network(value: str) -> str:
    try:
        ip_network(is_written_plainly(value))
    except ValueError as error:
        raise ValueError(f"a CIDR such as 172.16.0.0/16 is needed: {error}") from None
    return value


def _network_v4(value: str) -> str:
    try:
        network = IPv4Network(_network(value))
    except ValueError as error:
        raise ValueError(f"an IPv4 CIDR such as 172.16.0.0/16 is needed: {error}") from None
    if not 8 <= network.prefixlen <= 28:
        raise ValueError("the prefix must be between /8 and /28")
    return value


def _private(value: str) -> str:
    network = IPv4Network(_network_v4(value))
    if not any(network.subnet_of(private) for private in _PRIVATE):
        raise ValueError("the range must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
    return value


def _services(value: str) -> str:
    # Kubernetes serves no larger range to services than a /12.
    if IPv4Network(_private(value)).prefixlen < 12:
        raise ValueError("the range of services must be /12 or smaller")
    return value


def _unique_local(value: str) -> str:
    try:
        network = IPv6Network(_network(value))
    except ValueError as error:
        raise ValueError(f"an IPv6 CIDR such as fc00::/112 is needed: {error}") from None
    # Kubernetes serves no larger range of IPv6 to services than a /108.
    if not (network.subnet_of(_UNIQUE_LOCAL) and 108 <= network.prefixlen <= 120):
        raise ValueError("a range of fc00::/7 is needed, with a prefix between /108 and /120")
    return value


def _public_address(value: str) -> str:
    try:
        address = IPv4Address(value)
    except ValueError as error:
        raise ValueError(f"an IPv4 address is needed: {error}") from None
    if not is_of_a_host(address):
        raise ValueError(f"an IPv4 address is needed that a host can have, not {value}")
    return str(address)


def is_of_a_host(address: IPv4Address | IPv6Address) -> bool:
    """Whether one server can have the address."""
    nobody = (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_reserved
        or address.is_link_local
    )
    return not (nobody or (isinstance(address, IPv4Address) and address in _THIS_NETWORK))


def _alternative_name(value: str) -> str:
    try:
        address = ip_address(value)
    except ValueError:
        if len(value) > 253 or not _DOMAIN.fullmatch(value):
            raise ValueError("an IP address or a domain name is needed") from None
        return value
    if address.is_unspecified or address.is_multicast or "%" in value:
        raise ValueError("an IP address is needed that a server can have")
    return value


def _base64(value: str) -> str:
    try:
        b64decode(value, validate=True)
    except ValueError:
        raise ValueError("base64 is needed") from None
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(value: str) -> str:
    # A machine without a time zone database knows none; there the name is taken on trust.
    if _zones() and value not in _zones():
        raise ValueError("a time zone of the IANA database is needed, such as Asia/Shanghai")
    return value


Name = Annotated[
    str,
    matching(
        r"[a-z][a-z0-9-]{2,126}[a-z0-9]",
        "4 to 128 lower-case letters, digits and hyphens are needed,"
        " starting with a letter and not ending with a hyphen",
    ),
]
Id = Annotated[
    str, matching("[!-~]{1,64}", "an id is needed: 1 to 64 letters, digits and signs, no blanks")
]
Short = Annotated[str, Field(max_length=64), AfterValidator(_one_line)]
Text = Annotated[str, Field(max_length=255), AfterValidator(_one_line)]
TagKey = Annotated[
    str,
    matching(
        r"(?!_sys_)(?!\s)[\w .:=+@-]{1,128}(?<!\s)",
        "1 to 128 letters, digits, spaces and _.:=+-@ are needed,"
        " no space at either end, not starting with _sys_",
    ),
]
ServerTagKey = Annotated[
    str,
    matching(
        r"(?!_sys_)(?!\s)[\w .:/=+@-]{1,128}(?<!\s)",
        "1 to 128 letters, digits, spaces and _.:/=+-@ are needed,"
        " no space at either end, not starting with _sys_",
    ),
]
"""Of what is not a cluster; both may be of any language."""
TagValue = Annotated[
    str,
    matching(r"[\w .:=+@/-]{0,255}", "at most 255 letters, digits, spaces and _.:/=+-@"),
]
Strings = dict[str, str]
Flag = Annotated[str, matching("true|false", "the text true or false is needed")]
Description = Annotated[str, at_most(200)]
Version = Annotated[
    str, matching(offers.VERSION, "a version such as v1.31 or v1.31.4-r0 is needed")
]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
Base64 = Annotated[str, Field(max_length=2**20), AfterValidator(_base64)]

Cidr = Annotated[str, Field(max_length=64), AfterValidator(_network)]
CidrV4 = Annotated[str, Field(max_length=64), AfterValidator(_network_v4)]
PrivateCidr = Annotated[str, Field(max_length=64), AfterValidator(_private)]
ServiceCidr = Annotated[str, Field(max_length=64), AfterValidator(_services)]
ServiceCidrV6 = Annotated[str, Field(max_length=64), AfterValidator(_unique_local)]
Address = Annotated[str, Field(max_length=64), AfterValidator(_public_address)]
AlternativeNames = Annotated[
    list[Annotated[str, AfterValidator(_alternative_name)]],
    Field(max_length=100),
    AfterValidator(_unique),
]
Zone = Annotated[
    str, matching("[A-Za-z0-9_-]{1,64}", "the name of a zone is needed, 64 characters at most")
]
