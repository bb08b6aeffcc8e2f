"""Bodies about clusters.

Every attribute that the official SDK knows is known here by name and by type, and a value of
another type is refused wherever it stands.
"""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import huaweicloudsdkcce.v3 as sdk
import pytest
import pytest_asyncio

from clusterwright.cce.access import wire as access
from clusterwright.cce.autopilot import wire as autopilot
from clusterwright.cce.catalog import wire as catalog
from clusterwright.cce.claims import wire as claims
from clusterwright.cce.clusters import wire as clusters
from clusterwright.cce.lifecycle import wire as lifecycle
from clusterwright.cce.upgrades import wire as upgrades
from clusterwright.cce.upkeep import wire as upkeep
from clusterwright.document import Document
from tests.api.cloud import DISTANT, Cloud
from tests.api.declared import WRONG, Kind, example, fields, places

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODIES: dict[str, tuple[type[Document], ...]] = {
    "AccessPolicy": (access.AccessPolicyToWrite,),
    "AutopilotCluster": (clusters.ClusterToCreate,),
    "AutopilotClusterInformation": (clusters.ClusterToUpdate,),
    "BatchChangeNodeToPeriodReqBody": (upkeep.NodesToPrepay,),
    "BatchCreateClusterTagsRequestBody": (lifecycle.TagsToSet,),
    "BatchDeleteClusterTagsRequestBody": (lifecycle.TagsToRemove,),
    "CertRevokeConfigRequestBody": (access.CertificatesToRevoke,),
    "Cluster": (clusters.ClusterToCreate,),
    "ClusterCertDuration": (access.CertificateToCreate,),
    "ClusterInformation": (clusters.ClusterToUpdate,),
    "ClusterLogConfig": (catalog.LogConfig,),
    "CreateUpgradeWorkFlowRequestBody": (upgrades.WorkflowToCreate,),
    "InPlaceMigrate": (upkeep.InPlaceTask,),
    "MaintenanceWindow": (autopilot.MaintenanceWindow,),
    "MasterEIPRequest": (access.EipRequest,),
    "PartitionReqBody": (catalog.PartitionToCreate, catalog.PartitionToUpdate),
    "PersistentVolumeClaim": (claims.ClaimToCreate,),
    "PostcheckClusterRequestBody": (upgrades.PostCheckToMake,),
    "PrecheckClusterRequestBody": (upgrades.PreCheckToMake,),
    "ResizeClusterRequestBody": (lifecycle.ClusterToResize,),
    "RotateCertNodeList": (upkeep.CertificatesToRotate,),
    "RotateCredentialsRequestBody": (lifecycle.CredentialsToRotate,),
    "UpdateClusterLongAKSKConfigRequestBody": (access.LongKeyInCluster,),
    "UpdateLongAKSKConfigRequestBody": (access.LongKeyInNewClusters,),
    "UpgradeClusterRequestBody": (upgrades.ClusterToUpgrade,),
    "UpgradeWorkFlowUpdateRequestBody": (upgrades.WorkflowToUpdate,),
}
"""The SDK's name of each body, and our models of it."""

P = "/api/v3/projects/$project/clusters"
C = f"{P}/$cluster"
POLICIES = "/api/v3/access-policies"
OPERATIONS: tuple[tuple[str, str, type[Document]], ...] = (
    ("POST", P, clusters.ClusterToCreate),
    ("PUT", C, clusters.ClusterToUpdate),
    ("POST", f"{C}/operation/resize", lifecycle.ClusterToResize),
    ("POST", f"{C}/rotatecredentials", lifecycle.CredentialsToRotate),
    ("POST", f"{C}/tags/create", lifecycle.TagsToSet),
    ("POST", f"{C}/tags/delete", lifecycle.TagsToRemove),
    ("POST", f"{C}/operation/upgrade", upgrades.ClusterToUpgrade),
    ("POST", f"{C}/operation/precheck", upgrades.PreCheckToMake),
    ("POST", f"{C}/operation/postcheck", upgrades.PostCheckToMake),
    ("POST", f"{C}/operation/upgradeworkflows", upgrades.WorkflowToCreate),
    ("PATCH", f"{C}/operation/upgradeworkflows/any", upgrades.WorkflowToUpdate),
    ("POST", f"{C}/partitions", catalog.PartitionToCreate),
    ("PUT", f"{C}/partitions/edge", catalog.PartitionToUpdate),
    ("PUT", C.replace("/clusters/", "/cluster/") + "/log-configs", catalog.LogConfig),
    ("POST", f"{C}/clustercert", access.CertificateToCreate),
    ("POST", f"{C}/clustercertrevoke", access.CertificatesToRevoke),
    ("PUT", f"{C}/mastereip", access.EipRequest),
    ("PUT", f"{C}/longaksk/config", access.LongKeyInCluster),
    ("PUT", "/api/v3/projects/$project/longaksk/config", access.LongKeyInNewClusters),
    ("POST", f"{C}/nodes/rotate-cert", upkeep.CertificatesToRotate),
    ("POST", f"{C}/nodes/toperiod", upkeep.NodesToPrepay),
    ("POST", f"{C}/nodes/operation/in-place-migrateto/any", upkeep.InPlaceTask),
    ("POST", f"{C.replace('/api', '/autopilot')}/maintenancewindows", autopilot.MaintenanceWindow),
    ("POST", "/cce/v1/$project/cce-cluster/$cluster/tags/action", lifecycle.ChangeOfTags),
    ("POST", POLICIES, access.AccessPolicyToWrite),
    ("PUT", f"{POLICIES}/any", access.AccessPolicyToWrite),
)
"""Every operation on clusters that reads a body."""


