"""What a benchmark prints: one table for people, or the same as JSON."""

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from clusterwright import __version__

_LOAD_BEFORE = os.getloadavg()[0]


class Output(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure should reach: the row by its first column, the column, and the bounds."""

    row: str
    column: str = "value"
    least: float | None = None
    most: float | None = None

    def judged(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The figure in these rows, the bound, and the verdict: met, missed or not measured."""
        value = next((row[self.column] for row in rows if self.row in row.values()), None)
        if value is None:
            verdict = "not measured"
        elif (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        ):
            verdict = "met"
        else:
            verdict = "missed"
        figure = self.row if self.column == "value" else f"{self.row}, {self.column}"
        bound = f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"
        return {"figure": figure, "value": value, "aim": bound, "verdict": verdict}


def conditions(**more: Any) -> dict[str, Any]:
    """When and on what a benchmark runs; the load is the average of the minute before it."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "clusterwright": __version__,
        "python": platform.python_version(),
        "cores": f"{os.cpu_count()} x {_processor()}",
        "load before": _LOAD_BEFORE,
        **more,
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def show(
    output: Output,
    about: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]],
    aims: Iterable[Aim] = (),
) -> None:
    """Print the rows of one benchmark, of which the first names the columns, and its verdicts."""
    results = list(rows)
    document = {
        "conditions": dict(about),
        "results": results,
        "aims": [aim.judged(results) for aim in aims],
    }
    print(json.dumps(document, indent=2) if output is Output.JSON else text(document))


def text(document: Mapping[str, Any]) -> str:
    """A benchmark's JSON for people: its conditions, its table, its verdicts. It is Markdown."""
    about = ", ".join(f"{name} {shown(value)}" for name, value in document["conditions"].items())
    parts = [about + ".", table(document["results"])]
    if document["aims"]:
        parts.append(table(document["aims"]))
    return "\n\n".join(parts)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of equal keys as a table; figures stand to the right."""
    head = list(rows[0])
    lines = [head, *([shown(row[name]) for name in head] for row in rows)]
    columns = list(zip(*lines, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [any(isinstance(row[name], float | int) for row in rows) for name in head]
    rule = [
        "-" * (width - 1) + (":" if at else "-") for width, at in zip(widths, right, strict=True)
    ]
    lines.insert(1, rule)
    return "\n".join("| " + " | ".join(_aligned(line, widths, right)) + " |" for line in lines)


def _aligned(line: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    for cell, width, at in zip(line, widths, right, strict=True):
        yield cell.rjust(width) if at else cell.ljust(width)


def shown(value: Any) -> str:
    """A value as people read it."""
    match value:
        case float() if abs(value) >= 100:
            return f"{value:,.0f}"
        case float():
            return f"{value:.2f}"
        case None:
            return ""
        case _:
            return str(value)
