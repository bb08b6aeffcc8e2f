"""The form of a body in a real browser: it and the JSON are one, and files go with it."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests import packages
from tests.console.browser import NARROW, WIDE, Visitor
from tests.console.conftest import Visit
from tests.console.test_explorer import SEND
from tests.console.test_sign_in import by_key
from tests.server_process import ServerProcess

pytestmark = pytest.mark.timeout(240)

WORDS = {
    "en-US": {
        "body": "Body",
        "form": "Form",
        "add": "Add",
        "field": "Add a field to {}",
        "entry": "Add an entry to {}",
        "key": "Name of a new entry of {}",
        "pair": "Add to {}",
        "remove": "Remove {}",
        "flavor": "The size of the server",
        "wrong": "Wanted: integer",
        "choose": "Choose a file",
        "save": "Save {}",
        "whole": "the body",
    },
    "zh-CN": {
        "body": "请求体",
        "form": "表单",
        "add": "添加",
        "field": "添加字段：{}",
        "entry": "添加一项：{}",
        "key": "{} 中新一项的名称",
        "pair": "添加：{}",
        "remove": "移除 {}",
        "flavor": "服务器规格",
        "wrong": "应为：integer",
        "choose": "选择文件",
        "save": "保存 {}",
        "whole": "请求体",
    },
}
BUILT = {
    "kind": "Node",
    "apiVersion": "v3",
    "spec": {
        "flavor": "c7.large.2",
        "count": 2,
        "rootVolume": {"size": 40, "volumetype": "SSD"},
        "taints": [{"key": "role", "effect": "NoSchedule"}],
        "k8sTags": {"team": "red"},
        "waitPostInstallFinish": True,
    },
}


def opened(tab: Visitor, operation: str, *, as_json: bool = False) -> None:
    """Open the page of an operation."""
    tab.open(f"explorer/{operation}{'?body=json' if as_json else ''}")
    # The first of all makes the API's description, which a crowded machine takes a while for.
    expect(tab.page.get_by_role("heading", name=operation)).to_be_visible(timeout=120_000)


def written(page: Page, language: str) -> Any:
    """The body as the JSON beside the form has it, which is then left for the form again."""
    page.get_by_role("tab", name="JSON").click()
    body = json.loads(page.get_by_role("textbox", name=WORDS[language]["body"]).input_value())
    page.get_by_role("tab", name=WORDS[language]["form"], exact=True).click()
    return body


def choose(page: Page, name: str, option: str) -> None:
    """Choose from a list, by the keyboard."""
    lists = page.locator("[aria-haspopup=listbox]")
    page.get_by_role("button", name=name).and_(lists).focus()
    page.keyboard.press("Enter")
    page.get_by_role("option", name=option, exact=True).press("Enter")


@pytest.mark.parametrize(
    ("language", "size", "colours"), [("en-US", WIDE, "light"), ("zh-CN", NARROW, "dark")]
)
def test_a_body_is_built_field_by_field(
    visitor: Visit, language: str, size: Any, colours: str
) -> None:
    words = WORDS[language]
    tab = visitor(language=language, size=size, colours=colours)
    page = tab.page
    opened(tab, "CreateNode", as_json=True)
    page.get_by_role("textbox", name=words["body"]).fill("{}")
    page.get_by_role("tab", name=words["form"], exact=True).click()

    def field(name: str) -> Any:
        return page.get_by_role("textbox", name=name, exact=True)

    def head(name: str) -> Any:
        return page.get_by_role("group", name=name, exact=True).locator("summary").first

    def add(name: str, to: str, focused: Any) -> None:
        page.get_by_role("button", name=words["field"].format(to), exact=True).press("Enter")
        page.keyboard.type(name)
        page.locator(f"[role=menuitem][data-key={name}]").press("Enter")
        # What is typed before that goes elsewhere.
        expect(focused).to_be_focused()

    choose(page, "kind", "Node")
    choose(page, "apiVersion", "v3")
    page.get_by_role("button", name=f"{words['add']} spec", exact=True).press("Enter")
    expect(page.get_by_text(words["flavor"]).first).to_be_visible()
    field("flavor *").fill("c7.large.2")
    field("count *").fill("2x")
    expect(page.get_by_text(words["wrong"])).to_be_visible()
    field("count *").fill("2")
    field("size *").fill("40")
    choose(page, "volumetype", "SSD")
    add("taints", "spec", head("spec.taints"))
    page.get_by_role("button", name=words["entry"].format("spec.taints"), exact=True).press("Enter")
    expect(page.get_by_role("group", name="spec.taints[0]").locator("summary")).to_be_focused()
    field("key *").fill("role")
    choose(page, "effect", "NoSchedule")
    page.get_by_role("button", name=words["field"].format("spec"), exact=True).press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    tab.check()
    page.keyboard.press("Escape")
    add("k8sTags", "spec", head("spec.k8sTags"))
    field(words["key"].format("spec.k8sTags")).fill("team")
    page.keyboard.press("Enter")
    expect(field("team")).to_be_focused()
    page.keyboard.type("red")
    add("os", "spec", field("os"))
    page.get_by_role("button", name=words["remove"].format("spec.os"), exact=True).press("Enter")
    expect(
        page.get_by_role("button", name=words["field"].format("spec"), exact=True)
    ).to_be_focused()
    lists = page.locator("[aria-haspopup=listbox]")
    choice = page.get_by_role("button", name="waitPostInstallFinish").and_(lists)
    add("waitPostInstallFinish", "spec", choice)
    choose(page, "waitPostInstallFinish", "true")
    tab.check()

    assert written(page, language) == BUILT
    expect(page.get_by_test_id("code")).to_contain_text('flavor="c7.large.2"')


def test_what_is_written_as_json_stands_in_the_form(visitor: Visit) -> None:
    tab = visitor()
    page = tab.page
    opened(tab, "CreateAddonInstance", as_json=True)
    body = page.get_by_role("textbox", name="Body")
    told = {"spec": {"values": {"basic": {"replicas": 2}}, "clusterID": 7}, "more": "text"}
    body.fill(json.dumps(told))
    page.get_by_role("tab", name="Form", exact=True).click()

    # What is of another type than it should be, or unknown, is not lost.
    expect(page.get_by_role("textbox", name="basic")).to_have_value('{\n  "replicas": 2\n}')
    expect(page.get_by_role("textbox", name="clusterID *")).to_have_value("7")
    expect(page.get_by_role("textbox", name="more")).to_have_value('"text"')
    tab.check()
    page.get_by_role("textbox", name="basic").fill('{"replicas": 3,')
    expect(page.get_by_text("This is no JSON.")).to_be_visible()
    page.get_by_role("textbox", name="basic").fill('{"replicas": 3}')

    told["spec"]["values"]["basic"]["replicas"] = 3  # type: ignore[index]  # nested on purpose
    assert written(page, "en-US") == told
    page.get_by_role("tab", name="JSON").click()
    body.fill("{")
    page.get_by_role("tab", name="Form", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("no JSON")
    page.get_by_role("button", name="Fill in the example").click()
    expect(page.get_by_role("group", name="metadata", exact=True)).to_be_visible()


def chosen(tab: Visitor, language: str, name: str, content: bytes) -> None:
    """Choose a file in the form."""
    words = WORDS[language]
    with tab.page.expect_file_chooser() as opened:
        tab.page.get_by_role("button", name=words["choose"]).click()
    opened.value.set_files(FilePayload(name=name, mimeType="application/gzip", buffer=content))
    expect(tab.page.get_by_text(name).first).to_be_visible()


def sent(page: Page, language: str, *, first: bool = False) -> str:
    """What the server answers to the form."""
    page.get_by_role("button", name=SEND[language], exact=True).click()
    if first:
        page.get_by_role("alertdialog").get_by_role("button", name=SEND[language]).click()
    answer = page.get_by_test_id("answer")
    expect(answer).to_be_visible()
    return answer.inner_text()


@pytest.mark.parametrize("language", WORDS)
def test_a_file_is_chosen_sent_replaced_and_saved(
    visitor: Visit, server: ServerProcess, language: str, tmp_path: Path
) -> None:
    words = WORDS[language]
    name = f"by-form-{language.lower()}"
    tab = visitor(language=language)
    page = tab.page
    if language == "en-US":
        by_key(tab, server.credentials["access_key"], server.credentials["secret_key"])
        expect(page.locator("h1")).to_have_text("Clusters")
    else:
        tab.sign_in()
    opened(tab, "UploadChart")
    send = page.get_by_role("button", name=SEND[language], exact=True)
    expect(send).to_be_disabled()
    chosen(tab, language, f"{name}-1.0.0.tgz", packages.chart(name))
    page.get_by_role("button", name=words["field"].format(words["whole"])).click()
    page.get_by_role("menuitem", name="parameters").click()
    page.get_by_role("textbox", name="parameters").fill('{"skip_lint": true}')
    expect(page.get_by_test_id("code")).to_contain_text(f'FormFile("{name}-1.0.0.tgz")')
    tab.check()

    answer = sent(page, language, first=True)

    assert "201" in answer
    chart = json.loads(page.get_by_test_id("answer").locator("pre").first.inner_text())
    assert (chart["name"], chart["version"]) == (name, "1.0.0")
    tab.check()

    newer = packages.chart(name, greeting="again")
    opened(tab, "UpdateChart")
    page.get_by_role("textbox", name="chart_id *").fill(chart["id"])
    chosen(tab, language, f"{name}-1.0.0.tgz", newer)
    assert "200" in sent(page, language, first=True)

    opened(tab, "DownloadChart")
    page.get_by_role("textbox", name="chart_id *").fill(chart["id"])
    assert "200" in sent(page, language)
    with page.expect_download() as saved:
        page.get_by_role("button", name=words["save"].format(f"{name}-1.0.0.tgz")).click()
    saved.value.save_as(tmp_path / "saved.tgz")
    assert (tmp_path / "saved.tgz").read_bytes() == newer