def differences(model: type[Document], official: Any, path: str = "") -> Iterator[str]:
    """What the SDK's class declares and ours does not."""
    known = fields(model)
    for attribute, type_name in official.openapi_types.items():
        key = official.attribute_map[attribute]
        place = f"{path}.{key}" if path else key
        if key not in known:
            yield f"{place} is missing: {type_name}"
        else:
            yield from mistaken(known[key], type_name, place)


def mistaken(ours: Kind, theirs: str, path: str) -> Iterator[str]:
    """Where a type of ours is not the SDK's."""
    inner = re.fullmatch(r"(?:list\[(.*)\]|dict\(str, (.*)\))", theirs)
    if inner and isinstance(ours, tuple) and ours[0] == ("list" if inner[1] else "map"):
        yield from mistaken(ours[1], inner[1] or inner[2], path)
    elif isinstance(ours, type):
        official = getattr(sdk, theirs, None)
        if official is None:
            yield f"{path} is {theirs} and not {ours.__name__}"
        else:
            yield from differences(ours, official, path)
    elif theirs == "object":
        if ours not in ("object", ("map", "object")):
            yield f"{path} is any JSON and not {ours}"
    elif getattr(getattr(sdk, theirs, None), "openapi_types", None) == {}:
        if ours != "str":  # the SDK's way of a closed list
            yield f"{path} is one of some words and not {ours}"
    elif ours != theirs:
        yield f"{path} is {theirs} and not {ours}"


@pytest.mark.parametrize("name", BODIES)
async def test_every_attribute_of_the_official_model_is_known_by_its_type(name: str) -> None:
    found = [each for model in BODIES[name] for each in differences(model, getattr(sdk, name))]

    assert found == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def uid(cloud: Cloud) -> str:
    """A cluster that stays as it is."""
    return await cloud.cluster(**DISTANT)


async def everything(cloud: Cloud, uid: str) -> list[Any]:
    """All that these operations could change."""
    here = f"{cloud.project}/clusters/{uid}"
    paths = (
        f"{cloud.project}/clusters",
        f"{here}/partitions",
        f"{here}/operation/upgradeworkflows",
        f"{here}/operation/upgrade/tasks",
        f"{here}/operation/precheck/tasks",
        here.replace("/clusters/", "/cluster/") + "/log-configs",
        POLICIES,
    )
    return [await cloud.call("GET", path, expect=200) for path in paths]


@pytest.mark.parametrize(
    ("method", "path", "model"), OPERATIONS, ids=[f"{m} {p}" for m, p, _ in OPERATIONS]
)
async def test_a_value_of_another_type_is_refused_wherever_it_stands(
    cloud: Cloud, uid: str, method: str, path: str, model: type[Document]
) -> None:
    url = path.replace("$project", cloud.account["project_id"]).replace("$cluster", uid)
    good = example(model)
    model.parse(json.dumps(good).encode())
    before = await everything(cloud, uid)

    faults = []
    for place in places(model):
        for value in WRONG.get(place.kind, ()):
            body = copy.deepcopy(good)
            place.put(body, value)
            answer = await cloud.client.request(method, url, json=body)
            message = answer.json().get("message", "") if answer.content else ""
            if answer.status_code != 400 or not message.startswith(f"{place}: "):
                faults.append((str(place), value, answer.status_code, message))

    assert faults == []
    assert await everything(cloud, uid) == before
