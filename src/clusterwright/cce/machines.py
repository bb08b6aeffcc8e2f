"""The sizes of servers and the systems that are listed.

Nodes may have others, which are taken on trust unless the server is told not to (docs/limits.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass

_SERIES = (
    ("s6", "normal", (2, 4)),
    ("s7", "general", (2, 4)),
    ("c6", "computingv3", (2, 4)),
    ("c7", "computingv3", (2, 4)),
    ("c7n", "computingv3", (2, 4)),
    ("m7", "highmem", (8,)),
)
"""Names, what they are good at in the API's words, and GiB of memory for each CPU."""
_SIZES = (("large", 2), ("xlarge", 4), ("2xlarge", 8), ("4xlarge", 16))


@dataclass(frozen=True, slots=True)
class ServerFlavor:
    """A size of server."""

    name: str
    generation: str
    performance: str
    cpus: int
    memory: int
    """MiB."""


def _all() -> Iterator[ServerFlavor]:
    for series, performance, ratios in _SERIES:
        for size, cpus in _SIZES:
            for ratio in ratios:
                name = f"{series}.{size}.{ratio}"
                yield ServerFlavor(name, series, performance, cpus, cpus * ratio * 1024)


SERVER_FLAVORS = {flavor.name: flavor for flavor in _all()}
"""Every flavor that is listed, by its name."""

SYSTEMS = (
    *("Huawei Cloud EulerOS 2.0", "Huawei Cloud EulerOS 1.1", "HCE OS 2.0"),
    *("EulerOS 2.10", "EulerOS 2.9", "EulerOS 2.8", "EulerOS 2.5", "EulerOS 2.3"),
    *("Ubuntu 22.04", "Ubuntu 18.04", "CentOS 7.7", "CentOS 7.6", "CentOS 7.4"),
)
"""Systems that nodes are known to run."""
