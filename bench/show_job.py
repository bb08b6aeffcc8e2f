"""How fast a job is read: authenticated, out of a million stored ones, beside two baselines.

Run as ``python -m bench.show_job``; bench/README.md says what the figures mean.
"""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import load, processes, report, targets
from bench.report import Aim, Output
from bench.targets import Kind, Target

READS = 20_000
"""Different jobs that a round asks for, in turn; from all over the database."""
AIMS = [
    Aim("sqlite, token", "of (a)", 0.75),
    Aim("sqlite, token", "of (a')", 0.75),
    Aim("sqlite, signature", "of (a)", 0.60),
    Aim("sqlite, signature", "of (a')", 0.60),
    Aim("sqlite, token", "of (c)", 0.55),
    Aim("sqlite, token", "x (b)", 50),
    *(Aim(f"sqlite, {read}", "of (a)", 0.35) for read in targets.RESOURCES),
]
WARM_UP = 4
"""Times the length of a round: it asks for all that a round will ask for, though more slowly."""
SAMPLES = 50
"""Answers of each server that are compared with what they must be."""


def main(
    jobs: Annotated[int, typer.Option(help="Stored jobs of 11 sub-jobs.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="Rounds; medians count.", min=1)] = 5,
    seconds: Annotated[int, typer.Option(help="Length of one server's round.", min=1)] = 3,
    only: Annotated[Kind | None, typer.Option(help="Leave the other database out.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="20,000 jobs, 2 rounds of 1 s.")] = False,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
    folder: Annotated[
        Path | None, typer.Option(help="Keep the SQLite database here, and use it again.")
    ] = None,
) -> None:
    """Measure ShowJob against a constant answer and against a conventional service."""
    if quick:
        jobs, rounds, seconds = 20_000, 2, 1
    processes.stay_on_client_core()
    kinds = [only] if only else targets.available()
    numbers = random.Random(0)
    with (
        tempfile.TemporaryDirectory(prefix="clusterwright-bench-") as scratch,
        targets.running(kinds, jobs, folder or Path(scratch)) as compared,
    ):
        for target in compared:
            for _ in range(SAMPLES):
                target.check(numbers.randrange(jobs))
        chosen = [numbers.randrange(jobs) for _ in range(READS)]
        for length in (WARM_UP * seconds, *[seconds] * rounds):
            for target in compared:
                # Made now, because a signature is good for 15 minutes.
                requests = Path(scratch) / "requests"
                load.store(map(target.ask, chosen), requests)
                target.rounds.append(load.measure(target.port, requests, length, pid=target.pid))
        for target in compared:
            del target.rounds[0]  # it brought the jobs from the disk into memory
    about = report.conditions(
        jobs=f"{jobs:,}",
        rounds=f"{rounds} x {seconds} s",
        connections=load.CONNECTIONS,
        generator=load.generator(),
    )
    report.show(output, about, _rows(compared), AIMS)


def _rows(compared: list[Target]) -> Iterator[dict[str, Any]]:
    rates = {target.name: target.figures.rate for target in compared}
    floor = rates.get(targets.FLOOR)
    for target in compared:
        figures = target.figures
        yield {
            "read": target.name,
            "req/s": figures.rate,
            "p50 ms": figures.p50,
            "p99 ms": figures.p99,
            "of (a)": figures.rate / rates[targets.CONSTANT],
            "of (a')": figures.rate / rates[targets.AT_HAND],
            "x (b)": figures.rate / rates[targets.CONVENTIONAL],
            "of (c)": figures.rate / floor if floor else None,
            "cpu us": figures.cpu,
        }


if __name__ == "__main__":
    typer.run(main)
