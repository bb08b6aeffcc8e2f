"""Access, lifecycle, upgrades and catalog through the official Python SDK.

Its requests are taken, and its models read every field of the answers.
"""

import json
from typing import Any

import pytest
from huaweicloudsdkcce import v3 as sdk
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.utils.http_utils import sanitize_for_serialization

from tests.api.cloud import DISTANT, unique
from tests.api.cloud import cluster as cluster_body
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
    """The id of an available cluster of version v1.31."""
    body = cluster_body(unique("sdk"), **DISTANT)
    asked = sdk.Cluster(
        kind="Cluster", api_version="v3", metadata=body["metadata"], spec=body["spec"]
    )
    uid: str = client.create_cluster(sdk.CreateClusterRequest(body=asked)).metadata.uid
    until_equal(lambda: phase(client, uid), "Available")
    return uid


def phase(client: Any, uid: str) -> str:
    found: str = client.show_cluster(sdk.ShowClusterRequest(cluster_id=uid)).status.phase
    return found


def job_phase(client: Any, uid: str) -> str:
    found: str = client.show_job(sdk.ShowJobRequest(job_id=uid)).status.phase
    return found


def whole(answer: Any) -> Any:
    """The answer, whose models must have read every field of the body as it was sent."""
    raw = json.loads(answer.raw_content)
    read = sanitize_for_serialization(answer)
    assert (read["body"] if isinstance(raw, list) else read) == raw
    return answer


def test_certificates_and_addresses(client: Any, cluster: str) -> None:
    eip = sdk.MasterEIPRequestSpec(action="bind", spec=sdk.MasterEIPRequestSpecSpec(id="e1"))
    bind = sdk.UpdateClusterEipRequest(cluster_id=cluster, body=sdk.MasterEIPRequest(spec=eip))
    bound = whole(client.update_cluster_eip(bind))
    duration = sdk.ClusterCertDuration(duration=30)
    ask = sdk.CreateKubernetesClusterCertRequest(cluster_id=cluster, body=duration)
    config = whole(client.create_kubernetes_cluster_cert(ask))
    holder = sdk.CertRevokeConfigRequestBody(user_id="u1")
    revoke = sdk.RevokeKubernetesClusterCertRequest(cluster_id=cluster, body=holder)
    whole(client.revoke_kubernetes_cluster_cert(revoke))
    show = sdk.ShowClusterEndpointsRequest(cluster_id=cluster)

    shown = client.show_cluster_endpoints(show)

    assert shown.status.public_endpoint == bound.status.public_endpoint
    assert config.current_context == "external"
    assert config.clusters[2].name == "externalClusterTLSVerify"


def test_access_policies(client: Any) -> None:
    policy = sdk.AccessPolicy(
        kind="AccessPolicy",
        api_version="v3",
        name="readers",
        clusters=["*"],
        access_scope=sdk.AccessScope(namespaces=["default"]),
        policy_type="CCEViewPolicy",
        principal=sdk.Principal(type="user", ids=["u1"]),
    )
    made = client.create_access_policy(sdk.CreateAccessPolicyRequest(body=policy))
    one = {"policy_id": made.policy_id}
    policy.policy_type = "CCEAdminPolicy"
    client.update_access_policy(sdk.UpdateAccessPolicyRequest(**one, body=policy))

    shown = client.get_access_policy(sdk.GetAccessPolicyRequest(**one))
    listed = client.list_access_policy(sdk.ListAccessPolicyRequest(cluster_id="any"))
    client.delete_access_policy(sdk.DeleteAccessPolicyRequest(**one))

    assert shown.policy_type == "CCEAdminPolicy"
    assert made.policy_id in {each.policy_id for each in listed.access_policy_list}
    with pytest.raises(ClientRequestException):
        client.get_access_policy(sdk.GetAccessPolicyRequest(**one))


