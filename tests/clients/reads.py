"""Every list and show operation, and what must be there for them to find."""

from dataclasses import replace

from tests.clients.autopilot import PILOT_END, PILOT_READS, PILOT_STOCK
from tests.clients.charts import CHART_END, CHART_READS, CHART_STOCK
from tests.clients.cluster_walk import body
from tests.clients.identities import IDENTITY_END, IDENTITY_READS, IDENTITY_STOCK
from tests.clients.life import CREATE, IN_CLUSTER, NODES, ONE_NODE, POOL, POOLS, document
from tests.clients.rest import REST_READS, REST_STOCK
from tests.clients.script import Call

# Java's version of the operation asks for all of them.
KIND = IN_CLUSTER | {
    "clusterID": "$cluster",
    "clusterType": "VirtualMachine",
    "cluster_type": "VirtualMachine",
    "cluster_version": "v1.31",
    "network_mode": "vpc-router",
}
ONE_JOB = {"job_id": "$job"}
TASK = IN_CLUSTER | {"task_id": "$check"}
EDGE = IN_CLUSTER | {"partition_name": "edge"}
HOP = {"clusterID": "$cluster", "clusterVersion": "v1.31", "targetVersion": "v1.32"}
NEXT_HOP = {"clusterID": "$cluster", "clusterVersion": "v1.32", "targetVersion": "v1.33"}
NETWORKS = {"hostNetwork": {"subnetID": "s1"}, "containerNetwork": [{"subnetID": "s2"}]}
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
POLICY = {
    "kind": "AccessPolicy",
    "apiVersion": "v3",
    "name": "readers",
    "clusters": ["*"],
    "accessScope": {"namespaces": ["default"]},
    "policyType": "CCEViewPolicy",
    "principal": {"type": "user", "ids": ["u1"]},
}
OPTIONS = [{"name": "kube-scheduler", "configurations": [{"name": "kube-api-qps", "value": 55}]}]

DISTANT = body("$name")
DISTANT["spec"] |= {
    "category": "Turbo",
    "containerNetwork": {"mode": "eni"},
    "eniNetwork": {"subnets": [{"subnetID": "a-subnet"}]},
    "enableDistMgt": True,
}

STOCK = (
    replace(CREATE[0], args={"body": DISTANT}),  # a cluster that may have partitions
    *CREATE[1:],
    *NODES[:2],
    *POOLS[:2],
    Call(
        operation="CreatePartition",
        args=IN_CLUSTER | {"body": document("Partition", "edge", category="HomeZone", **NETWORKS)},
        status=201,
    ),
    Call(
        operation="UpdateClusterLogConfig",
        args=IN_CLUSTER
        | {"body": {"ttl_in_days": 3, "log_configs": [{"name": "audit", "enable": True}]}},
    ),
    Call(
        operation="UpdateNodePoolConfiguration",
        args=IN_CLUSTER
        | {
            "nodepool_id": "master",
            "body": document("Configuration", "configuration", packages=OPTIONS),
        },
    ),
    Call(
        operation="CreateAccessPolicy",
        args={"body": POLICY},
        status=201,
        keeps={"policy": "policyId"},
    ),
    Call(
        operation="UpdateAccessPolicy",
        args={"policy_id": "$policy", "body": POLICY | {"policyType": "CCEAdminPolicy"}},
    ),
    Call(operation="ListAddonInstances", args=IN_CLUSTER, keeps={"addon": "items.0.metadata.uid"}),
    Call(
        operation="BatchCreateAddonPrecheck",
        status=201,
        args=IN_CLUSTER
        | {
            "body": document(
                "AddonCheck",
                clusterID="$cluster",
                addonList=[{"addonInstanceID": "$addon", "type": "addonStatic"}],
            )
        },
    ),
    Call(
        operation="CreateUpgradeWorkFlow",
        status=201,
        args=IN_CLUSTER | {"body": document("WorkFlowTask", **HOP)},
        keeps={"flow": "metadata.uid"},
    ),
    Call(
        operation="CreatePreCheck",
        args=IN_CLUSTER | {"body": document("PreCheckTask", **HOP)},
        shows={"status.phase": "Success"},
        keeps={"check": "metadata.uid"},
    ),
    Call(operation="CreateClusterMasterSnapshot", args=IN_CLUSTER, keeps={"snapshot": "uid"}),
    Call(
        operation="UpgradeCluster",
        args=IN_CLUSTER | {"body": UPGRADE},
        keeps={"upgrade": "metadata.uid"},
    ),
    Call(operation="PauseUpgradeClusterTask", args=IN_CLUSTER, needs="UpgradeCluster"),
    Call(operation="ContinueUpgradeClusterTask", args=IN_CLUSTER, needs="UpgradeCluster"),
    Call(
        operation="ShowUpgradeClusterTask",
        args=IN_CLUSTER | {"task_id": "$upgrade"},
        shows={"status.phase": "Success"},
        waits=True,
    ),
    Call(operation="CreatePostCheck", args=IN_CLUSTER | {"body": document("PostCheckTask", **HOP)}),
    *REST_STOCK,
    *PILOT_STOCK,
    *CHART_STOCK,
    *IDENTITY_STOCK,
)

END = (
    *IDENTITY_END,
    *CHART_END,
    Call(operation="DeleteAccessPolicy", args={"policy_id": "$policy"}, status=204),
    Call(
        operation="CreateUpgradeWorkFlow",
        status=201,
        args=IN_CLUSTER | {"body": document("WorkFlowTask", **NEXT_HOP)},
        keeps={"flow": "metadata.uid"},
    ),
    Call(
        operation="UpgradeWorkFlowUpdate",
        args=IN_CLUSTER | {"upgrade_workflow_id": "$flow", "body": {"status": {"phase": "Cancel"}}},
        needs="CreateUpgradeWorkFlow",
    ),
    *PILOT_END,
    Call(operation="DeleteCluster", args=IN_CLUSTER),
)

