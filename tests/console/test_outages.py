"""The console while its server is away: it says so, waits longer and longer, and goes on."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.console.browser import AXE, Visitor, visit
from tests.console.test_console import WORDS, create
from tests.kit import holding
from tests.server_process import ServerProcess
from tools.console import build

pytestmark = pytest.mark.timeout(300)

GONE = "ERR_(INCOMPLETE_CHUNKED_ENCODING|CONNECTION_(REFUSED|RESET)|EMPTY_RESPONSE)|Failed to fetch"


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the console of these sources that tests may kill."""
    build.build(anew=not AXE.is_file())
    server = ServerProcess(tmp_path_factory.mktemp("mortal") / "data", pace=0.5).start()
    yield server
    server.stop()


@pytest.fixture
def tab(browser: Browser, mortal: ServerProcess) -> Iterator[Visitor]:
    """A visitor of a server that may go away, and has come back."""
    if not mortal.is_alive():
        mortal.start()
    tab = visit(browser, mortal.endpoint, mortal.credentials)
    tab.expected = [GONE]
    tab.sign_in()
    yield tab
    tab.check()
    tab.page.context.close()


def test_a_page_of_a_job_tells_that_its_server_is_away(tab: Visitor, mortal: ServerProcess) -> None:
    page = tab.page
    mortal.command(*holding("InstallMaster", "forsaken"))
    create(page, "forsaken", WORDS["en-US"])
    expect(page.locator("[data-connection=live]")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    mortal.kill()

    expect(page.locator("[data-connection=reconnecting]")).to_be_visible()
    expect(page.locator("[data-connection=offline]")).to_be_visible(timeout=90_000)
    # Each pause is about twice as long as the one before: a dozen questions, not a hundred.
    assert 2 <= sum(url.endswith("/stream") for url in asked) <= 20
    mortal.start()
    expect(page.locator("[data-connection=live]")).to_be_visible()
    mortal.command("fault", "clear", "--all")
    expect(page.locator("[data-connection=ended]")).to_be_visible(timeout=60_000)


def test_a_page_that_was_never_open_waits_for_its_server(
    tab: Visitor, mortal: ServerProcess
) -> None:
    page = tab.page
    mortal.kill()

    jobs = page.get_by_role("link", name="Jobs", exact=True)
    jobs.click()

    again = page.get_by_role("button", name="Try again")
    expect(page.get_by_text("The server does not answer")).to_be_visible()
    expect(page).to_have_url(f"{mortal.endpoint}/console/jobs")
    tab.check()
    again.click()
    expect(page.get_by_text("The server does not answer")).to_be_visible()
    # What is loaded already works as before.
    expect(jobs).to_be_visible()
    mortal.start()
    again.click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    expect(again).to_have_count(0)
