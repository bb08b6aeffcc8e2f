"""``clusterwright node``, ``nodepool`` and ``addon`` against a running server."""

import itertools
import os
import pty
import re

import pytest
import yaml

from tests.cli.command_line import LIMIT, CommandLine, begun
from tests.cli.terminal import everything, plain, sized
from tests.server_process import ServerProcess

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def cluster(live_server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a cluster of these tests' own."""
    home = tmp_path_factory.mktemp("home")
    name = f"nodes-{os.getpid()}"
    run = CommandLine(home, {"CLUSTERWRIGHT_DATA": str(live_server.data)})
    assert run("cluster", "create", name, "-o", "json").code == 0
    return name


def test_nodes_are_created_listed_shown_and_deleted_by_name(run: CommandLine, cluster: str) -> None:
    created = run("node", "create", cluster, "worker", "--count", "2")
    nodes = run("node", "list", cluster, "-o", "json").document["items"]
    names = [each["metadata"]["name"] for each in nodes]
    name = next(each for each in names if each.startswith("worker-"))
    shown = run("node", "show", cluster, name)
    deleted = run("node", "delete", cluster, name)

    assert (created.code, created.err) == (0, "")
    assert re.search(r"^✔ ScaleupCluster +Success ", created.out, re.MULTILINE)
    assert len(re.findall(r"^worker-\w+ +\S{36} +Active ", created.out, re.MULTILINE)) == 2
    assert re.search(r"^DISKS +40 GiB SAS, 100 GiB SAS *$", shown.out, re.MULTILINE)
    assert (deleted.code, deleted.out.splitlines()[-1]) == (0, f"Node {name} is deleted.")
    assert run("node", "show", cluster, name).code == 1


def test_a_programs_answer_is_the_job_or_the_promise(run: CommandLine, cluster: str) -> None:
    waited = run("node", "create", cluster, "one", "-o", "json")
    left = yaml.safe_load(run("node", "create", cluster, "two", "--no-wait", "-o", "yaml").out)
    job = run("job", "wait", left["status"]["jobID"], "-o", "json")

    assert waited.document["status"]["phase"] == "Success"
    assert left["kind"] == "Node"
    assert job.document["status"]["phase"] == "Success"


def test_without_waiting_all_nodes_are_told_that_come_and_the_one_that_goes(
    run: CommandLine, cluster: str
) -> None:
    promised = run("node", "create", cluster, "many", "--count", "2", "--no-wait")
    names = re.findall(r"^many-\w+", promised.out, re.MULTILINE)
    [*_, advice] = promised.out.splitlines()
    assert run(*advice.removeprefix("Follow it with: clusterwright ").split()).code == 0
    going = run("node", "delete", cluster, names[0], "--no-wait")

    assert (promised.code, len(set(names))) == (0, 2)
    assert going.out.splitlines()[0] == f"Node {names[0]} is being deleted."


def test_every_option_of_a_node_reaches_it(run: CommandLine, cluster: str) -> None:
    options = {
        "--flavor": "c6.xlarge.4",
        "--zone": "cn-north-4b",
        "--os": "Ubuntu 22.04",
        "--ssh-key": "mine",
        "--root-volume": "50",
        "--data-volume": "120",
        "--volume-type": "SSD",
    }

    given = itertools.chain.from_iterable(options.items())
    spec = run("node", "create", cluster, "n", "--no-wait", "-o", "json", *given).document["spec"]

    assert (spec["flavor"], spec["az"], spec["os"]) == (
        "c6.xlarge.4",
        "cn-north-4b",
        "Ubuntu 22.04",
    )
    assert spec["login"] == {"sshKey": "mine"}
    assert spec["rootVolume"] == {"size": 50, "volumetype": "SSD"}
    assert spec["dataVolumes"] == [{"size": 120, "volumetype": "SSD"}]


def test_several_nodes_of_one_name_are_told_apart_by_their_ids(
    run: CommandLine, cluster: str
) -> None:
    for _ in range(2):
        assert run("node", "create", cluster, "twin", "-o", "json").code == 0

    ran = run("node", "delete", cluster, "twin")

    assert ran.code == 1
    assert re.search(
        r"Several are called twin\. Give the id of one node: \S{36}, \S{36}\.", ran.err
    )


def test_a_pool_is_created_scaled_shown_and_deleted_by_name(run: CommandLine, cluster: str) -> None:
    created = run("nodepool", "create", cluster, "workers", "--count", "1")
    grown = run("nodepool", "scale", cluster, "workers", "3", "-o", "json")
    same = run("nodepool", "scale", cluster, "workers", "3")
    shrunk = run("nodepool", "scale", cluster, "workers", "0")
    listed = run("nodepool", "list", cluster)
    deleted = run("nodepool", "delete", cluster, "workers")

    assert (created.code, created.err) == (0, "")
    assert re.search(r"^NODES +1/1 *$", created.out, re.MULTILINE)
    assert (grown.code, grown.document["status"]["activeNode"]) == (0, 3)
    assert (same.code, same.out) == (1, "")
    assert re.search(r"^✔ DeleteNode\w* +Success ", shrunk.out, re.MULTILINE)
    assert re.search(r"^workers +\S{36} +Ready +0/0 ", listed.out, re.MULTILINE)
    assert (deleted.code, deleted.out.splitlines()[-1]) == (0, "Node pool workers is deleted.")


def test_a_pool_whose_node_fails_gives_exit_code_1_and_the_reason(
    run: CommandLine, cluster: str
) -> None:
    fault = ("InstallNode", "--reason", "No route.", "--times", "1", "--cluster", cluster)
    assert run("fault", "add", *fault).code == 0

    ran = run("nodepool", "create", cluster, "broken", "--count", "1")

    assert ran.code == 1
    assert "No route." in ran.err
    assert re.search(
        r"^PHASE +Error *$", run("nodepool", "show", cluster, "broken").out, re.MULTILINE
    )


def test_an_addon_is_found_installed_shown_and_deleted(run: CommandLine, cluster: str) -> None:
    offered = run("addon", "templates")
    installed = run("addon", "install", cluster, "metrics-server", "--values", '{"basic": {}}')
    shown = run("addon", "show", cluster, "metrics-server", "-o", "yaml")
    deleted = run("addon", "delete", cluster, "metrics-server")

    assert re.search(r"^metrics-server +\S+, \S+ ", offered.out, re.MULTILINE)
    assert (installed.code, installed.err) == (0, "")
    assert re.search(r"^STATUS +running *$", installed.out, re.MULTILINE)
    assert yaml.safe_load(shown.out)["spec"]["values"] == {"basic": {}}
    assert (deleted.code, deleted.out.splitlines()[-1]) == (0, "Add-on metrics-server is deleted.")
    assert "metrics-server" not in run("addon", "list", cluster).out


def test_an_addon_that_fails_gives_exit_code_1_and_the_reason(
    run: CommandLine, cluster: str
) -> None:
    fault = ("DeployAddon", "--reason", "No image.", "--times", "1", "--cluster", cluster)
    assert run("fault", "add", *fault).code == 0

    ran = run("addon", "install", cluster, "npd", "-o", "json")

    assert (ran.code, ran.document["status"]["status"]) == (1, "installFailed")
    assert "No image." in ran.err


@pytest.mark.parametrize("values", ["[]", "{", "1"])
def test_values_that_are_no_object_are_a_wrong_call(nowhere: CommandLine, values: str) -> None:
    ran = nowhere("addon", "install", "demo", "npd", "--values", values)

    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("group", ["cluster", "node", "nodepool", "addon", "job", "webhook"])
def test_exit_codes_are_told_by_the_help(nowhere: CommandLine, group: str) -> None:
    assert "Exit codes: 0 done, 1 refused or failed" in nowhere(group, "--help").out


def test_a_narrow_terminal_leaves_columns_out_and_cuts_no_id(
    run: CommandLine, cluster: str
) -> None:
    ours, theirs = pty.openpty()
    sized(theirs, columns=80)
    environ = run.environ | {"TERM": "xterm"}

    with begun(environ, "addon", "list", cluster, stdout=theirs) as process:
        os.close(theirs)
        lines = plain(everything(ours)).splitlines()

        assert process.wait(timeout=LIMIT) == 0
    assert re.search(r"NAME +ID +STATUS +VERSION", lines[0])
    assert "CREATED" not in lines[0]
    assert len(lines) > 2
    assert max(map(len, lines)) <= 80
