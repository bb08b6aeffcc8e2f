"""A visitor of the console: a tab of a real Chromium, and everything that must not happen in it."""

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is the same browser without windows, profiles and extensions, and a quarter quicker."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDE, NARROW = (1440, 900), (360, 740)
_WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
_WAIT = 30_000


def chromium() -> str:
    """The path of a Chromium. Without one the test is skipped, and fails in CI."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    reason = "Chromium is not installed (Debian: chromium-headless-shell)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass
class Visitor:
    """One tab, in one language and at one width."""

    page: Page
    endpoint: str
    account: dict[str, str]
    wrongs: list[str] = field(default_factory=list)
    """What the browser complained of, or asked of somebody else."""
    expected: list[str] = field(default_factory=list)
    """Complaints that a test provokes, as patterns."""

    def watch(self) -> None:
        """Note whatever must not happen."""
        self.page.set_default_timeout(_WAIT)
        expect.set_options(timeout=_WAIT)
        self.page.add_init_script(_WATCH)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        self.page.on("request", self._note_request)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrongs.append(f"console: {message.text} {message.location['url']}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.endpoint, "blob:")):
            self.wrongs.append(f"foreign: {request.url}")

    def open(self, path: str = "") -> None:
        """Open a page of the console."""
        self.page.goto(f"{self.endpoint}/console/{path}")

    def sign_in(self, path: str = "") -> None:
        """Open a page as the first user, by the form."""
        self.open(path)
        user, password = self.page.locator("input[type=text]").nth(1), "input[type=password]"
        user.fill(self.account["user_name"])
        self.page.fill(password, self.account["password"])
        self.page.click("button[type=submit]")
        expect(self.page.locator("#main h1")).to_be_visible()

    def check(self) -> None:
        """Hold the page against accessibility rules, the policy, and the width of the window."""
        self.page.evaluate(AXE.read_text())
        found: list[Any] = self.page.evaluate("axe.run().then((found) => found.violations)")
        assert [(each["id"], each["nodes"][0]["target"]) for each in found] == []
        assert self.page.evaluate("window.violations") == []
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        unexpected = [
            wrong
            for wrong in self.wrongs
            if not any(re.search(pattern, wrong) for pattern in self.expected)
        ]
        assert unexpected == []


def visit(
    browser: Browser,
    endpoint: str,
    account: dict[str, str],
    *,
    language: str = "en-US",
    size: tuple[int, int] = WIDE,
    colours: Any = "light",
) -> Visitor:
    """A new visitor, of whom the browser knows nothing."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=colours, locale=language
    )
    visitor = Visitor(context.new_page(), endpoint, account)
    visitor.watch()
    return visitor
