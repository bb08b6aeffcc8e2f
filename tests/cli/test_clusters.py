"""``clusterwright cluster`` and ``job`` against a running server."""

import itertools
import os
import re
from importlib.metadata import version

import pytest
import yaml

from tests.cli.command_line import LIMIT, CommandLine, Ran, begun
from tests.cli.terminal import everything, until_shown
from tests.kit import holding
from tests.server_process import ServerProcess

pytestmark = pytest.mark.clients

NUMBERS = itertools.count()
UNKNOWN = "00000000-0000-0000-0000-000000000000"
ENDPOINT = "HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4"
SDK = "huaweicloudsdkcce"


@pytest.fixture
def name() -> str:
    """A name that no other cluster has."""
    return f"cli-{os.getpid()}-{next(NUMBERS)}"


def failing(run: CommandLine, name: str) -> None:
    """Make the creation of one cluster fail."""
    fault = ("InstallMaster", "--reason", "No [big] servers.", "--times", "1", "--cluster", name)
    assert run("fault", "add", *fault).code == 0


def phases(ran: Ran) -> set[str]:
    """The phases in a printed job, the top one and those below it."""
    job = ran.document
    return {each["status"]["phase"] for each in (job, *job["spec"]["subJobs"])}


def test_a_cluster_is_created_listed_shown_and_deleted_by_name(run: CommandLine, name: str) -> None:
    created = run("cluster", "create", name, "-o", "json")
    listed = run("cluster", "list")
    shown = run("cluster", "show", name, "-o", "json")
    deleted = run("cluster", "delete", name, "-o", "json")

    assert (created.code, phases(created)) == (0, {"Success"})
    assert re.search(rf"^{name} +\S+ +Available ", listed.out, re.MULTILINE)
    assert shown.document["status"]["phase"] == "Available"
    assert (deleted.code, deleted.document["spec"]["type"]) == (0, "DeleteCluster")
    assert run("cluster", "show", name).code == 1


def test_a_cluster_sleeps_and_wakes_up_and_one_that_cannot_says_why(
    run: CommandLine, name: str
) -> None:
    assert run("cluster", "create", name).code == 0

    asleep = run("cluster", "hibernate", name, "-o", "json")
    fault = ("AwakeMaster", "--reason", "No servers.", "--cluster", name)
    assert run("fault", "add", *fault).code == 0
    failed = run("cluster", "awake", name)
    awake = run("cluster", "awake", name)
    refused = run("cluster", "awake", name)

    assert (asleep.code, asleep.document["status"]["phase"]) == (0, "Hibernation")
    [sentence, advice] = failed.err.splitlines()[-2:]
    assert (failed.code, sentence) == (1, f"Error: Cluster {name} is Error: No servers.")
    assert advice.startswith("Why, and what to do: clusterwright job explain ")
    assert "No servers." in run("job", "explain", advice.split()[-1]).out
    assert awake.code == 0
    assert re.search(r"^✔ AwakeCluster +Success", awake.out, re.MULTILINE)
    assert re.search(r"^PHASE +Available *$", awake.out, re.MULTILINE)
    assert (refused.code, refused.out) == (1, "")
    assert run("cluster", "delete", name).code == 0


def test_a_person_reads_the_tree_and_then_the_cluster(run: CommandLine, name: str) -> None:
    ran = run("cluster", "create", name, "--flavor", "cce.s2.small")

    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^✔ CreateCluster +Success +\d+\.\d s", ran.out, re.MULTILINE)
    assert (
        len(re.findall(r"^[├└]─ ✔ InstallMaster +Success +\d+\.\d s", ran.out, re.MULTILINE)) == 3
    )
    assert re.search(r"^PHASE +Available *$", ran.out, re.MULTILINE)
    assert "\x1b" not in ran.out
    assert [line for line in ran.out.splitlines() if line != line.rstrip()] == []


def test_a_failed_job_gives_exit_code_1_and_its_reason(run: CommandLine, name: str) -> None:
    failing(run, name)

    ran = run("cluster", "create", name)

    assert ran.code == 1
    assert re.search(r"✘ InstallMaster +Failed .*No \[big\] servers\.", ran.out)
    assert "No [big] servers." in ran.err
    assert run("cluster", "delete", name).code == 0


