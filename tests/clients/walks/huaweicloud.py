"""What the huaweicloud provider sends, request by request (client notes, B2 to B8).

Its waits are shortened; the values shown are those that it reads or compares.
"""

from typing import Any

from tests.clients.script import Call

P = "/api/v3/projects/$project"
CLUSTER = f"{P}/clusters/$cluster"
PENDING = ("Initializing", "Running")
HOST = {"Host": "$cluster.cce.local.test"}
TEMPLATE = {
    "flavor": "s6.large.2",
    "az": "cn-north-4a",
    "os": "EulerOS 2.9",
    "login": {"sshKey": "kp", "userPassword": {"username": "", "password": ""}},
    "rootVolume": {"volumetype": "SAS", "size": 40},
    "dataVolumes": [{"volumetype": "SAS", "size": 100}],
    "nodeNicSpec": {"primaryNic": {}},
    "publicIP": {"eip": {"bandwidth": {}}},
    "count": 1,
}


def job(uid: str, **keeps: str) -> Call:
    """Reads of a job until it is done."""
    return Call(
        operation=f"GET {P}/jobs/{uid}",
        shows={"status.phase": "Success"},
        keeps=keeps,
        waits=True,
        through=PENDING,
    )


def gone(path: str) -> Call:
    """Reads of something until it is not there."""
    return Call(operation=f"GET {path}", status=404, waits=True)


def is_in(phase: str, path: str = CLUSTER) -> Call:
    """Reads of something until it is in a phase."""
    return Call(operation=f"GET {path}", shows={"status.phase": phase}, waits=True)


def addon(version: str, how: str) -> dict[str, Any]:
    """The body about an add-on, the only one with a capital letter in its version's key."""
    return {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {"annotations": {f"addon.{how}/type": how}},
        "spec": {
            "clusterID": "$cluster",
            "addonTemplateName": "metrics-server",
            "version": version,
            "values": {"basic": {}},
        },
    }


CONFIGURE = (
    Call(
        operation="GET /v3/projects?name=cn-north-4",
        shows={"projects.0.id": "$project"},
    ),
    Call(operation="GET /v3/auth/domains", shows={"domains.0.id": ...}),
)

READ_CLUSTER = (
    # A missing eniNetwork or serviceNetwork crashes the provider.
    Call(
        operation=f"GET {CLUSTER}",
        shows={
            "metadata.name": "$name",
            "spec.flavor": "cce.s1.small",
            "spec.eniNetwork": {},
            "spec.serviceNetwork.IPv4CIDR": ...,
            "spec.hostNetwork.SecurityGroup": ...,
            "spec.containerNetwork.cidrs.0.cidr": ...,
            "spec.billingMode": 0,
        },
    ),
    Call(
        operation=f"POST {CLUSTER}/clustercert",
        args={"body": {"duration": -1}},
        shows={
            "clusters.*.cluster.server": ...,
            "users.0.user.client-certificate-data": ...,
            "users.0.user.client-key-data": ...,
            "contexts.0.name": ...,
            "current-context": ...,
        },
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
                    "version": "v1.31",
                    "hostNetwork": {"vpc": "a-vpc", "subnet": "a-subnet"},
                    "containerNetwork": {"mode": "vpc-router"},
                    "authentication": {"mode": "rbac", "authenticatingProxy": {}},
                    "billingMode": 0,
                },
            }
        },
        status=201,
        keeps={"job": "status.jobID"},
    ),
    job("$job", cluster="spec.clusterUID"),
    is_in("Available"),
    # A failure here is a warning to the provider, behind every cluster.
    Call(
        operation="POST /svcstg/icmgr/v1/$project/agents",
        args={"body": {"clusterId": "$cluster", "nameSpace": "default"}},
    ),
    *READ_CLUSTER,
    Call(
        operation=f"PUT {CLUSTER}",
        args={"body": {"metadata": {"alias": "other"}, "spec": {"description": "Mine"}}},
        shows={"metadata.alias": "other", "spec.description": "Mine"},
    ),
    Call(
        operation=f"POST {CLUSTER}/tags/create",
        args={"body": {"tags": [{"key": "owner", "value": "me"}]}},
        status=204,
    ),
    Call(operation=f"GET {CLUSTER}", shows={"spec.clusterTags": [{"key": "owner", "value": "me"}]}),
    Call(
        operation=f"POST {CLUSTER}/tags/delete",
        args={"body": {"tags": [{"key": "owner"}]}},
        status=204,
    ),
)

