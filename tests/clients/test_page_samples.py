"""The sample program of the ShowJob page runs against this server as published."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.clients.client_programs import PYTHON, LiveServer, surroundings
from tests.clients.cluster_walk import UNKNOWN, create

pytestmark = pytest.mark.clients

SAMPLE = Path(__file__).parent / "programs" / "show_job_page.py"


def filled(server: LiveServer, *, job_id: str) -> dict[str, str]:
    """What a reader writes in place of the sample's words in angle brackets."""
    return {
        "<YOUR AK>": server.credentials["access_key"],
        "<YOUR SK>": server.credentials["secret_key"],
        "<project_id>": server.credentials["project_id"],
        "<job_id>": job_id,
    }


def run(
    values: Mapping[str, str], server: LiveServer, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run the sample with the values filled in; its code stays as published."""
    text = SAMPLE.read_text()
    for word, value in values.items():
        assert word in text
        text = text.replace(word, value)
    program = folder / SAMPLE.name
    program.write_text(text)
    return subprocess.run(
        [sys.executable, program],
        env=surroundings(server.environ, folder),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_sample_prints_the_job(live_server: LiveServer, tmp_path: Path) -> None:
    with PYTHON.running(live_server.environ, tmp_path) as program:
        cluster = create(program)
    job_id = cluster.answer.body["status"]["jobID"]

    ran = run(filled(live_server, job_id=job_id), live_server, tmp_path)

    assert (ran.returncode, ran.stderr) == (0, "")
    job = json.loads(ran.stdout)
    assert (job["kind"], job["metadata"]["uid"]) == ("Job", job_id)
    assert job["spec"]["type"] == "CreateCluster"
    assert job["status"]["phase"] == "Success"


def test_the_sample_prints_four_lines_for_an_unknown_job(
    live_server: LiveServer, tmp_path: Path
) -> None:
    ran = run(filled(live_server, job_id=UNKNOWN), live_server, tmp_path)

    assert (ran.returncode, ran.stderr) == (0, "")
    status, request_id, code, message = ran.stdout.splitlines()
    assert (status, code) == ("404", "CCE_CM.0003")
    assert request_id != "None"
    assert message != "None"


@pytest.mark.parametrize("word", ["<YOUR AK>", "<YOUR SK>"])
def test_the_sample_prints_401_when_a_key_is_not_filled_in(
    live_server: LiveServer, tmp_path: Path, word: str
) -> None:
    values = filled(live_server, job_id=UNKNOWN)
    del values[word]

    ran = run(values, live_server, tmp_path)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[0] == "401"
