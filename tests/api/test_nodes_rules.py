"""Documented bounds.

Closed lists and rules of several fields: what breaks one is refused, with the field's name,
wherever it is sent.
"""

import base64
from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud
from tests.api.nodes_examples import TEMPLATE, node, pool

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPT = base64.b64encode(b"echo hello").decode()
CRYPT = base64.b64encode(b"$6$salt$hash").decode()
WRAPPED = base64.encodebytes(b"echo hello; " * 20).decode()
DISK = {"size": 100, "volumetype": "SAS"}


def volume(**more: Any) -> dict[str, Any]:
    return {"dataVolumes": [DISK | more]}


def extend(**more: Any) -> dict[str, Any]:
    return {"extendParam": more}


def space(name: str = "user", size: str = "10%", **more: Any) -> dict[str, Any]:
    return {"name": name, "size": size} | more


def group(name: str = "vgpaas", *spaces: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = {"name": name, "selectorNames": [name], "virtualSpaces": list(spaces) or [space()]}
    return made | ({"cceManaged": True} if name == "vgpaas" else {}) | more


def storage(*groups: dict[str, Any], **selectors: dict[str, Any]) -> dict[str, Any]:
    """A layout of these groups on one selector for each of them, or on these."""
    made = groups or (group(),)
    names = dict.fromkeys(name for each in made for name in each["selectorNames"])
    chosen = selectors or {name: {"storageType": "evs"} for name in names if name != "nobody"}
    return {
        "storage": {
            "storageSelectors": [{"name": name} | each for name, each in chosen.items()],
            "storageGroups": list(made),
        }
    }


LINEAR = {"lvType": "linear"}
SYSTEM = storage(vgpaas={"storageType": "system"})
SAID_TWICE: dict[str, Any] = {"storage": storage()["storage"] | {"storageSelectors": []}}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "few pods": (extend(maxPods=15), "maxPods"),
    "no pods": (extend(maxPods=0), "maxPods"),
    "many pods": (extend(maxPods=300), "maxPods"),
    "too many pods for any runtime": (
        extend(maxPods=1025) | {"runtime": {"runtimeClass": "kuasar-vmm"}},
        "maxPods",
    ),
    "a plain script": (extend(**{"alpha.cce/postInstall": "echo hello"}), "postInstall"),
    "a plain script before": (extend(**{"alpha.cce/preInstall": "echo hello"}), "preInstall"),
    "long scripts": (
        extend(**{f"alpha.cce/{key}": "YWJj" * 1500 for key in ("preInstall", "postInstall")}),
        "extendParam",
    ),
    "small containers": (extend(dockerBaseSize=9), "dockerBaseSize"),
    "large containers": (extend(containerBaseSize=501), "containerBaseSize"),
    "many reserved processes": (extend(kubeReservedPid=2_097_153), "kubeReservedPid"),
    "negative reserved memory": (extend(systemReservedMem=-1), "systemReservedMem"),
    "an unknown market": (extend(marketType="black"), "marketType"),
    "an unknown period": (extend(periodType="week"), "periodType"),
    "a yes": (extend(isAutoRenew="yes"), "isAutoRenew"),
    "unknown metadata tokens": (extend(serverMetadataHttpTokens="no"), "serverMetadataHttpTokens"),
    "an unknown reinforcement": (extend(securityReinforcementType="x"), "securityReinforcement"),
    "a floppy": (volume(volumetype="FLOPPY"), "dataVolumes.0.volumetype"),
    "a floppy to start from": ({"rootVolume": {"size": 40, "volumetype": "FLOPPY"}}, "rootVolume"),
    "encrypted without a key": (volume(metadata={"__system__encrypted": "1"}), "__system__cmkid"),
    "a system disk without a key": (
        {"rootVolume": DISK | {"metadata": {"__system__encrypted": "1"}}},
        "__system__cmkid",
    ),
    "encrypted more than yes": (volume(metadata={"__system__encrypted": "2"}), "encrypted"),
    "fast without iops": (volume(volumetype="GPSSD2", throughput=125), "iops"),
    "fast without throughput": (volume(volumetype="GPSSD2", iops=3000), "throughput"),
    "faster without iops": (volume(volumetype="ESSD2"), "iops"),
    "iops of a slow disk": (volume(iops=3000), "iops"),
    "throughput of ESSD2": (volume(volumetype="ESSD2", iops=3000, throughput=1), "throughput"),
    "too many disks": ({"dataVolumes": [DISK] * 17}, "dataVolumes"),
    "no data disk": ({"dataVolumes": []}, "data volume"),
    "no data disk at all": ({"dataVolumes": None}, "data volume"),
    "a selector that is not there": (
        storage(group(selectorNames=["nobody"]), cceUse={"storageType": "evs"}),
        "nobody",
    ),
    "two managed groups": (
        storage(group(), group("vguser", cceManaged=True)),
        "vgpaas",
    ),
    "no managed group": (storage(group("vguser")), "cceManaged"),
    "groups without selectors": (SAID_TWICE, "storageSelector"),
    "more than a whole": (
        storage(
            group("vgpaas", space("runtime", "90%"), space("kubernetes", "30%")),
        ),
        "100%",
    ),
    "a group twice": (storage(group(), group(selectorNames=["b"])), "vgpaas"),
    "a space twice": (storage(group("vgpaas", space(), space())), "user"),
    "a selector in two groups": (
        storage(group(), group("vguser", selectorNames=["vgpaas"])),
        "one group only",
    ),
    "a selector twice in a group": (
        storage(group(selectorNames=["a", "a"])),
        "one group only",
    ),
    "two local selectors": (
        storage(
            group(selectorNames=["a"]),
            a={"storageType": "local"},
            b={"storageType": "local"},
        ),
        "local",
    ),
    "chosen local disks": (
        storage(vgpaas={"storageType": "local", "matchLabels": {"size": "100"}}),
        "matchLabels",
    ),
    "system and other disks in one group": (
        storage(
            group(selectorNames=["a", "b"]),
            a={"storageType": "system"},
            b={"storageType": "evs"},
        ),
        "system disk",
    ),
    "a kind of storage nobody has": (storage(vgpaas={"storageType": "tape"}), "storageType"),
    "a size that is no number": (
        storage(vgpaas={"storageType": "evs", "matchLabels": {"size": "big"}}),
        "size",
    ),
    "half a percent": (storage(group("vgpaas", space(size="0.5%"))), "percentage"),
    "nothing of it": (storage(group("vgpaas", space(size="0%"))), "percentage"),
    "gigabytes": (storage(group("vgpaas", space(size="10G"))), "percentage"),
    "a space nobody knows": (storage(group("vgpaas", space("swap"))), "name"),
    "share beside runtime": (
        storage(group("vgpaas", space("share"), space("runtime"))),
        "share",
    ),
    "lvmConfig of the runtime": (
        storage(group("vgpaas", space("runtime", lvmConfig=LINEAR))),
        "runtimeConfig",
    ),
    "runtimeConfig of a user": (
        storage(group("vgpaas", space(runtimeConfig=LINEAR))),
        "lvmConfig",
    ),
    "a path of kubernetes": (
        storage(group("vgpaas", space("kubernetes", lvmConfig=LINEAR | {"path": "/a"}))),
        "path",
    ),
    "a relative path": (
        storage(group("vgpaas", space(lvmConfig=LINEAR | {"path": "a"}))),
        "path",
    ),
    "an unknown way to write": (
        storage(group("vgpaas", space(lvmConfig={"lvType": "mirrored"}))),
        "lvType",
    ),
    "a small first disk": (storage() | {"dataVolumes": [DISK | {"size": 10}]}, "dataVolumes.0"),
    "an unknown host name": ({"hostnameConfig": {"type": "random"}}, "hostnameConfig"),
    "an unknown runtime class": ({"runtime": {"runtimeClass": "x"}}, "runtimeClass"),
    "three conditions": ({"initializedConditions": ["A", "B", "C"]}, "initializedConditions"),
    "a condition with blanks": ({"initializedConditions": ["a b"]}, "initializedConditions"),
    "a partition without partitions": ({"partition": "center"}, "partition"),
    "iops out of range": (volume(volumetype="GPSSD2", iops=2999, throughput=125), "iops"),
    "throughput out of range": (volume(volumetype="GPSSD2", iops=3000, throughput=1001), "through"),
    "many iops": (volume(volumetype="ESSD2", iops=256_001), "iops"),
    "a selector that finds nothing": (
        storage(vgpaas={"storageType": "evs", "matchLabels": {"size": "500"}}),
        "vgpaas takes 1 of dataVolumes, and 0",
    ),
    "a selector that finds too little": (
        storage(vgpaas={"storageType": "evs", "matchLabels": {"size": "100", "count": "2"}}),
        "vgpaas takes 2 of dataVolumes, and 1",
    ),
    "a selector of encrypted disks": (
        storage(vgpaas={"storageType": "evs", "matchLabels": {"metadataEncrypted": "1"}}),
        "and 0",
    ),
    "disks that nobody has": (extend(DockerLVMConfigOverride="nonsense"), "DockerLVMConfig"),
    "an empty log-in": ({"login": {}}, "login"),
    "a user without a password": (
        {"login": {"userPassword": {"username": "root", "password": ""}}},
        "login",
    ),
    "a secure runtime of docker": (
        {"runtime": {"name": "docker", "runtimeClass": "kata"}},
        "runtime",
    ),
    "a prefix that is no domain": ({"k8sTags": {"a..b/x": "y"}}, "k8sTags"),
    "many interfaces": ({"nodeNicSpec": {"extNics": [{"subnetId": "s"}] * 17}}, "extNics"),
    "a price in words": (extend(marketType="spot", spotPrice="cheap"), "spotPrice"),
    "a tag twice": ({"userTags": [{"key": "a"}, {"key": "a"}]}, "userTags"),
    "a negative billing": ({"billingMode": -1}, "billingMode"),
    "a flavor of other digits": ({"flavor": "s６.large.2"}, "flavor"),
    "a zone with a blank": ({"az": "az 1"}, "az"),
    "a password given and removed": (
        {"login": {"userPassword": {"password": CRYPT}, "removeUserPassword": True}},
        "userPassword",
    ),
    "a key given and removed": ({"login": {"sshKey": "k", "removeSSHKey": True}}, "sshKey"),
    "a further interface without subnet": ({"nodeNicSpec": {"extNics": [{}]}}, "subnetId"),
    "a fixed further interface": (
        {"nodeNicSpec": {"extNics": [{"subnetId": "s", "fixedIps": ["192.168.1.9"]}]}},
        "fixedIps",
    ),
}
"""What breaks a rule in a node's spec and in a pool's template alike, and what the answer names."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The URL of an available cluster that the tests of this file share."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


@pytest.mark.parametrize(("spec", "named"), REFUSED.values(), ids=REFUSED)
async def test_what_breaks_a_rule_makes_neither_a_node_nor_a_pool(
    cloud: Cloud, cluster: str, spec: dict[str, Any], named: str
) -> None:
    template = TEMPLATE | spec

    for path, body in (
        ("nodes", node(**spec)),
        ("nodepools", pool("refused", nodeTemplate=template)),
    ):
        refusal = await cloud.call("POST", f"{cluster}/{path}", body, expect=400)

        assert refusal["errorCode"] == "CCE.01400001"
        assert refusal["error_code"] == "CCE_CM.0004"
        assert named in refusal["message"]


ACCEPTED: dict[str, dict[str, Any]] = {
    "the fewest pods": extend(maxPods=16),
    "the most pods": extend(maxPods=256),
    "more pods in a secure runtime": extend(maxPods=1024)
    | {"runtime": {"name": "containerd", "runtimeClass": "kuasar-vmm"}},
    "scripts": extend(**{"alpha.cce/preInstall": SCRIPT, "alpha.cce/postInstall": WRAPPED}),
    "default sizes": extend(dockerBaseSize=0, containerBaseSize=0),
    "no data disk, with the system disk divided": SYSTEM | {"dataVolumes": None},
    "no data disk, with local disks": {"flavor": "i3.2xlarge.8", "dataVolumes": None},
    "no data disk, on bare metal": {"flavor": "physical.s4.medium", "dataVolumes": None},
    "encrypted": volume(metadata={"__system__encrypted": "1", "__system__cmkid": "key"}),
    "not encrypted": volume(metadata={"__system__encrypted": "0"}),
    "fast disks": volume(volumetype="GPSSD2", iops=3000, throughput=125),
    "layout as Terraform's examples have it": storage(
        group("vgpaas", space("kubernetes", lvmConfig=LINEAR), space("runtime", "90%")),
        group("vguser", space(size="100%", lvmConfig=LINEAR | {"path": "/workspace"})),
    ),
    "a layout that says nothing": {"storage": {}},
    "a shared space": storage(group("vgpaas", space("share", "100%", lvmConfig=LINEAR))),
    "small disks in a layout": storage()
    | {"dataVolumes": [DISK | {"size": 20}, DISK | {"size": 10}]},
    "conditions with a time": {"initializedConditions": ["CCEInitial:15m", "Mine"]},
    "names of their own": {"nodeNameTemplate": {"nodeNamePrefix": "a-"}},
    "fields nobody knows": {"someday": {"a": [1]}, "extendParam": {"newer": {"b": 2}}},
}


@pytest.mark.parametrize("spec", ACCEPTED.values(), ids=ACCEPTED)
async def test_what_keeps_the_rules_is_kept_as_sent(
    cloud: Cloud, cluster: str, spec: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    sent = {key: value for key, value in (TEMPLATE | spec).items() if value is not None}
    name = f"p{list(ACCEPTED).index(request.node.callspec.id)}"

    made = await cloud.call("POST", f"{cluster}/nodes", node(**spec), expect=201)
    kept = await cloud.call(
        "POST", f"{cluster}/nodepools", pool(name, nodeTemplate=sent), expect=201
    )

    for shown in (made["spec"], kept["spec"]["nodeTemplate"]):
        for key in sent.keys() & spec.keys():
            assert shown[key] == sent[key]


async def test_a_pool_needs_a_system_unless_it_has_an_image(cloud: Cloud, cluster: str) -> None:
    bare = {key: value for key, value in TEMPLATE.items() if key != "os"}
    image = bare | extend(**{"alpha.cce/NodeImageID": "image"})

    for template in (bare, bare | {"os": ""}, bare | {"os": None}):
        body = pool("no-os", nodeTemplate=template)
        refusal = await cloud.call("POST", f"{cluster}/nodepools", body, expect=400)

        assert refusal["error_code"] == "CCE_CM.0004"
        assert "OS:should not be empty" in refusal["message"]
    body = pool("own-image", nodeTemplate=image)
    await cloud.call("POST", f"{cluster}/nodepools", body, expect=201)
    plain = node()
    del plain["spec"]["os"]
    await cloud.call("POST", f"{cluster}/nodes", plain, expect=201)


async def test_a_pools_own_rules_are_kept(cloud: Cloud, cluster: str) -> None:
    override = [{"name": "kubelet", "configurations": [{"name": "max-pods", "value": "many"}]}]
    template = TEMPLATE | {"configurationsOverride": override}
    passed = {"size": 100, "volumetype": "SAS", "hw:passthrough": True}
    metal = TEMPLATE | {"rootVolume": passed, "dataVolumes": [passed]}

    for body, named in (
        (pool("wrong", nodeTemplate=template), "max-pods"),
        (pool("wrong", type="ElasticBMS"), "hw:passthrough"),
        (pool("wrong", repairPolicy={"enable": True}), "restartNode"),
    ):
        refusal = await cloud.call("POST", f"{cluster}/nodepools", body, expect=400)

        assert named in refusal["message"]
    right = pool("metal", type="ElasticBMS", nodeTemplate=metal)
    await cloud.call("POST", f"{cluster}/nodepools", right, expect=201)


OF_ONE_NODE: dict[str, dict[str, Any]] = {
    "a fixed address": {"nodeNicSpec": {"primaryNic": {"fixedIps": ["192.168.1.9"]}}},
    "a block": {"nodeNicSpec": {"primaryNic": {"ipBlock": "192.168.1.0/24"}}},
    "a public address": {"publicIP": {"ids": ["e"]}},
    "so many public addresses": {"publicIP": {"count": 1, "eip": {"iptype": "5_bgp"}}},
}


@pytest.mark.parametrize("spec", OF_ONE_NODE.values(), ids=OF_ONE_NODE)
async def test_a_pool_has_nothing_that_one_node_alone_can_have(
    cloud: Cloud, cluster: str, spec: dict[str, Any]
) -> None:
    body = pool("alike", nodeTemplate=TEMPLATE | spec)

    refusal = await cloud.call("POST", f"{cluster}/nodepools", body, expect=400)

    assert "nodeTemplate" in refusal["message"]


REINSTALLATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "few pods": ({"k8sOptions": {"maxPods": 15}}, "maxPods"),
    "many pods": ({"k8sOptions": {"maxPods": 300}}, "maxPods"),
    "a plain script": ({"lifecycle": {"postInstall": "echo hello"}}, "postInstall"),
    "a layout of more than a whole": (
        {"volumeConfig": storage(group("vgpaas", space(size="90%"), space("share", "11%")))},
        "100%",
    ),
    "an unknown reset": ({"volumeConfig": {"volumeResetPolicy": "all"}}, "volumeResetPolicy"),
    "small containers": ({"runtimeConfig": {"dockerBaseSize": 5}}, "dockerBaseSize"),
    "a wrong threshold": ({"k8sOptions": {"nicThreshold": "2:3"}}, "nicThreshold"),
}


@pytest.mark.parametrize(("spec", "named"), REINSTALLATIONS.values(), ids=REINSTALLATIONS)
async def test_what_cannot_be_installed_is_refused_on_existing_servers_too(
    cloud: Cloud, cluster: str, spec: dict[str, Any], named: str
) -> None:
    made = await cloud.call("POST", f"{cluster}/nodes", node(), expect=201)
    uid = made["metadata"]["uid"]
    await cloud.until(f"{cluster}/nodes/{uid}", "status.phase", "Active")
    await cloud.until(cluster, "status.phase", "Available")
    asked = {"os": "EulerOS 2.9"} | spec

    for path, item in (("add", {"serverID": "s"}), ("reset", {"nodeID": uid})):
        body = {"nodeList": [item | {"spec": asked}]}
        refusal = await cloud.call("POST", f"{cluster}/nodes/{path}", body, expect=400)

        assert named in refusal["message"]
    await cloud.call("DELETE", f"{cluster}/nodes/{uid}", expect=200)
    await cloud.until_gone(f"{cluster}/nodes/{uid}")
