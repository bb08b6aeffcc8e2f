"""Clusters without nodes, as scripts for every official SDK that knows them."""

from typing import Any

from tests.clients.answers import addon
from tests.clients.cluster_walk import body
from tests.clients.life import document
from tests.clients.script import Call

IN_PILOT = {"cluster_id": "$pilot"}
ADDON = IN_PILOT | {"id": "$pilot_addon"}
TASK = IN_PILOT | {"task_id": "$pilot_check"}
PILOT = body("pilot-$name")
PILOT["spec"] |= {
    "flavor": "cce.autopilot.cluster",
    "containerNetwork": {"mode": "eni"},
    "eniNetwork": {"subnets": [{"subnetID": "a-subnet"}]},
}
HOP = {"clusterID": "$pilot", "clusterVersion": "v1.31", "targetVersion": "v1.32"}
NEXT_HOP = {"clusterID": "$pilot", "clusterVersion": "v1.32", "targetVersion": "v1.33"}
UPGRADE = {
    "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
    "spec": {
        "clusterUpgradeAction": {
            "targetVersion": "v1.32",
            "strategy": {
                "type": "inPlaceRollingUpdate",
                "inPlaceRollingUpdate": {"userDefinedStep": 20},
            },
        }
    },
}
WINDOW: dict[str, Any] = {
    "weekly_period": "Friday,Saturday",
    "start_time": "16:00:00",
    "duration_hours": 3,
    "upgrade_scope": "OnlyPatchVersion",
}


def addon_runs(version: str) -> Call:
    """The add-on comes to run in a version."""
    shows = {"status.status": "running", "spec.version": version}
    return Call(operation="ShowAutopilotAddonInstance", args=ADDON, shows=shows, waits=True)


PILOT_STOCK = (
    Call(
        operation="CreateAutopilotCluster",
        args={"body": PILOT},
        status=201,
        keeps={"pilot": "metadata.uid", "pilot_job": "status.jobID"},
    ),
    Call(
        operation="ShowAutopilotJob",
        args={"job_id": "$pilot_job"},
        shows={"status.phase": "Success"},
        waits=True,
    ),
    Call(
        operation="UpdateAutopilotCluster",
        args=IN_PILOT | {"body": {"spec": {"description": "Mine"}}},
    ),
    Call(
        operation="UpdateAutopilotClusterEip",
        args=IN_PILOT | {"body": {"spec": {"action": "bind", "spec": {"id": "eip-$name"}}}},
        shows={"status.publicEndpoint": ...},
    ),
    Call(
        operation="CreateAutopilotKubernetesClusterCert",
        args=IN_PILOT | {"body": {"duration": 30}},
        shows={"current-context": "external", "users.*.user.client-key-data": ...},
    ),
    Call(
        operation="BatchCreateAutopilotClusterTags",
        args=IN_PILOT | {"body": {"tags": [{"key": "owner", "value": "me"}]}},
        status=204,
    ),
    Call(
        operation="BatchDeleteAutopilotClusterTags",
        args=IN_PILOT | {"body": {"tags": [{"key": "owner"}]}},
        status=204,
    ),
    Call(
        operation="CreateAutopilotMaintenanceWindow",
        args=IN_PILOT | {"body": WINDOW},
        status=201,
    ),
    Call(
        operation="UpdateAutopilotMaintenanceWindow",
        args=IN_PILOT | {"body": WINDOW | {"duration_hours": 4}},
        shows={"duration_hours": 4},
    ),
    Call(
        operation="UpdateAutopilotUpgradePlan",
        args=IN_PILOT
        | {"upgrade_plan_id": "nobody", "body": {"notBefore": "2030-01-01T00:00:00Z"}},
        status=404,
    ),
    Call(
        operation="ListAutopilotAddonTemplates",
        args={"addon_template_name": "metrics-server"},
        keeps={
            "pilot_newest": "items.0.spec.versions.0.version",
            "pilot_older": "items.0.spec.versions.1.version",
        },
    ),
    Call(
        operation="CreateAutopilotAddonInstance",
        args={"body": addon("$pilot", "$pilot_older")},
        status=201,
        keeps={"pilot_addon": "metadata.uid"},
    ),
    addon_runs("$pilot_older"),
    Call(
        operation="UpdateAutopilotAddonInstance",
        args=ADDON | {"body": addon("$pilot", "$pilot_newest")},
    ),
    addon_runs("$pilot_newest"),
    Call(
        operation="RollbackAutopilotAddonInstance",
        args={"id": "$pilot_addon", "body": {"clusterID": "$pilot"}},
    ),
    addon_runs("$pilot_older"),
    Call(
        operation="CreateAutopilotUpgradeWorkFlow",
        args=IN_PILOT | {"body": document("WorkFlowTask", **HOP)},
        status=201,
        keeps={"pilot_flow": "metadata.uid"},
    ),
    Call(
        operation="CreateAutopilotPreCheck",
        args=IN_PILOT | {"body": document("PreCheckTask", **HOP)},
        shows={"status.phase": "Success"},
        keeps={"pilot_check": "metadata.uid"},
    ),
    Call(
        operation="CreateAutopilotClusterMasterSnapshot",
        args=IN_PILOT,
        keeps={"pilot_snapshot": "uid"},
    ),
    Call(operation="RetryAutopilotUpgradeClusterTask", args=IN_PILOT, status=403),
    Call(
        operation="UpgradeAutopilotCluster",
        args=IN_PILOT | {"body": UPGRADE},
        keeps={"pilot_upgrade": "metadata.uid"},
    ),
    Call(
        operation="ShowAutopilotUpgradeClusterTask",
        args=IN_PILOT | {"task_id": "$pilot_upgrade"},
        shows={"status.phase": "Success"},
        waits=True,
    ),
    Call(
        operation="CreateAutopilotPostCheck",
        args=IN_PILOT | {"body": document("PostCheckTask", **HOP)},
        shows={"status.phase": "Success"},
    ),
)

