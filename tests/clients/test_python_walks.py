"""What only the newest SDKs know, as the official Python SDK sees it."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.clients.answers import addon, good, until
from tests.clients.client_programs import PYTHON, LiveServer, Program
from tests.clients.cluster_walk import body, create

pytestmark = pytest.mark.clients

AUTOPILOT = {
    "flavor": "cce.autopilot.cluster",
    "containerNetwork": {"mode": "eni"},
    "eniNetwork": {"subnets": [{"subnetID": "a-subnet"}]},
}


@pytest.fixture(scope="module")
def program(live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The official Python SDK."""
    with PYTHON.running(live_server.environ, tmp_path_factory.mktemp("home")) as program:
        yield program


def test_an_upgraded_add_on_is_rolled_back(program: Program) -> None:
    def running(version: str) -> None:
        until(
            lambda: program.call("ShowAddonInstance", id=uid, cluster_id=cluster_id),
            lambda answer: (
                (good(answer)["spec"]["version"], good(answer)["status"]["status"])
                == (version, "running")
            ),
        )

    cluster_id = create(program).uid
    made = good(program.call("CreateAddonInstance", body=addon(cluster_id, "1.3.60")))
    uid = made["metadata"]["uid"]
    running("1.3.60")
    program.call("UpdateAddonInstance", id=uid, body=addon(cluster_id, "1.3.104"))
    running("1.3.104")

    answer = program.call("RollbackAddonInstance", id=uid, body={"clusterID": cluster_id})

    assert answer.ok, answer
    running("1.3.60")


def test_a_check_of_an_add_on_can_be_listed(program: Program) -> None:
    cluster_id = create(program).uid
    first = good(program.call("ListAddonInstances", cluster_id=cluster_id))["items"][0]
    entry = {"addonInstanceID": first["metadata"]["uid"], "type": "addonStatic"}
    asked = {
        "kind": "AddonCheck",
        "apiVersion": "v3",
        "spec": {"clusterID": cluster_id, "addonList": [entry]},
    }

    checked = program.call("BatchCreateAddonPrecheck", cluster_id=cluster_id, body=asked)
    listed = program.call("ListAddonPrecheckTasks", cluster_id=cluster_id, type="addonStatic")

    assert good(checked)["status"]["phase"] == "Success"
    (task,) = good(listed)["items"]
    assert task["metadata"]["addonInstanceID"] == first["metadata"]["uid"]


def test_a_cluster_without_nodes_is_followed_by_both_dialects_of_jobs(program: Program) -> None:
    asked = body(f"pilot-{uuid4().hex[:8]}")
    asked["spec"] |= AUTOPILOT

    made = good(program.call("CreateAutopilotCluster", body=asked))
    uid, job = made["metadata"]["uid"], made["status"]["jobID"]
    until(
        lambda: program.call("ShowAutopilotJob", job_id=job),
        lambda answer: bool(good(answer)["status"]["phase"] == "Success"),
    )
    one = good(program.call("GetAutopilotOneJob", job_id=job))
    jobs = good(program.call("ListAutopilotJobs"))
    deleted = program.call("DeleteAutopilotJob", job_id=job)
    shown = good(program.call("ShowAutopilotCluster", cluster_id=uid))
    change = {"spec": {"description": "Mine"}}
    changed = good(program.call("UpdateAutopilotCluster", cluster_id=uid, body=change))
    listed = good(program.call("ListAutopilotClusters"))
    gone = program.call("DeleteAutopilotCluster", cluster_id=uid, delete_efs="true")

    assert (one["status"]["status"], one["spec"]["clusteruid"]) == ("Success", uid)
    assert jobs
    assert deleted.status == 204
    assert shown["status"]["phase"] == "Available"
    assert changed["spec"]["description"] == "Mine"
    assert uid in [each["metadata"]["uid"] for each in listed["items"]]
    assert gone.ok


def test_what_is_not_supported_is_a_server_error_with_a_code(program: Program) -> None:
    answer = program.call("ListCharts")

    assert (answer.status, answer.error_code) == (501, "CCE.01501001")