READS = (
    Call(operation="ShowVersion", shows={"versions.*.id": "v3"}),
    Call(operation="GetAvaliableZone", shows={"body.*.name": "cn-north-4a"}),
    Call(
        operation="GetClusterFlavorSpecs",
        args={"clusterType": "VirtualMachine"},
        shows={"clusterFlavorSpecs.*.name": "cce.s1.small"},
    ),
    Call(operation="ShowFeatureGates", shows={"spec.clusterUpgrade": True}),
    Call(operation="ShowQuotas", shows={"quotas.*.quotaKey": "cluster"}),
    Call(operation="GetClusterQuota", shows={"quotas.resources.*.type": "cluster"}),
    Call(
        operation="ShowClusterSupportConfiguration",
        args=KIND | {"clusterVersion": "v1.31"},
        shows={"body.kube-apiserver.*.name": "max-requests-inflight"},
    ),
    Call(
        operation="ListClusterUpgradeFeatureGates",
        shows={"upgradeFeatureGates.DisplayPreCheckDetail": "Support"},
    ),
    Call(
        operation="ListClusterUpgradePaths",
        shows={"upgradePaths.*.version": "v1.31", "upgradePaths.*.targetVersions.*": "v1.32"},
    ),
    Call(operation="ListClusters", shows={"items.*.metadata.uid": "$cluster"}),
    Call(operation="ShowCluster", args=IN_CLUSTER, shows={"status.phase": "Available"}),
    Call(operation="ShowJob", args=ONE_JOB, shows={"spec.subJobs.0.spec.type": "CreateNode"}),
    Call(operation="ShowClusterEndpoints", args=IN_CLUSTER, shows={"status.privateEndpoint": ...}),
    Call(operation="ShowClusterConfig", args=IN_CLUSTER, shows={"ttl_in_days": 3}),
    Call(
        operation="ShowClusterConfigurationDetails",
        args=IN_CLUSTER,
        shows={"body.kube-apiserver.*.name": "max-requests-inflight"},
    ),
    Call(operation="ListPartitions", args=IN_CLUSTER, shows={"items.*.metadata.name": "edge"}),
    Call(operation="ShowPartition", args=EDGE, shows={"spec.category": "HomeZone"}),
    Call(operation="ListNodes", args=IN_CLUSTER, shows={"items.*.metadata.uid": "$node"}),
    Call(operation="ShowNode", args=ONE_NODE, shows={"status.phase": "Active"}),
    Call(operation="SyncNode", args=ONE_NODE),
    Call(operation="ListNodePools", args=IN_CLUSTER, shows={"items.*.metadata.uid": "$pool"}),
    Call(operation="ShowNodePool", args=POOL, shows={"status.currentNode": 1}),
    Call(
        operation="ShowNodePoolConfigurations",
        args=IN_CLUSTER | {"nodepool_id": "master"},
        shows={"spec.packages.*.configurations.*.value": 55},
    ),
    Call(
        operation="ShowNodePoolConfigurationDetails",
        args=IN_CLUSTER | {"nodepool_id": "master"},
        shows={"body.kube-scheduler.*.name": "kube-api-qps"},
    ),
    Call(operation="ListAddonTemplates", shows={"items.*.metadata.name": "coredns"}),
    Call(operation="ListAddonInstances", args=IN_CLUSTER, shows={"items.*.metadata.uid": "$addon"}),
    Call(
        operation="ShowAddonInstance",
        args=IN_CLUSTER | {"id": "$addon"},
        shows={"status.status": "running", "metadata.creationTimestamp": ...},
    ),
    Call(
        operation="ListAddonPrecheckTasks",
        args=IN_CLUSTER | {"type": "addonStatic"},
        shows={"items.*.metadata.addonInstanceID": "$addon"},
    ),
    Call(operation="ListAccessPolicy", shows={"accessPolicyList.*.policyId": "$policy"}),
    Call(
        operation="GetAccessPolicy",
        args={"policy_id": "$policy"},
        shows={"policyType": "CCEAdminPolicy", "createTime": ...},
    ),
    Call(operation="ListPreCheckTasks", args=IN_CLUSTER, shows={"items.*.metadata.uid": "$check"}),
    Call(operation="ShowPreCheck", args=TASK, shows={"status.phase": "Success"}),
    Call(
        operation="ListClusterMasterSnapshotTasks",
        args=IN_CLUSTER,
        shows={"items.*.metadata.uid": "$snapshot"},
    ),
    Call(
        operation="ListUpgradeClusterTasks",
        args=IN_CLUSTER,
        shows={"items.*.metadata.uid": "$upgrade"},
    ),
    Call(
        operation="ShowUpgradeClusterTask",
        args=IN_CLUSTER | {"task_id": "$upgrade"},
        shows={"status.phase": "Success"},
    ),
    Call(
        operation="ListUpgradeWorkFlows", args=IN_CLUSTER, shows={"items.*.metadata.uid": "$flow"}
    ),
    Call(
        operation="ShowUpgradeWorkFlow",
        args=IN_CLUSTER | {"upgrade_workflow_id": "$flow"},
        shows={"spec.targetVersion": "v1.32"},
    ),
    Call(
        operation="ShowClusterUpgradeInfo",
        args=IN_CLUSTER,
        shows={"spec.versionInfo.release": "v1.32"},
    ),
    *REST_READS,
    *PILOT_READS,
    *CHART_READS,
    *IDENTITY_READS,
)
