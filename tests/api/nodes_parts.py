"""Parts of bodies about nodes and pools, with every field that the official SDK knows."""

import base64

from tests.api.official import Json

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
    "volumeConfig": {"lvmConfig": "lvType=linear", "storage": STORAGE} | KEEP,
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