def test_a_failed_job_is_still_one_document(run: CommandLine, name: str) -> None:
    failing(run, name)

    ran = run("cluster", "create", name, "-o", "json")

    assert ran.code == 1
    assert ran.document["status"] == {"phase": "Failed", "reason": "No [big] servers."}


def test_a_job_that_takes_too_long_gives_exit_code_3_and_can_be_followed_on(
    run: CommandLine, name: str
) -> None:
    late = run("cluster", "create", name, "--timeout", "0", "-o", "json")
    job_id = late.document["metadata"]["uid"]

    waited = run("job", "wait", job_id, "-o", "json")

    assert late.code == 3
    assert f"clusterwright job wait {job_id}" in late.err
    assert (waited.code, phases(waited)) == (0, {"Success"})
    assert waited.document == run("job", "show", job_id, "-o", "json").document


def test_without_waiting_the_promised_cluster_is_printed(run: CommandLine, name: str) -> None:
    created = run("cluster", "create", name, "--no-wait", "-o", "json")
    job_id = created.document["status"]["jobID"]
    deleted = run("cluster", "delete", name, "--no-wait")

    assert created.document["status"]["phase"] == "Creating"
    assert created.err == ""
    assert job_id not in deleted.out
    [sentence, advice] = deleted.out.splitlines()
    assert sentence == f"Cluster {name} is being deleted."
    assert advice.startswith("Follow it with: clusterwright job wait ")


def test_yaml_says_what_json_says(run: CommandLine, name: str) -> None:
    job = yaml.safe_load(run("cluster", "create", name, "-o", "yaml").out)

    shown = run("cluster", "show", job["spec"]["clusterUID"], "-o", "yaml")

    assert job["status"]["phase"] == "Success"
    assert yaml.safe_load(shown.out) == run("cluster", "show", name, "-o", "json").document


def test_every_option_of_create_reaches_the_cluster(run: CommandLine, name: str) -> None:
    options = {
        "--version": "v1.31",
        "--flavor": "cce.s2.medium",
        "--vpc": "net",
        "--subnet": "sub",
        "--mode": "overlay_l2",
        "--cidr": "172.20.0.0/16",
    }

    given = itertools.chain.from_iterable(options.items())
    spec = run("cluster", "create", name, "--no-wait", "-o", "json", *given).document["spec"]

    assert (spec["version"], spec["flavor"]) == ("v1.31", "cce.s2.medium")
    assert (spec["hostNetwork"]["vpc"], spec["hostNetwork"]["subnet"]) == ("net", "sub")
    assert spec["containerNetwork"]["mode"] == "overlay_l2"
    assert spec["containerNetwork"]["cidrs"] == [{"cidr": "172.20.0.0/16"}]


def test_pods_in_mode_eni_share_the_subnet(run: CommandLine, name: str) -> None:
    created = run("cluster", "create", name, "--mode", "eni", "--subnet", "sub", "-o", "json")

    spec = run("cluster", "show", name, "-o", "json").document["spec"]

    assert created.code == 0
    assert spec["eniNetwork"]["subnets"] == [{"subnetID": "sub"}]


@pytest.mark.parametrize(
    "arguments",
    [
        ("cluster", "create"),
        ("cluster", "list", "-o", "xml"),
        ("job", "wait", UNKNOWN, "--timeout", "-1"),
        ("nonsense",),
    ],
    ids=" ".join,
)
def test_a_wrong_call_gives_exit_code_2(nowhere: CommandLine, arguments: tuple[str, ...]) -> None:
    ran = nowhere(*arguments)

    assert (ran.code, ran.out) == (2, "")


def test_a_refusal_is_one_line_with_status_code_and_request_id_and_the_next_step(
    run: CommandLine,
) -> None:
    ran = run("job", "show", UNKNOWN, "-o", "json")

    assert (ran.code, ran.out) == (1, "")
    line = rf"Error: 404 CCE_CM\.0003: .*{UNKNOWN}.* \(request id [0-9a-f]{{32}}\)\n"
    assert re.fullmatch(line + "See the jobs with: clusterwright job list\n", ran.err)


