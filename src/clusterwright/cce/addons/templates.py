"""The add-ons that can be installed, as data: the answer of ``ListAddonTemplates``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clusterwright.cce.addons.contents import CONTENTS
from clusterwright.cce.addons.inputs import Content
from clusterwright.cce.offers import VERSIONS


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """One version of an add-on and the Kubernetes versions that it runs on."""

    version: str
    kubernetes: tuple[str, ...]
    """Minor versions such as ``v1.31``."""
    released: str
    """RFC 3339 with ``Z``: the Java SDK reads it as a date (client notes, A6)."""

    @property
    def pattern(self) -> str:
        """The regular expression of cluster versions that clients are told."""
        minors = "|".join(minor.removeprefix("v1.") for minor in self.kubernetes)
        return rf"v1\.({minors})(\..*)?"

    def supports(self, cluster_version: str) -> bool:
        """Whether a cluster of this version can have it."""
        return re.fullmatch(self.pattern, cluster_version) is not None


@dataclass(frozen=True, slots=True)
class Template:
    """An add-on that can be installed."""

    name: str
    label: str
    description: str
    versions: tuple[TemplateVersion, ...]
    """Newest first."""
    built_in: bool = False
    """Whether every new cluster has it."""
    autopilot: bool = False
    """Whether clusters without nodes can have it."""

    @property
    def content(self) -> Content:
        """The values that its versions propose."""
        return CONTENTS[self.name]

    def find(self, version: str) -> TemplateVersion | None:
        """The version of that name, or None."""
        return next((known for known in self.versions if known.version == version), None)

    def for_cluster(self, cluster_version: str) -> tuple[TemplateVersion, ...]:
        """The versions that a cluster can have, newest first."""
        return tuple(known for known in self.versions if known.supports(cluster_version))


def _two(newest: str, older: str) -> tuple[TemplateVersion, ...]:
    """The newest version is for every cluster version, the one before not for the newest."""
    return (
        TemplateVersion(newest, VERSIONS, "2026-05-12T08:00:00Z"),
        TemplateVersion(older, VERSIONS[1:], "2025-09-30T08:00:00Z"),
    )


TEMPLATES: Mapping[str, Template] = {
    template.name: template
    for template in (
        Template(
            "autoscaler", "Elasticity", "Adds and removes nodes by need.", _two("1.34.8", "1.32.4")
        ),
        Template(
            "coredns",
            "Network",
            "Answers names inside the cluster.",
            _two("1.30.33", "1.30.6"),
            built_in=True,
            autopilot=True,
        ),
        Template(
            "cce-hpa-controller",
            "Elasticity",
            "Scales workloads by metrics.",
            _two("1.5.3", "1.4.30"),
            autopilot=True,
        ),
        Template(
            "cie-collector",
            "Monitor",
            "Collects metrics of workloads.",
            _two("3.12.1", "3.11.0"),
            autopilot=True,
        ),
        Template(
            "dew-provider", "Security", "Mounts secrets of a key service.", _two("1.1.86", "1.1.33")
        ),
        Template(
            "everest",
            "Storage",
            "Attaches volumes to workloads.",
            _two("2.4.150", "2.4.92"),
            built_in=True,
        ),
        Template("gpu-beta", "AI", "Makes graphics processors usable.", _two("2.8.4", "2.7.42")),
        Template(
            "log-agent",
            "Monitor",
            "Collects logs of workloads.",
            _two("1.7.4", "1.6.1"),
            autopilot=True,
        ),
        Template(
            "metrics-server",
            "Monitor",
            "Measures nodes and pods.",
            _two("1.3.104", "1.3.60"),
            autopilot=True,
        ),
        Template(
            "nginx-ingress",
            "Network",
            "Routes requests to services.",
            _two("4.0.9", "3.0.34"),
            autopilot=True,
        ),
        Template(
            "node-local-dns", "Network", "Caches names on every node.", _two("1.8.1", "1.6.38")
        ),
        Template("npd", "Monitor", "Detects troubles of nodes.", _two("1.19.59", "1.19.20")),
        Template("volcano", "AI", "Schedules batches of pods.", _two("1.17.9", "1.16.8")),
    )
}
"""Every template by its name. The version numbers follow the public service's way of counting."""


def offered(*, autopilot: bool) -> Mapping[str, Template]:
    """The templates that clusters of this kind can have, by their names."""
    return {
        name: template
        for name, template in TEMPLATES.items()
        if template.autopilot or not autopilot
    }


def built_in(*, autopilot: bool) -> tuple[Template, ...]:
    """What a new cluster has. The OpenTelekomCloud provider waits for it (client notes, B9)."""
    found = offered(autopilot=autopilot).values()
    return tuple(template for template in found if template.built_in)


EXTERNAL = Template(
    "icagent", "Monitor", "Sends logs to a log service.", _two("5.12.210", "5.12.98")
)
"""What only a request to create a cluster can name: it is in no list of templates (API reference,
7).
"""

KNOWN: Mapping[str, Template] = {**TEMPLATES, EXTERNAL.name: EXTERNAL}
"""Every template that an add-on of a cluster may be of."""
