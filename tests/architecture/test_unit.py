"""The systemd unit fits the server that it starts, and systemd understands it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from clusterwright.settings import Settings

UNIT = Path(__file__).parents[2] / "deploy" / "clusterwright.service"
PROGRAM = "/opt/clusterwright/bin/clusterwright"
_LINE = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
    "CapabilityBoundingSet": "",
}


def options() -> dict[str, list[str]]:
    """Each option of the unit with its values."""
    found: dict[str, list[str]] = {}
    for name, value in _LINE.findall(UNIT.read_text()):
        found.setdefault(name, []).append(value)
    return found


def test_the_unit_is_hardened() -> None:
    unit = options()

    assert {name: unit[name] for name in HARDENED} == {n: [v] for n, v in HARDENED.items()}


def test_the_unit_waits_longer_than_a_stop_takes_and_has_files_for_every_connection() -> None:
    unit = options()

    assert unit["KillSignal"] == ["SIGTERM"]
    assert float(unit["TimeoutStopSec"][0]) > Settings().stop_grace_seconds + 5
    assert int(unit["LimitNOFILE"][0]) >= 2 * Settings().connections


def test_the_unit_keeps_the_data_where_systemd_makes_the_folder() -> None:
    unit = options()

    assert f"CLUSTERWRIGHT_DATA=/var/lib/{unit['StateDirectory'][0]}" in unit["Environment"]
    assert unit["ExecStart"] == [f"{PROGRAM} serve"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_every_option(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace(PROGRAM, shutil.which("true") or PROGRAM))

    verified = subprocess.run(
        ["systemd-analyze", "verify", str(copy)],
        env=os.environ | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert (verified.returncode, verified.stderr) == (0, "")
