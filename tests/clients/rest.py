"""What is left of the operations: moving nodes, their certificates, volume claims, tags, keys."""

from tests.clients.cluster_walk import body
from tests.clients.life import IN_CLUSTER, document, listed, succeeds
from tests.clients.script import Call

PERIOD = {"periodType": "month", "periodNum": 1}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "claim-$name"},
    "spec": {"volumeID": "a-volume", "storageType": "bs", "accessModes": ["ReadWriteMany"]},
}
HERE = {"namespace": "default", "X-Cluster-ID": "$cluster"}
RESOURCE = {"resource_type": "cce-cluster"}
OTHER = body("other-$name")
OTHER["spec"] |= {
    "hostNetwork": {"vpc": "vpc-$name", "subnet": "a-subnet"},
    "containerNetwork": {"mode": "vpc-router", "cidr": "10.64.0.0/16"},
}
IN_OTHER = {"cluster_id": "$other"}
NODE = {
    "flavor": "s6.large.2",
    "az": "cn-north-4a",
    "os": "EulerOS 2.9",
    "login": {"sshKey": "kp"},
    "rootVolume": {"volumetype": "SAS", "size": 40},
    "dataVolumes": [{"volumetype": "SAS", "size": 100}],
}


def migrates(there: str, **place: str) -> Call:
    """A node moves and is installed again."""
    spec = {"os": "EulerOS 2.9", "login": {"sshKey": "kp"}, "nodes": [{"uid": "$mover"}]}
    return Call(
        operation="MigrateNode",
        args=place
        | {
            "target_cluster_id": there,
            "body": {"kind": "MigrateNodesTask", "apiVersion": "v3", "spec": spec},
        },
        keeps={"job": "status.jobID"},
    )


REST = (
    Call(
        operation="CreateCluster",
        args={"body": body("$name")},
        status=201,
        keeps={"cluster": "metadata.uid", "job": "status.jobID"},
    ),
    succeeds("$job"),
    Call(
        operation="CreateCluster",
        args={"body": OTHER},
        status=201,
        keeps={"other": "metadata.uid", "job": "status.jobID"},
    ),
    succeeds("$job"),
    Call(
        operation="CreateNode",
        args=IN_CLUSTER | {"body": document("Node", "$name", **NODE, count=1)},
        status=201,
        keeps={"job": "status.jobID"},
    ),
    succeeds("$job", keeps={"mover": "spec.subJobs.0.spec.resourceID"}),
    Call(
        operation="RotateClusterCredentials",
        args=IN_CLUSTER | {"body": {"component": "all"}},
        keeps={"rotation": "jobid"},
    ),
    succeeds("$rotation", needs="RotateClusterCredentials"),
    Call(
        operation="RotateNodeCert",
        args=IN_CLUSTER | {"body": listed(nodeList=[{"nodeID": "$mover"}])},
        needs="RotateClusterCredentials",
    ),
    migrates("$other", **IN_CLUSTER),
    succeeds("$job", needs="MigrateNode"),
    Call(
        operation="InplaceMigrateNode",
        args=IN_OTHER
        | {
            "target_cluster_id": "$cluster",
            "body": {
                "kind": "InPlaceMigrateNodesTask",
                "apiVersion": "v3",
                "spec": {
                    "nodes": [{"uid": "$mover"}],
                    "dataDiskCleanUpOption": {"enable": True, "onFailure": "ignore"},
                },
            },
        },
        keeps={"moved": "status.jobID"},
        needs="MigrateNode",
    ),
    succeeds("$moved", needs="InplaceMigrateNode"),
    Call(
        operation="BatchChangeNodeToPeriod",
        args=IN_CLUSTER
        | {
            "body": {
                "kind": "Node",
                "apiVersion": "v3",
                "nodeList": [],
                "periodOrderParam": PERIOD,
            }
        },
    ),
    Call(
        operation="UpdateClusterLongAkskConfig",
        args=IN_CLUSTER | {"body": {"enableLongAKSK": False}},
        status=204,
    ),
    Call(
        operation="UpdateLongAkskConfig",
        args={"body": {"enableLongAKSKInNewCluster": False}},
        status=204,
    ),
    Call(
        operation="CreateCloudPersistentVolumeClaims",
        args=HERE | {"body": CLAIM},
        status=201,
        shows={"metadata.name": "claim-$name", "status.phase": "Pending"},
    ),
    Call(operation="DeleteCloudPersistentVolumeClaims", args=HERE | {"name": "claim-$name"}),
    Call(operation="RetryUpgradeClusterTask", args=IN_CLUSTER, status=403),
    Call(
        operation="UpdateCluster",
        args=IN_CLUSTER | {"body": {"spec": {"description": "Nearly gone"}}},
        shows={"spec.description": "Nearly gone"},
    ),
    Call(operation="DeleteCluster", args=IN_CLUSTER, keeps={"job": "status.jobID"}),
    succeeds("$job"),
    Call(operation="DeleteCluster", args=IN_OTHER, keeps={"job": "status.jobID"}),
    succeeds("$job"),
)

REST_STOCK = (
    Call(
        operation="BatchCreateClusterTags",
        args=IN_CLUSTER | {"body": {"tags": [{"key": "owner", "value": "me"}]}},
        status=204,
    ),
)

REST_READS = (
    Call(operation="GetLabels", args=IN_CLUSTER, shows={"spec.DefaultPool.team": ["a"]}),
    Call(operation="ListHyperNodes", args=IN_CLUSTER),
    Call(operation="GetClusterLongAkskConfig", args=IN_CLUSTER, shows={"enableLongAKSK": False}),
    Call(operation="GetLongAkskConfig", shows={"enableLongAKSKInNewCluster": False}),
    Call(operation="GetCustomizeTags", args=RESOURCE, shows={"tags.*.key": "owner"}),
    Call(
        operation="GetResourceTags",
        args=RESOURCE | {"resource_id": "$cluster"},
        shows={"tags.*.value": "me", "sys_tags.*.key": "_sys_enterprise_project_id"},
    ),
)
