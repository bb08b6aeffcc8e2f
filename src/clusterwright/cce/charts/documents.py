"""How charts read: the JSON objects of answers, in snake case (API reference, 12.1)."""

from typing import Any

import msgspec

from clusterwright.cce.charts.store import Chart
from clusterwright.clock import seconds

Json = dict[str, Any]


def file_name(found: Chart) -> str:
    """What the archive of a chart is called."""
    return f"{found.name}-{found.version}.tgz"


def chart(found: Chart) -> Json:
    """One version of a chart."""
    return {
        "id": found.uid,
        "name": found.name,
        "values": found.values,
        "translate": "",
        "instruction": "README.md" if found.has_readme else "",
        "version": found.version,
        "description": found.description,
        "source": found.source,
        "icon_url": found.icon_url,
        "public": False,
        "chart_url": file_name(found),
        "create_at": seconds(found.created_at),
        "update_at": seconds(found.updated_at),
    }


def values(found: Chart) -> Json:
    """The values of a chart as an object."""
    return {"values": msgspec.Raw(found.values.encode())}


def quotas(quota: int, used: int) -> Json:
    """How many charts a project may keep, and keeps."""
    return {"quotas": {"resources": [{"type": "Charts", "quota": quota, "used": used}]}}
