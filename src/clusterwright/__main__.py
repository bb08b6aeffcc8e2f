"""``python -m clusterwright``: the command line."""

from clusterwright.cli import app


def main() -> None:
    """Run the command line."""
    app(prog_name="clusterwright")


if __name__ == "__main__":
    main()
