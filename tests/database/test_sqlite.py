"""How one SQLite file is opened."""

import sqlite3
from pathlib import Path

import pytest

from clusterwright.storage import sqlite
from tests.conftest import DURABLE


def test_commits_are_synchronised_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "SYNCHRONOUS", DURABLE)
    connection = sqlite3.connect(tmp_path / "x.db")

    sqlite.set_sqlite_modes(connection)

    full = 2  # sqlite.org/pragma.html#pragma_synchronous
    assert connection.execute("PRAGMA synchronous").fetchone() == (full,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
