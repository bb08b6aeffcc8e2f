"""What a benchmark prints: one table for people, or the same as JSON."""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Output(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


def conditions(**more: Any) -> dict[str, Any]:
    """When and on what a benchmark runs."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        **more,
    }


def show(output: Output, about: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print the rows of one benchmark; the first names the columns."""
    results = list(rows)
    if output is Output.JSON:
        print(json.dumps({"conditions": dict(about), "results": results}, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    print()
    head = list(results[0])
    lines = [head, ["-" * len(name) for name in head]]
    lines += [[_shown(row[name]) for name in head] for row in results]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        print("| " + " | ".join(_aligned(line, widths)) + " |")


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
