"""What the opentelekomcloud provider sends, request by request (client notes, B9).

Its waits are shortened. It needs TLS for add-ons, which the walk leaves out.
"""

from tests.clients.script import Call
from tests.clients.walks.huaweicloud import CLUSTER, TEMPLATE, P, gone

LOG_IN = Call(
    operation="POST /v3/auth/tokens",
    args={
        "body": {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"id": "$user", "password": "$password"}},
                },
                "scope": {"project": {"id": "$project"}},
            }
        }
    },
    status=201,
    shows={
        "token.project.id": "$project",
        "token.catalog.*.type": "ccev2.0",
        "token.catalog.*.endpoints.*.interface": "public",
        "token.catalog.*.endpoints.*.region": "cn-north-4",
    },
)

SERVICES = ("ccev2.0", "cce", "compute", "ecs", "identity", "network", "volumev3", "vpc")
CATALOG = tuple(
    Call(operation="GET /v3/auth/catalog", shows={"catalog.*.type": service})
    for service in SERVICES
)

KEY_PAIR = "/v2.1/$project/os-keypairs"
AROUND = (
    Call(operation=f"GET {KEY_PAIR}/$name", status=404),
    Call(
        operation=f"POST {KEY_PAIR}",
        args={"body": {"keypair": {"name": "$name"}}},
        shows={"keypair.private_key": ...},
    ),
    Call(
        operation="POST /v1/$project/vpcs",
        args={"body": {"vpc": {"name": "$name", "cidr": "192.168.0.0/16"}}},
        keeps={"vpc": "vpc.id"},
    ),
    Call(operation="GET /v1/$project/vpcs/$vpc", shows={"vpc.status": "OK"}),
    Call(operation="GET /v2.0/$project/vpcs/$vpc/tags", shows={"tags": []}),
    Call(operation="GET /v3/$project/vpc/vpcs/$vpc", shows={"vpc.extend_cidrs": []}),
    Call(
        operation="POST /v1/$project/subnets",
        args={
            "body": {
                "subnet": {
                    "name": "$name",
                    "cidr": "192.168.0.0/20",
                    "gateway_ip": "192.168.0.1",
                    "vpc_id": "$vpc",
                    "dhcp_enable": True,
                    "ipv6_enable": False,
                    "primary_dns": "100.125.4.25",
                    "secondary_dns": "100.125.129.199",
                }
            }
        },
        keeps={"subnet": "subnet.id"},
    ),
    Call(operation="GET /v1/$project/subnets/$subnet", shows={"subnet.status": "ACTIVE"}),
    Call(operation="GET /v2.0/$project/subnets/$subnet/tags", shows={"tags": []}),
)
AWAY = (
    # What a cluster uses stays.
    Call(operation="DELETE /v1/$project/vpcs/$vpc/subnets/$subnet", status=409),
    Call(operation="DELETE /v1/$project/vpcs/$vpc", status=409),
)
GONE = (
    Call(operation=f"DELETE {KEY_PAIR}/$name", status=202),
    Call(operation="DELETE /v1/$project/vpcs/$vpc/subnets/$subnet", status=204),
    gone("/v1/$project/subnets/$subnet"),
    Call(operation="DELETE /v1/$project/vpcs/$vpc", status=204),
    gone("/v1/$project/vpcs/$vpc"),
)

PLAN = (
    Call(operation="GET /v1/$project/vpcs/$vpc", shows={"vpc.id": "$vpc"}),
    Call(operation="GET /v1/$project/subnets/$subnet", shows={"subnet.id": "$subnet"}),
    Call(
        operation="GET /v3/$project/types",
        shows={"volume_types.*.extra_specs.RESKEY:availability_zones": ...},
    ),
)

CLUSTERS = (
    Call(
        operation=f"POST {P}/clusters",
        args={
            "body": {
                "kind": "Cluster",
                "apiversion": "v3",
                "metadata": {"name": "$name"},
                "spec": {
                    "type": "VirtualMachine",
                    "flavor": "cce.s1.small",
                    "hostNetwork": {"vpc": "$vpc", "subnet": "$subnet"},
                    "containerNetwork": {"mode": "overlay_l2"},
                    "authentication": {"mode": "x509", "authenticatingProxy": {}},
                    "extendParam": {"clusterExternalIP": ""},
                },
            }
        },
        status=201,
        keeps={"cluster": "metadata.uid"},
    ),
    Call(
        operation=f"GET {CLUSTER}",
        shows={"status.phase": "Available"},
        waits=True,
        through=("Creating",),
    ),
    # An empty list of endpoints crashes the provider, as does a missing eniNetwork.
    Call(
        operation=f"GET {CLUSTER}",
        shows={
            "status.endpoints.0.url": ...,
            "spec.eniNetwork": {},
            "spec.authentication.mode": "x509",
        },
    ),
    Call(
        operation=f"GET {CLUSTER}/clustercert",
        shows={"clusters.0.cluster.certificate-authority-data": ...},
    ),
    Call(operation="GET /api/v3/addons?cluster_id=$cluster", shows={"items": ...}),
    Call(operation="GET /v2.0/security-groups", shows={"security_groups": ...}),
)

NODES = (
    Call(
        operation=f"POST {CLUSTER}/nodes",
        args={
            "body": {
                "kind": "Node",
                "apiVersion": "v3",
                "metadata": {"name": "first"},
                "spec": TEMPLATE | {"login": {"sshKey": "$name"}},
            }
        },
        status=201,
        keeps={"job": "status.jobID"},
    ),
    # Read once, right after the creation: the list must be there.
    Call(operation=f"GET {P}/jobs/$job", keeps={"branch": "spec.subJobs.0.metadata.uid"}),
    # Success would come too early for the provider.
    Call(
        operation=f"GET {P}/jobs/$branch",
        shows={"status.phase": "Running", "spec.subJobs.1.spec.type": "CreateNodeVM"},
        keeps={"node": "spec.subJobs.1.spec.resourceID"},
        waits=True,
        through=("Initializing",),
    ),
    Call(
        operation=f"GET {CLUSTER}/nodes/$node",
        shows={"status.phase": "Active"},
        keeps={"server": "status.serverId"},
        waits=True,
        through=("Build", "Installing"),
    ),
    # A 404 here would drop the node from the state.
    Call(operation="GET /v1/$project/cloudservers/$server/tags", shows={"tags": []}),
)

POOLS = (
    Call(
        operation=f"POST {CLUSTER}/nodepools",
        args={
            "body": {
                "kind": "NodePool",
                "apiVersion": "v3",
                "metadata": {"name": "pool"},
                "spec": {"type": "vm", "initialNodeCount": 1, "nodeTemplate": TEMPLATE},
            }
        },
        status=201,
        keeps={"pool": "metadata.uid"},
    ),
    Call(
        operation=f"GET {CLUSTER}/nodepools/$pool",
        shows={"status.phase": ""},
        waits=True,
        through=("Synchronizing", "Synchronized"),
    ),
    Call(operation=f"DELETE {CLUSTER}/nodepools/$pool"),
    gone(f"{CLUSTER}/nodepools/$pool"),
)

DESTROY = (
    Call(operation=f"DELETE {CLUSTER}/nodes/$node"),
    Call(operation=f"GET {CLUSTER}/nodes/$node", shows={"status.phase": "Deleting"}),
    gone(f"{CLUSTER}/nodes/$node"),
    Call(operation=f"DELETE {CLUSTER}"),
    gone(CLUSTER),
)

WALK = (*CATALOG, *AROUND, *PLAN, *CLUSTERS, *AWAY, *NODES, *POOLS, *DESTROY, *GONE)
