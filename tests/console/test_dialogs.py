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
    page.route("**/operation/hibernate", lambda route: asked.append(route))
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


def test_a_name_is_typed_anew_for_each_deletion(visitor: Visit, cluster: str) -> None:
    page = opened(visitor(), cluster)
    choose(page, "Delete")
    dialog = page.get_by_role("alertdialog")
    dialog.get_by_role("textbox").fill(cluster)
    expect(dialog.get_by_role("button", name="Delete")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    choose(page, "Delete")

    expect(dialog.get_by_role("textbox")).to_have_value("")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()


def refuse(route: Route) -> None:
    """Refuse what would change something that is there, and let all else through."""
    if route.request.method == "DELETE" or "/operation/" in route.request.url:
        route.fulfill(status=409, json={"error_code": "X", "error_msg": "Not this one"})
    else:
        route.fallback()


def refused(page: Page) -> None:
    """Do what the open dialog asks for, be refused, and leave."""
    dialog = page.get_by_role("alertdialog")
    expect(dialog.get_by_role("alert")).to_have_count(0)
    dialog.get_by_role("button").last.click()
    expect(dialog.get_by_role("alert")).to_have_text("Not this one")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_refusal_is_told_of_what_was_refused(
    visitor: Visit, server: ServerProcess, cluster: str
) -> None:
    for name in ("one-reader", "other-reader"):
        server.command("admin", "user", "add", name, "--domain", "clusterwright")
    tab = visitor()
    tab.expected = ["status of 409"]
    page = opened(tab, cluster)
    page.route("**/operation/hibernate", refuse)
    page.route("**/nodes/*", refuse)
    page.route("**/v3/users/*", refuse)
    page.route("**/faults", refuse)

    for _ in range(2):
        choose(page, "Hibernate")
        refused(page)
    page.get_by_role("tab", name="Nodes").click()
    nodes = page.get_by_role("button", name="Delete workers")
    expect(nodes).to_have_count(2)
    for each in nodes.all():
        each.click()
        refused(page)
    tab.open("access")
    for name in ("one-reader", "other-reader"):
        page.get_by_role("button", name=f"Delete: {name}").click()
        refused(page)
    tab.open("faults")
    page.get_by_role("button", name="Arm a fault").click()
    page.get_by_label("Name of the cluster").fill("nobodys")
    page.get_by_role("button", name="Arm", exact=True).click()
    for _ in range(2):
        page.get_by_role("button", name="Clear all").click()
        refused(page)
