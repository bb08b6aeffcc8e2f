"""The command line as a whole: help, completion, version, and what it does not load."""

import json

import pytest

from clusterwright.cli import admin, fault
from tests.cli.command_line import CommandLine

COMMANDS = ("serve", "env", "demo", "version", "cluster", "job", "fault", "admin")
HEAVY = ("dbos", "fastapi", "granian", "huaweicloudsdkcce", "requests", "sqlalchemy")


@pytest.mark.parametrize(
    "asked", ["-h", "--help", "cluster create -h", "job wait --help", "admin user add -h"]
)
def test_help_is_asked_for_in_either_way(nowhere: CommandLine, asked: str) -> None:
    *path, _ = asked.split()

    ran = nowhere(*asked.split())

    assert (ran.code, ran.err) == (0, "")
    assert " ".join(["Usage: clusterwright", *path]) in ran.out


def test_the_first_help_names_every_command(nowhere: CommandLine) -> None:
    ran = nowhere("-h")

    assert [name for name in COMMANDS if f"│ {name} " not in ran.out] == []


@pytest.mark.parametrize(("name", "module"), [("fault", fault), ("admin", admin)])
def test_a_deferred_group_tells_its_help_before_it_is_loaded(
    nowhere: CommandLine, name: str, module: object
) -> None:
    own_help = module.app.info.help  # type: ignore[attr-defined]

    assert own_help in nowhere("-h").out
    assert own_help in nowhere(name, "-h").out


def test_help_loads_nothing_heavy(nowhere: CommandLine) -> None:
    loaded = nowhere.program(
        "-c", "import sys, json, clusterwright.cli; print(json.dumps(list(sys.modules)))"
    ).document

    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("clusterwright ", COMMANDS),
        ("clusterwright cluster ", ("create", "delete", "list", "show")),
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
