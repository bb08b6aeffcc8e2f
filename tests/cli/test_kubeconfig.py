"""``clusterwright cluster kubeconfig`` prints what the API gives, and saves it beside others."""

import itertools
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from clusterwright.cli import kubeconfig
from tests import kubernetes
from tests.cli.command_line import CommandLine
from tests.kubernetes import needs_kubernetes

pytestmark = pytest.mark.clients

NUMBERS = itertools.count()
OTHERS = """\
apiVersion: v1
kind: Config
preferences: {}
clusters: [{name: "on", cluster: {server: "https://other.example", insecure-skip-tls-verify: true}}]
users:
- name: other
  user:
    auth-provider:
      name: oidc
      config: {expiry: 2030-01-01T00:00:00Z, id: "0123"}
contexts:
- name: other
  context: {cluster: "on", user: other, namespace: "007"}
current-context: other
"""


@pytest.fixture
def name(run: CommandLine) -> str:
    """A cluster."""
    chosen = f"kubeconfig-{os.getpid()}-{next(NUMBERS)}"
    assert run("cluster", "create", chosen).code == 0
    return chosen


def mode(path: Path) -> int:
    """Who may read and write a file."""
    return stat.S_IMODE(path.stat().st_mode)


def config(name: str) -> dict[str, Any]:
    """A kubeconfig as the API gives it, for an external address too."""
    return {
        "kind": "Config",
        "apiVersion": "v1",
        "clusters": [
            {"name": "internalCluster", "cluster": {"server": "https://inside.example"}},
            {"name": "externalCluster", "cluster": {"server": f"https://{name}.example"}},
        ],
        "users": [{"name": "user", "user": {"client-key-data": "a2V5"}}],
        "contexts": [
            {"name": "internal", "context": {"cluster": "internalCluster", "user": "user"}},
            {"name": "external", "context": {"cluster": "externalCluster", "user": "user"}},
        ],
        "current-context": "external",
    }


def test_a_kubeconfig_is_printed_as_the_api_gives_it(run: CommandLine, name: str) -> None:
    shown = run("cluster", "show", name, "-o", "json").document

    ran = run("cluster", "kubeconfig", name)

    printed = yaml.safe_load(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert printed["current-context"] == "internal"
    assert printed["clusters"][0]["cluster"]["server"] == shown["status"]["endpoints"][0]["url"]
    assert printed["users"][0]["user"].keys() == {"client-certificate-data", "client-key-data"}
    assert list(run.home.rglob("config")) == []


def test_saving_makes_the_users_file_for_its_owner_alone(run: CommandLine, name: str) -> None:
    ran = run("cluster", "kubeconfig", name, "--save")

    path = run.home / ".kube" / "config"
    saved = yaml.safe_load(path.read_text())
    context = f"clusterwright-{name}"
    assert ran.out == f"Saved in {path}. kubectl's context is now {context}.\n"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert saved["current-context"] == context
    assert [each["name"] for kind in ("clusters", "users", "contexts") for each in saved[kind]] == [
        context,
        context,
        context,
    ]
    assert list(path.parent.iterdir()) == [path]


@needs_kubernetes
def test_kubectl_reads_what_was_saved_beside_what_was_there(
    run: CommandLine, name: str, tmp_path: Path
) -> None:
    kubectl = str(kubernetes.binaries(needed=["kubectl"]).path("kubectl"))
    path = tmp_path / "own"
    path.write_text(OTHERS)
    known = CommandLine(run.home, run.variables | {"KUBECONFIG": str(path)})

    def ask(*arguments: str) -> str:
        command = [kubectl, "config", *arguments]
        done = subprocess.run(
            command, env=known.environ, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert known("cluster", "kubeconfig", name, "--save").code == 0

    assert ask("current-context") == f"clusterwright-{name}"
    assert ask("get-contexts", "-o", "name").split() == [f"clusterwright-{name}", "other"]
    assert ask("view", "-o", "jsonpath={.contexts[?(@.name=='other')].context.namespace}") == "007"


def test_a_context_that_the_kubeconfig_has_not_is_refused_with_those_it_has(
    run: CommandLine, name: str
) -> None:
    ran = run("cluster", "kubeconfig", name, "--address", "external")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "Error: The kubeconfig has no context external. It has internal.\n"


def test_a_file_that_is_no_kubeconfig_is_left_as_it_is(run: CommandLine, name: str) -> None:
    path = run.home / ".kube" / "config"
    path.parent.mkdir()
    path.write_text("clusters: nothing\n")

    ran = run("cluster", "kubeconfig", name, "--save")

    assert ran.code == 1
    assert ran.err == (
        f"Error: Nothing was saved in {path}. It is no kubeconfig: clusters must be a list.\n"
    )
    assert path.read_text() == "clusters: nothing\n"


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ("https://inside.example", None),  # the cluster's own endpoint
        ("https://192.0.2.1:6443", "uid-1"),  # where the server answers for it
        ("https://uid-1.cce.example.test:6443", None),  # a name of its own
    ],
)
def test_a_kubeconfig_tells_by_which_name_to_ask_for_a_simulated_cluster(
    server: str, name: str | None
) -> None:
    found = config("demo")
    found["clusters"][0]["cluster"]["server"] = server
    endpoints = [{"url": "https://inside.example", "type": "Internal"}]
    cluster = {"metadata": {"uid": "uid-1"}, "status": {"endpoints": endpoints}}

    kubeconfig.name_server(found, cluster)

    assert found["clusters"][0]["cluster"].get("tls-server-name") == name
    assert "tls-server-name" not in found["clusters"][1]["cluster"]


