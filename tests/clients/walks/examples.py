"""What the huaweicloud provider sends for examples/terraform: networks, a node, pools, a partition.

Recorded while the real provider applied, planned and destroyed them. What it sends for clusters,
nodes, pools and add-ons besides is in the walk ``huaweicloud``; add-ons with a template's values
are in tests/api/test_addon_templates.py.
"""

from typing import Any

from tests.clients.script import Call
from tests.clients.walks.huaweicloud import CLUSTER, P, gone, is_in, job

V1 = "/v1/$project"
DISKS: dict[str, Any] = {
    "rootVolume": {"volumetype": "SSD", "size": 40},
    "dataVolumes": [{"volumetype": "SSD", "size": 100}],
}
MACHINE = DISKS | {
    "flavor": "$flavor",
    "az": "$zone",
    "count": 1,
    "login": {"sshKey": "$name", "userPassword": {"username": "", "password": ""}},
    "nodeNicSpec": {"primaryNic": {}},
    "publicIP": {"eip": {"bandwidth": {}}},
}
STORAGE = {
    "storageSelectors": [
        {
            "name": name,
            "storageType": "evs",
            "matchLabels": {
                "count": "1",
                "metadataEncrypted": "0",
                "size": size,
                "volumeType": "SSD",
            },
        }
        for name, size in (("cceUse", "100"), ("user1", "200"))
    ],
    "storageGroups": [
        {
            "name": "vgpaas",
            "cceManaged": True,
            "selectorNames": ["cceUse"],
            "virtualSpaces": [
                {"name": "kubernetes", "size": "10%", "lvmConfig": {"lvType": "linear"}},
                {"name": "runtime", "size": "90%", "runtimeConfig": {"lvType": "linear"}},
            ],
        },
        {
            "name": "vguser1",
            "selectorNames": ["user1"],
            "virtualSpaces": [
                {
                    "name": "user",
                    "size": "100%",
                    "lvmConfig": {"lvType": "linear", "path": "/workspace"},
                }
            ],
        },
    ],
}


def subnet(name: str, cidr: str, gateway: str, **keeps: str) -> tuple[Call, ...]:
    """A subnet, made and read."""
    asked = {
        "name": name,
        "cidr": cidr,
        "gateway_ip": gateway,
        "vpc_id": "$vpc",
        "availability_zone": "$zone",
        "dhcp_enable": True,
        "ipv6_enable": False,
        "dnsList": ["100.125.1.250", "100.125.129.250"],
    }
    id = next(iter(keeps))
    return (
        Call(operation=f"POST {V1}/subnets", args={"body": {"subnet": asked}}, keeps=keeps),
        Call(
            operation=f"GET {V1}/subnets/${id}",
            shows={
                "subnet.status": "ACTIVE",
                "subnet.gateway_ip": gateway,
                "subnet.dnsList": ["100.125.1.250", "100.125.129.250"],
            },
        ),
        Call(operation=f"GET /v2.0/$project/subnets/${id}/tags", shows={"tags": []}),
    )


LOOK = (
    Call(
        operation="GET /v2.1/$project/os-availability-zone",
        keeps={"zone": "availabilityZoneInfo.0.zoneName"},
    ),
    Call(
        operation=f"GET {V1}/cloudservers/flavors?availability_zone=$zone",
        keeps={"flavor": "flavors.0.id"},
    ),
)
AROUND = (
    Call(
        operation=f"POST {V1}/vpcs",
        args={"body": {"vpc": {"name": "$name", "cidr": "192.168.0.0/16"}}},
        keeps={"vpc": "vpc.id"},
    ),
    Call(operation=f"GET {V1}/vpcs/$vpc", shows={"vpc.status": "OK"}),
    Call(operation="GET /v2.0/$project/vpcs/$vpc/tags", shows={"tags": []}),
    Call(operation="GET /v3/$project/vpc/vpcs/$vpc", shows={"vpc.id": "$vpc"}),
    Call(
        operation="POST /v3/$project/keypairs",
        args={"body": {"keypair": {"name": "$name", "type": "ssh"}}},
        shows={"keypair.private_key": ...},
    ),
    Call(operation="GET /v3/$project/keypairs/$name", shows={"keypair.name": "$name"}),
    Call(
        operation=f"POST {V1}/publicips",
        args={
            "body": {
                "publicip": {"type": "5_bgp"},
                "bandwidth": {
                    "name": "$name",
                    "size": 5,
                    "share_type": "PER",
                    "charge_mode": "traffic",
                },
            }
        },
        keeps={
            "eip": "publicip.id",
            "address": "publicip.public_ip_address",
            "bandwidth": "publicip.bandwidth_id",
        },
    ),
    Call(operation=f"GET {V1}/publicips/$eip", shows={"publicip.status": "DOWN"}),
    Call(operation=f"GET {V1}/bandwidths/$bandwidth", shows={"bandwidth.size": 5}),
    Call(operation="GET /v3/$project/eip/publicips/$eip", shows={"publicip.id": "$eip"}),
    *subnet("$name", "192.168.0.0/20", "192.168.0.1", subnet="subnet.id"),
    *subnet(
        "$name-pods",
        "192.168.16.0/20",
        "192.168.16.1",
        inner="subnet.id",
        pods="subnet.neutron_subnet_id",
    ),
)


