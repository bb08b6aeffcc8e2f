"""The life of a cluster with nodes, pools and an add-on, as a script for every official SDK."""

from typing import Any

from tests.clients.answers import addon
from tests.clients.cluster_walk import body
from tests.clients.script import Call

IN_CLUSTER = {"cluster_id": "$cluster"}
ONE_NODE = IN_CLUSTER | {"node_id": "$node"}
POOL = IN_CLUSTER | {"nodepool_id": "$pool"}
ADDON = IN_CLUSTER | {"id": "$addon"}
DISK = {"volumetype": "SAS", "size": 100}
TEMPLATE = {
    "flavor": "s6.large.2",
    "az": "cn-north-4a",
    "os": "EulerOS 2.9",
    "login": {"sshKey": "kp"},
    "rootVolume": {"volumetype": "SAS", "size": 40},
    "dataVolumes": [DISK],
    "k8sTags": {"team": "a"},
    "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}],
    "extendParam": {"maxPods": 110},
}
AGAIN = {"os": "Ubuntu 22.04", "login": {"sshKey": "kp"}}


def document(kind: str, name: str = "", **spec: Any) -> dict[str, Any]:
    """The body of a request."""
    named = {"metadata": {"name": name}} if name else {}
    return {"kind": kind, "apiVersion": "v3"} | named | {"spec": spec}


def listed(**more: Any) -> dict[str, Any]:
    """The body of a request about many things."""
    return {"kind": "List", "apiVersion": "v3"} | more


def succeeds(job: str, **more: Any) -> Call:
    """The job ends in success, and only by moving forward."""
    return Call(
        operation="ShowJob",
        args={"job_id": job},
        shows={"status.phase": "Success"} | more.pop("shows", {}),
        waits=True,
        through=("Initializing", "Running"),
        **more,
    )


def cluster_is(phase: str) -> Call:
    """The cluster comes into a phase."""
    return Call(operation="ShowCluster", args=IN_CLUSTER, shows={"status.phase": phase}, waits=True)


def pool_has(nodes: int) -> Call:
    """The pool is ready, which its empty phase tells."""
    shows = {"status.phase": "", "status.currentNode": nodes}
    return Call(operation="ShowNodePool", args=POOL, shows=shows, waits=True)


def addon_runs(version: str, *, needs: str = "") -> Call:
    """The add-on comes to run in a version."""
    shows = {"status.status": "running", "spec.version": version}
    return Call(operation="ShowAddonInstance", args=ADDON, shows=shows, needs=needs, waits=True)


CREATE = (
    Call(
        operation="CreateCluster",
        args={"body": body("$name")},
        status=201,
        keeps={"cluster": "metadata.uid", "job": "status.jobID"},
    ),
    succeeds("$job", shows={"spec.type": "CreateCluster", "spec.clusterUID": "$cluster"}),
    cluster_is("Available"),
)

NODES = (
    Call(
        operation="CreateNode",
        args=IN_CLUSTER | {"body": document("Node", "$name", **TEMPLATE, count=2)},
        status=201,
        shows={"status.phase": "Build"},
        keeps={"job": "status.jobID"},
    ),
    succeeds(
        "$job",
        shows={
            "spec.type": "ScaleupCluster",
            "spec.subJobs.0.spec.type": "CreateNode",
            "spec.subJobs.1.spec.type": "CreateNode",
        },
        keeps={"branch": "spec.subJobs.0.metadata.uid", "node": "spec.subJobs.0.spec.resourceID"},
    ),
    Call(
        operation="ShowJob",
        args={"job_id": "$branch"},
        shows={
            "spec.subJobs.0.spec.type": "GetPSMCert",
            "spec.subJobs.1.spec.type": "CreateNodeVM",
            "spec.subJobs.1.spec.resourceID": "$node",
            "spec.subJobs.2.spec.type": "InstallNode",
            "spec.subJobs.2.spec.resourceID": "$node",
        },
    ),
    Call(
        operation="ShowNode",
        args=ONE_NODE,
        shows={
            "status.phase": "Active",
            "spec.dataVolumes": [DISK],
            "spec.extendParam.maxPods": 110,
        },
        keeps={"server": "status.serverId"},
    ),
    Call(
        operation="UpdateNode",
        args=ONE_NODE | {"body": {"metadata": {"name": "renamed"}}},
        shows={"metadata.name": "renamed"},
    ),
    Call(operation="ListNodes", args=IN_CLUSTER, shows={"items.*.metadata.name": "renamed"}),
    Call(operation="SyncNode", args=ONE_NODE),
    Call(operation="BatchSyncNodes", args=IN_CLUSTER),
    Call(
        operation="LockNodepoolNodeScaleDown",
        args=IN_CLUSTER | {"body": listed(nodeList=["$node"])},
    ),
    Call(
        operation="UnlockNodepoolNodeScaleDown",
        args=IN_CLUSTER | {"body": listed(nodeList=["$node"])},
    ),
)

