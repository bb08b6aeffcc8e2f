"""The explorer's code samples: of facts that hold, for every operation, in code that compiles."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.client import Client
from huaweicloudsdkcore.utils.http_utils import sanitize_for_serialization
from typer.main import get_command

from clusterwright.app import routes
from clusterwright.cli import app
from tests.clients.client_programs import GO, JAVA, LANGUAGES, NODE, PYTHON, Language, surroundings
from tests.clients.sdk_facts import FOLDER, written
from tests.console.browser import AXE
from tests.server_process import ServerProcess
from tools.console import build

pytestmark = [pytest.mark.timeout(300)]

ORIGIN = "http://127.0.0.1:8900"
MAKE = Path(__file__).parent / "samples" / "make.mjs"
FACTS = {each.name: json.loads((FOLDER / f"{each.name}.json").read_text()) for each in LANGUAGES}
NASTY = "'\"\\\n\r\t\0\b$x`${x}#{x}%s*/--\u2028\u202e\ufeff🙂\ud800\\u000a\\\\u0022 集群"
PAGE = Path(__file__).parents[1] / "clients" / "programs" / "show_job_page.py"

Made = list[dict[str, Any]]


def generate(folder: Path, **asked: Any) -> Made:
    """Let the generator write the code of wishes, or of every operation of a page."""
    build.build(anew=not AXE.is_file())
    done = subprocess.run(
        ["node", MAKE, build.SOURCES, folder],
        env=os.environ | {"PATH": build.search_path()},
        input=json.dumps({"facts": FACTS, "origin": ORIGIN} | asked),
        capture_output=True,
        text=True,
        check=True,
    )
    made: Made = json.loads(done.stdout)
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The code of every operation's example, with all its parameters."""
    return generate(tmp_path_factory.mktemp("built"), page=routes().openapi())


def codes(made: Made, language: Language) -> dict[str, str]:
    """The code in one language, by operation; of those that the SDK knows."""
    return {
        each["operation"]: each["samples"][language.name]["code"]
        for each in made
        if each["samples"][language.name]
    }


@pytest.mark.clients
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.name)
def test_the_facts_are_those_of_the_sdk(language: Language) -> None:
    """Mend by ``python -m tests.clients.sdk_facts``."""
    assert (FOLDER / f"{language.name}.json").read_text() == written(language)


def test_every_operation_that_an_sdk_knows_has_code(made: Made) -> None:
    for name, facts in FACTS.items():
        known = {each["operation"] for each in made if each["samples"][name]}
        assert known == set(facts["operations"])
    assert all(ORIGIN in each["curl"] for each in made)


def test_a_shell_reads_what_curl_is_to_send(made: Made) -> None:
    for each in made:
        words = shlex.split(each["curl"].replace("\\\n", " "))
        assert words[0] == "curl"
        assert "X-Auth-Token: $TOKEN" in words
        if "--data-raw" in words:
            assert json.loads(words[words.index("--data-raw") + 1]) == each["wish"]["body"]


def test_every_command_is_one_that_there_is(made: Made) -> None:
    commands = [each["command"] for each in made if each["command"]]
    assert len(commands) > 15
    for told in commands:
        name, *words = shlex.split(told)
        command: Any = get_command(app)
        context: Any = None
        while command:
            # Raises where a word is not understood.
            context = command.make_context(name, words, parent=context)
            rest = [*getattr(context, "_protected_args", ()), *context.args]
            is_group = hasattr(context.command, "list_commands")
            if is_group:
                name, command, words = context.command.resolve_command(context, rest)
            else:
                command = None


class _SentError(Exception):
    """What the SDK was about to send."""


def refuse(_: object, **request: Any) -> None:
    """Stand in the place of the network."""
    raise _SentError(request)


def without(document: Any, left: list[str], path: str = "body") -> Any:
    """A document without what the SDK cannot send."""
    if isinstance(document, dict):
        return {
            name: without(value, left, f"{path}.{name}")
            for name, value in document.items()
            if f"{path}.{name}" not in left
        }
    if isinstance(document, list):
        return [without(value, left, f"{path}[{at}]") for at, value in enumerate(document)]
    return document


