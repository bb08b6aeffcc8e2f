"""``python -m clusterwright``: the command line."""

import signal
import sys


def main() -> None:
    """Run the command line."""
    # Until a command runs, an interrupt has nothing to clean up and should show no trace.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from clusterwright.cli import app

    if sys.argv[1:2] != ["serve"]:  # which listens for signals by itself
        signal.signal(signal.SIGINT, signal.default_int_handler)
    app(prog_name="clusterwright")


if __name__ == "__main__":
    main()
