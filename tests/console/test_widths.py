"""The console in windows that are neither wide nor narrow: nothing runs out of them."""

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visit
from tests.server_process import ServerProcess

pytestmark = pytest.mark.timeout(300)

WIDTHS = (700, 768, 900, 1024, 1366)
OVER = """() => [...document.querySelectorAll('[role=cell]')]
  .filter((each) => getComputedStyle(each).overflow === 'visible')
  .filter((each) => each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.textContent)"""


def check(page: Page) -> None:
    """Hold the page against each width: it does not scroll sideways, and no cell covers another."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        # A table looks at its width when it has been laid out.
        page.wait_for_function(
            "() => new Promise((seen) => requestAnimationFrame(() => "
            "requestAnimationFrame(() => seen(true))))"
        )
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        told = {"over": page.evaluate(OVER), "scrolls": wide}
        assert told == {"over": [], "scrolls": False}, f"{page.url} at {width}"


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_no_page_runs_out_of_a_window_of_any_width(
    visitor: Visit, server: ServerProcess, language: str
) -> None:
    name = f"of-a-name-that-is-rather-long-and-says-{language.lower()}"
    server.command("cluster", "create", name)
    server.command("nodepool", "create", name, "workers", "--count", "1")
    failing = f"failing-{language.lower()}"
    server.command(
        "fault", "add", "InstallMaster", "--reason", "No room. " * 20, "--cluster", failing
    )
    server.command("cluster", "create", failing, "--no-wait")
    tab = visitor(language=language)
    page = tab.page
    tab.sign_in(f"?search={name}")

    page.get_by_role("link", name=name).click()
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_count(6)
    for number in range(6):
        tabs.nth(number).click()
        expect(page.get_by_role("tabpanel").locator("[role=table], pre").first).to_be_visible()
        check(page)
    for address in ("", "jobs", "faults", "access", "explorer/CreateNodePool"):
        tab.open(address)
        expect(page.get_by_role("table").first).to_be_visible()
        check(page)
    tab.open("jobs")
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page.locator("[data-connection=ended]")).to_be_visible()
    check(page)
