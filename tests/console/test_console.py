"""The console in a real browser: what people do with it, and what must never happen."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browser import NARROW, WIDE, Visitor, visit
from tests.console.conftest import Visit
from tests.kit import holding
from tests.server_process import ServerProcess

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


BARS = "[...document.querySelectorAll('[data-bar]')].map((bar) => bar.getBoundingClientRect())"


def bars(page: Page) -> list[list[float]]:
    """Where each bar of the timeline begins, and how long it is."""
    found: list[list[float]] = page.evaluate(f"() => {BARS}.map((bar) => [bar.x, bar.width])")
    return found


@pytest.mark.parametrize("language", WORDS)
def test_a_cluster_is_created_and_its_job_followed_to_the_end(
    visitor: Visit, server: ServerProcess, language: str
) -> None:
    words = WORDS[language]
    name = f"made-{language.lower()}"
    # Nobody knows how fast a browser is: the job waits for whoever looks at it.
    server.command(*holding("InstallMaster", name))
    tab: Visitor = visitor(language=language)
    page = tab.page
    tab.sign_in()
    expect(page.locator("h1")).to_have_text(words["clusters"])
    tab.check()

    create(page, name, words)
    expect(page.locator("[data-bar=Running]").first).to_be_attached()
    # A bar grows to the scale's end, and then the scale grows: others move and shrink.
    page.wait_for_function(
        f"(early) => {BARS}.some((bar, at) => !early[at]"
        " || Math.abs(bar.x - early[at][0]) + Math.abs(bar.width - early[at][1]) > 5)",
        arg=bars(page),
    )
    tab.check()
    server.command("fault", "clear", "--all")

    expect(page.locator("[data-connection=ended]")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    assert page.locator("[role=row][data-phase]:not([data-phase=Success])").count() == 0
    assert page.locator("[data-bar=Success]").count() >= 3
    expect(page.locator("h1 + span")).to_have_text(words["success"])


def test_a_failed_job_opens_at_its_cause_and_goes_on_when_resumed(
    visitor: Visit, server: ServerProcess
) -> None:
    reason = "No capacity left in this zone."
    server.command("fault", "add", "InstallMaster", "--reason", reason, "--cluster", "broken")
    tab: Visitor = visitor(language="zh-CN")
    page = tab.page
    tab.sign_in()

    create(page, "broken", WORDS["zh-CN"])

    cause = page.get_by_test_id("cause")
    expect(cause).to_contain_text(reason)
    expect(cause).to_contain_text("InstallMaster")
    expect(cause).to_contain_text("如何处理: 请清除故障")
    expect(page.locator("[role=row][aria-selected=true][data-phase=Failed]")).to_be_visible()
    expect(page.get_by_test_id("details")).to_contain_text(reason)
    tab.check()
    page.get_by_role("tab", name="事件").click()
    expect(page.get_by_role("log")).to_contain_text("变为失败")
    page.get_by_role("link", name="任务").first.click()
    expect(page.get_by_role("table")).to_contain_text(f"底层服务错误 {reason}")
    page.go_back()
    failed = page.url.partition("?")[0]

    page.get_by_role("button", name="从这一步继续").click()

    page.wait_for_url(lambda url: not url.startswith(failed))
    expect(page.locator("[data-connection=ended]")).to_be_visible()
    expect(page.locator("h1 + span")).to_have_text("成功")
    expect(page.get_by_role("link", name="接续之前的任务")).to_be_visible()
    tab.check()
    page.goto(failed)
    expect(page.get_by_role("link", name="已由另一个任务接续")).to_be_visible()


def test_a_cluster_is_filled_used_put_to_sleep_and_deleted(visitor: Visit) -> None:
    tab: Visitor = visitor()
    page = tab.page
    tab.sign_in()
    create(page, "whole", WORDS["en-US"])
    expect(page.locator("[data-connection=ended]")).to_be_visible()
    page.get_by_role("link", name="Open cluster").click()
    expect(page.locator("h1 + span")).to_have_text("Available")

    page.get_by_role("button", name="Kubeconfig").click()
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("pre")).to_contain_text("client-certificate-data")
    tab.check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "whole.kubeconfig.json"
    page.keyboard.press("Escape")

    choose(page, "Add pool")
    submit(page, "Add")
    expect(page.get_by_role("table")).to_contain_text("workers")
    page.get_by_role("tab", name="Nodes").click()
    expect(page.locator("[role=row]:has-text('Active')")).to_have_count(2)
    tab.check()
    page.get_by_role("tab", name="Add-ons").click()
    expect(page.get_by_role("table")).to_contain_text("coredns")
    expect(page.get_by_role("columnheader").last).to_have_text("About")

    expect(page.locator("h1 + span")).to_have_text("Available")
    choose(page, "Hibernate")
    submit(page, "Hibernate")
    expect(page.locator("h1 + span")).to_have_text("Hibernating")
    choose(page, "Wake up")
    submit(page, "Wake up")
    expect(page.locator("h1 + span")).to_have_text("Available")

    choose(page, "Delete")
    button = page.get_by_role("alertdialog").get_by_role("button", name="Delete")
    expect(button).to_be_disabled()
    page.get_by_label("Type whole to confirm").fill("whole")
    tab.check()
    button.click()
    expect(page.locator("h1")).to_contain_text("Delete cluster")
    expect(page.locator("[data-connection=ended]")).to_be_visible()
    page.get_by_role("link", name="Clusters").first.click()
    expect(page.locator("h1")).to_have_text("Clusters")
    expect(page.get_by_role("link", name="whole")).to_have_count(0)


def choose(page: Page, name: str) -> None:
    """Choose from the menu of a cluster."""
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name=name).click()


def submit(page: Page, name: str) -> None:
    """Press a button of the open dialog, and see the dialog go."""
    dialog = page.locator("[role=dialog], [role=alertdialog]")
    dialog.get_by_role("button", name=name, exact=True).click()
    expect(dialog).to_have_count(0)


def test_a_session_that_ends_is_taken_up_where_it_was(visitor: Visit) -> None:
    tab: Visitor = visitor()
    tab.expected = ["status of 401"]
    page = tab.page
    tab.sign_in("jobs?phase=Success")
    expect(page).to_have_url(re.compile(r"/console/jobs\?phase=Success$"))

    page.evaluate(
        "sessionStorage['clusterwright.session'] = JSON.stringify("
        "{...JSON.parse(sessionStorage['clusterwright.session']), token: 'no longer good'})"
    )
    page.reload()

    expect(page.get_by_text("Your session has ended")).to_be_visible()
    tab.check()
    page.locator("input[type=text]").nth(1).fill(tab.account["user_name"])
    page.fill("input[type=password]", tab.account["password"])
    page.click("button[type=submit]")
    expect(page).to_have_url(re.compile(r"/console/jobs\?phase=Success$"))
    assert page.evaluate("Object.keys(localStorage).sort()") == [
        "clusterwright.account",
        "clusterwright.project",
    ]


def test_a_wrong_password_is_told_in_words(visitor: Visit) -> None:
    tab: Visitor = visitor(language="zh-CN")
    tab.expected = ["status of 401"]
    tab.open()

    tab.page.locator("input[type=text]").nth(1).fill("nobody")
    tab.page.fill("input[type=password]", "wrong")
    tab.page.click("button[type=submit]")

    expect(tab.page.get_by_role("alert")).to_have_text("用户名或密码错误。")
    tab.check()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_page_can_be_read_by_everybody(
    visitor: Visit, size: tuple[int, int], colours: str
) -> None:
    language = "en-US" if colours == "light" else "zh-CN"
    tab: Visitor = visitor(size=size, colours=colours, language=language)
    page = tab.page
    tab.expected = ["status of 404"]
    tab.open("signin")
    expect(page.locator("h1")).to_be_visible()
    tab.check()
    tab.sign_in("jobs")
    expect(page.get_by_role("table")).to_be_visible()
    tab.check()
    page.get_by_role("table").get_by_role("link").last.click()
    expect(page.locator("[data-connection=ended]")).to_be_visible()
    tab.check()
    page.locator("header").get_by_role("button").click()
    expect(page.get_by_role("menu")).to_be_visible()
    tab.check()
    page.keyboard.press("Escape")
    if (size, colours) not in ((WIDE, "light"), (NARROW, "dark")):
        return
    for address in ("", "clusters/none", "jobs/none", "jobs?type=None", "nowhere"):
        tab.open(address)
        expect(page.locator("h1")).to_be_attached()
        expect(page.get_by_role("banner")).to_be_visible()
        tab.check()
    tab.open()
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page.get_by_role("tabpanel")).to_be_visible()
    for name in range(page.get_by_role("tab").count()):
        page.get_by_role("tab").nth(name).click()
        tab.check()


def test_ten_thousand_clusters_are_a_few_rows_of_the_page(visitor: Visit) -> None:
    tab: Visitor = visitor()
    page = tab.page
    page.route("**/api/v3/projects/*/clusters", lambda route: route.fulfill(json=many(10_000)))
    tab.sign_in()
    expect(page.get_by_text("10,000 clusters")).to_be_visible()

    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")

    expect(page.get_by_role("link", name="ci-09999")).to_be_visible()
    assert page.get_by_role("row").count() <= 60
    page.get_by_placeholder("Name or id").fill("ci-0999")
    expect(page.get_by_role("row")).to_have_count(11)


def many(number: int) -> dict[str, Any]:
    """A list of so many clusters."""
    made = "2026-11-26 09:00:00.000000001 +0000 UTC"
    return {
        "items": [
            {
                "metadata": {
                    "name": f"ci-{n:05}",
                    "uid": f"uid-{n}",
                    "creationTimestamp": made,
                    "updateTimestamp": made,
                    "annotations": {"clusterwright/driver": "simulated"},
                },
                "spec": {"version": "v1.34", "flavor": "cce.s1.small"},
                "status": {"phase": "Available"},
            }
            for n in range(number)
        ]
    }


def test_a_job_is_read_by_keys_alone(visitor: Visit) -> None:
    tab: Visitor = visitor()
    page = tab.page
    tab.sign_in("jobs?type=CreateCluster")
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page.get_by_role("treegrid")).to_be_visible()
    first, second = (
        page.locator("[role=row][data-id]").nth(0),
        page.locator("[role=row][data-id]").nth(1),
    )

    first.focus()
    page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    page.keyboard.press("Enter")

    expect(second).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile(r"\?step="))
    expect(page.get_by_role("tab").first).to_have_text("Overview")
    page.keyboard.press("ArrowLeft")
    expect(first).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(first).to_have_attribute("aria-expanded", "false")


def test_names_and_timeline_share_their_room_as_the_reader_likes(visitor: Visit) -> None:
    tab: Visitor = visitor()
    page = tab.page
    tab.sign_in("jobs?type=CreateCluster")
    page.get_by_role("table").get_by_role("link").first.click()
    divider = page.get_by_role("separator")
    expect(divider).to_have_attribute("aria-valuenow", "30")

    divider.focus()
    page.keyboard.press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "32")
    at = divider.bounding_box()
    assert at is not None
    page.mouse.move(at["x"] + 5, at["y"] + 60)
    page.mouse.down()
    page.mouse.move(at["x"] + 205, at["y"] + 60, steps=4)
    page.mouse.up()
    moved = divider.bounding_box()
    assert moved is not None
    assert abs(moved["x"] - at["x"] - 200) < 8
    lane = page.locator("[role=columnheader]").nth(3).bounding_box()
    assert lane is not None
    assert abs(moved["x"] + 5 - lane["x"]) < 8
    page.reload()
    kept = page.get_by_role("separator").bounding_box()
    assert kept == moved
    tab.check()


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that tests may kill, slow enough to do something in the middle of a job."""
    server = ServerProcess(tmp_path_factory.mktemp("slow") / "data", pace=0.5).start()
    yield server
    server.stop()