PILOT_END = (
    Call(
        operation="CreateAutopilotUpgradeWorkFlow",
        args=IN_PILOT | {"body": document("WorkFlowTask", **NEXT_HOP)},
        status=201,
        keeps={"pilot_flow": "metadata.uid"},
    ),
    Call(
        operation="UpgradeAutopilotWorkFlowUpdate",
        args=IN_PILOT
        | {"upgrade_workflow_id": "$pilot_flow", "body": {"status": {"phase": "Cancel"}}},
        needs="CreateAutopilotUpgradeWorkFlow",
    ),
    Call(operation="DeleteAutopilotMaintenanceWindow", args=IN_PILOT),
    Call(operation="DeleteAutopilotAddonInstance", args=ADDON),
    Call(operation="ShowAutopilotAddonInstance", args=ADDON, status=404, waits=True),
    Call(operation="DeleteAutopilotJob", args={"job_id": "$pilot_job"}, status=204),
    Call(operation="DeleteAutopilotCluster", args=IN_PILOT),
)

PILOT_READS = (
    Call(operation="ListAutopilotClusters", shows={"items.*.metadata.uid": "$pilot"}),
    Call(operation="ShowAutopilotCluster", args=IN_PILOT, shows={"spec.description": "Mine"}),
    Call(
        operation="ShowAutopilotJob",
        args={"job_id": "$pilot_job"},
        shows={"spec.clusterUID": "$pilot"},
    ),
    Call(
        operation="GetAutopilotOneJob",
        args={"job_id": "$pilot_job"},
        shows={"spec.clusteruid": "$pilot", "status.status": "Success"},
    ),
    Call(operation="ListAutopilotJobs", shows={"body.*.metadata.uid": "$pilot_job"}),
    Call(operation="ShowAutopilotQuotas", shows={"quotas.*.quotaKey": "cluster"}),
    Call(operation="ShowAutopilotFeatureGates", shows={"spec.autopilot": True}),
    Call(
        operation="ListAutopilotClusterUpgradeFeatureGates",
        shows={"upgradeFeatureGates.DisplayPreCheckDetail": "Support"},
    ),
    Call(
        operation="ListAutopilotClusterUpgradePaths",
        shows={"upgradePaths.*.version": "v1.31", "upgradePaths.*.targetVersions.*": "v1.32"},
    ),
    Call(
        operation="ShowAutopilotClusterEndpoints",
        args=IN_PILOT,
        shows={"status.publicEndpoint": ...},
    ),
    Call(operation="ShowAutopilotClusterConfig", args=IN_PILOT, shows={"ttl_in_days": 7}),
    Call(operation="ShowAutopilotMaintenanceWindow", args=IN_PILOT, shows={"duration_hours": 4}),
    Call(operation="ListAutopilotUpgradePlans", args=IN_PILOT, shows={"kind": "List"}),
    Call(operation="ListAutopilotAddonTemplates", shows={"items.*.metadata.name": "coredns"}),
    Call(
        operation="ListAutopilotAddonInstances",
        args=IN_PILOT,
        shows={"items.*.metadata.uid": "$pilot_addon"},
    ),
    Call(
        operation="ShowAutopilotAddonInstance",
        args=ADDON,
        shows={"status.status": "running", "metadata.creationTimestamp": ...},
    ),
    Call(
        operation="ListAutopilotPreCheckTasks",
        args=IN_PILOT,
        shows={"items.*.metadata.uid": "$pilot_check"},
    ),
    Call(operation="ShowAutopilotPreCheck", args=TASK, shows={"status.phase": "Success"}),
    Call(
        operation="ListAutopilotClusterMasterSnapshotTasks",
        args=IN_PILOT,
        shows={"items.*.metadata.uid": "$pilot_snapshot"},
    ),
    Call(
        operation="ListAutopilotUpgradeClusterTasks",
        args=IN_PILOT,
        shows={"items.*.metadata.uid": "$pilot_upgrade"},
    ),
    Call(
        operation="ShowAutopilotUpgradeClusterTask",
        args=IN_PILOT | {"task_id": "$pilot_upgrade"},
        shows={"status.phase": "Success"},
    ),
    Call(
        operation="ListAutopilotUpgradeWorkFlows",
        args=IN_PILOT,
        shows={"items.*.metadata.uid": "$pilot_flow"},
    ),
    Call(
        operation="ShowAutopilotUpgradeWorkFlow",
        args=IN_PILOT | {"upgrade_workflow_id": "$pilot_flow"},
        shows={"spec.targetVersion": "v1.32"},
    ),
    Call(
        operation="ShowAutopilotClusterUpgradeInfo",
        args=IN_PILOT,
        shows={"spec.versionInfo.release": "v1.32"},
    ),
)
