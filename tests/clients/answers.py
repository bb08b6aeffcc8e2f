"""Bodies that several walks of client programs send, and what they do with answers."""

import time
from collections.abc import Callable
from typing import Any

from tests.clients.client_programs import Answer
from tests.clients.cluster_walk import PATIENCE


def until(ask: Callable[[], Answer], done: Callable[[Answer], bool]) -> Answer:
    """Ask until the answer is as wanted."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = ask()
        if done(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)


def good(answer: Answer) -> Any:
    """The body of an answer that the SDK has understood."""
    assert answer.ok, answer
    return answer.body


def addon(cluster_id: str, version: str) -> dict[str, Any]:
    """The body of a request to install or to upgrade."""
    return {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {"annotations": {"addon.install/type": "install"}},
        "spec": {
            "clusterID": cluster_id,
            "addonTemplateName": "metrics-server",
            "version": version,
            "values": {"basic": {}, "custom": {"replicas": 1}},
        },
    }
