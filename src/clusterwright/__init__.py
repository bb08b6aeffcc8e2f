"""Clusterwright: a self-hosted cluster manager that speaks the CCE v3 API."""

from importlib.metadata import version

__version__ = version("clusterwright")