NODES = (
    is_in("Available"),
    Call(
        operation=f"POST {CLUSTER}/nodes",
        args={
            "body": {
                "kind": "Node",
                "apiversion": "v3",
                "metadata": {"name": "first"},
                "spec": TEMPLATE,
            }
        },
        status=201,
        keeps={"job": "status.jobID"},
    ),
    job("$job", branch="spec.subJobs.0.metadata.uid"),
    Call(
        operation=f"GET {P}/jobs/$branch",
        shows={"spec.type": "CreateNode", "spec.subJobs.2.spec.type": "InstallNode"},
        keeps={"node": "spec.subJobs.2.spec.resourceID"},
    ),
    Call(
        operation=f"GET {CLUSTER}/nodes/$node",
        shows={
            "metadata.name": "first",
            "status.phase": "Active",
            "status.privateIP": ...,
            "spec.login": {"sshKey": "kp"},
            "spec.rootVolume": {"volumetype": "SAS", "size": 40},
            "spec.dataVolumes": [{"volumetype": "SAS", "size": 100}],
        },
        keeps={"server": "status.serverId"},
    ),
    Call(operation="GET /v1/$project/cloudservers/$server", shows={"server.key_name": "kp"}),
    Call(operation="GET /v1/$project/cloudservers/$server/tags", shows={"tags": []}),
    Call(
        operation=f"PUT {CLUSTER}/nodes/$node",
        args={"body": {"metadata": {"name": "renamed"}}},
        shows={"metadata.name": "renamed"},
    ),
)

ATTACHED = (
    Call(
        operation=f"POST {CLUSTER}/nodes/add",
        args={
            "body": {
                "kind": "List",
                "apiversion": "v3",
                "nodeList": [
                    {
                        "serverID": "server-$name",
                        "spec": {
                            "os": "EulerOS 2.9",
                            "login": {
                                "sshKey": "kp",
                                "userPassword": {"username": "", "password": ""},
                            },
                            "serverConfig": {"RootVolume": None},
                            "runtimeConfig": {},
                        },
                    }
                ],
            }
        },
        keeps={"job": "jobid"},
    ),
    job("$job", guest="spec.subJobs.0.spec.resourceID"),
    Call(operation=f"GET {CLUSTER}/nodes/$guest", shows={"status.serverId": "server-$name"}),
    Call(
        operation=f"PUT {CLUSTER}/nodes/operation/remove",
        args={"body": {"spec": {"login": {"sshKey": "kp"}, "nodes": [{"uid": "$guest"}]}}},
    ),
    gone(f"{CLUSTER}/nodes/$guest"),
)

POOLS = (
    Call(
        operation=f"POST {CLUSTER}/nodepools",
        args={
            "body": {
                "kind": "NodePool",
                "apiversion": "v3",
                "metadata": {"name": "pool"},
                "spec": {
                    "type": "vm",
                    "initialNodeCount": 1,
                    "nodeTemplate": TEMPLATE,
                    "autoscaling": {
                        "enable": False,
                        "minNodeCount": 0,
                        "maxNodeCount": 0,
                        "scaleDownCooldownTime": 0,
                        "priority": 0,
                    },
                    "nodeManagement": {"serverGroupReference": ""},
                },
            }
        },
        status=201,
        keeps={"pool": "metadata.uid"},
    ),
    is_in("", f"{CLUSTER}/nodepools/$pool"),
    Call(
        operation=f"PUT {CLUSTER}/nodepools/$pool",
        args={"body": {"metadata": {"name": "pool"}, "spec": {"initialNodeCount": 2}}},
    ),
    is_in("", f"{CLUSTER}/nodepools/$pool"),
    Call(
        operation=f"GET {CLUSTER}/nodepools/$pool",
        shows={"spec.initialNodeCount": 2, "status.currentNode": 2, "spec.type": "vm"},
    ),
)

