"""What this server offers, as data: versions, sizes, zones, abilities, options of components.

Each of these facts stands here once, because several answers tell it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

VERSIONS = ("v1.34", "v1.33", "v1.32", "v1.31", "v1.30", "v1.29", "v1.28")
"""Supported Kubernetes versions, newest first; the first is the default."""
PLATFORM_VERSION = "cce.1.0"
"""The one revision of what surrounds Kubernetes here."""


VERSION = r"v[1-9][0-9]?\.(0|[1-9][0-9]?)(\.(0|[1-9][0-9]{0,2})(-r(0|[1-9][0-9]{0,2}))?)?"
"""How a version is written: ``v1.31``, ``v1.31.4`` or ``v1.31.4-r0``."""


def minor(version: str) -> str:
    """The part of a version that decides: ``v1.31`` of ``v1.31.4-r0``."""
    return ".".join(version.split(".")[:2])


def is_offered(version: str) -> bool:
    """Whether clusters of this version can be made, any part after the minor one aside."""
    return re.fullmatch(VERSION, version) is not None and minor(version) in VERSIONS


@dataclass(frozen=True, slots=True)
class Flavor:
    """A size of control plane."""

    masters: int
    nodes: int


# API reference, 4.2.
FLAVORS: Mapping[str, Flavor] = {
    "cce.s1.small": Flavor(1, 50),
    "cce.s1.medium": Flavor(1, 200),
    "cce.s1.large": Flavor(1, 1000),
    "cce.s2.small": Flavor(3, 50),
    "cce.s2.medium": Flavor(3, 200),
    "cce.s2.large": Flavor(3, 1000),
    "cce.s2.xlarge": Flavor(3, 2000),
}
DEFAULT_FLAVOR = "cce.s1.small"

AUTOPILOT_FLAVOR = "cce.autopilot.cluster"
"""The one flavor of clusters without nodes of their own, which have paths of their own."""
AUTOPILOT = Flavor(3, 0)
"""The size of such a cluster."""

_ZONES = ("a", "b", "c")
"""What follows the region in the name of a zone."""


def zones(region: str) -> tuple[str, ...]:
    """The availability zones of a region; the first is for whoever asks for none."""
    return tuple(f"{region}{letter}" for letter in _ZONES)


FEATURE_GATES: Mapping[str, bool] = {
    "autopilot": True,
    "clusterHibernation": True,
    "clusterResize": True,
    "clusterUpgrade": True,
    "prepaid": False,
}
"""Abilities in words of our own: the public service documents none."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a component; its type is its default's."""

    name: str
    default: str | int | bool
    valid_at: str = "immediately"
    choices: tuple[str, ...] = ()
    """All values there are; empty for any text."""
    pattern: str = ""
    """What a text must look like; empty for anything."""
    ports: bool = False
    """Whether it is a range of ports, the first one first."""
    least: int = 0
    most: int = 2**31 - 1

    @property
    def type(self) -> str:
        """The type in the API's words."""
        return type(self.default).__name__

    def broken_by(self, value: object) -> str:
        """The rule that a value breaks; empty where it may be set.

        Numbers and booleans may be texts too: public Terraform configurations send them so.
        """
        match self.default:
            case bool():
                fits = isinstance(value, bool) or value in ("true", "false")
                return "" if fits else "Send true or false."
            case int():
                return self._broken_by_number(value)
            case str():
                return self._broken_by_text(value)

    def _broken_by_number(self, value: object) -> str:
        if isinstance(value, str) and re.fullmatch("-?[0-9]{1,10}", value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value in self._range:
            return ""
        return f"Send a number from {self.least} to {self.most}."

    @property
    def _range(self) -> range:
        return range(self.least, self.most + 1)

    def _broken_by_text(self, value: object) -> str:
        if not isinstance(value, str):
            return "Send a text."
        if self.choices and value not in self.choices:
            return f"Send one of {', '.join(self.choices)}."
        if self.pattern and not re.fullmatch(self.pattern, value):
            return f"Send a text such as {self.default}."
        if self.ports and not _are_ports(value):
            return f"Send a range of ports such as {self.default}."
        return ""


def _are_ports(value: str) -> bool:
    found = re.fullmatch("([0-9]{1,5})-([0-9]{1,5})", value)
    return found is not None and 1 <= int(found[1]) <= int(found[2]) <= 65535


Components = Mapping[str, tuple[Option, ...]]

CONTROL_PLANE: Components = {
    "kube-apiserver": (
        Option("default-not-ready-toleration-seconds", 300),
        Option("default-unreachable-toleration-seconds", 300),
        Option("max-mutating-requests-inflight", 200, least=1),
        Option("max-requests-inflight", 400, least=1),
        Option("service-node-port-range", "30000-32767", ports=True),
        Option("support-overload", default=True),
    ),
    "kube-controller-manager": (
        Option("concurrent-deployment-syncs", 5, least=1, most=1000),
        Option("concurrent-endpoint-syncs", 5, least=1, most=1000),
        Option("concurrent-gc-syncs", 20, least=1, most=1000),
        Option("concurrent-job-syncs", 5, least=1, most=1000),
        Option("concurrent-namespace-syncs", 10, least=1, most=1000),
        Option("concurrent-replicaset-syncs", 5, least=1, most=1000),
        Option("kube-api-burst", 100, least=1),
        Option("kube-api-qps", 100, least=1),
        Option("terminated-pod-gc-threshold", 12500),
    ),
    "kube-scheduler": (
        Option("default-scheduler", "kube-scheduler"),
        Option("kube-api-burst", 100, least=1),
        Option("kube-api-qps", 100, least=1),
    ),
}
"""The components of a control plane and their options."""

NODE: Components = {
    "kubelet": (
        Option("max-pods", 110, least=16, most=1024),
        Option("cpu-manager-policy", "none", choices=("none", "static", "enhanced-static")),
        Option("kube-api-qps", 100),
        Option("kube-api-burst", 100),
        Option("pod-pids-limit", -1, least=-1),
        Option("event-qps", 5),
        Option("allowed-unsafe-sysctls", ""),
        Option(
            "topology-manager-policy",
            "none",
            choices=("none", "best-effort", "restricted", "single-numa-node"),
        ),
    ),
    "kube-proxy": (
        Option("conntrack-min", 131072),
        Option(
            "conntrack-tcp-timeout-close-wait", "1h0m0s", pattern="([0-9]+(\\.[0-9]+)?(h|m|s|ms))+"
        ),
    ),
}
"""The components of a node and their options."""


def rule_broken_by(value: object, components: Components, component: str, option: str) -> str:
    """The rule that a value of an option breaks; empty for an option that is not known here."""
    known = (each for each in components.get(component, ()) if each.name == option)
    return next((each.broken_by(value) for each in known), "")


CONTROL_LOGS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
AUDIT_LOG = "audit"
DEFAULT_LOG_DAYS = 7
"""Which logs can be collected, and how long they are kept."""
