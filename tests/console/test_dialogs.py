"""Dialogs of the console: by the keyboard alone, and new each time that they open."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.browser import Visitor
from tests.console.conftest import Visit
from tests.console.test_console import choose
from tests.server_process import ServerProcess

pytestmark = pytest.mark.timeout(240)

NAME = "talked-about"


@pytest.fixture(scope="module")
def cluster(server: ServerProcess) -> str:
    """The name of a cluster with two nodes."""
    server.command("cluster", "create", NAME)
    server.command("nodepool", "create", NAME, "workers", "--count", "2")
    return NAME


def opened(tab: Visitor, cluster: str) -> Page:
    """The page of a cluster."""
    tab.sign_in(f"?search={cluster}")
    tab.page.get_by_role("link", name=cluster).click()
    expect(tab.page.locator("h1 + span")).to_have_text("Available")
    return tab.page


def test_a_button_keeps_the_focus_while_it_works(visitor: Visit, cluster: str) -> None:
    tab = visitor()
    tab.expected = ["ERR_FAILED"]
    page = opened(tab, cluster)
    asked: list[Route] = []
    page.route("**/operation/hibernate", asked.append)
    choose(page, "Hibernate")
    dialog = page.get_by_role("alertdialog")
    button = dialog.get_by_role("button", name="Hibernate")

    button.press("Enter")

    expect(button).to_be_disabled()
    expect(button).to_be_focused()
    button.press("Enter")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert len(asked) == 1
    asked[0].abort()


def test_a_kubeconfig_is_made_and_left_by_the_keyboard(visitor: Visit, cluster: str) -> None:
    page = opened(visitor(), cluster)
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Kubeconfig").press("Enter")

    dialog.get_by_role("button", name="Make it").press("Enter")

    expect(dialog.get_by_role("button", name="Download")).to_be_focused()
    dialog.get_by_role("button", name="Close").press("Enter")
    expect(dialog).to_have_count(0)
