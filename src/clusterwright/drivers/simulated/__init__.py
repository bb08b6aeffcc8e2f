"""The simulated driver: clusters and nodes that keep their promises on disk, at a set pace."""

from clusterwright.drivers.simulated.driver import SimulatedDriver

__all__ = ["SimulatedDriver"]
