"""What a benchmark prints: one table for people, or the same as JSON."""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Output(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure should reach: the row by its first column, the column, and the least value."""

    row: str
    column: str
    least: float

    def verdict(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """One line: whether these rows reach it; a figure that was not measured says so."""
        found = next((row[self.column] for row in rows if self.row in row.values()), None)
        said = "not measured" if found is None else "met" if found >= self.least else "missed"
        figure = "" if found is None else f": {_shown(found)}"
        return f"{said}: {self.row}, {self.column} >= {self.least:g}{figure}"


def conditions(**more: Any) -> dict[str, Any]:
    """When and on what a benchmark runs."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        **more,
    }


def show(
    output: Output,
    about: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]],
    aims: Iterable[Aim] = (),
) -> None:
    """Print the rows of one benchmark, of which the first names the columns, and its verdicts."""
    results = list(rows)
    verdicts = [aim.verdict(results) for aim in aims]
    if output is Output.JSON:
        whole = {"conditions": dict(about), "results": results, "verdicts": verdicts}
        print(json.dumps(whole, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    print()
    head = list(results[0])
    lines = [head, ["-" * len(name) for name in head]]
    lines += [[_shown(row[name]) for name in head] for row in results]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        print("| " + " | ".join(_aligned(line, widths)) + " |")
    if verdicts:
        print("\nAims, " + "; ".join(verdicts) + ".")


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
    return [first, *(other.strip().rjust(len(other)) for other in others)]


def _shown(value: Any) -> str:
    match value:
        case float() if abs(value) >= 100:
            return f"{value:,.0f}"
        case float():
            return f"{value:.2f}"
        case None:
            return ""
        case _:
            return str(value)
