"""Logs are kept short under their writers, and read on across that."""

from pathlib import Path

import pytest

from clusterwright.drivers.local import logs
from clusterwright.drivers.local.logs import Reader


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of which 100 bytes are long."""
    monkeypatch.setattr(logs, "LONGEST", 100)
    return tmp_path / "component.log"


def append(log: Path, *lines: str) -> None:
    with log.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def test_a_long_log_becomes_the_older_one_of_two_and_its_writer_goes_on(log: Path) -> None:
    with log.open("a", buffering=1) as writer:
        writer.write("x" * 101 + "\n")
        logs.rotate(log)
        writer.write("after\n")

    assert log.read_text() == "after\n"
    assert logs.older(log).read_text() == "x" * 101 + "\n"
    assert sorted(path.name for path in log.parent.iterdir()) == [
        "component.log",
        "component.log.1",
    ]


def test_a_short_log_and_none_are_left_alone(log: Path) -> None:
    logs.rotate(log)
    append(log, "short")
    logs.rotate(log)

    assert log.read_text() == "short\n"
    assert not logs.older(log).exists()


def test_a_log_is_read_from_its_older_part_on(log: Path) -> None:
    append(log, "y" * 101)
    logs.rotate(log)
    append(log, "new")

    assert list(Reader(log).lines()) == ["y" * 101, "new"]


def test_reading_on_gives_each_line_once_also_across_rotations(log: Path) -> None:
    reader = Reader(log)
    seen: list[str] = []
    for number in range(60):
        append(log, f"{number} {'z' * 20}")
        if number % 3 == 0:
            seen += reader.lines()
        logs.rotate(log)
    seen += reader.lines()

    assert [int(line.split()[0]) for line in seen] == list(range(60))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "nothing."),
        (["I0101 first", "E0101 last"], "E0101 last"),
        (['{"level":"fatal","msg":"failed","error":"no room"}'], "failed: no room"),
        (
            [
                '{"msg":"failed to open","error":"bad"}',
                "panic: failed to open",
                "",
                "goroutine 1:",
                "main.f(...)",
                "\tmain.go:75 +0x1a5",
            ],
            "failed to open: bad",
        ),
        (["panic: nil", "", "goroutine 1:", "main.f(...)", "\tmain.go:75"], "panic: nil"),
    ],
)
def test_the_last_words_of_a_program_are_its_reason_and_not_its_trace(
    tmp_path: Path, lines: list[str], said: str
) -> None:
    (tmp_path / "log").write_text("".join(f"{line}\n" for line in lines))

    assert logs.last_words(tmp_path / "log") == said


def test_a_line_is_given_when_it_is_whole(log: Path) -> None:
    reader = Reader(log)
    log.write_text("first\nsec")
    before = list(reader.lines())
    with log.open("a") as file:
        file.write("ond\nthird")

    assert (before, list(reader.lines()), list(reader.rest())) == (["first"], ["second"], ["third"])


def test_a_log_that_is_not_there_has_no_lines(log: Path) -> None:
    assert list(Reader(log).lines()) == []