def test_a_job_is_cancelled(browser: Browser, slow: ServerProcess) -> None:
    tab = visit(browser, slow.endpoint, slow.credentials)
    page = tab.page
    tab.sign_in()
    create(page, "cancelled", WORDS["en-US"])

    page.get_by_role("button", name="Cancel job").click()
    tab.check()
    page.get_by_label("Reason").fill("Not needed any more")
    submit(page, "Cancel the job")

    expect(page.locator("[data-connection=ended]")).to_be_visible()
    expect(page.locator("h1 + span")).to_have_text("Cancelled")
    expect(page.get_by_test_id("cause")).to_contain_text("Not needed any more")
    tab.check()
    page.context.close()


def test_a_page_goes_on_where_it_was_when_the_server_dies(
    browser: Browser, slow: ServerProcess
) -> None:
    tab = visit(browser, slow.endpoint, slow.credentials)
    tab.expected = ["ERR_(INCOMPLETE_CHUNKED_ENCODING|CONNECTION_(REFUSED|RESET)|EMPTY_RESPONSE)"]
    page = tab.page
    tab.sign_in()
    create(page, "surviving", WORDS["en-US"])
    expect(page.locator("[data-connection=live]")).to_be_visible()

    slow.kill()
    slow.start()

    expect(page.locator("[data-connection=ended]")).to_be_visible(timeout=60_000)
    expect(page.locator("h1 + span")).to_have_text("Success")
    page.locator("[role=row]:has-text('CreatePSMCert')").click()
    page.get_by_role("tab", name="Events").click()
    told = page.get_by_role("log").inner_text()
    assert [told.count(f"became {phase}") for phase in ("Running", "Success")] == [1, 1]
    tab.check()
    page.context.close()
