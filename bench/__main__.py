"""Runs benchmarks, keeps what they measured, and writes bench/README.md: ``python -m bench``."""

import subprocess
import sys
import time
from typing import Annotated

import typer

from bench.readme import FOLDER, RESULTS, RUNS, page

NAMES = [run.name for run in RUNS]


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(NAMES)}.")] = None,
) -> None:
    """Run all benchmarks, or some of them, one after the other."""
    if unknown := set(names or []) - set(NAMES):
        raise typer.BadParameter(f"There is no benchmark {', '.join(sorted(unknown))}.")
    RESULTS.mkdir(exist_ok=True)
    failed = []
    for run in RUNS:
        if names and run.name not in names:
            continue
        typer.echo(f"{run.command} ... ", nl=False, err=True)
        began = time.monotonic()
        command = [sys.executable, "-m", f"bench.{run.module}", *run.arguments, "-o", "json"]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        seconds = time.monotonic() - began
        if ran.returncode:
            failed.append(run.name)
        else:
            run.results.write_text(ran.stdout)
        typer.echo(f"{'failed' if ran.returncode else 'done'} after {seconds:.0f} s", err=True)
    (FOLDER / "README.md").write_text(page())
    if failed:
        raise SystemExit(f"These have failed, and their older results stay: {', '.join(failed)}.")


if __name__ == "__main__":
    typer.run(main)