POOLS = (
    Call(
        operation="CreateNodePool",
        args=IN_CLUSTER
        | {
            "body": document(
                "NodePool", "$name", type="vm", initialNodeCount=1, nodeTemplate=TEMPLATE
            )
        },
        status=201,
        keeps={"pool": "metadata.uid"},
    ),
    pool_has(1),
    Call(
        operation="ScaleNodePool",
        args=POOL | {"body": document("NodePool", desiredNodeCount=2, scaleGroups=["default"])},
    ),
    Call(
        operation="UpdateNodePool",
        args=POOL
        | {
            "body": {
                "metadata": {"name": "$name"},
                "spec": {"initialNodeCount": 2, "nodeTemplate": {"k8sTags": {"team": "b"}}},
            }
        },
        shows={"spec.initialNodeCount": 2},
    ),
    pool_has(2),
    Call(
        operation="ListNodePools",
        args=IN_CLUSTER,
        shows={"items.*.metadata.uid": "$pool", "items.*.spec.nodeTemplate.k8sTags.team": "b"},
    ),
    Call(
        operation="UpgradeNodePool",
        args=POOL | {"body": document("NodePool", maxUnavailable=2)},
        keeps={"upgrade": "jobid"},
    ),
    succeeds("$upgrade", needs="UpgradeNodePool"),
    Call(
        operation="AddNodesToNodePool",
        args=POOL
        | {
            "body": listed(
                nodeList=[{"serverID": "$first_server", "spec": {"login": {"sshKey": "kp"}}}]
            )
        },
        keeps={"added": "jobid"},
    ),
    succeeds("$added", needs="AddNodesToNodePool"),
)

MOVES = (
    Call(
        operation="AddNode",
        args=IN_CLUSTER
        | {"body": listed(nodeList=[{"serverID": "$second_server", "spec": AGAIN}])},
        keeps={"job": "jobid"},
    ),
    succeeds("$job", keeps={"guest": "spec.subJobs.0.spec.resourceID"}),
    Call(
        operation="ResetNode",
        args=IN_CLUSTER | {"body": listed(nodeList=[{"nodeID": "$guest", "spec": AGAIN}])},
        keeps={"job": "jobid"},
    ),
    succeeds("$job"),
    Call(
        operation="MigrateToNodePool",
        args=POOL | {"body": listed(nodeList=[{"nodeID": "$node"}])},
    ),
    Call(
        operation="ShowNode",
        args=ONE_NODE,
        shows={"metadata.ownerReferences.nodepoolID": "$pool"},
        needs="MigrateToNodePool",
    ),
    Call(
        operation="RemoveNode",
        args=IN_CLUSTER
        | {
            "body": {
                "kind": "RemoveNodesTask",
                "apiVersion": "v3",
                "spec": {"login": {"sshKey": "kp"}, "nodes": [{"uid": "$guest"}]},
            }
        },
        keeps={"job": "status.jobID"},
    ),
    succeeds("$job"),
)

