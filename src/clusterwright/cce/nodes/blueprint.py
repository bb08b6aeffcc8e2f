"""What drivers are told of how a node's components should run."""

from collections.abc import Mapping
from typing import Any

from clusterwright.cce.clusters.blueprint import objects
from clusterwright.cce.offers import NODE, rule_broken_by
from clusterwright.drivers import contract

Options = dict[str, dict[str, str]]

_MAX_PODS = "max-pods"
_AMOUNTS = {
    "Cpu": ("cpu", "m"),
    "Mem": ("memory", "Mi"),
    "Pid": ("pid", ""),
    "Storage": ("ephemeral-storage", "Gi"),
}
"""How ``extendParam`` and Kubernetes call what is reserved, and the unit of its number."""


def options(spec: Mapping[str, Any], configured: Mapping[str, Mapping[str, Any]]) -> Options:
    """The options that this server offers, of the node's own spec and then of its pool's.

    Clients may keep anything else among them; ``max_pods`` is told apart.
    """
    found: dict[tuple[str, str], Any] = {
        (str(package.get("name")), str(one.get("name"))): one.get("value")
        for package in objects(spec.get("configurationsOverride"))
        for one in objects(package.get("configurations"))
    }
    for component, values in configured.items():
        found |= {(component, name): value for name, value in values.items()}
    offered = {(c, option.name) for c, known in NODE.items() for option in known}
    chosen: Options = {}
    for (component, name), value in found.items():
        if (component, name) in offered and not rule_broken_by(value, NODE, component, name):
            chosen.setdefault(component, {})[name] = str(value)
    return chosen


def max_pods(spec: Mapping[str, Any], chosen: Options) -> int:
    """How many pods the node bears; taken out of the options, where its pool says it."""
    configured = chosen.get("kubelet", {}).pop(_MAX_PODS, None)
    asked = (spec.get("extendParam") or {}).get("maxPods")
    if configured is not None:
        return int(configured)
    # Clients may keep anything below extendParam.
    return asked if type(asked) is int and asked > 0 else contract.MAX_PODS


def reserved(spec: Mapping[str, Any], whose: str) -> dict[str, str]:
    """What is kept for ``kube`` or ``system``, as Kubernetes writes amounts."""
    extended = spec.get("extendParam") or {}
    asked = {
        name: (extended.get(f"{whose}Reserved{suffix}"), unit)
        for suffix, (name, unit) in _AMOUNTS.items()
    }
    return {
        name: f"{number}{unit}"
        for name, (number, unit) in asked.items()
        if type(number) is int and number > 0
    }
