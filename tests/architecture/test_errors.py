"""Each entry of the error catalogue is a refusal that can happen."""

import re
from pathlib import Path

import pytest

from clusterwright import errors

SRC = Path(errors.__file__).parent
TEXT = "\n".join(
    file.read_text() for file in SRC.rglob("*.py") if file.resolve() != Path(errors.__file__)
)


@pytest.mark.parametrize("name", sorted(errors.CATALOGUE))
def test_every_entry_is_raised_somewhere(name: str) -> None:
    assert re.search(rf"\b{name}\b", TEXT), f"Nothing raises {name}: remove it from errors.py."
