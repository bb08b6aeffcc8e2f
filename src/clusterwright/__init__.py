"""Clusterwright: a self-hosted cluster manager that speaks the CCE v3 API."""

__version__: str


def __getattr__(name: str) -> str:
    """The version, looked up when it is asked for: that takes a tenth of a command's start."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import version

    return version("clusterwright")
