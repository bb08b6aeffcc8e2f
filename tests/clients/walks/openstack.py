"""What is typed into the ``openstack`` command line with otcextensions, and what it sends.

The commands are typed into one session, because the two that make nodes and pools rely on an
earlier command of the same process; a system has no blank, which a session takes for the end of a
value (client notes, B10).
"""

_NETWORK = "--container-network-mode overlay_l2"
_NODES = "--flavor s6.large.2 --network a-network --ssh-key a-key"
_NODE = "--name a-node --availability-zone cn-north-4a --max-pods 110"
_LABELS = "--k8s-tag team=a --tag key=owner,value=me"
_POOL = "--os EulerOS --initial-node-count 1 --taint key=k,value=v,effect=NoSchedule"
_WAIT = "--wait --wait-interval 1"

COMMANDS = (
    f"cce cluster create $name a-router a-network --flavor cce.s1.small {_NETWORK} {_WAIT} -f json",
    "cce cluster list -f json",
    "cce cluster show $name -f json",
    "cce cluster certificate show $name -f json",
    f"cce cluster node create $name {_NODE} {_NODES} {_LABELS} {_WAIT}",
    "cce cluster node list $name -f json",
    "cce cluster node show $name a-node -f json",
    f"cce node pool create $name a-pool {_POOL} {_NODES} -f json",
    "cce node pool list $name -f json",
    "cce node pool show $name a-pool -f json",
    "cce node pool delete $name a-pool",
    "cce cluster node delete $name a-node",
    "cce cluster delete $name",
)

_CLUSTERS = "/api/v3/projects/{project}/clusters"
_CLUSTER = f"{_CLUSTERS}/{{cluster}}"

SENDS = frozenset(
    {
        "GET /v3",
        "POST /v3/auth/tokens",
        "GET /v2.0/routers/{router}",
        "GET /v2.0/networks/{network}",
        f"POST {_CLUSTERS}",
        f"GET {_CLUSTERS}",
        f"GET {_CLUSTER}",
        f"DELETE {_CLUSTER}",
        f"GET {_CLUSTER}/clustercert",
        f"POST {_CLUSTER}/nodes",
        f"GET {_CLUSTER}/nodes",
        f"GET {_CLUSTER}/nodes/{{node}}",
        f"DELETE {_CLUSTER}/nodes/{{node}}",
        f"POST {_CLUSTER}/nodepools",
        f"GET {_CLUSTER}/nodepools",
        f"GET {_CLUSTER}/nodepools/{{pool}}",
        f"DELETE {_CLUSTER}/nodepools/{{pool}}",
        "GET /api/v3/projects/{project}/jobs/{job}",
    }
)
"""Every request of the session, by method and path; a test compares them with what was sent."""
