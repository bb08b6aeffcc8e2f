"""What comments cite can be read: every cited section is a heading of a page in docs/notes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEARCHED = ("src", "tests", "bench", "docs")
_FOREIGN = {"node_modules", "target", "__pycache__"}
_TEXTS = {
    *(".py", ".go", ".java", ".js", ".mjs", ".ts", ".sh", ".tf", ".html", ".css"),
    *(".md", ".json", ".toml", ".yaml", ".yml", ".xml"),
}

# A line's end in a comment, in a docstring, or written as such inside JSON.
_BREAK = re.compile(r"[ \t]*(?:\n|\\n)[ \t]*(?:(?:#+|//|\*|>)[ \t]*)?")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{2,3} ([0-9A-Z]\S*) ", re.MULTILINE)
_TAGS = re.compile(r"\[([A-Z][A-Za-z ]+(?:, [A-Z][A-Za-z ]+)*)\](?!\()")
_TAG_TABLE = re.compile(r"^\| tag \| source \|\n((?:\|.*\n)+)", re.MULTILINE)
_TAG_ROW = re.compile(r"^\| ([A-Z][A-Za-z ]+) \|", re.MULTILINE)
_CODE = re.compile(r"`[^`]*`")


def _citation(names: str, number: str) -> re.Pattern[str]:
    """``names`` and the sections behind it: one, several, or from one to another."""
    return re.compile(
        rf"(?:{names})(?: sections?)? ({number}(?:(?:, and |, | and | to |-){number})*)(?![.\w]\w)"
    )


@dataclass(frozen=True, slots=True)
class Notes:
    """A page of notes, how it is cited, and the words that only a citation may have."""

    page: Path
    citation: re.Pattern[str]
    words: re.Pattern[str]
    number: re.Pattern[str]

    def headings(self) -> list[str]:
        """The numbers of its sections."""
        return _HEADING.findall(_FENCE.sub("", self.page.read_text()))

    def cited(self, text: str) -> list[str]:
        """Every section that ``text`` cites; of a range, its two ends."""
        whole = self.citation.findall(_BREAK.sub(" ", text))
        return [number for numbers in whole for number in self.number.findall(numbers)]

    def unknown(self, text: str) -> list[str]:
        """The places where ``text`` speaks of the page in a form that names no section."""
        line = _BREAK.sub(" ", text)
        known = [match.span() for match in self.citation.finditer(line)]
        return [
            line[max(0, word.start() - 20) : word.end() + 20]
            for word in self.words.finditer(line)
            if not any(start <= word.start() < end for start, end in known)
        ]


_API = r"\d+(?:\.\d+)?"
_CLIENT = r"(?:0(?:\.\d+)?|[A-Z]\d*)"
API = Notes(
    page=ROOT / "docs" / "notes" / "api.md",
    citation=_citation(r"API reference,|(?<=\()reference", _API),
    words=re.compile(rf"(?i:API\s+reference)|\breference,?(?: sections?)? {_API}"),
    number=re.compile(_API),
)
CLIENTS = Notes(
    page=ROOT / "docs" / "notes" / "clients.md",
    citation=_citation("client notes,", _CLIENT),
    words=re.compile(rf"(?i:clients?\s+notes)|\bnotes,(?: sections?)? {_CLIENT}\b"),
    number=re.compile(_CLIENT),
)

both = pytest.mark.parametrize("notes", [API, CLIENTS], ids=lambda notes: notes.page.name)


def texts() -> Iterator[tuple[str, str]]:
    """Every file but this one in which a section could be cited, with its text."""
    for folder in SEARCHED:
        for path in sorted((ROOT / folder).rglob("*")):
            ours = path.suffix in _TEXTS and _FOREIGN.isdisjoint(path.parts)
            if ours and path.is_file() and path != Path(__file__):
                yield str(path.relative_to(ROOT)), path.read_text()


@both
def test_every_cited_section_is_a_heading(notes: Notes) -> None:
    headings = set(notes.headings())
    cited = [(name, number) for name, text in texts() for number in notes.cited(text)]

    missing = [each for each in cited if each[1] not in headings]

    assert cited
    assert missing == []


@both
def test_every_mention_names_its_section(notes: Notes) -> None:
    unknown = [(name, place) for name, text in texts() for place in notes.unknown(text)]

    assert unknown == []


@both
def test_no_section_is_there_twice(notes: Notes) -> None:
    headings = notes.headings()

    assert len(headings) == len(set(headings))


@both
def test_every_source_is_in_the_table_of_tags(notes: Notes) -> None:
    page = _CODE.sub("", notes.page.read_text())
    table = {tag for rows in _TAG_TABLE.findall(page) for tag in _TAG_ROW.findall(rows)}

    used = {tag for tags in _TAGS.findall(page) for tag in tags.split(", ")}

    assert used
    assert used - table == set()


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ('"""How a cluster reads (API reference, 4.4-4.6)."""', ["4.4", "4.6"]),
        ('"""Node documents (API reference, 5)."""', ["5"]),
        ("leave the server (API reference, sections 8.1, 8.3 and 8.4): the", ["8.1", "8.3", "8.4"]),
        ("the new ranges (API reference, 4.7: only new ones are sent)", ["4.7"]),
        ("    # API reference, 5.1.\n", ["5.1"]),
        ("    # starts 0255ac (reference\n    # 1.2). The rest", ["1.2"]),
        ('"""Documents of jobs (API reference,\n3.4).\n"""', ["3.4"]),
        ('{"description": "of a day (API\\nreference, 9)"}', ["9"]),
    ],
)
def test_the_api_is_cited_so(text: str, sections: list[str]) -> None:
    assert API.cited(text) == sections
    assert API.unknown(text) == []


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("    # with the id (client notes, A4).", ["A4"]),
        ("before anything has started (client notes, section 0.4).", ["0.4"]),
        ("request by request (client notes, B2 to B8).", ["B2", "B8"]),
        ("from clusters and nodes (client notes, B3, B8\nand B9).", ["B3", "B8", "B9"]),
        ("    # escape as they are (client\n    # notes, A5).", ["A5"]),
        ("// can be called (client notes, A1).", ["A1"]),
    ],
)
def test_the_clients_are_cited_so(text: str, sections: list[str]) -> None:
    assert CLIENTS.cited(text) == sections
    assert CLIENTS.unknown(text) == []


@pytest.mark.parametrize(
    ("notes", "text"),
    [
        (API, "as the API reference says"),
        (API, "(API reference 4.7)"),
        (API, "(API reference, chapter 4)"),
        (API, "(API reference,\n# the part on jobs)"),
        (API, "(API reference, 4.7.1)"),
        (API, "see reference 4.7"),
        (API, "(reference, 4.7)"),
        (CLIENTS, "as the client notes say"),
        (CLIENTS, "(client notes A5)"),
        (CLIENTS, "(clients notes, A5)"),
        (CLIENTS, "(client\n    # notes: errors)"),
        (CLIENTS, "(notes, A5)"),
    ],
)
def test_other_forms_are_noticed(notes: Notes, text: str) -> None:
    assert notes.unknown(text)
