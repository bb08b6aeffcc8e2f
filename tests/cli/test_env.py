"""``clusterwright env`` tells other programs of a running server."""

import json
import os
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from clusterwright.cli.folder import variables
from tests.cli.command_line import CommandLine
from tests.server_process import ServerProcess

DUMP = 'eval "$EXPORTS" && env -0'


def evaluated(exports: str) -> dict[str, str]:
    """The environment of a real shell that has evaluated the exports."""
    done = subprocess.run(
        ["sh", "-c", DUMP],
        env={"EXPORTS": exports, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
    ours = ("CLUSTERWRIGHT_", "HUAWEI", "HW_", "OS_")
    return {name: value for name, value in pairs if name.startswith(ours)}


def test_a_shell_that_evaluates_the_exports_has_what_the_json_says(run: CommandLine) -> None:
    exports = run("env")

    found = evaluated(exports.out)

    assert (exports.code, exports.err) == (0, "")
    assert found == run("env", "--format", "json").document


def test_the_variables_lead_the_sdk_to_the_real_port(
    run: CommandLine, live_server: ServerProcess
) -> None:
    found = run("env", "--data", str(live_server.data), "--format", "json").document

    account = live_server.credentials
    assert found["HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4"] == live_server.endpoint
    assert found["HUAWEICLOUD_SDK_IAM_ENDPOINT"] == live_server.endpoint
    assert found["HUAWEICLOUD_SDK_AK"] == found["HW_ACCESS_KEY"] == account["access_key"]
    assert found["HUAWEICLOUD_SDK_SK"] == found["OS_SECRET_KEY"] == account["secret_key"]
    assert found["HUAWEICLOUD_SDK_PROJECT_ID"] == account["project_id"]
    assert found["HUAWEICLOUD_SDK_DOMAIN_ID"] == account["domain_id"]
    assert found["HW_DOMAIN_NAME"] == account["domain_name"]
    assert "HW_DOMAIN_ID" not in found  # with a token the provider wants exactly one of the two
    assert found["HW_USER_PASSWORD"] == found["OS_PASSWORD"] == account["password"]
    assert found["OS_AUTH_URL"] == f"{live_server.endpoint}/v3"


def test_a_shell_with_the_exports_changes_the_database_of_the_server_it_asks(
    nowhere: CommandLine, live_server: ServerProcess
) -> None:
    exports = evaluated(nowhere("env", "--data", str(live_server.data)).out)
    shell = CommandLine(nowhere.home, exports)

    listed = shell("admin", "project", "list", "-o", "json").document

    assert exports["HUAWEICLOUD_SDK_PROJECT_ID"] in {project["id"] for project in listed}


def test_the_exported_folder_is_the_same_one_wherever_the_shell_goes(
    nowhere: CommandLine, strange: Path
) -> None:
    here = CommandLine(strange.parent, nowhere.variables)

    exports = evaluated(here("env", "--data", strange.name).out)

    assert exports["CLUSTERWRIGHT_DATA"] == str(strange)


def test_the_terraform_block_sends_every_service_to_the_server(
    run: CommandLine, live_server: ServerProcess
) -> None:
    block = run("env", "--format", "terraform").out

    assert block.startswith('provider "huaweicloud" {')
    assert f'auth_url   = "{live_server.endpoint}/v3"' in block
    assert "skip_check_website_type = true" in block
    assert "skip_check_upgrade      = true" in block
    services = ("cce", "iam", "ecs", "aom", "vpc", "eps", "bss", "kms", "dns", "evs")
    for service in services:
        assert f'    {service} = "{live_server.endpoint}"' in block


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A data folder in another region, whose account has characters that shells read as code."""
    fields = ("domain_name", "user_name", "project_name", "domain_id", "project_id", "access_key")
    account = dict.fromkeys(fields, "plain")
    account |= {"password": 'it\'s $(HOME) "${x}" %{y}', "secret_key": "a b", "region": "eu-x1"}
    (tmp_path / "credentials.json").write_text(json.dumps(account))
    (tmp_path / "server.json").write_text('{"endpoint": "http://127.0.0.1:1", "pid": 1}')
    return tmp_path


def test_no_value_is_read_as_code(nowhere: CommandLine, strange: Path) -> None:
    found = evaluated(nowhere("env", "--data", str(strange)).out)
    block = nowhere("env", "--data", str(strange), "--format", "terraform").out

    assert found == variables(strange)
    assert r'''= "it's $(HOME) \"$${x}\" %%{y}"''' in block


def test_another_region_has_its_endpoint_beside_the_one_of_the_samples(strange: Path) -> None:
    found = variables(strange)

    assert found["HUAWEICLOUD_SDK_REGION_CCE_EU_X1"] == "http://127.0.0.1:1"
    assert found["HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4"] == "http://127.0.0.1:1"


def test_a_folder_without_a_server_says_what_to_do(nowhere: CommandLine) -> None:
    ran = nowhere("env", "--data", "empty")

    assert (ran.code, ran.out) == (1, "")
    assert "There is no server.json in empty" in ran.err
    assert "clusterwright serve" in ran.err


def test_a_server_that_was_stopped_is_told_from_a_folder_without_one(
    nowhere: CommandLine, strange: Path
) -> None:
    (strange / "server.json").unlink()

    ran = nowhere("env", "--data", str(strange))

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"Error: The server of {strange} is stopped."
        f" Start it with: clusterwright serve --data {strange}\n"
    )


def test_a_damaged_file_is_named(nowhere: CommandLine, strange: Path) -> None:
    (strange / "server.json").write_text("{")

    ran = nowhere("env", "--data", str(strange))

    assert ran.code == 1
    assert f"{strange / 'server.json'} cannot be read" in ran.err


AS_A_STRANGER = """
import os, sys
from importlib import import_module
import clusterwright.settings
app = import_module(f"clusterwright.cli.{sys.argv[1]}").app
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
app(sys.argv[2:])
"""


@pytest.mark.parametrize("mode", [0o700, 0o711], ids=oct)
@pytest.mark.parametrize("words", ["env", "fault list", "admin user list", "logs demo"])
def test_a_folder_of_somebody_else_is_told_with_its_owner(
    nowhere: CommandLine, words: str, mode: int
) -> None:
    with TemporaryDirectory() as made:
        data = Path(made) / "data"
        (data / "local").mkdir(parents=True)
        (data / "local").chmod(mode & 0o700)
        for name in ("server.json", "clusterwright.db"):
            (data / name).touch(mode & 0o600)
        data.parent.chmod(0o755)
        data.chmod(mode if os.geteuid() == 0 else mode & 0o077)
        here = CommandLine(nowhere.home, {"CLUSTERWRIGHT_DATA": str(data)})

        ran = here.program("-c", AS_A_STRANGER, *words.split())

        owner = data.owner()
        data.chmod(0o700)
    assert (ran.code, ran.out) == (1, "")
    assert len(ran.err.splitlines()) == 1
    assert re.fullmatch(
        rf"Error: {data}\S* belongs to {owner}, and this user may not read it."
        rf" Run the command as {owner}, or name another data folder with --data.\n",
        ran.err,
    )
