"""One scenario, every official SDK: what a program in any language may rely on."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.clients.client_programs import LANGUAGES, Language, LiveServer, Program
from tests.clients.cluster_walk import UNKNOWN, Created, body, create, follow, phase
from tests.clients.life import TEMPLATE, document
from tests.clients.script import filled

# The first build of a program downloads its SDK.
pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(900),
    pytest.mark.parametrize(
        "language", LANGUAGES, ids=lambda one: one.name, indirect=True, scope="module"
    ),
]

EXCEPTIONS = {
    "python": ("ClientRequestException", "ServerResponseException"),
    "java": ("ClientRequestException", "ServerResponseException"),
    "go": ("ServiceResponseError", "ServiceResponseError"),
    "node": ("ClientRequestException", "ServerResponseException"),
}
"""What each SDK raises for what the client, and for what the server, is to blame."""

PHASES = ("Initializing", "Running", "Success")


@pytest.fixture(scope="module")
def created(program: Program) -> Iterator[Created]:
    """A cluster whose creation has ended."""
    created = create(program)
    yield created
    program.call("DeleteCluster", cluster_id=created.uid)


def test_creation_answers_201_with_the_id_of_a_job(created: Created) -> None:
    job = created.reads[0]

    assert created.answer.status == 201
    assert job["kind"] == "Job"
    assert job["metadata"]["uid"] == created.answer.body["status"]["jobID"]
    assert job["spec"]["type"] == "CreateCluster"
    assert job["spec"]["clusterUID"] == created.uid


def test_the_job_succeeds_and_its_phases_move_only_forward(created: Created) -> None:
    tracks: dict[str, list[str]] = {}
    for job in created.reads:
        for part in (job, *job["spec"]["subJobs"]):
            tracks.setdefault(part["metadata"]["uid"], []).append(phase(part))

    assert len(tracks) == 3
    for track in tracks.values():
        assert track == sorted(track, key=PHASES.index)
        assert track[-1] == "Success"


def test_the_first_read_lists_sub_jobs_that_can_each_be_read(
    program: Program, created: Created
) -> None:
    listed = {part["spec"]["type"]: part for part in created.reads[0]["spec"]["subJobs"]}

    read = {
        name: program.call("ShowJob", job_id=part["metadata"]["uid"])
        for name, part in listed.items()
    }

    assert listed.keys() == {"CreatePSMCert", "InstallMaster"}
    for name, answer in read.items():
        assert answer.ok, answer
        assert answer.body["metadata"]["uid"] == listed[name]["metadata"]["uid"]
        assert answer.body["spec"]["type"] == name
        assert phase(answer.body) == "Success"


def test_a_created_cluster_is_available(program: Program, created: Created) -> None:
    answer = program.call("ShowCluster", cluster_id=created.uid)

    assert (answer.status, answer.exception) == (200, None)
    assert answer.body["metadata"]["name"] == created.name
    assert phase(answer.body) == "Available"


def test_a_created_cluster_is_listed(program: Program, created: Created) -> None:
    answer = program.call("ListClusters")

    assert (answer.status, answer.exception) == (200, None)
    assert created.uid in [cluster["metadata"]["uid"] for cluster in answer.body["items"]]


def test_a_description_can_be_changed(program: Program, created: Created) -> None:
    description = "Für Prüfungen 测试"

    answer = program.call(
        "UpdateCluster", cluster_id=created.uid, body={"spec": {"description": description}}
    )

    assert (answer.status, answer.exception) == (200, None)
    after = program.call("ShowCluster", cluster_id=created.uid)
    assert after.body["spec"]["description"] == description


REFUSALS = [
    ("CreateCluster", {"body": body("$name")}, 409, "CCE.01409001"),
    ("CreateCluster", {"body": body("No")}, 400, "CCE_CM.0004"),
    ("ShowJob", {"job_id": UNKNOWN}, 404, "CCE_CM.0003"),
    ("ShowCluster", {"cluster_id": UNKNOWN}, 404, "CCE_CM.0003"),
    ("DeleteCluster", {"cluster_id": UNKNOWN}, 404, "CCE_CM.0003"),
    ("ShowNode", {"cluster_id": "$cluster", "node_id": UNKNOWN}, 404, "CCE_CM.0003"),
    ("ShowNodePool", {"cluster_id": "$cluster", "nodepool_id": UNKNOWN}, 404, "CCE_CM.0003"),
    ("ShowAddonInstance", {"id": UNKNOWN, "cluster_id": "$cluster"}, 404, "CCE.03404001"),
    (
        "CreateNode",
        {
            "cluster_id": "$cluster",
            "body": document("Node", "$name", **TEMPLATE, count=1, billingMode=1),
        },
        501,
        "CCE.01501001",
    ),
]


@pytest.mark.parametrize(("operation", "args", "status", "code"), REFUSALS)
def test_a_refusal_is_the_sdks_own_exception(
    language: Language,
    program: Program,
    created: Created,
    operation: str,
    args: Mapping[str, Any],
    status: int,
    code: str,
) -> None:
    known = {"name": created.name, "cluster": created.uid}

    answer = program.call(operation, **filled(args, known))

    assert (answer.status, answer.error_code) == (status, code)
    assert answer.exception == EXCEPTIONS[language.name][status >= 500]
    assert answer.error_msg
    assert re.fullmatch("[0-9a-f]{32}", answer.request_id or "")


def test_a_wrong_secret_key_is_unauthorized(
    language: Language, live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environ = {**live_server.environ, "HUAWEICLOUD_SDK_SK": "not-the-secret-key"}

    with language.running(environ, tmp_path_factory.mktemp("home")) as program:
        answer = program.call("ListClusters")

    assert (answer.status, answer.error_code) == (401, "APIGW.0301")
    assert answer.request_id


def test_a_deleted_cluster_is_gone_when_its_job_succeeds(
    program: Program, language: Language
) -> None:
    cluster = create(program)

    deletion = program.call("DeleteCluster", cluster_id=cluster.uid)

    assert (deletion.status, deletion.exception) == (200, None)
    assert phase(follow(program, deletion.body["status"]["jobID"])[-1]) == "Success"
    after = program.call("ShowCluster", cluster_id=cluster.uid)
    assert (after.status, after.error_code) == (404, "CCE_CM.0003")
