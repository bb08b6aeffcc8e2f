"""The command line as a whole: help, completion, version, and what it does not load."""

import json
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from typer.main import get_command

from clusterwright import __version__
from clusterwright.cli import COMMANDS
from tests.cli.command_line import LIMIT, CommandLine, begun

CLIENTS = (
    "env",
    "demo",
    "version",
    "cluster",
    "node",
    "nodepool",
    "addon",
    "job",
    "webhook",
    "kubernetes",
)
NAMES = ("serve", *CLIENTS, "fault", "admin")
SUBMODULES = [f"clusterwright.cli.{name}" for name in NAMES]
SERVER = ("dbos", "fastapi", "granian", "sqlalchemy")
HEAVY = (*SERVER, "huaweicloudsdkcce", "requests")


@pytest.mark.parametrize(
    "asked", ["-h", "--help", "cluster create -h", "job wait --help", "admin user add -h"]
)
def test_help_is_asked_for_in_either_way(nowhere: CommandLine, asked: str) -> None:
    *path, _ = asked.split()

    ran = nowhere(*asked.split())

    assert (ran.code, ran.err) == (0, "")
    assert " ".join(["Usage: clusterwright", *path]) in ran.out


def test_the_version_is_asked_for_as_that_of_other_programs(nowhere: CommandLine) -> None:
    ran = nowhere("--version")

    assert (ran.code, ran.out, ran.err) == (0, f"clusterwright {__version__}\n", "")


def test_what_cannot_be_printed_is_told_in_one_line(nowhere: CommandLine) -> None:
    with Path("/dev/full").open("w") as full:
        how = {"stdout": full, "stderr": subprocess.PIPE, "cwd": nowhere.home}
        for words in (("version",), ("version", "-o", "json"), ("-h",)):
            with begun(nowhere.environ, *words, **how) as process:
                told = process.communicate(timeout=LIMIT)[1]

            assert process.returncode == 1
            assert told == (
                "Error: There is no space left for what is printed: No space left on device.\n"
            )


def test_help_tells_what_can_be_chosen_and_brackets_once(nowhere: CommandLine) -> None:
    told = nowhere("serve", "-h").out

    assert "simulated|local" in told
    assert "simulated|real" in told
    for words in ("fault clear", "cluster logs"):
        assert "[[" not in nowhere(*words.split(), "-h").out


def test_the_first_help_names_every_command(nowhere: CommandLine) -> None:
    ran = nowhere("-h")

    assert [name for name in NAMES if f"│ {name} " not in ran.out] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_told_by_the_first_help_as_by_its_own(name: str) -> None:
    module = import_module(f"clusterwright.cli.{name}")

    assert get_command(module.app).help == COMMANDS[name]


@pytest.mark.parametrize("name", NAMES)
def test_only_the_first_help_offers_completion(nowhere: CommandLine, name: str) -> None:
    assert "completion" in nowhere("-h").out
    assert "completion" not in nowhere(name, "-h").out


def test_the_first_help_loads_no_command(nowhere: CommandLine) -> None:
    loaded = modules_after(nowhere, "import clusterwright.cli")

    assert [name for name in (*HEAVY, *SUBMODULES) if name in loaded] == []


def test_clients_load_no_server_and_no_sdk_before_they_need_it(nowhere: CommandLine) -> None:
    loaded = modules_after(
        nowhere, "import " + ", ".join(f"clusterwright.cli.{name}" for name in CLIENTS)
    )

    assert [name for name in HEAVY if name in loaded] == []


def test_a_client_at_work_loads_no_server(run: CommandLine) -> None:
    call = "from clusterwright.cli import cluster; cluster.list_clusters()"

    loaded = modules_after(run, call)

    assert [name for name in (*SERVER, "clusterwright.app") if name in loaded] == []
    assert "huaweicloudsdkcce" in loaded


def modules_after(run: CommandLine, program: str) -> list[str]:
    """What is loaded when a program has run."""
    ran = run.program("-c", f"{program}; import sys, json; print(json.dumps(list(sys.modules)))")
    loaded: list[str] = json.loads(ran.out.splitlines()[-1])
    return loaded


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("clusterwright ", NAMES),
        (
            "clusterwright cluster ",
            (
                *("awake", "create", "delete", "hibernate", "kubeconfig", "list", "logs"),
                *("restore", "show", "snapshot"),
            ),
        ),
        ("clusterwright fault ", ("add", "clear", "list")),
    ],
)
def test_a_shell_completes_commands(
    nowhere: CommandLine, words: str, expected: tuple[str, ...]
) -> None:
    asked = {
        "_CLUSTERWRIGHT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split())),
    }

    ran = CommandLine(nowhere.home, asked)()

    assert sorted(ran.out.split()) == sorted(expected)


def test_the_versions_are_told_to_programs(nowhere: CommandLine) -> None:
    found = nowhere("version", "-o", "json").document

    assert {"clusterwright", "python", "dbos", "huaweicloudsdkcce"} <= set(found)


def test_a_fault_of_an_unknown_step_gives_a_warning_with_the_known_ones(run: CommandLine) -> None:
    ran = run("fault", "add", "Nonsense", "-o", "json")
    run("fault", "clear", str(json.loads(ran.out)["id"]))

    assert ran.code == 0
    assert "no job has a step Nonsense" in ran.err
    assert "InstallMaster" in ran.err
