"""Options of a node's components, in the words of their configuration files: a closed list.

Values are checked before they are written: a kubelet that cannot start with one would take the node
with it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError

KUBELET, PROXY = "kubelet", "kube-proxy"

_POLICIES = {"none": "none", "static": "static", "enhanced-static": "static"}
"""Upstream's kubelet knows no better static policy than its own."""
_TOPOLOGIES = ("none", "best-effort", "restricted", "single-numa-node")


def _number(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise ValueError(text)
        return number

    return read


def _one_of(values: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in values:
            raise ValueError(text)
        return text

    return read


def _list(text: str) -> list[str]:
    return [each for each in text.split(",") if each]


_OF_KUBELET: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "cpu-manager-policy": ("cpuManagerPolicy", lambda text: _POLICIES[text]),
    "kube-api-qps": ("kubeAPIQPS", _number(0)),
    "kube-api-burst": ("kubeAPIBurst", _number(0)),
    "pod-pids-limit": ("podPidsLimit", _number(-1)),
    "event-qps": ("eventRecordQPS", _number(0)),
    "allowed-unsafe-sysctls": ("allowedUnsafeSysctls", _list),
    "topology-manager-policy": ("topologyManagerPolicy", _one_of(_TOPOLOGIES)),
}
PASSED_OVER = {PROXY: ("conntrack-min", "conntrack-tcp-timeout-close-wait")}
"""What belongs to this host, which its nodes share, and is left as it is."""


def kubelet(options: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """What a kubelet's configuration gets. Raises DriverError, naming the option and its value."""
    found = {}
    for name, text in options.get(KUBELET, {}).items():
        if name not in _OF_KUBELET:
            raise DriverError(
                f"{KUBELET} {name}: this driver does not know the option.", causes.BAD_OPTION
            )
        field, read = _OF_KUBELET[name]
        try:
            found[field] = read(text)
        except (ValueError, KeyError):
            raise DriverError(
                f"{KUBELET} {name}: it cannot be {text[:64]!r}.", causes.BAD_OPTION
            ) from None
    return found


def check(options: Mapping[str, Mapping[str, str]]) -> None:
    """Raises DriverError for what no node could be made with."""
    kubelet(options)
    for component, values in options.items():
        if component not in (KUBELET, PROXY):
            raise DriverError(f"{component}: a node has no such component.", causes.BAD_OPTION)
        if component == PROXY and (unknown := set(values) - set(PASSED_OVER[PROXY])):
            raise DriverError(
                f"{PROXY} {unknown.pop()}: this driver does not know the option.", causes.BAD_OPTION
            )


def reserved(
    mine: Mapping[str, str], *, static_cpus: bool, beyond: Mapping[str, str]
) -> dict[str, str]:
    """What the system keeps: what was asked for, and what the host has beyond the node's size."""
    found = dict(beyond)
    for name, amount in mine.items():
        found[name] = _sum(found[name], amount) if name in found else amount
    if static_cpus and "cpu" not in found:
        found["cpu"] = "100m"  # a kubelet that hands out whole cores wants a part of one for itself
    return found


def _sum(one: str, other: str) -> str:
    """The sum of two quantities, which both are of CPUs or both of memory."""
    if one.endswith("i"):
        return f"{_kib(one) + _kib(other)}Ki"
    return f"{_thousandths(one) + _thousandths(other)}m"


def _kib(text: str) -> int:
    units = {"Ki": 1, "Mi": 1024, "Gi": 1024 * 1024}
    return int(text[:-2]) * units[text[-2:]]


def _thousandths(text: str) -> int:
    return int(text[:-1]) if text.endswith("m") else int(text) * 1000