ADDONS = (
    Call(
        operation="ListAddonTemplates",
        args={"addon_template_name": "metrics-server"},
        keeps={
            "newest": "items.0.spec.versions.0.version",
            "older": "items.0.spec.versions.1.version",
        },
    ),
    Call(
        operation="CreateAddonInstance",
        args={"body": addon("$cluster", "$older")},
        status=201,
        shows={"status.status": "installing"},
        keeps={"addon": "metadata.uid"},
    ),
    addon_runs("$older"),
    Call(operation="UpdateAddonInstance", args=ADDON | {"body": addon("$cluster", "$newest")}),
    addon_runs("$newest"),
    Call(
        operation="RollbackAddonInstance",
        args={"id": "$addon", "body": {"clusterID": "$cluster"}},
    ),
    Call(operation="ListAddonInstances", args=IN_CLUSTER, shows={"items.*.metadata.uid": "$addon"}),
    addon_runs("$older", needs="RollbackAddonInstance"),
    Call(operation="DeleteAddonInstance", args=ADDON),
    Call(operation="ShowAddonInstance", args=ADDON, status=404, waits=True),
)

ACCESS = (
    Call(
        operation="CreateKubernetesClusterCert",
        args=IN_CLUSTER | {"body": {"duration": 30}},
        shows={"current-context": "internal", "clusters.*.name": "internalCluster"},
    ),
    Call(
        operation="UpdateClusterEip",
        args=IN_CLUSTER | {"body": {"spec": {"action": "bind", "spec": {"id": "an-eip"}}}},
        shows={"status.publicEndpoint": ...},
    ),
    Call(operation="ShowClusterEndpoints", args=IN_CLUSTER, shows={"status.publicEndpoint": ...}),
    Call(
        operation="CreateKubernetesClusterCert",
        args=IN_CLUSTER | {"body": {"duration": 30}},
        shows={"current-context": "external", "users.*.user.client-key-data": ...},
    ),
    Call(operation="RevokeKubernetesClusterCert", args=IN_CLUSTER | {"body": {"userId": "f" * 32}}),
    Call(
        operation="BatchCreateClusterTags",
        args=IN_CLUSTER | {"body": {"tags": [{"key": "owner", "value": "me"}]}},
        status=204,
    ),
    Call(
        operation="ShowCluster",
        args=IN_CLUSTER,
        shows={"spec.clusterTags.0.key": "owner"},
        needs="BatchCreateClusterTags",
    ),
    Call(
        operation="BatchDeleteClusterTags",
        args=IN_CLUSTER | {"body": {"tags": [{"key": "owner"}]}},
        status=204,
    ),
)

PHASES = (
    Call(
        operation="ResizeCluster",
        args=IN_CLUSTER
        | {"body": {"flavorResize": "cce.s1.medium", "extendParam": {"isAutoPay": "true"}}},
        status=201,
        keeps={"resize": "jobID"},
    ),
    succeeds("$resize", needs="ResizeCluster"),
    cluster_is("Available"),
    Call(
        operation="RotateClusterCredentials",
        args=IN_CLUSTER | {"body": {"component": "all"}},
        keeps={"rotation": "jobid"},
    ),
    succeeds("$rotation", needs="RotateClusterCredentials"),
    cluster_is("Available"),
    Call(operation="HibernateCluster", args=IN_CLUSTER),
    cluster_is("Hibernation"),
    Call(operation="AwakeCluster", args=IN_CLUSTER),
    cluster_is("Available"),
)

END = (
    Call(operation="DeleteNode", args=ONE_NODE, keeps={"job": "status.jobID"}),
    succeeds("$job"),
    Call(operation="ShowNode", args=ONE_NODE, status=404),
    Call(operation="DeleteNodePool", args=POOL, shows={"status.phase": "Deleting"}),
    Call(operation="ShowNodePool", args=POOL, status=404, waits=True),
    Call(operation="DeleteCluster", args=IN_CLUSTER, keeps={"job": "status.jobID"}),
    succeeds("$job", shows={"spec.type": "DeleteCluster"}),
    Call(operation="ShowCluster", args=IN_CLUSTER, status=404),
)

LIFE = (*CREATE, *NODES, *POOLS, *MOVES, *ADDONS, *ACCESS, *PHASES, *END)
