"""Bodies of every operation on nodes and pools with every field that the official SDK knows, and
what the SDK says of their types.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from huaweicloudsdkcce import v3 as sdk

from clusterwright.cce.nodepools import wire as pools
from clusterwright.cce.nodes import batch_wire as batches
from clusterwright.cce.nodes import wire as nodes
from clusterwright.document import Document

Json = dict[str, Any]

SCRIPT = base64.b64encode(b"echo ready").decode()
CRYPT = base64.b64encode(b"$6$salt$hash").decode()
TAGS = [{"key": "owner", "value": "me"}]
TAINTS = [{"key": "k", "value": "v", "effect": "NoSchedule"}]
RUNTIME = {"name": "containerd", "runtimeClass": "runc"}
LOGIN = {
    "sshKey": "kp",
    "userPassword": {"username": "root", "password": CRYPT},
    "removeUserPassword": False,
    "removeSSHKey": False,
}
VOLUME = {
    "size": 100,
    "volumetype": "GPSSD2",
    "iops": 3000,
    "throughput": 125,
    "extendParam": {"resourceSpecCode": "SAS"},
    "cluster_id": "pool",
    "cluster_type": "dss",
    "hw:passthrough": True,
    "metadata": {"__system__encrypted": "1", "__system__cmkid": "key"},
}
STORAGE = {
    "storageSelectors": [
        {
            "name": "cceUse",
            "storageType": "evs",
            "matchLabels": {
                "size": "100",
                "volumeType": "GPSSD2",
                "iops": "3000",
                "throughput": "125",
                "metadataEncrypted": "1",
                "metadataCmkid": "key",
                "count": "1",
            },
        },
        {"name": "user1", "storageType": "evs"},
    ],
    "storageGroups": [
        {
            "name": "vgpaas",
            "cceManaged": True,
            "selectorNames": ["cceUse"],
            "virtualSpaces": [
                {"name": "kubernetes", "size": "10%", "lvmConfig": {"lvType": "linear"}},
                {"name": "runtime", "size": "90%", "runtimeConfig": {"lvType": "striped"}},
            ],
        },
        {
            "name": "vguser1",
            "selectorNames": ["user1"],
            "virtualSpaces": [
                {
                    "name": "user",
                    "size": "100%",
                    "lvmConfig": {"lvType": "linear", "path": "/work-space/a.b"},
                }
            ],
        },
    ],
}
EIP = {
    "iptype": "5_bgp",
    "bandwidth": {"chargemode": "traffic", "size": 5, "sharetype": "PER"},
}
NIC = {
    "subnetId": "s",
    "fixedIps": ["192.168.7.7"],
    "ipBlock": "192.168.7.0/24",
    "subnetList": ["s"],
}
EXTEND_PARAM: Json = {
    "ecs:performancetype": "normal",
    "orderID": "",
    "productID": "p",
    "maxPods": 110,
    "periodType": "month",
    "periodNum": 1,
    "isAutoRenew": "false",
    "isAutoPay": "false",
    "DockerLVMConfigOverride": "dockerThinpool=vgpaas/90%VG",
    "dockerBaseSize": 20,
    "containerBaseSize": 20,
    "publicKey": "ssh-rsa",
    "alpha.cce/preInstall": SCRIPT,
    "alpha.cce/postInstall": SCRIPT,
    "alpha.cce/NodeImageID": "image",
    "chargingMode": 0,
    "marketType": "spot",
    "spotPrice": "0.1",
    "agency_name": "agency",
    "kubeReservedMem": 1,
    "systemReservedMem": 1,
    "kubeReservedCpu": 1,
    "systemReservedCpu": 1,
    "kubeReservedPid": 1,
    "systemReservedPid": 1,
    "kubeReservedStorage": 1,
    "systemReservedStorage": 1,
    "init-node-password": "*****",
    "securityReinforcementType": "cybersecurity",
    "serverMetadataHttpTokens": "required",
}
NAMES = {"nodeNamePrefix": "a-", "nodeNameSuffix": ".b"}
SETTINGS: Json = {
    "os": "EulerOS 2.9",
    "login": LOGIN,
    "storage": STORAGE,
    "runtime": RUNTIME,
    "taints": TAINTS,
    "waitPostInstallFinish": True,
    "k8sTags": {"team": "a"},
    "ecsGroupId": "g",
    "userTags": TAGS,
    "initializedConditions": ["CCEInitial:15m"],
    "serverEnterpriseProjectID": "0",
    "nodeNameTemplate": NAMES,
}
NODE_SPEC: Json = SETTINGS | {
    "flavor": "s6.large.2",
    "az": "az-1",
    "rootVolume": VOLUME,
    "dataVolumes": [VOLUME],
    "nodeNicSpec": {"primaryNic": NIC, "extNics": [{"subnetId": "s", "subnetList": ["s"]}]},
    "publicIP": {"ids": ["e"], "count": 1, "eip": EIP} | EIP,
    "count": 1,
    "billingMode": 0,
    "dedicatedHostId": "d",
    "extendParam": EXTEND_PARAM,
    "hostnameConfig": {"type": "privateIp"},
    "partition": "center",
}
PACKAGES = [{"name": "kubelet", "configurations": [{"name": "max-pods", "value": 110}]}]
GROUP = {
    "metadata": {"uid": "u", "name": "g1"},
    "spec": {
        "flavor": "c7.large.2",
        "az": "az-2",
        "capacityReservationSpecification": {"id": "c", "preference": "targeted"},
        "autoscaling": {
            "enable": True,
            "extensionPriority": 1,
            "minNodeCount": 1,
            "maxNodeCount": 2,
        },
    },
}
POOL_SETTINGS: Json = {
    "initialNodeCount": 0,
    "autoscaling": {
        "enable": True,
        "minNodeCount": 0,
        "maxNodeCount": 2,
        "scaleDownCooldownTime": 5,
        "priority": 1,
        "scaleDownUnneededTime": -1,
        "scaleDownUtilizationThreshold": 0.5,
    },
    "repairPolicy": {"enable": True, "policy": "restartNode"},
    "customSecurityGroups": ["sg"],
    "taintPolicyOnExistingNodes": "refresh",
    "labelPolicyOnExistingNodes": "ignore",
    "userTagsPolicyOnExistingNodes": "ignore",
    "extensionScaleGroups": [GROUP],
}
SENT_ALONG = {
    "uid": "u",
    "annotations": {"a": "b"},
    "creationTimestamp": "t",
    "updateTimestamp": "t",
}
LISTED = {"kind": "List", "apiVersion": "v3"}
LIFE = {"preInstall": SCRIPT, "postInstall": SCRIPT, "waitPostInstallFinish": True}
KEEP = {"volumeResetPolicy": "reset_managed_volumes"}
REINSTALL: Json = {
    "os": "EulerOS 2.9",
    "login": LOGIN,
    "name": "n",
    "serverConfig": {"userTags": TAGS, "rootVolume": {"imageID": "i", "cmkID": "c"}},
    "volumeConfig": {"lvmConfig": "x", "storage": STORAGE} | KEEP,
    "runtimeConfig": {"dockerBaseSize": 20, "containerBaseSize": 20, "runtime": RUNTIME},
    "k8sOptions": {
        "labels": {"a": "b"},
        "taints": TAINTS,
        "maxPods": 110,
        "nicMultiqueue": '[{"queue":4}]',
        "nicThreshold": "0.3:0.6",
    },
    "lifecycle": LIFE,
    "initializedConditions": ["CCEInitial"],
    "extendParam": {"alpha.cce/NodeImageID": "i"},
    "hostnameConfig": {"type": "privateIp"},
    "securityReinforcementType": "cybersecurity",
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation, its body with everything in it, and both models of that."""

    name: str
    method: str
    path: str
    body: Json
    ours: type[Document]
    official: type[Any]

    def __str__(self) -> str:
        return self.name


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
                    "DockerLVMConfigOverride": "x",
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

