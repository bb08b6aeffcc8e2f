"""What a creation makes: defaults, canonical keys, names of its own, and no more than allowed."""

import asyncio
import re
from typing import Any

import pytest

from tests.api.cloud import SUBNET, TURBO, VPC, Cloud, cluster, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})? \+0000 UTC")


async def created(cloud: Cloud, body: Any) -> dict[str, Any]:
    """The answer to a creation that must succeed."""
    document: dict[str, Any] = await cloud.call(
        "POST", f"{cloud.project}/clusters", body, expect=201
    )
    return document


async def test_a_creation_answers_the_whole_cluster_with_its_defaults(shared_cloud: Cloud) -> None:
    name = unique("demo")
    smallest = {
        "hostNetwork": {"vpc": VPC, "subnet": SUBNET},
        "containerNetwork": {"mode": "vpc-router"},
    }

    made = await created(shared_cloud, cluster(name) | {"spec": smallest})

    spec = made["spec"]
    assert (made["kind"], made["apiVersion"]) == ("Cluster", "v3")
    assert (made["metadata"]["name"], made["metadata"]["alias"]) == (name, name)
    assert TIME.fullmatch(made["metadata"]["creationTimestamp"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-0255ac[0-9a-f]{6}", made["metadata"]["uid"])
    assert (spec["category"], spec["type"], spec["flavor"]) == (
        "CCE",
        "VirtualMachine",
        "cce.s1.small",
    )
    assert re.fullmatch(r"v1\.\d+", spec["version"])
    assert spec["eniNetwork"] == spec["publicAccess"] == {}
    assert spec["serviceNetwork"] == {"IPv4CIDR": "10.247.0.0/16"}
    assert spec["kubernetesSvcIpRange"] == "10.247.0.0/16"
    assert spec["containerNetwork"]["cidrs"] == [{"cidr": spec["containerNetwork"]["cidr"]}]
    assert spec["authentication"] == {"mode": "rbac", "authenticatingProxy": {}}
    assert spec["hostNetwork"]["SecurityGroup"]
    assert spec["extendParam"]["orderID"] == ""
    assert spec["extendParam"]["enterpriseProjectId"] == "0"
    assert (spec["billingMode"], spec["kubeProxyMode"]) == (0, "iptables")
    assert made["status"]["phase"] == "Creating"
    assert made["metadata"]["annotations"]["jobid"] == made["status"]["jobID"]
    assert made["metadata"]["annotations"]["clusterwright/driver"] == "simulated"


async def test_the_job_of_a_creation_can_be_read_at_once(shared_cloud: Cloud) -> None:
    made = await created(shared_cloud, cluster(unique("demo"), flavor="cce.s2.small"))

    job = await shared_cloud.call(
        "GET", f"{shared_cloud.project}/jobs/{made['status']['jobID']}", expect=200
    )

    assert job["spec"]["clusterUID"] == made["metadata"]["uid"]
    types = [each["spec"]["type"] for each in job["spec"]["subJobs"]]
    assert sorted(types) == ["CreatePSMCert", *["InstallMaster"] * 3]


async def test_a_cluster_becomes_available_and_forgets_its_job(shared_cloud: Cloud) -> None:
    uid = await shared_cloud.cluster()

    found = await shared_cloud.call("GET", f"{shared_cloud.project}/clusters/{uid}", expect=200)

    (endpoint,) = found["status"]["endpoints"]
    assert endpoint["type"] == "Internal"
    assert re.fullmatch(r"https://[\d.]+:5443", endpoint["url"])
    assert "jobID" not in found["status"]
    assert "jobid" not in found["metadata"]["annotations"]


async def test_keys_are_read_in_any_letter_case_and_written_canonically(
    shared_cloud: Cloud,
) -> None:
    name = unique("demo")
    body = {
        "KIND": "Cluster",
        "apiversion": "v3",
        "Metadata": {"NAME": name},
        "spec": {
            "hostnetwork": {"VPC": VPC, "subnet": SUBNET, "securitygroup": "sg"},
            "containerNetwork": {"Mode": "vpc-router"},
            "servicenetwork": {"ipv4cidr": "10.96.0.0/16"},
        },
    }

    made = await created(shared_cloud, body)

    assert made["metadata"]["name"] == name
    sent = {"vpc": VPC, "subnet": SUBNET, "SecurityGroup": "sg"}
    assert made["spec"]["hostNetwork"] == made["spec"]["hostNetwork"] | sent
    assert made["spec"]["containerNetwork"]["mode"] == "vpc-router"
    assert made["spec"]["serviceNetwork"] == {"IPv4CIDR": "10.96.0.0/16"}


async def test_an_exact_key_wins_over_one_in_another_letter_case(shared_cloud: Cloud) -> None:
    exact, other = unique("exact"), unique("other")

    for metadata in ({"NAME": other, "name": exact}, {"name": exact, "NAME": other}):
        made = await created(shared_cloud, cluster("unused") | {"metadata": metadata})
        assert made["metadata"]["name"] == exact
        await shared_cloud.call(
            "DELETE", f"{shared_cloud.project}/clusters/{made['metadata']['uid']}", expect=200
        )
        await shared_cloud.until_gone(f"{shared_cloud.project}/clusters/{made['metadata']['uid']}")


async def test_unknown_fields_of_the_spec_are_given_back(shared_cloud: Cloud) -> None:
    unknown = {"futureField": {"deep": [1, 2.5, True, "täxt"]}}

    made = await created(shared_cloud, cluster(unique("demo"), **unknown))

    found = await shared_cloud.call(
        "GET", f"{shared_cloud.project}/clusters/{made['metadata']['uid']}", expect=200
    )
    assert made["spec"]["futureField"] == found["spec"]["futureField"] == unknown["futureField"]


async def test_null_means_absent(shared_cloud: Cloud) -> None:
    made = await created(
        shared_cloud, cluster(unique("demo"), flavor=None, eniNetwork=None, description=None)
    )

    assert made["spec"]["flavor"] == "cce.s1.small"
    assert made["spec"]["eniNetwork"] == {}
    assert "description" not in made["spec"]


async def test_secrets_of_an_authenticating_proxy_are_never_given_back(
    shared_cloud: Cloud,
) -> None:
    proxy = {"ca": "Y2E=", "cert": "Y2VydA==", "privateKey": "c2VjcmV0"}
    body = cluster(
        unique("demo"),
        authentication={"mode": "authenticating_proxy", "authenticatingProxy": proxy},
    )

    made = await created(shared_cloud, body)

    assert made["spec"]["authentication"] == {
        "mode": "authenticating_proxy",
        "authenticatingProxy": {},
    }


@pytest.mark.parametrize("version", ["v1.31", "v1.31.4", "v1.31.4-r0"])
async def test_a_version_may_be_written_in_three_forms(shared_cloud: Cloud, version: str) -> None:
    made = await created(shared_cloud, cluster(unique("demo"), version=version))

    assert made["spec"]["version"] == "v1.31"
    assert made["spec"].get("legacyVersion") == (None if version == "v1.31" else version)


@pytest.mark.parametrize(
    ("spec", "range_of_services"),
    [(TURBO, "fc00::/112"), ({}, "fd00:1234::/120")],
    ids=["Turbo", "CCE"],
)
async def test_a_dual_stack_has_a_range_of_ipv6_for_its_services(
    shared_cloud: Cloud, spec: dict[str, Any], range_of_services: str
) -> None:
    default = await created(shared_cloud, cluster(unique("demo"), ipv6enable=True, **spec))
    chosen = await created(
        shared_cloud,
        cluster(unique("demo"), ipv6enable=True, serviceNetwork={"IPv6CIDR": "fd01::/110"}, **spec),
    )

    assert default["spec"]["serviceNetwork"] == {
        "IPv4CIDR": "10.247.0.0/16",
        "IPv6CIDR": range_of_services,
    }
    assert chosen["spec"]["serviceNetwork"]["IPv6CIDR"] == "fd01::/110"


async def test_the_older_place_of_the_proxy_mode_counts_where_the_newer_is_empty(
    shared_cloud: Cloud,
) -> None:
    older = {"extendParam": {"kubeProxyMode": "ipvs"}}

    alone = await created(shared_cloud, cluster(unique("demo"), **older))
    beside = await created(shared_cloud, cluster(unique("demo"), kubeProxyMode="iptables", **older))

    assert alone["spec"]["kubeProxyMode"] == "ipvs"
    assert beside["spec"]["kubeProxyMode"] == "iptables"


async def test_what_is_the_server_s_to_set_is_passed_over(shared_cloud: Cloud) -> None:
    theirs = {
        "az": "mars",
        "platformVersion": "cce.99.0",
        "legacyVersion": "v0.1",
        "certificateAuthority": {"data": "theirs"},
        "enableAutopilot": False,
        "encryptionConfig": {"mode": "Default", "kmsKeyID": "theirs"},
        "extendParam": {"upgradefrom": "theirs", "orderID": "theirs"},
        "hostNetwork": {"vpc": VPC, "subnet": SUBNET, "controlPlaneSecurityGroup": "theirs"},
    }
    body = cluster(unique("demo"), **theirs)
    body["metadata"] |= {"uid": "theirs", "creationTimestamp": "theirs"}
    body["status"] = {"phase": "Available", "jobID": "theirs"}

    made = await created(shared_cloud, body)

    assert "theirs" not in str(made)
    assert made["spec"]["platformVersion"] == "cce.1.0"
    assert not {"az", "legacyVersion", "certificateAuthority"} & made["spec"].keys()
    assert made["spec"]["hostNetwork"]["controlPlaneSecurityGroup"]
    assert made["spec"]["encryptionConfig"] == {"mode": "Default"}


async def test_the_default_ranges_give_way_to_the_range_of_services(shared_cloud: Cloud) -> None:
    made = await created(
        shared_cloud, cluster(unique("demo"), serviceNetwork={"IPv4CIDR": "172.16.0.0/16"})
    )

    assert made["spec"]["containerNetwork"]["cidr"] != "172.16.0.0/16"


async def test_names_and_aliases_are_unique_together(shared_cloud: Cloud) -> None:
    name, alias = unique("name"), unique("alias")
    body = cluster(name)
    body["metadata"]["alias"] = alias
    await created(shared_cloud, body)

    for taken in (name, alias):
        for metadata in ({"name": taken}, {"name": unique("new"), "alias": taken}):
            refused = await shared_cloud.call(
                "POST",
                f"{shared_cloud.project}/clusters",
                cluster("unused") | {"metadata": metadata},
                expect=409,
            )
            assert refused["errorCode"] == "CCE.01409001"
            assert taken in refused["message"]


async def test_of_many_creations_of_one_name_at_once_one_succeeds(shared_cloud: Cloud) -> None:
    body = cluster(unique("demo"))

    answers = await asyncio.gather(
        *(
            shared_cloud.client.post(f"{shared_cloud.project}/clusters", json=body)
            for _ in range(10)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 9]
