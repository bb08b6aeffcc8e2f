"""A wrong setting ends in one plain sentence and exit code 2, and tells no secret."""

import os
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import typer

from clusterwright.cli.folder import configured
from clusterwright.settings import Settings
from tests.cli.command_line import CommandLine, Ran
from tests.schema import write_sqlite
from tests.server_process import ServerProcess

NOT_NUMBERS = ("many", "nan", "-1", "1e999", "0x10", "१")
WRONG: dict[str, tuple[str, ...]] = {
    "host": (" ", "two words", "no.such.host.invalid"),
    "port": (*NOT_NUMBERS, "65536"),
    "health_port": (*NOT_NUMBERS, "65536", "8900"),
    "kubernetes_port": (*NOT_NUMBERS, "65536", "8900"),
    "connections": (*NOT_NUMBERS, "0", "1000001"),
    "head_seconds": (*NOT_NUMBERS[:4], "0"),
    "body_seconds": (*NOT_NUMBERS[:4], "0"),
    "answer_seconds": (*NOT_NUMBERS[:4], "0"),
    "stop_grace_seconds": (*NOT_NUMBERS[:4], "0"),
    "database_connections": (*NOT_NUMBERS, "7", "1001"),
    "kept_jobs_mib": (*NOT_NUMBERS, "-1", "65537"),
    "temporary_keys": (*NOT_NUMBERS, "0"),
    "trust_networks": ("maybe", "2"),
    "trust_offers": ("maybe", "2"),
    "trust_proxy": ("maybe", "2"),
    "webhook_private_targets": ("maybe", "2"),
    "node_pool_quota": NOT_NUMBERS,
    "access_policy_quota": NOT_NUMBERS,
    "identity_trust_seconds": (*NOT_NUMBERS[:4], "1"),
    "data": ("/dev/null", "/dev/null/below", "/proc/nowhere"),
    "database": (
        "mysql://user:hidden-word@host/name",
        "postgresql://",
        "postgresql://user:hidden-word@host:port/name",
        "postgresql://user:hidden-word@[::1/name",
        "postgresql://user:hidden-word@host/name?sslmode=require",
        "postgresql:/host",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////nowhere/at/all/clusterwright.db",
        "hidden-word",
    ),
    "driver": ("none", "SIMULATED"),
    "nodes": ("none", "REAL"),
    "node_uplinks": ("maybe", "2"),
    "spares": (*NOT_NUMBERS, "51"),
    "pace": (*NOT_NUMBERS[:4], "1001"),
    "seed": ("many", "1.5", "9" * 30),
    "faults": ("/nowhere/faults.yaml", "/", "{malformed}", "{no list}", "{unknown field}"),
    "user_faults": ("maybe", "2"),
    "kubernetes_bin_dir": ("/dev/null", "/dev/null/below", "/" + "x" * 300),
    "kubernetes_release_url": ("dl.example.test", "ftp://host", "https://", "https://a b"),
    "etcd_release_url": ("etcd.example.test", "file:///tmp", "http://h?q=1", "https://u:p@h"),
    "region": ("two words", "a/b", "x" * 65),
    "public_url": ("cce.example.test", "ftp://host", "https://", "https://a b", "http://h?q=1"),
    "cluster_quota": (*NOT_NUMBERS[:4], "9" * 30),
    "chart_quota": NOT_NUMBERS,
    "chart_limit": (*NOT_NUMBERS, "65535", "20971521"),
    "job_retention_days": (*NOT_NUMBERS[:4], "0"),
    "token_lifetime_hours": (*NOT_NUMBERS[:4], "0"),
    "secret_key": ("hidden-word",),
    "job_concurrency": (*NOT_NUMBERS[:4], "0"),
    "body_limit": (*NOT_NUMBERS[:4], "9" * 30),
    "log_level": ("info", "LOUD"),
}
"""For each setting, values that it does not take. Words in braces are files that the test makes."""
FILES = {
    "{malformed}": "- step: [InstallMaster\n  word",
    "{no list}": "step: InstallMaster",
    "{unknown field}": "- stepp: InstallMaster",
}
AT_THE_START = {
    "host": ("no.such.host.invalid",),
    "data": WRONG["data"],
    "faults": WRONG["faults"],
    "database": ("sqlite:////nowhere/at/all/clusterwright.db",),
}
"""Those that only a start can tell, which takes a process each."""