def test_the_variables_of_env_are_enough(run: CommandLine, nowhere: CommandLine, name: str) -> None:
    assert run("cluster", "create", name, "--no-wait").code == 0
    known = CommandLine(nowhere.home, run("env", "--format", "json").document)

    ran = known("cluster", "list", "-o", "json")

    assert name in [cluster["metadata"]["name"] for cluster in ran.document["items"]]


def test_a_named_folder_wins_over_the_variables(
    nowhere: CommandLine, live_server: ServerProcess
) -> None:
    elsewhere = CommandLine(nowhere.home, {ENDPOINT: "http://127.0.0.1:1"})

    assert elsewhere("cluster", "list", "--data", str(live_server.data)).code == 0


def test_a_server_that_does_not_answer_is_named(run: CommandLine) -> None:
    variables = run("env", "--format", "json").document | {ENDPOINT: "http://127.0.0.1:1"}

    ran = CommandLine(run.home, variables)("cluster", "list")

    assert ran.code == 1
    assert ran.err == (
        "Error: No server answers at http://127.0.0.1:1. Start a server with `clusterwright serve`,"
        ' or eval "$(clusterwright env)". (Connection refused)\n'
    )
    assert CommandLine(run.home, variables)("job", "list").err == ran.err


def test_keys_that_the_server_does_not_know_may_be_of_another_one(run: CommandLine) -> None:
    variables = run("env", "--format", "json").document | {"HUAWEICLOUD_SDK_AK": "theirs"}
    stranger = CommandLine(run.home, variables)

    for words in (("cluster", "list"), ("job", "list")):
        ran = stranger(*words)

        assert ran.code == 1
        assert ran.err.startswith("Error: 401 APIGW.0301: ")
        assert ran.err.endswith(
            '\nThe keys may be of another server. Read them: eval "$(clusterwright env)"\n'
        )


def test_the_next_step_after_an_unknown_job_is_the_list_of_jobs(run: CommandLine) -> None:
    for words in ("show", "explain", "cancel", "resume"):
        ran = run("job", words, "nix")

        assert ran.code == 1
        assert ran.err.endswith("\nSee the jobs with: clusterwright job list\n")


def test_without_a_server_the_advice_is_to_start_one(nowhere: CommandLine) -> None:
    ran = nowhere("cluster", "list")

    assert (ran.code, ran.out) == (1, "")
    assert "Start one with `clusterwright serve`, or name the data folder of another" in ran.err


def test_keys_of_the_public_service_are_never_used(nowhere: CommandLine) -> None:
    keys = {f"HUAWEICLOUD_SDK_{key}": "theirs" for key in ("AK", "SK", "PROJECT_ID")}

    ran = CommandLine(nowhere.home, keys)("cluster", "list")

    assert "There is no server.json" in ran.err


def test_a_missing_variable_is_named(nowhere: CommandLine) -> None:
    ran = CommandLine(nowhere.home, {ENDPOINT: "http://127.0.0.1:1"})("cluster", "list")

    assert ran.code == 1
    assert "HUAWEICLOUD_SDK_AK" in ran.err


def test_without_the_sdk_the_advice_is_to_install_it(run: CommandLine) -> None:
    hidden = (
        "import sys; sys.modules['huaweicloudsdkcce'] = None; sys.argv[1:] = ['cluster', 'list']"
    )

    ran = run.program("-c", f"{hidden}; from clusterwright.__main__ import main; main()")

    assert ran.code == 1
    assert ran.err == (
        f"Error: This needs the official SDK: pip install huaweicloudsdkcce=={version(SDK)}\n"
    )


def test_a_terminal_shows_the_tree_as_it_changes(run: CommandLine, name: str) -> None:
    ours, theirs = os.openpty()
    environ = run.environ | {"TERM": "xterm-256color"}
    fault = str(run(*holding("InstallMaster", name), "-o", "json").document["id"])

    with begun(environ, "cluster", "create", name, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        first = until_shown(ours, r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] InstallMaster +Running")
        assert run("fault", "clear", fault).code == 0
        seen = first + everything(ours)

        assert process.wait(timeout=LIMIT) == 0
    assert re.search(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏].* CreateCluster", seen)
    assert "✔" in seen
    assert "\x1b[32m" in seen
