"""Writes bench/README.md from what the benchmarks measured last, which stands in bench/results."""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import table, text

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"

INTRODUCTION = """\
# Benchmarks

This page is written by `make docs` from the results of the last runs; do not edit it.

Each program builds what it needs in a temporary folder, measures a real server in a process of its
own through the public API, and prints its conditions, a table and a verdict on each aim (`-o json`
for the same as JSON). They need Linux and two cores: the server keeps to the first core, the load
generator and PostgreSQL to the last.

```
make bench                            # reads of 20,000 jobs, in short rounds
python -m bench                       # all of it, anew: an hour, and 25 GB of disk
python -m bench create start_up       # some of it
python -m bench.create --help         # one, without keeping what it measures
```

Load is sent with [wrk](https://github.com/wg/wrk) (Debian: `apt install wrk`); without it, a slower
generator in Python steps in and the report names it. PostgreSQL needs its server programs (Debian:
`postgresql`); without them only SQLite is measured.

**Trust ratios, not rates.** Every ratio compares two servers of the same run, measured in turns on
the same core. Rates move with the machine, and on a shared one ratios still move by a tenth or
more; *load before* tells how many processes wanted the machine's cores before the run began.

What does not depend on a machine, such as the statements and commits of a request and of a job, has
bounds that the tests keep (`tests/api/test_costs.py`).
"""


@dataclass(frozen=True, slots=True)
class Run:
    """A program of this folder, with arguments."""

    name: str
    module: str
    title: str
    arguments: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """What one types to run it."""
        return " ".join(("python -m", f"bench.{self.module}", *self.arguments))

    @property
    def results(self) -> Path:
        """Where its last results are."""
        return RESULTS / f"{self.name}.json"

    def explained(self) -> str:
        """What the program measures, and how: its own words."""
        tree = ast.parse((FOLDER / f"{self.module}.py").read_text())
        return ast.get_docstring(tree) or ""


RUNS = (
    Run("show_job", "show_job", "Reads of a job"),
    Run("cold", "cold", "Hot reads beside cold ones"),
    Run("start_up", "start_up", "Start and memory"),
    Run("create", "create", "Creation of clusters"),
    Run("fleet", "fleet", "A fleet"),
    Run("large_requests", "large_requests", "Beside large requests"),
    Run(
        "large_requests_postgresql",
        "large_requests",
        "Beside large requests, on PostgreSQL",
        ("--postgresql",),
    ),
    Run("streams", "streams", "Streams of events"),
    Run("history", "history", "The history of jobs"),
    Run("local", "local", "Real clusters"),
)
"""All of it, in the order of the page."""

WHY_MISSED = """\
Why the missed ones are missed:

- *of (c)*: the HTTP server that the product is built on reaches less than this aim with a constant
  and nothing else to do (a'); see decision [0023](../docs/decisions/0023-at-hand.md).
- *start, idle memory*: what is not ours takes most of it;
  [0024](../docs/decisions/0024-what-a-start-loads.md) has the parts.
- *creates, processor time, the fleet*: [0025](../docs/decisions/0025-commits-in-groups.md) has the
  profile, and what would have to go.
- *p99 beside large requests*: the longest turns take what they took when this was met, 9 to 10 ms
  on SQLite. What has become shorter is the read at rest that they are compared with, since jobs
  are at hand ([0023](../docs/decisions/0023-at-hand.md)): 1.5 ms, 3.1 before. On PostgreSQL the
  database's own processes share the core of the readers.
- *usable, of kwokctl*: 0.71, 0.81, 0.94 and 0.97 in four runs of this day. What is left after the
  first answer is the controller manager's own start, which takes 2.2 to 2.9 s.
"""


def page() -> str:
    """The whole page."""
    found = {run: json.loads(run.results.read_text()) for run in RUNS if run.results.is_file()}
    parts = [INTRODUCTION, "## Aims\n", table(list(_aims(found))) + "\n", WHY_MISSED]
    explained = set()
    for run in RUNS:
        parts.append(f"## {run.title}\n\n`{run.command}`\n")
        if run.module not in explained:
            explained.add(run.module)
            parts.append(run.explained() + "\n")
        parts.append((text(found[run]) if run in found else "Not measured yet.") + "\n")
    return "\n".join(parts)


def _aims(found: dict[Run, Any]) -> Iterator[dict[str, Any]]:
    for run, document in found.items():
        for aim in document["aims"]:
            shown = f"**{aim['verdict']}**" if aim["verdict"] != "met" else "met"
            yield {"benchmark": run.name} | aim | {"verdict": shown}
