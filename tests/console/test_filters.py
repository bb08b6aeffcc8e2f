"""Filters that stand in the address: whatever is typed arrives as it was typed."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visit
from tests.console.test_console import many
from tests.server_process import ServerProcess

pytestmark = pytest.mark.timeout(240)

PLACES = {
    "": ("Name or id", "search"),
    "jobs": ("Cluster id", "cluster"),
    "explorer": ("Search", "search"),
}
places = pytest.mark.parametrize("path", PLACES, ids=lambda path: path or "clusters")


def opened(visitor: Visit, path: str) -> Page:
    """A page with a filter whose text stands in the address."""
    tab = visitor()
    tab.page.route("**/api/v3/projects/*/clusters", lambda route: route.fulfill(json=many(3)))
    tab.sign_in()
    tab.open(path)
    return tab.page


@places
def test_a_word_is_composed_in_a_filter(visitor: Visit, path: str) -> None:
    page = opened(visitor, path)
    label, name = PLACES[path]
    field = page.get_by_placeholder(re.compile(f"^{label}"))
    field.focus()
    method = page.context.new_cdp_session(page)

    for part in ("z", "zh", "zho", "zhon", "zhong"):
        method.send(
            "Input.imeSetComposition",
            {"text": part, "selectionStart": len(part), "selectionEnd": len(part)},
        )
    expect(field).to_have_value("zhong")
    method.send("Input.insertText", {"text": "中"})

    expect(page).to_have_url(re.compile(rf"[?&]{name}=%E4%B8%AD$"))
    expect(field).to_have_value("中")


@places
def test_a_filter_leaves_the_caret_where_it_is(visitor: Visit, path: str) -> None:
    page = opened(visitor, path)
    label, name = PLACES[path]
    field = page.get_by_placeholder(re.compile(f"^{label}"))
    field.press_sequentially("nodes")
    expect(page).to_have_url(re.compile(rf"[?&]{name}=nodes$"))

    field.press("Home")
    page.keyboard.type("all-")

    expect(page).to_have_url(re.compile(rf"[?&]{name}=all-nodes$"))
    expect(field).to_have_value("all-nodes")


def test_a_filter_follows_the_address(visitor: Visit) -> None:
    page = opened(visitor, "?search=ci-00001")
    field = page.get_by_placeholder("Name or id")
    expect(page.get_by_role("row")).to_have_count(2)

    page.get_by_role("button", name="Clear filters").click()

    expect(field).to_have_value("")
    expect(page.get_by_role("row")).to_have_count(4)


def test_a_time_that_is_no_number_filters_nothing(visitor: Visit, server: ServerProcess) -> None:
    server.command("cluster", "create", "at-any-time", "--no-wait")
    tab = visitor()

    tab.sign_in("jobs?since=abc")

    expect(tab.page.get_by_role("table")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Since: Ever")).to_be_visible()
