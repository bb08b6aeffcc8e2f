"""How fast a job is read: authenticated, out of a million stored ones, beside baselines.

Single jobs of 11 sub-jobs (4.6 kB of JSON) are read, 20,000 different ones in turn, picked at random from all stored
ones, over 64 kept connections. A first round brings them into memory and does not count. 50 answers of each server are
compared with what they must be before anything is measured, and any answer but a 200 ends the run.

| line | what answers |
|---|---|
| (a) constant | the product's HTTP listener with an ASGI application that answers a constant of the same size in the event loop: no lookup, no authentication |
| (a') constant, at hand | the same constant, answered beside the loop, as jobs are that were read lately ([0023](../docs/decisions/0023-at-hand.md)); the stricter of the two |
| (b) Flask, SQLAlchemy, gunicorn | the same job, assembled by an ORM from the same rows, with a signed token; one worker with four threads, the fastest of the ways tried to serve it from one process |
| (c) C and epoll | the same constant by a minimal server in C, `floor.c`: what the kernel's network costs |
| *database*, token | Clusterwright, `X-Auth-Token`, everything that any request goes through |
| *database*, signature | likewise with requests signed by the official Python SDK |
| sqlite, token, 20,000 jobs | the first line of SQLite, of an installation that has no other jobs |
| sqlite, cluster; node; 50 nodes | reads through the framework with a token, over and over, while nothing is written |

- **req/s, p50, p99**: medians over all rounds. With 64 requests always waiting, p50 is mostly the queue.
- **of (a), of (a'), x (b), of (c), of few**: the rate, as a ratio to the baselines, and to the line of 20,000 jobs.
- **cpu us**: processor time of the server's processes per request. It is the steadiest figure on a busy machine. The
  database server's own time is not in it.
"""  # noqa: E501  # a table of Markdown, which stands in README.md

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
    Aim("sqlite, token", "of (a)", least=0.75),
    Aim("sqlite, token", "of (a')", least=0.75),
    Aim("sqlite, signature", "of (a)", least=0.60),
    Aim("sqlite, signature", "of (a')", least=0.60),
    Aim("sqlite, token", "of (c)", least=0.55),
    Aim("sqlite, token", "x (b)", least=50),
    Aim("sqlite, token", "of few", least=0.9),
    *(Aim(f"sqlite, {read}", "of (a)", least=0.35) for read in targets.RESOURCES),
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
    few = rates.get(targets.FEW)
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
            "of few": figures.rate / few if few else None,
            "cpu us": figures.cpu,
        }


if __name__ == "__main__":
    typer.run(main)
