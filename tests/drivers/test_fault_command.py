"""``clusterwright fault`` works on the database of a running server."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clusterwright.cli.fault import KnownSteps, app


@pytest.fixture
def run(database_url: str) -> "Runner":
    return Runner(database_url)


class Runner:
    """The command line, pointed at one database."""

    def __init__(self, url: str) -> None:
        self._environment = {"CLUSTERWRIGHT_DATABASE": url}

    def __call__(self, *arguments: str, steps: KnownSteps | None = None) -> Result:
        return CliRunner().invoke(app, arguments, env=self._environment, obj=steps)


def test_an_added_fault_is_listed_until_it_is_cleared(run: Runner) -> None:
    added = run("add", "InstallMaster", "--reason", "No servers.", "--times", "2", "-o", "json")
    fault_id = json.loads(added.output)["id"]

    listed = json.loads(run("list", "-o", "json").output)
    cleared = run("clear", str(fault_id))

    assert listed == [
        {
            "id": fault_id,
            "step": "InstallMaster",
            "reason": "No servers.",
            "remaining": 2,
            "kind": "error",
            "cluster": None,
            "project": None,
            "class": "provider",
        }
    ]
    assert cleared.exit_code == 0
    assert "There are no faults." in run("list").output


def test_a_fault_can_be_somebodys(run: Runner) -> None:
    run("add", "InstallMaster", "--class", "quota")
    refused = run("add", "InstallMaster", "--class", "nobody")

    [listed] = json.loads(run("list", "-o", "json").output)

    assert listed["class"] == "quota"
    assert refused.exit_code == 2


def test_the_list_is_a_table_for_people(run: Runner) -> None:
    run("add", "InstallNode", "--kind", "unavailable", "--cluster", "demo", "--reason", "[red]")

    output = run("list").output

    for word in ("STEP", "InstallNode", "unavailable", "demo", "[red]"):
        assert word in output


def test_all_faults_can_be_cleared_at_once(run: Runner) -> None:
    run("add", "InstallMaster")
    run("add", "InstallNode")

    assert json.loads(run("clear", "--all", "-o", "json").output) == {"cleared": 2}


def test_clearing_an_unknown_fault_says_so(run: Runner) -> None:
    result = run("clear", "77")

    assert result.exit_code == 1
    assert "There is no fault 77" in result.stderr


@pytest.mark.parametrize(
    "arguments", [("clear",), ("clear", "1", "--all"), ("add", "A", "--times", "0")]
)
def test_a_wrong_call_is_refused(run: Runner, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_an_unknown_step_is_armed_with_a_warning(run: Runner) -> None:
    steps = KnownSteps({"InstallMaster", "InstallNode"})

    known = run("add", "InstallNode", steps=steps)
    unknown = run("add", "InstalNode", steps=steps)

    assert known.stderr == ""
    assert "InstallMaster, InstallNode" in unknown.stderr
    assert unknown.exit_code == 0


def test_a_folder_without_a_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["list", "--data", str(tmp_path)])

    assert result.exit_code == 1
    assert "Start the server first" in result.stderr
    assert not list(tmp_path.iterdir())
