"""Faults in the console: armed by a form, read in the job that they fail, and cleared."""

import pytest
from playwright.sync_api import expect

from tests.console.browser import NARROW, WIDE
from tests.console.conftest import Visit
from tests.console.test_console import WORDS, create

pytestmark = pytest.mark.timeout(240)

ARM = {"en-US": "Arm a fault", "zh-CN": "设置故障"}


def test_a_fault_is_armed_struck_and_cleared(visitor: Visit) -> None:
    tab = visitor()
    page = tab.page
    tab.sign_in("faults")
    expect(page.get_by_role("heading", name="No faults")).to_be_visible()
    tab.check()

    page.get_by_role("button", name="Arm a fault").click()
    page.get_by_label("Name of the cluster").fill("struck")
    page.get_by_label("Reason").fill("No zone has room.")
    page.get_by_role("button", name="Class").click()
    page.get_by_role("option", name="Capacity").click()
    tab.check()
    page.get_by_role("button", name="Arm", exact=True).click()
    table = page.get_by_role("table")
    expect(table).to_contain_text("1 time left")
    tab.check()
    page.get_by_role("link", name="Clusters").first.click()
    create(page, "struck", WORDS["en-US"])

    expect(page.get_by_test_id("cause")).to_contain_text("No zone has room.")
    page.get_by_role("link", name="Faults").click()
    expect(table).to_contain_text("used up")
    page.get_by_role("button", name="Clear InstallMaster").click()
    expect(page.get_by_role("heading", name="No faults")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "size", "colours"), [("zh-CN", NARROW, "dark"), ("en-US", WIDE, "light")]
)
def test_faults_can_be_read_by_everybody_and_cleared_at_once(
    visitor: Visit, language: str, size: tuple[int, int], colours: str
) -> None:
    tab = visitor(language=language, size=size, colours=colours)
    page = tab.page
    tab.sign_in("faults")
    for _ in range(2):
        page.get_by_role("button", name=ARM[language]).click()
        page.get_by_role("dialog").locator("button[type=submit]").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(3)
    tab.check()

    page.get_by_role("button", name="全部清除" if language == "zh-CN" else "Clear all").click()
    dialog = page.get_by_role("alertdialog")
    tab.check()
    dialog.get_by_role("button").last.click()

    expect(page.get_by_role("table")).to_have_count(0)
