"""Nodes and pools through the official Python SDK.

Its requests are taken, and its models read the answers.
"""

from typing import Any

import pytest
from huaweicloudsdkcce import v3 as sdk
from huaweicloudsdkcore.auth.credentials import BasicCredentials

from tests.api.cloud import cluster as cluster_body
from tests.api.cloud import unique
from tests.kit import until_equal
from tests.server_process import ServerProcess

pytestmark = pytest.mark.clients

PATIENCE = 30
"""Seconds that anything may take."""


@pytest.fixture(scope="module")
def client(live_server: ServerProcess) -> Any:
    """The official client of a running server."""
    known = live_server.credentials
    keys = BasicCredentials(known["access_key"], known["secret_key"], known["project_id"])
    builder = sdk.CceClient.new_builder().with_credentials(keys)
    return builder.with_endpoints([live_server.endpoint]).build()


@pytest.fixture(scope="module")
def cluster(client: Any) -> str:
    """The id of an available cluster."""
    body = sdk.Cluster(**_python(cluster_body(unique("sdk"))))
    uid = client.create_cluster(sdk.CreateClusterRequest(body=body)).metadata.uid
    request = sdk.ShowClusterRequest(cluster_id=uid)
    until_equal(lambda: client.show_cluster(request).status.phase, "Available")
    return str(uid)


