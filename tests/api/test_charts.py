"""Charts: what a project may upload, and what becomes of it."""

import json
from typing import Any

import pytest

from tests import packages
from tests.api.cloud import Cloud, stranger, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHARTS = "/v2/charts"
TWIN = "/autopilot/v2/charts"
KEYS = {
    "id", "name", "values", "translate", "instruction", "version", "description", "source",
    "icon_url", "public", "chart_url", "create_at", "update_at",
}  # fmt: skip


async def send(
    cloud: Cloud,
    content: bytes | None,
    *,
    expect: int,
    to: str = CHARTS,
    method: str = "POST",
    parameters: str | None = None,
) -> Any:
    """The JSON body of the answer to an upload."""
    answer = await cloud.client.request(
        method,
        to,
        data={} if parameters is None else {"parameters": parameters},
        files={} if content is None else {"content": ("/home/me/a chart.tgz", content)},
        headers={} if content is not None else {"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == expect, f"{answer.status_code} {answer.text}"
    return answer.json()


async def names(cloud: Cloud, where: str = CHARTS) -> set[tuple[str, str]]:
    listed = await cloud.call("GET", where, expect=200)
    return {(each["name"], each["version"]) for each in listed}


@pytest.mark.parametrize("where", [CHARTS, TWIN])
async def test_an_uploaded_chart_can_be_read_in_every_way(shared_cloud: Cloud, where: str) -> None:
    name = unique("demo")
    content = packages.chart(name, description="A demo", icon="https://example.test/i.png")

    made = await send(
        shared_cloud,
        content,
        to=where,
        parameters='{"skip_lint":false,"source":"package"}',
        expect=201,
    )

    assert made.keys() == KEYS
    assert (made["name"], made["version"], made["description"]) == (name, "1.0.0", "A demo")
    assert (made["public"], made["instruction"], made["source"]) == (False, "README.md", "package")
    assert made["chart_url"] == f"{name}-1.0.0.tgz"
    assert json.loads(made["values"]) == {"greeting": "hello", "basic": {"image": "nginx"}}
    assert made["create_at"].endswith("Z")
    one = f"{where}/{made['id']}"
    assert await shared_cloud.call("GET", one, expect=200) == made
    assert made in await shared_cloud.call("GET", where, expect=200)
    values = await shared_cloud.call("GET", f"{one}/values", expect=200)
    assert values == {"values": json.loads(made["values"])}
    archive = await shared_cloud.client.get(f"{one}/archive")
    assert (archive.status_code, archive.content) == (200, content)
    assert archive.headers["Content-Type"] == "application/octet-stream"
    assert f"{name}-1.0.0.tgz" in archive.headers["Content-Disposition"]


async def test_what_one_place_keeps_the_other_shows(shared_cloud: Cloud) -> None:
    made = await send(shared_cloud, packages.chart(unique("demo")), expect=201)

    found = await shared_cloud.call("GET", f"{TWIN}/{made['id']}", expect=200)

    assert found == made


async def test_an_update_keeps_the_id_and_replaces_the_rest(shared_cloud: Cloud) -> None:
    name = unique("demo")
    made = await send(shared_cloud, packages.chart(name), expect=201)
    where = f"{CHARTS}/{made['id']}"
    content = packages.chart(name, "1.1.0", greeting="goodbye")

    changed = await send(shared_cloud, content, to=where, method="PUT", expect=200)

    assert (changed["id"], changed["version"]) == (made["id"], "1.1.0")
    assert json.loads(changed["values"])["greeting"] == "goodbye"
    assert await shared_cloud.call("GET", where, expect=200) == changed
    assert (await shared_cloud.client.get(f"{where}/archive")).content == content
    refused = await send(
        shared_cloud, packages.chart(unique("other")), to=where, method="PUT", expect=400
    )
    assert "content.Chart.yaml.name" in refused["error_msg"]


async def test_a_version_is_kept_once_unless_it_overrides(shared_cloud: Cloud) -> None:
    name = unique("demo")
    made = await send(shared_cloud, packages.chart(name), expect=201)
    newer = await send(shared_cloud, packages.chart(name, "2.0.0"), expect=201)

    refused = await send(shared_cloud, packages.chart(name, greeting="again"), expect=409)
    moved = await send(
        shared_cloud,
        packages.chart(name),
        to=f"{CHARTS}/{newer['id']}",
        method="PUT",
        expect=409,
    )
    replaced = await send(
        shared_cloud,
        packages.chart(name, greeting="again"),
        parameters='{"override":true}',
        expect=201,
    )

    assert refused["errorCode"] == moved["errorCode"] == "CCE.01409001"
    assert replaced["id"] == made["id"]
    assert json.loads(replaced["values"])["greeting"] == "again"
    assert {(name, "1.0.0"), (name, "2.0.0")} <= await names(shared_cloud)


async def test_a_deleted_chart_is_answered_a_last_time(shared_cloud: Cloud) -> None:
    made = await send(shared_cloud, packages.chart(unique("demo")), expect=201)
    where = f"{CHARTS}/{made['id']}"

    gone = await shared_cloud.call("DELETE", where, expect=200)

    assert gone == made
    for path in (where, f"{where}/values", f"{where}/archive"):
        refused = await shared_cloud.call("GET", path, expect=404)
        assert refused["errorCode"] == "CCE.01404001"
    await shared_cloud.call("DELETE", where, expect=404)


async def test_nobody_sees_the_charts_of_another_project(
    shared_cloud: Cloud, shared_database: str
) -> None:
    made = await send(shared_cloud, packages.chart(unique("demo")), expect=201)
    where = f"{CHARTS}/{made['id']}"

    async with stranger(shared_cloud, shared_database) as other:
        assert await other.call("GET", CHARTS, expect=200) == []
        for method, path in (
            ("GET", where),
            ("GET", f"{where}/values"),
            ("GET", f"{where}/archive"),
            ("DELETE", where),
        ):
            await other.call(method, path, expect=404)
        await send(other, packages.chart(made["name"]), to=where, method="PUT", expect=404)
        mine = shared_cloud.account["project_id"]
        await other.call("GET", f"{CHARTS}/{mine}/quotas", expect=403)

    assert await shared_cloud.call("GET", where, expect=200) == made


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ('{"override":"yes"}', "parameters.override"),
        ('{"skip_lint":1}', "parameters.skip_lint"),
        ('{"source":"' + "x" * 300 + '"}', "parameters.source"),
        ("{override", "parameters"),
        ("[]", "parameters"),
        ("x" * 70_000, ""),
    ],
)
async def test_wrong_parameters_are_refused_by_their_names(
    shared_cloud: Cloud, parameters: str, field: str
) -> None:
    name = unique("demo")

    refused = await send(shared_cloud, packages.chart(name), parameters=parameters, expect=400)

    assert field in refused["error_msg"]
    assert (name, "1.0.0") not in await names(shared_cloud)


async def test_a_body_without_a_chart_is_refused(shared_cloud: Cloud) -> None:
    text = await shared_cloud.client.post(
        CHARTS, content=b"{}", headers={"Content-Type": "application/json"}
    )
    missing = await send(shared_cloud, None, expect=400)
    plain = await shared_cloud.client.post(CHARTS, files={"content": (None, "text")})
    broken = await shared_cloud.client.post(
        CHARTS,
        content=b"--b\r\n\r\nnothing",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    unbounded = await shared_cloud.client.post(
        CHARTS, content=b"x", headers={"Content-Type": "multipart/form-data"}
    )

    assert (text.status_code, text.json()["errorCode"]) == (400, "CCE.01400006")
    assert missing["errorCode"] == "CCE.01400001"
    for answer in (plain, broken, unbounded):
        assert (answer.status_code, answer.json()["errorCode"]) == (400, "CCE.01400001"), (
            answer.text
        )
    assert "content" in plain.json()["error_msg"]
