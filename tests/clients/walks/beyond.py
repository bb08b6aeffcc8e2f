"""What the huaweicloud provider sends beyond clusters, nodes and add-ons: examples/terraform again.

Recorded while the real provider applied, planned and destroyed ``charts``, ``autopilot`` and
``inside``: charts and their releases, a cluster without nodes, its upgrade, cached images, and the
Kubernetes API on the cluster's own host.
"""

from typing import Any

from tests.clients.charts import ARCHIVES, VALUES
from tests.clients.script import Call
from tests.clients.walks.examples import END, cluster
from tests.clients.walks.huaweicloud import HOST, PENDING, gone

NETWORK = {"vpc": "demo-vpc", "subnet": "demo-subnet"}
PARAMETERS = '{"override":true,"skip_lint":true,"source":"package"}'


def chart(begin: str, **keeps: str) -> tuple[Call, ...]:
    """An archive, kept and read."""
    id = next(iter(keeps))
    return (
        Call(
            operation=f"POST {begin}/v2/charts",
            args={"upload": ARCHIVES / "demo-1.0.0.tgz", "parameters": PARAMETERS},
            status=201,
            shows={"version": "1.0.0", "source": "package"},
            keeps=keeps,
        ),
        Call(operation=f"GET {begin}/v2/charts/${id}", shows={"name": "demo", "public": False}),
        Call(operation=f"GET {begin}/v2/charts", shows={"*.id": f"${id}"}),
        Call(operation=f"GET {begin}/v2/charts/${id}/values", shows={"values": ...}),
    )


def release(begin: str, chart_id: str, gone_with: str) -> tuple[Call, ...]:
    """A release, until it is there, and gone again with its chart."""
    place = f"{begin}/clusters/$cluster"
    asked = {
        "chart_id": chart_id,
        "description": "",
        "name": "web",
        "namespace": "default",
        "parameters": {},
        "values": VALUES,
        "version": "1.0.0",
    }
    one = f"{place}/namespace/default/releases/web"
    return (
        Call(
            operation=f"POST {place}/releases",
            args={"body": asked},
            status=201,
            shows={"status": "PENDING_INSTALL", "cluster_name": "$name"},
        ),
        Call(operation=f"GET {one}", shows={"status": "DEPLOYED"}, waits=True),
        Call(operation=f"GET {place}/releases", shows={"*.name": "web"}),
        Call(operation=f"GET {one}/history", shows={"0.version": 1}),
        Call(operation=f"DELETE {one}"),
        Call(operation=f"DELETE {gone_with}/{chart_id}"),
    )


CHARTS = (
    *cluster(containerNetwork={"mode": "vpc-router"}, hostNetwork=NETWORK),
    *chart("", chart="id"),
    *release("/cce/cam/v3", "$chart", "/v2/charts"),
)

INSIDE = (
    Call(
        operation="POST /api/v1/namespaces",
        args={
            "body": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}},
            "headers": HOST,
        },
        status=201,
        shows={"metadata.uid": ...},
    ),
    Call(
        operation="GET /api/v1/namespaces/team-a",
        args={"headers": HOST},
        shows={"status.phase": "Active"},
    ),
    Call(
        operation="POST /api/v1/namespaces/team-a/persistentvolumeclaims",
        args={
            "body": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {
                    "annotations": {"everest.io/disk-volume-type": "SSD"},
                    "name": "data",
                    "namespace": "team-a",
                },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "10Gi"}},
                    "storageClassName": "csi-disk",
                },
            },
            "headers": HOST,
        },
        status=201,
        keeps={"claim": "metadata.uid"},
    ),
    Call(
        operation="GET /api/v1/namespaces/team-a/persistentvolumeclaims",
        args={"headers": HOST},
        shows={"items.*.metadata.uid": "$claim", "items.*.status.phase": "Bound"},
    ),
    Call(
        operation="DELETE /api/v1/namespaces/team-a/persistentvolumeclaims/data",
        args={"headers": HOST},
    ),
    Call(operation="DELETE /api/v1/namespaces/team-a", args={"headers": HOST}),
    Call(operation="GET /api/v1/namespaces/team-a", args={"headers": HOST}, status=404, waits=True),
)

PILOTS = "/autopilot/v3/projects/$project"
PILOT = f"{PILOTS}/clusters/$cluster"


