"""Which version may follow which, and what this server's upgrades can do, as data."""

from collections.abc import Mapping, Sequence

from clusterwright.cce.offers import VERSIONS, minor

FARTHEST = 2
"""How many minor versions one upgrade may go ahead."""

FEATURE_GATES: Mapping[str, str] = {
    "DisplayPreCheckDetail": "Support",
    "EvsSnapshot": "Disable",
    "LabelForSkippedNode": "Disable",
    "UpgradeStrategy": "Default",
}


def targets(version: str, runnable: Sequence[str] = VERSIONS) -> tuple[str, ...]:
    """The versions that a cluster of this one may be upgraded to, the nearest first.

    Those alone that are ``runnable``.
    """
    place = VERSIONS.index(minor(version))
    nearest = VERSIONS[max(place - FARTHEST, 0) : place][::-1]
    return tuple(each for each in nearest if each in runnable)
