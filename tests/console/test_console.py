"""The console in a real browser: what people do with it, and what must never happen."""

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser import Visitor
from tests.console.conftest import Visit

pytestmark = pytest.mark.timeout(240)

WORDS = {
    "en-US": {
        "create": "Create cluster",
        "submit": "Create",
        "name": "Name",
        "success": "Success",
        "clusters": "Clusters",
    },
    "zh-CN": {
        "create": "创建集群",
        "submit": "创建",
        "name": "名称",
        "success": "成功",
        "clusters": "集群",
    },
}


def create(page: Page, name: str, words: dict[str, str]) -> None:
    """Ask for a cluster by the form, on the page of clusters."""
    page.get_by_role("button", name=words["create"]).first.click()
    page.get_by_label(words["name"], exact=True).fill(name)
    page.get_by_role("button", name=words["submit"], exact=True).click()
    expect(page.get_by_role("treegrid")).to_be_visible()


def bar_widths(page: Page) -> list[float]:
    """How long the bars are that still grow."""
    script = "(bars) => bars.map((bar) => bar.getBoundingClientRect().width)"
    widths: list[float] = page.locator("[data-bar=Running]").evaluate_all(script)
    return widths


@pytest.mark.parametrize("language", WORDS)
def test_a_cluster_is_created_and_its_job_followed_to_the_end(
    visitor: Visit, language: str
) -> None:
    words = WORDS[language]
    tab: Visitor = visitor(language=language)
    page = tab.page
    tab.sign_in()
    expect(page.locator("h1")).to_have_text(words["clusters"])
    tab.check()

    create(page, f"made-{language.lower()}", words)
    expect(page.locator("[data-bar=Running]").first).to_be_attached()
    early = max(bar_widths(page))
    page.wait_for_function(
        "(early) => [...document.querySelectorAll('[data-bar=Running]')]"
        ".some((bar) => bar.getBoundingClientRect().width > early + 5)",
        arg=early,
    )
    tab.check()

    expect(page.locator("[data-connection=ended]")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    assert page.locator("[role=row][data-phase]:not([data-phase=Success])").count() == 0
    assert page.locator("[data-bar=Success]").count() >= 3
    expect(page.locator("h1 + span")).to_have_text(words["success"])
