"""``clusterwright job`` beyond the official routes: history, watching, causes, cancel, resume."""

import itertools
import json
import os
import pty
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.cli.command_line import LIMIT, Begun, CommandLine, begun
from tests.cli.terminal import everything, plain, sized, until_shown
from tests.kit import holding, until
from tests.server_process import ServerProcess

pytestmark = pytest.mark.clients

NUMBERS = itertools.count()
UNKNOWN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def name() -> str:
    """A name that no other cluster has."""
    return f"jobs-{os.getpid()}-{next(NUMBERS)}"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that may be killed, and whose jobs may be held."""
    server = ServerProcess(tmp_path_factory.mktemp("own") / "data", pace=8).start()
    yield server
    server.stop()


@dataclass
class Held:
    """A job that stands at InstallMaster until it is let go: anybody has time to look at it."""

    run: CommandLine
    uid: str

    def watched(self, verb: str, *options: str, **how: Any) -> Begun:
        """A command that follows the job."""
        return begun(self.run.environ, "job", verb, self.uid, *options, **how)

    def let_go(self) -> None:
        """Let the job come to its end."""
        assert self.run("fault", "clear", "--all").code == 0


@pytest.fixture
def held(own: ServerProcess, name: str) -> Iterator[Held]:
    """A creation that is held."""
    run = CommandLine(own.data.parent, {"CLUSTERWRIGHT_DATA": str(own.data)})
    assert run(*holding("InstallMaster", name)).code == 0
    created = run("cluster", "create", name, "--no-wait", "-o", "json")
    job = Held(run, created.document["status"]["jobID"])
    yield job
    job.let_go()


def failed(run: CommandLine, name: str, *options: str) -> Any:
    """The official document of a creation that failed, with its cluster left as it is."""
    fault = ("InstallMaster", "--reason", "No servers.", "--times", "1", "--cluster", name)
    assert run("fault", "add", *fault, *options).code == 0
    ran = run("cluster", "create", name, "-o", "json")
    assert ran.code == 1
    return ran.document


def test_the_history_lists_the_newest_first_and_knows_filters(run: CommandLine, name: str) -> None:
    uid = failed(run, name)["metadata"]["uid"]
    assert run("cluster", "delete", name).code == 0

    def listed(*filters: str) -> list[str]:
        ran = run("job", "list", "--cluster", cluster, "-o", "json", *filters)
        return [job["type"] for job in ran.document["jobs"]]

    [first] = run("job", "list", "--limit", "1", "-o", "json").document["jobs"]
    cluster = first["clusterUID"]

    assert listed() == ["DeleteCluster", "CreateCluster"]
    assert listed("--phase", "Failed") == ["CreateCluster"]
    assert listed("--type", "DeleteCluster") == ["DeleteCluster"]
    assert listed("--resource", cluster, "--since", "10m") == ["DeleteCluster", "CreateCluster"]
    assert listed("--until", "2020-01-01T00:00:00Z") == []
    assert re.search(rf"^{uid} +CreateCluster +Failed ", run("job", "list").out, re.MULTILINE)


def test_the_history_is_read_page_by_page_up_to_the_limit(run: CommandLine, name: str) -> None:
    for each in range(3):
        assert run("cluster", "create", f"{name}-{each}", "-o", "json").code == 0

    program = (
        "from clusterwright.cli import job; job.PAGE = 1;"
        "job.list_jobs(phase=None, type='CreateCluster', cluster=None, resource=None, since=None,"
        "until=None, limit=3, output='json')"
    )
    ran = run.program("-c", program.replace("output='json'", "output=job.Output.JSON"))

    assert len({job["uid"] for job in ran.document["jobs"]}) == 3
    assert ran.document["retentionDays"] > 0


@pytest.mark.parametrize("when", ["yesterday", "5y", "", "999999w", "0001-01-01T00:00:00+23:59"])
def test_a_time_that_is_none_is_a_wrong_call(nowhere: CommandLine, when: str) -> None:
    ran = nowhere("job", "list", "--since", when)

    assert (ran.code, ran.out) == (2, "")
    assert "such as 30m or 2d" in " ".join(ran.err.replace("│", "").split())


def test_a_cause_is_explained_with_what_to_do_and_a_resumed_job_goes_on(
    run: CommandLine, name: str
) -> None:
    uid = failed(run, name, "--class", "capacity")["metadata"]["uid"]

    told = run("job", "explain", uid)
    document = run("job", "explain", uid, "-o", "json").document
    resumed = run("job", "resume", uid)
    again = run("job", "resume", uid, "-o", "yaml")
    after = run("job", "explain", uid)

    assert re.search(r"^CAUSE +InstallMaster: No servers\. *$", told.out, re.MULTILINE)
    assert re.search(r"^CLASS +capacity *$", told.out, re.MULTILINE)
    assert re.search(r"^ACTION +\S", told.out, re.MULTILINE)
    assert f"clusterwright job resume {uid}" in told.out
    assert document["cause"]["class"] == "capacity"
    assert resumed.code == 0
    assert re.search(r"InstallMaster \(attempt 2\) +Success", resumed.out)
    assert yaml.safe_load(again.out)["metadata"]["uid"] in resumed.out
    assert re.search(r"^CONTINUED BY +clusterwright job explain ", after.out, re.MULTILINE)


def test_what_cannot_be_done_is_refused_in_one_line(run: CommandLine, name: str) -> None:
    assert run("cluster", "create", name, "-o", "json").code == 0
    [job] = run("job", "list", "--limit", "1", "-o", "json").document["jobs"]

    tried = [run("job", verb, job["uid"]) for verb in ("cancel", "resume")]
    unknown = [run("job", verb, UNKNOWN) for verb in ("cancel", "resume", "explain", "watch")]

    assert {(ran.code, ran.out) for ran in (*tried, *unknown)} == {(1, "")}
    assert all(re.fullmatch(r"Error: 409 \S+: .*\(request id \w+\)\n", ran.err) for ran in tried)
    refused = r"Error: 404 \S+: .*\(request id \w+\)\nSee the jobs with: .*\n"
    assert all(re.fullmatch(refused, ran.err) for ran in unknown)


def test_a_job_is_cancelled_and_followed_to_its_end(held: Held) -> None:
    ran = held.run("job", "cancel", held.uid, "--reason", "Not needed any more.")
    told = held.run("job", "explain", held.uid)

    assert (ran.code, ran.out.splitlines()[-1]) == (0, f"Job {held.uid} is cancelled.")
    assert re.search(r"^CLASS +cancelled *$", told.out, re.MULTILINE)
    assert re.search(r"^CANCEL ASKED +now, .*: Not needed any more\. *$", told.out, re.MULTILINE)


def test_a_program_that_watches_gets_a_document_per_change(held: Held) -> None:
    with held.watched("watch", "-o", "json") as watching:
        assert watching.stdout is not None
        first = watching.stdout.readline()
        held.let_go()
        rest, _ = watching.communicate(timeout=LIMIT)

    seen = [json.loads(line) for line in (first, *rest.splitlines())]
    assert watching.returncode == 0
    assert [job["revision"] for job in seen] == sorted({job["revision"] for job in seen})
    assert [job["progress"] for job in seen] == sorted(job["progress"] for job in seen)
    assert seen[-1]["phase"] == "Success"
    assert len(seen) > 1


def test_a_terminal_shows_the_tree_a_bar_and_the_time(held: Held) -> None:
    ours, theirs = pty.openpty()
    sized(theirs, columns=80)
    environ = held.run.environ | {"TERM": "xterm"}

    with begun(environ, "job", "watch", held.uid, stdout=theirs) as watching:
        os.close(theirs)
        first = until_shown(ours, r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] InstallMaster +Running")
        held.let_go()
        shown = plain(first + everything(ours))

        assert watching.wait(timeout=LIMIT) == 0
    assert re.search(r"━+.* [1-9]\d?%  \d+(\.\d s| min)", shown)
    assert re.search(r"✔ CreateCluster +Success", shown)


def test_a_watch_outlives_a_server_that_is_killed_and_sees_every_phase_once(
    own: ServerProcess, held: Held
) -> None:
    with held.watched("watch") as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("CreateCluster")

        own.kill()
        own.start()
        held.let_go()

        told, _ = watching.communicate(timeout=LIMIT)
    assert watching.returncode == 0, told
    assert told.count("InstallMaster: Success") == 1


@pytest.mark.parametrize("verb", ["watch", "wait"])
def test_who_leaves_a_job_is_told_how_to_come_back(held: Held, verb: str) -> None:
    with held.watched(verb, stderr=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("CreateCluster")

        watching.send_signal(signal.SIGINT)

        _, told = watching.communicate(timeout=LIMIT)
    held.let_go()
    assert watching.returncode == 130
    assert told == f"It goes on. Watch it with: clusterwright job watch {held.uid}\n"
    until("the job has ended", lambda: held.run("job", "wait", held.uid).code == 0)
