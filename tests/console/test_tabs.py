"""Many tabs of one browser: they share what streams there are, and none of them goes hungry."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.console.browser import visit
from tests.server_process import ServerProcess

pytestmark = pytest.mark.timeout(300)

TABS = 8
SOON = 10_000
"""Milliseconds, fewer than pages wait before they ask by the clock."""


class Tabs:
    """Tabs of one browser, with the streams that they hold open."""

    def __init__(self, browser: Browser, server: ServerProcess) -> None:
        self.first = visit(browser, server.endpoint, server.credentials)
        self.first.sign_in()
        self.context = self.first.page.context
        session = self.first.page.evaluate("sessionStorage['clusterwright.session']")
        self.context.add_init_script(f"sessionStorage['clusterwright.session'] ??= {session!r}")
        self.first.page.close()
        self.holders: list[Page] = []
        """Whose streams are open; a tab that has two stands here twice."""
        self.most = 0

    def open(self, path: str = "") -> Page:
        """One more tab."""
        page = self.context.new_page()
        page.on("request", lambda request: self._began(page, request))
        page.on("requestfinished", lambda request: self._ended(page, request))
        page.on("requestfailed", lambda request: self._ended(page, request))
        page.goto(f"{self.first.endpoint}/console/{path}")
        return page

    def _began(self, page: Page, request: Request) -> None:
        if request.url.endswith(("/events", "/stream")):
            self.holders.append(page)
            self.most = max(self.most, len(self.holders))

    def _ended(self, page: Page, request: Request) -> None:
        if request.url.endswith(("/events", "/stream")) and page in self.holders:
            self.holders.remove(page)


@pytest.fixture
def tabs(browser: Browser, server: ServerProcess) -> Iterator[Tabs]:
    """No tab yet of somebody who is signed in."""
    tabs = Tabs(browser, server)
    yield tabs
    tabs.context.close()


def test_eight_tabs_hear_by_one_stream_and_another_tab_takes_it_over(
    tabs: Tabs, server: ServerProcess
) -> None:
    pages = [tabs.open() for _ in range(TABS)]
    for page in pages:
        expect(page.locator("h1")).to_have_text("Clusters")

    server.command("cluster", "create", "heard-of", "--no-wait")
    for page in pages:
        expect(page.get_by_role("link", name="heard-of", exact=True)).to_be_visible(timeout=SOON)

    assert tabs.most == 1
    [leader] = tabs.holders
    leader.close()
    pages.remove(leader)
    tabs.holders.clear()
    pages[0].wait_for_timeout(500)
    assert len(tabs.holders) == 1
    server.command("cluster", "create", "heard-again", "--no-wait")
    for page in pages:
        expect(page.get_by_role("link", name="heard-again", exact=True)).to_be_visible(timeout=SOON)


def test_eight_jobs_are_followed_to_the_end_by_three_streams(
    tabs: Tabs, server: ServerProcess
) -> None:
    server.command("fault", "add", "InstallMaster", "--kind", "unavailable", "--times", "1000000")
    page = tabs.open("?search=followed-")
    for number in range(TABS):
        server.command("cluster", "create", f"followed-{number}", "--no-wait")
    links = page.get_by_role("link", name="Follow the job")
    expect(links).to_have_count(TABS)
    addresses = [link.get_attribute("href") or "" for link in links.all()]

    pages = [tabs.open(address.removeprefix("/console/")) for address in addresses]
    for each in pages:
        expect(each.locator("[data-connection=live], [data-connection=polling]")).to_be_visible()
    live = [each for each in pages if each.locator("[data-connection=live]").count()]
    assert len(live) == 3
    # Until the first one ends: a stream that another tab takes over is counted twice for a moment.
    assert tabs.most <= 4
    server.command("fault", "clear", "--all")
    for each in pages:
        expect(each.locator("[data-connection=ended]")).to_be_visible(timeout=60_000)
        expect(each.locator("h1 + span")).to_have_text("Success")
