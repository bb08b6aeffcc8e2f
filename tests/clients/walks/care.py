"""What the huaweicloud provider sends to care for clusters and nodes: examples/terraform again.

Recorded while the real provider applied, planned and destroyed ``cluster-care`` and ``node-care``,
and read ``cce_cluster_pod_identity_assume_agency`` of a real cluster.
"""

from typing import Any

from clusterwright.cce.identities.spec import AUDIENCE
from tests.clients.script import Call
from tests.clients.walks.beyond import NETWORK, upgraded
from tests.clients.walks.examples import END, cluster
from tests.clients.walks.huaweicloud import CLUSTER, HOST, TEMPLATE, P, gone, is_in, job

LOGS = {
    "log_configs": [{"enable": True, "name": "kube-apiserver"}, {"enable": True, "name": "audit"}],
    "ttl_in_days": 3,
}
IDENTITIES = f"{CLUSTER}/pod-identity-associations"
IDENTITY = (
    Call(
        operation=f"POST {IDENTITIES}",
        args={
            "body": {
                "agencyName": "read-only",
                "namespace": "default",
                "serviceAccount": "default",
            }
        },
        status=201,
        keeps={"identity": "uid"},
    ),
    Call(operation=f"GET {IDENTITIES}/$identity", shows={"agencyName": "read-only"}),
    Call(operation=f"GET {IDENTITIES}", shows={"*.uid": "$identity"}),
)
ASSUMED = (
    # Not the provider's: a cluster gives its pods such tokens, and one of them is its variable.
    Call(
        operation="POST /api/v1/namespaces/default/serviceaccounts/default/token",
        args={
            "body": {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {"audiences": [AUDIENCE], "expirationSeconds": 600},
            },
            "headers": HOST,
        },
        status=201,
        keeps={"token": "status.token"},
        waits=True,
    ),
    Call(
        operation=f"POST {CLUSTER}/assume-agency-for-pod-identity",
        args={"body": {"token": "$token"}},
        shows={
            "assumedAgency.id": ...,
            "assumedAgency.urn": ...,
            "audience": AUDIENCE,
            "credentials.accessKeyId": ...,
            "credentials.expiration": ...,
            "credentials.secretAccessKey": ...,
            "credentials.securityToken": ...,
            "podIdentityAssociationId": "$identity",
            "subject.namespace": "default",
            "subject.serviceAccount": "default",
        },
    ),
)
SAID = (
    Call(operation="GET /v3/users", keeps={"who": "users.0.id"}),
    Call(
        operation="GET /api/v2/flavor/specifications?clusterType=VirtualMachine",
        shows={"clusterFlavorSpecs.*.name": "cce.s1.small"},
    ),
    Call(operation="GET /api/v3/clusters/configuration/detail", shows={"kube-apiserver": ...}),
    Call(operation=f"GET {CLUSTER}/configuration/detail", shows={"kube-apiserver": ...}),
    Call(
        operation="POST /api/v3/access-policies",
        status=201,
        args={
            "body": {
                "accessScope": {"namespaces": ["default"]},
                "apiVersion": "v3",
                "clusters": ["$cluster"],
                "kind": "AccessPolicy",
                "name": "read-default",
                "policyType": "CCEViewPolicy",
                "principal": {"ids": ["$who"], "type": "user"},
            }
        },
        keeps={"policy": "policyId"},
    ),
    Call(operation="GET /api/v3/access-policies/$policy", shows={"name": "read-default"}),
    Call(operation="GET /api/v3/access-policies", shows={"accessPolicyList.*.policyId": "$policy"}),
    Call(operation=f"PUT {P}/cluster/$cluster/log-configs", args={"body": LOGS}),
    Call(
        operation=f"GET {P}/cluster/$cluster/log-configs",
        shows={"ttl_in_days": 3, "log_configs.*.enable": True},
    ),
    *IDENTITY,
    Call(operation="GET /openid/v1/jwks", args={"headers": HOST}, shows={"keys.0.alg": "RS256"}),
    *ASSUMED,
)