def test_what_the_code_sends_by_python_is_the_request_of_the_form(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "do_http_request", refuse)
    for each in made:
        if not each["samples"]["python"] or "FormFile(" in each["samples"]["python"]["code"]:
            continue
        code, left = each["samples"]["python"]["code"], each["samples"]["python"]["left"]

        with pytest.raises(_SentError) as caught:
            exec(compile(code, each["operation"], "exec"), {"__name__": "__main__"})

        sent = caught.value.args[0]
        values = sent["path_params"] | dict(sent["query_params"]) | sent["header_params"]
        values.pop("Content-Type")
        told = {name: word(value) for name, value in values.items() if value is not None}
        wish = each["wish"]
        asked = {name: value for name, value in wish["parameters"].items() if name not in left}
        assert (each["operation"], told) == (each["operation"], asked)
        body = sanitize_for_serialization(sent["body"])
        assert (each["operation"], body) == (each["operation"], without(wish.get("body"), left))


def word(value: Any) -> str:
    """A value as a text of the form."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.clients
def test_code_for_node_is_valid(made: Made, tmp_path: Path) -> None:
    NODE.built()
    for name, code in codes(made, NODE).items():
        (tmp_path / f"{name}.js").write_text(code)
        subprocess.run(["node", "--check", f"{name}.js"], cwd=tmp_path, check=True)


def compile_java(codes: Mapping[str, str], folder: Path) -> Path:
    """Compile classes, all at once; returns where they are."""
    files = []
    for name, code in codes.items():
        files.append(folder / f"{name}Solution.java")
        files[-1].write_text(code)
    path = JAVA.built() / "lib" / "*"
    command: list[Any] = [
        "javac",
        "-encoding",
        "UTF-8",
        "-proc:none",
        "-cp",
        path,
        "-d",
        folder / "classes",
        *files,
    ]
    subprocess.run(command, check=True)
    return folder / "classes"


def write_go(codes: Mapping[str, str], folder: Path) -> None:
    """Write programs, each into a folder of its own, in one module with our client's versions."""
    for name in ("go.mod", "go.sum"):
        shutil.copy(GO.built() / name, folder / name)
    for name, code in codes.items():
        (folder / name.lower()).mkdir()
        (folder / name.lower() / "main.go").write_text(code)


@pytest.mark.clients
def test_code_for_java_compiles(made: Made, tmp_path: Path) -> None:
    classes = compile_java(codes(made, JAVA), tmp_path)

    assert len(list(classes.rglob("*Solution.class"))) == len(codes(made, JAVA))


@pytest.mark.clients
def test_code_for_go_compiles(made: Made, tmp_path: Path) -> None:
    write_go(codes(made, GO), tmp_path)

    subprocess.run(["go", "vet", "-mod=readonly", "./..."], cwd=tmp_path, check=True)


def nasty(folder: Path) -> Made:
    """Code with a text in it that breaks whoever quotes it wrongly, in every place for texts."""
    body = {
        "kind": "Cluster",
        "apiVersion": "v3",
        "metadata": {"name": NASTY, "labels": {NASTY: NASTY, "__proto__": "x"}},
        "spec": {"flavor": NASTY * 2000, "unknown": NASTY, NASTY: 1},
    }
    wish = {
        "operation": "CreateCluster",
        "parameters": {},
        "body": body,
        "origin": ORIGIN,
        "projectId": NASTY,
    }
    return generate(folder, wishes=[{"operation": "CreateCluster", "wish": wish}])


def test_no_text_breaks_out_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "do_http_request", refuse)
    [made] = nasty(tmp_path)
    assert made["samples"]["python"]["left"] == ["body.spec.unknown", f"body.spec.{NASTY}"]

    with pytest.raises(_SentError) as caught:
        exec(compile(made["samples"]["python"]["code"], "x", "exec"), {"__name__": "__main__"})

    sent = sanitize_for_serialization(caught.value.args[0]["body"])
    assert sent["metadata"] == made["wish"]["body"]["metadata"]
    assert sent["spec"] == {"flavor": NASTY * 2000}


@pytest.mark.clients
@pytest.mark.parametrize("language", [NODE, JAVA, GO], ids=lambda each: each.name)
def test_no_text_breaks_out_of_compiled_code(language: Language, tmp_path: Path) -> None:
    language.built()
    (tmp_path / "code").mkdir()
    made = codes(nasty(tmp_path / "generator"), language)

    if language is NODE:
        (tmp_path / "x.js").write_text(made["CreateCluster"])
        subprocess.run(["node", "--check", "x.js"], cwd=tmp_path, check=True)
    elif language is JAVA:
        compile_java(made, tmp_path / "code")
    else:
        write_go(made, tmp_path / "code")
        subprocess.run(["go", "vet", "./..."], cwd=tmp_path / "code", check=True)


