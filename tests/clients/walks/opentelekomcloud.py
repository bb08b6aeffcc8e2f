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

PLAN = (
    Call(operation="GET /v1/$project/vpcs/a-vpc", shows={"vpc.id": "a-vpc"}),
    Call(operation="GET /v1/$project/subnets/a-subnet", shows={"subnet.id": "a-subnet"}),
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
                    "hostNetwork": {"vpc": "a-vpc", "subnet": "a-subnet"},
                    "containerNetwork": {"mode": "overlay_l2"},
                    "authentication": {"mode": "rbac", "authenticatingProxy": {}},
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
        shows={"status.endpoints.0.url": ..., "spec.eniNetwork": {}},
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
                "spec": TEMPLATE,
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

WALK = (*CATALOG, *PLAN, *CLUSTERS, *NODES, *POOLS, *DESTROY)