def test_other_entries_are_kept_as_they_were_written() -> None:
    text = kubeconfig.merged(OTHERS, kubeconfig.only(config("new"), "external", name="new"))

    after = yaml.safe_load(text)
    before = yaml.safe_load(OTHERS)
    for kind in ("clusters", "users", "contexts"):
        assert after[kind][0] == before[kind][0]
    assert "expiry: 2030-01-01T00:00:00Z\n" in text
    assert 'id: "0123"\n' in text
    assert 'name: "on"\n' in text
    assert after["preferences"] == {}
    assert after["current-context"] == "new"


def test_saving_again_replaces_the_clusters_own_entries(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(OTHERS)

    for host in ("first", "second"):
        kubeconfig.save(kubeconfig.only(config(host), "external", name="new"), path)

    saved = yaml.safe_load(path.read_text())
    assert len(saved["clusters"]) == 2
    assert saved["clusters"][1]["cluster"]["server"] == "https://second.example"


def test_an_existing_file_keeps_its_rights_and_its_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("")
    real.chmod(0o640)
    link.symlink_to(real)

    kubeconfig.save(kubeconfig.only(config("new"), "internal", name="new"), link)

    assert link.is_symlink()
    assert mode(real) == 0o640
    server = yaml.safe_load(real.read_text())["clusters"][0]["cluster"]["server"]
    assert server == "https://inside.example"


def test_of_several_files_the_first_that_exists_is_the_users(tmp_path: Path) -> None:
    missing, there, last = (tmp_path / each for each in ("missing", "there", "last"))
    there.write_text("")

    def chosen(*paths: Path) -> Path:
        joined = os.pathsep.join(map(str, paths))
        return kubeconfig.file_of_user({"KUBECONFIG": joined, "HOME": str(tmp_path)})

    assert chosen(missing, there, last) == there
    assert chosen(missing, last) == last
    assert chosen() == tmp_path / ".kube" / "config"


@pytest.mark.parametrize("text", ["[1, 2]", "users: {}", "a: [", "clusters: {\t"])
def test_what_is_no_kubeconfig_is_refused(text: str) -> None:
    with pytest.raises(kubeconfig.CannotSave):
        kubeconfig.merged(text, kubeconfig.only(config("new"), "internal", name="new"))


def test_a_file_that_another_program_changes_is_waited_for_and_then_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubeconfig, "LOCK_SECONDS", 0.1)
    path = tmp_path / "config"
    lock = tmp_path / "config.lock"
    lock.touch()

    with pytest.raises(kubeconfig.CannotSave, match=f"remove {lock}"):
        kubeconfig.save(kubeconfig.only(config("new"), "internal", name="new"), path)

    assert list(tmp_path.iterdir()) == [lock]