def statements(code: str) -> list[str]:
    """The lines of a program, without comments, empty ones and how far in they stand."""
    lines = [line.strip().rstrip("\\").rstrip() for line in code.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_the_code_of_show_job_is_the_sample_of_its_page(made: Made) -> None:
    assert statements(codes(made, PYTHON)["ShowJob"]) == statements(PAGE.read_text())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a cluster."""
    server = ServerProcess(tmp_path_factory.mktemp("samples") / "data", pace=0)
    server.start()
    server.command("cluster", "create", "sampled")
    yield server
    server.stop()


WISHES: Mapping[str, dict[str, Any]] = {
    "ShowJob": {"parameters": {"job_id": "JOB"}},
    "ListClusters": {"parameters": {"status": "Available", "detail": "true"}},
    "UpdateCluster": {
        "parameters": {"cluster_id": "CLUSTER"},
        "body": {"spec": {"description": "第一个集群 of LANGUAGE", "customSan": ["a.example"]}},
    },
}
"""Requests with a value in the path, in the query, and in a body."""


@pytest.mark.clients
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.name)
def test_what_the_code_prints_is_what_the_server_answers_directly(
    language: Language, server: ServerProcess, tmp_path: Path
) -> None:
    [job, *_] = json.loads(server.command("job", "list", "-o", "json"))["jobs"]
    ids = {"JOB": job["uid"], "CLUSTER": job["clusterUID"]}
    wishes = []
    for operation, wish in WISHES.items():
        values = {name: ids.get(text, text) for name, text in wish["parameters"].items()}
        project = server.credentials["project_id"]
        about = {"operation": operation, "origin": server.endpoint, "projectId": project}
        wishes.append({"operation": operation, "wish": wish | about | {"parameters": values}})
    code = codes(generate(tmp_path, wishes=wishes), language)
    for name, text in code.items():
        filled = text.replace("<YOUR AK>", server.credentials["access_key"])
        filled = filled.replace("LANGUAGE", language.name)
        code[name] = filled.replace("<YOUR SK>", server.credentials["secret_key"])

    told = run(language, code, server, tmp_path)

    job_document = json.loads(server.command("job", "show", ids["JOB"], "-o", "json"))
    cluster = json.loads(server.command("cluster", "show", ids["CLUSTER"], "-o", "json"))
    assert cluster["metadata"]["uid"] in told["ListClusters"]
    description = f"第一个集群 of {language.name}"
    assert cluster["spec"].get("description") == description, told["UpdateCluster"]
    if language in (PYTHON, NODE):
        said = {name: json.loads(text) for name, text in told.items()}
        for each in said.values():
            each.pop("httpStatusCode", None)
        assert said["ShowJob"] == job_document
        assert [each["metadata"] for each in said["ListClusters"]["items"]]
        assert said["UpdateCluster"]["spec"]["description"] == description
    else:
        assert job_document["metadata"]["uid"] in told["ShowJob"]
        assert job_document["spec"]["type"] in told["ShowJob"]
        assert description in told["UpdateCluster"]


def run(
    language: Language, codes: Mapping[str, str], server: ServerProcess, folder: Path
) -> dict[str, str]:
    """What each of the programs prints."""
    built = language.built()
    work = folder / "code"
    work.mkdir()
    commands: dict[str, list[Any]] = {}
    if language is PYTHON:
        for name, code in codes.items():
            (work / f"{name}.py").write_text(code)
            commands[name] = [sys.executable, f"{name}.py"]
    elif language is NODE:
        (work / "node_modules").symlink_to(built / "node_modules")
        for name, code in codes.items():
            (work / f"{name}.js").write_text(code)
            commands[name] = ["node", f"{name}.js"]
    elif language is JAVA:
        path = f"{compile_java(codes, work)}:{built / 'lib'}/*"
        said = [f"-Duser.home={work}", "-Dfile.encoding=UTF-8"]
        for name in codes:
            main = f"com.huaweicloud.sdk.test.{name}Solution"
            commands[name] = ["java", *said, "-cp", path, main]
    else:
        write_go(codes, work)
        (work / "bin").mkdir()
        go = ["go", "build", "-mod=readonly", "-o", "bin/", "./..."]
        subprocess.run(go, cwd=work, check=True)
        commands = {name: [work / "bin" / name.lower()] for name in codes}
    variables = {"HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4": server.endpoint}
    environ = surroundings(variables, work)
    told = {}
    for name, command in commands.items():
        told[name] = subprocess.run(
            command,
            cwd=work,
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    return told
