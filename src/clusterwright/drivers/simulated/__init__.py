"""The simulated driver: clusters and nodes that keep their promises on disk, at a set pace."""

from clusterwright.drivers.simulated.driver import SimulatedDriver
from clusterwright.drivers.simulated.faults import load_faults

__all__ = ["SimulatedDriver", "load_faults"]
