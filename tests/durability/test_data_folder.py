"""The data folder: closed to others, and never lost without a word."""

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.durability.conftest import Launch, SignIn
from tests.server_process import ServerProcess

pytestmark = pytest.mark.durability

Loss = Callable[[Path], object]


def open_to_others(folder: Path) -> dict[str, str]:
    """The files of a folder that others may use in any way."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    return {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


def replace(path: Path) -> None:
    """Put a copy in the place of a file, as a careless restore does."""
    copy = path.with_name("copy")
    shutil.copy2(path, copy)
    copy.replace(path)


def test_nothing_in_an_open_folder_is_open_and_a_warning_names_it(
    launch: Launch, sign_in: SignIn, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)

    server = launch()
    client = sign_in(server)
    client.wait_for_success([client.created("demo")])

    assert open_to_others(folder) == {}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    told = [line for line in server.log.read_text().splitlines() if "open to others" in line]
    assert len(told) == 1
    assert str(folder) in told[0]


def test_what_an_earlier_life_left_open_is_closed(launch: Launch) -> None:
    server = launch()
    server.kill()
    for path in server.data.iterdir():
        path.chmod(0o644)

    server.start()

    assert open_to_others(server.data) == {}
    assert "open to others" not in server.log.read_text()


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(lambda folder: shutil.rmtree(folder), id="folder removed"),
        pytest.param(lambda folder: folder.rename(folder.with_name("away")), id="folder moved"),
        pytest.param(lambda folder: (folder / "clusterwright.db").unlink(), id="database removed"),
        pytest.param(lambda folder: replace(folder / "clusterwright.db"), id="database replaced"),
        pytest.param(
            lambda folder: (folder / "clusterwright.db-wal").unlink(), id="journal removed"
        ),
    ],
)
def test_a_server_that_lost_its_data_ends_loudly(launch: Launch, loss: Loss) -> None:
    server = launch()

    loss(server.data)
    code = server.wait()

    *_, last = server.log.read_text().splitlines()
    assert code == 1
    # Before it, the engine may complain in its own way that its tables are gone.
    assert "was removed or replaced while the server ran on it" in last


def test_a_file_that_is_no_database_is_told_in_a_sentence(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    server.data.mkdir()
    (server.data / "clusterwright.db").write_bytes(b"nothing" * 1000)

    with pytest.raises(AssertionError, match="did not start"):
        server.start()

    assert server.wait() == 1
    assert server.log.read_text().splitlines()[-1] == (
        "The database cannot be used: (sqlite3.DatabaseError) file is not a database."
    )
