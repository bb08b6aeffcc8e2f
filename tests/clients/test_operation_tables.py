"""Nothing that an official SDK can call is unknown here, and every operation is driven by all."""

import pytest

from docs.generate import official, refused, served
from tests.clients.client_programs import LANGUAGES, Language
from tests.clients.life import LIFE
from tests.clients.missing import MISSING
from tests.clients.operation_tables import table
from tests.clients.reads import END, READS, STOCK
from tests.clients.rest import REST

# The first build of a program downloads its SDK.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

FEWEST = {"python": 182, "go": 181, "java": 139, "node": 35}
"""Operations of each SDK in the version that is pinned: reading fewer is reading wrongly."""


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda one: one.name)
def test_every_operation_of_an_sdk_is_known_here(language: Language) -> None:
    operations = table(language)

    known = served() | refused()

    assert len(operations) >= FEWEST[language.name]
    assert sorted(name for name, shape in operations.items() if shape not in known) == []


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda one: one.name)
def test_what_is_said_to_be_missing_is_all_that_is(language: Language) -> None:
    operations = table(language)

    newest = {one.name: one.shape for one in official()}

    assert set(operations.values()) <= set(newest.values())
    assert newest.keys() - operations.keys() == MISSING[language.name]


def test_every_answered_operation_is_in_a_script() -> None:
    scripted = {call.operation for call in (*LIFE, *STOCK, *END, *READS, *REST)}

    answered = {one.name for one in official() if one.shape in served()}

    assert answered - scripted == ALONE


ALONE = {"UpdatePartition"}
"""What no script can drive, and a test of its own does."""