def upgraded(place: str, action: str) -> tuple[Call, ...]:
    """A cluster of v1.31 that becomes one of v1.32; ``action`` is the key of the last request."""
    versions = {"clusterID": "$cluster", "clusterVersion": "v1.31", "targetVersion": "v1.32"}

    def asked(operation: str, kind: str, **spec: str) -> dict[str, Any]:
        body = {"apiVersion": "v3", "kind": kind, "spec": versions | spec}
        return {"operation": f"POST {place}/operation/{operation}", "args": {"body": body}}

    def succeeded(task: str) -> Call:
        operation = f"GET {place}/operation/{task}/tasks/$task"
        return Call(operation=operation, shows={"status.phase": "Success"}, waits=True)

    strategy = {"inPlaceRollingUpdate": {"userDefinedStep": 20}, "type": "inPlaceRollingUpdate"}
    task = {
        "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
        "spec": {action: {"strategy": strategy, "targetVersion": "v1.32"}},
    }
    keeps = {"task": "metadata.uid"}
    return (
        Call(operation=f"GET {place}/upgradeinfo", shows={"spec.versionInfo.targetVersions": ...}),
        Call(**asked("upgradeworkflows", "WorkFlowTask", clusterVersion=""), status=201),
        Call(**asked("precheck", "PreCheckTask"), keeps=keeps),
        succeeded("precheck"),
        Call(operation=f"POST {place}/operation/upgrade", args={"body": task}, keeps=keeps),
        succeeded("upgrade"),
    )


WITHOUT_NODES = (
    Call(operation="GET /autopilot/v3/addontemplates", shows={"items.*.metadata.name": "coredns"}),
    Call(
        operation=f"POST {PILOTS}/clusters",
        args={
            "body": {
                "apiversion": "v3",
                "kind": "Cluster",
                "metadata": {"name": "$name"},
                "spec": {
                    "containerNetwork": {"mode": "eni"},
                    "enableAutopilot": True,
                    "enableSWRImageAccess": False,
                    "enableSnat": False,
                    "eniNetwork": {"subnets": [{"subnetID": "demo-subnet"}]},
                    "flavor": "cce.autopilot.cluster",
                    "hostNetwork": NETWORK,
                    "ipv6enable": False,
                    "version": "v1.31",
                },
            }
        },
        status=201,
        keeps={"job": "status.jobID"},
    ),
    Call(
        operation=f"GET {PILOTS}/jobs/$job",
        shows={"status.phase": "Success"},
        keeps={"cluster": "spec.clusterUID"},
        waits=True,
        through=PENDING,
    ),
    Call(operation=f"GET {PILOT}", shows={"status.phase": "Available"}, waits=True),
    Call(operation=f"GET {PILOTS}/clusters", shows={"items.*.metadata.uid": "$cluster"}),
    Call(
        operation=f"GET {PILOTS}/cluster/$cluster/log-configs",
        shows={"log_configs.*.name": "audit"},
    ),
    Call(
        operation=f"POST {PILOT}/clustercert",
        args={"body": {"duration": 30}},
        shows={"kind": "Config", "users": ...},
    ),
    Call(
        operation="POST /autopilot/v3/addons",
        args={
            "body": {
                "apiVersion": "v3",
                "kind": "Addon",
                "metadata": {"annotations": {"addon.install/type": "install"}},
                "spec": {
                    "addonTemplateName": "metrics-server",
                    "clusterID": "$cluster",
                    "values": {},
                },
            }
        },
        status=201,
        keeps={"addon": "metadata.uid"},
    ),
    Call(
        operation="GET /autopilot/v3/addons/$addon",
        shows={"status.status": "running"},
        waits=True,
    ),
    Call(
        operation="GET /autopilot/v3/addons?cluster_id=$cluster",
        shows={"items.*.metadata.uid": "$addon"},
    ),
    *chart("/autopilot", chart="id"),
    *release("/autopilot/cam/v3", "$chart", "/autopilot/v2/charts"),
    *upgraded(PILOT, "autopilotClusterUpgradeAction"),
    Call(
        operation="POST /v5/imagecaches",
        args={
            "body": {
                "building_config": {"cluster": "$cluster", "image_pull_secrets": []},
                "image_cache_size": 20,
                "images": ["busybox:latest"],
                "name": "$name",
                "retention_days": 7,
            }
        },
        status=201,
        keeps={"cache": "image_cache.id"},
    ),
    Call(
        operation="GET /v5/imagecaches/$cache",
        shows={"image_cache.status": "Available"},
        waits=True,
    ),
    Call(operation="GET /v5/imagecaches", shows={"image_caches.*.id": "$cache"}),
    Call(operation="DELETE /v5/imagecaches/$cache", status=202),
    gone("/v5/imagecaches/$cache"),
    Call(operation="DELETE /autopilot/v3/addons/$addon"),
    gone("/autopilot/v3/addons/$addon"),
    Call(operation=f"DELETE {PILOT}"),
    gone(PILOT),
)

WALK = (*CHARTS, *INSIDE, *END, *WITHOUT_NODES)
