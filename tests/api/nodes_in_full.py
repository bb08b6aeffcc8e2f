"""Bodies of every operation on nodes and pools, with every field that the official SDK knows."""

from huaweicloudsdkcce import v3 as sdk

from clusterwright.cce.nodepools import wire as pools
from clusterwright.cce.nodes import batch_wire as batches
from clusterwright.cce.nodes import wire as nodes
from tests.api.nodes_parts import (
    EIP,
    EXTEND_PARAM,
    KEEP,
    LIFE,
    LISTED,
    LOGIN,
    NODE_SPEC,
    PACKAGES,
    POOL_SETTINGS,
    REINSTALL,
    RUNTIME,
    SCRIPT,
    SENT_ALONG,
    SETTINGS,
    VOLUME,
)
from tests.api.official import Operation

OPERATIONS = (
    Operation(
        name="create a node",
        method="POST",
        path="{cluster}/nodes",
        body={
            "kind": "Node",
            "apiVersion": "v3",
            "metadata": SENT_ALONG
            | {
                "name": "n",
                "ownerReferences": {
                    "nodepoolName": "p",
                    "nodepoolID": "p",
                    "hyperNodeName": "h",
                    "hyperNodeID": "h",
                },
            },
            "spec": NODE_SPEC,
        },
        ours=nodes.NodeToCreate,
        official=sdk.NodeCreateRequest,
    ),
    Operation(
        name="rename a node",
        method="PUT",
        path="{node}",
        body={"metadata": {"name": "n"}},
        ours=nodes.NodeToUpdate,
        official=sdk.ClusterNodeInformation,
    ),
    Operation(
        name="add servers",
        method="POST",
        path="{cluster}/nodes/add",
        body=LISTED | {"nodeList": [{"serverID": "s", "spec": REINSTALL}]},
        ours=batches.ServersToAdd,
        official=sdk.AddNodeList,
    ),
    Operation(
        name="reset nodes",
        method="POST",
        path="{cluster}/nodes/reset",
        body=LISTED | {"nodeList": [{"nodeID": "n", "spec": REINSTALL}]},
        ours=batches.NodesToReset,
        official=sdk.ResetNodeList,
    ),
    Operation(
        name="remove nodes",
        method="PUT",
        path="{cluster}/nodes/operation/remove",
        body={
            "kind": "RemoveNodesTask",
            "apiVersion": "v3",
            "spec": {"login": LOGIN, "nodes": [{"uid": "n"}]},
            "status": {"jobID": "j"},
        },
        ours=batches.RemoveNodesTask,
        official=sdk.RemoveNodesTask,
    ),
    Operation(
        name="migrate nodes",
        method="PUT",
        path="{cluster}/nodes/operation/migrateto/other",
        body={
            "kind": "MigrateNodesTask",
            "apiVersion": "v3",
            "spec": {
                "os": "EulerOS 2.9",
                "extendParam": {
                    "maxPods": 110,
                    "DockerLVMConfigOverride": "lvType=linear",
                    "alpha.cce/preInstall": SCRIPT,
                    "alpha.cce/postInstall": SCRIPT,
                    "alpha.cce/NodeImageID": "i",
                },
                "login": LOGIN,
                "runtime": RUNTIME,
                "serverConfig": {"rootVolume": {"cmkID": "c"}},
                "nodes": [{"uid": "n"}],
            },
            "status": {"jobID": "j"},
        },
        ours=batches.MigrateNodesTask,
        official=sdk.MigrateNodesTask,
    ),
    Operation(
        name="lock nodes",
        method="POST",
        path="{cluster}/nodes/locknodescaledown",
        body=LISTED | {"nodeList": ["n"]},
        ours=batches.NodeUids,
        official=sdk.LockNodeScaledownRequestBody,
    ),
    Operation(
        name="unlock nodes",
        method="POST",
        path="{cluster}/nodes/unlocknodescaledown",
        body=LISTED | {"nodeList": ["n"]},
        ours=batches.NodeUids,
        official=sdk.UnlockNodeScaledownRequestBody,
    ),
    Operation(
        name="create a pool",
        method="POST",
        path="{cluster}/nodepools",
        body={
            "kind": "NodePool",
            "apiVersion": "v3",
            "metadata": SENT_ALONG | {"name": "p", "resourceVersion": 1},
            "spec": POOL_SETTINGS
            | {
                "type": "vm",
                "nodeTemplate": NODE_SPEC
                | {
                    "publicIP": EIP,
                    "volumeConfig": KEEP,
                    "configurationsOverride": PACKAGES,
                },
                "nodeManagement": {"serverGroupReference": "g"},
                "podSecurityGroups": [{"id": "sg"}],
            },
        },
        ours=pools.PoolToCreate,
        official=sdk.NodePool,
    ),
    Operation(
        name="update a pool",
        method="PUT",
        path="{pool}",
        body={
            "metadata": {"name": "p"},
            "spec": POOL_SETTINGS
            | {
                "ignoreInitialNodeCount": True,
                "nodeManagementUpdate": {"serverGroupReference": "g"},
                "nodeTemplate": SETTINGS
                | {
                    "flavor": "s6.large.2",
                    "az": "az-1",
                    "rootVolumeUpdate": VOLUME,
                    "dataVolumesUpdate": [VOLUME],
                    "nodeNicSpecUpdate": {"primaryNic": {"subnetId": "s", "subnetList": ["s"]}},
                    "extendParam": {
                        key: EXTEND_PARAM[key]
                        for key in (
                            "agency_name",
                            "alpha.cce/preInstall",
                            "alpha.cce/postInstall",
                            "alpha.cce/NodeImageID",
                            "spotPrice",
                            "securityReinforcementType",
                        )
                    },
                    "publicIP": EIP,
                },
            },
        },
        ours=pools.PoolToUpdate,
        official=sdk.NodePoolUpdate,
    ),
    Operation(
        name="scale a pool",
        method="POST",
        path="{pool}/operation/scale",
        body={
            "kind": "NodePool",
            "apiVersion": "v3",
            "spec": {
                "desiredNodeCount": 1,
                "scaleGroups": ["default"],
                "options": {
                    "scalableChecking": "instant",
                    "scalePolicy": "AZBalance",
                    "billingConfigOverride": {
                        "billingMode": 0,
                        "extendParam": {
                            "periodNum": 1,
                            "periodType": "month",
                            "isAutoRenew": False,
                            "isAutoPay": False,
                        },
                    },
                },
            },
        },
        ours=pools.PoolToScale,
        official=sdk.ScaleNodePoolRequestBody,
    ),
    Operation(
        name="upgrade a pool",
        method="POST",
        path="{pool}/operation/upgrade",
        body={
            "kind": "NodePool",
            "apiVersion": "v3",
            "metadata": SENT_ALONG | {"name": "p", "resourceVersion": 1},
            "spec": {
                "maxUnavailable": 1,
                "force": False,
                "retryTimes": 1,
                "skippedNodes": ["n"],
                "nodeIDs": ["n"],
                "nodePoolID": "p",
                "nodeTemplate": {"lifeCycle": LIFE, "login": LOGIN, "volumeConfig": KEEP},
            },
        },
        ours=pools.PoolToUpgrade,
        official=sdk.UpgradeNodePool,
    ),
    Operation(
        name="add servers to a pool",
        method="POST",
        path="{pool}/nodes/add",
        body=LISTED | {"nodeList": [{"serverID": "s"}]},
        ours=pools.PoolServers,
        official=sdk.AddNodesToNodePoolList,
    ),
    Operation(
        name="move nodes into a pool",
        method="PUT",
        path="{pool}/nodes/migrate",
        body=LISTED | {"nodeList": [{"nodeID": "n"}]},
        ours=pools.PoolNodes,
        official=sdk.MigrateNodesToNodePoolList,
    ),
    Operation(
        name="configure a pool",
        method="PUT",
        path="{pool}/configuration",
        body={
            "kind": "Configuration",
            "apiVersion": "v3",
            "metadata": {"name": "configuration", "labels": {"a": "b"}},
            "spec": {"packages": PACKAGES},
        },
        ours=pools.Configuration,
        official=sdk.UpdateClusterConfigurationsBody,
    ),
)