def _python(body: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an SDK model for the top level of a body."""
    return {"kind": body["kind"], "api_version": body["apiVersion"]} | {
        key: body[key] for key in ("metadata", "spec")
    }


def job_ends(client: Any, job_id: str) -> None:
    request = sdk.ShowJobRequest(job_id=job_id)
    until_equal(lambda: client.show_job(request).status.phase, "Success")


def template(**more: Any) -> dict[str, Any]:
    """The arguments of node spec and node template."""
    return {
        "flavor": "s6.large.2",
        "az": "az-1",
        "os": "EulerOS 2.9",
        "login": sdk.Login(ssh_key="kp"),
        "root_volume": sdk.Volume(size=40, volumetype="SAS"),
        "data_volumes": [sdk.Volume(size=100, volumetype="SAS", hwpassthrough=True)],
        "node_nic_spec": sdk.NodeNicSpec(primary_nic=sdk.NicSpec()),
        "k8s_tags": {"team": "a"},
        "taints": [sdk.Taint(key="k", value="v", effect="NoSchedule")],
        "user_tags": [sdk.UserTag(key="owner", value="me")],
        "runtime": sdk.Runtime(name="containerd"),
        "extend_param": sdk.NodeExtendParam(max_pods=110),
    } | more


def create_nodes(client: Any, cluster: str, count: int) -> list[Any]:
    """New active nodes with names of their own."""
    prefix = unique("n")
    body = sdk.NodeCreateRequest(
        kind="Node",
        api_version="v3",
        metadata=sdk.NodeMetadata(name=prefix),
        spec=sdk.NodeSpec(**template(count=count, billing_mode=0)),
    )
    made = client.create_node(sdk.CreateNodeRequest(cluster_id=cluster, body=body))
    job_ends(client, made.status.job_id)
    listed = client.list_nodes(sdk.ListNodesRequest(cluster_id=cluster, limit=2000))
    assert listed.page_info.current_count == len(listed.items)
    return [node for node in listed.items if node.metadata.name.startswith(prefix)]


def test_nodes_through_the_sdk(client: Any, cluster: str) -> None:
    first, second = create_nodes(client, cluster, 2)
    where = {"cluster_id": cluster, "node_id": first.metadata.uid}

    shown = client.show_node(sdk.ShowNodeRequest(**where))
    info = sdk.ClusterNodeInformation(metadata=sdk.ClusterNodeInformationMetadata(name="new"))
    renamed = client.update_node(sdk.UpdateNodeRequest(**where, body=info))
    uids = [node.metadata.uid for node in (first, second)]
    locked = sdk.LockNodeScaledownRequestBody(api_version="v3", kind="List", node_list=uids)
    request = sdk.LockNodepoolNodeScaleDownRequest(cluster_id=cluster, body=locked)
    lock = client.lock_nodepool_node_scale_down(request)
    one = client.sync_node(sdk.SyncNodeRequest(**where))
    every = client.batch_sync_nodes(sdk.BatchSyncNodesRequest(cluster_id=cluster))
    deleted = client.delete_node(sdk.DeleteNodeRequest(**where))
    job_ends(client, deleted.status.job_id)

    assert (shown.status.phase, shown.spec.data_volumes[0].size) == ("Active", 100)
    assert shown.spec.extend_param.max_pods == 110
    assert renamed.metadata.name == "new"
    assert lock.status_code == 200
    assert one.status_code == every.status_code == 200
    assert deleted.status.delete_status.deleted == 1


def test_batches_through_the_sdk(client: Any, cluster: str) -> None:
    [node] = create_nodes(client, cluster, 1)
    spec = sdk.ReinstallNodeSpec(os="Ubuntu 22.04", login=sdk.Login(ssh_key="kp"))

    item = sdk.AddNode(server_id=unique("server"), spec=spec)
    servers = sdk.AddNodeList(api_version="v3", kind="List", node_list=[item])
    added = client.add_node(sdk.AddNodeRequest(cluster_id=cluster, body=servers))
    job_ends(client, added.jobid)
    again = sdk.ResetNode(node_id=node.metadata.uid, spec=spec)
    nodes = sdk.ResetNodeList(api_version="v3", kind="List", node_list=[again])
    reset = client.reset_node(sdk.ResetNodeRequest(cluster_id=cluster, body=nodes))
    job_ends(client, reset.jobid)
    removal = sdk.RemoveNodesSpec(
        login=sdk.Login(ssh_key="kp"), nodes=[sdk.NodeItem(uid=node.metadata.uid)]
    )
    task = sdk.RemoveNodesTask(spec=removal)
    removed = client.remove_node(sdk.RemoveNodeRequest(cluster_id=cluster, body=task))
    job_ends(client, removed.status.job_id)

    assert removed.spec.nodes[0].uid == node.metadata.uid


def test_pools_through_the_sdk(client: Any, cluster: str) -> None:
    body = sdk.NodePool(
        kind="NodePool",
        api_version="v3",
        metadata=sdk.NodePoolMetadata(name=unique("p")),
        spec=sdk.NodePoolSpec(
            type="vm",
            node_template=sdk.NodeTemplate(**template()),
            initial_node_count=1,
            autoscaling=sdk.NodePoolNodeAutoscaling(
                enable=True, min_node_count=0, max_node_count=3, scale_down_unneeded_time=-1
            ),
        ),
    )
    made = client.create_node_pool(sdk.CreateNodePoolRequest(cluster_id=cluster, body=body))
    where = {"cluster_id": cluster, "nodepool_id": made.metadata.uid}

    def ready() -> tuple[str, int]:
        status = client.show_node_pool(sdk.ShowNodePoolRequest(**where)).status
        return status.phase, status.active_node

    until_equal(ready, ("", 1))
    scale = sdk.ScaleNodePoolRequestBody(
        kind="NodePool",
        api_version="v3",
        spec=sdk.ScaleNodePoolSpec(desired_node_count=2, scale_groups=["default"]),
    )
    client.scale_node_pool(sdk.ScaleNodePoolRequest(**where, body=scale))
    until_equal(ready, ("", 2))
    change = sdk.NodePoolUpdate(
        metadata=sdk.NodePoolMetadataUpdate(name=made.metadata.name),
        spec=sdk.NodePoolSpecUpdate(
            ignore_initial_node_count=True, node_template=sdk.NodeSpecUpdate(os="Ubuntu 22.04")
        ),
    )
    updated = client.update_node_pool(sdk.UpdateNodePoolRequest(**where, body=change))
    upgrade = sdk.UpgradeNodePool(
        kind="NodePool", api_version="v3", spec=sdk.NodePoolUpgradeSpec(max_unavailable=1)
    )
    upgraded = client.upgrade_node_pool(sdk.UpgradeNodePoolRequest(**where, body=upgrade))
    job_ends(client, upgraded.jobid)
    listed = client.list_node_pools(
        sdk.ListNodePoolsRequest(cluster_id=cluster, show_default_node_pool="true")
    )
    deleted = client.delete_node_pool(sdk.DeleteNodePoolRequest(**where))
    job_ends(client, deleted.status.job_id)

    assert updated.spec.initial_node_count == 2
    assert updated.spec.node_template.os == "Ubuntu 22.04"
    assert [each.metadata.name for each in listed.items] == ["DefaultPool", made.metadata.name]
    assert deleted.status.phase == "Deleting"


def test_configurations_through_the_sdk(client: Any, cluster: str) -> None:
    where = {"cluster_id": cluster, "nodepool_id": "master"}
    item = sdk.ConfigurationItem(name="kube-api-qps", value=55)
    package = sdk.ClusterConfigurationsSpecPackages(name="kube-scheduler", configurations=[item])
    body = sdk.UpdateClusterConfigurationsBody(
        kind="Configuration",
        api_version="v3",
        metadata=sdk.ConfigurationMetadata(name="configuration"),
        spec=sdk.ClusterConfigurationsSpec(packages=[package]),
    )

    client.update_node_pool_configuration(
        sdk.UpdateNodePoolConfigurationRequest(**where, body=body)
    )
    shown = client.show_node_pool_configurations(sdk.ShowNodePoolConfigurationsRequest(**where))
    detail = client.show_node_pool_configuration_details(
        sdk.ShowNodePoolConfigurationDetailsRequest(**where)
    )

    [kept] = [each for each in shown.spec.packages if each.name == "kube-scheduler"]
    assert {each.name: each.value for each in kept.configurations}["kube-api-qps"] == 55
    assert detail.status_code == 200
