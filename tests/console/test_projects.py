"""Two projects of one account: whoever changes to the other one sees nothing of the first."""

import json

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visit
from tests.server_process import ServerProcess

pytestmark = pytest.mark.timeout(240)


def test_a_job_is_not_shown_in_another_project(visitor: Visit, server: ServerProcess) -> None:
    server.command("cluster", "create", "here-only", "--no-wait")
    [job, *_] = json.loads(server.command("job", "list", "-o", "json"))["jobs"]
    region = server.credentials["region"]
    server.command("admin", "project", "add", f"{region}_other", "--domain", "clusterwright")
    tab = visitor()
    tab.expected = ["status of 404"]
    page = tab.page
    tab.sign_in(f"jobs/{job['uid']}")
    expect(page.get_by_role("treegrid")).to_be_visible()

    page.get_by_role("button", name="settings and sign out").click()
    page.get_by_role("menuitemradio", name=f"{region}_other").click()

    expect(page.get_by_text("This job is not here")).to_be_visible()
    expect(page.get_by_role("treegrid")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="settings and sign out").click()
    page.get_by_role("menuitemradio", name=region, exact=True).click()
    expect(page.get_by_role("treegrid")).to_be_visible()
    page.keyboard.press("Escape")
