"""What commands print: tables for people, one document for programs, errors on stderr."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.cells import cell_len

from clusterwright.cli.options import EXIT_FAILED, Output

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Document = Mapping[str, Any]
"""A document of the API as the server sent it, fields that the SDK does not know included."""

GAP = 2
"""Blanks between two columns."""
PLAIN_WIDTH = 400
"""Columns where nobody looks at a screen: a line that is not wrapped can be searched."""


def console(*, stderr: bool = False) -> "Console":
    """A console that colours for a terminal and writes plain text to anything else."""
    # Imported here, as below, because a server that starts draws nothing.
    from rich.console import Console

    # What is printed comes from a server: square brackets and words in colons mean nothing in it.
    found = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not found.is_terminal:
        found.width = PLAIN_WIDTH
    return found


def progress(output: Output) -> "Console":
    """Where progress goes: stdout belongs to the document, if one was asked for."""
    return console(stderr=output is not Output.TABLE)


def print_document(document: Document | Sequence[Document], output: Output) -> None:
    """Print one document, or one list of them, in a format for programs."""
    if output is Output.JSON:
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        import yaml  # slow to load, and seldom asked for

        typer.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)


def print_line(document: Document, output: Output) -> None:
    """Print one of several documents that a program reads as they come, and let it have it."""
    if output is Output.JSON:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        typer.echo("---")
        print_document(document, output)
    sys.stdout.flush()


def print_rows(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns under titles."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for title in titles:
        # Nothing is cut where the screen is narrow: half an id is of no use.
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row)
    print_aligned(table, console())


def print_aligned(table: "RenderableType", screen: "Console") -> None:
    """Print what has columns; where nobody looks at a screen, without blanks behind its lines."""
    if screen.is_terminal:
        screen.print(table)
        return
    with screen.capture() as printed:
        screen.print(table)
    for line in printed.get().splitlines():
        screen.out(line.rstrip(), highlight=False)


def print_list(
    found: Document,
    output: Output,
    facts: Callable[[Document], Mapping[str, str]],
    *,
    none: str,
    key: str = "items",
) -> None:
    """Print a list document; for people a line of ``facts`` each, or ``none``.

    Facts stand with what matters most first: what a narrow terminal has no room for is left out
    from the end, because ``show`` tells it.
    """
    if output is not Output.TABLE:
        print_document(found, output)
    elif not found[key]:
        typer.echo(none)
    else:
        _print_fitting([facts(item) for item in found[key]])


def _print_fitting(rows: Sequence[Mapping[str, str]]) -> None:
    count = _fitting(rows)
    print_rows(list(rows[0])[:count], [list(row.values())[:count] for row in rows])


def _fitting(rows: Sequence[Mapping[str, str]]) -> int:
    """How many columns have room side by side, at least the first."""
    widths = (max(cell_len(title), *(cell_len(row[title]) for row in rows)) for title in rows[0])
    ends = accumulate(width + GAP for width in widths)
    return max(1, sum(end - GAP <= console().width for end in ends))


def moment(timestamp: str) -> str:
    """A time of any document for people, in whole seconds of UTC."""
    return timestamp[:19].replace("T", " ")


def print_facts(facts: Mapping[str, str]) -> None:
    """Print one aligned line per name and value; names without a value are left out."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        if value:
            grid.add_row(name, value)
    print_aligned(grid, console())


def print_records(
    records: Sequence[Document], output: Output, *, none: str, folds: bool = False
) -> None:
    """Print records with the same fields; for people, ``none`` says that there are none.

    What a narrow terminal has no room for is left out from the end, unless it ``folds``.
    """
    if output is not Output.TABLE:
        print_document(records, output)
    elif records:
        rows = [{_title(field): _text(value) for field, value in one.items()} for one in records]
        if folds:
            print_rows(list(rows[0]), [list(row.values()) for row in rows])
        else:
            _print_fitting(rows)
    else:
        typer.echo(none)


def print_record(record: Document, output: Output) -> None:
    """Print one record, for programs as a list of one: the same shape as several."""
    if output is Output.TABLE:
        print_facts({_title(field): _text(value) for field, value in record.items()})
    else:
        print_document([record], output)


def _title(field: str) -> str:
    return field.upper().replace("_", " ")


def _text(value: object) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def fail(reason: str, code: int = EXIT_FAILED) -> NoReturn:
    """Leave with the reason on stderr."""
    typer.echo(f"Error: {reason}", err=True)
    raise typer.Exit(code)


def leave(sentence: str, code: int) -> NoReturn:
    """Leave with one plain line on stderr, as a log or a supervisor expects it of a server."""
    typer.echo(" ".join(sentence.split()).rstrip(".") + ".", err=True)
    raise typer.Exit(code)
