"""Whatever can be listed or shown is understood by every official SDK."""

from collections.abc import Mapping
from uuid import uuid4

import pytest

from docs.generate import official, served
from tests.clients.client_programs import LANGUAGES, PYTHON, Language, LiveServer, Program
from tests.clients.missing import lacking
from tests.clients.reads import READS, STOCK
from tests.clients.script import Call, perform, walk

# The first build of a program downloads its SDK.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def stock(live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The ids of one of everything."""
    with PYTHON.running(live_server.environ, tmp_path_factory.mktemp("home")) as program:
        return walk(program, STOCK, {"name": f"reads-{uuid4().hex[:8]}"})


@pytest.mark.parametrize("call", READS, ids=str)
@pytest.mark.parametrize(
    "language", LANGUAGES, ids=lambda one: one.name, indirect=True, scope="module"
)
def test_an_answer_is_understood(
    language: Language, program: Program, stock: Mapping[str, str], call: Call
) -> None:
    if reason := lacking(language.name).get(call.operation):
        pytest.skip(reason)

    perform(program, call, stock)


def test_every_answered_read_is_in_the_table() -> None:
    answered = served()

    reads = {one.name for one in official() if one.method == "GET" and one.shape in answered}

    assert {call.operation for call in READS} == reads
