"""Bodies that several scripts send."""

from typing import Any


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
