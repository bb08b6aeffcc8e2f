"""The API explorer in a real browser: found, filled in, sent, and written as code."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.browser import NARROW, WIDE
from tests.console.conftest import Visit
from tests.server_process import ServerProcess

pytestmark = pytest.mark.timeout(240)

SEARCHES = {"en-US": "show a job", "zh-CN": "查询一个任务"}
SEND = {"en-US": "Send", "zh-CN": "发送"}


@pytest.mark.parametrize("language", SEARCHES)
def test_an_operation_is_found_filled_in_sent_and_written_as_code(
    visitor: Visit, server: ServerProcess, language: str
) -> None:
    server.command("cluster", "create", f"explored-{language.lower()}", "--no-wait")
    [job, *_] = json.loads(server.command("job", "list", "-o", "json"))["jobs"]
    tab = visitor(language=language)
    page = tab.page
    tab.sign_in()
    tab.open("explorer")
    page.get_by_role("searchbox").fill(SEARCHES[language])
    page.get_by_role("link", name="ShowJob", exact=False).first.click()
    expect(page.locator("h1")).to_have_text("ShowJob")
    expect(page.get_by_test_id("code")).to_contain_text('request.job_id = "<job_id>"')

    page.get_by_label("job_id", exact=False).first.fill(job["uid"])
    page.get_by_role("button", name=SEND[language], exact=True).click()

    answer = page.get_by_test_id("answer")
    expect(answer).to_contain_text("200")
    expect(answer).to_contain_text(job["uid"])
    expect(page.get_by_test_id("code")).to_contain_text(f'request.job_id = "{job["uid"]}"')
    tab.check()
    page.get_by_role("tab", name="Go").click()
    expect(page.get_by_test_id("code")).to_contain_text(f'request.JobId = "{job["uid"]}"')
    page.get_by_role("tab", name="clusterwright").click()
    expect(page.get_by_test_id("code")).to_have_text(f"clusterwright job show {job['uid']}\n")


def test_a_refusal_and_a_body_that_is_no_json_are_shown(visitor: Visit) -> None:
    tab = visitor()
    page = tab.page
    tab.expected.append(r"Failed to load resource: .* 400")
    tab.sign_in()
    tab.open("explorer/CreateCluster?body=json")
    body = page.get_by_role("textbox", name="Body")

    body.fill('{"kind": "Cluster",\n}')

    expect(page.get_by_role("alert")).to_contain_text("Line 2 is no JSON")
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    tab.check()
    body.fill('{"kind": "Cluster"}')
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("alertdialog").get_by_role("button", name="Send").click()
    expect(page.get_by_test_id("answer")).to_contain_text("400")
    expect(page.get_by_test_id("answer")).to_contain_text("error_code")

    page.get_by_role("link", name="Jobs").click()
    page.go_back()
    expect(body).to_have_value('{"kind": "Cluster"}')
    page.get_by_role("button", name="settings and sign out").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in to send it")).to_be_visible()
    expect(body).not_to_have_value('{"kind": "Cluster"}')


@pytest.mark.parametrize(
    ("language", "size", "colours"), [("en-US", WIDE, "dark"), ("zh-CN", NARROW, "light")]
)
def test_strangers_read_it_all(visitor: Visit, language: str, size: Any, colours: str) -> None:
    tab = visitor(language=language, size=size, colours=colours)
    page = tab.page
    tab.open("explorer")
    expect(page.get_by_test_id("operations").get_by_role("listitem").first).to_be_visible()
    assert page.get_by_role("listitem").count() < 60
    tab.check()

    page.get_by_role("searchbox").fill("CreateNodePool")
    page.get_by_role("link", name="CreateNodePool").click()

    expect(page.get_by_test_id("code")).to_contain_text("NodePool(")
    expect(page.get_by_test_id("example")).to_contain_text("NodePool")
    expect(page.get_by_role("table").first).to_be_visible()
    page.get_by_role("link", name="登录" if language == "zh-CN" else "Sign in").first.wait_for()
    tab.check()


def test_a_session_that_has_ended_is_told_of_what_is_sent(visitor: Visit) -> None:
    tab = visitor()
    tab.expected = ["status of 401"]
    page = tab.page
    tab.sign_in()
    tab.open("explorer/issue_token_v3_auth_tokens_post?body=json")
    page.get_by_role("textbox", name="Body").fill(
        '{"auth": {"identity": {"methods": ["password"], "password": {"user":'
        ' {"name": "nobody", "domain": {"name": "clusterwright"}, "password": "wrong"}}}}}'
    )
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("alertdialog").get_by_role("button", name="Send").click()
    expect(page.get_by_test_id("answer")).to_contain_text("401")
    expect(page.get_by_role("button", name="settings and sign out")).to_be_visible()

    tab.open("explorer/ShowQuotas")
    send = page.get_by_role("button", name="Send", exact=True)
    expect(send).to_be_enabled()
    page.evaluate(
        "() => { const { token } = JSON.parse(sessionStorage['clusterwright.session']);"
        " const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token };"
        " return fetch('/v3/auth/tokens', { method: 'DELETE', headers }) }"
    )
    send.click()

    expect(page.get_by_text("Your session has ended")).to_be_visible()
    tab.check()
    page.get_by_role("link", name="Sign in to send it").click()
    expect(page).to_have_url(re.compile("next=%2Fexplorer%2FShowQuotas"))


def test_the_form_is_a_few_keys_away(visitor: Visit) -> None:
    tab = visitor()
    page = tab.page
    tab.open("explorer/ShowQuotas")
    expect(page.get_by_test_id("operations").get_by_role("listitem").first).to_be_visible()

    page.get_by_role("searchbox").focus()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip the list")
    expect(skip).to_be_focused()
    tab.check()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.querySelector('#operation').contains(document.activeElement)")
    expect(page).to_have_url(re.compile("/explorer/ShowQuotas"))