def act(operation: str, body: dict[str, Any], **more: Any) -> Call:
    """Something done to the cluster."""
    return Call(operation=operation, args={"body": body}, **more)


UPGRADED = (
    *upgraded(CLUSTER, "clusterUpgradeAction"),
    act(f"POST {CLUSTER}/clustercertrevoke", {"userId": "$who"}),
)
LOGIN = {"sshKey": "kp", "userPassword": {"password": "", "username": ""}}
POOL = f"{CLUSTER}/nodepools/$pool"
NODES = (
    act(
        f"POST {CLUSTER}/nodes/add",
        {
            "apiversion": "v3",
            "kind": "List",
            "nodeList": [
                {
                    "serverID": "5a5a5a5a-0000-4000-8000-000000000002",
                    "spec": {
                        "login": LOGIN,
                        "name": "taken-in",
                        "os": "EulerOS 2.9",
                        "runtimeConfig": {},
                        "serverConfig": {"RootVolume": None},
                    },
                }
            ],
        },
        keeps={"job": "jobid"},
    ),
    job("$job"),
    Call(
        operation=f"GET {CLUSTER}/nodes",
        shows={"items.0.metadata.name": "taken-in"},
        keeps={"node": "items.0.metadata.uid"},
    ),
    act(
        f"POST {CLUSTER}/nodepools",
        {
            "apiversion": "v3",
            "kind": "NodePool",
            "metadata": {"name": "pool"},
            "spec": {
                "initialNodeCount": 1,
                "nodeManagement": {"serverGroupReference": ""},
                "nodeTemplate": TEMPLATE,
            },
        },
        status=201,
        keeps={"pool": "metadata.uid"},
    ),
    is_in("", POOL),
    act(
        f"POST {POOL}/operation/scale",
        {
            "apiVersion": "v3",
            "kind": "NodePool",
            "spec": {"desiredNodeCount": 2, "options": {}, "scaleGroups": ["default"]},
        },
    ),
    Call(operation=f"GET {POOL}", shows={"status.currentNode": 2, "status.phase": ""}, waits=True),
    act(
        f"POST {POOL}/nodes/add",
        {
            "apiVersion": "v3",
            "kind": "List",
            "nodeList": [{"serverID": "5a5a5a5a-0000-4000-8000-000000000001"}],
        },
        keeps={"job": "jobid"},
    ),
    job("$job"),
    Call(operation=f"GET {POOL}", shows={"status.currentNode": 3, "status.phase": ""}, waits=True),
    Call(operation="GET /api/v2/projects/$project/clusters/$cluster/nodes/$node/sync"),
    act(
        f"POST {CLUSTER}/rotatecredentials",
        {"component": "all"},
        keeps={"job": "jobid"},
    ),
    job("$job"),
    is_in("Available"),
    act(
        f"POST {CLUSTER}/nodes/rotate-cert",
        {"apiVersion": "v3", "kind": "List", "nodeList": [{"nodeID": "$node"}]},
    ),
    act(
        f"PUT {CLUSTER}/nodes/operation/remove",
        {
            "apiVersion": "v3",
            "kind": "RemoveNodesTask",
            "spec": {"nodes": [{"uid": "$node"}]},
        },
        keeps={"job": "status.jobID"},
    ),
    job("$job"),
    gone(f"{CLUSTER}/nodes/$node"),
    Call(operation=f"DELETE {POOL}"),
    gone(POOL),
)
AWAY = (
    Call(operation=f"DELETE {IDENTITIES}/$identity", status=204),
    Call(operation="DELETE /api/v3/access-policies/$policy", status=204),
)

WALK = (
    *cluster(containerNetwork={"mode": "vpc-router"}, hostNetwork=NETWORK, version="v1.31"),
    *SAID,
    *UPGRADED,
    *NODES,
    *AWAY,
    *END,
)
