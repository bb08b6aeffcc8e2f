"""What the Ansible modules of opentelekomcloud.cloud send, request by request (client notes, B10).

Recorded from the modules cce_cluster, cce_cluster_node and cce_node_pool, and those of the same
names with _info, as a playbook with each state ran. Every module logs in anew and tries a name as
an id first.
"""

from typing import Any

from tests.clients.script import Call
from tests.clients.walks.huaweicloud import P, gone, is_in, job

CLUSTER = f"{P}/clusters/$cluster"
LOG_IN = (
    Call(operation="GET /v3", shows={"version.id": "v3"}),
    Call(
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
        shows={"token.project.id": "$project", "token.catalog.*.type": "ccev2.0"},
    ),
)
DISKS: dict[str, Any] = {
    "rootVolume": {"size": 40, "volumetype": "SATA"},
    "dataVolumes": [{"volumetype": "SATA", "size": 100}],
}


def named(path: str, name: str) -> tuple[Call, Call]:
    """How something is found: its name is no id, and it is in the list."""
    return (
        Call(operation=f"GET {path}/{name}", status=404),
        Call(operation=f"GET {path}", shows={"items.*.metadata.name": name}),
    )


def not_named(path: str, name: str) -> tuple[Call, Call]:
    """How something is not found."""
    return (
        Call(operation=f"GET {path}/{name}", status=404),
        Call(operation=f"GET {path}", shows={"apiVersion": "v3"}),
    )


ROUTER = Call(operation="GET /v2.0/routers/a-router", shows={"router.id": "a-router"})
NETWORK = Call(operation="GET /v2.0/networks/a-network", shows={"network.id": "a-network"})
THE_CLUSTER = (*LOG_IN, *named(f"{P}/clusters", "$name"))

MAKE_CLUSTER = (
    *LOG_IN,
    *not_named(f"{P}/clusters", "$name"),
    ROUTER,
    NETWORK,
    Call(
        operation=f"POST {P}/clusters",
        args={
            "body": {
                "kind": "Cluster",
                "apiVersion": "v3",
                "metadata": {"name": "$name"},
                "spec": {
                    "type": "VirtualMachine",
                    "flavor": "cce.s1.small",
                    "containerNetwork": {"mode": "overlay_l2"},
                    "hostNetwork": {"vpc": "a-router", "subnet": "a-network"},
                },
            }
        },
        status=201,
        keeps={"job": "status.jobID"},
    ),
    job("$job", cluster="spec.clusterUID"),
    is_in("Available"),
    *THE_CLUSTER,
    Call(operation=f"GET {CLUSTER}/clustercert", shows={"users.0.user.client-key-data": ...}),
)

MAKE_NODE = (
    *THE_CLUSTER,
    *not_named(f"{CLUSTER}/nodes", "a-node"),
    NETWORK,
    Call(operation=f"GET {CLUSTER}", shows={"metadata.uid": "$cluster"}),
    Call(
        operation=f"POST {CLUSTER}/nodes",
        args={
            "body": {
                "kind": "Node",
                "apiVersion": "v3",
                "metadata": {"name": "a-node"},
                "spec": DISKS
                | {
                    "flavor": "s6.large.2",
                    "az": "cn-north-4a",
                    "os": "EulerOS 2.9",
                    "count": 1,
                    "login": {"sshKey": "a-key"},
                    "extendParam": {},
                    "k8sTags": {},
                    "publicIP": {},
                    "userTags": [],
                    "nodeNicSpec": {"primaryNic": {"subnetId": "a-network"}},
                },
            }
        },
        status=201,
        keeps={"node": "metadata.uid", "job": "status.jobID"},
    ),
    job("$job"),
    is_in("Active", f"{CLUSTER}/nodes/$node"),
    *THE_CLUSTER,
    *named(f"{CLUSTER}/nodes", "a-node"),
)

MAKE_POOL = (
    *THE_CLUSTER,
    *not_named(f"{CLUSTER}/nodepools", "a-pool"),
    NETWORK,
    Call(
        operation=f"POST {CLUSTER}/nodepools",
        args={
            "body": {
                "kind": "NodePool",
                "apiVersion": "v3",
                "metadata": {"name": "a-pool"},
                "spec": {
                    "initialNodeCount": 1,
                    "nodeTemplate": DISKS
                    | {
                        "flavor": "s6.large.2",
                        "az": "random",
                        "os": "EulerOS 2.9",
                        "billingMode": 0,
                        "login": {"sshKey": "a-key"},
                        "k8sTags": {"team": "a"},
                        "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}],
                        "userTags": [{"key": "owner", "value": "me"}],
                        # As it is sent: a name that the API does not know.
                        "nodeNicSpec": {"primaryNic": {"subnet_id": "a-network"}},
                    },
                },
            }
        },
        status=201,
        keeps={"pool": "metadata.uid"},
    ),
    *THE_CLUSTER,
    *named(f"{CLUSTER}/nodepools", "a-pool"),
)

END = (
    *THE_CLUSTER,
    *named(f"{CLUSTER}/nodepools", "a-pool"),
    is_in("", f"{CLUSTER}/nodepools/$pool"),
    Call(operation=f"DELETE {CLUSTER}/nodepools/$pool"),
    *THE_CLUSTER,
    *named(f"{CLUSTER}/nodes", "a-node"),
    Call(operation=f"GET {CLUSTER}/nodes/$node?cluster_id=$cluster"),
    Call(operation=f"DELETE {CLUSTER}/nodes/$node", keeps={"job": "status.jobID"}),
    job("$job"),
    gone(f"{CLUSTER}/nodepools/$pool"),
    *THE_CLUSTER,
    Call(operation=f"GET {CLUSTER}/nodes", shows={"kind": "List"}),
    Call(operation=f"DELETE {CLUSTER}", keeps={"job": "status.jobID"}),
    job("$job"),
    *LOG_IN,
    *not_named(f"{P}/clusters", "$name"),
)

WALK = (*MAKE_CLUSTER, *MAKE_NODE, *MAKE_POOL, *END)