Path = tuple[str | int, ...]


def official_fields(model: type[Any]) -> Mapping[str, str]:
    """The fields of an official model, with their types in its own words."""
    return {model.attribute_map[name]: kind for name, kind in model.openapi_types.items()}


def split(kind: str) -> tuple[str, str]:
    """``list``, ``dict`` or nothing, and the type of what is inside."""
    found = re.fullmatch(r"(?:(list)\[(.*)\]|(dict)\(str, (.*)\))", kind)
    if found is None:
        return "", kind
    return found[1] or found[3], found[2] or found[4]


def official_model(kind: str) -> type[Any] | None:
    """The official model of this name; None for plain values."""
    return getattr(sdk, kind, None) if kind[:1].isupper() else None


@dataclass(frozen=True)
class Place:
    """One place in a body, and the JSON type that belongs there."""

    path: Path
    kind: str

    def __str__(self) -> str:
        return ".".join(map(str, self.path))


def places(operation: Operation) -> Iterator[Place]:
    """Every place in a body of which the SDK tells the type, inner ones too."""
    yield from _places(operation.official, operation.body, ())


def _places(model: type[Any], value: Mapping[str, Any], path: Path) -> Iterator[Place]:
    for name, kind in official_fields(model).items():
        if name in value:
            yield from _inside(kind, value[name], (*path, name))


def _inside(kind: str, value: Any, path: Path) -> Iterator[Place]:
    outer, inner = split(kind)
    if outer:
        yield Place(path, outer)
        items = enumerate(value) if outer == "list" else value.items()
        for key, item in items:
            yield from _inside(inner, item, (*path, key))
    elif model := official_model(kind):
        yield Place(path, "dict")
        yield from _places(model, value, path)
    elif kind != "object":
        yield Place(path, kind)


WRONG: Mapping[str, tuple[Any, ...]] = {
    "str": (5, 1.5, True, ["x"], {"x": "x"}),
    "int": ("5", 1.5, True, [5], {"x": 5}),
    "float": ("0.5", True, [0.5], {"x": 0.5}),
    "bool": ("true", 1, 1.5, [True], {"x": True}),
    "list": ("x", 5, 1.5, True, {"x": "x"}),
    "dict": ("x", 5, 1.5, True, ["x"]),
}
"""By the type that belongs in a place: one value of every other."""


def spoilt(body: Json, place: Place, value: Any) -> Json:
    """The body with another value in one place."""
    # By way of text: a copy would keep that two places share one value.
    made: Any = json.loads(json.dumps(body))
    inner = made
    for key in place.path[:-1]:
        inner = inner[key]
    inner[place.path[-1]] = value
    return dict(made)
