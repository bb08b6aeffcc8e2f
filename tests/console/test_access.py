"""Keys and users in the console: what the caller may see, and a secret that is shown once."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.browser import NARROW, WIDE, visit
from tests.console.conftest import Visit
from tests.console.test_sign_in import by_key
from tests.server_process import ServerProcess

pytestmark = pytest.mark.timeout(240)


def test_a_key_is_made_used_disabled_and_deleted(
    visitor: Visit, server: ServerProcess, tmp_path: Path
) -> None:
    tab = visitor()
    page = tab.page
    tab.sign_in()
    page.get_by_role("button", name="admin: settings").click()
    page.get_by_role("menuitem", name="Keys and users").click()
    keys = page.get_by_role("table", name="My access keys")
    expect(keys).to_contain_text(server.credentials["access_key"])

    page.get_by_role("button", name="Create a key").click()
    page.get_by_label("Description").fill("for a test")
    tab.check()
    page.get_by_role("button", name="Create", exact=True).click()
    secret = page.get_by_test_id("secret").inner_text()
    tab.check()
    expect(page.get_by_role("button", name="Download as CSV")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("secret")).to_have_text(secret)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    download.value.save_as(tmp_path / "key.csv")
    access, told = (tmp_path / "key.csv").read_text().splitlines()[1].split(",")
    page.get_by_role("button", name="I have kept it").click()

    assert told == secret
    row = page.get_by_role("row").filter(has_text=access)
    expect(row).to_contain_text("for a test")
    assert secret not in page.content()
    expect(page.get_by_role("button", name="Create a key")).to_be_disabled()
    other = visitor()
    signed = by_key(other, access, secret)
    expect(signed.locator("h1")).to_have_text("Clusters")
    other.open("access")
    expect(signed.get_by_text("You signed in with a key")).to_be_visible()
    other.check()
    page.get_by_role("button", name=f"Disable: {access}").click()
    expect(row).to_contain_text("disabled")
    page.get_by_role("button", name=f"Delete: {access}").click()
    tab.check()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_an_administrator_makes_users_who_see_and_change_less(
    visitor: Visit, server: ServerProcess, browser: Any
) -> None:
    tab = visitor()
    page = tab.page
    tab.sign_in("access")
    page.get_by_role("button", name="Create a user").click()
    page.get_by_label("User name").fill("reader")
    page.get_by_label("Password").fill("a-long-password-7")
    tab.check()
    page.get_by_role("button", name="Create", exact=True).click()
    users = page.get_by_role("table", name="Users of this account")
    expect(users).to_contain_text("reader")
    tab.check()

    account = {**server.credentials, "user_name": "reader", "password": "a-long-password-7"}
    reader = visit(browser, server.endpoint, account)
    reader.sign_in("access")
    expect(reader.page.get_by_role("table", name="Users of this account")).to_contain_text("(you)")
    expect(reader.page.get_by_text("You have no access keys.")).to_be_visible()
    assert reader.page.get_by_role("button", name="Create a user").count() == 0
    assert reader.page.get_by_role("button", name="Delete").count() == 0
    reader.check()
    reader.page.context.close()

    page.get_by_role("button", name="Disable: reader").click()
    row = page.get_by_role("row").filter(has_text="reader")
    expect(row).to_contain_text("disabled")
    page.get_by_role("button", name="Delete: reader").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "size", "colours"), [("zh-CN", NARROW, "dark"), ("zh-CN", WIDE, "light")]
)
def test_keys_and_users_can_be_read_by_everybody(
    visitor: Visit, language: str, size: tuple[int, int], colours: str
) -> None:
    tab = visitor(language=language, size=size, colours=colours)
    tab.sign_in("access")

    expect(tab.page.get_by_role("table")).to_have_count(2)
    tab.check()