def cluster(**spec: Any) -> tuple[Call, ...]:
    """A cluster, until it is there."""
    asked = {
        "type": "VirtualMachine",
        "flavor": "cce.s1.small",
        "hostNetwork": {"vpc": "$vpc", "subnet": "$subnet"},
        "authentication": {"mode": "rbac", "authenticatingProxy": {}},
    }
    body = {
        "kind": "Cluster",
        "apiversion": "v3",
        "metadata": {"name": "$name"},
        "spec": asked | spec,
    }
    return (
        Call(
            operation=f"POST {P}/clusters",
            args={"body": body},
            status=201,
            keeps={"job": "status.jobID"},
        ),
        job("$job", cluster="spec.clusterUID"),
        is_in("Available"),
    )


def made(kind: str, name: str, path: str, spec: dict[str, Any], **keeps: str) -> Call:
    """Something in the cluster."""
    body = {"kind": kind, "apiversion": "v3", "metadata": {"name": name}, "spec": spec}
    operation = f"POST {CLUSTER}/{path}"
    return Call(operation=operation, args={"body": body}, status=201, keeps=keeps)


def pool(name: str, size: int, template: dict[str, Any]) -> tuple[Call, ...]:
    """A pool, until it has its nodes."""
    counts = {"minNodeCount": 0, "maxNodeCount": 0, "priority": 0, "scaleDownCooldownTime": 0}
    spec = {
        "type": "vm",
        "initialNodeCount": size,
        "autoscaling": {"enable": False} | counts,
        "nodeManagement": {"serverGroupReference": ""},
        "nodeTemplate": template | {"os": "EulerOS 2.9"},
    }
    return (
        made("NodePool", name, "nodepools", spec, pool="metadata.uid"),
        Call(
            operation=f"GET {CLUSTER}/nodepools/$pool",
            shows={"status.phase": "", "status.currentNode": size},
            waits=True,
        ),
        Call(operation=f"DELETE {CLUSTER}/nodepools/$pool"),
        gone(f"{CLUSTER}/nodepools/$pool"),
    )


def node(name: str, spec: dict[str, Any], **shows: Any) -> tuple[Call, ...]:
    """A node, until it is active, and gone again."""
    return (
        made("Node", name, "nodes", spec, job="status.jobID", node="metadata.uid"),
        job("$job"),
        Call(operation=f"GET {CLUSTER}/nodes/$node", shows={"status.phase": "Active"} | shows),
        Call(operation=f"DELETE {CLUSTER}/nodes/$node"),
        gone(f"{CLUSTER}/nodes/$node"),
    )


END = (Call(operation=f"DELETE {CLUSTER}"), gone(CLUSTER))
DISKS_IN_PARTS = {
    "dataVolumes": [*DISKS["dataVolumes"], {"volumetype": "SSD", "size": 200}],
    "storage": STORAGE,
    "userTags": [{"key": "owner", "value": "me"}],
}
WITH_ADDRESS = (
    *cluster(
        containerNetwork={"mode": "vpc-router"}, extendParam={"clusterExternalIP": "$address"}
    ),
    Call(operation=f"GET {CLUSTER}", shows={"status.endpoints.*.type": "External"}),
    *node("a-node", MACHINE, **{"spec.login": {"sshKey": "$name"}}),
    *pool("a-pool", 2, MACHINE | DISKS_IN_PARTS),
    *END,
)
PARTITION = {
    "category": "IES",
    "publicBorderGroup": "group",
    "hostNetwork": {"subnetID": "$inner"},
    "containerNetwork": [{"subnetID": "$pods"}],
}
IN_PARTITION = (
    *cluster(
        containerNetwork={"mode": "eni"},
        eniNetwork={"subnets": [{"subnetID": "$pods"}]},
        enableDistMgt=True,
    ),
    made("Partition", "edge", "partitions", PARTITION),
    Call(operation=f"GET {CLUSTER}/partitions/edge", shows={"spec.category": "IES"}),
    *node("edge-node", MACHINE | {"partition": "edge"}, **{"spec.partition": "edge"}),
    *pool("edge-pool", 1, MACHINE | {"partition": "edge"}),
    *END,
)
AWAY = (
    Call(operation=f"PUT {V1}/publicips/$eip", args={"body": {"publicip": {}}}),
    Call(operation=f"DELETE {V1}/publicips/$eip", status=204),
    gone(f"{V1}/publicips/$eip"),
    Call(operation="DELETE /v3/$project/keypairs/$name", status=204),
    Call(operation=f"DELETE {V1}/vpcs/$vpc/subnets/$subnet", status=204),
    gone(f"{V1}/subnets/$subnet"),
    Call(operation=f"DELETE {V1}/vpcs/$vpc/subnets/$inner", status=204),
    gone(f"{V1}/subnets/$inner"),
    Call(operation=f"DELETE {V1}/vpcs/$vpc", status=204),
    gone(f"{V1}/vpcs/$vpc"),
)

WALK = (*LOOK, *AROUND, *WITH_ADDRESS, *IN_PARTITION, *AWAY)
