"""A cluster's whole life through every official SDK."""

from collections.abc import Sequence
from uuid import uuid4

import pytest

from tests.clients.client_programs import (
    LANGUAGES,
    Language,
    Program,
    UnsupportedOperationError,
)
from tests.clients.life import LIFE
from tests.clients.missing import MISSING, lacking
from tests.clients.reads import END, STOCK
from tests.clients.rest import REST
from tests.clients.script import Call, walk
from tests.kit import holding
from tests.server_process import ServerProcess

# The first build of a program downloads its SDK.
pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(900),
    pytest.mark.parametrize(
        "language", LANGUAGES, ids=lambda one: one.name, indirect=True, scope="module"
    ),
]


SCRIPTS = {
    "nodes, pools and an add-on": LIFE,
    "one of everything": (*STOCK, *END),
    "what is left": REST,
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_cluster_lives_with(
    script: Sequence[Call],
    program: Program,
    language: Language,
    live_server: ServerProcess,
    subtests: pytest.Subtests,
) -> None:
    absent = lacking(language.name)
    for operation in sorted({call.operation for call in script} & absent.keys()):
        with subtests.test(operation):
            pytest.skip(absent[operation])
    servers = {"first_server": str(uuid4()), "second_server": str(uuid4())}
    name = f"life-{uuid4().hex[:8]}"
    # A simulated upgrade takes no time, and is to be paused: some seconds are long enough for that.
    live_server.command(*holding("CheckMaster", name, times=5))

    walk(program, script, servers | {"name": name}, absent=absent)


def test_what_is_said_to_be_missing_is(program: Program, language: Language) -> None:
    for operation in MISSING[language.name]:
        with pytest.raises(UnsupportedOperationError):
            program.call(operation)
