"""What almost every test needs: the body of a cluster, a log-in, and waiting."""

import asyncio
import time
from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any

PATIENCE = 120.0
"""Seconds that anything may take; every wait is bounded by it."""

VPC = "5c3f2a0e-7d5b-4b53-9f0e-6a5d2f1c8e11"
SUBNET = "b1e0c9d4-2f6a-4c0f-8f53-3d9a7e6b4c22"


def cluster_body(name: str, **spec: Any) -> dict[str, Any]:
    """The body of a request to create a cluster: one master, unless ``spec`` says otherwise."""
    return {
        "kind": "Cluster",
        "apiVersion": "v3",
        "metadata": {"name": name},
        "spec": {
            "version": "v1.31",
            "hostNetwork": {"vpc": VPC, "subnet": SUBNET},
            "containerNetwork": {"mode": "vpc-router"},
        }
        | spec,
    }


def log_in_body(account: Mapping[str, str]) -> dict[str, Any]:
    """The body of a request for a token of the account's project."""
    user = {"id": account["user_id"], "password": account["password"]}
    return {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"id": account["project_id"]}},
        }
    }


def holding(step: str, name: str, *, times: int = 1_000_000) -> tuple[str, ...]:
    """The command that holds the jobs of a cluster at a step, until its fault is cleared.

    Whoever looks at a job has the time to do so. Fewer ``times`` hold it for some seconds.
    """
    away = ("--kind", "unavailable", "--times", str(times), "--cluster", name)
    return ("fault", "add", step, *away)


def until(what: str, ready: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until ``ready`` says so. Fails with ``what`` when it does not."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"after {seconds} s: {what}"
        time.sleep(0.05)


async def until_async(what: str, ready: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait in an event loop until ``ready`` says so, at once or when what it returns is awaited.

    Returns what was said. Fails with ``what`` when it is not.
    """
    deadline = time.monotonic() + seconds
    while not (said := await _said(ready())):
        assert time.monotonic() < deadline, f"after {seconds} s: {what}"
        await asyncio.sleep(0.01)
    return said


async def _said(answer: Any) -> Any:
    return await answer if isawaitable(answer) else answer


def until_equal(read: Callable[[], Any], wanted: Any, seconds: float = PATIENCE) -> None:
    """Call ``read`` until it gives what is wanted."""
    until(f"not {wanted!r} yet", lambda: read() == wanted, seconds)
