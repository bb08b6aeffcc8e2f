"""Servers and clients that are gone when their test is."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.server_process import ServerProcess

Launch = Callable[..., ServerProcess]
SignIn = Callable[[ServerProcess], Client]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start a server on a data folder of this test."""
    with ExitStack() as started:

        def start(folder: str = "data", **settings: Any) -> ServerProcess:
            server = ServerProcess(tmp_path / folder, **settings)
            started.callback(server.kill)
            return server.start()

        yield start


@pytest.fixture
def sign_in() -> Iterator[SignIn]:
    """A client with a token of a server's first account."""
    with ExitStack() as opened:
        yield lambda server: opened.enter_context(closing(Client(server)))
