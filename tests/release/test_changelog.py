"""The fragments of changelog.d become a section of the changelog."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "changelog.d"
KINDS = {".added": "Added", ".changed": "Changed", ".fixed": "Fixed", ".removed": "Removed"}
FRAGMENTS = sorted(FOLDER.glob("*.md"))

pytestmark = pytest.mark.release


def test_every_file_is_a_fragment_of_a_known_kind() -> None:
    others = {path.name for path in FOLDER.iterdir()} - {path.name for path in FRAGMENTS}

    assert others <= {"template.md.jinja", ".gitignore"}
    assert [path.name for path in FRAGMENTS if Path(path.stem).suffix not in KINDS] == []


def test_a_release_tells_every_fragment_under_its_kind_and_names_no_file() -> None:
    drafted = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9.9"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout

    assert drafted.startswith("## 9.9.9 (")
    told = {kind: words(part) for kind, part in sections(drafted).items()}
    for path in FRAGMENTS:
        text, slug = words(path.read_text()), path.name.partition(".")[0]
        assert text in told[KINDS[Path(path.stem).suffix]]
        assert f"({slug})" not in drafted


def sections(drafted: str) -> dict[str, str]:
    """The text under each heading of the third level."""
    _, *parts = drafted.split("\n### ")
    return {title: text for title, _, text in (part.partition("\n") for part in parts)}


def words(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())
