"""A server with the console, and visitors of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.console.browser import AXE, FLAGS, Visitor, chromium, visit
from tests.server_process import ServerProcess
from tools.console import build

Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium of this machine."""
    program = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the console of these sources, slow enough to watch its jobs."""
    build.build(anew=not AXE.is_file())
    server = ServerProcess(tmp_path_factory.mktemp("console") / "data", pace=3, cold=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def visitor(browser: Browser, server: ServerProcess) -> Iterator[Visit]:
    """Makes visitors; what went wrong in their tabs fails the test."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        made.append(visit(browser, server.endpoint, server.credentials, **options))
        return made[-1]

    yield make
    for each in made:
        each.check()
        each.page.context.close()
