"""The database and the clock that driver tests share."""

import pytest

from clusterwright.storage.database import Database
from tests.drivers.examples import Clock


@pytest.fixture
def database(data: Database) -> Database:
    """A database of each kind with our tables."""
    return data


@pytest.fixture
def clock() -> Clock:
    """A clock that moves when told."""
    return Clock()
