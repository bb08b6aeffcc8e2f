"""The official SDKs as fixtures: each program starts once per module."""

from collections.abc import Iterator

import pytest

from tests.clients.client_programs import LANGUAGES, Language, LiveServer, Program


@pytest.fixture(scope="module", params=LANGUAGES, ids=lambda language: language.name)
def language(request: pytest.FixtureRequest) -> Language:
    """Each official SDK in turn, unless a module names its own."""
    chosen: Language = request.param
    return chosen


@pytest.fixture(scope="module")
def program(
    language: Language, live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """A client that holds the right credentials."""
    with language.running(live_server.environ, tmp_path_factory.mktemp("home")) as program:
        yield program
