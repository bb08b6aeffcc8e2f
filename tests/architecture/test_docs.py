"""What the pages tell is so: links lead somewhere, commands parse, settings exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from clusterwright.cli import app
from clusterwright.settings import Settings
from clusterwright.storage import limits

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")
_SETTING = re.compile(r"CLUSTERWRIGHT_(\w+)")
# A command at the start of a line, behind variables of its own, or inside $(…).
_COMMAND = re.compile(r"(?:^\s*(?:\w+=\S*\s+)*|\$\()clusterwright ([^()\n#|;&>]+)", re.MULTILINE)


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """What a link can name behind ``#``, as the usual renderers derive it from headings."""
    titles = _HEADING.findall(prose(page))
    return {_NOT_IN_ANCHORS.sub("", title.lower()).replace(" ", "-") for title in titles}


def links() -> Iterator[Any]:
    """Every link of a page to another file of the project, or to a heading."""
    for page in PAGES:
        for target in _LINK.findall(prose(page)):
            if "://" not in target:
                yield pytest.param(page, target, id=f"{page.relative_to(ROOT)}: {target}")


def commands() -> Iterator[Any]:
    """Every call of the command line in a shell block, as a shell would split it."""
    for page in PAGES:
        for language, block in _FENCE.findall(page.read_text()):
            if language == "sh":
                for line in _COMMAND.findall(block.replace("\\\n", " ")):
                    words = shlex.split(line)
                    yield pytest.param(words, id=f"{page.relative_to(ROOT)}: {' '.join(words)}")


@pytest.mark.parametrize(("page", "target"), list(links()))
def test_every_link_leads_to_a_file_and_a_heading(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")

    found = (page.parent / path).resolve() if path else page

    assert found.exists()
    assert not anchor or anchor in anchors(found)


@pytest.mark.parametrize("words", list(commands()))
def test_every_command_exists_with_its_options(words: list[str]) -> None:
    command: Any = get_command(app)
    name = "clusterwright"

    # Each level parses its own options and leaves the next name and what follows it. Parsing runs
    # no command; it raises a usage error for an unknown name, option or choice.
    while True:
        context = command.make_context(name, list(words))
        if not hasattr(context.command, "resolve_command"):
            return
        rest = words[-len(context.args) - 1 :]
        name, command, words = context.command.resolve_command(context, rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_variable_is_a_setting(page: Path) -> None:
    named = {name.lower() for name in _SETTING.findall(page.read_text())}

    assert named <= Settings.model_fields.keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name, value in vars(limits).items()
        if isinstance(value, int) and name != "KIB"
    ],
)
def test_every_limit_is_told_with_its_number(name: str, value: int) -> None:
    page = (ROOT / "docs" / "limits.md").read_text()
    written = {str(value), f"{value / limits.KIB:g} KiB", f"{value / limits.KIB**2:g} MiB"}

    assert any(re.search(rf"(?<![\d.]){re.escape(text)}(?![\d.])", page) for text in written)
