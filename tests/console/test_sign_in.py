"""Signing in with an access key: every request is signed, and the key itself is kept nowhere."""

import json
import re

import pytest
from playwright.sync_api import Page, Request, expect

from tests.console.browser import Visitor
from tests.console.conftest import Visit
from tests.console.test_console import WORDS, create
from tests.server_process import ServerProcess

pytestmark = pytest.mark.timeout(240)


def by_key(tab: Visitor, access: str, secret: str) -> Page:
    """Open the console, and fill the form for keys in and send it."""
    page = tab.page
    tab.open()
    page.get_by_role("tab", name="Access key").click()
    page.get_by_label("Access key (AK)").fill(access)
    page.get_by_label("Secret key (SK)").fill(secret)
    tab.check()
    page.click("button[type=submit]")
    return page


def test_all_is_done_with_a_key_that_is_kept_nowhere(visitor: Visit, server: ServerProcess) -> None:
    account = server.credentials
    tab = visitor()
    tab.expected = ["status of 404", "status of 401"]
    asked: list[Request] = []
    tab.page.on("request", lambda request: asked.append(request))
    page = by_key(tab, account["access_key"], account["secret_key"])
    expect(page.locator("h1")).to_have_text("Clusters")

    create(page, "signed", WORDS["en-US"])
    expect(page.locator("[data-connection=live]")).to_be_visible()
    expect(page.locator("[data-connection=ended]")).to_be_visible()
    expect(page.locator("h1 + span")).to_have_text("Success")
    tab.open("jobs?type=" + "%20a%2Bb%E4%B8%AD*'(~)")
    expect(page.get_by_role("heading", name="No job is like that")).to_be_visible()
    for address in ("clusters/no%20such", "clusters/no%20such%2Fone"):
        tab.open(address)
        expect(page.locator("#main h1")).to_be_attached()
        tab.check()
    tab.open("explorer/ShowQuotas")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_test_id("answer")).to_contain_text("200")
    page.get_by_role("button", name="admin: settings and sign out").click()
    expect(page.get_by_role("menuitem", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")

    sent = json.dumps([[each.url, each.headers, each.post_data] for each in asked])
    assert account["secret_key"] not in sent
    assert "x-auth-token" not in sent
    kept = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert account["secret_key"] not in kept
    assert account["access_key"] not in kept

    page.evaluate(
        "sessionStorage['clusterwright.session'] = JSON.stringify("
        "{...JSON.parse(sessionStorage['clusterwright.session']), token: 'no longer good'})"
    )
    tab.open("jobs")
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    expect(page).to_have_url(re.compile("next=%2Fjobs$"))


def test_a_clock_that_is_wrong_keeps_nobody_out(visitor: Visit, server: ServerProcess) -> None:
    tab = visitor()
    tab.expected = ["status of 401"]
    tab.page.add_init_script("const now = Date.now; Date.now = () => now() - 3 * 3600 * 1000")

    page = by_key(tab, server.credentials["access_key"], server.credentials["secret_key"])

    expect(page.locator("h1")).to_have_text("Clusters")

    # After a reload what is answered first tells the time, before what was asked first is answered.
    page.add_init_script(
        "const ask = window.fetch; window.refused = 0; window.told = 0;"
        "window.fetch = async (...all) => { const answer = await ask(...all);"
        " if (answer.status === 401) {"
        " await new Promise((go) => setTimeout(go, window.refused++ ? 0 : 1500)); window.told++ }"
        " return answer }"
    )
    page.reload()
    page.wait_for_function("() => window.told >= 2")
    page.wait_for_timeout(500)
    expect(page.locator("h1")).to_have_text("Clusters")


def test_a_wrong_key_is_refused_in_words(visitor: Visit, server: ServerProcess) -> None:
    tab = visitor()
    tab.expected = ["status of 401"]

    page = by_key(tab, server.credentials["access_key"], "not the secret")

    expect(page.get_by_role("alert")).to_have_text("The access key or the secret key is wrong.")
    tab.check()
