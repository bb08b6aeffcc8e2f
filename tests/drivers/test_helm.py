"""Helm, run with charts that want what they should not have."""

import asyncio
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterwright.drivers import helm
from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.helm import Chart, Helm
from tests import packages
from tests.drivers.local_host import command, contents, pids
from tests.helm import HELM, needs_helm
from tests.kit import until_async

pytestmark = needs_helm


async def rendered(template: str, values: str = "{}", **more: str) -> str:
    """What a chart with this template makes."""
    files = packages.files() | {"templates/x.yaml": template} | more
    return await HELM.render(
        Chart(packages.packed(files), values),
        name="web",
        namespace="shop",
        version="v1.31",
        hooks=True,
    )


async def refusal(template: str, **more: str) -> str:
    with pytest.raises(DriverError) as refused:
        await rendered(template, **more)
    return str(refused.value)


async def test_a_chart_is_rendered_with_its_values_for_its_place() -> None:
    made = await rendered(
        "a: {{ .Release.Name }}.{{ .Release.Namespace }} {{ .Capabilities.KubeVersion }}",
        json.dumps({"greeting": "good morning"}),
    )

    assert 'greeting: "good morning"' in made
    assert "a: web.shop v1.31" in made


MEMORY = {
    "a list without end": "a: {{ range $i := until 300000000 }}x{{ end }}",
    "a text without end": 'a: {{ repeat 100000000 "xxxxxxxxxx" }}',
    "a text that doubles": '{{ $s := "x" }}{{ range until 60 }}{{ $s = print $s $s }}{{ end }}',
}


@pytest.mark.parametrize("template", MEMORY.values(), ids=MEMORY)
async def test_no_chart_gets_all_memory_for(template: str) -> None:
    assert "memory" in await refusal(template)


async def test_a_chart_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm, "RENDERING_SECONDS", 2.0)
    began = time.monotonic()

    said = await refusal("{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}")

    assert "longer than 2 s" in said
    assert time.monotonic() - began < 10


async def test_a_chart_that_calls_itself_ends_with_a_reason_of_bounded_length() -> None:
    said = await refusal('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}')

    assert "error calling include" in said
    assert len(said) < 1100


async def test_more_manifests_than_are_kept_are_refused() -> None:
    said = await refusal('a: {{ repeat 600000 "x" }}')

    assert "manifests" in said


async def test_a_chart_reads_no_file_and_no_variable_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("a secret of the host")
    monkeypatch.setenv("HELM_NAMESPACE", "a secret of the host")

    variables = await refusal('a: {{ env "PATH" }}'), await refusal('a: {{ expandenv "$PATH" }}')
    place = await rendered("a: {{ .Release.Namespace }}")
    file = await rendered(f'a: {{{{ .Files.Get "{tmp_path}/secret" | quote }}}}')

    assert all("not defined" in each for each in variables)
    assert "a: shop" in place
    assert 'a: ""' in file


@pytest.fixture
def asked() -> Iterator[tuple[int, list[str]]]:
    """A port of this host, and what was asked there."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                heard.append("asked")
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], heard
        done.set()
        thread.join()


async def test_a_chart_asks_nothing_of_the_network(asked: tuple[int, list[str]]) -> None:
    port, heard = asked
    url = f"http://127.0.0.1:{port}/schema.json"
    schema = json.dumps({"$schema": url, "$ref": url})
    metadata = packages.described(
        dependencies=[{"name": "x", "version": "1.0.0", "repository": f"http://127.0.0.1:{port}"}]
    )

    made = await rendered("a: b", **{"values.schema.json": schema})
    names = await rendered('a: {{ getHostByName "localhost" | quote }}')
    cluster = await rendered('a: {{ lookup "v1" "Secret" "" "" | toJson | quote }}')
    missing = await refusal("a: b", **{"Chart.yaml": metadata})

    assert "a: b" in made
    assert 'a: ""' in names
    assert 'a: "{}"' in cluster
    assert "missing in charts/" in missing
    assert not heard


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs of Helm have their folders, and nobody else has any."""
    path = tmp_path / "place"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


async def test_nothing_is_left_of_a_run(place: Path) -> None:
    await rendered("a: b")
    await refusal("a: {{ fail }}")

    assert contents(place) == []


@pytest.mark.parametrize("turns", range(12))
async def test_a_run_that_is_cancelled_at_any_moment_leaves_nothing(
    tmp_path: Path, place: Path, turns: int
) -> None:
    slow = tmp_path / "helm"
    slow.write_text("#!/bin/sh\nsh -c 'sleep 60; :' \"$0\"\n")
    slow.chmod(0o755)
    run = asyncio.create_task(Helm(lambda: slow).run(["status"], seconds=60))
    for _ in range(turns):
        await asyncio.sleep(0)
        # The loop stands still, and whatever has begun goes on: a thread, a process and its second.
        time.sleep(0.02)  # noqa: ASYNC251

    run.cancel()

    with pytest.raises(asyncio.CancelledError):
        await run
    assert not [pid for pid in pids() if str(slow) in command(pid)]
    assert contents(place) == []


async def test_a_cancelled_run_ends_its_process(tmp_path: Path) -> None:
    slow = tmp_path / "helm"
    slow.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nsleep 60\n")
    slow.chmod(0o755)
    run = asyncio.create_task(Helm(lambda: slow).run(["status"], seconds=60))
    written = tmp_path / "pid"
    pid = int(await until_async("it runs", lambda: written.exists() and written.read_text(), 10))

    run.cancel()

    with pytest.raises(asyncio.CancelledError):
        await run
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_without_helm_the_refusal_says_what_to_do() -> None:
    with pytest.raises(DriverError, match="Put the program helm on PATH"):
        await Helm(lambda: None).run(["version"], seconds=1)