ADDONS = (
    Call(
        operation="GET /api/v3/addontemplates",
        args={"headers": HOST},
        shows={"items.*.metadata.name": "metrics-server"},
    ),
    Call(
        operation="POST /api/v3/addons",
        args={"body": addon("1.3.60", "install"), "headers": HOST},
        status=201,
        keeps={"addon": "metadata.uid"},
    ),
    Call(
        operation="GET /api/v3/addons/$addon?cluster_id=$cluster",
        args={"headers": HOST},
        shows={"status.status": "running"},
        waits=True,
        through=("installing",),
    ),
    Call(
        operation="PUT /api/v3/addons/$addon",
        args={"body": addon("1.3.104", "upgrade"), "headers": HOST},
    ),
    Call(
        operation="GET /api/v3/addons/$addon?cluster_id=$cluster",
        args={"headers": HOST},
        shows={
            "status.status": "running",
            "spec.version": "1.3.104",
            "spec.clusterID": "$cluster",
            "spec.addonTemplateName": "metrics-server",
        },
        waits=True,
        through=("upgrading",),
    ),
    Call(operation="DELETE /api/v3/addons/$addon?cluster_id=$cluster", args={"headers": HOST}),
    Call(
        operation="GET /api/v3/addons/$addon?cluster_id=$cluster",
        args={"headers": HOST},
        status=404,
        waits=True,
    ),
)

DATA_SOURCES = (
    Call(operation=f"GET {P}/clusters", shows={"items.*.metadata.uid": "$cluster"}),
    # The provider forgets the id; it ignores the answer, but reads it as JSON.
    Call(operation=f"POST {P}/clusters//clustercert", args={"body": {"duration": -1}}, status=404),
    Call(
        operation=f"GET {CLUSTER}/nodes?limit=2000",
        shows={"items.*.metadata.uid": "$node", "pageInfo.currentCount": 3},
    ),
    Call(operation=f"GET {CLUSTER}/nodepools", shows={"items.*.metadata.uid": "$pool"}),
)

PHASES = (
    Call(
        operation=f"POST {CLUSTER}/operation/resize",
        args={"body": {"flavorResize": "cce.s1.medium"}},
        status=201,
        keeps={"job": "jobID"},
    ),
    job("$job"),
    is_in("Available"),
    Call(operation=f"POST {CLUSTER}/operation/hibernate"),
    is_in("Hibernation"),
    Call(operation=f"POST {CLUSTER}/operation/awake"),
    is_in("Available"),
)

DESTROY = (
    Call(operation=f"DELETE {CLUSTER}/nodepools/$pool"),
    gone(f"{CLUSTER}/nodepools/$pool"),
    Call(operation=f"DELETE {CLUSTER}/nodes/$node"),
    gone(f"{CLUSTER}/nodes/$node"),
    Call(
        operation=f"DELETE {CLUSTER}?delete_evs=false&delete_efs=false&delete_eni=false"
        "&delete_net=false&delete_obs=false&delete_sfs=false&delete_sfs30=false"
    ),
    gone(CLUSTER),
)

WALK = (
    *CONFIGURE,
    *CLUSTERS,
    *NODES,
    *ATTACHED,
    *POOLS,
    *ADDONS,
    *DATA_SOURCES,
    *PHASES,
    *DESTROY,
)
