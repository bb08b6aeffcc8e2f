"""``python -m clusterwright``: the command line."""

import os
import signal
import sys
from errno import ENOSPC


def main() -> None:
    """Run the command line."""
    # Until a command runs, an interrupt has nothing to clean up and should show no trace.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from clusterwright.cli import app

    if sys.argv[1:2] != ["serve"]:  # which listens for signals by itself
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app(prog_name="clusterwright")
    except OSError as error:
        if error.errno != ENOSPC or error.filename is not None:
            raise
        # What is still to be printed goes nowhere, or the end would fail as well.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(f"Error: There is no space left for what is printed: {error.strerror}.")


if __name__ == "__main__":
    main()
