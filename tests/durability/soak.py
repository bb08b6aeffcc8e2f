"""The long form of the durability tests: as many events as you have patience for.

Run as ``python -m tests.durability.soak --events 1000 --database postgresql --workers 3``. It ends
by itself or when it alone is interrupted (``kill -INT``; ^C ends the servers, too), prints the
tally, writes it as JSON, and exits with 1 if anything was lost, failed, ran twice or was answered
with an error. The seed it prints repeats the same events.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.durability.events import ON_ANY_DATABASE, ON_POSTGRESQL, Event, mixed
from tests.durability.installation import installed
from tests.durability.storm import storm

ENOUGH_CONNECTIONS = 300


def main() -> int:
    """Read the options, run, print. Returns the exit code."""
    options = _options()
    kinds = options.only or (ON_POSTGRESQL if options.database == "postgresql" else ON_ANY_DATABASE)
    events = mixed(kinds, options.events, random.Random(options.seed))
    _say(f"seed {options.seed}, {options.events} events, {options.database}")
    folder = Path(options.folder or tempfile.mkdtemp(prefix="clusterwright-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    _say(f"logs and data in {folder}")
    workers = options.workers if options.database == "postgresql" else 1
    with installed(
        folder,
        options.database,
        workers=workers,
        max_connections=options.max_connections,
        pace=options.pace,
    ) as installation:
        tally = storm(
            installation,
            events,
            seed=options.seed,
            clients=options.clients,
            longest_calm=options.calm,
            patience=120,
            busy_database=options.max_connections < ENOUGH_CONNECTIONS,
            progress=_say,
            may_end_early=True,
        )
    _say(tally.table())
    output = Path(options.output or folder / "tally.json")
    output.write_text(tally.document() + "\n")
    _say(f"JSON in {output}")
    return 1 if tally.faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=3, help="servers, on PostgreSQL")
    parser.add_argument(
        "--max-connections",
        type=int,
        default=ENOUGH_CONNECTIONS,
        help="of PostgreSQL; with fewer than the default, 503 is no fault at any time",
    )
    parser.add_argument("--clients", type=int, default=4, help="threads that make clusters")
    parser.add_argument("--pace", type=float, default=2, help="speed of the simulated driver")
    parser.add_argument("--calm", type=float, default=2, help="longest seconds between two events")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument(
        "--only", type=Event, nargs="+", metavar="EVENT", help=", ".join(map(repr, map(str, Event)))
    )
    parser.add_argument("--folder", help="where logs and data go; default: a new one")
    parser.add_argument("--output", help="JSON file of the tally; default: in the folder")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
