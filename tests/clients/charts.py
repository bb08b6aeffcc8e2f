"""Charts and releases as every official SDK asks for them, at both of their places."""

from pathlib import Path
from typing import Any

from tests.clients.script import Call

ARCHIVES = Path(__file__).parents[1] / "vectors" / "charts"
VALUES = {"imagePullPolicy": "IfNotPresent", "imageTag": "v1"}


TWINS = {
    "CreateRelease": "CreateAutopilotRelease",
    "DeleteChart": "DeleteAutopilotChart",
    "DeleteRelease": "DeleteAutopilotRelease",
    "DownloadChart": "DownloadAutopilotChart",
    "ListCharts": "ListAutopilotCharts",
    "ListReleases": "ListAutopilotReleases",
    "ShowChart": "ShowAutopilotChart",
    "ShowChartValues": "ShowAutopilotChartValues",
    "ShowRelease": "ShowAutopilotRelease",
    "ShowReleaseHistory": "ShowAutopilotReleaseHistory",
    "ShowUserChartsQuotas": "ShowAutopilotUserChartsQuotas",
    "UpdateChart": "UpdateAutopilotChart",
    "UpdateRelease": "UpdateAutopilotRelease",
    "UploadChart": "UploadAutopilotChart",
}
"""Each operation of clusters with nodes, and its twin for Autopilot clusters."""


def _named(operation: str, *, pilot: bool) -> str:
    return TWINS[operation] if pilot else operation


def _call(operation: str, pilot: bool, **more: Any) -> Call:
    return Call(operation=_named(operation, pilot=pilot), **more)


def _stock(*, pilot: bool) -> tuple[Call, ...]:
    """A chart, and a release of it that was upgraded once."""
    version = "2.0.0" if pilot else "1.0.0"
    chart = "pilot_chart" if pilot else "chart"
    archive = str(ARCHIVES / f"demo-{version}.tgz")
    body = {"content": archive, "parameters": '{"override":true,"skip_lint":false}'}
    one = _release(pilot)
    upload = _named("UploadChart", pilot=pilot)
    return (
        Call(
            operation=upload,
            args={"body": body},
            status=201,
            shows={"name": "demo", "version": version, "chart_url": f"demo-{version}.tgz"},
            keeps={chart: "id"},
        ),
        _call(
            "UpdateChart",
            pilot,
            args={"chart_id": f"${chart}", "body": {"content": archive}},
            shows={"id": f"${chart}", "public": False},
            needs=upload,
        ),
        _call(
            "CreateRelease",
            pilot,
            args={
                "cluster_id": one["cluster_id"],
                "body": {
                    "chart_id": f"${chart}",
                    "name": "web",
                    "namespace": "default",
                    "version": version,
                    "description": "",
                    "parameters": {"dry_run": False},
                    "values": VALUES,
                },
            },
            status=201,
            shows={"status": "PENDING_INSTALL", "version": 1},
            needs=upload,
        ),
        _deployed(1, pilot),
        _call(
            "UpdateRelease",
            pilot,
            args=one
            | {
                "body": {
                    "chart_id": f"${chart}",
                    "action": "upgrade",
                    "parameters": {"replace": True},
                    "values": {"imageTag": "v2"},
                }
            },
            shows={"status": "PENDING_UPGRADE", "version": 2},
            needs=upload,
        ),
        _deployed(2, pilot),
    )


def _release(pilot: bool) -> dict[str, str]:
    cluster = "$pilot" if pilot else "$cluster"
    return {"cluster_id": cluster, "namespace": "default", "name": "web"}


def _deployed(revision: int, pilot: bool) -> Call:
    return _call(
        "ShowRelease",
        pilot,
        args=_release(pilot),
        shows={"status": "DEPLOYED", "version": revision},
        needs=_named("UploadChart", pilot=pilot),
        waits=True,
    )


def _reads(*, pilot: bool) -> tuple[Call, ...]:
    """Every list and show operation at one place."""
    chart = {"chart_id": "$pilot_chart" if pilot else "$chart"}
    one = _release(pilot)
    cluster = {"cluster_id": one["cluster_id"]}
    return (
        _call("ListCharts", pilot, shows={"body.*.id": chart["chart_id"]}),
        _call("ShowChart", pilot, args=chart, shows={"name": "demo", "instruction": "README.md"}),
        _call("DownloadChart", pilot, args=chart),
        # The models know one key of what a chart may say.
        _call("ShowChartValues", pilot, args=chart, shows={"values.basic.image": "nginx"}),
        _call("ShowUserChartsQuotas", pilot, shows={"quotas.resources.*.quota": 200}),
        _call("ListReleases", pilot, args=cluster, shows={"body.*.name": "web"}),
        _call(
            "ShowRelease",
            pilot,
            args=one | {"show_resources": "true"},
            shows={"chart_name": "demo", "cluster_id": one["cluster_id"], "status": "DEPLOYED"},
        ),
        _call("ShowReleaseHistory", pilot, args=one, shows={"body.1.version": 1}),
    )


def _end(*, pilot: bool) -> tuple[Call, ...]:
    """An earlier revision again, and the end of it all."""
    chart = "$pilot_chart" if pilot else "$chart"
    upload = _named("UploadChart", pilot=pilot)
    one = _release(pilot)
    return (
        _call(
            "UpdateRelease",
            pilot,
            args=one
            | {
                "body": {
                    "chart_id": chart,
                    "action": "rollback",
                    "parameters": {"release_version": 1},
                    "values": {},
                }
            },
            shows={"status": "PENDING_ROLLBACK", "version": 3},
            needs=upload,
        ),
        _deployed(3, pilot),
        _call("DeleteRelease", pilot, args=one, needs=upload),
        _call("DeleteChart", pilot, args={"chart_id": chart}, needs=upload),
    )


CHART_STOCK = (*_stock(pilot=False), *_stock(pilot=True))
CHART_READS = (*_reads(pilot=False), *_reads(pilot=True))
CHART_END = (*_end(pilot=False), *_end(pilot=True))
