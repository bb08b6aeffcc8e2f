"""Operations of CCE that no official SDK knows: a part of the script of everything."""

from tests.clients.life import IN_CLUSTER, POOL
from tests.clients.reads import EDGE
from tests.clients.script import Call

CACHE = {"id": "$cache"}
RESOURCE = {"resource_type": "cce-cluster", "resource_id": "$cluster"}

BESIDE = (
    Call(
        operation="CreateImageCache",
        args={
            "body": {
                "name": "images",
                "images": ["nginx:1.29"],
                "image_cache_size": 20,
                "retention_days": 30,
                "building_config": {
                    "cluster": "$pilot",
                    "image_pull_secrets": ["default:default-secret"],
                },
            }
        },
        status=201,
        keeps={"cache": "image_cache.id"},
    ),
    Call(
        operation="ShowImageCache",
        args=CACHE,
        shows={"image_cache.status": "Available"},
        waits=True,
    ),
    Call(operation="ListImageCaches", shows={"image_caches.*.id": "$cache"}),
    Call(operation="DeleteImageCache", args=CACHE, status=202),
    Call(
        operation="BatchCreateDeleteResourceTags",
        args=RESOURCE
        | {"body": {"action": "create", "tags": [{"key": "team", "value": "platform"}]}},
    ),
    Call(operation="ShowKubernetesClusterCert", args=IN_CLUSTER),
    Call(operation="SyncNodePool", args=POOL),
    Call(operation="ListJobs"),
    Call(operation="DeleteJob", args={"job_id": "$job"}, status=204),
    Call(
        operation="UpdatePartition",
        args=EDGE | {"body": {"spec": {"hostNetwork": {"subnetID": "s3"}}}},
    ),
    Call(operation="GetOneJob", args={"job_id": "$pilot_job"}),
)