def assert_refused(ran: Ran, name: str) -> None:
    """Make sure that a command ended as promised."""
    assert ran.code == 2, ran.err
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1, ran.err
    assert f"CLUSTERWRIGHT_{name.upper()}" in ran.err
    assert ran.err.endswith(".\n")
    assert "hidden-word" not in ran.err
    assert "Traceback" not in ran.err


def test_every_setting_has_wrong_values() -> None:
    assert WRONG.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_refused_before_anything_begins(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for value in WRONG[name]:
        if value in AT_THE_START.get(name, ()):
            continue
        monkeypatch.setenv(f"CLUSTERWRIGHT_{name.upper()}", value)

        with pytest.raises(typer.Exit) as left:
            configured({})

        told = capsys.readouterr()
        assert_refused(Ran(left.value.exit_code, told.out, told.err), name)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in AT_THE_START.items() for value in values]
)
def test_a_setting_that_the_start_finds_wrong_is_refused(
    tmp_path: Path, name: str, value: str
) -> None:
    if value in FILES:
        file = tmp_path / "faults.yaml"
        file.write_text(FILES[value])
        value = str(file)
    variables = {"CLUSTERWRIGHT_PORT": "0", f"CLUSTERWRIGHT_{name.upper()}": value}

    ran = CommandLine(tmp_path, variables)("serve")

    assert_refused(ran, "data" if name == "database" else name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o500)

    ran = CommandLine(tmp_path, {"CLUSTERWRIGHT_DATA": str(folder)})("serve", "--port", "0")

    assert_refused(ran, "data")


@pytest.mark.parametrize("command", [["serve"], ["admin"], ["fault", "list"]])
@pytest.mark.parametrize(
    "url", ["postgresql://u:hidden-word@h/n", "postgresql://h/?password=hidden-word"]
)
def test_a_password_among_the_arguments_is_refused(
    nowhere: CommandLine, command: list[str], url: str
) -> None:
    rest = ["user", "list"] if command == ["admin"] else []

    ran = nowhere(*command, "--database", url, *rest)

    assert_refused(ran, "database")


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"CLUSTERWRIGHT_{name.upper()}", "")

    assert Settings() == Settings.model_construct()


def test_a_wrong_address_is_blamed_on_the_option_too(nowhere: CommandLine) -> None:
    ran = nowhere("serve", "--host", "no.such.host.invalid", "--port", "0")

    assert ran.code == 2
    assert ran.err.startswith("--host or CLUSTERWRIGHT_HOST, --port or CLUSTERWRIGHT_PORT: Cannot")


def test_a_port_in_use_is_no_wrong_setting(nowhere: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: Any = taken.getsockname()[1]

        ran = nowhere("serve", "--port", str(port))

    assert ran.code == 1
    assert ran.err == (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use."
        " Choose another --host or --port.\n"
    )


def test_a_database_of_a_newer_release_is_told_in_one_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_sqlite(data / "clusterwright.db")
    with sqlite3.connect(data / "clusterwright.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    ran = CommandLine(tmp_path, {"CLUSTERWRIGHT_DATA": str(data)})("serve", "--port", "0")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "The database was written by a newer release: run that one, or restore a backup.\n"
    )


def test_a_variable_that_is_no_setting_is_warned_of(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", pcae=8).start()

    server.stop()

    told = [line for line in server.log.read_text().splitlines() if "no setting" in line]
    assert any(line.endswith("variable=CLUSTERWRIGHT_PCAE") for line in told)


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({"host": "0.0.0.0"}, True),
        ({"host": "0.0.0.0", "public_url": "https://cce.example.test"}, False),
        ({"host": "localhost"}, False),
    ],
    ids=["open", "open with a URL", "by name"],
)
def test_a_server_for_others_without_a_url_of_its_own_warns(
    tmp_path: Path, settings: dict[str, Any], warned: bool
) -> None:
    server = ServerProcess(tmp_path / "data", **settings).start()

    server.stop()

    assert ("set CLUSTERWRIGHT_PUBLIC_URL" in server.log.read_text()) is warned
