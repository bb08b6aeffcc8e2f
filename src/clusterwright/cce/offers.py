"""What this server offers, as data: zones, abilities and the options of components."""

from collections.abc import Mapping
from dataclasses import dataclass

ZONES = ("a", "b", "c")
"""What follows the region in the name of a zone."""

FEATURE_GATES: Mapping[str, bool] = {
    "autopilot": False,
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

    @property
    def type(self) -> str:
        """The type in the API's words."""
        return type(self.default).__name__


COMPONENTS: Mapping[str, tuple[Option, ...]] = {
    "kube-apiserver": (
        Option("default-not-ready-toleration-seconds", 300),
        Option("default-unreachable-toleration-seconds", 300),
        Option("max-mutating-requests-inflight", 200),
        Option("max-requests-inflight", 400),
        Option("service-node-port-range", "30000-32767"),
        Option("support-overload", default=True),
    ),
    "kube-controller-manager": (
        Option("concurrent-deployment-syncs", 5),
        Option("concurrent-endpoint-syncs", 5),
        Option("concurrent-gc-syncs", 20),
        Option("concurrent-job-syncs", 5),
        Option("concurrent-namespace-syncs", 10),
        Option("concurrent-replicaset-syncs", 5),
        Option("kube-api-burst", 100),
        Option("kube-api-qps", 100),
    ),
    "kube-scheduler": (
        Option("default-scheduler", "kube-scheduler"),
        Option("kube-api-burst", 100),
        Option("kube-api-qps", 100),
    ),
}

CONTROL_LOGS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
AUDIT_LOG = "audit"
DEFAULT_LOG_DAYS = 7
