"""``admin`` and ``fault`` open the server's database in one way and print like everything else."""

import json
import os
import re
import stat
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from clusterwright.cli import rows
from clusterwright.cli.folder import without_password
from clusterwright.settings import Settings
from clusterwright.storage.database import Tx
from clusterwright.storage.migrations import migrate
from tests.cli.command_line import LIMIT, CommandLine, Ran, begun
from tests.cli.terminal import everything, plain, sized
from tests.server_process import ServerProcess

KINDS = ("domain", "project", "user", "key")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder with an empty database, and no server."""
    settings = Settings(data=tmp_path)
    migrate(make_url(settings.database_url))
    return settings


@pytest.fixture
def alone(settings: Settings, nowhere: CommandLine) -> CommandLine:
    """A command line that knows that folder."""
    return CommandLine(nowhere.home, {"CLUSTERWRIGHT_DATA": str(settings.data)})


def both(run: CommandLine, *words: str) -> tuple[object, object]:
    """What a command tells in JSON, and what it tells in YAML."""
    return run(*words, "-o", "json").document, yaml.safe_load(run(*words, "-o", "yaml").out)


def first_account(run: CommandLine) -> None:
    """A domain with one of everything."""
    assert run("admin", "domain", "add", "acme").code == 0
    assert run("admin", "project", "add", "p1", "--domain", "acme").code == 0
    assert run("admin", "user", "add", "alice", "--domain", "acme").code == 0
    assert run("admin", "key", "add", "alice").code == 0


def test_files_that_are_made_on_the_way_are_nobody_elses(settings: Settings) -> None:
    made = settings.data / "made"
    before = os.umask(0o022)

    async def work(tx: Tx) -> None:
        made.touch()

    rows.transact(settings, work)

    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert os.umask(before) == 0o022


def test_yaml_says_what_json_says(alone: CommandLine) -> None:
    first_account(alone)
    armed = both(alone, "fault", "add", "InstallMaster", "--reason", "No servers.")
    lists = [both(alone, "admin", kind, "list") for kind in KINDS]

    faults = both(alone, "fault", "list")

    assert armed == ({"id": 1}, {"id": 2})
    assert [in_json for in_json, _ in lists] == [in_yaml for _, in_yaml in lists]
    assert faults[0] == faults[1]
    assert both(alone, "fault", "clear", "--all") == ({"cleared": 2}, {"cleared": 0})


def test_what_is_empty_is_said_in_a_sentence_and_is_an_empty_list_for_programs(
    alone: CommandLine,
) -> None:
    for kind in KINDS:
        told = alone("admin", kind, "list")

        assert (told.code, told.out) == (0, f"There are no {kind}s.\n")
        assert alone("admin", kind, "list", "-o", "json").document == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_record_is_disabled_and_enabled(alone: CommandLine, kind: str) -> None:
    first_account(alone)
    [record] = alone("admin", kind, "list", "-o", "json").document
    wanted = record["access_key" if kind == "key" else "id"]

    def enabled() -> bool:
        [found] = alone("admin", kind, "list", "-o", "json").document
        return bool(found["enabled"])

    seen = [enabled()]
    for verb in ("disable", "enable"):
        ran: Ran = alone("admin", kind, verb, wanted)
        assert (ran.out, ran.err) == ("", f"{wanted} is {verb}d.\n")
        seen.append(enabled())

    assert seen == [True, False, True]


def test_people_read_a_new_record_line_by_line_and_several_as_a_table(alone: CommandLine) -> None:
    first_account(alone)

    added = alone("admin", "key", "add", "alice").out
    listed = alone("admin", "user", "list").out

    assert re.search(r"^SECRET KEY +\S{40} *$", added, re.MULTILINE)
    assert re.search(r"^ENABLED +yes *$", added, re.MULTILINE)
    assert re.search(r"^ID +NAME +ENABLED +ADMINISTRATOR +DOMAIN ID\n\w{32} +alice +yes ", listed)


def test_what_env_goes_on_to_tell_wrongly_is_warned_of(alone: CommandLine) -> None:
    first_account(alone)
    [user] = alone("admin", "user", "list", "-o", "json").document
    [key] = alone("admin", "key", "list", "-o", "json").document
    told = {"user_name": user["name"], "user_id": user["id"], "access_key": key["access_key"]}
    Path(alone.variables["CLUSTERWRIGHT_DATA"], "credentials.json").write_text(json.dumps(told))
    assert alone("admin", "user", "add", "bob", "--domain", "acme").err == ""

    password = alone("admin", "user", "password", "alice").err
    disabled = alone("admin", "key", "disable", key["access_key"]).err
    others = [alone("admin", "user", "password", "bob"), alone("admin", "user", "disable", "bob")]

    for err, changed in ((password, "alice"), (disabled, key["access_key"])):
        assert f"Warning: {changed} is of the first account, which `clusterwright env`" in err
    assert "Warning" not in others[0].err + others[1].err


@pytest.mark.parametrize("kind", ["user", "project", "key"])
def test_a_list_on_a_narrow_terminal_breaks_no_id(alone: CommandLine, kind: str) -> None:
    first_account(alone)
    ours, theirs = os.openpty()
    sized(theirs, columns=80)

    with begun(alone.environ, "admin", kind, "list", stdout=theirs) as process:
        os.close(theirs)
        shown = plain(everything(ours))
        assert process.wait(timeout=LIMIT) == 0

    assert len(shown.splitlines()) == 2
    assert shown.splitlines()[1].split()[0] in alone("admin", kind, "list", "-o", "json").out


def test_lines_in_a_pipe_have_no_blanks_at_their_ends(alone: CommandLine) -> None:
    first_account(alone)

    printed = alone("admin", "user", "list").out + alone("admin", "domain", "add", "other").out

    assert [line for line in printed.splitlines() if line != line.rstrip()] == []


def test_a_secret_is_whole_on_a_narrow_terminal(alone: CommandLine) -> None:
    first_account(alone)
    program = (
        "import sys; from rich.console import Console; from clusterwright.cli import output;"
        "output.console = lambda: Console(width=30);"
        "output.print_record({'secret_key': 'x' * 40}, output.Output.TABLE)"
    )

    told = alone.program("-c", program).out

    assert told.count("x") == 40


@pytest.mark.parametrize("words", [("admin", "user", "list"), ("fault", "list")])
def test_a_folder_without_a_database_is_told_in_one_line(
    nowhere: CommandLine, words: tuple[str, ...]
) -> None:
    ran = nowhere(*words, "-o", "json")

    assert (ran.code, ran.out) == (1, "")
    assert re.fullmatch(r"Error: There is no database at .*\. Start the server first\.\n", ran.err)


def test_a_user_is_promoted_and_demoted_and_the_first_one_is_an_administrator(
    alone: CommandLine,
) -> None:
    first_account(alone)
    [first] = alone("admin", "user", "list", "-o", "json").document

    def administrators() -> list[str]:
        listed = alone("admin", "user", "list", "-o", "json").document
        return sorted(user["name"] for user in listed if user["administrator"])

    assert alone("admin", "user", "add", "second", "--domain", first["domain_id"]).code == 0
    seen = [administrators()]
    for verb in ("promote", "demote"):
        assert alone("admin", "user", verb, "second").code == 0
        seen.append(administrators())

    assert seen == [[first["name"]], sorted([first["name"], "second"]), [first["name"]]]


def test_a_server_with_another_database_is_not_answered_from_the_file_in_its_folder(
    alone: CommandLine, settings: Settings, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere" / "other.db"
    other.parent.mkdir()
    server = ServerProcess(settings.data, database=f"sqlite:///{other}", cold=True)
    try:
        server.start()
        assert alone("fault", "add", "InstallMaster").code == 0
        armed = alone("fault", "list", "-o", "json").document
        users = alone("admin", "user", "list", "-o", "json").document
    finally:
        server.stop()

    assert ([fault["step"] for fault in armed], other.exists()) == (["InstallMaster"], True)
    assert alone("fault", "list", "-o", "json").document == []  # in the folder's own database
    assert [user["name"] for user in users] == [server.credentials["user_name"]]


def test_a_fault_without_a_server_is_told_to_wait_for_one(
    alone: CommandLine, settings: Settings
) -> None:
    first_account(alone)

    idle = alone("fault", "add", "InstallMaster")
    (settings.data / "server.json").write_text("{}")
    served = alone("fault", "add", "InstallMaster")

    told = f"No server runs on {settings.data}: the fault waits for one that does.\n"
    assert (idle.out, idle.err) == ("Armed fault 1: InstallMaster fails 1 time.\n", told)
    assert (served.out, served.err) == ("Armed fault 2: InstallMaster fails 1 time.\n", "")


def test_a_database_that_refuses_is_told_with_the_server_that_uses_it(
    alone: CommandLine, settings: Settings
) -> None:
    used = "postgresql://someone@127.0.0.1:1/clusterwright"
    (settings.data / "server.json").write_text(json.dumps({"database": used}))

    ran = alone("fault", "list")

    assert (ran.code, ran.out) == (1, "")
    assert f"The server of {settings.data} uses {used}: tell its URL" in ran.err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("postgresql://user:hidden-word@host:5432/name", "postgresql://user@host:5432/name"),
        ("postgresql://user@host/name", "postgresql://user@host/name"),
        ("postgresql:///name?host=/run", "postgresql:///name?host=/run"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
        ("sqlite:///b.db", "sqlite:///b.db"),
    ],
)
def test_a_server_notes_its_database_without_the_password(given: str, told: str) -> None:
    assert without_password(given) == told