def test_lifecycle(client: Any, cluster: str) -> None:
    tag = [sdk.ResourceTag(key="owner", value="me")]
    tags = sdk.BatchCreateClusterTagsRequestBody(tags=tag)
    client.batch_create_cluster_tags(
        sdk.BatchCreateClusterTagsRequest(cluster_id=cluster, body=tags)
    )
    keys = sdk.BatchDeleteClusterTagsRequestBody(tags=[sdk.ResourceDeleteTag(key="owner")])
    client.batch_delete_cluster_tags(
        sdk.BatchDeleteClusterTagsRequest(cluster_id=cluster, body=keys)
    )
    client.hibernate_cluster(sdk.HibernateClusterRequest(cluster_id=cluster))
    until_equal(lambda: phase(client, cluster), "Hibernation")
    client.awake_cluster(sdk.AwakeClusterRequest(cluster_id=cluster))
    until_equal(lambda: phase(client, cluster), "Available")
    extra = sdk.ResizeClusterRequestBodyExtendParam(is_auto_pay="true")
    larger = sdk.ResizeClusterRequestBody(flavor_resize="cce.s1.medium", extend_param=extra)
    resized = whole(
        client.resize_cluster(sdk.ResizeClusterRequest(cluster_id=cluster, body=larger))
    )
    until_equal(lambda: phase(client, cluster), "Available")
    every = sdk.RotateCredentialsRequestBody(component="all")
    ask = sdk.RotateClusterCredentialsRequest(cluster_id=cluster, body=every)
    rotated = whole(client.rotate_cluster_credentials(ask))

    until_equal(lambda: job_phase(client, resized.job_id), "Success")
    until_equal(lambda: job_phase(client, rotated.jobid), "Success")


def test_upgrades(client: Any, cluster: str) -> None:
    one = {"cluster_id": cluster}
    hop = {"cluster_id": cluster, "cluster_version": "v1.31", "target_version": "v1.32"}
    flow = sdk.CreateUpgradeWorkFlowRequestBody(
        kind="WorkFlowTask", api_version="v3", spec=sdk.WorkFlowSpec(**hop)
    )
    workflow = client.create_upgrade_work_flow(sdk.CreateUpgradeWorkFlowRequest(**one, body=flow))
    before = sdk.PrecheckClusterRequestBody(
        kind="PreCheckTask", api_version="v3", spec=sdk.PrecheckSpec(**hop)
    )
    check = client.create_pre_check(sdk.CreatePreCheckRequest(**one, body=before))
    whole(client.create_cluster_master_snapshot(sdk.CreateClusterMasterSnapshotRequest(**one)))
    update = sdk.InPlaceRollingUpdate(user_defined_step=20)
    strategy = sdk.UpgradeStrategy(type="inPlaceRollingUpdate", in_place_rolling_update=update)
    action = sdk.ClusterUpgradeAction(strategy=strategy, target_version="v1.32")
    asked = sdk.UpgradeClusterRequestBody(
        metadata=sdk.UpgradeClusterRequestMetadata(api_version="v3", kind="UpgradeTask"),
        spec=sdk.UpgradeSpec(cluster_upgrade_action=action),
    )
    task = whole(client.upgrade_cluster(sdk.UpgradeClusterRequest(**one, body=asked)))
    show = sdk.ShowUpgradeClusterTaskRequest(**one, task_id=task.metadata.uid)
    until_equal(lambda: whole(client.show_upgrade_cluster_task(show)).status.phase, "Success")
    after = sdk.PostcheckClusterRequestBody(
        kind="PostCheckTask", api_version="v3", spec=sdk.PostcheckSpec(**hop)
    )
    checked = whole(client.create_post_check(sdk.CreatePostCheckRequest(**one, body=after)))

    assert (check.status.phase, checked.status.phase) == ("Success", "Success")
    for answer in (
        client.show_pre_check(sdk.ShowPreCheckRequest(**one, task_id=check.metadata.uid)),
        client.list_pre_check_tasks(sdk.ListPreCheckTasksRequest(**one)),
        client.list_upgrade_cluster_tasks(sdk.ListUpgradeClusterTasksRequest(**one)),
        client.list_cluster_master_snapshot_tasks(sdk.ListClusterMasterSnapshotTasksRequest(**one)),
        client.show_cluster_upgrade_info(sdk.ShowClusterUpgradeInfoRequest(**one)),
        client.list_cluster_upgrade_paths(sdk.ListClusterUpgradePathsRequest()),
        client.list_cluster_upgrade_feature_gates(sdk.ListClusterUpgradeFeatureGatesRequest()),
    ):
        whole(answer)
    # The SDK reads the words of workflows into empty objects (client notes, A6).
    uid = workflow.metadata.uid
    flows = client.list_upgrade_work_flows(sdk.ListUpgradeWorkFlowsRequest(**one))
    shown = client.show_upgrade_work_flow(
        sdk.ShowUpgradeWorkFlowRequest(**one, upgrade_workflow_id=uid)
    )
    assert [flow.metadata.uid for flow in flows.items] == [uid]
    assert shown.spec.target_version == "v1.32"
    assert len(shown.status.point_statuses) == 4


