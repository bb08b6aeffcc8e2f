"""What a start does not do, because few need it: counted, so that no clock has to tell."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clusterwright import postponed
from tests.server_process import ServerProcess

NEVER_AT_START = {
    *postponed.SELDOM_USED,
    *postponed.OF_POSTGRESQL,
    *postponed.ONLY_NAMED,
    "alembic",  # the schema is there
    "huaweicloudsdkcore",
    "jinja2",
    "pygments",
    "rich.console",  # which draws tables for people
    "uvicorn",
}
SOURCES = Path(postponed.__file__).parent
MOST_MODULES = 1100
"""Of all libraries and of ours; every one takes half a millisecond."""
_COUNT = """
import json
from clusterwright.postponed import postpone
from clusterwright.settings import Settings
postpone(Settings())
from pydantic import BaseModel
from clusterwright import app
app.routes()

def below(kind):
    for each in kind.__subclasses__():
        yield each
        yield from below(each)

ours = (each for each in below(BaseModel) if each.__module__.startswith("clusterwright."))
print(json.dumps({
    "routes": sum("route" in vars(each) for router in app.ROUTERS for each in router.declared),
    "models": [each.__name__ for each in ours if each.__pydantic_complete__],
}))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules that a server has loaded when it answers, on SQLite and a known folder."""
    server = ServerProcess(tmp_path_factory.mktemp("start") / "data", cold=True)
    server.start().stop()
    known = server.log.stat().st_size
    server.variables["PYTHONPROFILEIMPORTTIME"] = "1"
    server.start().stop()
    told = server.log.read_text()[known:]
    return set(re.findall(r"^import time:.*\| +(\S+)$", told, re.MULTILINE))


def test_a_start_loads_no_library_that_few_servers_use(loaded: set[str]) -> None:
    assert "clusterwright.app" in loaded
    assert loaded & NEVER_AT_START == set(), "Are its types in annotations without quotes?"


def test_a_start_loads_no_more_modules_than_today(loaded: set[str]) -> None:
    assert len(loaded) <= MOST_MODULES


def test_a_start_analyses_no_route_and_builds_no_model() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _COUNT], capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout) == {"routes": 0, "models": ["Settings"]}


def test_a_postponed_library_is_whole_when_it_is_used(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from clusterwright.postponed import postpone\n"
        "from clusterwright.settings import Settings\n"
        "postpone(Settings())\n"
        "import asyncpg, h11, httpx, jwt, psycopg, yaml\n"
        "from cryptography import x509\n"
        "from psycopg import errors\n"
        "assert 'psycopg.pq' not in sys.modules\n"
        "assert issubclass(errors.LockNotAvailable, psycopg.OperationalError)\n"
        "assert sys.modules['psycopg'].errors.LockNotAvailable is errors.LockNotAvailable\n"
        "assert issubclass(asyncpg.PostgresError, Exception)\n"
        "assert yaml.safe_load('[1]') == [1] and httpx.URL('http://x').host == 'x'\n"
        "assert x509.oid.NameOID.COMMON_NAME and x509 is not sys.modules['cryptography.x509']\n"
        "assert jwt.algorithms.RSAAlgorithm and h11.SERVER\n"
        "assert vars(yaml)['safe_load'] is sys.modules['yaml'].safe_load\n"
    )

    subprocess.run([sys.executable, program], check=True, capture_output=True)


def test_what_is_only_named_can_be_named_and_never_made(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from clusterwright.postponed import postpone\n"
        "from clusterwright.settings import Settings\n"
        "postpone(Settings())\n"
        "from sqlalchemy.orm import Session, sessionmaker\n"
        "def work(one: Session | None, several: sessionmaker[int]) -> None: ...\n"
        "assert not isinstance(work, Session)\n"
        "Session()\n"
    )

    done = subprocess.run([sys.executable, program], capture_output=True, text=True)

    assert done.stderr.strip().endswith(
        "sqlalchemy.orm was thought to be needed for its names only."
    )


def test_nothing_is_imported_that_lies_below_a_postponed_library() -> None:
    names = "|".join(map(re.escape, (*postponed.SELDOM_USED, *postponed.OF_POSTGRESQL)))
    below = re.compile(rf"^\s*(from|import) ({names})\.", re.MULTILINE)

    found = {path for path in SOURCES.rglob("*.py") if below.search(path.read_text())}

    assert found == {SOURCES / "cli" / "kubeconfig.py"}, "a command, which postpones nothing"