def test_a_workflow_is_cancelled_with_the_type_of_content_that_the_sdk_sends(
    client: Any, cluster: str
) -> None:
    one = {"cluster_id": cluster}
    version = client.show_cluster(sdk.ShowClusterRequest(**one)).spec.version
    target = client.show_cluster_upgrade_info(sdk.ShowClusterUpgradeInfoRequest(**one))
    hop = sdk.WorkFlowSpec(
        cluster_id=cluster,
        cluster_version=version,
        target_version=target.spec.version_info.target_versions[0],
    )
    flow = sdk.CreateUpgradeWorkFlowRequestBody(kind="WorkFlowTask", api_version="v3", spec=hop)
    made = client.create_upgrade_work_flow(sdk.CreateUpgradeWorkFlowRequest(**one, body=flow))
    status = sdk.UpgradeWorkFlowUpdateRequestBodyStatus(phase=sdk.WorkFlowPhase.CANCEL)
    body = sdk.UpgradeWorkFlowUpdateRequestBody(status=status)

    answer = client.upgrade_work_flow_update(
        sdk.UpgradeWorkFlowUpdateRequest(**one, upgrade_workflow_id=made.metadata.uid, body=body)
    )

    assert json.loads(answer.raw_content)["status"]["phase"] == "Cancel"


def test_catalog(client: Any, cluster: str) -> None:
    one = {"cluster_id": cluster}
    logs = sdk.ClusterLogConfig(
        ttl_in_days=3, log_configs=[sdk.ClusterLogConfigLogConfigs(name="audit", enable=True)]
    )
    spec = sdk.PartitionReqBodySpec(
        host_network=sdk.PartitionReqBodySpecHostNetwork(subnet_id="s1"),
        container_network=[sdk.PartitionReqBodySpecContainerNetwork(subnet_id="s2")],
        category="HomeZone",
    )
    asked = sdk.PartitionReqBody(
        kind="Partition",
        api_version="v3",
        metadata=sdk.PartitionReqBodyMetadata(name="edge"),
        spec=spec,
    )
    edge = one | {"partition_name": "edge"}

    for answer in (
        client.show_quotas(sdk.ShowQuotasRequest()),
        client.get_cluster_quota(sdk.GetClusterQuotaRequest()),
        client.get_cluster_flavor_specs(sdk.GetClusterFlavorSpecsRequest()),
        client.get_avaliable_zone(sdk.GetAvaliableZoneRequest()),
        client.show_feature_gates(sdk.ShowFeatureGatesRequest()),
        client.update_cluster_log_config(sdk.UpdateClusterLogConfigRequest(**one, body=logs)),
        client.show_cluster_config(sdk.ShowClusterConfigRequest(**one)),
        client.create_partition(sdk.CreatePartitionRequest(**one, body=asked)),
        client.update_partition(sdk.UpdatePartitionRequest(**edge, body=asked)),
        client.show_partition(sdk.ShowPartitionRequest(**edge)),
        client.list_partitions(sdk.ListPartitionsRequest(**one)),
    ):
        whole(answer)


def test_options_of_components(client: Any, cluster: str) -> None:
    every = client.show_cluster_support_configuration(
        sdk.ShowClusterSupportConfigurationRequest(cluster_version="v1.31")
    )
    mine = client.show_cluster_configuration_details(
        sdk.ShowClusterConfigurationDetailsRequest(cluster_id=cluster)
    )

    assert json.loads(every.raw_content) == json.loads(mine.raw_content)
    assert "kube-apiserver" in json.loads(mine.raw_content)
